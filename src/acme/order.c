/* SPDX-License-Identifier: ISC */
#include "acme/order.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "acme/account.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/vis.h"

static const char *const status_texts[] = {
	[ORDER_PENDING] = "pending",
	[ORDER_READY] = "ready",
	[ORDER_PROCESSING] = "processing",
	[ORDER_VALID] = "valid",
	[ORDER_INVALID] = "invalid",
};

void
acme_order_free(struct acme_order *o)
{
	free(o->url);
	free(o->finalize);
	free(o->certificate);
	free(o->profile);
	free(o->replaces);
	acme_problem_free(&o->problem);
	strs_free(&o->names);
	strs_free(&o->authorizations);
	memset(o, 0, sizeof(*o));
}

const char *
order_status_text(enum order_status s)
{
	return status_texts[s];
}

static int
parse_status(const json *j, const char *what, enum order_status *out,
    struct error *err)
{
	const char *s = NULL;

	if (json_get_str(j, "status", JSON_REQUIRED, what, &s, err) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]);
	    i++)
		if (strcmp(s, status_texts[i]) == 0) {
			*out = (enum order_status)i;
			return 0;
		}
	return error_set(err, CODE_ERROR, "'%s': member 'status': found '%s', "
	    "want an order's status", vis(what), vis(s));
}

static int
parse_names(const json *j, const char *what, struct strs *out,
    struct error *err)
{
	const char *type = NULL, *value = NULL;
	json *arr = NULL;
	char *s;

	if (json_get_arr(j, "identifiers", JSON_REQUIRED, what, &arr,
	    err) == -1)
		return -1;
	if (json_len(arr) > LIMIT_NAMES)
		return error_set(err, CODE_ERROR, "'%s': found %zu "
		    "identifiers, want at most %d", vis(what), json_len(arr),
		    LIMIT_NAMES);
	for (size_t i = 0; i < json_len(arr); i++) {
		if (json_get_str(json_at(arr, i), "type", JSON_REQUIRED, what,
		    &type, err) == -1 ||
		    json_get_str(json_at(arr, i), "value", JSON_REQUIRED,
		    what, &value, err) == -1)
			return -1;
		if (strcmp(type, "dns") != 0)
			continue;
		if (strs_add(out, value, err) == -1)
			return -1;
		for (s = out->v[out->n - 1]; *s != '\0'; s++)
			*s = (char)tolower((unsigned char)*s);
	}
	return 0;
}

static int
parse_urls(const json *j, const char *what, struct strs *out,
    struct error *err)
{
	json *arr = NULL;
	const char *s;

	if (json_get_arr(j, "authorizations", JSON_REQUIRED, what, &arr,
	    err) == -1)
		return -1;
	if (json_len(arr) > LIMIT_NAMES)
		return error_set(err, CODE_ERROR, "'%s': found %zu "
		    "authorizations, want at most %d", vis(what),
		    json_len(arr), LIMIT_NAMES);
	for (size_t i = 0; i < json_len(arr); i++) {
		if ((s = json_str_at(arr, i)) == NULL ||
		    strlen(s) > LIMIT_URL)
			return error_set(err, CODE_ERROR, "'%s': member "
			    "'authorizations': element %zu is no URL",
			    vis(what), i);
		if (strs_add(out, s, err) == -1)
			return -1;
	}
	return 0;
}

/* A time that is absent is 0, one that is none an error. */
static int
parse_expires(const json *j, const char *what, int64_t *out,
    struct error *err)
{
	const char *s = NULL;

	*out = 0;
	if (json_get_str(j, "expires", JSON_OPTIONAL, what, &s, err) == -1)
		return -1;
	if (s == NULL)
		return 0;
	if (time_parse(s, out, err) == -1)
		return error_wrap(err, "'%s': member 'expires'", vis(what));
	if (*out < 0)
		*out = 0;
	return 0;
}

/* A copy; what is too long for a URL is refused. */
static int
parse_text(const json *j, const char *name, enum json_need need,
    const char *what, char **out, struct error *err)
{
	const char *s = NULL;

	if (json_get_str(j, name, need, what, &s, err) == -1)
		return -1;
	if (s != NULL && strlen(s) > LIMIT_URL)
		return error_set(err, CODE_ERROR, "'%s': member '%s': found "
		    "%zu bytes, want at most %d", vis(what), name, strlen(s),
		    LIMIT_URL);
	return str_dup(out, s, err);
}

