/* SPDX-License-Identifier: ISC */
#ifndef JOSE_JWK_RAW_H
#define JOSE_JWK_RAW_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"
#include "jose/jwk.h"

/* Private to jose/: a JWK's members decoded, before any key is made of them. */
enum jwk_kty { JWK_RSA, JWK_EC };

enum {
	JWK_SIG_MAX = 1024	/* RSA-8192 */
};

struct jwk {
	struct jwk_info info;
	const struct jwk_curve *curve;	/* NULL: RSA */
	EVP_PKEY *pkey;
	char *public;			/* RFC 7638 JSON */
};

/* RSA: n e d p q dp dq qi; EC: x y d. */
enum {
	RAW_N, RAW_E, RAW_RSA_D, RAW_P, RAW_Q, RAW_DP, RAW_DQ, RAW_QI,
	RAW_X = 0, RAW_Y = 1, RAW_EC_D = 2,
	RAW_MAX = 8
};

struct jwk_curve {
	const char *name;	/* JWK's, which OpenSSL knows too */
	const char *group;	/* OpenSSL's own */
	const char *alg;
	size_t size;		/* bytes of a coordinate */
	unsigned char oid[10];	/* DER, with tag and length */
	size_t oidlen;
};

struct jwk_raw {
	enum jwk_kty kty;
	const struct jwk_curve *curve;	/* EC */
	struct secret m[RAW_MAX];	/* big-endian; empty: absent */
	bool has_private;
	bool has_crt;
};

/* By JWK's or any of OpenSSL's names; NULL: none of ours. */
const struct jwk_curve *jwk_curve(const char *name);

/* Decodes; form is checked (lengths, alphabet, all CRT members or none). */
int jwk_raw_parse(const char *text, size_t len, const char *what,
    struct jwk_raw *raw, struct error *err) WARN_UNUSED;
void jwk_raw_free(struct jwk_raw *raw);

/* The public JWK in RFC 7638 order. */
void jwk_raw_public(const struct jwk_raw *raw, struct buf *b);
/* Name, thumbprint, id of the public half. */
int jwk_raw_info(const struct jwk_raw *raw, struct jwk_info *info,
    struct error *err) WARN_UNUSED;

/* The members against each other: an RSA key's arithmetic (missing CRT members
 * are computed into raw), an EC point against its curve and d. */
int jwk_raw_check(struct jwk_raw *raw, const char *what, struct error *err)
    WARN_UNUSED;
int jwk_rsa_complete(struct jwk_raw *raw, const char *what,
    struct error *err) WARN_UNUSED;
int jwk_ec_check(const struct jwk_raw *raw, const char *what,
    struct error *err) WARN_UNUSED;
/* The OpenSSL key, after that check; try: an RSA key signs something, which
 * takes as long as all the rest. */
int jwk_raw_key(struct jwk_raw *raw, const char *what, bool try,
    EVP_PKEY **out, struct error *err) WARN_UNUSED;

#endif
