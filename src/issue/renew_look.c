/* SPDX-License-Identifier: ISC */
/*
 * What costs no quota: each peer is pulled from once, each server is asked for
 * the authorizations that are known or hinted, on one connection.
 */
#include "issue/renew_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/vis.h"
#include "store/server.h"

/* ---- peers -------------------------------------------------------------- */

static bool
wants(const struct renew *r, const struct renew_cert *c)
{
	/* a peer that issues is only asked for the certificate */
	if (c->config != NULL && c->config->issuer == ISSUER_PEER)
		return false;
	return r->opts.now || !c->decided || c->decide.look;
}

static struct renew_peer *
peer_row(struct renew *r, const char *name, struct error *err)
{
	const struct config_peer *p;
	struct renew_peer *v;

	for (size_t i = 0; i < r->npeers; i++)
		if (strcmp(r->peers[i].peer->name, name) == 0)
			return &r->peers[i];
	if ((p = config_peer(r->config, name)) == NULL) {
		error_set(err, CODE_USAGE, "'%s': no such peer", vis(name));
		return NULL;
	}
	if ((v = mem_grow(r->peers, r->npeers, &r->cappeers,
	    sizeof(*v))) == NULL) {
		error_nomem(err);
		return NULL;
	}
	r->peers = v;
	v = &v[r->npeers++];
	memset(v, 0, sizeof(*v));
	v->peer = p;
	error_clear(&v->err);
	return v;
}

/* Which peers, and for which names each. */
static int
find_peers(struct renew *r, struct error *err)
{
	const struct renew_cert *c;
	struct renew_peer *p;

	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		for (size_t k = 0; wants(r, c) && k < c->peers.n; k++) {
			if ((p = peer_row(r, c->peers.v[k], err)) == NULL)
				return -1;
			for (size_t n = 0; n < c->domains.n; n++)
				if (!strs_has(&p->names, c->domains.v[n]) &&
				    strs_add(&p->names, c->domains.v[n], err)
				    == -1)
					return -1;
		}
	}
	return 0;
}

static void
pull(struct renew *r, struct renew_peer *p)
{
	struct sync_options o = { .server = r->opts.server,
		.names = &p->names, .terminal = r->opts.terminal,
		.max_wait = r->opts.max_wait };

	log_progress("pulling from '%s'", vis(p->peer->name));
	p->asked = true;
	if (sync_pull(r->store, r->config, p->peer, &o, &p->result, &p->err)
	    == 0) {
		error_clear(&p->err);
		if (sync_result_error(&p->result, p->peer->name, &p->err)
		    == -1)
			log_verbose("pull: %s", p->err.msg);
		for (size_t i = 0; i < p->result.notes.n; i++)
			log_step("pull: %s", p->result.notes.v[i]);
	} else
		log_verbose("pull: %s", p->err.msg);
	r->changed = r->changed || p->result.changed;
}

const struct hints *
renew_hints(const struct renew *r, const char *peer)
{
	for (size_t i = 0; i < r->npeers; i++)
		if (r->peers[i].asked &&
		    strcmp(r->peers[i].peer->name, peer) == 0)
			return &r->peers[i].result.hints;
	return NULL;
}

static int
say_pulls(struct renew *r, struct renew_cert *c, struct error *err)
{
	const struct renew_peer *p;

	for (size_t k = 0; k < c->peers.n; k++)
		for (size_t i = 0; i < r->npeers; i++) {
			p = &r->peers[i];
			if (strcmp(p->peer->name, c->peers.v[k]) != 0)
				continue;
			if (renew_tried(r, c, err, "pull from '%s': %s",
			    vis(p->peer->name), p->err.code == CODE_OK ?
			    "ok" : p->err.msg) == -1)
				return -1;
		}
	return 0;
}

/* The account that is not here yet would have come from there: what stopped
 * that is why there is none. */
