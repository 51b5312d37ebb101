/* SPDX-License-Identifier: ISC */
#ifndef SYNC_STATE_H
#define SYNC_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "config/config.h"

/*
 * What `sync` and `hook deploy` remember of each peer, in STATE_DIR/sync.json:
 * how it went, when it may be tried again, and whether a push is still owed.
 *
 * The file is a cache with a history: absent, damaged, too large (8 MiB) or
 * writable by others it is as if empty, with a warning.  Several processes may
 * change it: each change is merged under sync-state.lock into what is there,
 * by one atomic replacement.
 */
enum {
	SYNC_STATE_PEERS = 20000	/* kept: the first in order of name */
};

struct sync_memo {
	char *name;		/* the peer's, as configured */
	/* of its URL and direction: of another one the history says nothing */
	char who[DIGEST_SHA256_HEX];
	int64_t attempt, success;	/* the last of each; 0: none */
	unsigned int failures;	/* in a row */
	int64_t failing;	/* since when; 0: not */
	int64_t next;		/* not to be tried before; 0: at once */
	enum code code;		/* of the last attempt */
	char *error;		/* its message, NULL */
	int64_t owed;		/* since when there is something new that no
				 * push has taken there; 0: nothing */
	bool changed;		/* not in the file: to be saved */
};

struct sync_state {
	struct sync_memo *v;	/* in order of name */
	size_t n, cap;
};

/*
 * Reads it; *out is overwritten, the caller frees.  now: what has happened
 * after it, or is to come more than a day behind it, is not so (the clock was
 * put back).  -1: no memory.
 */
int sync_state_load(const char *state_dir, int64_t now,
    struct sync_state *out, struct error *err) WARN_UNUSED;
void sync_state_free(struct sync_state *st);

/* Pure: the same of a text; CODE_ERROR for one that is no such file. */
int sync_state_parse(const char *text, size_t len, int64_t now,
    struct sync_state *out, struct error *err) WARN_UNUSED;

/* The memo of a peer; made, or emptied where it is another peer's of that
 * name.  NULL: no memory.  Valid until the next call. */
struct sync_memo *sync_state_get(struct sync_state *st,
    const struct config_peer *peer, struct error *err) WARN_UNUSED;

/* How a try that began then has ended; error NULL where it went well. */
int sync_memo_result(struct sync_memo *m, int64_t began, enum code code,
    const char *error, int64_t retry_after, struct error *err) WARN_UNUSED;

/*
 * Writes what changed into what is there now, and forgets peers that are not
 * configured (where no file of config.d is bad).  Nothing changed: nothing is
 * done.
 */
int sync_state_save(struct sync_state *st, const struct config *c,
    struct error *err) WARN_UNUSED;

#endif
