/* SPDX-License-Identifier: ISC */
#include "base/atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_impl.h"
#include "base/atomic_temp.h"
#include "base/io.h"
#include "base/vis.h"

/* O_NOFOLLOW: a name of ours, new */
#define OPEN_NEW (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

const char *
place_text(int dirfd, const char *name)
{
	char link[40], dir[400], all[512];
	int sys = errno;	/* often the message's */
	ssize_t n;

	if (dirfd == AT_FDCWD || name[0] == '/')
		return vis(name);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = readlink(link, dir, sizeof(dir) - 1);
	errno = sys;
	if (n <= 0)
		return vis(name);
	dir[n] = '\0';
	(void)snprintf(all, sizeof(all), "%s/%.100s", dir, name);
	return vis(all);
}

int
place_open(struct place *p, int dirfd, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	p->fd = dirfd;
	p->name = slash == NULL ? path : slash + 1;
	p->opened = false;
	if (p->name[0] == '\0' || strcmp(p->name, ".") == 0 ||
	    strcmp(p->name, "..") == 0)
		return error_set(err, CODE_ERROR, "'%s': found no name at its "
		    "end, want one", vis(path));
	if (slash == NULL && dirfd != AT_FDCWD)
		return 0;
	if (slash == NULL)
		dir = strdup(".");
	else if (slash == path)
		dir = strdup("/");
	else
		dir = strndup(path, (size_t)(slash - path));
	if (dir == NULL)
		return error_nomem(err);
	if (atomic_open_dir(dirfd, dir, false, &p->fd, err) == 0)
		p->opened = true;
	free(dir);
	return p->opened ? 0 : -1;
}

void
place_close(struct place *p)
{
	if (p->opened)
		(void)close(p->fd);
	p->opened = false;
}

int
sync_dir(int fd, struct error *err)
{
	/* EINVAL: a file system that has nothing to sync there */
	if (fsync(fd) == -1 && errno != EINVAL)
		return error_sys(err, CODE_ERROR, "'%s': the directory cannot "
		    "be synced", place_text(fd, ""));
	return 0;
}

int
set_attr(int fd, const char *text, const struct atomic_attr *attr,
    struct error *err)
{
	if ((attr->uid != (uid_t)-1 || attr->gid != (gid_t)-1) &&
	    fchown(fd, attr->uid, attr->gid) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be given to "
		    "uid %d and gid %d", text, (int)attr->uid, (int)attr->gid);
	/* behind fchown, which takes the setgid bit away */
	if (attr->mode != (mode_t)-1 && fchmod(fd, attr->mode) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be given mode "
		    "%04o", text, (unsigned int)attr->mode);
	return 0;
}

/* What a new file is to hold. */
struct content {
	atomic_fill_fn *fill;
	void *arg;
};

struct bytes {
	const void *data;
	size_t len;
};

static int
write_bytes(void *arg, int fd, const char *what, struct error *err)
{
	const struct bytes *b = arg;

	return io_write(fd, b->data, b->len, 0, what, err);
}

/* Fills a new file, to the disk; fd is closed in any case. */
static int
fill(int fd, const char *text, const struct content *c,
    const struct atomic_attr *attr, struct error *err)
{
	if (set_attr(fd, text, attr, err) == -1 ||
	    c->fill(c->arg, fd, text, err) == -1)
		goto fail;
	if (fsync(fd) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be written", text);
		goto fail;
	}
	if (close(fd) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be written",
		    text);
	return 0;
fail:
	(void)close(fd);
	return -1;
}

/* The end of a write, as how and lent ask. */
static int
put_in_place(struct place *p, const char *temp, enum atomic_how how, int slot,
    bool lend)
{
	if (lend)
		return temp_lend(slot, p->name);
	if (how == ATOMIC_REPLACE)
		return renameat(p->fd, temp, p->fd, p->name);
	return rename_noreplace(p->fd, temp, p->fd, p->name);
}

