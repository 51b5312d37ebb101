/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/server.h"
#include "sync/plan_impl.h"
#include "transport/source.h"

const char *
plan_id(const struct offered *of)
{
	return of->state == OFFERED_SENT && of->account != NULL ?
	    of->account->key.id : of->id;
}

bool
plan_serves(const struct planning *p, const struct offered *of,
    const struct plan_cert *cert)
{
	const struct hint *h;
	bool any = false;

	if (cert->account != NULL && cert->account[0] != '\0' &&
	    !offered_matches(of, cert->account))
		return false;
	for (size_t i = 0; i < cert->domains->n; i++) {
		h = hints_for_name(&p->in->source->hints, of->server,
		    cert->domains->v[i]);
		if (h == NULL)
			continue;
		if (!account_uri_same(h->uri, of->uri))
			return false;
		any = true;
	}
	return any;
}

/* The lineage of this host that the certificate is kept in, if it uses
 * another account of that server. */
static long
find_lineage(const struct planning *p, const struct offered *of,
    const struct plan_cert *cert)
{
	const struct plan_lineage *l;

	for (size_t i = 0; i < p->in->nlineages; i++) {
		l = &p->in->lineages[i];
		if (strcmp(l->name, cert->name) == 0 && l->server != NULL &&
		    l->account != NULL && server_same(l->server, of->server) &&
		    strcmp(l->account, plan_id(of)) != 0)
			return (long)i;
	}
	return PLAN_NO;
}

static long
find_account(const struct planning *p, const struct plan_lineage *l)
{
	for (size_t i = 0; i < p->in->naccounts; i++)
		if (server_same(p->in->accounts[i].server, l->server) &&
		    strcmp(p->in->accounts[i].dirname, l->account) == 0)
			return (long)i;
	return PLAN_NO;
}

static int
note(struct planning *p, const struct plan_lineage *l,
    const struct offered *of, struct error *err)
{
	return strs_addf(&p->out->notes, err, "'%s' now uses account %s; a CAA "
	    "record with accounturi must name it: accounturi=%s",
	    vis(l->name), plan_id(of), vis(of->uri));
}

static int
point_one(struct planning *p, const struct offered *of, size_t n,
    struct error *err)
{
	long old = find_account(p, &p->in->lineages[n]);

	/* its directory is renamed, or replaced: its line with it */
	if (old != PLAN_NO && p->gone[old])
		return 0;
	return plan_act(p, PLAN_POINT, PLAN_NO, PLAN_NO, (long)n, plan_id(of),
	    NULL, err);
}

static size_t
mark(const struct planning *p, const struct offered *of, bool *marked)
{
	size_t n = 0;
	long l;

	for (size_t i = 0; i < p->in->ncerts; i++) {
		if (!plan_serves(p, of, &p->in->certs[i]))
			continue;
		l = find_lineage(p, of, &p->in->certs[i]);
		if (l == PLAN_NO || marked[l])
			continue;
		marked[l] = true;
		n++;
	}
	return n;
}

/* What the marked lineages are told to have got. */
static int
describe(const struct planning *p, const bool *marked, char **out,
    struct error *err)
{
	struct buf b;
	bool first = true;

	buf_init(&b, LIMIT_FRAME);
	for (size_t i = 0; i < p->in->nlineages; i++) {
		if (!marked[i])
			continue;
		buf_adds(&b, first ? "is used by " : ", ");
		buf_adds(&b, vis(p->in->lineages[i].name));
		first = false;
	}
	buf_adds(&b, " from now on");
	if (buf_check(&b, "reason", err) == -1) {
		buf_free(&b);
		return -1;
	}
	*out = buf_steal(&b);
	return *out == NULL ? error_nomem(err) : 0;
}

static int
point_all(struct planning *p, const struct offered *of, const bool *marked,
    struct error *err)
{
	for (size_t i = 0; i < p->in->nlineages; i++) {
		if (!marked[i])
			continue;
		if (note(p, &p->in->lineages[i], of, err) == -1 ||
		    point_one(p, of, i, err) == -1)
			return -1;
	}
	return 0;
}

int
plan_point(struct planning *p, long source, char **reason, struct error *err)
{
	const struct offered *of = p->in->source->v[source];
	bool *marked;
	int rc = -1;

	*reason = NULL;
	if ((marked = calloc(p->in->nlineages + 1, sizeof(*marked))) == NULL)
		return error_nomem(err);
	if (mark(p, of, marked) > 0 && describe(p, marked, reason, err) == -1)
		goto out;
	rc = point_all(p, of, marked, err);
out:
	free(marked);
	return rc;
}
