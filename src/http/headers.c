/* SPDX-License-Identifier: ISC */
#include "http/headers.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"
#include "http/link.h"

enum {
	NONCE_MAX = 512,	/* Boulder's have 44 bytes */
	TYPE_MAX = 256,
	RETRY_MAX = 64
};

/* longest wait that a server can make us report: a year */
#define RETRY_LONGEST	(366LL * 24 * 3600)

void
http_headers_free(struct http_headers *h)
{
	free(h->content_type);
	free(h->location);
	free(h->nonce);
	free(h->retry_after);
	free(h->etag);
	strs_free(&h->alternates);
	memset(h, 0, sizeof(*h));
}

static bool
base64url_only(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' &&
		    s[i] != '_')
			return false;
	return len > 0;
}

/* The last of several wins; one that is too long is as if absent. */
static int
keep(char **out, const char *val, size_t len, size_t max, struct error *err)
{
	char *copy = NULL;

	if (len > 0 && len <= max && memchr(val, '\0', len) == NULL) {
		if ((copy = strndup(val, len)) == NULL)
			return error_nomem(err);
	}
	free(*out);
	*out = copy;
	return 0;
}

static int
take_date(int64_t *out, const char *val, size_t len)
{
	char text[64];

	*out = 0;
	if (len >= sizeof(text) || memchr(val, '\0', len) != NULL)
		return 0;
	memcpy(text, val, len);
	text[len] = '\0';
	if (time_parse_http(text, out) == -1 || *out < 0)
		*out = 0;
	return 0;
}

/* [W/]"...", with nothing in it that could end the field. */
static bool
entity_tag(const char *s, size_t len)
{
	if (len >= 2 && s[0] == 'W' && s[1] == '/') {
		s += 2;
		len -= 2;
	}
	if (len < 2 || s[0] != '"' || s[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if (s[i] <= ' ' || s[i] == '"' || s[i] > '~')
			return false;
	return true;
}

static bool
named(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(line, name, len) == 0;
}

int
http_headers_line(struct http_headers *h, const char *line, size_t len,
    struct error *err)
{
	const char *colon, *val;
	size_t nlen, bytes;

	if (len > LIMIT_HTTP_HEADERS || h->bytes > LIMIT_HTTP_HEADERS - len)
		return error_set(err, CODE_ERROR,
		    "headers are longer than %d bytes", LIMIT_HTTP_HEADERS);
	h->bytes += len;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		bytes = h->bytes;
		http_headers_free(h);
		h->bytes = bytes;
		return 0;
	}
	if ((colon = memchr(line, ':', len)) == NULL)
		return 0;
	nlen = (size_t)(colon - line);
	val = colon + 1;
	len -= nlen + 1;
	while (len > 0 && (*val == ' ' || *val == '\t')) {
		val++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", val[len - 1]) != NULL &&
	    val[len - 1] != '\0')
		len--;
	if (named(line, nlen, "content-type"))
		return keep(&h->content_type, val, len, TYPE_MAX, err);
	if (named(line, nlen, "location"))
		return keep(&h->location, val, len, LIMIT_URL, err);
	if (named(line, nlen, "retry-after"))
		return keep(&h->retry_after, val, len, RETRY_MAX, err);
	if (named(line, nlen, "replay-nonce"))
		return keep(&h->nonce, val, base64url_only(val, len) ? len : 0,
		    NONCE_MAX, err);
	if (named(line, nlen, "date"))
		return take_date(&h->date, val, len);
	if (named(line, nlen, "last-modified"))
		return take_date(&h->modified, val, len);
	if (named(line, nlen, "etag"))
		return keep(&h->etag, val, entity_tag(val, len) ? len : 0,
		    LIMIT_ETAG, err);
	if (named(line, nlen, "link"))
		return link_alternates(val, len, &h->alternates, err);
	return 0;
}

int64_t
http_retry_after(const struct http_headers *h, int64_t now)
{
	struct error ignored;
	int64_t t;

	if (h->retry_after == NULL)
		return -1;
	if (h->retry_after[strspn(h->retry_after, "0123456789")] == '\0') {
		if (num_parse(h->retry_after, 0, RETRY_LONGEST, "Retry-After",
		    &t, &ignored) == -1)
			return RETRY_LONGEST;
		return t;
	}
	if (time_parse_http(h->retry_after, &t) == -1)
		return -1;
	t -= h->date != 0 ? h->date : now;
	if (t < 0)
		return 0;
	return t > RETRY_LONGEST ? RETRY_LONGEST : t;
}
