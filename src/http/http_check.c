/* SPDX-License-Identifier: ISC */
#include "http/http_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"
#include "http/http_impl.h"

#define PATH	"/.well-known/acme-challenge/"

const char *
http_check_text(enum http_check_verdict v)
{
	static const char *const texts[] = {
		[HTTP_CHECK_RIGHT] = "right", [HTTP_CHECK_WRONG] = "wrong",
		[HTTP_CHECK_MISSING] = "missing",
		[HTTP_CHECK_REDIRECT] = "redirect",
		[HTTP_CHECK_UNREACHABLE] = "unreachable",
	};

	return texts[v];
}

/* Nothing that could end the host or the path of a URL. */
static bool
fits(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	return s[0] != '\0' && s[strspn(s, plain)] == '\0';
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, data, size * n);
	return b->failed ? 0 : size * n;
}

static void
set_limits(CURL *e)
{
	curl.easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)LIMIT_CHECK_CONNECT);
	curl.easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)LIMIT_CHECK_TOTAL);
	curl.easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl.easy_setopt(e, CURLOPT_PROXY, "");
	curl.easy_setopt(e, CURLOPT_NOPROXY, "*");
	curl.easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	curl.easy_setopt(e, CURLOPT_HTTPGET, 1L);
	curl.easy_setopt(e, CURLOPT_USERAGENT,
	    "acmeferry/" ACMEFERRY_VERSION);
}

static void
unreachable(CURL *e, CURLcode rc, const char *said, struct http_check *out)
{
	long sys = 0;
	const char *why = said[0] != '\0' ? said : curl.easy_strerror(rc);

	curl.easy_getinfo(e, CURLINFO_OS_ERRNO, &sys);
	if (rc == CURLE_COULDNT_RESOLVE_HOST)
		why = "no such host";
	else if (rc == CURLE_COULDNT_CONNECT && sys != 0)
		why = strerror((int)sys);
	out->verdict = HTTP_CHECK_UNREACHABLE;
	(void)snprintf(out->detail, sizeof(out->detail),
	    "gives no answer: %s", vis(why));
}

static bool
same(const struct buf *body, const char *want)
{
	size_t len = body->len, wanted = strlen(want);

	while (len > 0 && strchr(" \t\r\n", body->data[len - 1]) != NULL)
		len--;
	return len == wanted && memcmp(body->data, want, len) == 0;
}

static void
judge(CURL *e, const struct buf *body, const char *want,
    struct http_check *out)
{
	char *location = NULL;

	curl.easy_getinfo(e, CURLINFO_RESPONSE_CODE, &out->status);
	curl.easy_getinfo(e, CURLINFO_REDIRECT_URL, &location);
	if (out->status >= 300 && out->status < 400) {
		out->verdict = HTTP_CHECK_REDIRECT;
		(void)snprintf(out->detail, sizeof(out->detail),
		    "redirects to '%s'", location == NULL ? "" :
		    vis(location));
	} else if (out->status != 200) {
		out->verdict = HTTP_CHECK_MISSING;
		(void)snprintf(out->detail, sizeof(out->detail),
		    "answers %ld", out->status);
	} else if (body->failed || !same(body, want)) {
		out->verdict = HTTP_CHECK_WRONG;
		(void)snprintf(out->detail, sizeof(out->detail),
		    "answers with something else: '%s'",
		    vis_n(body->data == NULL ? "" : body->data,
		    body->len < 60 ? body->len : 60));
	} else {
		out->verdict = HTTP_CHECK_RIGHT;
		(void)snprintf(out->detail, sizeof(out->detail),
		    "answers it");
	}
}

/* "::HOST:PORT", whatever the URL says. */
static int
connect_to(CURL *e, const char *address, struct curl_slist **list,
    struct error *err)
{
	char *text = NULL;

	if (str_printf(&text, err, "::%s", address) == -1)
		return -1;
	*list = curl.slist_append(NULL, text);
	free(text);
	if (*list == NULL ||
	    curl.easy_setopt(e, CURLOPT_CONNECT_TO, *list) != CURLE_OK)
		return error_nomem(err);
	return 0;
}

static int
fetch(CURL *e, const char *address, const char *url, const char *want,
    struct http_check *out, struct error *err)
{
	char said[CURL_ERROR_SIZE] = "";
	struct curl_slist *list = NULL;
	struct buf body;
	CURLcode rc;
	int r = -1;

	buf_init(&body, LIMIT_CHECK_BODY);
	if (connect_to(e, address, &list, err) == -1)
		goto out;
	if (curl.easy_setopt(e, CURLOPT_URL, url) != CURLE_OK ||
	    curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http") != CURLE_OK) {
		error_nomem(err);
		goto out;
	}
	set_limits(e);
	curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl.easy_setopt(e, CURLOPT_WRITEDATA, &body);
	curl.easy_setopt(e, CURLOPT_ERRORBUFFER, said);
	rc = curl.easy_perform(e);
	if (body.nomem) {
		error_nomem(err);
		goto out;
	}
	if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && body.failed))
		judge(e, &body, want, out);
	else
		unreachable(e, rc, said, out);
	log_debug("GET %s at %s: %s", url, vis(address), out->detail);
	r = 0;
out:
	curl.slist_free_all(list);
	buf_free(&body);
	return r;
}

int
http_check(const char *address, const char *name, const char *token,
    const char *want, struct http_check *out, struct error *err)
{
	char *url = NULL;
	CURL *e;
	int r;

	memset(out, 0, sizeof(*out));
	if (!fits(name) || !fits(token))
		return error_set(err, CODE_ERROR, "'%s': cannot be part of a "
		    "URL", vis(fits(name) ? token : name));
	if (http_start(err) == -1 || str_printf(&url, err, "http://%s" PATH
	    "%s", name, token) == -1)
		return -1;
	if ((e = curl.easy_init()) == NULL)
		r = error_nomem(err);
	else
		r = fetch(e, address, url, want, out, err);
	curl.easy_cleanup(e);
	free(url);
	return r;
}
