/* SPDX-License-Identifier: ISC */
#ifndef ACME_ORDER_H
#define ACME_ORDER_H

#include <stdint.h>

#include "acme/acme.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/strs.h"

/* Orders, RFC 8555 section 7.1.3; profiles: draft-ietf-acme-profiles;
 * `replaces`: RFC 9773 section 5. */

enum order_status {
	ORDER_PENDING,
	ORDER_READY,
	ORDER_PROCESSING,
	ORDER_VALID,
	ORDER_INVALID
};

struct acme_order {
	char *url;		/* from Location; NULL where parsed alone */
	enum order_status status;
	int64_t expires;	/* 0: not said */
	struct strs names;	/* identifiers of type dns, lower case */
	struct strs authorizations;	/* URLs */
	char *finalize;
	char *certificate;	/* URL; NULL: not said */
	char *profile;		/* NULL: not said */
	char *replaces;		/* the certificate's id; NULL: not said */
	struct acme_problem problem;	/* member `error` */
	bool has_problem;
};
void acme_order_free(struct acme_order *o);

/* "pending", "ready", ... */
const char *order_status_text(enum order_status s);

/* A required member that is missing or mistyped is CODE_ERROR and named. */
int acme_order_parse(const json *j, const char *what,
    struct acme_order *out, struct error *err) WARN_UNUSED;

/* What to order; all borrowed. */
struct acme_order_new {
	const struct strs *names;
	const char *profile;	/* "" or NULL: none */
	const char *replaces;	/* a certificate's id (acme/ari.h); NULL; only
				 * where the directory has renewalInfo */
};

/* newOrder's payload. */
int acme_order_payload(const struct acme_order_new *want, struct buf *out,
    struct error *err) WARN_UNUSED;

/* Whether a refused newOrder may be for its `replaces` alone (RFC 9773 section
 * 5): replaced already, or a certificate that the CA does not know as this
 * account's.  Then it is worth ordering again without. */
bool acme_order_blames_replaces(const struct acme_problem *p, long status);

/* The code of a newOrder that the CA refused: CODE_ACCOUNT for the account,
 * CODE_UNAUTHORIZED for what is about a name, CODE_USAGE for the profile, else
 * `code` as it is. */
enum code acme_order_refusal(const struct acme_problem *p, enum code code);

/*
 * Why an order is `invalid`, in the CA's own words; returns -1.  CODE_RETRY
 * for rateLimited and serverInternal, CODE_UNAUTHORIZED for what the CA found
 * wrong with a proof, CODE_ISSUANCE else.
 */
int acme_order_error(const struct acme_order *o, const char *url,
    struct error *err);

#endif