/* lent NULL: the file stays. */
static int
write_new(int dirfd, const char *name, const struct content *c,
    const struct atomic_attr *attr, enum atomic_how how, int *lent,
    struct error *err)
{
	char temp[TEMP_NAME], text[512];
	int fd, slot = -1, rc;
	struct place p;

	if (place_open(&p, dirfd, name, err) == -1)
		return -1;
	(void)snprintf(text, sizeof(text), "%s", place_text(dirfd, name));
	if (temp_new(p.fd, temp, &slot, err) == -1)
		goto fail;
	if ((fd = openat(p.fd, temp, OPEN_NEW, 0600)) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be created", text);
		goto fail;
	}
	if (fill(fd, text, c, attr, err) == -1)
		goto remove;
	if (put_in_place(&p, temp, how, slot, lent != NULL) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be %s", text,
		    how == ATOMIC_REPLACE ? "replaced" : "created");
		goto remove;
	}
	if (lent != NULL)
		*lent = slot;
	else
		temp_done(slot);
	rc = sync_dir(p.fd, err);
	place_close(&p);
	return rc;
remove:
	(void)unlinkat(p.fd, temp, 0);
fail:
	temp_done(slot);
	place_close(&p);
	return -1;
}

int
atomic_write(int dirfd, const char *name, const void *data, size_t len,
    const struct atomic_attr *attr, enum atomic_how how, struct error *err)
{
	struct bytes b = { data, len };

	return atomic_write_from(dirfd, name, write_bytes, &b, attr, how, err);
}

int
atomic_write_from(int dirfd, const char *name, atomic_fill_fn *fn, void *arg,
    const struct atomic_attr *attr, enum atomic_how how, struct error *err)
{
	const struct content c = { fn, arg };

	return write_new(dirfd, name, &c, attr, how, NULL, err);
}

int
atomic_lend(int dirfd, const char *name, const void *data, size_t len,
    const struct atomic_attr *attr, int *lent, struct error *err)
{
	struct bytes b = { data, len };
	const struct content c = { write_bytes, &b };
	struct error ignored;

	*lent = -1;
	if (dirfd == AT_FDCWD || strchr(name, '/') != NULL)
		return error_set(err, CODE_ERROR, "'%s': found a path, want "
		    "a name", vis(name));
	if (write_new(dirfd, name, &c, attr, ATOMIC_CREATE, lent, err) == 0)
		return 0;
	/* there, and perhaps not after a crash */
	error_clear(&ignored);
	if (*lent != -1 && atomic_drop(*lent, &ignored) == 0)
		*lent = -1;
	return -1;
}

int
atomic_drop(int lent, struct error *err)
{
	const char *name;
	int dirfd;

	if ((name = temp_lent(lent, &dirfd)) == NULL)
		return error_set(err, CODE_ERROR, "a file that was not lent "
		    "cannot be dropped");
	if (atomic_unlink(dirfd, name, err) == -1)
		return -1;
	temp_done(lent);
	return 0;
}

int
atomic_put(int dirfd, const char *name, const void *data, size_t len,
    const struct atomic_attr *attr, struct error *err)
{
	struct bytes b = { data, len };
	const struct content c = { write_bytes, &b };
	char text[512];
	int fd;

	(void)snprintf(text, sizeof(text), "%s", place_text(dirfd, name));
	if ((fd = openat(dirfd, name, OPEN_NEW, 0600)) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be created",
		    text);
	if (fill(fd, text, &c, attr, err) == -1) {
		(void)unlinkat(dirfd, name, 0);
		return -1;
	}
	return 0;
}

