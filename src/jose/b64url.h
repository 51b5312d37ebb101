/* SPDX-License-Identifier: ISC */
#ifndef JOSE_B64URL_H
#define JOSE_B64URL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"

/* base64url without padding, RFC 4648 section 5 and RFC 7515 section 2. */

/* Appends the encoding to b; constant time with respect to the data. */
void b64url_encode(struct buf *b, const void *data, size_t len);

/* Strict: the alphabet of base64url only, no padding, unused bits zero. */
int b64url_decode(const char *text, size_t len, struct secret *out,
    struct error *err) WARN_UNUSED;

/* As certbot reads a JWK member: both alphabets, any padding; anything else
 * is refused.  The message names `what` and the position, never the text. */
int b64url_decode_lenient(const char *text, size_t len, const char *what,
    struct secret *out, struct error *err) WARN_UNUSED;

/*
 * Exactly what certbot (josepy over Python's base64) makes of a JWK member:
 * characters outside both alphabets are passed over, though they count where
 * it works out how much padding to add, and nothing is read behind padding
 * that completes a group.  So some texts with junk succeed and some do not.
 */
int b64url_decode_josepy(const char *text, size_t len, const char *what,
    struct secret *out, struct error *err) WARN_UNUSED;

#endif
