/* SPDX-License-Identifier: ISC */
#include "sync/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/state_file.h"
#include "base/strs.h"
#include "sync/backoff.h"

#define FILE_NAME	"sync.json"
#define LOCK_NAME	"sync-state.lock"

enum {
	NAME_MAX_BYTES = 1024,
	FAILURES_MAX = 1000000,
	LOCK_WAIT = 10 * 1000	/* others hold it for milliseconds */
};

/* ---- memos -------------------------------------------------------------- */

static void
memo_free(struct sync_memo *m)
{
	free(m->name);
	free(m->error);
}

void
sync_state_free(struct sync_state *st)
{
	for (size_t i = 0; i < st->n; i++)
		memo_free(&st->v[i]);
	free(st->v);
	memset(st, 0, sizeof(*st));
}

/* Where the name is, or belongs. */
static size_t
place(const struct sync_state *st, const char *name, bool *found)
{
	size_t low = 0, high = st->n, mid;
	int c;

	*found = false;
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

static struct sync_memo *
memo_of(struct sync_state *st, const char *name, struct error *err)
{
	struct sync_memo *v, m = { 0 };
	bool found;
	size_t i = place(st, name, &found);

	if (found)
		return &st->v[i];
	if (str_dup(&m.name, name, err) == -1)
		return NULL;
	if ((v = mem_grow(st->v, st->n, &st->cap, sizeof(*v))) == NULL) {
		free(m.name);
		error_nomem(err);
		return NULL;
	}
	st->v = v;
	memmove(&v[i + 1], &v[i], (st->n - i) * sizeof(*v));
	v[i] = m;
	st->n++;
	return &v[i];
}

static int
digest_of(const struct config_peer *peer, char out[DIGEST_SHA256_HEX],
    struct error *err)
{
	char *text = NULL;
	int rc;

	if (str_printf(&text, err, "%d %s", (int)peer->direction, peer->url)
	    == -1)
		return -1;
	rc = digest_sha256_hex(text, strlen(text), out, err);
	free(text);
	return rc;
}

struct sync_memo *
sync_state_get(struct sync_state *st, const struct config_peer *peer,
    struct error *err)
{
	char who[DIGEST_SHA256_HEX], *name;
	struct sync_memo *m;

	if (digest_of(peer, who, err) == -1 ||
	    (m = memo_of(st, peer->name, err)) == NULL)
		return NULL;
	if (strcmp(m->who, who) != 0) {
		name = m->name;
		free(m->error);
		memset(m, 0, sizeof(*m));
		m->name = name;
		memcpy(m->who, who, sizeof(who));
	}
	return m;
}

int
sync_memo_result(struct sync_memo *m, int64_t began, enum code code,
    const char *error, int64_t retry_after, struct error *err)
{
	m->changed = true;
	m->attempt = began;
	m->code = code;
	free(m->error);
	m->error = NULL;
	if (code == CODE_OK) {
		m->success = began;
		m->failures = 0;
		m->failing = m->next = 0;
		if (m->owed <= began)
			m->owed = 0;
		return 0;
	}
	if (m->failing == 0)
		m->failing = began;
	if (m->failures < FAILURES_MAX)
		m->failures++;
	m->next = backoff_next(code, m->failures, began, retry_after,
	    m->name);
	return str_dup(&m->error, error, err);
}

/* ---- reading ------------------------------------------------------------ */

static int
load_memo(struct sync_state *st, const json *j, int64_t now,
    struct error *err)
{
	const char *name = state_str(j, "name", NAME_MAX_BYTES), *s;
	struct sync_memo *m;
	int64_t n;
	bool found;

	if (name == NULL || *name == '\0' || st->n >= SYNC_STATE_PEERS)
		return 0;
	(void)place(st, name, &found);
	if (found)
		return 0;
	if ((m = memo_of(st, name, err)) == NULL)
		return -1;
	s = state_str(j, "who", DIGEST_SHA256_HEX - 1);
	if (s != NULL && strlen(s) == DIGEST_SHA256_HEX - 1)
		memcpy(m->who, s, DIGEST_SHA256_HEX);
	m->attempt = state_past(j, "attempt", now);
	m->success = state_past(j, "success", now);
	m->failing = state_past(j, "failing", now);
	m->next = state_int(j, "next");
	if (m->next > now + BACKOFF_ASKED)
		m->next = 0;
	n = state_int(j, "failures");
	m->failures = n > FAILURES_MAX ? FAILURES_MAX : (unsigned int)n;
	s = state_str(j, "result", NAME_MAX_BYTES);
	if (s == NULL || code_from_name(s, &m->code) == -1)
		m->code = CODE_OK;
	m->owed = state_past(j, "owed", now);
	return str_dup(&m->error, state_str(j, "error", ERROR_MSG_MAX), err);
}

int
sync_state_parse(const char *text, size_t len, int64_t now,
    struct sync_state *out, struct error *err)
{
	json *j = NULL, *list;
	int rc;

	memset(out, 0, sizeof(*out));
	if (json_parse(text, len, FILE_NAME, &j, err) == -1)
		return -1;
	rc = json_get_arr(j, "peers", JSON_REQUIRED, FILE_NAME, &list, err);
	for (size_t i = 0; rc == 0 && i < json_len(list); i++)
		if (json_is_obj(json_at(list, i)))
			rc = load_memo(out, json_at(list, i), now, err);
	json_put(j);
	if (rc == -1)
		sync_state_free(out);
	return rc;
}

static int
parse(void *out, const char *text, size_t len, int64_t now,
    struct error *err)
{
	return sync_state_parse(text, len, now, out, err);
}

int
sync_state_load(const char *state_dir, int64_t now, struct sync_state *out,
    struct error *err)
{
	memset(out, 0, sizeof(*out));
	return state_file_load(state_dir, FILE_NAME, parse, out, now, err);
}

/* ---- writing ------------------------------------------------------------ */

static void
put_memo(struct json_w *w, const struct sync_memo *m)
{
	json_w_obj(w, NULL);
	json_w_str(w, "name", m->name);
	json_w_str(w, "who", m->who);
	state_put_int(w, "attempt", m->attempt);
	state_put_int(w, "success", m->success);
	state_put_int(w, "failures", m->failures);
	state_put_int(w, "failing", m->failing);
	state_put_int(w, "next", m->next);
	if (m->code != CODE_OK)
		json_w_str(w, "result", code_name(m->code));
	if (m->error != NULL)
		json_w_str(w, "error", m->error);
	state_put_int(w, "owed", m->owed);
	json_w_obj_end(w);
}

static int
as_text(const struct sync_state *st, struct buf *b, struct error *err)
{
	struct json_w w;

	json_w_init(&w, b, true);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", 1);
	json_w_arr(&w, "peers");
	for (size_t i = 0; i < st->n && i < SYNC_STATE_PEERS; i++)
		put_memo(&w, &st->v[i]);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	buf_addc(b, '\n');
	return buf_check(b, FILE_NAME, err);
}

static int
write_file(const struct sync_state *st, const char *state_dir,
    struct error *err)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, LIMIT_STATE_FILE);
	if (as_text(st, &b, err) == 0)
		rc = state_file_save(state_dir, FILE_NAME, &b, err);
	buf_free(&b);
	return rc;
}

