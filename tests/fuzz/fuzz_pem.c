/* SPDX-License-Identifier: ISC */
/* A PEM key from anywhere: refused with a message, or a key that certbot and
 * we can use, and that is the same when it went out and came in again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jose/jwk_pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
nobody(void *arg, struct secret *out, struct error *err)
{
	(void)arg;
	(void)out;
	return error_set(err, CODE_STORE, "no passphrase");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf jwk, pem, again;
	struct error err;

	error_clear(&err);
	if (size > 16384)
		return 0;
	buf_init_sensitive(&jwk, 65536);
	buf_init_sensitive(&pem, 65536);
	buf_init_sensitive(&again, 65536);
	if (jwk_from_pem((const char *)data, size, "key", nobody, NULL, &jwk,
	    &err) == -1) {
		if (err.code != CODE_STORE || err.msg[0] == '\0')
			abort();
	} else if (jwk_to_pem(jwk.data, jwk.len, "key", &pem, &err) == -1 ||
	    jwk_from_pem(pem.data, pem.len, "key", nobody, NULL, &again,
	    &err) == -1 || strcmp(again.data, jwk.data) != 0)
		abort();
	buf_free(&jwk);
	buf_free(&pem);
	buf_free(&again);
	return 0;
}
