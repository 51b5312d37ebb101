/* SPDX-License-Identifier: ISC */
#ifndef SYNC_PULL_H
#define SYNC_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/store.h"
#include "transport/offer.h"
#include "transport/transport.h"

/*
 * Copies accounts between the local store and a peer: everything is fetched
 * first, the CA is asked what only it knows, then the store is locked for
 * milliseconds and changed.  Ledger entries are written at this end, and at the
 * far end by "acmeferry serve".
 */
struct sync_options {
	const char *server;	/* --server; NULL: the peer's or acme.server */
	const char *account;	/* --account; NULL: the peer's accounts: */
	const struct strs *names;	/* domain names that are wanted; NULL
				 * or empty: those of the configured
				 * certificates of this peer */
	bool all, verbatim, dry_run, terminal;
	bool accept_rollback;	/* of bundles */
	bool bundle;		/* the peer's url is the path of a bundle, "-"
				 * a stream: transport.h */
	enum prefer prefer;
	int64_t max_wait;	/* seconds to obey a CA's Retry-After */
};

/* Which account of the destination serves which name now (in a dry run: would
 * serve). */
struct sync_name {
	char *name;		/* a domain name */
	char *server;
	char *id, *uri;		/* NULL: none was found for it */
};

struct sync_result {
	struct verdicts refs;	/* added, updated, unchanged, conflicts,
				 * refused, each with its reason and code */
	struct hints hints;	/* the source's lineages */
	struct sync_name *names;	/* one for each wanted name */
	size_t nnames;
	struct strs notes;	/* lines for a person */
	bool changed;		/* or would be */
	enum code code;		/* the worst of refs */
};

/* -1: nothing was done (no such host, no account, an ambiguous choice ...);
 * accounts that were refused are in the result, with its code, and 0 is
 * returned.  result is overwritten; free it in both cases. */
int sync_pull(struct store *s, const struct config *c,
    const struct config_peer *peer, const struct sync_options *opts,
    struct sync_result *result, struct error *err) WARN_UNUSED;

/* The other direction; the far end applies the rules. */
int sync_push(struct store *s, const struct config *c,
    const struct config_peer *peer, const struct sync_options *opts,
    struct sync_result *result, struct error *err) WARN_UNUSED;

/* What did not come, or go, as a failure: the first of the worst; *err is not
 * touched where nothing failed. */
int sync_result_error(const struct sync_result *r, const char *peer,
    struct error *err) WARN_UNUSED;

void sync_result_free(struct sync_result *r);

/*
 * Takes what was sent into a store: a struct receiver whose arg is a struct
 * sync_receive_arg.
 */
struct sync_receive_arg {
	const struct config *config;
	const char *peer;	/* who sent it, for reasons and the ledger */
	const struct strs *servers;	/* those that may come in */
	bool *const *chosen;	/* which of the offer, NULL: all */
	bool ask;		/* the CA; else what needs it is a conflict */
	bool check_digest;	/* `replaces` must name what is replaced */
	bool dry_run;
	int64_t max_wait;
	struct store *giver;	/* see struct merge */
	const char *to;
};
int sync_receive(void *arg, struct store *s, struct offer *offer,
    enum prefer prefer, bool verbatim, struct verdicts *out,
    struct error *err) WARN_UNUSED;

#endif
