/* SPDX-License-Identifier: ISC */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vis.h"

/* Waits until fd is ready; POLLERR and POLLHUP count, the call that follows
 * tells what they mean. */
static int
wait_for(int fd, short events, int64_t deadline, const char *what,
    struct error *err)
{
	struct pollfd p = { fd, events, 0 };
	int64_t left = -1;
	int n;

	for (;;) {
		if (deadline != 0) {
			left = deadline - clock_mono();
			if (left <= 0)
				break;
			if (left > INT_MAX)
				left = INT_MAX;
		}
		n = poll(&p, 1, (int)left);
		if (n > 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return error_sys(err, CODE_ERROR, "'%s': cannot wait",
			    vis(what));
	}
	error_set(err, CODE_RETRY, "'%s': no answer before the deadline",
	    vis(what));
	err->sys = ETIMEDOUT;
	return -1;
}

int
io_write(int fd, const void *data, size_t len, int64_t deadline,
    const char *what, struct error *err)
{
	static bool once;
	const char *p = data;
	size_t chunk;
	ssize_t n;

	if (!once) {
		(void)signal(SIGPIPE, SIG_IGN);
		once = true;
	}
	while (len > 0) {
		chunk = len < SSIZE_MAX ? len : SSIZE_MAX;
		if (deadline != 0) {
			if (wait_for(fd, POLLOUT, deadline, what, err) == -1)
				return -1;
			/* a ready pipe takes this much without blocking */
			if (chunk > PIPE_BUF)
				chunk = PIPE_BUF;
		}
		n = write(fd, p, chunk);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN) {
			if (wait_for(fd, POLLOUT, deadline, what, err) == -1)
				return -1;
			continue;
		}
		if (n == -1)
			return error_sys(err, CODE_ERROR,
			    "'%s': cannot be written", vis(what));
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_read(int fd, void *data, size_t size, int64_t deadline, size_t *got,
    const char *what, struct error *err)
{
	ssize_t n;

	*got = 0;
	for (;;) {
		if (deadline != 0 &&
		    wait_for(fd, POLLIN, deadline, what, err) == -1)
			return -1;
		n = read(fd, data, size);
		if (n >= 0)
			break;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return error_sys(err, CODE_ERROR,
			    "'%s': cannot be read", vis(what));
		if (deadline == 0 && wait_for(fd, POLLIN, 0, what, err) == -1)
			return -1;
	}
	*got = (size_t)n;
	return 0;
}

static const char *
kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFLNK:
		return "a symbolic link";
	default:
		return "a device";
	}
}

static int
check_stat(const char *path, const struct stat *st, size_t max,
    unsigned int flags, struct error *err)
{
	const char *p = vis(path);
	unsigned int mode = st->st_mode & 07777;
	uid_t me = geteuid();

	if (!S_ISREG(st->st_mode))
		return error_set(err, CODE_STORE, "'%s': found %s, want a "
		    "regular file", p, kind(st->st_mode));
	if ((flags & IO_OWNED) != 0 && st->st_uid != 0 && st->st_uid != me)
		return error_set(err, CODE_TRUST, "'%s': belongs to uid %u, "
		    "want %suid %u", p, st->st_uid, me == 0 ? "" : "uid 0 or ",
		    me);
	if ((flags & IO_PRIVATE) != 0 && (mode & 077) != 0)
		return error_set(err, CODE_TRUST, "'%s': found mode %04o, want "
		    "none of the group and other bits; 'chmod go= %s' sets it",
		    p, mode, p);
	if ((flags & IO_NOT_WRITABLE) != 0 && (mode & 022) != 0)
		return error_set(err, CODE_TRUST, "'%s': found mode %04o, want "
		    "it writable by the owner only; 'chmod go-w %s' sets it",
		    p, mode, p);
	if ((flags & IO_ONE_LINK) != 0 && st->st_nlink != 1)
		return error_set(err, CODE_TRUST, "'%s': found %ju links to "
		    "the file, want one", p, (uintmax_t)st->st_nlink);
	if (st->st_size < 0 || (uintmax_t)st->st_size > max)
		return error_set(err, CODE_STORE, "'%s': found %jd bytes, want "
		    "at most %zu", p, (intmax_t)st->st_size, max);
	return 0;
}

/* Reads to the end, where one byte more is asked for, so that a file that grew
 * is noticed. */
static int
read_all(int fd, size_t size, const char *path, struct buf *b,
    struct error *err)
{
	size_t old = b->len, n = 0, got;
	struct stat st;
	char *p, more;

	if ((p = buf_reserve(b, size)) == NULL)
		return buf_check(b, path, err);
	do {
		if (io_read(fd, n < size ? p + n : &more, n < size ? size - n :
		    1, 0, &got, path, err) == -1)
			goto fail;
		n += got;
	} while (got > 0 && n <= size);
	if (fstat(fd, &st) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(path));
		goto fail;
	}
	if (n != size || (uintmax_t)st.st_size != size) {
		error_set(err, CODE_ERROR, "'%s': changed while it was read",
		    vis(path));
		err->sys = EAGAIN;
		goto fail;
	}
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
fail:
	secret_wipe(p, size);
	b->data[old] = '\0';
	return -1;
}

