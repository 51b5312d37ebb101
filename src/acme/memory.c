/* SPDX-License-Identifier: ISC */
#include "acme/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/memory_impl.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/strs.h"

#define HOUR	((int64_t)3600)
#define DAY	(24 * HOUR)

struct memory *
memory_new(const char *state_dir, struct error *err)
{
	struct memory *m;

	if ((m = calloc(1, sizeof(*m))) == NULL) {
		error_nomem(err);
		return NULL;
	}
	m->fd = -1;
	if (str_dup(&m->dir, state_dir, err) == -1) {
		memory_free(m);
		return NULL;
	}
	return m;
}

void
memory_forget(struct memory *m)
{
	for (size_t i = 0; i < m->nauthz; i++)
		memory_entry_free(&m->authz[i]);
	for (size_t i = 0; i < m->naccounts; i++) {
		free(m->accounts[i].uri);
		free(m->accounts[i].thumbprint);
	}
	for (size_t i = 0; i < m->nlifetimes; i++) {
		free(m->lifetimes[i].server);
		free(m->lifetimes[i].profile);
	}
	for (size_t i = 0; i < m->nmarks; i++) {
		free(m->marks[i].key);
		free(m->marks[i].url);
	}
	m->nauthz = m->naccounts = m->nlifetimes = m->nmarks = 0;
}

void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	memory_forget(m);
	if (m->fd != -1)
		(void)close(m->fd);
	free(m->authz);
	free(m->accounts);
	free(m->lifetimes);
	free(m->marks);
	for (size_t i = 0; i < m->nlists; i++)
		strs_free(&m->lists[i]);
	free(m->lists);
	strs_free(&m->words);
	strs_free(&m->dropped);
	free(m->dir);
	free(m);
}

/* ---- accounts ----------------------------------------------------------- */

