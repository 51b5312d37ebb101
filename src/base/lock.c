/* SPDX-License-Identifier: ISC */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/vis.h"

enum {
	NAME_ROOM = 64,
	MAX_ANCESTORS = 256,
	PAUSE = 50		/* ms between two tries, and up to as much */
};

static bool
is_ancestor(pid_t who)
{
	pid_t pid = getppid();

	for (int i = 0; i < MAX_ANCESTORS && pid > 0; i++) {
		if (pid == who)
			return true;
		pid = proc_parent(pid);
	}
	return false;
}

/* Who holds it: a PID, or 0 where the kernel does not tell (an OFD lock, or
 * another PID name space). */
static pid_t
holder(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_GETLK, &fl) == -1 || fl.l_type == F_UNLCK)
		return 0;
	return fl.l_pid > 0 ? fl.l_pid : 0;
}

pid_t
lock_ancestor(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	pid_t pid;

	if (fd == -1)
		return 0;
	pid = holder(fd);
	(void)close(fd);
	return pid > 0 && is_ancestor(pid) ? pid : 0;
}

static int
held(const char *path, pid_t pid, struct error *err)
{
	char name[NAME_ROOM];

	if (pid == 0)
		return error_set(err, CODE_RETRY, "'%s': is held by another "
		    "process, want it free; try again when that has ended",
		    vis(path));
	proc_name(pid, name, sizeof(name));
	return error_set(err, CODE_RETRY, "'%s': is held by process %d%s%s%s, "
	    "want it free; try again when that has ended", vis(path), (int)pid,
	    name[0] != '\0' ? " (" : "", name[0] != '\0' ? vis(name) : "",
	    name[0] != '\0' ? ")" : "");
}

static int
open_failed(const char *path, struct error *err)
{
	int sys = errno;

	if (sys == ENOENT || sys == ENOTDIR)
		error_set(err, CODE_STORE, "'%s': its directory does not "
		    "exist, want one to lock; create it or name another",
		    vis(path));
	else if (sys == EACCES || sys == EPERM || sys == EROFS)
		error_set(err, sys == EROFS ? CODE_STORE : CODE_TRUST,
		    "'%s': cannot be created (%s), want a directory that uid "
		    "%u can write to; run as its owner or name another",
		    vis(path), strerror(sys), geteuid());
	else if (sys == ELOOP)
		error_set(err, CODE_STORE, "'%s': found a symbolic link, want "
		    "a regular file; remove the link", vis(path));
	else {
		errno = sys;
		error_sys(err, CODE_ERROR, "'%s': cannot be created",
		    vis(path));
	}
	err->sys = sys;
	return -1;
}

enum outcome {
	FAILED,
	TAKEN,
	BUSY,
	ANCESTOR,
	AGAIN		/* the file was removed meanwhile */
};

/* One try; on TAKEN *fdp is the locked descriptor; on BUSY *pid the holder. */
static enum outcome
try_once(const char *path, int *fdp, pid_t *pid, struct error *err)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat ours, theirs;
	enum outcome how = FAILED;
	int fd;

	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1) {
		open_failed(path, err);
		return FAILED;
	}
	if (fcntl(fd, F_OFD_SETLK, &fl) == -1) {
		if (errno == EAGAIN || errno == EACCES) {
			*pid = holder(fd);
			how = *pid > 0 && is_ancestor(*pid) ? ANCESTOR : BUSY;
		} else
			error_sys(err, CODE_ERROR, "'%s': cannot be locked",
			    vis(path));
		goto out;
	}
	/* who releases it unlinks it first: is it still the one at path? */
	if (fstat(fd, &ours) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(path));
		goto out;
	}
	if (stat(path, &theirs) == -1) {
		if (errno == ENOENT)
			how = AGAIN;
		else
			error_sys(err, CODE_ERROR, "'%s': cannot be examined",
			    vis(path));
		goto out;
	}
	if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino) {
		how = AGAIN;
		goto out;
	}
	*fdp = fd;
	return TAKEN;
out:
	(void)close(fd);
	return how;
}

int
lock_acquire(struct lock *l, const char *path, int64_t timeout_ms,
    struct error *err)
{
	int64_t end = clock_mono() + timeout_ms, left;
	bool told = false;
	enum outcome how;
	pid_t pid = 0;
	char *copy;
	int fd = -1;

	l->fd = -1;
	l->path = NULL;
	if ((copy = strdup(path)) == NULL)
		return error_nomem(err);
	for (;;) {
		how = try_once(path, &fd, &pid, err);
		if (how == FAILED)
			goto fail;
		if (how == ANCESTOR)
			log_verbose("'%s': is held by process %d, from which "
			    "we were started; going on", vis(path), (int)pid);
		if (how == ANCESTOR || how == TAKEN) {
			l->fd = fd;
			l->path = copy;
			return 0;
		}
		left = end - clock_mono();
		if (how == AGAIN && left > 0)
			continue;
		if (left <= 0) {
			held(path, pid, err);
			goto fail;
		}
		if (!told)
			log_verbose("'%s': is held by another process, "
			    "waiting", vis(path));
		told = true;
		/* not all who wait at the same moments */
		clock_sleep(left < PAUSE ? left : PAUSE + getpid() % PAUSE);
	}
fail:
	free(copy);
	return -1;
}

void
lock_release(struct lock *l)
{
	if (l->fd != -1) {
		/* in this order, as certbot: nobody locks what is going */
		(void)unlink(l->path);
		(void)close(l->fd);
	}
	free(l->path);
	l->fd = -1;
	l->path = NULL;
}
