/* SPDX-License-Identifier: ISC */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * certbot's lock (certbot-compatible: `_internal/lock.py`): open O_CREAT, an
 * OFD write lock on the whole file (which conflicts with certbot's POSIX
 * lock), then the inode of the path is compared with ours; unlink before
 * close.  Also used for our own lock files.
 */
struct lock {
	int fd;			/* -1: not held */
	char *path;
};

#define LOCK_NONE { -1, NULL }

/*
 * Waits up to timeout_ms (0: tries once).  Held by another: CODE_RETRY, "PATH
 * is held by process PID (NAME); ..." where the kernel tells it.
 * A holder that is an ancestor of ours (a certbot whose hook we are) counts as
 * ours: success with fd -1, and lock_release() then leaves the file alone.
 */
int lock_acquire(struct lock *l, const char *path, int64_t timeout_ms,
    struct error *err) WARN_UNUSED;

/* The ancestor of ours that holds it (a certbot whose hook we are); 0: none, or
 * the kernel does not tell. */
pid_t lock_ancestor(const char *path);

/* Unlinks, closes, frees; fine if not held. */
void lock_release(struct lock *l);

#endif
