/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "transport/message.h"

static const char *const result_names[] = {
	[RESPONSE_ADDED] = "added",
	[RESPONSE_UNCHANGED] = "unchanged",
	[RESPONSE_REMOVED] = "removed",
	[RESPONSE_REFUSED] = "refused"
};

/* {"put": {"token": ..., "key_authorization": ...}}, {"remove": {...}} */
int
put_response_ask(const struct wire *w, struct buf *b, const char *token,
    const char *key_authorization, struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_obj(&j, key_authorization != NULL ? "put" : "remove");
	json_w_str(&j, "token", token);
	if (key_authorization != NULL)
		json_w_str(&j, "key_authorization", key_authorization);
	json_w_obj_end(&j);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

int
get_response_ask(const struct wire *w, const json *j,
    struct response_ask *out, struct error *err)
{
	const char *token = NULL, *text = NULL;
	bool put = json_has(j, "put");
	json *o = NULL;

	memset(out, 0, sizeof(*out));
	if (!put && !json_has(j, "remove"))
		return error_set(err, CODE_ERROR, "'%s': sent a frame that "
		    "this acmeferry (" ACMEFERRY_VERSION ") does not know",
		    vis(w->what));
	if (json_get_obj(j, put ? "put" : "remove", JSON_REQUIRED, w->what,
	    &o, err) == -1 || json_get_str(o, "token", JSON_REQUIRED, w->what,
	    &token, err) == -1 || (put && json_get_str(o, "key_authorization",
	    JSON_REQUIRED, w->what, &text, err) == -1) ||
	    str_dup(&out->token, token, err) == -1)
		return -1;
	return text != NULL ? str_dup(&out->key_authorization, text, err) : 0;
}

void
response_ask_free(struct response_ask *a)
{
	free(a->token);
	free(a->key_authorization);
	memset(a, 0, sizeof(*a));
}

int
put_response(const struct wire *w, struct buf *b, const char *token,
    enum response_result result, const struct error *why, struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_obj(&j, "response");
	json_w_str(&j, "token", token);
	json_w_str(&j, "result", result_names[result]);
	json_w_str(&j, "code", code_name(result == RESPONSE_REFUSED ?
	    why->code : CODE_OK));
	if (result == RESPONSE_REFUSED)
		json_w_str(&j, "reason", vis(why->msg));
	json_w_obj_end(&j);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

int
get_response(const struct wire *w, const json *j, const char *token,
    bool *refused, struct error *why, struct error *err)
{
	const char *of = NULL, *result = NULL, *name = NULL, *reason = NULL;
	enum code code = CODE_ERROR;
	json *o = NULL;

	*refused = false;
	if (json_get_obj(j, "response", JSON_REQUIRED, w->what, &o,
	    err) == -1 || json_get_str(o, "token", JSON_REQUIRED, w->what,
	    &of, err) == -1 || json_get_str(o, "result", JSON_REQUIRED,
	    w->what, &result, err) == -1 || json_get_str(o, "code",
	    JSON_REQUIRED, w->what, &name, err) == -1 || json_get_str(o,
	    "reason", JSON_OPTIONAL, w->what, &reason, err) == -1)
		return -1;
	if (strcmp(of, token) != 0)
		return error_set(err, CODE_ERROR, "'%s': found an answer "
		    "about the token '%s', want one about '%s'",
		    vis(w->what), vis(of), vis(token));
	if (code_from_name(name, &code) == -1)
		code = CODE_ERROR;
	for (int i = 0; i <= RESPONSE_REFUSED; i++)
		if (strcmp(result, result_names[i]) == 0 &&
		    (i == RESPONSE_REFUSED) == (code != CODE_OK)) {
			*refused = i == RESPONSE_REFUSED;
			if (*refused)
				(void)error_set(why, code == CODE_USAGE ?
				    CODE_ERROR : code, "'%s': the far end "
				    "says: %s", vis(w->what), reason != NULL ?
				    vis(reason) : "no");
			return 0;
		}
	return error_set(err, CODE_ERROR, "'%s': found the result '%s' with "
	    "code '%s' for a response, want one that this acmeferry ("
	    ACMEFERRY_VERSION ") knows", vis(w->what), vis(result),
	    vis(name));
}
