/* SPDX-License-Identifier: ISC */
#include "acme/order.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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
	strs_free(&o->names);
	strs_free(&o->authorizations);
	memset(o, 0, sizeof(*o));
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

int
acme_order_parse(const json *j, const char *what, struct acme_order *out,
    struct error *err)
{
	const char *finalize = NULL;

	memset(out, 0, sizeof(*out));
	if (parse_status(j, what, &out->status, err) == -1 ||
	    parse_expires(j, what, &out->expires, err) == -1 ||
	    parse_names(j, what, &out->names, err) == -1 ||
	    parse_urls(j, what, &out->authorizations, err) == -1 ||
	    json_get_str(j, "finalize", JSON_REQUIRED, what, &finalize,
	    err) == -1 ||
	    str_dup(&out->finalize, finalize, err) == -1) {
		acme_order_free(out);
		return -1;
	}
	return 0;
}

int
acme_order_payload(const struct strs *names, const char *profile,
    struct buf *out, struct error *err)
{
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
	if (profile != NULL && *profile != '\0')
		json_w_str(&w, "profile", profile);
	json_w_obj_end(&w);
	return buf_check(out, "newOrder", err);
}
