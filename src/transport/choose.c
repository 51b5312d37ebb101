/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vis.h"
#include "store/server.h"
#include "transport/offer.h"
#include "transport/source.h"

bool
offered_matches(const struct offered *of, const char *which)
{
	size_t len = strlen(which);

	if (of->uri != NULL && account_uri_same(of->uri, which))
		return true;
	return len >= 4 && len <= 32 && strncmp(of->id, which, len) == 0;
}

static bool
wanted(const struct offer *o, size_t i, const struct request *r)
{
	return o->v[i]->server != NULL && request_server(r, o->v[i]->server);
}

static void
list_lineages(struct buf *b, const struct offer *o, const struct offered *of)
{
	const struct hint *h;
	bool first = true;

	for (size_t i = 0; i < o->hints.n; i++) {
		h = &o->hints.v[i];
		if (of->uri == NULL || !server_same(h->server, of->server) ||
		    !account_uri_same(h->uri, of->uri))
			continue;
		buf_adds(b, first ? " used by " : ", ");
		buf_adds(b, vis(h->name));
		first = false;
	}
	if (first)
		buf_adds(b, " used by no certificate");
}

/* CODE_STORE with the list of those in pick. */
static int
ambiguous(const struct offer *o, const bool *pick, const char *where,
    const char *why, struct error *err)
{
	struct buf b;
	size_t n = 0;

	buf_init(&b, ERROR_MSG_MAX - 512);
	for (size_t i = 0; i < o->n; i++) {
		if (!pick[i])
			continue;
		buf_adds(&b, n++ == 0 ? "" : "; ");
		buf_addf(&b, "%s (%s)", vis(o->v[i]->id),
		    o->v[i]->uri != NULL ? vis(o->v[i]->uri) : "no uri");
		list_lineages(&b, o, o->v[i]);
	}
	error_set(err, CODE_STORE, "'%s': %zu accounts, %s: %s; choose with "
	    "--account, or take them with --all", vis(where), n, why,
	    b.failed ? "too many to list" : buf_str(&b));
	buf_free(&b);
	return -1;
}

static size_t
count(const bool *chosen, size_t n)
{
	size_t c = 0;

	for (size_t i = 0; i < n; i++)
		c += chosen[i] ? 1 : 0;
	return c;
}

/* By --account or accounts: ; each selector must name exactly one. */
static int
choose_named(const struct offer *o, const struct request *r,
    const char *where, bool *chosen, struct error *err)
{
	const char *which;
	size_t hits, first = 0;

	for (size_t k = 0; k < r->accounts->n; k++) {
		which = r->accounts->v[k];
		hits = 0;
		for (size_t i = 0; i < o->n; i++) {
			if (!wanted(o, i, r) || !offered_matches(o->v[i],
			    which))
				continue;
			if (hits == 0)
				first = i;
			/* the same account in two directories is no choice */
			if (hits == 0 || strcmp(o->v[first]->id,
			    o->v[i]->id) != 0)
				hits++;
			chosen[i] = true;
		}
		if (hits == 0)
			return error_set(err, CODE_STORE, "'%s': has no "
			    "account '%s'; 'acmeferry list' there shows those "
			    "that it has", vis(where), vis(which));
		if (hits > 1 && strlen(which) < 32)
			return error_set(err, CODE_STORE, "'%s': '%s' begins "
			    "the ids of %zu accounts, want more digits",
			    vis(where), vis(which), hits);
	}
	return 0;
}

/* By the lineages for the names; nothing is chosen where there are none. */
static void
choose_by_name(const struct offer *o, const struct request *r, bool *chosen)
{
	const struct hint *h;

	for (size_t k = 0; k < r->names->n; k++)
		for (size_t s = 0; s < r->servers->n; s++) {
			h = hints_for_name(&o->hints, r->servers->v[s],
			    r->names->v[k]);
			for (size_t i = 0; h != NULL && i < o->n; i++)
				if (wanted(o, i, r) && o->v[i]->uri != NULL &&
				    server_same(o->v[i]->server, h->server) &&
				    account_uri_same(o->v[i]->uri, h->uri))
					chosen[i] = true;
		}
}

/* Two directories with one and the same account are one. */
static bool
repeats(const struct offer *o, size_t i, const bool *working)
{
	for (size_t k = 0; k < i; k++)
		if (working[k] && o->v[i]->identity != NULL &&
		    o->v[k]->identity != NULL &&
		    server_same(o->v[k]->server, o->v[i]->server) &&
		    strcmp(o->v[k]->identity, o->v[i]->identity) == 0)
			return true;
	return false;
}

/* All that work, if that is one for each server or all are wanted; the broken
 * ones too, for the reason to be told. */
static int
choose_only(const struct offer *o, const struct request *r,
    const char *where, bool *chosen, struct error *err)
{
	size_t n;

	for (size_t s = 0; s < r->servers->n && !r->all; s++) {
		n = 0;
		for (size_t i = 0; i < o->n; i++) {
			chosen[i] = wanted(o, i, r) &&
			    o->v[i]->state != OFFERED_BROKEN &&
			    server_same(o->v[i]->server, r->servers->v[s]);
			chosen[i] = chosen[i] && !repeats(o, i, chosen);
			n += chosen[i] ? 1 : 0;
		}
		if (n > 1)
			return ambiguous(o, chosen, where,
			    r->names != NULL && r->names->n > 0 ?
			    "and no certificate there for these names" :
			    "and nothing says which is meant", err);
	}
	for (size_t i = 0; i < o->n; i++)
		chosen[i] = wanted(o, i, r);
	return 0;
}

int
offer_choose(const struct offer *o, const struct request *r,
    const char *where, bool *chosen, struct error *err)
{
	char *text;

	memset(chosen, 0, o->n * sizeof(*chosen));
	if (r->accounts != NULL && r->accounts->n > 0)
		return choose_named(o, r, where, chosen, err);
	if (!r->all && r->names != NULL)
		choose_by_name(o, r, chosen);
	if (count(chosen, o->n) == 0 &&
	    choose_only(o, r, where, chosen, err) == -1) {
		memset(chosen, 0, o->n * sizeof(*chosen));
		return -1;
	}
	if (count(chosen, o->n) > 0)
		return 0;
	text = strs_join(r->servers, ", ");
	error_set(err, CODE_STORE, "'%s': has no account for %s that it may "
	    "give; register one there, or name another server with --server",
	    vis(where), text != NULL ? vis(text) : "the server");
	free(text);
	return -1;
}