int
rename_noreplace(int fromdir, const char *from, int todir, const char *to)
{
	struct stat st;

	if (renameat2(fromdir, from, todir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* a file system without it: a link never replaces */
	if (fstatat(fromdir, from, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		if (linkat(fromdir, from, todir, to, 0) == -1)
			return -1;
		return unlinkat(fromdir, from, 0);
	}
	/* a directory replaces an empty one only, which loses nothing */
	if (fstatat(todir, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (errno != ENOENT)
		return -1;
	return renameat(fromdir, from, todir, to);
}

static bool
same_dir(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int
atomic_move(int fromdir, const char *from, int todir, const char *to,
    struct error *err)
{
	struct place a, b;
	int rc = -1;

	if (place_open(&a, fromdir, from, err) == -1)
		return -1;
	if (place_open(&b, todir, to, err) == -1) {
		place_close(&a);
		return -1;
	}
	if (rename_noreplace(a.fd, a.name, b.fd, b.name) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be moved to '%s'",
		    place_text(fromdir, from), place_text(todir, to));
		goto out;
	}
	/* where it is now, then where it is no longer */
	if (sync_dir(b.fd, err) == -1 ||
	    (!same_dir(a.fd, b.fd) && sync_dir(a.fd, err) == -1))
		goto out;
	rc = 0;
out:
	place_close(&a);
	place_close(&b);
	return rc;
}

int
atomic_unlink(int dirfd, const char *name, struct error *err)
{
	struct place p;
	int rc = 0;

	if (place_open(&p, dirfd, name, err) == -1)
		return err->sys == ENOENT ? 0 : -1;
	if (unlinkat(p.fd, p.name, 0) == -1) {
		if (errno != ENOENT)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be "
			    "removed", place_text(dirfd, name));
	} else
		rc = sync_dir(p.fd, err);
	place_close(&p);
	return rc;
}

/* A new link under a temporary name is renamed over the old one. */
static int
replace_link(const char *target, const struct place *p, const char *text,
    struct error *err)
{
	char temp[TEMP_NAME];
	int slot, rc = -1;

	if (temp_new(p->fd, temp, &slot, err) == -1)
		return -1;
	if (symlinkat(target, p->fd, temp) == -1)
		error_sys(err, CODE_ERROR, "'%s': cannot be created", text);
	else if (renameat(p->fd, temp, p->fd, p->name) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be replaced", text);
		(void)unlinkat(p->fd, temp, 0);
	} else
		rc = 0;
	temp_done(slot);
	return rc;
}

int
atomic_symlink(const char *target, int dirfd, const char *name,
    struct error *err)
{
	const char *text = place_text(dirfd, name);
	struct place p;
	struct stat st;
	int rc = -1;

	if (place_open(&p, dirfd, name, err) == -1)
		return -1;
	if (symlinkat(target, p.fd, p.name) == 0)
		rc = 0;
	else if (errno != EEXIST ||
	    fstatat(p.fd, p.name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		error_sys(err, CODE_ERROR, "'%s': cannot be created", text);
	else if (!S_ISLNK(st.st_mode)) {
		errno = EEXIST;
		error_sys(err, CODE_ERROR, "'%s': cannot become a link", text);
	} else
		rc = replace_link(target, &p, text, err);
	if (rc == 0)
		rc = sync_dir(p.fd, err);
	place_close(&p);
	return rc;
}

int
atomic_set_attr(int dirfd, const char *name, const struct atomic_attr *attr,
    struct error *err)
{
	const char *text = place_text(dirfd, name);
	int fd, rc;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && errno == EACCES) {
		/* ours, but not readable even for us */
		if (fchmodat(dirfd, name, 0600, AT_SYMLINK_NOFOLLOW) == 0)
			fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW |
			    O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	if (fd == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be opened",
		    text);
	rc = set_attr(fd, text, attr, err);
	if (rc == 0 && fsync(fd) == -1 && errno != EINVAL)
		rc = error_sys(err, CODE_ERROR, "'%s': cannot be synced",
		    text);
	(void)close(fd);
	return rc;
}

int
atomic_open_dir(int dirfd, const char *path, bool nofollow, int *out,
    struct error *err)
{
	*out = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    (nofollow ? O_NOFOLLOW : 0));
	if (*out == -1)
		return error_sys(err, CODE_ERROR, "'%s': the directory cannot "
		    "be opened", place_text(dirfd, path));
	return 0;
}