/* The index of uri, or where it belongs. */
static size_t
account_index(const struct memory *m, const char *uri, bool *found)
{
	size_t lo = 0, hi = m->naccounts, mid;
	int c;

	*found = false;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		c = strcmp(m->accounts[mid].uri, uri);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int64_t
memory_account(const struct memory *m, const char *uri,
    const char *thumbprint)
{
	bool found;
	size_t i = account_index(m, uri, &found);

	if (!found || strcmp(m->accounts[i].thumbprint, thumbprint) != 0)
		return 0;
	return m->accounts[i].when;
}

int
memory_set_account(struct memory *m, const char *uri, const char *thumbprint,
    int64_t when, struct error *err)
{
	struct memory_account_entry e = { NULL, NULL, when, true }, *v;
	bool found;
	size_t i = account_index(m, uri, &found);

	if (!found && when == 0)
		return 0;
	if (str_dup(&e.uri, uri, err) == -1 ||
	    str_dup(&e.thumbprint, thumbprint, err) == -1)
		goto fail;
	m->dirty = true;
	if (found) {
		free(m->accounts[i].uri);
		free(m->accounts[i].thumbprint);
		m->accounts[i] = e;
		return 0;
	}
	if ((v = mem_grow(m->accounts, m->naccounts, &m->capaccounts,
	    sizeof(*v))) == NULL) {
		error_nomem(err);
		goto fail;
	}
	m->accounts = v;
	memmove(&v[i + 1], &v[i], (m->naccounts - i) * sizeof(*v));
	v[i] = e;
	m->naccounts++;
	return 0;
fail:
	free(e.uri);
	free(e.thumbprint);
	return -1;
}

/* ---- lifetimes of orders ------------------------------------------------ */

static struct memory_lifetime *
lifetime(const struct memory *m, const char *server, const char *profile)
{
	for (size_t i = 0; i < m->nlifetimes; i++)
		if (strcmp(m->lifetimes[i].server, server) == 0 &&
		    strcmp(m->lifetimes[i].profile, profile) == 0)
			return &m->lifetimes[i];
	return NULL;
}

int64_t
memory_lifetime(const struct memory *m, const char *server,
    const char *profile)
{
	const struct memory_lifetime *l = lifetime(m, server, profile);

	return l == NULL ? 0 : l->seconds;
}

int
memory_set_lifetime(struct memory *m, const char *server,
    const char *profile, int64_t seconds, struct error *err)
{
	struct memory_lifetime *l = lifetime(m, server, profile), *v;
	struct memory_lifetime e = { NULL, NULL, seconds, true };

	if (l != NULL) {
		if (seconds > l->seconds) {
			l->seconds = seconds;
			l->dirty = m->dirty = true;
		}
		return 0;
	}
	if ((v = mem_grow(m->lifetimes, m->nlifetimes, &m->caplifetimes,
	    sizeof(*v))) == NULL)
		return error_nomem(err);
	m->lifetimes = v;
	if (str_dup(&e.server, server, err) == -1 ||
	    str_dup(&e.profile, profile, err) == -1) {
		free(e.server);
		return -1;
	}
	m->dirty = true;
	v[m->nlifetimes++] = e;
	return 0;
}

/* ---- marks: something happened at a time -------------------------------- */

static struct memory_mark *
mark(const struct memory *m, const char *key)
{
	for (size_t i = 0; i < m->nmarks; i++)
		if (strcmp(m->marks[i].key, key) == 0)
			return &m->marks[i];
	return NULL;
}

int
memory_set_mark(struct memory *m, const char *key, const char *url,
    int64_t when, struct error *err)
{
	struct memory_mark *k = mark(m, key), *v;
	struct memory_mark e = { NULL, NULL, when, true };

	if (k == NULL && when == 0)
		return 0;
	if (str_dup(&e.url, url, err) == -1)
		return -1;
	m->dirty = true;
	if (k != NULL) {
		free(k->url);
		k->url = e.url;
		k->when = when;
		k->dirty = true;
		return 0;
	}
	if ((v = mem_grow(m->marks, m->nmarks, &m->capmarks,
	    sizeof(*v))) == NULL) {
		free(e.url);
		return error_nomem(err);
	}
	m->marks = v;
	if (str_dup(&e.key, key, err) == -1) {
		free(e.url);
		return -1;
	}
	v[m->nmarks++] = e;
	return 0;
}

/* "WORD A B", NULL for want of memory */
static char *
mark_key(const char *word, const char *a, const char *b)
{
	struct error ignored;
	char *s = NULL;

	if (str_printf(&s, &ignored, "%s %s%s%s", word, a,
	    *b != '\0' ? " " : "", b) == -1)
		return NULL;
	return s;
}

static const struct memory_mark *
mark_of(const struct memory *m, const char *word, const char *a,
    const char *b)
{
	const struct memory_mark *k = NULL;
	char *key;

	if ((key = mark_key(word, a, b)) != NULL)
		k = mark(m, key);
	free(key);
	return k;
}

static int64_t
mark_when(const struct memory *m, const char *word, const char *a,
    const char *b)
{
	const struct memory_mark *k = mark_of(m, word, a, b);

	return k == NULL ? 0 : k->when;
}

static int
mark_put(struct memory *m, const char *word, const char *a, const char *b,
    const char *url, int64_t when, struct error *err)
{
	char *key;
	int r;

	if ((key = mark_key(word, a, b)) == NULL)
		return error_nomem(err);
	r = memory_set_mark(m, key, url, when, err);
	free(key);
	return r;
}

int64_t
memory_pending(const struct memory *m, const char *key, const char **url)
{
	const struct memory_mark *k = mark_of(m, "pending", key, "");

	if (url != NULL)
		*url = k == NULL ? NULL : k->url;
	return k == NULL ? 0 : k->when;
}

int
memory_set_pending(struct memory *m, const char *key, const char *url,
    int64_t when, struct error *err)
{
	return mark_put(m, "pending", key, "", url, when, err);
}

int64_t
memory_order_reuse(const struct memory *m, const char *server)
{
	return mark_when(m, "order-reuse", server, "");
}

int
memory_set_order_reuse(struct memory *m, const char *server, int64_t when,
    struct error *err)
{
	return mark_put(m, "order-reuse", server, "", NULL, when, err);
}

int64_t
memory_deactivated(const struct memory *m, const char *account,
    const char *name)
{
	return mark_when(m, "deactivated", account, name);
}

int
memory_set_deactivated(struct memory *m, const char *account,
    const char *name, int64_t when, struct error *err)
{
	return mark_put(m, "deactivated", account, name, NULL, when, err);
}

/* One mark for each try that counts; the oldest is used again. */
static const char *const failed_words[MEMORY_FAILED] = { "failed",
	"failed-2" };

int64_t
memory_failed(const struct memory *m, const char *account, const char *name,
    int64_t now)
{
	int64_t when, first = now;

	for (size_t i = 0; i < MEMORY_FAILED; i++) {
		when = mark_when(m, failed_words[i], account, name);
		/* the clock may have been put back */
		if (when <= now - HOUR || when > now)
			return 0;
		if (when < first)
			first = when;
	}
	return first + HOUR;
}

int
memory_set_failed(struct memory *m, const char *account, const char *name,
    int64_t when, struct error *err)
{
	int64_t t, oldest = INT64_MAX;
	size_t slot = 0;

	for (size_t i = 0; i < MEMORY_FAILED; i++) {
		t = mark_when(m, failed_words[i], account, name);
		if (t > when)
			t = 0;
		if (t < oldest) {
			oldest = t;
			slot = i;
		}
	}
	return mark_put(m, failed_words[slot], account, name, NULL, when,
	    err);
}

int
memory_order_key(const char *account, const char *profile,
    const struct strs *names, char **out, struct error *err)
{
	struct strs sorted = { 0 };
	char *joined = NULL;
	int r = -1;

	if (strs_copy(&sorted, names, err) == -1)
		goto out;
	strs_sort(&sorted);
	if ((joined = strs_join(&sorted, " ")) == NULL) {
		error_nomem(err);
		goto out;
	}
	r = str_printf(out, err, "%s '%s' %s", account, profile, joined);
out:
	free(joined);
	strs_free(&sorted);
	return r;
}

/* ---- bounds ------------------------------------------------------------- */

static int
newest_last(const void *a, const void *b)
{
	const struct memory_entry *x = a, *y = b;

	if (x->age != y->age)
		return x->age < y->age ? -1 : 1;
	/* as they came */
	return x->at < y->at ? -1 : x->at > y->at;
}

static void
prune_marks(struct memory *m, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nmarks; i++) {
		if (m->marks[i].when < now - 30 * DAY ||
		    m->nmarks - i > MEMORY_MARKS) {
			free(m->marks[i].key);
			free(m->marks[i].url);
		} else
			m->marks[kept++] = m->marks[i];
	}
	m->nmarks = kept;
}

