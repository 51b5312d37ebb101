/* SPDX-License-Identifier: ISC */
/* Processes that are there already. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

enum { PROC_FILE = 512 };	/* of /proc/PID/stat, as much as is needed */

pid_t
proc_copy(int fd)
{
	int null = -1, sys;
	pid_t pid;

	if ((pid = fork()) != 0)
		return pid;
	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	/* above the four first, so that none is in the way */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, PROC_COPY_FD + 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd == -1 || null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 ||
	    dup3(fd, PROC_COPY_FD, O_CLOEXEC) == -1)
		_exit(1);
	if (close_range(PROC_COPY_FD + 1, ~0U, 0) == -1)
		for (sys = PROC_COPY_FD + 1; sys < 1024; sys++)
			(void)close(sys);
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
