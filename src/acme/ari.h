/* SPDX-License-Identifier: ISC */
#ifndef ACME_ARI_H
#define ACME_ARI_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

/* When a CA wants a certificate renewed: ACME Renewal Information, RFC 9773. */

enum {
	/* RFC 9773 section 4.3.2: what a Retry-After is held to, and what is
	 * taken where there is none */
	ARI_RETRY_MIN = 60,
	ARI_RETRY_MAX = 24 * 60 * 60,
	ARI_RETRY_NONE = 6 * 60 * 60,
	/* octets of a serial (RFC 5280: 20, and a leading zero) and of a key
	 * identifier (20 or 32 are usual) */
	ARI_SERIAL_MAX = 21,
	ARI_KEY_ID_MAX = 64
};

struct acme_ari {
	int64_t start, end;	/* suggestedWindow; start < end, both > 0 */
	char *explanation_url;	/* for a person, never contacted; vis() it;
				 * NULL */
	int64_t retry_after;	/* seconds until it may have changed; within
				 * ARI_RETRY_MIN and ARI_RETRY_MAX */
};
void acme_ari_free(struct acme_ari *a);

/*
 * A certificate's id: base64url(keyIdentifier of its authority key identifier)
 * "." base64url(content octets of its serial number in DER).  The caller
 * frees.  CODE_ERROR where one is empty or too long.
 */
int acme_ari_id(const void *key_id, size_t key_id_len, const void *serial,
    size_t serial_len, char **out, struct error *err) WARN_UNUSED;

/* Where to ask: the directory's renewalInfo, which must not be "", and the id;
 * the caller frees. */
int acme_ari_url(const char *renewal_info, const char *id, char **out,
    struct error *err) WARN_UNUSED;

/* retry_after: the answer's, -1.  A window that does not end behind its start
 * is CODE_ERROR, as are members that are missing or mistyped; an explanation
 * that is no https URL is as if absent. */
int acme_ari_parse(const json *j, const char *what, int64_t retry_after,
    struct acme_ari *out, struct error *err) WARN_UNUSED;

#endif
