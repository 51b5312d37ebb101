/* SPDX-License-Identifier: ISC */
#ifndef SYNC_ALL_H
#define SYNC_ALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "store/store.h"
#include "sync/pull.h"

/*
 * Many peers side by side, each in its direction and in a process of its own:
 * a copy of this one, so that the configuration is read once and a peer that
 * crashes its reader or stalls it costs nobody else anything.  It tells its
 * result over a pipe (outcome.h) and ends; it dies with us.  At most
 * max_parallel at once; peers that failed the last time come last, so that
 * those which are dead keep none waiting that is not.
 *
 * What each waits for is bounded by itself (the peer's deadline, lock_timeout,
 * max_wait); one that is not done long after all of these is ended.
 *
 * How it went is remembered in STATE_DIR/sync.json (state.h), a peer that is
 * in its back-off is not tried.
 */
struct sync_all_options {
	const struct sync_options *each;	/* for every peer */
	bool now;		/* whatever the back-off says */
	int64_t lock_timeout;	/* seconds, as the store has it */
};

struct sync_peer {
	const struct config_peer *peer;	/* borrowed, configured */
	bool tried;		/* else it is in its back-off, with the
				 * code and message of the last time */
	struct sync_result result;
	enum code code;		/* CODE_OK: it went well */
	char *error;		/* its message, NULL */
	long retry_after;	/* -1 */
	/* of its failures in a row: how many, since when, and not before when
	 * it is tried again; 0 */
	unsigned int failures;
	int64_t failing, next;
	bool held;		/* for the caller */
};

/* v[i].peer is set by the caller, the rest zeroed.  -1: it could not begin or
 * be brought to its end; what became of whom so far is in v. */
int sync_all(struct store *s, const struct config *c,
    const struct sync_all_options *o, struct sync_peer *v, size_t n,
    struct error *err) WARN_UNUSED;
void sync_peers_free(struct sync_peer *v, size_t n);

/* The peers that `sync` serves when none is named: all but those that are only
 * asked for certificates (issuer: peer).  *out is the caller's to free with
 * sync_peers_free(); owed: only those that a push is still owed to. */
int sync_peers(const struct config *c, bool owed, struct sync_peer **out,
    size_t *n, struct error *err) WARN_UNUSED;

/* There is something new for every peer with direction: push; remembered until
 * a push has taken it there.  *any: there are such peers. */
int sync_owe(const struct config *c, bool *any, struct error *err)
    WARN_UNUSED;

#endif
