/* SPDX-License-Identifier: ISC */
#include "transport/message.h"

#include <string.h>

#include "base/limits.h"
#include "base/vis.h"

static const char *const op_names[] = {
	[OP_READ] = "read",
	[OP_WRITE] = "write",
	[OP_CHALLENGE] = "challenge",
	[OP_ISSUE] = "issue"
};

static const char *const prefer_names[] = {
	[PREFER_NONE] = "none",
	[PREFER_SOURCE] = "source",
	[PREFER_DESTINATION] = "destination"
};

/* The index of name among n names; -1: none of them. */
static int
index_of(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

static void
put_strs(struct json_w *w, const char *name, const struct strs *l)
{
	if (l == NULL || l->n == 0)
		return;
	json_w_arr(w, name);
	for (size_t i = 0; i < l->n; i++)
		json_w_str(w, NULL, l->v[i]);
	json_w_arr_end(w);
}

/* The first identities, as many as leave room in the frame for the rest; what
 * is left out only travels once more. */
static void
put_have(struct json_w *w, const struct strs *l)
{
	if (l == NULL || l->n == 0)
		return;
	json_w_arr(w, "have");
	for (size_t i = 0; i < l->n && w->b->len < LIMIT_FRAME / 2; i++)
		json_w_str(w, NULL, l->v[i]);
	json_w_arr_end(w);
}

int
put_demand(const struct wire *w, struct buf *b, enum op op,
    const struct request *r, enum prefer prefer, bool verbatim,
    struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_str(&j, "op", op_names[op]);
	put_strs(&j, "servers", r->servers);
	put_strs(&j, "accounts", r->accounts);
	put_strs(&j, "names", r->names);
	if (r->all)
		json_w_bool(&j, "all", true);
	if (prefer != PREFER_NONE)
		json_w_str(&j, "prefer", prefer_names[prefer]);
	if (verbatim)
		json_w_bool(&j, "verbatim", true);
	put_have(&j, r->have);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

/* An optional array of strings. */
static int
get_strs(const json *j, const char *name, const char *what, struct strs *out,
    struct error *err)
{
	json *arr = NULL;
	const char *s;

	if (json_get_arr(j, name, JSON_OPTIONAL, what, &arr, err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(arr); i++) {
		if ((s = json_str_at(arr, i)) == NULL)
			return error_set(err, CODE_ERROR, "'%s': member '%s': "
			    "element %zu is no string", vis(what), name, i);
		if (strs_add(out, s, err) == -1)
			return -1;
	}
	return 0;
}

/* An optional string that is one of n names. */
static int
get_name(const json *j, const char *member, const char *const *names,
    size_t n, const char *what, int *out, struct error *err)
{
	const char *s = NULL;

	if (json_get_str(j, member, JSON_OPTIONAL, what, &s, err) == -1)
		return -1;
	if (s == NULL)
		return 0;
	if ((*out = index_of(names, n, s)) == -1)
		return error_set(err, CODE_ERROR, "'%s': member '%s': found "
		    "'%s', which this acmeferry (" ACMEFERRY_VERSION ") does "
		    "not know", vis(what), member, vis(s));
	return 0;
}

int
get_demand(const struct wire *w, const json *j, struct demand *d,
    struct error *err)
{
	int op = -1, prefer = PREFER_NONE;

	memset(d, 0, sizeof(*d));
	if (get_name(j, "op", op_names, sizeof(op_names) /
	    sizeof(op_names[0]), w->what, &op, err) == -1)
		return -1;
	if (op == -1)
		return error_set(err, CODE_ERROR, "'%s': the first frame has "
		    "no member 'op'", vis(w->what));
	d->op = (enum op)op;
	if (get_name(j, "prefer", prefer_names, sizeof(prefer_names) /
	    sizeof(prefer_names[0]), w->what, &prefer, err) == -1 ||
	    get_strs(j, "servers", w->what, &d->servers, err) == -1 ||
	    get_strs(j, "accounts", w->what, &d->accounts, err) == -1 ||
	    get_strs(j, "names", w->what, &d->names, err) == -1 ||
	    get_strs(j, "have", w->what, &d->have, err) == -1 ||
	    json_get_bool(j, "all", JSON_OPTIONAL, w->what, &d->all,
	    err) == -1 || json_get_bool(j, "verbatim", JSON_OPTIONAL,
	    w->what, &d->verbatim, err) == -1) {
		demand_free(d);
		return -1;
	}
	d->prefer = (enum prefer)prefer;
	return 0;
}

void
demand_free(struct demand *d)
{
	strs_free(&d->servers);
	strs_free(&d->accounts);
	strs_free(&d->names);
	strs_free(&d->have);
}

struct request
demand_request(const struct demand *d)
{
	struct request r = { &d->servers, &d->accounts, &d->names, &d->have,
		d->all };

	return r;
}

int
put_verdict(const struct wire *w, struct buf *b, const struct verdict_ref *v,
    struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_obj(&j, "verdict");
	json_w_str(&j, "server", v->server);
	json_w_str(&j, "id", v->id);
	json_w_str(&j, "result", verdict_names[v->verdict]);
	json_w_str(&j, "code", code_name(v->code));
	if (v->reason != NULL)
		json_w_str(&j, "reason", v->reason);
	json_w_obj_end(&j);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

int
get_verdict(const struct wire *w, const json *j, struct verdicts *l,
    struct error *err)
{
	const char *server = NULL, *id = NULL, *code = NULL, *reason = NULL;
	enum code c = CODE_OK;
	json *v = NULL;
	int which = -1;

	if (json_get_obj(j, "verdict", JSON_REQUIRED, w->what, &v,
	    err) == -1 || json_get_str(v, "server", JSON_REQUIRED, w->what,
	    &server, err) == -1 || json_get_str(v, "id", JSON_REQUIRED,
	    w->what, &id, err) == -1 || json_get_str(v, "code",
	    JSON_REQUIRED, w->what, &code, err) == -1 || json_get_str(v,
	    "reason", JSON_OPTIONAL, w->what, &reason, err) == -1 ||
	    get_name(v, "result", verdict_names, VERDICT_REFUSED + 1, w->what,
	    &which, err) == -1)
		return -1;
	if (which == -1 || code_from_name(code, &c) == -1)
		return error_set(err, CODE_ERROR, "'%s': found a verdict "
		    "without a known result and code", vis(w->what));
	return verdicts_add(l, (enum verdict)which, c, vis(server), vis(id),
	    reason != NULL ? vis(reason) : NULL, err);
}

int
put_end(const struct wire *w, struct buf *b, size_t n,
    const struct strs *servers, struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_int(&j, "end", (int64_t)n);
	put_strs(&j, "servers", servers);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

int
put_error(const struct wire *w, struct buf *b, const struct error *what,
    struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_obj(&j, "error");
	json_w_str(&j, "code", code_name(what->code));
	json_w_str(&j, "message", vis(what->msg));
	json_w_obj_end(&j);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

/* How many of what the end counts came. */
static int
check_end(const struct wire *w, const json *j, size_t n, struct offer *o,
    struct error *err)
{
	int64_t end = 0;

	if (json_get_int(j, "end", JSON_REQUIRED, w->what, &end, err) == -1)
		return -1;
	if (end < 0 || (size_t)end != n)
		return error_set(err, CODE_ERROR, "'%s': found %zu accounts, "
		    "want %lld as the last frame says", vis(w->what), n,
		    (long long)end);
	return get_strs(j, "servers", w->what, &o->servers, err);
}

/* One frame before the end. */
static int
take(const struct wire *w, const json *j, struct offer *o,
    struct verdicts *l, size_t *n, struct error *err)
{
	if (json_has(j, "lineages"))
		return get_hints(w, j, &o->hints, err);
	if (*n >= LIMIT_PEER_ACCOUNTS)
		return error_set(err, CODE_ERROR, "'%s': sent more than %d "
		    "accounts", vis(w->what), LIMIT_PEER_ACCOUNTS);
	(*n)++;
	if (l != NULL && json_has(j, "verdict"))
		return get_verdict(w, j, l, err);
	if (l == NULL && json_has(j, "account"))
		return get_offered(w, j, o, err);
	return error_set(err, CODE_ERROR, "'%s': sent a frame that this "
	    "acmeferry (" ACMEFERRY_VERSION ") does not know", vis(w->what));
}

enum wire_result
get_answer(struct wire *w, struct offer *o, struct verdicts *l,
    struct error *err)
{
	enum wire_result rc;
	json *j = NULL;
	size_t n = 0;
	bool end = false;

	while (!end) {
		if ((rc = wire_get(w, &j, err)) != WIRE_OK)
			return rc;
		end = json_has(j, "end");
		if ((end ? check_end(w, j, n, o, err) :
		    take(w, j, o, l, &n, err)) == -1)
			rc = WIRE_FAIL;
		json_put_secret(j);
		if (rc != WIRE_OK)
			return rc;
	}
	return WIRE_OK;
}
