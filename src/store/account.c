/* SPDX-License-Identifier: ISC */
#include "store/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"
#include "store/server.h"

const char *const account_file_names[ACCOUNT_FILES] = {
	[ACCOUNT_KEY] = "private_key.json",
	[ACCOUNT_META] = "meta.json",
	[ACCOUNT_REGR] = "regr.json",
};

/* What is wrong with each file; the first flaw of a file counts. */
struct reader {
	struct account *a;
	enum account_file file;		/* being read */
	struct {
		enum account_flaw kind;
		char text[sizeof(((struct account *)0)->problem)];
	} f[ACCOUNT_FILES];
};

static void
flaw(struct reader *r, enum account_flaw kind, const char *what)
{
	if (r->f[r->file].kind != FLAW_NONE)
		return;
	r->f[r->file].kind = kind;
	vis_copy(r->f[r->file].text, sizeof(r->f[r->file].text), what,
	    strlen(what));
}

/* -1 only without memory; else it is a flaw of the account. */
static int
judge(struct reader *r, enum account_flaw kind, struct error *err)
{
	if (err->sys == ENOMEM)
		return -1;
	flaw(r, kind, err->msg);
	return 0;
}

/* The one that certbot comes upon first: it reads regr.json, key, meta.json. */
static void
settle(const struct reader *r)
{
	static const enum account_file order[ACCOUNT_FILES] = {
		ACCOUNT_REGR, ACCOUNT_KEY, ACCOUNT_META
	};
	struct account *a = r->a;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < ACCOUNT_FILES && !a->broken; i++) {
			enum account_flaw kind = r->f[order[i]].kind;

			/* first what stops the loading, then the rest */
			if (kind == FLAW_NONE ||
			    (pass == 0 && kind > FLAW_CRASH))
				continue;
			a->broken = true;
			a->flaw = kind;
			memcpy(a->problem, r->f[order[i]].text,
			    sizeof(a->problem));
		}
}

static int
dup_str(const json *j, const char *name, char **out, struct error *err)
{
	free(*out);
	*out = NULL;
	return str_dup(out, json_str(json_get(j, name)), err);
}

/* meta.json: creation_dt as pyrfc3339 reads it, creation_host anything. */
static int
read_meta(struct reader *r, const char *text, size_t len, struct error *err)
{
	static const char what[] = "meta.json";
	const char *created;
	json *j = NULL;
	int64_t t;
	int rc = -1;

	if (json_parse(text, len, what, &j, err) == -1)
		return judge(r, FLAW_CRASH, err);
	r->a->has_eff = json_get(j, "register_to_eff") != NULL;
	if (json_get_str(j, "creation_dt", JSON_REQUIRED, what, &created,
	    err) == -1 || time_parse(created, &t, err) == -1) {
		rc = judge(r, FLAW_CRASH, err);
		goto out;
	}
	/* a leap second is one in RFC 3339, not in Python */
	if (str_starts(created + 16, ":60"))
		flaw(r, FLAW_CRASH, "'meta.json': creation_dt has a second "
		    "60, which Python does not know");
	if (!json_has(j, "creation_host"))
		flaw(r, FLAW_CRASH, "'meta.json': member 'creation_host': "
		    "found none, want a string");
	rc = dup_str(j, "creation_dt", &r->a->created, err);
	if (rc == 0)
		rc = dup_str(j, "creation_host", &r->a->host, err);
out:
	json_put(j);
	return rc;
}

/* Old certbots put the public key into the body; it must be one of theirs. */
static int
read_body_key(struct reader *r, const json *body, struct error *err)
{
	struct jwk_info info;
	struct json_w w;
	struct buf b;
	int rc = 0;

	if (!json_is_obj(body) || !json_has(body, "key"))
		return 0;
	buf_init(&b, LIMIT_ACCOUNT_FILE);
	json_w_init(&w, &b, true);
	json_w_json(&w, NULL, json_get(body, "key"));
	if (b.failed)
		rc = error_nomem(err);
	else if (jwk_inspect(buf_str(&b), b.len, "regr.json: body.key", false,
	    &info, err) == -1)
		rc = judge(r, FLAW_CRASH, err);
	else
		r->a->body_key_differs = r->a->key.name[0] != '\0' &&
		    strcmp(info.thumbprint, r->a->key.thumbprint) != 0;
	buf_free(&b);
	return rc;
}

