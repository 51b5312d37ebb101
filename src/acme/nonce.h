/* SPDX-License-Identifier: ISC */
#ifndef ACME_NONCE_H
#define ACME_NONCE_H

#include <stddef.h>

#include "base/error.h"

/*
 * The pool of nonces of one CA (RFC 8555 section 6.5): every answer brings
 * one.  The newest is used first, as old ones lose their validity.
 */
enum { NONCES_MAX = 128 };

struct nonces {
	char *v[NONCES_MAX];
	size_t n;
};

/* Keeps a copy; the oldest goes where there is no room.  NULL: nothing. */
int nonces_put(struct nonces *p, const char *nonce, struct error *err)
    WARN_UNUSED;
/* The newest, which the caller frees; NULL: none. */
char *nonces_take(struct nonces *p);
void nonces_free(struct nonces *p);

#endif
