/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/vis.h"
#include "store/server.h"
#include "transport/message.h"

enum {
	HINTS_FRAME = LIMIT_FRAME / 4	/* bytes after which a new one begins */
};

static const char *const state_names[] = {
	[OFFERED_SENT] = "sent",
	[OFFERED_HAVE] = "have",
	[OFFERED_LISTED] = "listed",
	[OFFERED_BROKEN] = "broken"
};

static void
put_known(struct json_w *j, const char *name, const char *value)
{
	if (value != NULL)
		json_w_str(j, name, value);
}

void
put_account_files(struct json_w *j, const struct account *a)
{
	json_w_obj(j, "files");
	json_w_strn(j, account_file_names[ACCOUNT_KEY],
	    (const char *)a->key_text.data, a->key_text.len);
	json_w_strn(j, account_file_names[ACCOUNT_META],
	    buf_str(&a->meta_text), a->meta_text.len);
	json_w_strn(j, account_file_names[ACCOUNT_REGR],
	    buf_str(&a->regr_text), a->regr_text.len);
	json_w_obj_end(j);
}

int
put_offered(const struct wire *w, struct buf *b, const struct offered *of,
    struct error *err)
{
	size_t at = wire_begin(b);
	struct json_w j;

	json_w_init(&j, b, true);
	json_w_obj(&j, NULL);
	json_w_obj(&j, "account");
	json_w_str(&j, "server", of->server);
	json_w_str(&j, "id", of->id);
	json_w_str(&j, "state", state_names[of->state]);
	put_known(&j, "uri", of->uri);
	put_known(&j, "key", of->key);
	put_known(&j, "thumbprint", of->thumbprint);
	put_known(&j, "identity", of->identity);
	put_known(&j, "problem", of->problem);
	put_known(&j, "digest", of->digest);
	put_known(&j, "replaces", of->replaces);
	json_w_obj_end(&j);
	if (of->state == OFFERED_SENT && of->account != NULL)
		put_account_files(&j, of->account);
	json_w_obj_end(&j);
	return wire_end(w, b, at, err);
}

/* Marks an account as one that must not travel. */
static int
spoil(struct offered *of, const char *problem, struct error *err)
{
	of->state = OFFERED_BROKEN;
	account_free(of->account);
	of->account = NULL;
	free(of->problem);
	of->problem = NULL;
	return str_dup(&of->problem, problem, err);
}

/* The members that only inform; of another type they are an error. */
static int
get_known(const struct wire *w, const json *a, struct offered *of,
    struct error *err)
{
	const struct {
		const char *name;
		char **out;
	} t[] = {
		{ "uri", &of->uri },
		{ "key", &of->key },
		{ "thumbprint", &of->thumbprint },
		{ "identity", &of->identity },
		{ "problem", &of->problem },
		{ "digest", &of->digest },
		{ "replaces", &of->replaces }
	};
	const char *s;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		s = NULL;
		if (json_get_str(a, t[i].name, JSON_OPTIONAL, w->what, &s,
		    err) == -1 || str_dup(t[i].out, s, err) == -1)
			return -1;
	}
	return 0;
}

static int
too_long(struct offered *of, int file, size_t len, struct error *err)
{
	struct error why;

	error_clear(&why);
	error_set(&why, CODE_STORE, "'%s': has %zu bytes, at most %d are "
	    "allowed", account_file_names[file], len, LIMIT_ACCOUNT_FILE);
	return spoil(of, why.msg, err);
}

int
get_account_files(const char *what, const json *files, struct offered *of,
    struct error *err)
{
	struct account_texts t = { 0 };
	struct account *a = NULL;
	char *server = of->server, *id = of->id;
	int rc;

