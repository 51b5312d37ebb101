/* SPDX-License-Identifier: ISC */
#ifndef SEAL_CERT_H
#define SEAL_CERT_H

#include <openssl/types.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "seal/der.h"

/*
 * Pinned certificates: who may have signed a bundle and for whom it is sealed.
 * What counts is that the administrator put them there; issuer, validity and
 * extensions are not looked at.  Each has an EC key on P-256.
 */
enum {
	SEAL_FINGERPRINT = 65	/* hex SHA-256 of the DER and a NUL */
};

struct seal_cert {
	char fingerprint[SEAL_FINGERPRINT];
	char *subject;		/* its common name, "" */
	struct buf sid;		/* DER of its IssuerAndSerialNumber */
	EVP_PKEY *key;		/* public */
	X509 *x509;		/* all of it, for OpenSSL */
};
struct seal_certs {
	struct seal_cert *v;
	size_t n, cap;
};

/* What counts of one; x stays the caller's.  CODE_TRUST: its key is of another
 * kind.  what names it. */
int seal_cert_take(X509 *x, const char *what, struct seal_cert *out,
    struct error *err) WARN_UNUSED;
void seal_cert_free(struct seal_cert *c);

/*
 * Adds those of a PEM file (one or several, with any text around them); one
 * that is there already is left out.  The file belongs to root or us and nobody
 * else may write it (CODE_TRUST), nor above it; CODE_USAGE where it is not
 * there or has none.
 */
int seal_certs_read(const char *path, struct seal_certs *out,
    struct error *err) WARN_UNUSED;
/* Those of each file. */
int seal_certs_read_all(const struct strs *paths, struct seal_certs *out,
    struct error *err) WARN_UNUSED;
void seal_certs_free(struct seal_certs *l);

/* By IssuerAndSerialNumber; NULL: none. */
const struct seal_cert *seal_certs_find(const struct seal_certs *l,
    const struct der *sid);

/* Private to seal/: a pem_password_cb that has none; OpenSSL itself would ask
 * on the terminal. */
int seal_no_passphrase(char *buf, int size, int writing, void *arg);

/* "AB:CD:..." as openssl x509 -fingerprint -sha256 prints it; out has room for
 * SEAL_PRETTY bytes. */
enum { SEAL_PRETTY = 96 };
const char *seal_pretty(const char *fingerprint, char *out);

#endif
