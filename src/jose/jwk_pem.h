/* SPDX-License-Identifier: ISC */
#ifndef JOSE_JWK_PEM_H
#define JOSE_JWK_PEM_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"

/*
 * Account keys as other ACME clients keep them (PEM), from and to the JWK that
 * certbot keeps.  Every key is checked as jwk_inspect() does with verify set;
 * what cannot sign, or what certbot cannot use, is CODE_STORE, and the message
 * starts with `what`.  OpenSSL's copies are wiped as it frees them
 * (secret_wipe_openssl()).
 */

/* Asked for the passphrase of an encrypted key; the caller wipes *out.  -1
 * with *err: there is none. */
typedef int jwk_passphrase_fn(void *arg, struct secret *out,
    struct error *err);

/*
 * Reads the first private key of a PEM text: PKCS #1, PKCS #8 (RFC 5208), SEC1
 * (RFC 5915), with or without EC PARAMETERS before it, encrypted or not; other
 * blocks are passed over.  Appends its JWK as certbot writes one: one line,
 * members in josepy's order, no newline.  out is sensitive.  ask is called at
 * most once, and only for an encrypted key.
 */
int jwk_from_pem(const char *text, size_t len, const char *what,
    jwk_passphrase_fn *ask, void *arg, struct buf *out, struct error *err)
    WARN_UNUSED;

/* The same for a text that is a JWK already, as jwk_parse() reads it. */
int jwk_normal(const char *text, size_t len, const char *what,
    struct buf *out, struct error *err) WARN_UNUSED;

/* Appends the key as PEM that every client reads: PKCS #1 ("RSA PRIVATE KEY")
 * or SEC1 ("EC PRIVATE KEY").  out is sensitive. */
int jwk_to_pem(const char *text, size_t len, const char *what,
    struct buf *out, struct error *err) WARN_UNUSED;

#endif
