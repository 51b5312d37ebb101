/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SOURCE_H
#define TRANSPORT_SOURCE_H

#include "base/error.h"
#include "base/strs.h"
#include "store/store.h"
#include "transport/offer.h"

/* A store as the offering side: for "serve", for a directory, for a push. */

/* What of it may be seen at all; NULL and empty: everything. */
struct grant {
	const struct strs *names;	/* the accounts that the lineages for
					 * these names use now */
	const char *account;	/* and this one */
	const char *server;	/* only of this server */
};

/*
 * Lists what the grant covers, chooses by the request, and gives those chosen
 * with their files, except those that r->have names and those that cannot
 * travel.  An ambiguous choice gives no files: the asking side chooses by the
 * same rules and says so.
 */
int offer_of_store(struct store *s, const struct request *r,
    const struct grant *g, struct offer *out, struct error *err) WARN_UNUSED;

/* The accounts of the request's servers without any file, but with digests:
 * what a sender must know. */
int listing_of_store(struct store *s, const struct request *r,
    const struct grant *g, struct offer *out, struct error *err) WARN_UNUSED;

/* The accounts that the grant covers, the broken ones too, without any file:
 * those with a thumbprint may be answered for. */
int granted_of_store(struct store *s, const struct grant *g,
    struct offer *out, struct error *err) WARN_UNUSED;

/* True where a selector of --account names it. */
bool offered_matches(const struct offered *of, const char *which);

#endif
