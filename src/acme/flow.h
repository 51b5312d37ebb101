/* SPDX-License-Identifier: ISC */
#ifndef ACME_FLOW_H
#define ACME_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acme/acme.h"
#include "acme/ari.h"
#include "acme/authz.h"
#include "acme/certificate.h"
#include "acme/challenge.h"
#include "acme/order.h"
#include "acme/problem.h"
#include "base/error.h"
#include "base/strs.h"
#include "http/link.h"

/*
 * An order from newOrder to its certificate (RFC 8555 section 7.4), one call
 * after the other on one session.  Each call runs the session until nothing is
 * outstanding on it, so it must not be used from an acme_done callback, nor
 * while requests are queued whose owners do not expect their answers.
 *
 * Every *out is {0} or anything before; after 0 the caller frees it, after -1
 * there is nothing to free.  URLs of another host are refused (CODE_ERROR),
 * each answer's members are checked by the parsers of acme/.
 *
 * What a failure was is in `why` until the next call; `problem` has the CA's
 * own document where it sent one (also its subproblems: which name).  A CA
 * that cannot be reached, 429 and 5xx are CODE_RETRY, with retry_after where
 * known; up to max_wait the session obeys Retry-After by itself.
 */
enum flow_why {
	FLOW_OK,
	FLOW_OTHER,		/* see the error's code */
	FLOW_UNREACHABLE,	/* no answer: it may have been done or not */
	FLOW_BUSY,		/* 5xx, or no nonce was good enough: it says
				 * nothing about what was asked for */
	FLOW_RATE_LIMITED,
	FLOW_GONE,		/* 404 */
	FLOW_BAD_CSR,		/* badCSR, badPublicKey: another key may do */
	FLOW_TAKEN,		/* the order was finalised by somebody else, or
				 * by ourselves in an earlier life: fetch it,
				 * its certificate's key tells who */
	FLOW_INVALID,		/* the order or authorization is invalid, for
				 * good: order again */
	FLOW_SLOW		/* not ready within `patience`; the URL stays
				 * good and may be asked later */
};

struct flow {
	/* set by the caller; all borrowed */
	struct acme *acme;
	const char *kid;	/* the account's URL */
	const struct jwk *signer;	/* or NULL: */
	acme_key_fn *key;
	void *key_arg;
	int64_t patience;	/* seconds that one wait may take in all */
	/* of the last call */
	enum flow_why why;
	struct acme_problem problem;
	bool has_problem;
	/* of the last flow_finalize(): the CA itself said that it took this
	 * very CSR, so a certificate for another key is the CA's failure */
	bool accepted;
	/* internal */
	int64_t retry_after;	/* of the last answer; -1 */
};
/* Frees what the flow itself keeps; it may be used again. */
void flow_clear(struct flow *f);

/*
 * newOrder.  `replaces` is left out where the CA has no renewalInfo, and
 * ordered without where the CA refuses it; out->replaces tells what became of
 * it.  out->url is its URL; its names are those asked for.  Its status may be
 * any: a shared account's order may be further already.  CODE_UNAUTHORIZED
 * where the CA refuses a name, CODE_USAGE for the profile.
 */
int flow_new_order(struct flow *f, const struct acme_order_new *want,
    struct acme_order *out, struct error *err) WARN_UNUSED;

int flow_order(struct flow *f, const char *url, struct acme_order *out,
    struct error *err) WARN_UNUSED;

/* An authorization and, while it is pending or where it is invalid, its http-01
 * challenge (else, and where none is offered: challenge.type is NULL). */
struct flow_authz {
	char *url;
	struct acme_authz authz;
	struct acme_challenge challenge;
};
void flow_authz_free(struct flow_authz *z);

int flow_authz(struct flow *f, const char *url, struct flow_authz *out,
    struct error *err) WARN_UNUSED;
/* All of them, side by side, in the order of urls; out has room for urls->n.
 * One that fails fails all. */
int flow_authzs(struct flow *f, const struct strs *urls,
    struct flow_authz *out, struct error *err) WARN_UNUSED;

/* Tells the CA to look at a challenge. */
int flow_answer(struct flow *f, const char *challenge_url, struct error *err)
    WARN_UNUSED;

/*
 * Until the authorization is not pending any more.  valid: 0.  Anything else
 * is CODE_UNAUTHORIZED and FLOW_INVALID: "'NAME': the CA calls the
 * authorization invalid: TYPE: ITS WORDS"; f->problem is the challenge's where
 * it has one.  Waits as flow_wait_order() does.
 */
int flow_wait_authz(struct flow *f, const char *url, struct flow_authz *out,
    struct error *err) WARN_UNUSED;

/*
 * Until the order's status is in `until`, a set of (1u << ORDER_...).  An
 * order that becomes invalid although that is not in the set is
 * acme_order_error() and FLOW_INVALID.
 *
 * Between two questions: the answer's Retry-After, else a pause that grows
 * from a hundredth of a second to ten seconds.  Where the next question would
 * come later than `patience`: CODE_RETRY, FLOW_SLOW, retry_after.  Three
 * failures of the connection or 5xx in a row end it, one or two do not.
 */
int flow_wait_order(struct flow *f, const char *url, unsigned until,
    struct acme_order *out, struct error *err) WARN_UNUSED;

/*
 * Hands in a CSR (DER) for the ready order and waits until the order is valid:
 * out->certificate is then set.  orderNotReady is told apart by fetching the
 * order: FLOW_TAKEN (CODE_RETRY) where it has gone on without us, FLOW_INVALID
 * where it died.  Where no answer came (or 5xx) the order is fetched too, and
 * where it has gone on, so do we: THE CALLER MUST COMPARE the certificate's key
 * with its own, as it may be another's, unless f->accepted.
 */
int flow_finalize(struct flow *f, const struct acme_order *order,
    const void *csr, size_t csr_len, struct acme_order *out,
    struct error *err) WARN_UNUSED;

/* The CA's own chain first. */
struct flow_chains {
	struct acme_chain v[1 + LINK_ALTERNATES];
	size_t n;
};
void flow_chains_free(struct flow_chains *c);

/*
 * The certificate of a valid order; alternates: and the other chains that the
 * answer names (only on the CA's host; one that cannot be had is passed over
 * with a word).  A 404 is asked again for a while: a CA has many replicas.
 */
int flow_certificate(struct flow *f, const char *url, bool alternates,
    struct flow_chains *out, struct error *err) WARN_UNUSED;

/* A pending authorization of ours; a CA may count it as one failed validation,
 * so at most once a day and name (memory_set_deactivated()). */
int flow_deactivate(struct flow *f, const char *authz_url, struct error *err)
    WARN_UNUSED;

/* renewalInfo for a certificate's id, without signature; kid and key may be
 * NULL.  FLOW_GONE: the CA does not know it, or has no renewalInfo. */
int flow_ari(struct flow *f, const char *id, struct acme_ari *out,
    struct error *err) WARN_UNUSED;

#endif