/* The memos that changed go into `to`. */
static int
merge(struct sync_state *to, const struct sync_state *from,
    struct error *err)
{
	const struct sync_memo *m;
	struct sync_memo *t;
	int64_t owed;
	char *name;

	for (size_t i = 0; i < from->n; i++) {
		m = &from->v[i];
		if (!m->changed)
			continue;
		if ((t = memo_of(to, m->name, err)) == NULL)
			return -1;
		free(t->error);
		name = t->name;
		/* what came up meanwhile is still owed */
		owed = t->owed > m->success && strcmp(t->who, m->who) == 0 ?
		    t->owed : 0;
		*t = *m;
		t->name = name;
		if (owed > t->owed)
			t->owed = owed;
		t->error = NULL;
		if (str_dup(&t->error, m->error, err) == -1)
			return -1;
	}
	return 0;
}

/* A bad file of config.d may have one of those that seem to be gone. */
static void
prune(struct sync_state *st, const struct config *c)
{
	for (size_t i = c->bad_files.n > 0 ? 0 : st->n; i-- > 0;) {
		if (config_peer(c, st->v[i].name) != NULL)
			continue;
		memo_free(&st->v[i]);
		st->n--;
		memmove(&st->v[i], &st->v[i + 1],
		    (st->n - i) * sizeof(st->v[0]));
	}
}

static int
save_locked(const struct sync_state *st, const struct config *c,
    struct error *err)
{
	struct sync_state now = { 0 };
	int rc = -1;

	if (sync_state_load(c->state_dir, clock_now(), &now, err) == -1)
		return -1;
	if (merge(&now, st, err) == 0) {
		prune(&now, c);
		rc = write_file(&now, c->state_dir, err);
	}
	sync_state_free(&now);
	return rc;
}

int
sync_state_save(struct sync_state *st, const struct config *c,
    struct error *err)
{
	const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	struct lock lock = LOCK_NONE;
	char *path = NULL;
	bool any = false;
	int rc = -1;

	for (size_t i = 0; i < st->n; i++)
		any = any || st->v[i].changed;
	if (!any)
		return 0;
	if (atomic_mkdirs(c->state_dir, &attr, err) == 0 &&
	    str_printf(&path, err, "%s/" LOCK_NAME, c->state_dir) == 0 &&
	    lock_acquire(&lock, path, LOCK_WAIT, err) == 0)
		rc = save_locked(st, c, err);
	lock_release(&lock);
	free(path);
	for (size_t i = 0; rc == 0 && i < st->n; i++)
		st->v[i].changed = false;
	return rc;
}