/* regr.json: body and uri must be there; uri is sent as it is to the CA. */
static int
read_regr(struct reader *r, const char *text, size_t len, struct error *err)
{
	static const char what[] = "regr.json";
	json *j = NULL, *body;
	const char *type;
	int rc = -1;

	r->a->regr_empty = len == 0;
	if (json_parse(text, len, what, &j, err) == -1)
		return judge(r, FLAW_CRASH, err);
	body = json_get(j, "body");
	type = json_type_text(body);
	if (!json_is_obj(j))
		flaw(r, FLAW_CRASH, "'regr.json': want an object");
	else if (body == NULL || strcmp(type, "a number") == 0 ||
	    strcmp(type, "a boolean") == 0) {
		error_set(err, CODE_STORE, "'regr.json': member 'body': found "
		    "%s, want an object", json_has(j, "body") ? type : "none");
		flaw(r, FLAW_CRASH, err->msg);
	} else if (!json_has(j, "uri"))
		flaw(r, FLAW_CRASH, "'regr.json': member 'uri': found none, "
		    "want a string");
	if (dup_str(j, "uri", &r->a->uri, err) == -1 ||
	    read_body_key(r, body, err) == -1)
		goto out;
	if (r->a->uri != NULL && r->a->uri[0] == '\0') {
		free(r->a->uri);
		r->a->uri = NULL;
	}
	if (r->a->uri == NULL)
		flaw(r, FLAW_URI, "'regr.json': member 'uri' is no account "
		    "URL, nothing can be issued");
	rc = 0;
out:
	json_put(j);
	return rc;
}

static int
read_file(struct reader *r, enum account_file f, const struct account_texts *t,
    bool verify, struct error *err)
{
	const char *name = account_file_names[f], *text = t->text[f];
	char why[64];
	size_t len = t->len[f];

	r->file = f;
	if (text == NULL && t->why[f] == NULL) {
		(void)snprintf(why, sizeof(why), "'%s' is missing", name);
		flaw(r, FLAW_MISSING, why);
		return 0;
	}
	r->a->present[f] = true;
	if (text == NULL) {
		flaw(r, FLAW_UNREADABLE, t->why[f]);
		return 0;
	}
	switch (f) {
	case ACCOUNT_META:
		return read_meta(r, text, len, err);
	case ACCOUNT_REGR:
		return read_regr(r, text, len, err);
	case ACCOUNT_KEY:
	case ACCOUNT_FILES:
		break;
	}
	if (jwk_inspect(text, len, name, verify, &r->a->key, err) == -1)
		return judge(r, FLAW_CRASH, err);
	if (!r->a->key.has_private)
		flaw(r, FLAW_PUBLIC, "'private_key.json': only a public key, "
		    "it cannot sign");
	return 0;
}

static int
keep_texts(struct account *a, const struct account_texts *t, struct error *err)
{
	const enum account_file k = ACCOUNT_KEY, m = ACCOUNT_META,
	    r = ACCOUNT_REGR;

	if (t->text[k] != NULL &&
	    secret_dup(&a->key_text, t->text[k], t->len[k], err) == -1)
		return -1;
	if (t->text[m] != NULL)
		buf_add(&a->meta_text, t->text[m], t->len[m]);
	if (t->text[r] != NULL)
		buf_add(&a->regr_text, t->text[r], t->len[r]);
	if (buf_check(&a->meta_text, account_file_names[m], err) == -1)
		return -1;
	return buf_check(&a->regr_text, account_file_names[r], err);
}

int
account_parse(const char *server, const char *dirname,
    const struct account_texts *t, bool keep, bool verify,
    struct account **out, struct error *err)
{
	struct reader r;
	struct account *a;
	bool ok;

