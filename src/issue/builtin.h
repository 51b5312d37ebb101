/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_BUILTIN_H
#define ISSUE_BUILTIN_H

#include <stddef.h>

#include "acme/flow.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "issue/cert_chain.h"
#include "issue/issue.h"

/*
 * The built-in issuer: finalises the order that issue_verify() (or a proof
 * after it) left ready, checks what comes back and installs it as a certbot
 * lineage.  Key and order are in issue/pending.h before the CA is told to
 * issue, until the certificate is on disk; a run that was killed in between is
 * gone on with, however far the CA is.
 */

/* is->pending is there: asks the CA about its order.  Alive: is->resumed.
 * Dead, or of other names or another account: it is dropped.  -1: not known. */
int builtin_resume(struct issue *is, struct error *err) WARN_UNUSED;

/* From issue_finish().  CODE_ISSUANCE where the CA refuses or what it gave is
 * not what was ordered; the lineage is then as it was. */
int builtin_issue(struct issue *is, struct error *err) WARN_UNUSED;
/* After it is in the store: what is on disk now is what counts; deploys. */
int builtin_conclude(struct issue *is, struct error *err) WARN_UNUSED;

/*
 * One order to its chain, for a request of whoever has the key.  Needs an order
 * (url, finalize, status) in *o; it is ordered anew, up to BUILTIN_ORDERS
 * times, where somebody else who shares the account finished it.
 */
enum { BUILTIN_ORDERS = 4 };
struct builtin_order {
	/* set by the caller; borrowed */
	struct flow *flow;
	const struct strs *names;
	const char *profile, *replaces;	/* "" or NULL */
	const char *preferred_chain;	/* "" */
	const struct buf *csr;		/* DER */
	/* whether a leaf is for the request's key */
	int (*is_ours)(void *arg, const struct cert_chain *c, bool *yes,
	    struct error *err);
	/* another order is about to be finalised: remember it */
	int (*ordered)(void *arg, const struct acme_order *o,
	    struct error *err);
	void *arg;
	/* the order as it is now */
	struct acme_order order;
	bool accepted;		/* as flow->accepted, of this order */
	/* a failure after which the order cannot become a certificate */
	bool dead;
};
/* *out: the chosen chain, its key known to be ours, else unchecked; the caller
 * frees it and o->order. */
int builtin_order_run(struct builtin_order *o, struct cert_chain **out,
    struct error *err) WARN_UNUSED;

#endif
