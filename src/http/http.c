/* SPDX-License-Identifier: ISC */
#include "http/http.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"
#include "http/http_impl.h"

enum {
	SPARES = 64,		/* easy handles kept for the next request */
	/* libcurl's own buffers, one of each for every request in flight; our
	 * bodies have 2 KiB, the answers 1 */
	SEND_BUFFER = 16 * 1024,
	RECEIVE_BUFFER = 4 * 1024
};

struct http {
	CURLM *multi;
	struct http_trust trust;
	char *proxy;		/* NULL: the environment's */
	struct transfer *first;
	size_t pending;
	CURL *spare[SPARES];
	size_t nspare;
};

static const char *const method_names[] = {
	[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
};

int
http_start(struct error *err)
{
	static bool started;

	if (started)
		return 0;
	if (curl_load(err) == -1)
		return -1;
	if (curl_start() != CURLE_OK)
		return error_set(err, CODE_ERROR, "libcurl does not start");
	started = true;
	return 0;
}

int
http_new(const struct http_options *opts, struct http **out,
    struct error *err)
{
	struct http *h;

	if (http_start(err) == -1)
		return -1;
	if ((h = calloc(1, sizeof(*h))) == NULL)
		return error_nomem(err);
	if (http_trust_load(&h->trust, opts->ca_file, err) == -1)
		goto fail;
	if (opts->proxy != NULL && *opts->proxy != '\0' &&
	    str_dup(&h->proxy, opts->proxy, err) == -1)
		goto fail;
	if ((h->multi = curl.multi_init()) == NULL) {
		error_nomem(err);
		goto fail;
	}
	/* one connection: what is not sent on it waits for it */
	curl.multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
	curl.multi_setopt(h->multi, CURLMOPT_PIPELINING,
	    (long)CURLPIPE_MULTIPLEX);
	*out = h;
	return 0;
fail:
	http_free(h);
	return -1;
}

static void
transfer_free(struct transfer *t)
{
	curl.slist_free_all(t->fields);
	http_headers_free(&t->headers);
	buf_free(&t->body);
	free(t->url);
	free(t->request);
	free(t);
}

/* Takes t out of h; its easy handle is kept for another. */
static void
transfer_end(struct http *h, struct transfer *t)
{
	if (t->easy != NULL) {
		curl.multi_remove_handle(h->multi, t->easy);
		if (h->nspare < SPARES)
			h->spare[h->nspare++] = t->easy;
		else
			curl.easy_cleanup(t->easy);
	}
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		h->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	h->pending--;
	transfer_free(t);
}

void
http_free(struct http *h)
{
	struct transfer *t, *next;
	struct error err;

	if (h == NULL)
		return;
	for (t = h->first; t != NULL; t = next) {
		next = t->next;
		error_clear(&err);
		error_set(&err, CODE_ERROR, "'%s': given up", vis(t->url));
		t->done(t->arg, NULL, &err);
		transfer_end(h, t);
	}
	while (h->nspare > 0)
		curl.easy_cleanup(h->spare[--h->nspare]);
	if (h->multi != NULL)
		curl.multi_cleanup(h->multi);
	http_trust_free(&h->trust);
	free(h->proxy);
	free(h);
}

size_t
http_pending(const struct http *h)
{
	return h->pending;
}

/* ---- libcurl's callbacks: less than all ends the transfer ---------------- */

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	buf_add(&t->body, data, size * n);
	if (!t->body.failed)
		return size * n;
	if (t->body.nomem)
		error_nomem(&t->refused);
	else
		error_set(&t->refused, CODE_ERROR,
		    "its answer is longer than %zu bytes; is the URL "
		    "right?", t->body.max);
	return 0;
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (http_headers_line(&t->headers, line, size * n, &t->refused) == -1)
		return 0;
	return size * n;
}

/* ---- a request ---------------------------------------------------------- */

