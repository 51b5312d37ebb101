/* SPDX-License-Identifier: ISC */
#include "issue/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vis.h"

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

static int
ambiguous(const struct accounts *list, const char *which,
    const struct lineages *ls, const char *server, struct error *err)
{
	struct buf b;
	int r;

	buf_init(&b, 2 * LIST_MAX);
	r = error_set(err, CODE_STORE, "'%s': several accounts%s%s%s: %s; "
	    "choose one with --account", vis(server),
	    which == NULL ? "" : " match '", which == NULL ? "" : vis(which),
	    which == NULL ? "" : "'", list_text(&b, list, which, ls, server));
	buf_free(&b);
	return r;
}

/* *out NULL: none matches. */
static int
by_selector(const struct accounts *list, const char *which,
    const struct lineages *ls, const char *server, const struct account **out,
    struct error *err)
{
	size_t matches = 0;

	*out = NULL;
	for (size_t i = 0; i < list->n; i++) {
		if (!account_matches(list->v[i], which))
			continue;
		*out = list->v[i];
		matches++;
	}
	if (matches <= 1)
		return 0;
	*out = NULL;
	return ambiguous(list, which, ls, server, err);
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
by_lineage(const struct accounts *list, const struct lineages *ls,
    const char *server, const struct strs *names)
{
	const struct account *a;
	const struct lineage *l;

	for (size_t i = 0; i < ls->n; i++) {
		l = ls->v[i];
		if (l->account != NULL && lineage_same_names(l, names) &&
		    lineage_uses(l, server, l->account) &&
		    (a = by_id(list, l->account)) != NULL)
			return a;
	}
	for (size_t i = 0; i < names->n; i++) {
		l = lineages_for_name(ls, server, names->v[i]);
		if (l != NULL && l->account != NULL &&
		    (a = by_id(list, l->account)) != NULL)
			return a;
	}
	return NULL;
}

static const char *
configured(const struct config *c, const struct strs *names)
{
	const struct config_cert *cert;
	struct strs one = { 0 };

	if (names == NULL || c == NULL)
		return NULL;
	cert = config_cert_for(c, names);
	for (size_t i = 0; cert == NULL && i < names->n; i++) {
		one.v = &names->v[i];
		one.n = 1;
		cert = config_cert_for(c, &one);
	}
	return cert == NULL || *cert->account == '\0' ? NULL : cert->account;
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
account_pick(const struct accounts *list, const struct lineages *ls,
    const struct config *c, const char *server, const char *which,
    const struct strs *names, const struct account **out, struct error *err)
{
	*out = NULL;
	if (which == NULL || *which == '\0') {
		if (ls != NULL && names != NULL && (*out = by_lineage(list,
		    ls, server, names)) != NULL)
			return 0;
		which = configured(c, names);
	}
	if (which != NULL) {
		if (by_selector(list, which, ls, server, out, err) == -1)
			return -1;
		return *out == NULL ? none(server, which, err) : 0;
	}
	if (list->n == 0)
		return none(server, NULL, err);
	if (list->n > 1)
		return ambiguous(list, NULL, ls, server, err);
	*out = list->v[0];
	return 0;
}
