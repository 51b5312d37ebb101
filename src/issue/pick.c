/* SPDX-License-Identifier: ISC */
#include "issue/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vis.h"
#include "store/server.h"

enum { LIST_MAX = 1500 };	/* bytes of a list in a message */

/* " ID (used by NAME, NAME)" for one account */
static void
add_account(struct buf *b, const struct account *a,
    const struct lineages *ls, const char *server)
{
	const char *sep = " (used by ";

	buf_addf(b, "%s%s", b->len == 0 ? "" : ", ", vis(a->dirname));
	for (size_t i = 0; ls != NULL && i < ls->n; i++) {
		if (!lineage_uses(ls->v[i], server, a->dirname))
			continue;
		buf_addf(b, "%s%s", sep, vis(ls->v[i]->name));
		sep = ", ";
	}
	if (*sep == ',')
		buf_addc(b, ')');
}

/* The accounts that `which` (NULL: all) names, for a message. */
static const char *
list_text(struct buf *b, const struct accounts *list, const char *which,
    const struct lineages *ls, const char *server)
{
	size_t more = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (which != NULL && !account_matches(list->v[i], which))
			continue;
		if (b->len > LIST_MAX)
			more++;
		else
			add_account(b, list->v[i], ls, server);
	}
	if (more > 0)
		buf_addf(b, " and %zu more", more);
	return buf_str(b);
}

/* The configured certificate for the names; NULL: none. */
static const struct config_cert *
configured(const struct account_choice *c, const struct strs *names)
{
	const struct config_cert *cert;
	struct strs one = { 0 };

	if (names == NULL)
		return NULL;
	cert = config_cert_for(c->config, names);
	for (size_t i = 0; cert == NULL && i < names->n; i++) {
		one.v = &names->v[i];
		one.n = 1;
		cert = config_cert_for(c->config, &one);
	}
	return cert;
}

static int
ambiguous(const struct account_choice *c, const char *which,
    const struct strs *names, struct error *err)
{
	const struct config_cert *cert = configured(c, names);
	struct buf b;
	int r;

	buf_init(&b, 2 * LIST_MAX);
	r = error_set(err, CODE_STORE, "'%s': several accounts%s%s%s: %s; "
	    "choose one with --account", vis(c->server),
	    which == NULL ? "" : " match '", which == NULL ? "" : vis(which),
	    which == NULL ? "" : "'",
	    list_text(&b, c->list, which, c->lineages, c->server));
	buf_free(&b);
	if (which == NULL && cert != NULL && cert->file != NULL)
		error_append(err, ", or set 'account' of certificate '%s' in "
		    "%s", vis(cert->name), vis(cert->file));
	return r;
}

/* *out NULL: none matches. */
static int
by_selector(const struct account_choice *c, const char *which,
    const struct strs *names, const struct account **out, struct error *err)
{
	size_t matches = 0;

	*out = NULL;
	for (size_t i = 0; i < c->list->n; i++) {
		if (!account_matches(c->list->v[i], which))
			continue;
		*out = c->list->v[i];
		matches++;
	}
	if (matches <= 1)
		return 0;
	*out = NULL;
	return ambiguous(c, which, names, err);
}

static const struct account *
by_id(const struct accounts *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i]->dirname, id) == 0)
			return list->v[i];
	return NULL;
}

/* The lineage with exactly these names, else the newest for any of them. */
static const struct account *
by_lineage(const struct account_choice *c, const struct strs *names)
{
	const struct lineages *ls = c->lineages;
	const struct account *a;
	const struct lineage *l;

	if (names == NULL)
		return NULL;
	for (size_t i = 0; i < ls->n; i++) {
		l = ls->v[i];
		if (l->account != NULL && lineage_same_names(l, names) &&
		    lineage_uses(l, c->server, l->account) &&
		    (a = by_id(c->list, l->account)) != NULL)
			return a;
	}
	for (size_t i = 0; i < names->n; i++) {
		l = lineages_for_name(ls, c->server, names->v[i]);
		if (l != NULL && l->account != NULL &&
		    (a = by_id(c->list, l->account)) != NULL)
			return a;
	}
	return NULL;
}

/* ---- which one of several a peer means ---------------------------------- */

static const struct account *
by_offer(const struct account_choice *c)
{
	for (size_t i = 0; c->offered != NULL && i < c->list->n; i++)
		if (!c->list->v[i]->broken &&
		    account_matches(c->list->v[i], c->offered))
			return c->list->v[i];
	return NULL;
}

/* The accounts that came from a certificate's peers. */
struct given {
	const struct account_choice *choice;
	const struct strs *peers;
	const struct account *one;
	bool several;
};

static int
given(void *arg, const struct ledger_entry *e, struct error *err)
{
	struct given *g = arg;
	const struct account *a;

	(void)err;
	if (e->client == NULL || e->server == NULL || e->id == NULL ||
	    strcmp(e->operation, "received") != 0 ||
	    !strs_has(g->peers, e->client) ||
	    !server_same(e->server, g->choice->server) ||
	    (a = by_id(g->choice->list, e->id)) == NULL || a->broken)
		return 0;
	g->several = g->several || (g->one != NULL && g->one != a);
	g->one = a;
	return 0;
}

/* *out NULL: none of them, or several. */
static int
by_ledger(const struct account_choice *c, const struct strs *names,
    const struct account **out, struct error *err)
{
	const struct config_cert *cert = configured(c, names);
	struct given g = { .choice = c };

	*out = NULL;
	if (c->store == NULL || cert == NULL || cert->peer.n == 0)
		return 0;
	g.peers = &cert->peer;
	if (store_ledger_each(c->store, given, &g, NULL, err) == -1)
		return -1;
	if (!g.several)
		*out = g.one;
	return 0;
}

static int
none(const char *server, const char *which, struct error *err)
{
	if (which == NULL)
		return error_set(err, CODE_ACCOUNT, "'%s': the store has no "
		    "account of this server; copy one with 'acmeferry pull' or "
		    "'acmeferry migrate'", vis(server));
	return error_set(err, CODE_ACCOUNT, "'%s': no account of '%s' in the "
	    "store matches; 'acmeferry list' shows them", vis(which),
	    vis(server));
}

int
account_pick(const struct account_choice *c, const char *which,
    const struct strs *names, const struct account **out, struct error *err)
{
	const struct config_cert *cert;

	*out = NULL;
	if (which == NULL || *which == '\0') {
		if ((*out = by_lineage(c, names)) != NULL)
			return 0;
		cert = configured(c, names);
		which = cert == NULL || *cert->account == '\0' ? NULL :
		    cert->account;
	}
	if (which != NULL) {
		if (by_selector(c, which, names, out, err) == -1)
			return -1;
		return *out == NULL ? none(c->server, which, err) : 0;
	}
	if (c->list->n == 0)
		return none(c->server, NULL, err);
	if (c->list->n == 1) {
		*out = c->list->v[0];
		return 0;
	}
	if ((*out = by_offer(c)) == NULL &&
	    by_ledger(c, names, out, err) == -1)
		return -1;
	return *out == NULL ? ambiguous(c, NULL, names, err) : 0;
}
