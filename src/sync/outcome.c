/* SPDX-License-Identifier: ISC */
#include "sync/outcome.h"

#include <string.h>

#include "base/json.h"
#include "base/vis.h"

enum {
	VERDICTS = VERDICT_REFUSED + 1
};

static void
put_ref(struct json_w *w, const struct verdict_ref *v)
{
	json_w_obj(w, NULL);
	json_w_str(w, "verdict", verdict_names[v->verdict]);
	json_w_str(w, "result", code_name(v->code));
	json_w_str(w, "server", v->server);
	json_w_str(w, "id", v->id);
	if (v->reason != NULL)
		json_w_str(w, "reason", v->reason);
	json_w_obj_end(w);
}

int
outcome_write(const struct sync_result *r, const struct error *why,
    struct buf *out, struct error *err)
{
	struct json_w w;

	json_w_init(&w, out, true);
	json_w_obj(&w, NULL);
	json_w_str(&w, "status", code_name(why->code));
	if (why->code != CODE_OK) {
		json_w_str(&w, "message", why->msg);
		json_w_int(&w, "retry_after", why->retry_after);
	}
	json_w_bool(&w, "changed", r->changed);
	json_w_arr(&w, "accounts");
	for (size_t i = 0; i < r->refs.n; i++)
		put_ref(&w, &r->refs.v[i]);
	json_w_arr_end(&w);
	json_w_arr(&w, "notes");
	for (size_t i = 0; i < r->notes.n; i++)
		json_w_str(&w, NULL, r->notes.v[i]);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	return buf_check(out, "result", err);
}

static int
get_code(const json *j, const char *name, const char *what, enum code *out,
    struct error *err)
{
	const char *s;

	if (json_get_str(j, name, JSON_REQUIRED, what, &s, err) == -1)
		return -1;
	if (code_from_name(s, out) == -1)
		return error_set(err, CODE_ERROR, "'%s': member '%s': found "
		    "'%s', want the name of an exit status", vis(what), name,
		    vis(s));
	return 0;
}

static int
get_ref(const json *j, const char *what, struct verdicts *out,
    struct error *err)
{
	const char *word, *server, *id, *reason;
	enum code code;
	int v = 0;

	if (json_get_str(j, "verdict", JSON_REQUIRED, what, &word, err) == -1
	    || json_get_str(j, "server", JSON_REQUIRED, what, &server, err)
	    == -1 || json_get_str(j, "id", JSON_REQUIRED, what, &id, err)
	    == -1 || json_get_str(j, "reason", JSON_OPTIONAL, what, &reason,
	    err) == -1 || get_code(j, "result", what, &code, err) == -1)
		return -1;
	while (v < VERDICTS && strcmp(verdict_names[v], word) != 0)
		v++;
	if (v == VERDICTS)
		return error_set(err, CODE_ERROR, "'%s': member 'verdict': "
		    "found '%s', which is none", vis(what), vis(word));
	return verdicts_add(out, (enum verdict)v, code, server, id, reason,
	    err);
}

static int
get_lists(const json *j, const char *what, struct sync_result *r,
    struct error *err)
{
	json *refs, *notes, *e;
	const char *s;

	if (json_get_arr(j, "accounts", JSON_REQUIRED, what, &refs, err)
	    == -1 || json_get_arr(j, "notes", JSON_REQUIRED, what, &notes,
	    err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(refs); i++) {
		e = json_at(refs, i);
		if (!json_is_obj(e))
			return error_set(err, CODE_ERROR, "'%s': member "
			    "'accounts': element %zu is no object", vis(what),
			    i);
		if (get_ref(e, what, &r->refs, err) == -1)
			return -1;
	}
	for (size_t i = 0; i < json_len(notes); i++)
		if ((s = json_str_at(notes, i)) != NULL &&
		    strs_add(&r->notes, s, err) == -1)
			return -1;
	return 0;
}

int
outcome_read(const char *text, size_t len, const char *peer,
    struct sync_result *r, struct error *why, struct error *err)
{
	const char *message = "";
	int64_t retry_after = -1;
	enum code code;
	json *j = NULL;
	int rc = -1;

	memset(r, 0, sizeof(*r));
	error_clear(why);
	if (json_parse(text, len, peer, &j, err) == -1)
		return -1;
	if (get_code(j, "status", peer, &code, err) == -1 ||
	    (code != CODE_OK && (json_get_str(j, "message", JSON_REQUIRED,
	    peer, &message, err) == -1 || json_get_int(j, "retry_after",
	    JSON_REQUIRED, peer, &retry_after, err) == -1)) ||
	    json_get_bool(j, "changed", JSON_REQUIRED, peer, &r->changed,
	    err) == -1 || get_lists(j, peer, r, err) == -1)
		goto out;
	r->code = verdicts_code(&r->refs);
	if (code != CODE_OK) {
		(void)error_set(why, code, "%s", message);
		why->retry_after = retry_after < -1 || retry_after >
		    INT32_MAX ? -1 : (long)retry_after;
	}
	rc = 0;
out:
	json_put(j);
	return rc;
}