int
io_read_at(int fd, void *data, size_t size, int64_t at, const char *what,
    struct error *err)
{
	char *p = data;
	ssize_t n;

	while (size > 0) {
		n = pread(fd, p, size, (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return error_sys(err, CODE_ERROR,
			    "'%s': cannot be read", vis(what));
		if (n == 0)
			return error_set(err, CODE_ERROR, "'%s': ends at byte "
			    "%jd, want %zu more", vis(what), (intmax_t)at,
			    size);
		p += n;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int
io_open_file(int dirfd, const char *path, size_t max, unsigned int flags,
    int *out, struct stat *st, struct error *err)
{
	int fd, oflags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

	*out = -1;
	if ((flags & IO_NOFOLLOW) != 0)
		oflags |= O_NOFOLLOW;
	if ((fd = openat(dirfd, path, oflags)) == -1) {
		if ((flags & IO_MISSING_OK) != 0 &&
		    (errno == ENOENT || errno == ENOTDIR))
			return 0;
		if ((flags & IO_NOFOLLOW) != 0 && errno == ELOOP) {
			error_set(err, CODE_TRUST, "'%s': found a symbolic "
			    "link, want a regular file", vis(path));
			err->sys = ELOOP;
			return -1;
		}
		return error_sys(err, CODE_ERROR, "'%s': cannot be opened",
		    vis(path));
	}
	if (fstat(fd, st) == -1)
		error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(path));
	else if (check_stat(path, st, max, flags, err) == 0) {
		*out = fd;
		return 0;
	}
	(void)close(fd);
	return -1;
}

int
io_read_file_stat(int dirfd, const char *path, size_t max, unsigned int flags,
    struct buf *b, struct stat *stp, int *found, struct error *err)
{
	struct stat st;
	int fd, rc = -1;

	if (found != NULL)
		*found = 0;
	if (io_open_file(dirfd, path, max, flags, &fd, &st, err) == -1)
		return -1;
	if (fd == -1)
		return 0;
	if (read_all(fd, (size_t)st.st_size, path, b, err) == -1)
		goto out;
	if (stp != NULL)
		*stp = st;
	if (found != NULL)
		*found = 1;
	rc = 0;
out:
	(void)close(fd);
	return rc;
}

int
io_read_file(int dirfd, const char *path, size_t max, unsigned int flags,
    struct buf *b, int *found, struct error *err)
{
	return io_read_file_stat(dirfd, path, max, flags, b, NULL, found, err);
}

static int
check_dir(const char *dir, struct error *err)
{
	const char *p = vis(dir);
	uid_t me = geteuid();
	struct stat st;

	if (stat(dir, &st) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    p);
	if (st.st_uid != 0 && st.st_uid != me)
		return error_set(err, CODE_TRUST, "'%s': the directory belongs "
		    "to uid %u, want %suid %u", p, st.st_uid, me == 0 ? "" :
		    "uid 0 or ", me);
	if ((st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0)
		return error_set(err, CODE_TRUST, "'%s': the directory has "
		    "mode %04o, want it writable by its owner only; "
		    "'chmod go-w %s' sets it", p,
		    (unsigned int)st.st_mode & 07777, p);
	return 0;
}

/* Every prefix of path that ends before a slash, and "/"; path is changed. */
static int
check_chain(char *path, struct error *err)
{
	char *slash;

	while ((slash = strrchr(path, '/')) != NULL && slash != path) {
		*slash = '\0';
		if (check_dir(path, err) == -1)
			return -1;
	}
	return check_dir("/", err);
}

int
io_next(DIR *d, const char *what, struct dirent **out, struct error *err)
{
	errno = 0;
	*out = readdir(d);
	if (*out == NULL && errno != 0)
		return error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    vis(what));
	return 0;
}

int
io_check_parents(const char *path, struct error *err)
{
	char *copy = NULL, *real = NULL;
	int rc = -1;

	if (path[0] != '/')
		return error_set(err, CODE_ERROR, "'%s': found a relative "
		    "path, want an absolute one", vis(path));
	/* as written: who may write there may replace a link on the way */
	if ((copy = strdup(path)) == NULL)
		return error_nomem(err);
	if (check_chain(copy, err) == -1)
		goto out;
	/* and where the links lead; a file that is not there has none */
	if ((real = realpath(path, NULL)) == NULL) {
		rc = errno == ENOENT ? 0 : error_sys(err, CODE_ERROR,
		    "'%s': cannot be resolved", vis(path));
		goto out;
	}
	rc = check_chain(real, err);
out:
	free(copy);
	free(real);
	return rc;
}
