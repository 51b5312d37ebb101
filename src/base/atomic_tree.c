/* SPDX-License-Identifier: ISC */
#include "base/atomic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_impl.h"
#include "base/atomic_temp.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/vis.h"

enum {
	STALE_AFTER = 3600	/* s: whatever its process is */
};

static int
cannot_remove(int dirfd, const char *name, int sys, struct error *err)
{
	errno = sys;
	return error_sys(err, CODE_ERROR, "'%s': cannot be removed",
	    place_text(dirfd, name));
}

int
atomic_remove_tree(int dirfd, const char *name, struct error *err)
{
	char temp[TEMP_NAME];
	int slot = -1, sys, rc = -1;
	struct place p;

	if (place_open(&p, dirfd, name, err) == -1)
		return err->sys == ENOENT ? 0 : -1;
	if (temp_is_name(p.name))
		sys = temp_remove(p.fd, p.name, 0);
	else {
		if (temp_new(p.fd, temp, &slot, err) == -1)
			goto out;
		if (renameat(p.fd, p.name, p.fd, temp) == -1) {
			if (errno == ENOENT)
				rc = 0;
			else
				cannot_remove(dirfd, name, errno, err);
			goto out;
		}
		/* or a crash could leave half of it under its old name */
		if (sync_dir(p.fd, err) == -1)
			goto remove;
		sys = temp_remove(p.fd, temp, 0);
	}
	if (sys != 0) {
		cannot_remove(dirfd, name, sys, err);
		goto out;
	}
	rc = sync_dir(p.fd, err);
	goto out;
remove:
	(void)temp_remove(p.fd, temp, 0);
out:
	temp_done(slot);
	place_close(&p);
	return rc;
}

static int copy_entry(int fromdir, const char *from, int todir,
    const char *to, int depth, struct error *err) WARN_UNUSED;

static int
failed(int dirfd, const char *name, struct error *err)
{
	return error_sys(err, CODE_ERROR, "'%s': cannot be copied",
	    place_text(dirfd, name));
}

/* Mode, owner and times of the original. */
static int
copy_attr(int fd, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	/* who may not give files away keeps them */
	if (fchown(fd, st->st_uid, st->st_gid) == -1 &&
	    (errno != EPERM || geteuid() == 0))
		return -1;
	if (fchmod(fd, st->st_mode & 07777) == -1)
		return -1;
	return futimens(fd, times);
}

static int
copy_file(int in, const struct stat *st, int todir, const char *to,
    struct error *err)
{
	char data[16 * 1024];
	const char *text = place_text(todir, to);
	size_t n;
	int fd;

	fd = openat(todir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return failed(todir, to, err);
	for (;;) {
		if (io_read(in, data, sizeof(data), 0, &n, text, err) == -1)
			goto fail;
		if (n == 0)
			break;
		if (io_write(fd, data, n, 0, text, err) == -1)
			goto fail;
	}
	if (copy_attr(fd, st) == -1 || fsync(fd) == -1) {
		failed(todir, to, err);
		goto fail;
	}
	secret_wipe(data, sizeof(data));
	return close(fd) == -1 ? failed(todir, to, err) : 0;
fail:
	secret_wipe(data, sizeof(data));
	(void)close(fd);
	return -1;
}

static int
copy_link(int fromdir, const char *from, const struct stat *st, int todir,
    const char *to, struct error *err)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[PATH_MAX];
	ssize_t n;

	n = readlinkat(fromdir, from, target, sizeof(target) - 1);
	if (n == -1)
		return failed(fromdir, from, err);
	target[n] = '\0';
	if (symlinkat(target, todir, to) == -1)
		return failed(todir, to, err);
	if ((fchownat(todir, to, st->st_uid, st->st_gid,
	    AT_SYMLINK_NOFOLLOW) == -1 && (errno != EPERM || geteuid() == 0)) ||
	    utimensat(todir, to, times, AT_SYMLINK_NOFOLLOW) == -1)
		return failed(todir, to, err);
	return 0;
}

static int
copy_entries(int in, int fd, int depth, struct error *err)
{
	struct dirent *e;
	int copy, rc = 0;
	DIR *d;

	if ((copy = fcntl(in, F_DUPFD_CLOEXEC, 3)) == -1)
		return failed(in, "", err);
	if ((d = fdopendir(copy)) == NULL) {
		failed(in, "", err);
		(void)close(copy);
		return -1;
	}
	while (rc == 0) {
		errno = 0;
		if ((e = readdir(d)) == NULL) {
			if (errno != 0)
				rc = failed(in, "", err);
			break;
		}
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			rc = copy_entry(in, e->d_name, fd, e->d_name,
			    depth + 1, err);
	}
	(void)closedir(d);
	return rc;
}

static int
copy_dir(int in, const struct stat *st, int todir, const char *to, int depth,
    struct error *err)
{
	int fd = -1, rc = -1;

	if (mkdirat(todir, to, 0700) == -1)
		return failed(todir, to, err);
	if (atomic_open_dir(todir, to, true, &fd, err) == -1)
		return -1;
	if (copy_entries(in, fd, depth, err) == -1)
		goto out;
	/* last, as new entries change the times */
	if (copy_attr(fd, st) == -1) {
		failed(todir, to, err);
		goto out;
	}
	rc = sync_dir(fd, err);
out:
	(void)close(fd);
	return rc;
}