static void
prune_accounts(struct memory *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->naccounts; i++) {
		if (m->accounts[i].when == 0 || kept == MEMORY_ACCOUNTS) {
			free(m->accounts[i].uri);
			free(m->accounts[i].thumbprint);
		} else
			m->accounts[kept++] = m->accounts[i];
	}
	m->naccounts = kept;
}

void
memory_prune(struct memory *m, int64_t now)
{
	const struct memory_entry *e;
	size_t kept = 0, excess;

	prune_marks(m, now);
	prune_accounts(m);
	if (m->nauthz > 1)
		qsort(m->authz, m->nauthz, sizeof(*m->authz), newest_last);
	excess = m->nauthz > MEMORY_AUTHZ ? m->nauthz - MEMORY_AUTHZ : 0;
	for (size_t i = 0; i < m->nauthz; i++) {
		e = &m->authz[i];
		if (i < excess || e->age < now - 90 * DAY ||
		    (e->expires != 0 && e->expires < now - 30 * DAY))
			memory_entry_free(&m->authz[i]);
		else
			m->authz[kept++] = m->authz[i];
	}
	m->nauthz = kept;
	while (m->nlifetimes > MEMORY_LIFETIMES) {
		m->nlifetimes--;
		free(m->lifetimes[m->nlifetimes].server);
		free(m->lifetimes[m->nlifetimes].profile);
	}
}
