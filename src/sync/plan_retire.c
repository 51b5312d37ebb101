/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/vis.h"
#include "store/server.h"
#include "sync/plan_impl.h"

/* The account that a lineage will use when the plan is carried out; *pointed
 * tells whether the plan changes it. */
static const char *
used_by(const struct planning *p, size_t lineage, bool *pointed)
{
	const struct plan_action *a;

	for (size_t i = 0; i < p->out->nactions; i++) {
		a = &p->out->actions[i];
		if (a->what == PLAN_POINT && a->lineage == (long)lineage) {
			*pointed = true;
			return a->id;
		}
	}
	*pointed = false;
	return p->in->lineages[lineage].account;
}

static bool
names(const struct plan_lineage *l, const struct plan_account *d,
    const char *account)
{
	return account != NULL && l->server != NULL &&
	    server_same(l->server, d->server) &&
	    strcmp(account, d->dirname) == 0;
}

/* No lineage uses it; *left: one did until this plan. */
static bool
unused(const struct planning *p, const struct plan_account *d, bool *left)
{
	const struct plan_lineage *l;
	bool pointed;

	*left = false;
	for (size_t i = 0; i < p->in->nlineages; i++) {
		l = &p->in->lineages[i];
		if (names(l, d, used_by(p, i, &pointed)))
			return false;
		*left |= pointed && names(l, d, l->account);
	}
	return true;
}

/* The source has it too, whether it travels or not. */
static bool
still_there(const struct planning *p, const struct plan_account *d)
{
	const struct offered *of;

	for (size_t i = 0; i < p->in->source->n; i++) {
		of = p->in->source->v[i];
		if (of->thumbprint != NULL && d->thumbprint != NULL &&
		    strcmp(of->thumbprint, d->thumbprint) == 0)
			return true;
	}
	return false;
}

/* The certificate's lineage uses that account, when the plan is carried out; or
 * there is none yet. */
static bool
settled(const struct planning *p, const struct plan_cert *cert,
    const struct offered *of)
{
	const struct plan_lineage *l;
	const char *account;
	bool pointed;

	for (size_t i = 0; i < p->in->nlineages; i++) {
		l = &p->in->lineages[i];
		if (strcmp(l->name, cert->name) != 0)
			continue;
		account = used_by(p, i, &pointed);
		return account != NULL && l->server != NULL &&
		    server_same(l->server, of->server) &&
		    strcmp(plan_id(of), account) == 0;
	}
	return true;
}

/* A configured certificate is to be had with another account of that server,
 * the one that the source's lineages for its names use. */
static bool
replaced(const struct planning *p, const struct plan_account *d)
{
	const struct plan_cert *cert;
	const struct offered *of;

	for (size_t c = 0; c < p->in->ncerts; c++)
		for (size_t k = 0; k < p->in->source->n; k++) {
			cert = &p->in->certs[c];
			of = p->in->source->v[k];
			if (p->in->chosen[k] && of->uri != NULL &&
			    server_same(of->server, d->server) &&
			    plan_serves(p, of, cert) && settled(p, cert, of))
				return true;
		}
	return false;
}

static int
retire(struct planning *p, long dest, struct error *err)
{
	const struct plan_account *d = &p->in->accounts[dest];

	if (plan_act(p, PLAN_REPLACE, PLAN_NO, dest, PLAN_NO, NULL, NULL,
	    err) == -1)
		return -1;
	p->gone[dest] = true;
	return plan_say(p, VERDICT_UPDATED, CODE_OK, d->server, d->dirname,
	    err, "was replaced and nothing uses it any more: it is in the "
	    "backups");
}

int
plan_retire(struct planning *p, struct error *err)
{
	const struct plan_account *d;
	bool left;

	/* the lineages are only known where certificates are configured */
	for (size_t i = 0; p->in->ncerts > 0 && i < p->in->naccounts; i++) {
		d = &p->in->accounts[i];
		if (p->gone[i] || still_there(p, d) || !unused(p, d, &left) ||
		    (!left && !replaced(p, d)))
			continue;
		p->out->ledger = true;
		/* one that another peer gave may still wait for its use */
		if (!(left ? d->received : d->from_peer))
			continue;
		if (retire(p, (long)i, err) == -1)
			return -1;
	}
	return 0;
}

/* How many accounts of a server certbot will find. */
static size_t
accounts_of(const struct planning *p, const char *server)
{
	size_t n = 0;

	for (size_t i = 0; i < p->in->naccounts; i++)
		if (server_same(p->in->accounts[i].server, server) &&
		    !p->in->accounts[i].broken && !p->gone[i])
			n++;
	for (size_t i = 0; i < p->out->verdicts.n; i++)
		if (p->out->verdicts.v[i].verdict == VERDICT_ADDED &&
		    server_same(p->out->verdicts.v[i].server, server))
			n++;
	return n;
}

int
plan_warn(struct planning *p, struct error *err)
{
	const struct verdict_ref *v;
	bool told = false;
	size_t n;

	for (size_t i = 0; i < p->out->verdicts.n && !told; i++) {
		v = &p->out->verdicts.v[i];
		if (v->verdict != VERDICT_ADDED ||
		    (n = accounts_of(p, v->server)) < 2)
			continue;
		told = true;
		if (strs_addf(&p->out->notes, err, "%zu accounts for %s here "
		    "now: a new 'certbot certonly -n' needs --account ID", n,
		    v->server) == -1)
			return -1;
	}
	return 0;
}