/* The CA may tell why; an error that we cannot read hides nothing else. */
static int
parse_problem(const json *j, struct acme_order *o, struct error *err)
{
	const json *e = json_get(j, "error");

	if (e == NULL || !json_is_obj(e))
		return 0;
	o->has_problem = true;
	return acme_problem_parse(e, &o->problem, err);
}

static int
parse_rest(const json *j, const char *what, struct acme_order *o,
    struct error *err)
{
	if (parse_text(j, "finalize", JSON_REQUIRED, what, &o->finalize,
	    err) == -1 ||
	    parse_text(j, "certificate", JSON_OPTIONAL, what, &o->certificate,
	    err) == -1 ||
	    parse_text(j, "profile", JSON_OPTIONAL, what, &o->profile,
	    err) == -1 ||
	    parse_text(j, "replaces", JSON_OPTIONAL, what, &o->replaces,
	    err) == -1)
		return -1;
	return parse_problem(j, o, err);
}

int
acme_order_parse(const json *j, const char *what, struct acme_order *out,
    struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (parse_status(j, what, &out->status, err) == -1 ||
	    parse_expires(j, what, &out->expires, err) == -1 ||
	    parse_names(j, what, &out->names, err) == -1 ||
	    parse_urls(j, what, &out->authorizations, err) == -1 ||
	    parse_rest(j, what, out, err) == -1) {
		acme_order_free(out);
		return -1;
	}
	return 0;
}

int
acme_order_payload(const struct acme_order_new *want, struct buf *out,
    struct error *err)
{
	const struct strs *names = want->names;
	struct json_w w;

	json_w_init(&w, out, true);
	json_w_obj(&w, NULL);
	json_w_arr(&w, "identifiers");
	for (size_t i = 0; i < names->n; i++) {
		json_w_obj(&w, NULL);
		json_w_str(&w, "type", "dns");
		json_w_str(&w, "value", names->v[i]);
		json_w_obj_end(&w);
	}
	json_w_arr_end(&w);
	if (want->profile != NULL && *want->profile != '\0')
		json_w_str(&w, "profile", want->profile);
	if (want->replaces != NULL)
		json_w_str(&w, "replaces", want->replaces);
	json_w_obj_end(&w);
	return buf_check(out, "newOrder", err);
}

bool
acme_order_blames_replaces(const struct acme_problem *p, long status)
{
	if (p == NULL || p->nsubs > 0)
		return false;
	return acme_problem_is(p, "alreadyReplaced") || status == 404 ||
	    status == 409 || acme_problem_is(p, "malformed") ||
	    acme_problem_is(p, "unauthorized");
}

enum code
acme_order_refusal(const struct acme_problem *p, enum code code)
{
	static const char *const by_name[] = { "rejectedIdentifier",
		"unsupportedIdentifier", "caa", "dns", "unauthorized" };

	if (acme_account_refused(p))
		return CODE_ACCOUNT;
	if (acme_problem_is(p, "invalidProfile"))
		return CODE_USAGE;
	for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
		if (acme_problem_is(p, by_name[i]))
			return CODE_UNAUTHORIZED;
	return code;
}

/* What a CA says of a proof that it did not get (RFC 8555 section 6.7). */
static bool
about_proof(const struct acme_problem *p)
{
	static const char *const types[] = { "unauthorized", "connection",
		"dns", "incorrectResponse", "tls" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (acme_problem_is(p, types[i]))
			return true;
	return false;
}

int
acme_order_error(const struct acme_order *o, const char *url,
    struct error *err)
{
	enum code code = CODE_ISSUANCE;

	if (!o->has_problem)
		return error_set(err, code, "'%s': the CA calls the order %s "
		    "and does not say why", vis(url),
		    order_status_text(o->status));
	if (acme_problem_is(&o->problem, "rateLimited") ||
	    acme_problem_is(&o->problem, "serverInternal"))
		code = CODE_RETRY;
	else if (about_proof(&o->problem))
		code = CODE_UNAUTHORIZED;
	error_set(err, code, "'%s': the CA calls the order %s: ", vis(url),
	    order_status_text(o->status));
	acme_problem_append(&o->problem, err);
	return -1;
}
