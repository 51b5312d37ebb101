/* SPDX-License-Identifier: ISC */
#ifndef HTTP_LEAF_H
#define HTTP_LEAF_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Which certificate does a server show?  Connects with TLS to `place`
 * ("HOST:PORT", an IPv6 address in brackets) and names `name` (SNI); nothing
 * is sent or read behind the handshake.  Nothing is trusted: the leaf is only
 * looked at.  No proxy.  At most deadline ms (from now).
 *
 * pem: the leaf, appended.  Cannot connect, no handshake: CODE_RETRY; the
 * message begins with place.
 */
int http_leaf(const char *place, const char *name, int64_t deadline,
    struct buf *pem, struct error *err) WARN_UNUSED;

#endif