/* What is half done is removed by the one who began. */
static int
copy_entry(int fromdir, const char *from, int todir, const char *to, int depth,
    struct error *err)
{
	struct stat st;
	int in, rc;

	if (depth > TEMP_DEPTH) {
		errno = ELOOP;
		return failed(fromdir, from, err);
	}
	if (fstatat(fromdir, from, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return failed(fromdir, from, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(fromdir, from, &st, todir, to, err);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return error_set(err, CODE_STORE, "'%s': found a special file, "
		    "want files, directories and links", place_text(fromdir,
		    from));
	in = openat(fromdir, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (in == -1)
		return failed(fromdir, from, err);
	if (fstat(in, &st) == -1)
		rc = failed(fromdir, from, err);
	else if (S_ISDIR(st.st_mode))
		rc = copy_dir(in, &st, todir, to, depth, err);
	else
		rc = copy_file(in, &st, todir, to, err);
	(void)close(in);
	return rc;
}

int
atomic_copy_tree(int fromdir, const char *from, int todir, const char *to,
    struct error *err)
{
	char temp[TEMP_NAME];
	struct place p;
	int slot, rc = -1;

	if (place_open(&p, todir, to, err) == -1)
		return -1;
	if (temp_new(p.fd, temp, &slot, err) == -1)
		goto out;
	if (copy_entry(fromdir, from, p.fd, temp, 0, err) == -1)
		goto remove;
	if (rename_noreplace(p.fd, temp, p.fd, p.name) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be created",
		    place_text(todir, to));
		goto remove;
	}
	rc = sync_dir(p.fd, err);
	goto out;
remove:
	(void)temp_remove(p.fd, temp, 0);
out:
	temp_done(slot);
	place_close(&p);
	return rc;
}

/* The last byte of a file that a crash cut in the middle of a line is no
 * newline. */
static int
is_torn(int fd, off_t size, bool *torn)
{
	char last;

	*torn = false;
	if (size == 0)
		return 0;
	errno = EIO;
	if (pread(fd, &last, 1, size - 1) != 1)
		return -1;
	*torn = last != '\n';
	return 0;
}

static int
append(int fd, const char *line, off_t *old)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	size_t len = strlen(line);
	struct stat st;
	bool torn, whole;
	struct buf b;
	ssize_t n;

	/* until fd is closed: others append at the same time */
	while (fcntl(fd, F_OFD_SETLKW, &fl) == -1)
		if (errno != EINTR)
			return -1;
	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	*old = st.st_size;
	if (is_torn(fd, st.st_size, &torn) == -1)
		return -1;
	buf_init(&b, len + 2);
	if (torn)
		buf_addc(&b, '\n');
	buf_add(&b, line, len);
	if (len == 0 || line[len - 1] != '\n')
		buf_addc(&b, '\n');
	if (b.failed) {
		errno = ENOMEM;
		return -1;
	}
	n = write(fd, b.data, b.len);
	whole = n >= 0 && (size_t)n == b.len;
	buf_free(&b);
	if (n >= 0 && !whole) {
		/* no half line, as far as that can be had */
		(void)!ftruncate(fd, st.st_size);
		errno = ENOSPC;
	}
	return whole ? fsync(fd) : -1;
}

int
atomic_append_line(int dirfd, const char *name, const char *line,
    struct error *err)
{
	struct place p;
	off_t old = -1;
	int fd, rc = -1;

	if (place_open(&p, dirfd, name, err) == -1)
		return -1;
	fd = openat(p.fd, p.name, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be opened",
		    place_text(dirfd, name));
		goto out;
	}
	if (append(fd, line, &old) == -1)
		error_sys(err, CODE_ERROR, "'%s': cannot be appended to",
		    place_text(dirfd, name));
	else
		rc = old == 0 ? sync_dir(p.fd, err) : 0;
	(void)close(fd);
out:
	place_close(&p);
	return rc;
}

static bool
is_litter(int dirfd, const char *name)
{
	struct stat st;

	if (!temp_is_name(name))
		return false;
	if (temp_is_stale(name))
		return true;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    clock_now() - (int64_t)st.st_mtime > STALE_AFTER;
}

int
atomic_sweep(int dirfd, struct error *err)
{
	struct dirent *e;
	int copy, sys, rc = 0;
	DIR *d;

	/* opened anew: a duplicate would share the position */
	if (atomic_open_dir(dirfd, ".", false, &copy, err) == -1)
		return -1;
	if ((d = fdopendir(copy)) == NULL) {
		error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    place_text(dirfd, ""));
		(void)close(copy);
		return -1;
	}
	while (rc == 0) {
		errno = 0;
		if ((e = readdir(d)) == NULL) {
			if (errno != 0)
				rc = error_sys(err, CODE_ERROR,
				    "'%s': cannot be read",
				    place_text(dirfd, ""));
			break;
		}
		if (!is_litter(dirfd, e->d_name))
			continue;
		if ((sys = temp_remove(dirfd, e->d_name, 0)) != 0)
			rc = cannot_remove(dirfd, e->d_name, sys, err);
	}
	(void)closedir(d);
	return rc;
}
