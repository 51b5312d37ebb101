/* SPDX-License-Identifier: ISC */
#include "acme/challenge.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"

enum { CHALLENGES_MAX = 20 };	/* that we look at */

static const char *const status_texts[] = {
	[CHALLENGE_PENDING] = "pending",
	[CHALLENGE_PROCESSING] = "processing",
	[CHALLENGE_VALID] = "valid",
	[CHALLENGE_INVALID] = "invalid",
};
_Static_assert(sizeof(status_texts) / sizeof(status_texts[0]) ==
    CHALLENGE_INVALID + 1, "one text for each status");

void
acme_challenge_free(struct acme_challenge *c)
{
	free(c->type);
	free(c->url);
	free(c->token);
	acme_problem_free(&c->problem);
	memset(c, 0, sizeof(*c));
}

bool
acme_token_ok(const char *token)
{
	size_t len = strlen(token);

	return len >= CHALLENGE_TOKEN_MIN && len <= CHALLENGE_TOKEN_MAX &&
	    token[strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static int
parse_status(const json *j, const char *what, enum challenge_status *out,
    struct error *err)
{
	const char *s = NULL;

	if (json_get_str(j, "status", JSON_REQUIRED, what, &s, err) == -1)
		return -1;
	for (int i = CHALLENGE_PENDING; i <= CHALLENGE_INVALID; i++)
		if (strcmp(s, status_texts[i]) == 0) {
			*out = (enum challenge_status)i;
			return 0;
		}
	return error_set(err, CODE_ERROR, "'%s': member 'status': found '%s', "
	    "want a challenge's status", vis(what), vis(s));
}

static int
parse(const json *j, const char *type, const char *what,
    struct acme_challenge *out, struct error *err)
{
	const char *url = NULL, *token = NULL;
	const json *e = json_get(j, "error");

	if (parse_status(j, what, &out->status, err) == -1 ||
	    json_get_str(j, "url", JSON_REQUIRED, what, &url, err) == -1 ||
	    json_get_str(j, "token", JSON_REQUIRED, what, &token, err) == -1)
		return -1;
	if (strlen(url) > LIMIT_URL)
		return error_set(err, CODE_ERROR, "'%s': member 'url': found "
		    "%zu bytes, want at most %d", vis(what), strlen(url),
		    LIMIT_URL);
	if (!acme_token_ok(token))
		return error_set(err, CODE_ERROR, "'%s': member 'token': "
		    "found '%s', want %d to %d characters of base64url",
		    vis(what), vis(token), CHALLENGE_TOKEN_MIN,
		    CHALLENGE_TOKEN_MAX);
	if (e != NULL && json_is_obj(e)) {
		out->has_problem = true;
		if (acme_problem_parse(e, &out->problem, err) == -1)
			return -1;
	}
	if (str_dup(&out->url, url, err) == -1 ||
	    str_dup(&out->token, token, err) == -1)
		return -1;
	return str_dup(&out->type, type, err);
}

int
acme_challenge_find(const json *authz, const char *type, const char *what,
    struct acme_challenge *out, struct error *err)
{
	const char *found = NULL;
	json *arr = NULL;
	const json *c;

	memset(out, 0, sizeof(*out));
	if (json_get_arr(authz, "challenges", JSON_REQUIRED, what, &arr,
	    err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(arr) && i < CHALLENGES_MAX; i++) {
		c = json_at(arr, i);
		if (json_get_str(c, "type", JSON_REQUIRED, what, &found,
		    err) == -1)
			return -1;
		if (strcmp(found, type) != 0)
			continue;
		if (parse(c, type, what, out, err) == 0)
			return 0;
		acme_challenge_free(out);
		return -1;
	}
	return 0;
}

int
acme_key_authorization(const char *token, const char *thumbprint,
    char **out, struct error *err)
{
	return str_printf(out, err, "%s.%s", token, thumbprint);
}
