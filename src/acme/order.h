/* SPDX-License-Identifier: ISC */
#ifndef ACME_ORDER_H
#define ACME_ORDER_H

#include <stdint.h>

#include "acme/acme.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/strs.h"

/* Orders, RFC 8555 section 7.1.3; profiles: draft-ietf-acme-profiles. */

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
};
void acme_order_free(struct acme_order *o);

/* A required member that is missing or mistyped is CODE_ERROR and named. */
int acme_order_parse(const json *j, const char *what,
    struct acme_order *out, struct error *err) WARN_UNUSED;

/* newOrder's payload; profile "" or NULL: none. */
int acme_order_payload(const struct strs *names, const char *profile,
    struct buf *out, struct error *err) WARN_UNUSED;

#endif
