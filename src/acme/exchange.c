/* SPDX-License-Identifier: ISC */
/* Reads the CA's answers: nonces, clock, waiting, problems, garbage. */
#include "acme/acme_impl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "acme/directory.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "base/vis.h"

enum { BROKEN_MAX = 3 };	/* failures in a row before we stop asking */

/* The media type alone: "text/html; charset=utf-8" is "text/html". */
static bool
is_type(const char *content_type, const char *want)
{
	size_t len = strlen(want);

	return content_type != NULL &&
	    strncasecmp(content_type, want, len) == 0 &&
	    strchr("; \t", content_type[len]) != NULL;
}

static bool
is_json(const char *content_type)
{
	return is_type(content_type, "application/json") ||
	    is_type(content_type, "application/problem+json");
}

/* The CA's clock is taken from its first answer and kept: the differences
 * that matter are hours. */
static void
learn(struct acme *a, const struct http_response *r)
{
	struct error ignored;

	if (nonces_put(&a->nonces, r->nonce, &ignored) == -1)
		a->nomem = true;
	if (!r->multiplexed)
		a->max_in_flight = IN_FLIGHT_SINGLE;
	if (r->date > 0 && !a->has_skew) {
		a->skew = r->date - clock_now();
		a->has_skew = true;
		if (a->skew > 60 || a->skew < -60)
			log_verbose("'%s': its clock differs from ours by "
			    "%lld s", vis(a->server), (long long)a->skew);
	}
}

/* Sends x again later where the CA says so and there is time. */
static bool
wait_and_retry(struct exchange *x, const struct http_response *r)
{
	struct acme *a = x->acme;
	int64_t wait = r->retry_after;
	char text[32];

	if ((r->status != 429 && r->status != 503) || wait < 0)
		return false;
	if (wait == 0)
		wait = 1;
	if (x->waited + wait > a->max_wait)
		return false;
	x->waited += wait;
	x->not_before = clock_mono() + wait * 1000;
	log_step("'%s': the CA answers %ld; asking again in %s", vis(x->url),
	    r->status, num_duration_text(wait, text, sizeof(text)));
	exchange_queue(a, x, false);
	return true;
}

static int
redirect_error(const struct exchange *x, const struct http_response *r,
    struct error *err)
{
	char host[LIMIT_NAME + 16];

	if (r->location == NULL)
		return error_set(err, CODE_ERROR, "'%s': the CA answers %ld, "
		    "want 200", vis(x->url), r->status);
	return error_set(err, CODE_ERROR, "'%s': redirects to '%s', which is "
	    "not followed; put the CA's final directory URL into acme.server",
	    vis(x->url), url_origin(r->location, host, sizeof(host)) ?
	    vis(host) : vis(r->location));
}

/* An answer whose body is not JSON. */
static int
type_error(const struct exchange *x, const struct http_response *r,
    struct error *err)
{
	const char *type = r->content_type;

	if (r->status >= 400) {
		acme_problem_error(NULL, r->status, x->url, r->retry_after,
		    err);
		if (err->code != CODE_ERROR || type == NULL ||
		    r->body_len == 0)
			return -1;
		return error_set(err, CODE_ERROR, "%s with %s, want JSON; is "
		    "this an ACME directory?", err->msg, vis(type));
	}
	return error_set(err, CODE_ERROR, "'%s': found %s, want JSON; is this "
	    "an ACME directory?", vis(x->url),
	    type == NULL ? "no content type" : vis(type));
}

/* The body as an object; NULL for none. */
static int
parse_body(const struct exchange *x, const struct http_response *r,
    json **out, struct error *err)
{
	*out = NULL;
	if (r->status >= 300 && r->status < 400)
		return redirect_error(x, r, err);
	if (r->body_len == 0) {
		if (r->status >= 400)
			return type_error(x, r, err);
		return 0;
	}
	if (!is_json(r->content_type))
		return type_error(x, r, err);
	if (json_parse(r->body, r->body_len, x->url, out, err) == -1)
		return -1;
	if (json_is_obj(*out))
		return 0;
	error_set(err, CODE_ERROR, "'%s': found %s, want an object",
	    vis(x->url), json_type_text(*out));
	json_put(*out);
	*out = NULL;
	return -1;
}