static void
set_trust(const struct http *h, CURL *e)
{
	struct curl_blob pem;

	/* NULL undoes libcurl's own default, a bundle parsed as a whole */
	curl.easy_setopt(e, CURLOPT_CAINFO, NULL);
	curl.easy_setopt(e, CURLOPT_CAPATH, h->trust.dir);
	if (h->trust.pem.len > 0) {
		pem.data = h->trust.pem.data;
		pem.len = h->trust.pem.len;
		pem.flags = CURL_BLOB_NOCOPY;
		curl.easy_setopt(e, CURLOPT_CAINFO_BLOB, &pem);
	}
	curl.easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl.easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl.easy_setopt(e, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
}

static void
set_limits(CURL *e, const struct http_request *req)
{
	bool object = req->max_body > LIMIT_HTTP_BODY;

	curl.easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)LIMIT_HTTP_CONNECT);
	curl.easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(req->total > 0 ?
	    req->total : LIMIT_HTTP_TOTAL));
	curl.easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl.easy_setopt(e, CURLOPT_LOW_SPEED_TIME,
	    (long)LIMIT_HTTP_STALL / 1000);
	curl.easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl.easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl.easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	curl.easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)(object ?
	    LIMIT_OBJECT_BUFFER : SEND_BUFFER));
	curl.easy_setopt(e, CURLOPT_BUFFERSIZE, (long)(object ?
	    LIMIT_OBJECT_BUFFER : RECEIVE_BUFFER));
	curl.easy_setopt(e, CURLOPT_HTTP_VERSION, (long)(req->auth != NULL ?
	    CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	curl.easy_setopt(e, CURLOPT_USERAGENT,
	    "acmeferry/" ACMEFERRY_VERSION);
}

static void
set_method(struct transfer *t, CURL *e, size_t len)
{
	switch (t->method) {
	case HTTP_GET:
		curl.easy_setopt(e, CURLOPT_HTTPGET, 1L);
		break;
	case HTTP_HEAD:
		curl.easy_setopt(e, CURLOPT_NOBODY, 1L);
		break;
	case HTTP_POST:
	case HTTP_PUT:
		curl.easy_setopt(e, CURLOPT_POST, 1L);
		/* not an upload: libcurl signs only what it has */
		if (t->method == HTTP_PUT)
			curl.easy_setopt(e, CURLOPT_CUSTOMREQUEST, "PUT");
		curl.easy_setopt(e, CURLOPT_POSTFIELDS,
		    t->request != NULL ? t->request : "");
		curl.easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)len);
		break;
	}
}

static int
add_field(struct transfer *t, const char *field, struct error *err)
{
	struct curl_slist *l;

	if ((l = curl.slist_append(t->fields, field)) == NULL)
		return error_nomem(err);
	t->fields = l;
	return 0;
}

static int
add_named(struct transfer *t, const char *name, const char *value,
    struct error *err)
{
	char *field = NULL;
	int r;

	if (value == NULL)
		return 0;
	if (str_printf(&field, err, "%s: %s", name, value) == -1)
		return -1;
	r = add_field(t, field, err);
	free(field);
	return r;
}

/* A signature of AWS covers the body by this field, which libcurl before 8.0
 * does not send of its own. */
static int
add_digest(struct transfer *t, const struct http_request *req,
    struct error *err)
{
	char hex[DIGEST_SHA256_HEX];

	if (digest_sha256_hex(req->body != NULL ? req->body : "",
	    req->body_len, hex, err) == -1)
		return -1;
	return add_named(t, "x-amz-content-sha256", hex, err);
}

static int
add_session(struct transfer *t, const struct secret *token,
    struct error *err)
{
	static const char name[] = "x-amz-security-token: ";
	struct secret field;
	int r;

	if (token->data == NULL)
		return 0;
	if (secret_alloc(&field, sizeof(name) - 1 + token->len, err) == -1)
		return -1;
	memcpy(field.data, name, sizeof(name) - 1);
	memcpy(field.data + sizeof(name) - 1, token->data, token->len);
	r = add_field(t, (const char *)field.data, err);
	secret_free(&field);
	return r;
}

static int
set_fields(struct transfer *t, const struct http_request *req,
    struct error *err)
{
	const struct http_auth *a = req->auth;

	/* RFC 8555 section 6.1; a field that is taken away so would be in a
	 * signature all the same */
	if (a == NULL && (add_field(t, "Accept-Language: en", err) == -1 ||
	    add_field(t, "Expect:", err) == -1))
		return -1;
	if (add_named(t, "Content-Type", req->content_type, err) == -1 ||
	    add_named(t, "If-Match", req->if_match, err) == -1 ||
	    add_named(t, "If-None-Match", req->if_none_match, err) == -1)
		return -1;
	if (a == NULL || a->kind != HTTP_AUTH_SIGV4)
		return 0;
	return add_digest(t, req, err) == -1 ? -1 :
	    add_session(t, &a->token, err);
}

