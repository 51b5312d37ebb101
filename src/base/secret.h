/* SPDX-License-Identifier: ISC */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

#include "base/error.h"

/*
 * Bytes that must not outlive their use.  Wipe early (secret_free() right
 * after the last use); freeing an empty one is fine.
 */
struct secret {
	unsigned char *data;	/* len bytes and a NUL behind; NULL if empty */
	size_t len;
};

/* Allocates len zero bytes and a NUL behind them.  The caller frees. */
int secret_alloc(struct secret *s, size_t len, struct error *err) WARN_UNUSED;

/* A copy of data. */
int secret_dup(struct secret *s, const void *data, size_t len,
    struct error *err) WARN_UNUSED;

/* Wipes, frees, empties. */
void secret_free(struct secret *s);

/*
 * From here on OpenSSL wipes whatever it frees or moves: its decoders leave
 * the DER of private keys in the heap.  To be called before OpenSSL is used at
 * all; later it changes nothing.
 */
void secret_wipe_openssl(void);

/* Overwrites what calls that have returned left on the stack below the caller:
 * right after a library that copies secrets through a buffer of its own. */
void secret_wipe_stack(void);

/* Overwrites memory in a way that the compiler keeps; NULL is fine. */
void secret_wipe(void *p, size_t len);

#endif
