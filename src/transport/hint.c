/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "acme/memory.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/server.h"
#include "transport/offer.h"

struct hint *
hints_add(struct hints *l)
{
	struct hint *v;

	if ((v = mem_grow(l->v, l->n, &l->cap, sizeof(*v))) == NULL)
		return NULL;
	l->v = v;
	memset(&l->v[l->n], 0, sizeof(l->v[0]));
	return &l->v[l->n++];
}

int
hint_add_authz(struct hint *h, const char *name, const char *url,
    int64_t expires, struct error *err)
{
	struct hint_authz *v, *a;

	if ((v = mem_grow(h->authz, h->nauthz, &h->capauthz,
	    sizeof(*v))) == NULL)
		return error_nomem(err);
	h->authz = v;
	a = &v[h->nauthz];
	memset(a, 0, sizeof(*a));
	h->nauthz++;
	a->expires = expires;
	if (str_dup(&a->name, name, err) == -1)
		return -1;
	return str_dup(&a->url, url, err);
}

void
hint_free(struct hint *h)
{
	free(h->server);
	free(h->uri);
	free(h->name);
	strs_free(&h->domains);
	for (size_t j = 0; j < h->nauthz; j++) {
		free(h->authz[j].name);
		free(h->authz[j].url);
	}
	free(h->authz);
	memset(h, 0, sizeof(*h));
}

void
hints_free(struct hints *l)
{
	for (size_t i = 0; i < l->n; i++)
		hint_free(&l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static bool
covers(const struct hint *h, const char *name)
{
	for (size_t i = 0; i < h->domains.n; i++)
		if (strcasecmp(h->domains.v[i], name) == 0)
			return true;
	return false;
}

const struct hint *
hints_for_name(const struct hints *l, const char *server, const char *name)
{
	const struct hint *best = NULL, *h;

	for (size_t i = 0; i < l->n; i++) {
		h = &l->v[i];
		if (server != NULL && !server_same(server, h->server))
			continue;
		if (!covers(h, name))
			continue;
		if (best == NULL || h->not_before > best->not_before)
			best = h;
	}
	return best;
}

/* The uri of the account that a lineage uses, NULL: not there. */
static const char *
uri_of(const struct accounts *accounts, const struct lineage *l)
{
	const struct account *a;

	for (size_t i = 0; i < accounts->n; i++) {
		a = accounts->v[i];
		if (a->uri != NULL && lineage_uses(l, a->server, a->dirname))
			return a->uri;
	}
	return NULL;
}

bool
hints_have_authz(const struct hints *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].nauthz > 0)
			return true;
	return false;
}

/* What the CA said of the lineage's names, where it still holds. */
static int
recall(struct memory *m, struct hint *h, int64_t now,
    struct error *err)
{
	const struct memory_authz *z, *best;

	for (size_t k = 0; k < h->domains.n && h->nauthz < LIMIT_NAMES; k++) {
		best = NULL;
		for (size_t i = 0; (z = memory_authz(m, h->uri,
		    h->domains.v[k], NULL, i)) != NULL; i++)
			if (z->status == AUTHZ_VALID && z->checked != 0 &&
			    z->expires > now && (best == NULL ||
			    z->expires > best->expires))
				best = z;
		if (best != NULL && hint_add_authz(h, best->name, best->url,
		    best->expires, err) == -1)
			return -1;
	}
	return memory_check(m, err);
}

static int
recall_all(struct store *s, struct hints *l, struct error *err)
{
	struct memory *m = NULL;
	int rc;

	if (l->n == 0)
		return 0;
	rc = memory_open(store_state_dir(s), &m, err);
	for (size_t i = 0; rc == 0 && i < l->n; i++)
		rc = recall(m, &l->v[i], clock_now(), err);
	memory_free(m);
	return rc;
}

int
hints_of_store(struct store *s, const struct accounts *accounts,
    struct hints *out, struct error *err)
{
	struct lineages ls = { 0 };
	const struct lineage *l;
	struct hint *h;
	const char *uri;
	int rc = -1;

	if (store_lineages(s, true, &ls, err) == -1)
		return -1;
	for (size_t i = 0; i < ls.n; i++) {
		l = ls.v[i];
		if (l->server == NULL || l->account == NULL ||
		    (uri = uri_of(accounts, l)) == NULL)
			continue;
		if ((h = hints_add(out)) == NULL) {
			error_nomem(err);
			goto out;
		}
		h->not_before = l->not_before;
		if (str_dup(&h->server, l->server, err) == -1 ||
		    str_dup(&h->uri, uri, err) == -1 ||
		    str_dup(&h->name, l->name, err) == -1 ||
		    strs_copy(&h->domains, &l->domains, err) == -1)
			goto out;
	}
	rc = recall_all(s, out, err);
out:
	lineages_free(&ls);
	return rc;
}
