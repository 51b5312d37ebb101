/* SPDX-License-Identifier: ISC */
/* Processes that are there already. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/proc_live.h"
#include "base/vis.h"

enum { PROC_FILE = 512 };	/* of /proc/PID/stat, as much as is needed */

/* In the copy: fd becomes PROC_COPY_FD, and nothing else of ours is open but,
 * with errors, stderr. */
static void
keep_only(int fd, bool errors)
{
	int null;

	/* above the four first, so that none is in the way */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, PROC_COPY_FD + 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd == -1 || null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    (!errors && dup2(null, STDERR_FILENO) == -1) ||
	    dup3(fd, PROC_COPY_FD, O_CLOEXEC) == -1)
		_exit(1);
	if (close_range(PROC_COPY_FD + 1, ~0U, 0) == -1)
		for (int i = PROC_COPY_FD + 1; i < 1024; i++)
			(void)close(i);
}

pid_t
proc_copy(int fd)
{
	pid_t pid;

	if ((pid = fork()) != 0)
		return pid;
	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	keep_only(fd, false);
	return 0;
}

static void __attribute__((noreturn))
copy(proc_task *fn, void *arg, int fd, pid_t parent)
{
	struct sigaction term;
	sigset_t none;

	/* what ends it with us must not be ignored */
	if (sigaction(SIGTERM, NULL, &term) == 0 &&
	    term.sa_handler == SIG_IGN)
		(void)signal(SIGTERM, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent)
		_exit(1);
	keep_only(fd, true);
	_exit(fn(arg, PROC_COPY_FD));
}

int
proc_fork(struct proc *p, proc_task *fn, void *arg, const char *name,
    struct error *err)
{
	pid_t parent = getpid();
	int fds[2];

	memset(p, 0, sizeof(*p));
	p->in = p->out = p->err_fd = p->pidfd = -1;
	buf_init(&p->err_text, 1);
	vis_copy(p->name, sizeof(p->name), name, strlen(name));
	/* an ignored one, inherited, would reap behind our back */
	(void)signal(SIGCHLD, SIG_DFL);
	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, CODE_ERROR, "'%s': no pipe for it",
		    p->name);
	if ((p->pid = proc_live_fork()) == 0)
		copy(fn, arg, fds[1], parent);
	(void)close(fds[1]);
	if (p->pid == -1) {
		p->pid = 0;
		error_sys(err, CODE_ERROR, "'%s': no process for it",
		    p->name);
		(void)close(fds[0]);
		return -1;
	}
	(void)setpgid(p->pid, p->pid);
	p->group = true;
	p->out = fds[0];
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return 0;
}

bool
proc_exists(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

/* The start of a small file of /proc; "" where there is none. */
static void
read_proc(pid_t pid, const char *file, char *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	out[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	if ((n = read(fd, out, size - 1)) > 0)
		out[n] = '\0';
	(void)close(fd);
}

/* The name in parentheses may hold anything, ')' too. */
pid_t
proc_parent(pid_t pid)
{
	char text[PROC_FILE], *p;
	int ppid;

	read_proc(pid, "stat", text, sizeof(text));
	if ((p = strrchr(text, ')')) == NULL ||
	    sscanf(p, ") %*c %d", &ppid) != 1)
		return 0;
	return (pid_t)ppid;
}

void
proc_name(pid_t pid, char *buf, size_t size)
{
	read_proc(pid, "comm", buf, size);
	buf[strcspn(buf, "\n")] = '\0';
}

bool
proc_end_group(pid_t starter)
{
	pid_t group = getpgrp();

	if (group == getpid() || group <= 1 || starter <= 1 ||
	    proc_parent(group) != starter)
		return false;
	(void)signal(SIGTERM, SIG_IGN);
	return kill(-group, SIGTERM) == 0;
}