	for (int i = 0; i < ACCOUNT_FILES; i++) {
		if (json_get_str(files, account_file_names[i], JSON_OPTIONAL,
		    what, &t.text[i], err) == -1)
			return -1;
		if (t.text[i] != NULL)
			t.len[i] = strlen(t.text[i]);
	}
	for (int i = 0; i < ACCOUNT_FILES; i++)
		if (t.len[i] > LIMIT_ACCOUNT_FILE)
			return too_long(of, i, t.len[i], err);
	if (account_parse(server, id, &t, true, true, &a, err) == -1)
		return -1;
	/* what the files say is what counts, not what was said about them */
	of->server = of->id = NULL;
	free(of->uri);
	free(of->key);
	free(of->thumbprint);
	free(of->identity);
	free(of->problem);
	of->uri = of->key = of->thumbprint = of->identity = of->problem = NULL;
	rc = offered_set(of, a, a->broken ? OFFERED_BROKEN : OFFERED_SENT,
	    err);
	free(server);
	free(id);
	return rc;
}

int
check_account_names(struct offered *of, bool *bad, struct error *err)
{
	struct error why;

	*bad = false;
	error_clear(&why);
	if (server_check(of->server, &why) == -1) {
		*bad = true;
		return spoil(of, why.msg, err);
	}
	if (account_id_valid(of->id))
		return 0;
	*bad = true;
	error_set(&why, CODE_STORE, "found the id '%s', want 32 hexadecimal "
	    "digits", vis(of->id));
	return spoil(of, why.msg, err);
}

int
get_offered(const struct wire *w, const json *j, struct offer *o,
    struct error *err)
{
	const char *server = NULL, *id = NULL, *state = NULL;
	json *a = NULL, *files = NULL;
	struct offered *of;
	bool bad;

	if (json_get_obj(j, "account", JSON_REQUIRED, w->what, &a,
	    err) == -1 || json_get_obj(j, "files", JSON_OPTIONAL, w->what,
	    &files, err) == -1 || json_get_str(a, "server", JSON_REQUIRED,
	    w->what, &server, err) == -1 || json_get_str(a, "id",
	    JSON_REQUIRED, w->what, &id, err) == -1 || json_get_str(a,
	    "state", JSON_OPTIONAL, w->what, &state, err) == -1)
		return -1;
	if ((of = offer_add(o)) == NULL)
		return error_nomem(err);
	of->state = OFFERED_LISTED;
	if (str_dup(&of->server, server, err) == -1 ||
	    str_dup(&of->id, id, err) == -1 ||
	    get_known(w, a, of, err) == -1 || check_account_names(of, &bad,
	    err) == -1)
		return -1;
	if (bad)
		return 0;
	if (files != NULL)
		return get_account_files(w->what, files, of, err);
	if (state != NULL && strcmp(state, state_names[OFFERED_HAVE]) == 0)
		of->state = OFFERED_HAVE;
	else if (state != NULL &&
	    strcmp(state, state_names[OFFERED_BROKEN]) == 0)
		of->state = OFFERED_BROKEN;
	if (of->state == OFFERED_BROKEN && of->problem == NULL)
		return str_dup(&of->problem, "is broken there", err);
	return 0;
}

void
put_hint(struct json_w *j, const struct hint *h)
{
	json_w_obj(j, NULL);
	json_w_str(j, "server", h->server);
	json_w_str(j, "uri", h->uri);
	json_w_str(j, "name", h->name);
	json_w_arr(j, "domains");
	for (size_t i = 0; i < h->domains.n; i++)
		json_w_str(j, NULL, h->domains.v[i]);
	json_w_arr_end(j);
	json_w_time(j, "not_before", h->not_before);
	json_w_arr(j, "authorizations");
	for (size_t i = 0; i < h->nauthz; i++) {
		json_w_obj(j, NULL);
		json_w_str(j, "name", h->authz[i].name);
		json_w_str(j, "url", h->authz[i].url);
		json_w_time(j, "expires", h->authz[i].expires);
		json_w_obj_end(j);
	}
	json_w_arr_end(j);
	json_w_obj_end(j);
}

int
put_hints(struct wire *w, struct buf *b, const struct hints *l,
    struct error *err)
{
	struct json_w j;
	size_t at, i = 0;

