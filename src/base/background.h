/* SPDX-License-Identifier: ISC */
#ifndef BASE_BACKGROUND_H
#define BASE_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * For a program that has to answer at once whoever started it, and has to keep
 * something open until it is told that it is not needed any more.
 */

/*
 * A copy of this process goes on in the background: in a session of its own,
 * with /dev/null as standard input, output and error, and with none of our
 * other descriptors but *fd.  What it writes there the one that stays reads
 * from its own *fd.  Both return 0, *background tells which is which.
 */
int background_begin(bool *background, int *fd, struct error *err)
    WARN_UNUSED;

/* Ends the copy. */
void background_end(void) __attribute__((noreturn));

/*
 * A bell that another process of the same user (or root) can ring by its name,
 * in the same network name space.  It is gone when the descriptor is closed.
 */
int bell_open(const char *name, int *fd, struct error *err) WARN_UNUSED;

/* Until somebody rings, or the process pid is gone (0: does not matter), or the
 * deadline (clock_mono()) has passed.  *caller is what waits for an answer, to
 * be closed when there is one; -1: nobody. */
void bell_wait(int fd, pid_t pid, int64_t deadline, int *caller);

/* Rings and waits until the other side is done, or the deadline.  *heard
 * false: nobody listens. */
int bell_ring(const char *name, int64_t deadline, bool *heard,
    struct error *err) WARN_UNUSED;

#endif
