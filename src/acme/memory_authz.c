/* SPDX-License-Identifier: ISC */
/*
 * The authorizations of a memory: what is needed to find one is there of each,
 * the rest of it only once somebody has asked.
 */
#include "acme/memory_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/state_file.h"

/* FNV-1a; two that are equal by chance cost a look. */
static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261U;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

/* account, profile and challenges are the memory's. */
static void
authz_free(struct memory_authz *z)
{
	if (z == NULL)
		return;
	free(z->name);
	free(z->url);
	free(z);
}

void
memory_entry_free(struct memory_entry *e)
{
	authz_free(e->authz);
	memset(e, 0, sizeof(*e));
}

static struct memory_authz *
authz_copy(struct memory *m, const struct memory_authz *src,
    struct error *err)
{
	struct memory_authz *z;

	if ((z = calloc(1, sizeof(*z))) == NULL) {
		error_nomem(err);
		return NULL;
	}
	z->status = src->status;
	z->expires = src->expires;
	z->validated = src->validated;
	z->checked = src->checked;
	z->first = src->first;
	if (memory_word(m, src->account, &z->account, err) == 0 &&
	    memory_word(m, src->profile, &z->profile, err) == 0 &&
	    memory_list(m, &src->challenges, &z->challenges, err) == 0 &&
	    str_dup(&z->name, src->name, err) == 0 &&
	    str_dup(&z->url, src->url, err) == 0)
		return z;
	authz_free(z);
	return NULL;
}

static int
append(struct memory *m, const struct memory_entry *e, struct error *err)
{
	struct memory_entry *v;

	if ((v = mem_grow(m->authz, m->nauthz, &m->capauthz,
	    sizeof(*v))) == NULL)
		return error_nomem(err);
	m->authz = v;
	v[m->nauthz++] = *e;
	return 0;
}

/* What is found without the rest. */
static void
index_by(struct memory_entry *e, const char *name, const char *url,
    int64_t first, int64_t checked, int64_t expires)
{
	e->name = hash(name);
	e->url = hash(url);
	e->age = checked > first ? checked : first;
	e->expires = expires;
}

/* ---- in the file -------------------------------------------------------- */

/* The challenges too; false: unfit. */
static bool
fit(const json *j, enum authz_status *status, json **challenges)
{
	struct error ignored;

	return *memory_str(j, "url") != '\0' &&
	    *memory_str(j, "name") != '\0' &&
	    authz_status_parse(memory_str(j, "status"), status) == 0 &&
	    json_get_arr(j, "challenges", JSON_OPTIONAL, "", challenges,
	    &ignored) == 0;
}

int
memory_index_authz(struct memory *m, const json *j, size_t at, size_t len,
    struct error *err)
{
	struct memory_entry e = { .at = (uint32_t)at, .len = (uint32_t)len };
	enum authz_status status;
	int64_t first = state_int(j, "first");
	json *challenges;

	if (!fit(j, &status, &challenges))
		return 0;
	index_by(&e, memory_str(j, "name"), memory_str(j, "url"),
	    first == 0 ? clock_now() : first, state_int(j, "checked"),
	    state_int(j, "expires"));
	return append(m, &e, err);
}

/* *out NULL: unfit */
static int
from_json(struct memory *m, const json *j, struct memory_authz **out,
    struct error *err)
{
	struct memory_authz z = { .expires = state_int(j, "expires"),
		.validated = state_int(j, "validated"),
		.checked = state_int(j, "checked"),
		.first = state_int(j, "first") };
	json *types = NULL;
	const char *s;
	int rc = -1;

	if (!fit(j, &z.status, &types))
		return 0;
	for (size_t i = 0; i < json_len(types); i++)
		if ((s = json_str_at(types, i)) != NULL &&
		    strs_add(&z.challenges, s, err) == -1)
			goto out;
	if (memory_word(m, memory_str(j, "account"), &z.account, err) == 0 &&
	    memory_word(m, memory_str(j, "profile"), &z.profile, err) == 0 &&
	    str_dup(&z.name, memory_str(j, "name"), err) == 0 &&
	    str_dup(&z.url, memory_str(j, "url"), err) == 0 &&
	    (*out = authz_copy(m, &z, err)) != NULL)
		rc = 0;
out:
	free(z.name);
	free(z.url);
	strs_free(&z.challenges);
	return rc;
}

