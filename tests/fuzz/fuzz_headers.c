/* SPDX-License-Identifier: ISC */
/* Header lines, one a line of the input. */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "http/headers.h"
#include "http/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *nl;
	struct http_headers h = { 0 };
	struct error err;
	int64_t wait;
	size_t len;

	while (size > 0) {
		nl = memchr(p, '\n', size);
		len = nl == NULL ? size : (size_t)(nl - p) + 1;
		if (http_headers_line(&h, p, len, &err) == -1)
			break;
		p += len;
		size -= len;
	}
	wait = http_retry_after(&h, 1795467960);
	if (wait < -1 || h.date < 0 || h.modified < 0 ||
	    h.bytes > LIMIT_HTTP_HEADERS)
		abort();
	/* it goes into a request as it is */
	if (h.etag != NULL && strlen(h.etag) > LIMIT_ETAG)
		abort();
	for (const char *s = h.etag; s != NULL && *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			abort();
	for (const char *s = h.nonce; s != NULL && *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && *s != '-' && *s != '_')
			abort();
	if (h.location != NULL && strlen(h.location) > LIMIT_URL)
		abort();
	if (h.alternates.n > LINK_ALTERNATES)
		abort();
	for (size_t i = 0; i < h.alternates.n; i++) {
		const char *s = h.alternates.v[i];

		if (strncasecmp(s, "https://", 8) != 0 ||
		    strlen(s) > LIMIT_URL)
			abort();
		for (; *s != '\0'; s++)
			if (*s <= ' ' || *s > '~')
				abort();
	}
	http_headers_free(&h);
	return 0;
}
