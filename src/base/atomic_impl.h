/* SPDX-License-Identifier: ISC */
#ifndef BASE_ATOMIC_IMPL_H
#define BASE_ATOMIC_IMPL_H

#include "base/atomic.h"

/* What the files atomic*.c share, and nobody else uses. */

/*
 * A name in its directory: fd and the last component.  A path with slashes
 * or relative to AT_FDCWD has its directory opened.
 */
struct place {
	int fd;
	const char *name;	/* borrowed from the path */
	bool opened;
};
int place_open(struct place *p, int dirfd, const char *path,
    struct error *err) WARN_UNUSED;
void place_close(struct place *p);

/* For messages: the path of name as far as it is known, through vis(). */
const char *place_text(int dirfd, const char *name);

/* fsync of a directory. */
int sync_dir(int fd, struct error *err) WARN_UNUSED;

/* Mode and owner on a descriptor. */
int set_attr(int fd, const char *text, const struct atomic_attr *attr,
    struct error *err) WARN_UNUSED;

/* Never over something, whatever the file system can do; -1 and errno. */
int rename_noreplace(int fromdir, const char *from, int todir,
    const char *to) WARN_UNUSED;

#endif
