/* SPDX-License-Identifier: ISC */
#include "issue/renew_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/state_file.h"
#include "base/strs.h"

#define FILE_NAME	"renew.json"
#define DAY		((int64_t)24 * 3600)

enum {
	TEXT_MAX = 4096,	/* of a name, a reason, a message */
	FAILURES_MAX = 1000000,
	RETRY_MAX = 8,		/* days: a CA's weekly limits and a bit */
	NEXT_MAX = 400,		/* days: no certificate lives longer */
	SKEW_MAX = 400		/* days */
};

/* ---- entries ------------------------------------------------------------ */

static void
entry_free(struct renew_entry *e)
{
	free(e->name);
	free(e->decision);
	free(e->reason);
	free(e->error);
	free(e->ari_why);
}

void
renew_state_free(struct renew_state *st)
{
	for (size_t i = 0; i < st->n; i++)
		entry_free(&st->v[i]);
	free(st->v);
	memset(st, 0, sizeof(*st));
}

/* Where the name is, or belongs. */
static size_t
place(const struct renew_state *st, const char *name, bool *found)
{
	size_t low = 0, high = st->n, mid;
	int c;

	*found = false;
	/* files are read in their order: the end is the likely place */
	if (st->n > 0 && strcmp(st->v[st->n - 1].name, name) < 0)
		return st->n;
	while (low < high) {
		mid = low + (high - low) / 2;
		c = strcmp(st->v[mid].name, name);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct renew_entry *
renew_state_find(struct renew_state *st, const char *name)
{
	bool found;
	size_t i = place(st, name, &found);

	return found ? &st->v[i] : NULL;
}

struct renew_entry *
renew_state_get(struct renew_state *st, const char *name, struct error *err)
{
	struct renew_entry *v, e = { 0 };
	bool found;
	size_t i = place(st, name, &found);

	if (found)
		return &st->v[i];
	if (str_dup(&e.name, name, err) == -1)
		return NULL;
	if ((v = mem_grow(st->v, st->n, &st->cap, sizeof(*v))) == NULL) {
		free(e.name);
		error_nomem(err);
		return NULL;
	}
	st->v = v;
	memmove(&v[i + 1], &v[i], (st->n - i) * sizeof(*v));
	v[i] = e;
	st->n++;
	return &v[i];
}

void
renew_entry_issued(struct renew_entry *e, int64_t when)
{
	size_t i = 0, n;

	while (i < RENEW_ISSUED && e->issued[i] > when)
		i++;
	if (when <= 0 || i == RENEW_ISSUED || e->issued[i] == when)
		return;
	n = RENEW_ISSUED - i - 1;
	memmove(&e->issued[i + 1], &e->issued[i], n * sizeof(e->issued[0]));
	e->issued[i] = when;
}

void
renew_state_prune(struct renew_state *st)
{
	size_t kept = 0;

	for (size_t i = 0; i < st->n; i++) {
		if (st->v[i].seen)
			st->v[kept++] = st->v[i];
		else
			entry_free(&st->v[i]);
	}
	st->n = kept;
}

/* ---- reading ------------------------------------------------------------ */

static const char *
str_of(const json *j, const char *name)
{
	return state_str(j, name, TEXT_MAX);
}

/* What is to come is not farther than that. */
static int64_t
future(const json *j, const char *name, int64_t now, int64_t days)
{
	int64_t t = state_int(j, name);

	return t > now + days * DAY ? 0 : t;
}

static void
digest_of(const json *j, const char *name, char out[DIGEST_SHA256_HEX])
{
	const char *s = str_of(j, name);

	if (s != NULL && strlen(s) == DIGEST_SHA256_HEX - 1)
		memcpy(out, s, DIGEST_SHA256_HEX);
	else
		out[0] = '\0';
}

static void
load_history(const json *j, int64_t now, struct renew_entry *e)
{
	const char *code = str_of(j, "result");
	int64_t n = state_int(j, "failures");

	e->attempt = state_past(j, "attempt", now);
	e->success = state_past(j, "success", now);
	e->failures = n > FAILURES_MAX ? FAILURES_MAX : (unsigned int)n;
	e->unproven = state_bool(j, "unproven");
	e->failing = state_past(j, "failing", now);
	e->retry_after = future(j, "retry_after", now, RETRY_MAX);
	e->alarm = state_past(j, "alarm", now);
	if (code == NULL || code_from_name(code, &e->code) == -1)
		e->code = CODE_OK;
}

static void
load_facts(const json *j, int64_t now, struct renew_entry *e)
{
	struct error ignored;
	json *list = NULL;
	int64_t t;

	e->asked = state_past(j, "asked", now);
	e->told = state_past(j, "told", now);
	e->answered = state_past(j, "answered", now);
	e->ari_start = state_int(j, "ari_start");
	e->ari_end = state_int(j, "ari_end");
	if (e->ari_end <= e->ari_start)
		e->ari_start = e->ari_end = 0;
	e->ari_poll = future(j, "ari_poll", now, RETRY_MAX);
	if (json_get_arr(j, "issued", JSON_OPTIONAL, "", &list, &ignored)
	    == -1)
		return;
	for (size_t i = 0; i < RENEW_ISSUED && i < json_len(list); i++)
		if (json_int_at(list, i, &t) && t <= now + DAY)
			renew_entry_issued(e, t);
}

static int
load_entry(struct renew_state *st, const json *j, int64_t now,
    struct error *err)
{
	const char *name = str_of(j, "name");
	struct renew_entry *e;

	if (name == NULL || *name == '\0' || strchr(name, '/') != NULL ||
	    st->n >= RENEW_STATE_ENTRIES ||
	    renew_state_find(st, name) != NULL)
		return 0;
	if ((e = renew_state_get(st, name, err)) == NULL)
		return -1;
	digest_of(j, "stamp", e->stamp);
	e->shared = state_bool(j, "shared");
	e->decided = state_past(j, "decided", now);
	e->next = st->stepped ? 0 : future(j, "next", now, NEXT_MAX);
	e->not_after = state_int(j, "not_after");
	load_facts(j, now, e);
	load_history(j, now, e);
	if (str_dup(&e->decision, str_of(j, "decision"), err) == -1 ||
	    str_dup(&e->reason, str_of(j, "reason"), err) == -1 ||
	    str_dup(&e->ari_why, str_of(j, "ari_why"), err) == -1)
		return -1;
	return str_dup(&e->error, str_of(j, "error"), err);
}

static int
load(struct renew_state *st, const json *j, int64_t now, struct error *err)
{
	json *list;

	if (json_get_arr(j, "certificates", JSON_REQUIRED, FILE_NAME, &list,
	    err) == -1)
		return -1;
	st->written = state_int(j, "written");
	st->stepped = st->written > now;
	st->skew = state_int(j, "skew");
	if (st->skew < 0 || st->skew > SKEW_MAX * DAY)
		st->skew = 0;
	now += st->skew;
	for (size_t i = 0; i < json_len(list); i++)
		if (json_is_obj(json_at(list, i)) &&
		    load_entry(st, json_at(list, i), now, err) == -1)
			return -1;
	return 0;
}

int
renew_state_parse(const char *text, size_t len, int64_t now,
    struct renew_state *out, struct error *err)
{
	json *j = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (json_parse(text, len, FILE_NAME, &j, err) == -1)
		return -1;
	rc = load(out, j, now, err);
	json_put(j);
	if (rc == -1)
		renew_state_free(out);
	return rc;
}

static int
parse(void *out, const char *text, size_t len, int64_t now,
    struct error *err)
{
	return renew_state_parse(text, len, now, out, err);
}

int
renew_state_load(const char *state_dir, int64_t now, struct renew_state *out,
    struct error *err)
{
	memset(out, 0, sizeof(*out));
	return state_file_load(state_dir, FILE_NAME, parse, out, now, err);
}

/* ---- writing ------------------------------------------------------------ */

static void
put_entry(struct json_w *w, const struct renew_entry *e)
{
	json_w_obj(w, NULL);
	json_w_str(w, "name", e->name);
	state_put_str(w, "stamp", e->stamp);
	if (e->shared)
		json_w_bool(w, "shared", true);
	state_put_int(w, "decided", e->decided);
	state_put_int(w, "next", e->next);
	state_put_str(w, "decision", e->decision);
	state_put_str(w, "reason", e->reason);
	state_put_int(w, "not_after", e->not_after);
	state_put_int(w, "asked", e->asked);
	state_put_int(w, "told", e->told);
	state_put_int(w, "answered", e->answered);
	json_w_arr(w, "issued");
	for (size_t i = 0; i < RENEW_ISSUED && e->issued[i] != 0; i++)
		json_w_int(w, NULL, e->issued[i]);
	json_w_arr_end(w);
	state_put_int(w, "ari_start", e->ari_start);
	state_put_int(w, "ari_end", e->ari_end);
	state_put_int(w, "ari_poll", e->ari_poll);
	state_put_str(w, "ari_why", e->ari_why);
	state_put_int(w, "attempt", e->attempt);
	state_put_int(w, "success", e->success);
	state_put_int(w, "failures", e->failures);
	if (e->unproven)
		json_w_bool(w, "unproven", true);
	state_put_int(w, "failing", e->failing);
	state_put_int(w, "retry_after", e->retry_after);
	if (e->code != CODE_OK)
		json_w_str(w, "result", code_name(e->code));
	state_put_str(w, "error", e->error);
	state_put_int(w, "alarm", e->alarm);
	json_w_obj_end(w);
}

static int
as_text(const struct renew_state *st, int64_t now, struct buf *b,
    struct error *err)
{
	struct json_w w;

	json_w_init(&w, b, true);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", 1);
	json_w_int(&w, "written", now);
	json_w_int(&w, "skew", st->skew);
	json_w_arr(&w, "certificates");
	for (size_t i = 0; i < st->n && i < RENEW_STATE_ENTRIES; i++)
		put_entry(&w, &st->v[i]);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	buf_addc(b, '\n');
	return buf_check(b, FILE_NAME, err);
}

int
renew_state_save(struct renew_state *st, const char *state_dir, int64_t now,
    struct error *err)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, LIMIT_STATE_FILE);
	if (as_text(st, now, &b, err) == 0)
		rc = state_file_save(state_dir, FILE_NAME, &b, err);
	buf_free(&b);
	return rc;
}
