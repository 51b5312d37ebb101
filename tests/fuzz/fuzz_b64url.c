/* SPDX-License-Identifier: ISC */
/* What the strict decoder takes, it gives back; the lenient one takes it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jose/b64url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secret s = { NULL, 0 }, t = { NULL, 0 };
	const char *text = (const char *)data;
	struct error err;
	struct buf b;

	error_clear(&err);
	if (b64url_decode(text, size, &s, &err) == 0) {
		buf_init(&b, size + 4);
		b64url_encode(&b, s.data, s.len);
		if (b.failed || b.len != size ||
		    (size > 0 && memcmp(b.data, data, size) != 0))
			abort();
		buf_free(&b);
		if (b64url_decode_lenient(text, size, "x", &t, &err) == -1 ||
		    t.len != s.len)
			abort();
		secret_free(&t);
		if (b64url_decode_josepy(text, size, "x", &t, &err) == -1 ||
		    t.len != s.len)
			abort();
	} else if (b64url_decode_lenient(text, size, "x", &t, &err) == -1 &&
	    err.msg[0] == '\0')
		abort();
	secret_free(&t);
	if (b64url_decode_josepy(text, size, "x", &t, &err) == -1 &&
	    err.msg[0] == '\0')
		abort();
	secret_free(&s);
	secret_free(&t);
	return 0;
}
