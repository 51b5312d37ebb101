/* SPDX-License-Identifier: ISC */
#include "acme/authz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vis.h"

enum { CHALLENGES_MAX = 20 };	/* that we keep */

static const char *const status_texts[] = {
	[AUTHZ_UNKNOWN] = "unknown",
	[AUTHZ_PENDING] = "pending",
	[AUTHZ_VALID] = "valid",
	[AUTHZ_INVALID] = "invalid",
	[AUTHZ_DEACTIVATED] = "deactivated",
	[AUTHZ_REVOKED] = "revoked",
	[AUTHZ_EXPIRED] = "expired",
};
_Static_assert(sizeof(status_texts) / sizeof(status_texts[0]) ==
    AUTHZ_EXPIRED + 1, "one text for each status");

const char *
authz_status_text(enum authz_status s)
{
	return status_texts[s];
}

int
authz_status_parse(const char *text, enum authz_status *out)
{
	for (int i = AUTHZ_UNKNOWN; i <= AUTHZ_EXPIRED; i++)
		if (strcmp(text, status_texts[i]) == 0) {
			*out = (enum authz_status)i;
			return 0;
		}
	return -1;
}

void
acme_authz_free(struct acme_authz *z)
{
	free(z->name);
	free(z->problem);
	strs_free(&z->challenges);
	memset(z, 0, sizeof(*z));
}

static int
parse_name(const json *j, const char *what, char **out, struct error *err)
{
	const char *type = NULL, *value = NULL;
	bool wildcard = false;
	json *id = NULL;

	if (json_get_obj(j, "identifier", JSON_REQUIRED, what, &id,
	    err) == -1 ||
	    json_get_str(id, "type", JSON_REQUIRED, what, &type, err) == -1 ||
	    json_get_str(id, "value", JSON_REQUIRED, what, &value,
	    err) == -1 ||
	    json_get_bool(j, "wildcard", JSON_OPTIONAL, what, &wildcard,
	    err) == -1)
		return -1;
	if (str_printf(out, err, "%s%s", wildcard ? "*." : "", value) == -1)
		return -1;
	for (char *s = *out; *s != '\0'; s++)
		*s = (char)tolower((unsigned char)*s);
	return 0;
}

/* RFC 8555 section 7.1.4: `expires` is required where the status is valid. */
static int
parse_expires(const json *j, const char *what, struct acme_authz *z,
    struct error *err)
{
	const char *s = NULL;

	if (json_get_str(j, "expires", z->status == AUTHZ_VALID ?
	    JSON_REQUIRED : JSON_OPTIONAL, what, &s, err) == -1)
		return -1;
	if (s == NULL)
		return 0;
	if (time_parse(s, &z->expires, err) == -1)
		return error_wrap(err, "'%s': member 'expires'", vis(what));
	if (z->expires < 0)
		z->expires = 0;
	return 0;
}

/* Why a challenge failed, for a person. */
static int
keep_problem(const json *c, struct acme_authz *z, struct error *err)
{
	const json *e = json_get(c, "error");
	const char *detail;

	if (z->problem != NULL || e == NULL ||
	    (detail = json_str(json_get(e, "detail"))) == NULL)
		return 0;
	return str_dup(&z->problem, vis(detail), err);
}

/* Of a valid authorization only the challenge that made it so. */
static int
parse_challenge(const json *c, const char *what, struct acme_authz *z,
    struct error *err)
{
	const char *type = NULL, *status, *when;
	struct error ignored;

	if (json_get_str(c, "type", JSON_REQUIRED, what, &type, err) == -1)
		return -1;
	status = json_str(json_get(c, "status"));
	if (keep_problem(c, z, err) == -1)
		return -1;
	if (z->status == AUTHZ_VALID &&
	    (status == NULL || strcmp(status, "valid") != 0))
		return 0;
	if (z->status == AUTHZ_VALID &&
	    (when = json_str(json_get(c, "validated"))) != NULL &&
	    time_parse(when, &z->validated, &ignored) == -1)
		z->validated = 0;
	return strs_add(&z->challenges, type, err);
}

static int
parse_challenges(const json *j, const char *what, struct acme_authz *z,
    struct error *err)
{
	json *arr = NULL;

	if (json_get_arr(j, "challenges", JSON_REQUIRED, what, &arr,
	    err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(arr) && i < CHALLENGES_MAX; i++)
		if (parse_challenge(json_at(arr, i), what, z, err) == -1)
			return -1;
	return 0;
}

int
acme_authz_parse(const json *j, const char *what, struct acme_authz *out,
    struct error *err)
{
	const char *status = NULL;

	memset(out, 0, sizeof(*out));
	if (json_get_str(j, "status", JSON_REQUIRED, what, &status,
	    err) == -1)
		return -1;
	if (authz_status_parse(status, &out->status) == -1 ||
	    out->status == AUTHZ_UNKNOWN)
		return error_set(err, CODE_ERROR, "'%s': member 'status': "
		    "found '%s', want an authorization's status", vis(what),
		    vis(status));
	if (parse_name(j, what, &out->name, err) == -1 ||
	    parse_expires(j, what, out, err) == -1 ||
	    parse_challenges(j, what, out, err) == -1) {
		acme_authz_free(out);
		return -1;
	}
	return 0;
}