	while (i < l->n) {
		at = wire_begin(b);
		json_w_init(&j, b, true);
		json_w_obj(&j, NULL);
		json_w_arr(&j, "lineages");
		for (; i < l->n && b->len - at < HINTS_FRAME; i++)
			put_hint(&j, &l->v[i]);
		json_w_arr_end(&j);
		json_w_obj_end(&j);
		if (wire_end(w, b, at, err) == -1 ||
		    wire_flush(w, b, err) == -1)
			return -1;
	}
	return 0;
}

/* An optional time; one that cannot be read is an error. */
static int
get_time(const json *j, const char *name, const char *what, int64_t *out,
    struct error *err)
{
	const char *s = NULL;

	if (json_get_str(j, name, JSON_OPTIONAL, what, &s, err) == -1)
		return -1;
	return s == NULL ? 0 : time_parse(s, out, err);
}

static int
get_authz(const char *what, const json *arr, struct hint *h,
    struct error *err)
{
	const char *name = NULL, *url = NULL;
	int64_t expires;
	json *a;

	if (json_len(arr) > LIMIT_NAMES)
		return error_set(err, CODE_ERROR, "'%s': more than %d "
		    "authorizations for one lineage", vis(what),
		    LIMIT_NAMES);
	for (size_t i = 0; i < json_len(arr); i++) {
		a = json_at(arr, i);
		expires = 0;
		if (json_get_str(a, "name", JSON_REQUIRED, what, &name,
		    err) == -1 || json_get_str(a, "url", JSON_REQUIRED,
		    what, &url, err) == -1 || get_time(a, "expires",
		    what, &expires, err) == -1 ||
		    hint_add_authz(h, name, url, expires, err) == -1)
			return -1;
	}
	return 0;
}

static int
get_hint(const char *what, const json *l, struct hint *h,
    struct error *err)
{
	const char *server = NULL, *uri = NULL, *name = NULL, *s;
	json *domains = NULL, *authz = NULL;

	if (json_get_str(l, "server", JSON_REQUIRED, what, &server,
	    err) == -1 || json_get_str(l, "uri", JSON_REQUIRED, what, &uri,
	    err) == -1 || json_get_str(l, "name", JSON_REQUIRED, what,
	    &name, err) == -1 || json_get_arr(l, "domains", JSON_REQUIRED,
	    what, &domains, err) == -1 || json_get_arr(l,
	    "authorizations", JSON_OPTIONAL, what, &authz, err) == -1 ||
	    get_time(l, "not_before", what, &h->not_before, err) == -1 ||
	    str_dup(&h->server, server, err) == -1 ||
	    str_dup(&h->uri, uri, err) == -1 ||
	    str_dup(&h->name, name, err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(domains); i++) {
		if ((s = json_str_at(domains, i)) == NULL)
			return error_set(err, CODE_ERROR, "'%s': member "
			    "'domains': element %zu is no string",
			    vis(what), i);
		if (strs_add(&h->domains, s, err) == -1)
			return -1;
	}
	return get_authz(what, authz, h, err);
}

int
get_hint_list(const char *what, const json *arr, struct hints *l,
    struct error *err)
{
	struct hint *h;
	json *e;

	for (size_t i = 0; i < json_len(arr); i++) {
		e = json_at(arr, i);
		if (l->n >= LIMIT_PEER_ACCOUNTS)
			return error_set(err, CODE_ERROR, "'%s': sent more "
			    "than %d lineages", vis(what),
			    LIMIT_PEER_ACCOUNTS);
		if (!json_is_obj(e))
			return error_set(err, CODE_ERROR, "'%s': member "
			    "'lineages': element %zu is no object",
			    vis(what), i);
		if ((h = hints_add(l)) == NULL)
			return error_nomem(err);
		if (get_hint(what, e, h, err) == -1)
			return -1;
	}
	return 0;
}

int
get_hints(const struct wire *w, const json *j, struct hints *l,
    struct error *err)
{
	json *arr = NULL;

	if (json_get_arr(j, "lineages", JSON_REQUIRED, w->what, &arr,
	    err) == -1)
		return -1;
	return get_hint_list(w->what, arr, l, err);
}
