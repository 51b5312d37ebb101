/* SPDX-License-Identifier: ISC */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Every change of a file system that we make is made here, and lasts: file
 * and directory are fsynced.  Temporary names are ".acmeferry-XXXXXXXXXXXX"
 * (12 letters: 5 tell the process, 7 are random) in the same directory; they
 * are removed when the process exits or is ended by a signal, and
 * atomic_sweep() removes those that a killed run left.  Nothing here follows a
 * symlink at the last component.  Paths are relative to dirfd (or AT_FDCWD).
 * Failures: CODE_ERROR, err->sys, message with the path.
 */
#define ATOMIC_PREFIX ".acmeferry-"

struct atomic_attr {
	mode_t mode;		/* (mode_t)-1: as it was made, 0600, or what
				 * a file system without modes says */
	uid_t uid;		/* (uid_t)-1: leave */
	gid_t gid;		/* (gid_t)-1: leave */
};

enum atomic_how {
	ATOMIC_REPLACE,		/* an old file of that name goes */
	ATOMIC_CREATE		/* EEXIST is an error */
};

/* Writes a whole file: temp, mode and owner, content, fsync, rename, fsync of
 * the directory. */
int atomic_write(int dirfd, const char *name, const void *data, size_t len,
    const struct atomic_attr *attr, enum atomic_how how, struct error *err)
    WARN_UNUSED;

/* The same of what fill() writes to fd, a piece at a time; `what` is for its
 * messages. */
typedef int atomic_fill_fn(void *arg, int fd, const char *what,
    struct error *err);
int atomic_write_from(int dirfd, const char *name, atomic_fill_fn *fill,
    void *arg, const struct atomic_attr *attr, enum atomic_how how,
    struct error *err) WARN_UNUSED;

/*
 * A new file that does not outlive us: written as above with ATOMIC_CREATE,
 * and removed by atomic_drop(), at exit, or by a signal that ends us; only
 * SIGKILL leaves it.  Its name (no path, at most ATOMIC_LENT_NAME bytes) goes
 * at once with the file, never another's of that name that was there before.
 * dirfd stays open as long.  *lent is what atomic_drop() wants; there may be
 * ATOMIC_LENT of them.
 */
enum {
	ATOMIC_LENT = 128,
	ATOMIC_LENT_NAME = 128
};
int atomic_lend(int dirfd, const char *name, const void *data, size_t len,
    const struct atomic_attr *attr, int *lent, struct error *err)
    WARN_UNUSED;
/* ENOENT is fine; after an error it is still lent.  fsyncs the directory. */
int atomic_drop(int lent, struct error *err) WARN_UNUSED;

/*
 * Staging of a directory: makes a temp directory (0700) in dirfd and returns
 * its descriptor and name; files are written into it with atomic_put(); then
 * atomic_dir_commit() fsyncs it and renames it to `name` (which must not
 * exist), or with exchange set swaps the two in one step, after which
 * st->name is the old directory (the caller disposes of it).  Every staging
 * ends in atomic_dir_abort(), which removes what is still staged and is fine
 * after a commit.
 */
struct atomic_dir {
	int parent;		/* borrowed */
	int fd;			/* -1: none */
	char name[64];
};
int atomic_dir_begin(struct atomic_dir *st, int parent,
    const struct atomic_attr *attr, struct error *err) WARN_UNUSED;
/* A new file in a directory nobody else looks at yet: O_EXCL, fsync. */
int atomic_put(int dirfd, const char *name, const void *data, size_t len,
    const struct atomic_attr *attr, struct error *err) WARN_UNUSED;
/* *unsupported (may be NULL) is set where the file system cannot exchange. */
int atomic_dir_commit(struct atomic_dir *st, const char *name, bool exchange,
    bool *unsupported, struct error *err) WARN_UNUSED;
/* The same into another directory of the same file system. */
int atomic_dir_commit_at(struct atomic_dir *st, int todir, const char *name,
    bool exchange, bool *unsupported, struct error *err) WARN_UNUSED;
void atomic_dir_abort(struct atomic_dir *st);

/* Renames, never over something (RENAME_NOREPLACE); both directories are
 * fsynced.  EXDEV is reported in err->sys. */
int atomic_move(int fromdir, const char *from, int todir, const char *to,
    struct error *err) WARN_UNUSED;

/* Unlinks a file (or symlink); ENOENT is fine; fsyncs the directory. */
int atomic_unlink(int dirfd, const char *name, struct error *err) WARN_UNUSED;

/* Removes a tree (or a file, or a link) without following links; ENOENT is
 * fine.  It is gone in one step: renamed to a temporary name first. */
int atomic_remove_tree(int dirfd, const char *name, struct error *err)
    WARN_UNUSED;

/* Copies a tree (files, directories, links as links, modes, owners, times)
 * to a name that must not exist; fsynced; there in one step.  Anything else in
 * it (a FIFO) is CODE_STORE.  Who may not give files away keeps them. */
int atomic_copy_tree(int fromdir, const char *from, int todir, const char *to,
    struct error *err) WARN_UNUSED;

/* Makes a link, or replaces one; another thing of that name is EEXIST. */
int atomic_symlink(const char *target, int dirfd, const char *name,
    struct error *err) WARN_UNUSED;

/*
 * Several links of one directory (absolute path, itself no link) at one
 * moment: who looks there sees all the old or all the new ones.  A new
 * directory with its mode and owner, the links and further names of its other
 * files is exchanged with it.  Where that cannot be (no exchange in this file
 * system, a mount point, access lists, directories in it) they change one after
 * the other.  target NULL: the name goes.  What is so already stays so.
 */
struct atomic_link {
	const char *name, *target;
};
int atomic_relink(const char *dir, const struct atomic_link *links, size_t n,
    struct error *err) WARN_UNUSED;

/* chmod / chown of what is no symlink, on a descriptor. */
int atomic_set_attr(int dirfd, const char *name,
    const struct atomic_attr *attr, struct error *err) WARN_UNUSED;

/* mkdir -p of an absolute path; levels that are made get attr, are fsynced and
 * their parents swept, existing ones stay as they are. */
int atomic_mkdirs(const char *path, const struct atomic_attr *attr,
    struct error *err) WARN_UNUSED;

/* Appends one line (its newline is added where it has none; one write) to a
 * file, made with mode 0600, and fsyncs it; a half line that a crash left at
 * the end is closed first.  Several processes may do so at once. */
int atomic_append_line(int dirfd, const char *name, const char *line,
    struct error *err) WARN_UNUSED;

/* Removes what killed runs left in a directory, one level: names with our
 * prefix whose owner process is gone or that are older than an hour. Call it
 * under the lock of that directory. */
int atomic_sweep(int dirfd, struct error *err) WARN_UNUSED;

/* Opens a directory for use as dirfd (O_PATH is not used: fsync needs it). */
int atomic_open_dir(int dirfd, const char *path, bool nofollow, int *out,
    struct error *err) WARN_UNUSED;

#endif
