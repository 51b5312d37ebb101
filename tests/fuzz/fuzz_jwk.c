/* SPDX-License-Identifier: ISC */
/* A JWK from anywhere: refused with a message, or a key that works. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jose/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct jwk_info quick;
	struct jwk *k = NULL;
	struct error err;
	struct buf b;

	error_clear(&err);
	if (size > 16384)
		return 0;
	if (jwk_parse(text, size, "key", &k, &err) == -1) {
		if (err.code != CODE_STORE || err.msg[0] == '\0')
			abort();
		return 0;
	}
	if (jwk_inspect(text, size, "key", false, &quick, &err) == -1 ||
	    strcmp(quick.id, jwk_info(k)->id) != 0)
		abort();
	buf_init(&b, 4096);
	if (jwk_sign(k, data, size, &b, &err) == 0 &&
	    !jwk_verify(k, data, size, b.data, b.len))
		abort();
	buf_free(&b);
	jwk_free(k);
	return 0;
}
