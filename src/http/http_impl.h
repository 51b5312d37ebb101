/* SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_IMPL_H
#define HTTP_HTTP_IMPL_H

#include "http/curl_lib.h"

#include "base/buf.h"
#include "http/headers.h"
#include "http/http.h"

/* Shared by the files of http/ alone. */

/* libcurl is loaded and started once, when it is needed; from then on it wipes
 * what it frees. */
int http_start(struct error *err) WARN_UNUSED;

struct transfer {
	struct transfer *prev, *next;
	CURL *easy;
	enum http_method method;
	char *url;
	char *request;		/* our body */
	const struct http_auth *auth;	/* NULL: none */
	struct curl_slist *fields;
	struct http_headers headers;
	struct buf body;
	struct error refused;	/* why a callback ended it; CODE_OK: none */
	char curl_error[CURL_ERROR_SIZE];
	int64_t begun;		/* clock_mono() */
	http_done *done;
	void *arg;
};

/* Tells libcurl who we are; what it cannot take is CODE_ERROR. */
int http_auth_set(const struct transfer *t, struct error *err) WARN_UNUSED;

/* What a failed transfer means. */
void http_failure(const struct transfer *t, CURLcode rc, struct error *err);

/* The trust anchors: a hashed directory to look in, or NULL, and PEM text. */
struct http_trust {
	const char *dir;	/* static */
	struct buf pem;
};
int http_trust_load(struct http_trust *t, const char *ca_file,
    struct error *err) WARN_UNUSED;
void http_trust_free(struct http_trust *t);

#endif
