/* SPDX-License-Identifier: ISC */
#include "base/atomic_scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/atomic_temp.h"
#include "base/strs.h"
#include "base/vis.h"

enum {
	TMPFS = 0x01021994,	/* statfs(2) */
	ROOM = 32 * 1024 * 1024
};

static const char memory[] = "/dev/shm";

/* Overwrites a file that is nobody else's. */
static void
wipe_file(int dirfd, const char *name, const struct stat *st)
{
	static const char zero[4096];
	off_t left = st->st_size;
	size_t n;
	int fd;

	if (st->st_nlink != 1 || fchmodat(dirfd, name, 0600, 0) == -1)
		return;
	fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	while (fd != -1 && left > 0) {
		n = left < (off_t)sizeof(zero) ? (size_t)left : sizeof(zero);
		if (write(fd, zero, n) != (ssize_t)n)
			break;
		left -= (off_t)n;
	}
	if (fd == -1)
		return;
	(void)fdatasync(fd);
	(void)close(fd);
}

/* Every file below; links are not followed. */
static void
wipe_tree(int parent, const char *name, int depth)
{
	const struct dirent *e;
	struct stat st;
	DIR *d;
	int fd;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		if (fd != -1)
			(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || fstatat(dirfd(d),
		    e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		if (S_ISDIR(st.st_mode) && depth < TEMP_DEPTH)
			wipe_tree(dirfd(d), e->d_name, depth + 1);
		else if (S_ISREG(st.st_mode))
			wipe_file(dirfd(d), e->d_name, &st);
	}
	(void)closedir(d);
}

/* What killed runs of this user left; others' is not ours to touch. */
static void
sweep(int parent)
{
	const struct dirent *e;
	struct stat st;
	DIR *d;
	int copy;

	copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy == -1 || (d = fdopendir(copy)) == NULL) {
		if (copy != -1)
			(void)close(copy);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (!temp_is_stale(e->d_name) || fstatat(parent, e->d_name,
		    &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
			continue;
		wipe_tree(parent, e->d_name, 0);
		(void)temp_remove(parent, e->d_name, 0);
	}
	(void)closedir(d);
}

/* Memory that others may use, but not change what is ours. */
static int
open_memory(void)
{
	struct statvfs room;
	struct statfs kind;
	struct stat st;
	int fd;

	fd = open(memory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && fstatfs(fd, &kind) == 0 &&
	    fstatvfs(fd, &room) == 0 && kind.f_type == TMPFS &&
	    (st.st_uid == 0 || st.st_uid == geteuid()) &&
	    ((st.st_mode & 022) == 0 || (st.st_mode & S_ISVTX) != 0) &&
	    room.f_bavail >= ROOM / room.f_frsize &&
	    faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

int
scratch_begin(const char *fallback, struct scratch *s, struct error *err)
{
	static const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	const char *where = memory;
	char *path = NULL;

	*s = (struct scratch)SCRATCH_NONE;
	if ((s->parent = open_memory()) == -1) {
		where = fallback;
		if (atomic_mkdirs(fallback, &attr, err) == -1 ||
		    atomic_open_dir(AT_FDCWD, fallback, true, &s->parent,
		    err) == -1)
			return -1;
	}
	sweep(s->parent);
	if (atomic_dir_begin(&s->dir, s->parent, &attr, err) == 0 &&
	    str_printf(&path, err, "%s/%s", where, s->dir.name) == 0 &&
	    (s->path = realpath(path, NULL)) == NULL)
		error_sys(err, CODE_ERROR, "'%s': cannot be resolved",
		    vis(path));
	free(path);
	if (s->path != NULL)
		return 0;
	scratch_end(s);
	return -1;
}

void
scratch_end(struct scratch *s)
{
	if (s->parent == -1)
		return;
	if (s->dir.fd != -1)
		wipe_tree(s->parent, s->dir.name, 0);
	atomic_dir_abort(&s->dir);
	(void)close(s->parent);
	free(s->path);
	*s = (struct scratch)SCRATCH_NONE;
}