	*out = NULL;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return error_nomem(err);
	memset(&r, 0, sizeof(r));
	r.a = a;
	buf_init(&a->meta_text, LIMIT_ACCOUNT_FILE);
	buf_init(&a->regr_text, LIMIT_ACCOUNT_FILE);
	ok = str_dup(&a->server, server, err) == 0 &&
	    str_dup(&a->dirname, dirname, err) == 0;
	/* the key first: body.key is compared with it */
	for (int f = 0; ok && f < ACCOUNT_FILES; f++)
		ok = read_file(&r, (enum account_file)f, t, verify, err) == 0;
	settle(&r);
	if (ok && keep)
		ok = keep_texts(a, t, err) == 0;
	if (!ok) {
		account_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

void
account_free(struct account *a)
{
	if (a == NULL)
		return;
	free(a->server);
	free(a->dirname);
	free(a->path);
	free(a->uri);
	free(a->created);
	free(a->host);
	secret_free(&a->key_text);
	buf_free(&a->meta_text);
	buf_free(&a->regr_text);
	free(a);
}

void
account_identity(const struct account *a, char out[65])
{
	struct error ignored;
	struct buf b;

	out[0] = '\0';
	if (a->key.name[0] == '\0' || a->uri == NULL)
		return;
	error_clear(&ignored);
	buf_init(&b, LIMIT_ACCOUNT_FILE);
	buf_adds(&b, a->key.thumbprint);
	buf_addc(&b, ' ');
	buf_adds(&b, a->uri);
	if (b.failed || digest_sha256_hex(b.data, b.len, out, &ignored) == -1)
		out[0] = '\0';
	buf_free(&b);
}

int
account_meta_clean(const struct account *a, struct buf *out, struct error *err)
{
	const char *text = buf_str(&a->meta_text), *key;
	struct json_iter it = { NULL, false };
	struct json_w w;
	json *j = NULL, *val;

	if (!a->has_eff) {
		buf_add(out, text, a->meta_text.len);
		return buf_check(out, "meta.json", err);
	}
	if (json_parse(text, a->meta_text.len, "meta.json", &j, err) == -1)
		return -1;
	json_w_init(&w, out, false);
	json_w_obj(&w, NULL);
	while (json_each(j, &it, &key, &val))
		if (strcmp(key, "register_to_eff") != 0)
			json_w_json(&w, key, val);
	json_w_obj_end(&w);
	json_put(j);
	return buf_check(out, "meta.json", err);
}

int
account_regr_with_uri(const struct account *a, const char *uri,
    struct buf *out, struct error *err)
{
	struct json_iter it = { NULL, false };
	const char *key;
	struct error ignored;
	struct json_w w;
	json *j = NULL, *val;

	error_clear(&ignored);
	if (json_parse(buf_str(&a->regr_text), a->regr_text.len, "regr.json",
	    &j, &ignored) == -1)
		j = NULL;
	json_w_init(&w, out, false);
	json_w_obj(&w, NULL);
	if (!json_is_obj(json_get(j, "body"))) {
		json_w_obj(&w, "body");
		json_w_obj_end(&w);
	}
	while (json_is_obj(j) && json_each(j, &it, &key, &val)) {
		if (strcmp(key, "uri") == 0)
			json_w_str(&w, "uri", uri);
		else if (strcmp(key, "body") != 0 || json_is_obj(val))
			json_w_json(&w, key, val);
	}
	if (!json_has(j, "uri"))
		json_w_str(&w, "uri", uri);
	json_w_obj_end(&w);
	json_put(j);
	return buf_check(out, "regr.json", err);
}

int
account_key(const struct account *a, struct jwk **out, struct error *err)
{
	const char *name = account_file_names[ACCOUNT_KEY];
	char *path = NULL;
	struct buf b;
	int rc = -1;

	*out = NULL;
	if (a->key_text.data != NULL)
		return jwk_parse((const char *)a->key_text.data,
		    a->key_text.len, name, out, err);
	if (a->path == NULL)
		return error_set(err, CODE_STORE, "'%s': the account's key is "
		    "not at hand", vis(a->dirname));
	buf_init_sensitive(&b, LIMIT_ACCOUNT_FILE);
	if (str_printf(&path, err, "%s/%s", a->path, name) == 0 &&
	    io_read_file(AT_FDCWD, path, LIMIT_ACCOUNT_FILE, 0, &b, NULL,
	    err) == 0)
		rc = jwk_parse(buf_str(&b), b.len, path, out, err);
	buf_free(&b);
	free(path);
	return rc;
}

bool
account_matches(const struct account *a, const char *which)
{
	size_t len = strlen(which);

	if (strcmp(a->dirname, which) == 0)
		return true;
	if (a->uri != NULL && account_uri_same(a->uri, which))
		return true;
	if (len < 4 || len > 32 ||
	    strspn(which, "0123456789abcdefABCDEF") != len)
		return false;
	return strncasecmp(a->key.id, which, len) == 0 ||
	    strncasecmp(a->dirname, which, len) == 0;
}
