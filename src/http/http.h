/* SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"
#include "http/auth.h"

/*
 * The one HTTPS client, over libcurl's multi interface: HTTPS only, no
 * redirects, HTTP/2 where offered, connections kept, many requests in flight,
 * ceilings and deadlines of base/limits.h.  Trust: the system's as a hashed
 * directory, plus ca_file.  What libcurl itself keeps of a secret it frees
 * wiped.
 */
struct http;

struct http_options {
	const char *ca_file;	/* NULL or "": none */
	const char *proxy;	/* NULL or "": from the environment */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT };

/* An answer; valid only during the callback. */
struct http_response {
	long status;
	const char *body;	/* NUL-terminated */
	size_t body_len;
	const char *content_type;	/* these: NULL where absent */
	const char *location;
	const char *nonce;	/* Replay-Nonce */
	const char *etag;	/* as it came: W/ and quotes */
	const struct strs *alternates;	/* Link; see http/link.h */
	int64_t retry_after;	/* seconds from now, -1 */
	int64_t date;		/* the server's Date, 0 */
	int64_t modified;	/* Last-Modified, 0 */
	bool multiplexed;	/* many requests at once (HTTP/2) */
};

/*
 * err is NULL for any answer that came whole (also 4xx and 5xx); else r is
 * NULL and err says what failed: CODE_RETRY for no such host, refused,
 * stalled, cut, deadline; CODE_TRUST for a certificate; CODE_ERROR for the
 * rest.  The callback may submit further requests.
 */
typedef void http_done(void *arg, const struct http_response *r,
    const struct error *err);

int http_new(const struct http_options *opts, struct http **out,
    struct error *err) WARN_UNUSED;
/* What is in flight fails: its callbacks are called, and must not submit. */
void http_free(struct http *h);

/* Queues a request; url must be https.  body is copied; NULL: none. */
int http_submit(struct http *h, enum http_method method, const char *url,
    const char *content_type, const char *body, size_t body_len,
    http_done *done, void *arg, struct error *err) WARN_UNUSED;

/*
 * The same with everything that a request can have; what is pointed to is
 * copied, but auth, which must stay until the callback.  One with auth goes by
 * HTTP/1.1, since the library for HTTP/2 frees what it sent unwiped.
 */
struct http_request {
	enum http_method method;
	const char *url;
	const char *content_type;	/* NULL: none, and the next three */
	const char *body;
	size_t body_len;
	const char *if_match, *if_none_match;
	const struct http_auth *auth;
	size_t max_body;	/* of the answer; 0: LIMIT_HTTP_BODY */
	int64_t total;		/* ms for all of it; 0: LIMIT_HTTP_TOTAL */
};
int http_request(struct http *h, const struct http_request *req,
    http_done *done, void *arg, struct error *err) WARN_UNUSED;

/* Works for at most ms; returns at once when nothing is in flight. */
int http_step(struct http *h, int64_t ms, struct error *err) WARN_UNUSED;

/* Requests queued or in flight. */
size_t http_pending(const struct http *h);

#endif
