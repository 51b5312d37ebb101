/* SPDX-License-Identifier: ISC */
#ifndef JOSE_JWK_H
#define JOSE_JWK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

/*
 * Account keys as JWK (RFC 7517, 7518): RSA, and EC on P-256, P-384, P-521.
 */
struct jwk;

enum {
	JWK_THUMBPRINT = 44,	/* 43 characters of base64url and a NUL */
	JWK_ID = 33,		/* 32 hexadecimal digits and a NUL */
	JWK_NAME = 16		/* "RSA 2048", "EC P-256" */
};

/* What is known of a key without its private half. */
struct jwk_info {
	char name[JWK_NAME];			/* "" : no key */
	char thumbprint[JWK_THUMBPRINT];	/* RFC 7638, SHA-256 */
	char id[JWK_ID];	/* certbot's: MD5 of the SPKI as PEM */
	bool has_private;
};

/*
 * Reads a JWK as josepy does: any member order, padded and "+/" base64, RSA
 * with leading zero octets, with all CRT members or none (then they are
 * computed), unknown members ignored.  The key is checked for consistency.  A
 * key type that certbot cannot use (OKP, oct, secp256k1) is an error that
 * names it.  No private member is left in the heap.  RSA of 512 to 8192 bits.
 * CODE_STORE; the message starts with `what`.
 */
int jwk_parse(const char *text, size_t len, const char *what,
    struct jwk **out, struct error *err) WARN_UNUSED;

/*
 * Only the jwk_info of such a text, quickly (for list and check of many): the
 * members are checked against each other by arithmetic; with verify set an RSA
 * key must also sign once and verify, which finds a composite "prime".  Where
 * the check of the members fails, info is filled in all the same.
 */
int jwk_inspect(const char *text, size_t len, const char *what, bool verify,
    struct jwk_info *info, struct error *err) WARN_UNUSED;

/* Wipes and frees; NULL is fine. */
void jwk_free(struct jwk *k);

const struct jwk_info *jwk_info(const struct jwk *k);
/* "RS256", "ES256", "ES384", "ES512" */
const char *jwk_alg(const struct jwk *k);

/* Appends the public JWK, members in RFC 7638 order, no blanks. */
void jwk_public(const struct jwk *k, struct buf *b);

/* A signature over data in JWS form (R||S for EC, RFC 7518 section 3.4),
 * appended raw. */
int jwk_sign(const struct jwk *k, const void *data, size_t len,
    struct buf *sig, struct error *err) WARN_UNUSED;

/* True iff sig is k's signature of data. */
bool jwk_verify(const struct jwk *k, const void *data, size_t len,
    const void *sig, size_t siglen);

#endif