static void
blame_pull(const struct renew *r, struct renew_cert *c)
{
	const struct renew_peer *p;

	if (c->planned || c->result != CODE_ACCOUNT)
		return;
	for (size_t i = 0; i < r->npeers; i++) {
		p = &r->peers[i];
		if (p->err.code == CODE_OK ||
		    !strs_has(&c->peers, p->peer->name))
			continue;
		c->result = p->err.code;
		c->err = p->err;
		error_wrap(&c->err, "'%s': has no account here yet",
		    vis(c->name));
		return;
	}
}

/* ---- hints -------------------------------------------------------------- */

static bool
about_us(const struct renew_cert *c, const struct hint *h)
{
	return h->server != NULL && server_same(h->server, c->server) &&
	    h->uri != NULL && c->issue.account->uri != NULL &&
	    account_uri_same(h->uri, c->issue.account->uri);
}

/* When the newest certificate for a name began, as its peers tell. */
static int64_t
told_of(const struct renew *r, struct renew_cert *c, const char *name)
{
	const struct hints *l;
	const struct hint *h;
	int64_t newest = 0;

	for (size_t k = 0; k < c->peers.n; k++) {
		l = renew_hints(r, c->peers.v[k]);
		for (size_t i = 0; l != NULL && i < l->n; i++) {
			h = &l->v[i];
			if (!about_us(c, h))
				continue;
			if (strs_same_set(&h->domains, &c->domains))
				renew_entry_issued(c->entry, h->not_before);
			if (strs_has(&h->domains, name) &&
			    h->not_before > newest)
				newest = h->not_before;
		}
	}
	return newest;
}

static void
take_hints(const struct renew *r, struct renew_cert *c)
{
	int64_t told = 0, t;

	for (size_t i = 0; i < c->domains.n; i++) {
		t = told_of(r, c, c->domains.v[i]);
		if (i == 0 || t < told)
			told = t;
	}
	if (told > c->entry->told)
		c->entry->told = told;
}

/* ---- authorizations ----------------------------------------------------- */

static struct verify *
look_of(struct renew *r, const char *server, struct error *err)
{
	struct verify *v;

	for (size_t i = 0; i < r->nlooks; i++)
		if (strcmp(r->looks[i].server, server) == 0)
			return &r->looks[i];
	if ((v = mem_grow(r->looks, r->nlooks, &r->caplooks,
	    sizeof(*v))) == NULL) {
		error_nomem(err);
		return NULL;
	}
	r->looks = v;
	v = &v[r->nlooks++];
	verify_init(v, r->store, r->config, server);
	v->order = VERIFY_ORDER_NEVER;
	v->unattended = true;
	v->max_wait = r->opts.max_wait;
	return v;
}

static int
add_hint(struct verify *v, const struct renew_cert *c, const struct hint *h,
    struct error *err)
{
	if (!about_us(c, h))
		return 0;
	for (size_t i = 0; i < h->nauthz; i++)
		if (strs_has(&c->domains, h->authz[i].name) &&
		    verify_add_hint(v, h->authz[i].name, h->authz[i].url,
		    h->authz[i].expires, h->not_before, err) == -1)
			return -1;
	return 0;
}

static int
add_question(struct renew *r, struct renew_cert *c, struct error *err)
{
	const char *profile = c->config != NULL ? c->config->profile : NULL;
	const struct hints *l;
	struct verify *v;

	if ((v = look_of(r, c->server, err)) == NULL ||
	    verify_add_set(v, c->issue.account, &c->domains, profile, err)
	    == -1)
		return -1;
	for (size_t k = 0; k < c->peers.n; k++) {
		l = renew_hints(r, c->peers.v[k]);
		for (size_t i = 0; l != NULL && i < l->n; i++)
			if (add_hint(v, c, &l->v[i], err) == -1)
				return -1;
	}
	return 0;
}

enum { SKEW_MIN = 60 };	/* s: less is none */

/* An answer is under way for some seconds. */
static void
keep_skew(struct renew *r, int64_t skew)
{
	int64_t kept = skew > SKEW_MIN ? skew : 0;

	r->skew = skew;
	if (kept - r->state.skew <= SKEW_MIN &&
	    r->state.skew - kept <= SKEW_MIN && (kept > 0) ==
	    (r->state.skew > 0))
		return;
	r->state.skew = kept;
	r->state.dirty = true;
}

