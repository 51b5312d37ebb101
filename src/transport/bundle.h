/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_BUNDLE_H
#define TRANSPORT_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"
#include "transport/offer.h"
#include "transport/transport.h"

/*
 * Accounts in a place that nobody trusts: one sealed bundle (BUNDLE.md) that
 * one sender writes and any number of hosts read.  What is here is the same for
 * every such place; a kind of transport only says how its bytes are got and
 * put, and calls bundle_fetch() and bundle_send() from its own fetch and send.
 *
 * What is remembered, in state_dir/bundles: at a reader, for each sender and
 * channel, the highest sequence, the digest of the bytes that had it, the
 * place's tag and what the bundle told without its keys; at a sender, for each
 * channel, the last sequence and the digests of what it wrote.
 */

enum bundle_got {
	BUNDLE_NONE,		/* nothing is there */
	BUNDLE_SAME,		/* what the tag names, so no bytes came */
	BUNDLE_BYTES
};

struct bundle_place {
	const char *name;	/* for messages: the URL, the path */
	const char *channel;	/* bundle_channel(); NULL: a reader takes any */
	/*
	 * All that is there, at most LIMIT_BUNDLE bytes of it (more is an
	 * error: bundle_too_long()), appended to der.  tag: what *newtag was
	 * when the bundle that is remembered was got, so that BUNDLE_SAME may
	 * be the answer (HTTP's ETag and If-None-Match); NULL: the bytes are
	 * wanted.  *newtag is NULL where there is none; the caller frees it.
	 */
	int (*get)(void *arg, const char *tag, struct buf *der,
	    enum bundle_got *got, char **newtag, struct error *err);
	/*
	 * Replaces what get() found last: tag is what that said, NULL where it
	 * found nothing or there is none (a precondition, where the place knows
	 * such).  All or nothing.  It is read back by get() and compared.
	 * Something else there meanwhile: CODE_STORE.
	 */
	int (*put)(void *arg, const char *tag, const struct buf *der,
	    struct error *err);
	/* NULL, or removes what a run of this host's that was killed in put()
	 * may have left there; what cannot be removed stays */
	void (*tidy)(void *arg);
	void *arg;
	bool stream;		/* what was put cannot be read back */
};

/* The name of the object that a URL or path ends in, in it: what sender and
 * reader call the same though they reach it by different ways. */
const char *bundle_channel(const char *url);

/* CODE_ERROR: longer than LIMIT_BUNDLE. */
int bundle_too_long(const char *name, struct error *err);

/*
 * What lies there, as an offer: those chosen of the accounts with their
 * files, or OFFERED_HAVE where r->have names them; all others listed.  The
 * rules of design section 6: CODE_TRUST where the signer is none of
 * peer->senders, where this host is no recipient, for another channel, past its
 * end, and for a sequence that is lower than one that was seen, or the same
 * with other bytes (the last three: unless o->accept_rollback).  CODE_ERROR
 * where it is no bundle, and where nothing is there.  It is remembered unless
 * o->dry_run.
 */
int bundle_fetch(const struct bundle_place *place,
    const struct config_peer *peer, const struct transport_options *o,
    const struct request *r, struct offer *out, struct error *err) WARN_UNUSED;

/*
 * Seals the elements that have an account for peer->recipients and puts it
 * there, unless what is there is this host's and says the same and is less
 * than a week old.  o->recorder is called before a key leaves that was not in
 * the bundle before.  CODE_STORE where another sender's bundle is there, or
 * something that is none, or one of this host's that it does not remember (the
 * last: unless o->accept_rollback); what is read back differs: CODE_STORE too.
 */
int bundle_send(const struct bundle_place *place,
    const struct config_peer *peer, const struct transport_options *o,
    struct offer *offer, struct verdicts *out, struct error *err) WARN_UNUSED;

#endif
