/* SPDX-License-Identifier: ISC */
#ifndef JOSE_JWS_H
#define JOSE_JWS_H

#include "base/buf.h"
#include "base/error.h"
#include "jose/jwk.h"

/*
 * A request's body: flattened JWS JSON (RFC 7515 section 7.2.2) as RFC 8555
 * section 6.2 wants it.  kid NULL: the public key itself is sent ("jwk").
 * payload NULL: the empty payload of POST-as-GET.  Replaces b's content.
 */
int jws_request(const struct jwk *k, const char *kid, const char *nonce,
    const char *url, const char *payload, struct buf *b, struct error *err)
    WARN_UNUSED;

#endif
