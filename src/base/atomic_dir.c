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
#include "base/vis.h"

int
atomic_dir_begin(struct atomic_dir *st, int parent,
    const struct atomic_attr *attr, struct error *err)
{
	char name[TEMP_NAME];
	int slot;

	st->parent = parent;
	st->fd = -1;
	st->name[0] = '\0';
	if (temp_new(parent, name, &slot, err) == -1)
		return -1;
	if (mkdirat(parent, name, 0700) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be created",
		    place_text(parent, name));
		temp_done(slot);
		return -1;
	}
	if (atomic_open_dir(parent, name, true, &st->fd, err) == -1 ||
	    set_attr(st->fd, place_text(parent, name), attr, err) == -1) {
		if (st->fd != -1)
			(void)close(st->fd);
		st->fd = -1;
		(void)unlinkat(parent, name, AT_REMOVEDIR);
		temp_done(slot);
		return -1;
	}
	(void)snprintf(st->name, sizeof(st->name), "%s", name);
	return 0;
}

/* Off the list while it is not known which directory the name holds: the old
 * one is not ours to clear. */
static int
swap(struct atomic_dir *st, int slot, int todir, const char *name,
    bool *unsupported, struct error *err)
{
	temp_done(slot);
	if (renameat2(st->parent, st->name, todir, name, RENAME_EXCHANGE) == 0)
		return 0;
	temp_keep(slot);
	if (errno == EINVAL || errno == ENOSYS)
		*unsupported = true;
	return error_sys(err, CODE_ERROR, "'%s': cannot be exchanged",
	    place_text(todir, name));
}

int
atomic_dir_commit_at(struct atomic_dir *st, int todir, const char *name,
    bool exchange, bool *unsupported, struct error *err)
{
	int slot = temp_find(st->parent, st->name), rc;
	bool dummy;

	if (unsupported == NULL)
		unsupported = &dummy;
	*unsupported = false;
	if (sync_dir(st->fd, err) == -1)
		return -1;
	if (exchange)
		rc = swap(st, slot, todir, name, unsupported, err);
	else if ((rc = rename_noreplace(st->parent, st->name, todir, name)) ==
	    -1)
		error_sys(err, CODE_ERROR, "'%s': cannot be created",
		    place_text(todir, name));
	if (rc == -1)
		return -1;
	if (!exchange)
		temp_done(slot);
	(void)close(st->fd);
	st->fd = -1;
	if (sync_dir(todir, err) == -1)
		return -1;
	return todir == st->parent ? 0 : sync_dir(st->parent, err);
}

int
atomic_dir_commit(struct atomic_dir *st, const char *name, bool exchange,
    bool *unsupported, struct error *err)
{
	return atomic_dir_commit_at(st, st->parent, name, exchange,
	    unsupported, err);
}

void
atomic_dir_abort(struct atomic_dir *st)
{
	int sys = errno;

	if (st->fd == -1)
		return;
	(void)close(st->fd);
	st->fd = -1;
	(void)temp_remove(st->parent, st->name, 0);
	temp_done(temp_find(st->parent, st->name));
	errno = sys;
}

/* One level: made under a temporary name, so that it is there with its mode
 * and owner or not at all. */
static int
make_level(const char *path, const struct atomic_attr *attr,
    struct error *err)
{
	struct atomic_dir st = { -1, -1, "" };
	struct place p;
	struct stat sb;
	int rc;

	if (stat(path, &sb) == 0) {
		if (S_ISDIR(sb.st_mode))
			return 0;
		errno = ENOTDIR;
		return error_sys(err, CODE_ERROR, "'%s': found a file",
		    vis(path));
	}
	if (errno != ENOENT)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(path));
	if (place_open(&p, AT_FDCWD, path, err) == -1)
		return -1;
	/* nobody else sweeps there */
	rc = atomic_sweep(p.fd, err);
	if (rc == 0)
		rc = atomic_dir_begin(&st, p.fd, attr, err);
	if (rc == 0)
		rc = atomic_dir_commit(&st, p.name, false, NULL, err);
	/* somebody else was faster */
	if (rc == -1 && err->sys == EEXIST && stat(path, &sb) == 0 &&
	    S_ISDIR(sb.st_mode))
		rc = 0;
	atomic_dir_abort(&st);
	place_close(&p);
	return rc == -1 ? error_wrap(err, "'%s'", vis(path)) : 0;
}

int
atomic_mkdirs(const char *path, const struct atomic_attr *attr,
    struct error *err)
{
	char *copy, *p;
	int rc = 0;

	if (path[0] != '/')
		return error_set(err, CODE_ERROR, "'%s': found a relative "
		    "path, want an absolute one", vis(path));
	if ((copy = strdup(path)) == NULL)
		return error_nomem(err);
	for (p = copy + strlen(copy); p > copy + 1 && p[-1] == '/'; p--)
		p[-1] = '\0';
	for (p = copy + 1; rc == 0 && *p != '\0'; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		rc = make_level(copy, attr, err);
		*p = '/';
	}
	if (rc == 0)
		rc = make_level(copy, attr, err);
	free(copy);
	return rc;
}
