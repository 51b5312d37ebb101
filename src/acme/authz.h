/* SPDX-License-Identifier: ISC */
#ifndef ACME_AUTHZ_H
#define ACME_AUTHZ_H

#include <stdint.h>

#include "acme/acme.h"
#include "base/error.h"
#include "base/json.h"
#include "base/strs.h"

/* Authorizations, RFC 8555 section 7.1.4. */

enum authz_status {
	AUTHZ_UNKNOWN,
	AUTHZ_PENDING,
	AUTHZ_VALID,
	AUTHZ_INVALID,
	AUTHZ_DEACTIVATED,
	AUTHZ_REVOKED,
	AUTHZ_EXPIRED
};
/* "unknown", "pending", ... */
const char *authz_status_text(enum authz_status s);
int authz_status_parse(const char *text, enum authz_status *out) WARN_UNUSED;

struct acme_authz {
	char *name;		/* with "*." where it is a wildcard's */
	enum authz_status status;
	int64_t expires;	/* 0: not said */
	int64_t validated;	/* of the challenge that counts; 0 */
	struct strs challenges;	/* types offered, or the one that counts */
	char *problem;		/* why it is invalid, vis'd; NULL */
};
void acme_authz_free(struct acme_authz *z);

int acme_authz_parse(const json *j, const char *what, struct acme_authz *out,
    struct error *err) WARN_UNUSED;

/* The payload that deactivates one. */
#define AUTHZ_DEACTIVATE "{\"status\":\"deactivated\"}"

#endif
