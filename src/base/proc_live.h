/* SPDX-License-Identifier: ISC */
#ifndef BASE_PROC_LIVE_H
#define BASE_PROC_LIVE_H

#include <sys/types.h>

/*
 * For base/proc*.c and the handler of fatal signals only: the children that
 * we have started and not reaped yet, up to PROC_LIVE_MAX of them; those above
 * get TERM from the kernel once we are gone, like all others.
 */
enum { PROC_LIVE_MAX = 128 };

/* fork() of a child on that list.  In the child (0) all signals are blocked
 * still, and the list is its own, empty. */
pid_t proc_live_fork(void);

/* waitpid() of a child on that list, who goes from it; with options 0 it
 * waits, EINTR is never the answer. */
pid_t proc_live_reap(pid_t pid, int *status, int options);

/*
 * TERM to each on the list, and a while (PROC_LIVE_GRACE ms) for all to end:
 * so that none writes into what is removed next.  Only calls what a signal
 * handler may; nothing is reaped.
 */
enum { PROC_LIVE_GRACE = 5000 };
void proc_live_end(void);

#endif
