/* SPDX-License-Identifier: ISC */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"

/*
 * Reading and writing whole things, and reading files safely.  Deadlines are
 * clock_mono() values; 0: none.  `what` names the subject in messages.
 */

/* Writes all; EPIPE is an error, never a signal. */
int io_write(int fd, const void *data, size_t len, int64_t deadline,
    const char *what, struct error *err) WARN_UNUSED;

/* Reads up to size bytes once; *got 0 is the end.  CODE_RETRY at the
 * deadline. */
int io_read(int fd, void *data, size_t size, int64_t deadline, size_t *got,
    const char *what, struct error *err) WARN_UNUSED;

/* How a regular file is opened and what of it is checked, on the descriptor. */
enum io_flags {
	IO_NOFOLLOW = 1,	/* the last component is no symlink */
	IO_OWNED = 2,		/* owner: root or the effective user */
	IO_PRIVATE = 4,		/* no group or other bits */
	IO_NOT_WRITABLE = 8,	/* not writable for group or other */
	IO_ONE_LINK = 16,
	IO_MISSING_OK = 32	/* ENOENT, ENOTDIR: success and *found = 0 */
};

/*
 * Reads a regular file (never a FIFO or device) of at most max bytes to its
 * end and appends it to b; refuses one whose size changed meanwhile.  dirfd
 * may be AT_FDCWD.  found may be NULL without IO_MISSING_OK.
 * A check that fails is CODE_TRUST; too long or not regular CODE_STORE; the
 * rest CODE_ERROR with err->sys.
 */
int io_read_file(int dirfd, const char *path, size_t max, unsigned int flags,
    struct buf *b, int *found, struct error *err) WARN_UNUSED;

/* The same with the stat of what was read; st and found may be NULL. */
struct stat;
int io_read_file_stat(int dirfd, const char *path, size_t max,
    unsigned int flags, struct buf *b, struct stat *st, int *found,
    struct error *err) WARN_UNUSED;

/* Opens it so, with the same checks; *fd is -1 where it is missing and may
 * be. */
int io_open_file(int dirfd, const char *path, size_t max, unsigned int flags,
    int *fd, struct stat *st, struct error *err) WARN_UNUSED;

/* Exactly size bytes from an offset of a regular file, wherever its descriptor
 * stands. */
int io_read_at(int fd, void *data, size_t size, int64_t at, const char *what,
    struct error *err) WARN_UNUSED;

/* The next entry of a directory, NULL at its end; `what` is its path.  An end
 * that is none is an error: CODE_ERROR with err->sys. */
int io_next(DIR *d, const char *what, struct dirent **out,
    struct error *err) WARN_UNUSED;

/*
 * Checks every directory above path (an absolute one, links resolved): owner
 * root or the effective user, writable by nobody else unless sticky.
 * CODE_TRUST, naming the directory, what was found and what was wanted.
 */
int io_check_parents(const char *path, struct error *err) WARN_UNUSED;

#endif
