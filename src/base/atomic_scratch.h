/* SPDX-License-Identifier: ISC */
#ifndef BASE_ATOMIC_SCRATCH_H
#define BASE_ATOMIC_SCRATCH_H

#include "base/atomic.h"
#include "base/error.h"

/*
 * A directory (0700) for files that may hold keys and must not outlive us: what
 * another program can only give us in files.  In /dev/shm where that is there
 * and has room: memory, so nothing of it ever reaches a disk whose freed
 * blocks keep what was in them (an overwritten file does not help where the
 * file system or an SSD writes beside).  Else below `fallback`, which is made.
 *
 * scratch_end() overwrites every file and removes all; exit() and the fatal
 * signals remove it; what a killed run of this user left, scratch_begin()
 * overwrites and removes.
 */
struct scratch {
	struct atomic_dir dir;
	int parent;		/* -1: none */
	char *path;		/* absolute */
};
#define SCRATCH_NONE { { -1, -1, "" }, -1, NULL }

int scratch_begin(const char *fallback, struct scratch *s, struct error *err)
    WARN_UNUSED;
/* Fine for one that is none. */
void scratch_end(struct scratch *s);

#endif
