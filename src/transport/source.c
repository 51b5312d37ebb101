/* SPDX-License-Identifier: ISC */
#include "transport/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vis.h"
#include "store/server.h"

/* Does the grant cover this account?  names: those whose lineages count. */
static bool
granted(const struct account *a, const struct hints *hints,
    const struct grant *g)
{
	const struct hint *h;

	if (g->server != NULL && !server_same(g->server, a->server))
		return false;
	if (g->account == NULL && (g->names == NULL || g->names->n == 0))
		return true;
	if (g->account != NULL && account_matches(a, g->account))
		return true;
	for (size_t i = 0; g->names != NULL && i < g->names->n; i++) {
		h = hints_for_name(hints, a->server, g->names->v[i]);
		if (h != NULL && a->uri != NULL &&
		    account_uri_same(h->uri, a->uri))
			return true;
	}
	return false;
}

/* Of the hints those stay that are about accounts in the offer. */
static void
keep_hints(struct offer *o)
{
	struct hint *h;
	size_t n = 0;
	bool known;

	for (size_t i = 0; i < o->hints.n; i++) {
		h = &o->hints.v[i];
		known = false;
		for (size_t k = 0; k < o->n && !known; k++)
			known = o->v[k]->uri != NULL &&
			    server_same(o->v[k]->server, h->server) &&
			    account_uri_same(o->v[k]->uri, h->uri);
		if (known)
			o->hints.v[n++] = *h;
		else
			hint_free(h);
	}
	o->hints.n = n;
}

/* Everything that the grant covers, as OFFERED_LISTED or OFFERED_BROKEN; the
 * directory names come in dirs, in the same order. */
static int
list(struct store *s, const struct grant *g, struct offer *out,
    struct strs *dirs, struct error *err)
{
	struct accounts all = { 0 };
	struct offered *of;
	struct account *a;
	int rc = -1;

	if (store_accounts(s, NULL, 0, &all, err) == -1 ||
	    hints_of_store(s, &all, &out->hints, err) == -1)
		goto out;
	for (size_t i = 0; i < all.n; i++) {
		a = all.v[i];
		if (!granted(a, &out->hints, g))
			continue;
		all.v[i] = NULL;
		if (strs_add(dirs, a->dirname, err) == -1 ||
		    (of = offer_add(out)) == NULL) {
			account_free(a);
			error_nomem(err);
			goto out;
		}
		if (offered_set(of, a, a->broken ? OFFERED_BROKEN :
		    OFFERED_LISTED, err) == -1)
			goto out;
	}
	keep_hints(out);
	rc = 0;
out:
	accounts_free(&all);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
has(const struct strs *sorted, const char *s)
{
	return s != NULL && sorted->n > 0 && bsearch(&s, sorted->v, sorted->n,
	    sizeof(*sorted->v), compare) != NULL;
}

/* A text that JSON can carry as it is. */
static bool
portable(const void *data, size_t len)
{
	return len == 0 || (memchr(data, '\0', len) == NULL &&
	    utf8_valid_len(data, len) == len);
}

/* Reads it again, now with its texts and its key checked. */
static int
load(struct store *s, struct offered *of, const char *dirname,
    struct error *err)
{
	struct account *a = NULL;
	char *server = of->server;
	int rc;

	if (store_account(s, server, dirname, STORE_TEXTS | STORE_VERIFY, &a,
	    err) == -1)
		return -1;
	if (a == NULL) {
		/* it went away meanwhile */
		of->state = OFFERED_BROKEN;
		return str_dup(&of->problem, "is gone", err);
	}
	if (!a->broken && (!portable(a->key_text.data, a->key_text.len) ||
	    !portable(a->meta_text.data, a->meta_text.len) ||
	    !portable(a->regr_text.data, a->regr_text.len))) {
		account_free(a);
		of->state = OFFERED_BROKEN;
		return str_dup(&of->problem, "a file of it is not UTF-8", err);
	}
	free(of->id);
	free(of->uri);
	free(of->key);
	free(of->thumbprint);
	free(of->identity);
	of->server = of->id = of->uri = of->key = of->thumbprint =
	    of->identity = NULL;
	rc = offered_set(of, a, a->broken ? OFFERED_BROKEN : OFFERED_SENT,
	    err);
	free(server);
	return rc;
}

int
offer_of_store(struct store *s, const struct request *r,
    const struct grant *g, struct offer *out, struct error *err)
{
	struct strs dirs = { 0 }, have = { 0 };
	struct offered *of;
	struct error why;
	bool *chosen = NULL;
	int rc = -1;

	if (list(s, g, out, &dirs, err) == -1 ||
	    (r->have != NULL && strs_copy(&have, r->have, err) == -1))
		goto out;
	strs_sort(&have);
	chosen = calloc(out->n + 1, sizeof(*chosen));
	if (chosen == NULL) {
		error_nomem(err);
		goto out;
	}
	error_clear(&why);
	if (offer_choose(out, r, "", chosen, &why) == -1)
		memset(chosen, 0, (out->n + 1) * sizeof(*chosen));
	for (size_t i = 0; i < out->n && i < dirs.n; i++) {
		of = out->v[i];
		if (!chosen[i] || of->state == OFFERED_BROKEN)
			continue;
		if (has(&have, of->identity))
			of->state = OFFERED_HAVE;
		else if (load(s, of, dirs.v[i], err) == -1)
			goto out;
	}
	rc = 0;
out:
	free(chosen);
	strs_free(&dirs);
	strs_free(&have);
	return rc;
}

struct digesting {
	const struct request *request;
	const struct grant *grant;
	struct offer *out;
};

static int
list_one(void *arg, struct account **ap, struct error *err)
{
	struct digesting *d = arg;
	struct account *a = *ap;
	static const struct hints none;
	char hex[65];
	struct offered *of;

	if (!request_server(d->request, a->server) ||
	    !granted(a, &none, d->grant))
		return 0;
	if (offer_digest(a, hex, err) == -1)
		return -1;
	if ((of = offer_add(d->out)) == NULL)
		return error_nomem(err);
	*ap = NULL;
	if (str_dup(&of->digest, hex, err) == -1) {
		account_free(a);
		return -1;
	}
	return offered_set(of, a, a->broken ? OFFERED_BROKEN :
	    OFFERED_LISTED, err);
}

int
listing_of_store(struct store *s, const struct request *r,
    const struct grant *g, struct offer *out, struct error *err)
{
	struct digesting d = { r, g, out };

	return store_each(s, NULL, STORE_TEXTS, list_one, &d, err);
}

int
granted_of_store(struct store *s, const struct grant *g, struct offer *out,
    struct error *err)
{
	struct strs dirs = { 0 };
	int rc;

	rc = list(s, g, out, &dirs, err);
	strs_free(&dirs);
	return rc;
}