/* Another body than JSON, as it came. */
static int
take_text(const struct exchange *x, const struct http_response *r,
    struct acme_answer *a, struct error *err)
{
	if (!is_type(r->content_type, x->media))
		return error_set(err, CODE_ERROR, "'%s': found %s, want %s",
		    vis(x->url), r->content_type == NULL ? "no content type" :
		    vis(r->content_type), x->media);
	a->text = r->body;
	a->text_len = r->body_len;
	return 0;
}

/* badNonce: once more with the nonce that the answer brought. */
static bool
renew_nonce(struct exchange *x, const struct acme_problem *p)
{
	if (!acme_problem_is(p, "badNonce") || x->head || x->get ||
	    ++x->bad_nonces > LIMIT_BAD_NONCE)
		return false;
	exchange_queue(x->acme, x, true);
	return true;
}

static void
refused(struct exchange *x, const struct acme_answer *answer,
    const struct http_response *r)
{
	struct acme_answer a = *answer;
	struct acme_problem p;
	struct error err;

	error_clear(&err);
	if (acme_problem_parse(a.body, &p, &err) == -1) {
		exchange_fail(x, &err);
		return;
	}
	if (renew_nonce(x, &p)) {
		acme_problem_free(&p);
		return;
	}
	acme_problem_error(&p, r->status, x->url, r->retry_after, &err);
	if (acme_problem_is(&p, "badNonce"))
		error_set(&err, CODE_ERROR, "'%s': the CA refused %d nonces "
		    "in a row, each its newest (badNonce)", vis(x->url),
		    x->bad_nonces);
	a.problem = &p;
	x->done(x->arg, &a, &err);
	acme_problem_free(&p);
	exchange_free(x);
}

static void
take(struct exchange *x, const struct http_response *r)
{
	struct acme_answer a = { 0 };
	struct error err;
	json *body = NULL;

	error_clear(&err);
	if (x->head && r->status >= 200 && r->status < 300) {
		if (r->nonce == NULL)
			error_set(&err, CODE_ERROR, "'%s': found no "
			    "Replay-Nonce, want one", vis(x->url));
		x->done(x->arg, &a, r->nonce == NULL ? &err : NULL);
		exchange_free(x);
		return;
	}
	a.status = r->status;
	a.url = x->url;
	a.location = r->location;
	a.retry_after = r->retry_after;
	a.alternates = r->alternates;
	if (x->media != NULL && r->status >= 200 && r->status < 300) {
		x->done(x->arg, &a, take_text(x, r, &a, &err) == -1 ?
		    &err : NULL);
		exchange_free(x);
		return;
	}
	if (parse_body(x, r, &body, &err) == -1) {
		/* without JSON there is no problem document: `a` still
		 * tells the status */
		x->done(x->arg, r->status >= 400 ? &a : NULL, &err);
		exchange_free(x);
		return;
	}
	a.body = body;
	if (r->status >= 400)
		refused(x, &a, r);
	else {
		x->done(x->arg, &a, NULL);
		exchange_free(x);
	}
	json_put(body);
}

void
exchange_answer(void *arg, const struct http_response *r,
    const struct error *err)
{
	struct exchange *x = arg;
	struct acme *a = x->acme;
	struct error copy;

	a->in_flight--;
	if (err == NULL) {
		a->broken = 0;
		learn(a, r);
		if (!wait_and_retry(x, r))
			take(x, r);
		return;
	}
	copy = *err;
	exchange_fail(x, &copy);
	/* a server that is gone is not asked a thousand times */
	if (copy.code == CODE_TRUST ||
	    (copy.code == CODE_RETRY && ++a->broken >= BROKEN_MAX))
		acme_fail_all(a, &copy);
}
