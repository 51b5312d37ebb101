/* SPDX-License-Identifier: ISC */
#ifndef SYNC_BACKOFF_H
#define SYNC_BACKOFF_H

#include <stdint.h>

#include "base/error.h"

/*
 * When a peer that fails is tried again, as a pure function.  Only `retry`
 * backs off: it is what costs a deadline, and what passes by itself; anything
 * else waits for a person, whose repair is to be seen by the next run.
 *
 * After n failures in a row: 10 minutes, doubled each time, at most 4 hours;
 * up to an eighth less, by the peer's name, so that peers which failed at one
 * moment do not all come back at one, and so that a run of cron that is a
 * little earlier than the last is not passed over.  What the peer itself asks
 * for (Retry-After) counts where it is more, up to a day.
 */
enum {
	BACKOFF_FIRST = 10 * 60,
	BACKOFF_MOST = 4 * 60 * 60,
	BACKOFF_ASKED = 24 * 60 * 60	/* of Retry-After */
};

/* The moment before which it is not tried; 0: at once.  began: the beginning
 * of the try that failed; retry_after -1: not told. */
int64_t backoff_next(enum code code, unsigned int failures, int64_t began,
    int64_t retry_after, const char *name);

#endif
