/* SPDX-License-Identifier: ISC */
#include "base/proc_live.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE = 5 };	/* ms between two looks */

/* Changed with all signals blocked only, so the handler finds it whole.  The
 * owner tells a copy of this process that these are not its own. */
static struct {
	pid_t owner;		/* 0: free */
	pid_t pid;
} live[PROC_LIVE_MAX];

static void
block(sigset_t *old)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, old);
}

static void
add(pid_t pid)
{
	pid_t me = getpid();

	for (int i = 0; i < PROC_LIVE_MAX; i++) {
		if (live[i].owner == me)
			continue;
		live[i].owner = me;
		live[i].pid = pid;
		return;
	}
}

static void
drop(pid_t pid)
{
	pid_t me = getpid();

	for (int i = 0; i < PROC_LIVE_MAX; i++)
		if (live[i].owner == me && live[i].pid == pid)
			live[i].owner = 0;
}

pid_t
proc_live_fork(void)
{
	sigset_t old;
	pid_t pid;
	int sys;

	block(&old);
	pid = fork();
	if (pid == 0)
		return 0;
	sys = errno;
	if (pid != -1)
		add(pid);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = sys;
	return pid;
}

/* A signal may come while we wait, but not between the reaping, when its
 * number is free for another process, and its leaving the list. */
pid_t
proc_live_reap(pid_t pid, int *status, int options)
{
	siginfo_t info;
	sigset_t old;
	pid_t got;
	int sys;

	while ((options & WNOHANG) == 0 && waitid(P_PID, (id_t)pid, &info,
	    WEXITED | WNOWAIT) == -1 && errno == EINTR)
		continue;
	block(&old);
	do
		got = waitpid(pid, status, options);
	while (got == -1 && errno == EINTR);
	sys = errno;
	if (got != 0)
		drop(pid);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = sys;
	return got;
}

static bool
runs(pid_t pid)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT)
	    == 0 && info.si_pid != pid;
}

void
proc_live_end(void)
{
	const struct timespec pause = { 0, PAUSE * 1000000L };
	pid_t me = getpid();
	int left = PROC_LIVE_GRACE / PAUSE;

	for (int i = 0; i < PROC_LIVE_MAX; i++)
		if (live[i].owner == me)
			(void)kill(live[i].pid, SIGTERM);
	for (int i = 0; i < PROC_LIVE_MAX; i++)
		while (live[i].owner == me && runs(live[i].pid) && left-- > 0)
			(void)nanosleep(&pause, NULL);
}
