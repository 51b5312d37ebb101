/* SPDX-License-Identifier: ISC */
/*
 * Authorizations that a peer tells of: their URLs go into what is remembered of
 * CAs, as hearsay that only counts once the CA itself was asked.  Only for
 * accounts that are here and for names that are of use here, so that nobody
 * fills the memory with what he likes.
 */
#include <stdlib.h>
#include <string.h>

#include "acme/memory.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/server.h"
#include "sync/merge.h"

enum {
	UNASKED_MAX = 8,	/* of one account and name */
	EXPIRES_MAX = 400	/* days: no authorization lives longer */
};

struct remembering {
	struct store *store;
	const struct config *config;
	struct accounts accounts;
	struct lineages lineages;
	struct memory *memory;
	int64_t now;
};

/* Has this host a use for the name?  *profile: what it will be ordered with. */
static bool
wanted(const struct remembering *r, const char *name, const char **profile)
{
	const struct config *c = r->config;

	*profile = c->profile;
	for (size_t i = 0; i < c->ncerts; i++)
		if (strs_has(&c->certs[i]->domains, name)) {
			if (c->certs[i]->profile[0] != '\0')
				*profile = c->certs[i]->profile;
			return true;
		}
	for (size_t i = 0; i < r->lineages.n; i++)
		if (strs_has(&r->lineages.v[i]->domains, name))
			return true;
	return false;
}

/* The account's URL as it is remembered here; NULL: it is not here. */
static const char *
uri_here(const struct remembering *r, const struct hint *h)
{
	const struct account *a;

	for (size_t i = 0; i < r->accounts.n; i++) {
		a = r->accounts.v[i];
		if (a->uri != NULL && !a->broken &&
		    server_same(a->server, h->server) &&
		    account_uri_same(a->uri, h->uri))
			return a->uri;
	}
	return NULL;
}

/* Known already, or told of too many that were not asked yet. */
static bool
enough(const struct remembering *r, const char *uri, const char *name,
    const char *profile, const char *url)
{
	const struct memory_authz *z;
	int unasked = 0;

	for (size_t i = 0; (z = memory_authz(r->memory, uri, name, profile,
	    i)) != NULL; i++) {
		if (strcmp(z->url, url) == 0)
			return true;
		unasked += z->checked == 0 && z->expires > r->now;
	}
	return unasked >= UNASKED_MAX;
}

static int
add(struct remembering *r, const struct hint *h, const char *uri,
    const struct hint_authz *a, struct error *err)
{
	struct memory_authz z = { .status = AUTHZ_VALID,
		.expires = a->expires };
	const char *profile;
	char *text[4] = { NULL };
	int rc = -1;

	if (a->expires <= r->now || a->expires > r->now +
	    (int64_t)EXPIRES_MAX * 24 * 3600 ||
	    strlen(a->url) > LIMIT_URL || strlen(a->name) > LIMIT_NAME ||
	    !strs_has(&h->domains, a->name) ||
	    !wanted(r, a->name, &profile) ||
	    enough(r, uri, a->name, profile, a->url))
		return 0;
	if (str_dup(&text[0], uri, err) == 0 &&
	    str_dup(&text[1], profile, err) == 0 &&
	    str_dup(&text[2], a->name, err) == 0 &&
	    str_dup(&text[3], a->url, err) == 0) {
		z.account = text[0];
		z.profile = text[1];
		z.name = text[2];
		z.url = text[3];
		rc = memory_set_authz(r->memory, &z, err);
	}
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		free(text[i]);
	return rc;
}

static int
remember(struct remembering *r, const struct hints *l,
    const struct strs *servers, struct error *err)
{
	const char *uri;
	const struct hint *h;
	bool ours;

	for (size_t i = 0; i < l->n; i++) {
		h = &l->v[i];
		ours = false;
		for (size_t k = 0; k < servers->n && !ours; k++)
			ours = server_same(servers->v[k], h->server);
		if (!ours || (uri = uri_here(r, h)) == NULL)
			continue;
		for (size_t k = 0; k < h->nauthz; k++)
			if (add(r, h, uri, &h->authz[k], err) == -1)
				return -1;
	}
	return memory_save(r->memory, err);
}

int
sync_remember(struct store *s, const struct config *c,
    const struct hints *l, const struct strs *servers, struct error *err)
{
	struct remembering r = { .store = s, .config = c,
		.now = clock_now() };
	int rc = -1;

	/* a directory of another host: its state is not ours to write */
	if (!hints_have_authz(l) ||
	    strcmp(store_state_dir(s), c->state_dir) != 0)
		return 0;
	if (store_accounts(s, NULL, 0, &r.accounts, err) == 0 &&
	    store_lineages(s, true, &r.lineages, err) == 0 &&
	    memory_open(c->state_dir, &r.memory, err) == 0)
		rc = remember(&r, l, servers, err);
	memory_free(r.memory);
	lineages_free(&r.lineages);
	accounts_free(&r.accounts);
	return rc;
}
