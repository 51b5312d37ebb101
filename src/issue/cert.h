/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERT_H
#define ISSUE_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strs.h"

/* An X.509 certificate on disk, as far as issuing needs to know it. */
struct cert {
	struct strs names;	/* SANs, lower case; an address as text */
	int64_t not_before, not_after;
	char digest[DIGEST_SHA256_HEX];	/* of the whole certificate */
	char *ari_id;		/* its id at the CA (acme/ari.h); NULL where
				 * it has no authority key or an odd serial */
};

/* Reads the first certificate of a PEM file; {0} before.  The caller frees.
 * CODE_STORE where it is none. */
int cert_read(const char *path, struct cert *out, struct error *err)
    WARN_UNUSED;
/* The same of a text that came from elsewhere: CODE_ERROR where it is none. */
int cert_parse(const char *pem, size_t len, const char *what,
    struct cert *out, struct error *err) WARN_UNUSED;
void cert_free(struct cert *c);

/* Whether the private key in a PEM file is that of the certificate: CODE_STORE
 * where it is not. No byte of the key is left in memory. */
int cert_check_key(const char *cert_path, const char *key_path,
    struct error *err) WARN_UNUSED;

/* True for exactly these names, in any order, each once or more. */
bool cert_same_names(const struct cert *c, const struct strs *domains);

/* When a certificate is due: a third of its lifetime before its end, half for
 * one that lives less than ten days (design section 8). */
int64_t cert_due(int64_t not_before, int64_t not_after);

#endif