/* The account is no good, or the CA cannot be reached. */
static void
take_answer(struct renew *r, struct renew_cert *c, const struct verify *v,
    size_t set)
{
	const struct verify_set *s = &v->sets[set];
	const struct verify_account *a = &v->accounts[s->account];
	struct error why;

	c->looked = true;
	if (v->now != 0)
		keep_skew(r, v->now - (renew_now(r) - r->skew));
	if (a->result == CODE_OK && (s->result == CODE_OK ||
	    s->result == CODE_UNAUTHORIZED))
		return;
	error_clear(&why);
	error_set(&why, a->result != CODE_OK ? a->result : s->result,
	    "'%s': %s", vis(c->name), a->result != CODE_OK &&
	    a->error != NULL ? a->error : s->error != NULL ? s->error :
	    v->err.msg);
	why.retry_after = a->retry_after > s->retry_after ? a->retry_after :
	    s->retry_after;
	c->looked = false;
	renew_fail(c, &why);
}

/* Every URL that was told is answered now. */
static void
mark_answered(const struct renew *r, struct renew_cert *c)
{
	const struct hints *l;
	size_t urls = 0;

	for (size_t n = 0; n < c->domains.n; n++) {
		bool has = false;

		for (size_t k = 0; k < c->peers.n && !has; k++) {
			l = renew_hints(r, c->peers.v[k]);
			for (size_t i = 0; l != NULL && i < l->n; i++)
				for (size_t z = 0; z < l->v[i].nauthz; z++)
					has = has || (about_us(c, &l->v[i]) &&
					    strcmp(l->v[i].authz[z].name,
					    c->domains.v[n]) == 0);
		}
		urls += has;
	}
	if (c->looked && urls == c->domains.n)
		c->entry->answered = c->entry->told;
}

static bool
pulls_worked(const struct renew *r, const struct renew_cert *c)
{
	for (size_t k = 0; k < c->peers.n; k++)
		for (size_t i = 0; i < r->npeers; i++)
			if (strcmp(r->peers[i].peer->name, c->peers.v[k]) ==
			    0 && r->peers[i].err.code != CODE_OK)
				return false;
	return true;
}

static int
ask(struct renew *r, struct error *err)
{
	struct renew_cert *c;
	size_t *set;
	int rc = -1;

	if ((set = calloc(r->ncerts + 1, sizeof(*set))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		if (!wants(r, c) || !c->planned)
			continue;
		if (add_question(r, c, err) == -1)
			goto out;
		set[i] = look_of(r, c->server, err)->nsets - 1;
	}
	for (size_t i = 0; i < r->nlooks; i++)
		if (verify_run(&r->looks[i], err) == -1)
			goto out;
	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		if (!wants(r, c) || !c->planned)
			continue;
		take_answer(r, c, look_of(r, c->server, err), set[i]);
		mark_answered(r, c);
		if (c->looked && pulls_worked(r, c))
			c->entry->asked = renew_now(r);
		c->looked = true;
	}
	rc = 0;
out:
	free(set);
	return rc;
}

/* ---- all of it ---------------------------------------------------------- */

int
renew_look(struct renew *r, struct error *err)
{
	bool changed = false, any = false;
	struct renew_cert *c;

	for (size_t i = 0; i < r->ncerts; i++)
		any = any || wants(r, &r->certs[i]);
	if (!any)
		return 0;
	if (find_peers(r, err) == -1)
		return -1;
	for (size_t i = 0; i < r->npeers; i++) {
		pull(r, &r->peers[i]);
		changed = changed || r->peers[i].result.changed;
	}
	if (changed)
		renew_forget(r);
	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		/* what came may be what it lacked; what it has points to what
		 * was forgotten */
		if ((changed || wants(r, c)) && renew_plan(r, c, err) == -1)
			return -1;
		if (!wants(r, c))
			continue;
		if (say_pulls(r, c, err) == -1)
			return -1;
		blame_pull(r, c);
		if (c->planned)
			take_hints(r, c);
	}
	return ask(r, err);
}
