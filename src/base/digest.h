/* SPDX-License-Identifier: ISC */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

#include "base/error.h"

enum {
	DIGEST_SHA256 = 32,	/* bytes */
	DIGEST_SHA256_HEX = 65,	/* with the NUL */
	DIGEST_MD5_HEX = 33
};

int digest_sha256(const void *data, size_t len,
    unsigned char out[DIGEST_SHA256], struct error *err) WARN_UNUSED;
int digest_sha256_hex(const void *data, size_t len,
    char out[DIGEST_SHA256_HEX], struct error *err) WARN_UNUSED;

/* No security rests on it: certbot names its accounts so.  Works in FIPS mode
 * too (as certbot's usedforsecurity=False). */
int digest_md5_hex(const void *data, size_t len, char out[DIGEST_MD5_HEX],
    struct error *err) WARN_UNUSED;

/* Lower case, with a NUL: 2 * len + 1 bytes. */
void digest_hex(const unsigned char *data, size_t len, char *out);

#endif