int
memory_authz_text(const struct memory *m, const struct memory_entry *e,
    struct buf *b, struct error *err)
{
	char *to;

	buf_reset(b);
	if ((to = buf_reserve(b, e->len)) == NULL)
		return buf_check(b, m->dir, err);
	if (io_read_at(m->fd, to, e->len, e->at, m->dir, err) == -1)
		return -1;
	b->len = e->len;
	to[e->len] = '\0';
	return 0;
}

/* The rest of an entry.  One that cannot be had is not known; want of memory is
 * kept for memory_check(). */
static struct memory_authz *
whole(struct memory *m, struct memory_entry *e)
{
	struct error err;
	json *j = NULL;
	struct buf b;

	if (e->authz != NULL)
		return e->authz;
	error_clear(&err);
	buf_init(&b, JSON_WINDOW);
	if (memory_authz_text(m, e, &b, &err) == -1 ||
	    json_parse(b.data, b.len, m->dir, &j, &err) == -1 ||
	    from_json(m, j, &e->authz, &err) == -1)
		m->nomem = m->nomem || err.sys == ENOMEM;
	json_put(j);
	buf_free(&b);
	return e->authz;
}

int
memory_check(const struct memory *m, struct error *err)
{
	return m->nomem ? error_nomem(err) : 0;
}

/* ---- asked for ---------------------------------------------------------- */

const struct memory_authz *
memory_authz(struct memory *m, const char *account, const char *name,
    const char *profile, size_t i)
{
	const struct memory_authz *z;
	uint32_t h = hash(name);

	/* appended as they come: the newest is last */
	for (size_t k = m->nauthz; k-- > 0;) {
		if (m->authz[k].name != h ||
		    (z = whole(m, &m->authz[k])) == NULL)
			continue;
		if (strcmp(z->name, name) == 0 &&
		    (profile == NULL || strcmp(z->profile, profile) == 0) &&
		    strcmp(z->account, account) == 0 && i-- == 0)
			return z;
	}
	return NULL;
}

/* The next one with this url below index i; m->nauthz: none. */
static size_t
by_url(struct memory *m, const char *url, size_t i)
{
	const struct memory_authz *z;
	uint32_t h = hash(url);

	while (i-- > 0)
		if (m->authz[i].url == h &&
		    (z = whole(m, &m->authz[i])) != NULL &&
		    strcmp(z->url, url) == 0)
			return i;
	return m->nauthz;
}

int
memory_set_authz(struct memory *m, const struct memory_authz *src,
    struct error *err)
{
	struct memory_entry e = { .at = m->end }, *old;
	struct memory_authz *z;
	size_t i = m->nauthz;

	if ((z = authz_copy(m, src, err)) == NULL)
		return -1;
	while ((i = by_url(m, z->url, i)) < m->nauthz &&
	    strcmp(m->authz[i].authz->profile, z->profile) != 0)
		continue;
	old = i < m->nauthz ? &m->authz[i] : &e;
	if (old->authz != NULL && (z->first == 0 || (old->authz->first != 0 &&
	    old->authz->first < z->first)))
		z->first = old->authz->first;
	if (z->first == 0)
		z->first = clock_now();
	index_by(old, z->name, z->url, z->first, z->checked, z->expires);
	authz_free(old->authz);
	old->authz = z;
	z->dirty = m->dirty = true;
	if (old != &e)
		return 0;
	m->end++;
	if (append(m, &e, err) == 0)
		return 0;
	authz_free(z);
	return -1;
}

void
memory_drop_authz(struct memory *m, const char *url)
{
	struct error ignored;

	for (size_t i = m->nauthz; (i = by_url(m, url, i)) < m->nauthz;) {
		/* not told to memory_save() it comes back: harmless */
		if (strs_add(&m->dropped, url, &ignored) == 0)
			m->dirty = true;
		memory_entry_free(&m->authz[i]);
		memmove(&m->authz[i], &m->authz[i + 1],
		    (m->nauthz - i - 1) * sizeof(*m->authz));
		m->nauthz--;
	}
}
