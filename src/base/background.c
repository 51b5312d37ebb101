/* SPDX-License-Identifier: ISC */
#include "base/background.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/proc.h"

enum {
	LOOK = 1000,		/* ms, where there is no pidfd */
	CALLERS = 4		/* that wait for their turn */
};

int
background_begin(bool *background, int *fd, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, CODE_ERROR, "no pipe");
	switch (proc_copy(fds[1])) {
	case -1:
		error_sys(err, CODE_ERROR, "no process for the background");
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	case 0:
		*background = true;
		*fd = PROC_COPY_FD;
		return 0;
	default:
		(void)close(fds[1]);
		*background = false;
		*fd = fds[0];
		return 0;
	}
}

void
background_end(void)
{
	exit(0);
}

/* A name in the abstract space, which no file stands for. */
static socklen_t
make_address(const char *name, struct sockaddr_un *a, struct error *err)
{
	char hex[DIGEST_SHA256_HEX];
	int n;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (digest_sha256_hex(name, strlen(name), hex, err) == -1)
		return 0;
	n = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1,
	    "acmeferry-%u-%s", (unsigned int)geteuid(), hex);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    (size_t)n);
}

static int
make_socket(struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd == -1)
		error_sys(err, CODE_ERROR, "no socket");
	return fd;
}

int
bell_open(const char *name, int *fd, struct error *err)
{
	struct sockaddr_un a;
	socklen_t len;

	if ((len = make_address(name, &a, err)) == 0 ||
	    (*fd = make_socket(err)) == -1)
		return -1;
	if (bind(*fd, (struct sockaddr *)&a, len) == 0 &&
	    listen(*fd, CALLERS) == 0)
		return 0;
	error_sys(err, CODE_ERROR, "no socket to listen on");
	(void)close(*fd);
	*fd = -1;
	return -1;
}

/* Strangers can connect too. */
static bool
is_ours(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	    (who.uid == geteuid() || who.uid == 0);
}

static int
take_caller(int fd)
{
	int caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (caller != -1 && !is_ours(caller)) {
		(void)close(caller);
		return -1;
	}
	return caller;
}

/* What poll() waits for at most. */
static int
left_of(int64_t deadline, int most)
{
	int64_t left = deadline - clock_mono();

	if (left < 0)
		left = 0;
	return left < most ? (int)left : most;
}

void
bell_wait(int fd, pid_t pid, int64_t deadline, int *caller)
{
	int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	bool gone = pid > 0 && pidfd == -1 && errno == ESRCH;
	struct pollfd fds[2] = { { fd, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
	int most = pid > 0 && pidfd == -1 ? LOOK : INT_MAX;

	*caller = -1;
	while (!gone && *caller == -1 && left_of(deadline, most) > 0) {
		if (poll(fds, 2, left_of(deadline, most)) == -1 &&
		    errno != EINTR)
			clock_sleep(LOOK);	/* no memory for it now */
		if (fds[0].revents != 0)
			*caller = take_caller(fd);
		gone = fds[1].revents != 0 || (pid > 0 && pidfd == -1 &&
		    !proc_exists(pid));
		fds[0].revents = fds[1].revents = 0;
	}
	if (pidfd != -1)
		(void)close(pidfd);
}

int
bell_ring(const char *name, int64_t deadline, bool *heard, struct error *err)
{
	struct sockaddr_un a;
	socklen_t len;
	size_t got;
	char c;
	int fd, rc;

	*heard = false;
	if ((len = make_address(name, &a, err)) == 0 ||
	    (fd = make_socket(err)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, len) == -1) {
		rc = errno == ECONNREFUSED ? 0 : error_sys(err, CODE_ERROR,
		    "the process in the background cannot be reached");
		(void)close(fd);
		return rc;
	}
	*heard = true;
	/* nothing is said: the end is the answer */
	rc = io_read(fd, &c, 1, deadline, &got, "the process in the "
	    "background", err);
	(void)close(fd);
	return rc;
}