static int
set_all(const struct http *h, struct transfer *t,
    const struct http_request *req, struct error *err)
{
	CURL *e = t->easy;

	if (curl.easy_setopt(e, CURLOPT_URL, t->url) != CURLE_OK ||
	    curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") != CURLE_OK)
		return error_nomem(err);
	if (h->proxy != NULL &&
	    curl.easy_setopt(e, CURLOPT_PROXY, h->proxy) != CURLE_OK)
		return error_nomem(err);
	set_trust(h, e);
	set_limits(e, req);
	set_method(t, e, req->body_len);
	if (t->auth != NULL && http_auth_set(t, err) == -1)
		return -1;
	curl.easy_setopt(e, CURLOPT_HTTPHEADER, t->fields);
	curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl.easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl.easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl.easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl.easy_setopt(e, CURLOPT_ERRORBUFFER, t->curl_error);
	curl.easy_setopt(e, CURLOPT_PRIVATE, t);
	/* what the proxy itself says is not the CA's answer */
	curl.easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* nor is what we say to the CA for the proxy */
	curl.easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	return 0;
}

static CURL *
easy_handle(struct http *h)
{
	CURL *e;

	if (h->nspare == 0)
		return curl.easy_init();
	e = h->spare[--h->nspare];
	curl.easy_reset(e);
	return e;
}

static int
copy_body(struct transfer *t, const struct http_request *req,
    struct error *err)
{
	if (req->body == NULL)
		return 0;
	if ((t->request = malloc(req->body_len + 1)) == NULL)
		return error_nomem(err);
	memcpy(t->request, req->body, req->body_len);
	t->request[req->body_len] = '\0';
	return 0;
}

int
http_submit(struct http *h, enum http_method method, const char *url,
    const char *content_type, const char *body, size_t body_len,
    http_done *done, void *arg, struct error *err)
{
	struct http_request req = { .method = method, .url = url,
		.content_type = content_type, .body = body,
		.body_len = body_len };

	return http_request(h, &req, done, arg, err);
}

int
http_request(struct http *h, const struct http_request *req,
    http_done *done, void *arg, struct error *err)
{
	struct transfer *t = NULL;

	if (!str_starts(req->url, "https://"))
		return error_set(err, CODE_ERROR, "'%s': want an https:// URL",
		    vis(req->url));
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return error_nomem(err);
	buf_init(&t->body, req->max_body != 0 ? req->max_body :
	    LIMIT_HTTP_BODY);
	error_clear(&t->refused);
	t->method = req->method;
	t->auth = req->auth;
	t->done = done;
	t->arg = arg;
	t->begun = clock_mono();
	t->next = h->first;
	if (h->first != NULL)
		h->first->prev = t;
	h->first = t;
	h->pending++;
	if (str_dup(&t->url, req->url, err) == -1 ||
	    copy_body(t, req, err) == -1 || set_fields(t, req, err) == -1)
		goto fail;
	if ((t->easy = easy_handle(h)) == NULL) {
		error_nomem(err);
		goto fail;
	}
	if (set_all(h, t, req, err) == -1)
		goto fail;
	if (curl.multi_add_handle(h->multi, t->easy) != CURLM_OK) {
		error_nomem(err);
		goto fail;
	}
	return 0;
fail:
	transfer_end(h, t);
	return -1;
}

/* ---- working ------------------------------------------------------------ */

static void
answer(struct transfer *t, CURLcode rc)
{
	struct http_response r = { 0 };
	struct error err;
	long version = 0;

	if (rc != CURLE_OK) {
		http_failure(t, rc, &err);
		log_debug("%s %s: %s", method_names[t->method], t->url,
		    err.msg);
		t->done(t->arg, NULL, &err);
		return;
	}
	curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &r.status);
	log_debug("%s %s: %ld, %zu bytes, %lld ms", method_names[t->method],
	    t->url, r.status, t->body.len,
	    (long long)(clock_mono() - t->begun));
	curl.easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	r.multiplexed = version >= CURL_HTTP_VERSION_2_0;
	r.body = buf_str(&t->body);
	r.body_len = t->body.len;
	r.content_type = t->headers.content_type;
	r.location = t->headers.location;
	r.nonce = t->headers.nonce;
	r.etag = t->headers.etag;
	r.alternates = &t->headers.alternates;
	r.date = t->headers.date;
	r.modified = t->headers.modified;
	r.retry_after = http_retry_after(&t->headers, clock_now());
	t->done(t->arg, &r, NULL);
}

/* Hands out what has come; *any tells whether something had. */
static void
harvest(struct http *h, bool *any)
{
	struct transfer *t;
	CURLMsg *msg;
	CURLcode rc;
	char *private = NULL;
	int left;

	while ((msg = curl.multi_info_read(h->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		*any = true;
		rc = msg->data.result;
		curl.easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    &private);
		t = (struct transfer *)(void *)private;
		answer(t, rc);
		transfer_end(h, t);
	}
}

int
http_step(struct http *h, int64_t ms, struct error *err)
{
	int64_t end = clock_mono() + ms, left;
	bool any = false;
	CURLMcode rc;
	int running;

	while (h->pending > 0) {
		if ((rc = curl.multi_perform(h->multi, &running)) != CURLM_OK)
			return error_set(err, CODE_ERROR, "libcurl: %s",
			    curl.multi_strerror(rc));
		harvest(h, &any);
		left = end - clock_mono();
		if (any || left <= 0)
			break;
		if (left > 1000)
			left = 1000;
		if ((rc = curl.multi_poll(h->multi, NULL, 0, (int)left,
		    NULL)) != CURLM_OK)
			return error_set(err, CODE_ERROR, "libcurl: %s",
			    curl.multi_strerror(rc));
	}
	return 0;
}
