/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_BUNDLE_STATE_H
#define TRANSPORT_BUNDLE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/strs.h"
#include "transport/offer.h"

/*
 * What is remembered of bundles, in state_dir/bundles: a JSON file for each
 * sender and channel that was read, one for each channel that was written,
 * replaced atomically.  No key is in them.  One that cannot be understood is
 * CODE_STORE and never taken for none: rollbacks would pass.
 */

/* Held while what was read is looked at and replaced, and never across a
 * network; made with the folder, which is swept.
 * Held by another process for longer: CODE_RETRY. */
int bundle_state_lock(const char *state_dir, struct lock *l,
    struct error *err) WARN_UNUSED;

/* The same of one channel that is written, while it is: a place that stalls
 * keeps none of the others waiting. */
int bundle_sent_lock(const char *state_dir, const char *channel,
    struct lock *l, struct error *err) WARN_UNUSED;

/* The last bundle of a sender in a channel. */
struct bundle_seen {
	bool found;
	int64_t sequence, expires;
	char *digest;		/* hex SHA-256 of all its bytes */
	char *place, *tag;	/* where it was, as bundle_place has it; NULL */
	struct offer offer;	/* what it told, accounts without files */
};
int bundle_seen_load(const char *state_dir, const char *sender,
    const char *channel, struct bundle_seen *out, struct error *err)
    WARN_UNUSED;
int bundle_seen_save(const char *state_dir, const char *sender,
    const char *channel, const struct bundle_seen *s, struct error *err)
    WARN_UNUSED;
void bundle_seen_free(struct bundle_seen *s);

/* The last bundle that this host wrote in a channel. */
struct bundle_sent {
	bool found;
	int64_t sequence, created;
	struct strs digests;	/* of what may lie there: the newest first */
	char *content;		/* digest of what it told */
	char *recipients;	/* digest of for whom */
	char *place, *tag;
	struct offer offer;	/* accounts: server, id, digest */
};
int bundle_sent_load(const char *state_dir, const char *channel,
    struct bundle_sent *out, struct error *err) WARN_UNUSED;
int bundle_sent_save(const char *state_dir, const char *channel,
    const struct bundle_sent *s, struct error *err) WARN_UNUSED;
void bundle_sent_free(struct bundle_sent *s);

#endif
