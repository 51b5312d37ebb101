/* SPDX-License-Identifier: ISC */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"

/* The header fields of an answer that we use, from its raw lines. */
struct http_headers {
	char *content_type, *location, *nonce;	/* NULL: absent or unfit */
	char *retry_after;
	char *etag;		/* RFC 9110 section 8.8.3 */
	struct strs alternates;	/* Link: link_alternates() */
	int64_t date, modified;	/* 0: absent or unfit */
	size_t bytes;		/* of all lines */
};

/*
 * Takes one line as it came (its CRLF is optional); a status line begins a new
 * answer, as behind 1xx and a proxy's CONNECT.  Field names in any case; a
 * nonce that is not base64url is ignored (RFC 8555 section 6.5.1), as are a
 * Location longer than LIMIT_URL and an ETag that is not one of printable
 * ASCII in quotes and at most LIMIT_ETAG long.  -1: more than
 * LIMIT_HTTP_HEADERS in all, or no memory; the caller names the URL.
 */
int http_headers_line(struct http_headers *h, const char *line, size_t len,
    struct error *err) WARN_UNUSED;
void http_headers_free(struct http_headers *h);

/* Retry-After in seconds from now (RFC 9110 section 10.2.3: a number, or a
 * date, seen from `date` or, where that is 0, from now); -1: none. */
int64_t http_retry_after(const struct http_headers *h, int64_t now);

#endif
