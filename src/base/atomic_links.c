/* SPDX-License-Identifier: ISC */
#include "base/atomic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/atomic_impl.h"
#include "base/vis.h"

/* Is it so already? */
static bool
link_is(int fd, const struct atomic_link *l)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (l->target == NULL)
		return fstatat(fd, l->name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
		    errno == ENOENT;
	n = readlinkat(fd, l->name, target, sizeof(target));
	return n >= 0 && (size_t)n == strlen(l->target) &&
	    memcmp(target, l->target, (size_t)n) == 0;
}

static bool
all_are(int fd, const struct atomic_link *links, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!link_is(fd, &links[i]))
			return false;
	return true;
}

/* ---- one after the other ------------------------------------------------ */

static int
each_by_itself(int fd, const struct atomic_link *links, size_t n,
    struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (link_is(fd, &links[i]))
			continue;
		if ((links[i].target == NULL ? atomic_unlink(fd,
		    links[i].name, err) : atomic_symlink(links[i].target, fd,
		    links[i].name, err)) == -1)
			return -1;
	}
	return 0;
}

/* ---- all at once -------------------------------------------------------- */

/* A directory with access lists or the like is not copied. */
static bool
has_more_attributes(int fd)
{
	char names[1024];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	if (n == -1)
		return errno != ENOTSUP;
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1)
		if (strcmp(names + i, "security.selinux") != 0)
			return true;
	return false;
}

static bool
is_named(const struct atomic_link *links, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].name, name) == 0)
			return true;
	return false;
}

/*
 * The other entries: files and links as further names of the same.  *fits is
 * false where one is a directory, or cannot have two names.
 */
static int
fill(int from, int to, const struct atomic_link *links, size_t n, bool *fits,
    struct error *err)
{
	struct dirent *e;
	struct stat st;
	DIR *d = NULL;
	int fd, rc = 0;

	fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		if (fd != -1)
			(void)close(fd);
		return error_sys(err, CODE_ERROR, "'%s': the directory cannot "
		    "be read", place_text(from, ""));
	}
	while (rc == 0 && *fits && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    is_named(links, n, e->d_name))
			continue;
		if (fstatat(from, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be "
			    "examined", place_text(from, e->d_name));
		else if (S_ISDIR(st.st_mode))
			*fits = false;
		else if (linkat(from, e->d_name, to, e->d_name, 0) == -1) {
			if (errno == EPERM || errno == EMLINK ||
			    errno == EXDEV || errno == ENOSYS)
				*fits = false;
			else
				rc = error_sys(err, CODE_ERROR, "'%s': cannot "
				    "get another name",
				    place_text(from, e->d_name));
		}
	}
	(void)closedir(d);
	for (size_t i = 0; rc == 0 && *fits && i < n; i++)
		if (links[i].target != NULL && symlinkat(links[i].target, to,
		    links[i].name) == -1)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be "
			    "created", place_text(to, links[i].name));
	return rc;
}

/* *fits is false where it cannot be done so, and then nothing has changed. */
static int
exchange(const struct place *p, int fd, const struct atomic_link *links,
    size_t n, bool *fits, struct error *err)
{
	struct atomic_dir st = { -1, -1, "" };
	struct atomic_attr attr;
	struct stat sb;
	char old[sizeof(st.name)];
	int rc = -1;

	if (fstat(fd, &sb) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    place_text(p->fd, p->name));
	attr = (struct atomic_attr){ sb.st_mode & 07777, sb.st_uid,
	    sb.st_gid };
	if (atomic_dir_begin(&st, p->fd, &attr, err) == -1) {
		/* a parent that is not ours to write, an owner that cannot
		 * be given: the links themselves may still be */
		*fits = err->sys != EACCES && err->sys != EPERM &&
		    err->sys != EROFS;
		return *fits ? -1 : 0;
	}
	(void)snprintf(old, sizeof(old), "%s", st.name);
	if (fill(fd, st.fd, links, n, fits, err) == -1)
		goto out;
	if (!*fits) {
		rc = 0;
		goto out;
	}
	rc = atomic_dir_commit(&st, p->name, true, NULL, err);
	if (rc == -1 && (err->sys == EINVAL || err->sys == ENOSYS ||
	    err->sys == EBUSY || err->sys == EXDEV)) {
		*fits = false;
		rc = 0;
		goto out;
	}
	if (rc == 0)
		rc = atomic_remove_tree(p->fd, old, err);
out:
	atomic_dir_abort(&st);
	return rc;
}

int
atomic_relink(const char *dir, const struct atomic_link *links, size_t n,
    struct error *err)
{
	struct place p;
	bool fits;
	int fd = -1, rc = -1;

	if (place_open(&p, AT_FDCWD, dir, err) == -1)
		return -1;
	if (atomic_open_dir(p.fd, p.name, true, &fd, err) == -1)
		goto out;
	if (all_are(fd, links, n)) {
		rc = 0;
		goto out;
	}
	fits = !has_more_attributes(fd);
	if (fits && exchange(&p, fd, links, n, &fits, err) == -1)
		goto out;
	rc = fits ? 0 : each_by_itself(fd, links, n, err);
out:
	if (fd != -1)
		(void)close(fd);
	place_close(&p);
	return rc;
}
