/* SPDX-License-Identifier: ISC */
/* What is known of a certificate without asking anybody, and the decision. */
#include "issue/renew_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vis.h"
#include "issue/deploy.h"
#include "issue/issue_impl.h"
#include "issue/lineage_conf.h"
#include "issue/window.h"
#include "store/server.h"

int64_t
renew_now(const struct renew *r)
{
	return clock_now() + r->skew;
}

void
renew_fail(struct renew_cert *c, const struct error *why)
{
	if (c->result != CODE_OK && code_worse(c->result, why->code) ==
	    c->result)
		return;
	c->result = why->code;
	c->err = *why;
}

int
renew_tried(const struct renew *r, struct renew_cert *c, struct error *err,
    const char *fmt, ...)
{
	va_list ap;
	int rc;

	if (!r->opts.now)
		return 0;
	va_start(ap, fmt);
	rc = strs_addv(&c->tried, err, fmt, ap);
	va_end(ap);
	return rc;
}

/* ---- what the store has ------------------------------------------------- */

void
renew_forget(struct renew *r)
{
	if (r->has_lineages)
		lineages_free(&r->lineages);
	r->has_lineages = false;
	for (size_t i = 0; i < r->nstores; i++) {
		free(r->stores[i].server);
		accounts_free(&r->stores[i].list);
	}
	r->nstores = 0;
}

static int
read_lineages(struct renew *r, struct error *err)
{
	if (r->has_lineages)
		return 0;
	if (store_lineages(r->store, true, &r->lineages, err) == -1)
		return -1;
	r->has_lineages = true;
	return 0;
}

static const struct accounts *
accounts_of(struct renew *r, const char *server, struct error *err)
{
	struct renew_store *v;

	for (size_t i = 0; i < r->nstores; i++)
		if (strcmp(r->stores[i].server, server) == 0)
			return &r->stores[i].list;
	if ((v = mem_grow(r->stores, r->nstores, &r->capstores,
	    sizeof(*v))) == NULL) {
		error_nomem(err);
		return NULL;
	}
	r->stores = v;
	v = &v[r->nstores];
	memset(v, 0, sizeof(*v));
	if (str_dup(&v->server, server, err) == -1)
		return NULL;
	if (store_accounts(r->store, server, 0, &v->list, err) == -1) {
		free(v->server);
		return NULL;
	}
	r->nstores++;
	return &v->list;
}

static const struct lineage *
lineage_of(const struct renew *r, const char *name)
{
	for (size_t i = 0; i < r->lineages.n; i++)
		if (strcmp(r->lineages.v[i]->name, name) == 0)
			return r->lineages.v[i];
	return NULL;
}

/* --server, the lineage's, the only one of its peer, acme.server. */
static const char *
server_of(const struct renew *r, const struct renew_cert *c,
    const struct lineage *l)
{
	const struct config_peer *p = c->peers.n > 0 ?
	    config_peer(r->config, c->peers.v[0]) : NULL;

	if (r->opts.server != NULL)
		return r->opts.server;
	if (l != NULL && l->server != NULL)
		return l->server;
	if (p != NULL && p->servers.n == 1)
		return p->servers.v[0];
	return r->config->server;
}

/* ---- the plan ----------------------------------------------------------- */

static void
plan_free(struct renew_cert *c)
{
	if (c->begun)
		issue_free(&c->issue);
	c->begun = c->planned = false;
}

static int
set_texts(struct renew_cert *c, const struct lineage *l, const char *server,
    struct error *err)
{
	const struct strs *domains = c->config != NULL ?
	    &c->config->domains : l != NULL ? &l->domains : NULL;

	strs_free(&c->domains);
	free(c->server);
	c->server = NULL;
	if (domains != NULL && strs_copy(&c->domains, domains, err) == -1)
		return -1;
	return str_dup(&c->server, server, err);
}

/* The account that the peers which were asked use for the names; NULL: none, or
 * they do not agree. */
static const char *
offered(const struct renew *r, const struct renew_cert *c)
{
	const char *uri = NULL;
	const struct hints *l;
	const struct hint *h;

	for (size_t k = 0; k < c->peers.n; k++) {
		l = renew_hints(r, c->peers.v[k]);
		for (size_t i = 0; l != NULL && i < c->domains.n; i++) {
			h = hints_for_name(l, c->server, c->domains.v[i]);
			if (h == NULL)
				continue;
			if (uri != NULL && !account_uri_same(uri, h->uri))
				return NULL;
			uri = h->uri;
		}
	}
	return uri;
}

static int
set_options(const struct renew *r, struct renew_cert *c,
    const struct lineage *l, struct issue_options *o, struct error *err)
{
	memset(o, 0, sizeof(*o));
	o->domains = &c->domains;
	o->cert_name = c->name;
	o->server = c->server;
	o->account = c->config == NULL && l != NULL ? l->account : NULL;
	/* the configuration says what a lineage of ours is to have */
	if (c->config != NULL && l != NULL &&
	    lineage_is_ours(l, &o->adopt, err) == -1)
		return -1;
	o->offered = offered(r, c);
	o->dry_run = r->opts.dry_run;
	o->max_wait = r->opts.max_wait;
	o->self = r->opts.self;
	o->self_options = r->opts.self_options;
	return 0;
}

static int
plan(struct renew *r, struct renew_cert *c, const struct lineage *l,
    struct error *why)
{
	struct issue_options opts;
	struct error err;

	error_clear(&err);
	if (c->domains.n == 0)
		return error_set(why, CODE_STORE, "'%s': this lineage cannot "
		    "be read: %s", vis(c->name), l != NULL &&
		    l->problem[0] != '\0' ? l->problem : "it has no names");
	if (set_options(r, c, l, &opts, why) == -1)
		return -1;
	opts.peek = true;
	opts.lineages = &r->lineages;
	if ((opts.accounts = accounts_of(r, c->server, why)) == NULL)
		return -1;
	issue_init(&c->issue, r->store, r->config, &opts);
	c->begun = true;
	if (issue_plan(&c->issue, why) == -1)
		return -1;
	c->planned = true;
	return 0;
}

/* What the certificate on disk tells of attempts: one that is newer than the
 * last failure came by another hand. */
static void
take_history(struct renew_cert *c, const struct lineage *l)
{
	struct renew_entry *e = c->entry;

	if (l == NULL || l->not_after <= 0)
		return;
	e->not_after = l->not_after;
	if (!c->planned || c->issue.decision == ISSUE_NAMES)
		return;
	renew_entry_issued(e, l->not_before);
	if (e->failures > 0 && l->not_before > e->attempt) {
		e->failures = 0;
		e->failing = 0;
		e->code = CODE_OK;
		e->unproven = false;
	}
}

int
renew_plan(struct renew *r, struct renew_cert *c, struct error *err)
{
	const struct lineage *l;
	struct error why;

	error_clear(&why);
	plan_free(c);
	c->result = CODE_OK;
	error_clear(&c->err);
	if (read_lineages(r, err) == -1)
		return -1;
	l = lineage_of(r, c->name);
	if (set_texts(c, l, server_of(r, c, l), err) == -1)
		return -1;
	if (plan(r, c, l, &why) == -1)
		renew_fail(c, &why);
	free(c->account);
	c->account = NULL;
	if (c->planned && c->issue.account != NULL && str_dup(&c->account,
	    c->issue.account->dirname, err) == -1)
		return -1;
	c->deploy_pending = deploy_pending(r->config->state_dir, c->name);
	take_history(c, l);
	return 0;
}

/* ---- the decision ------------------------------------------------------- */

static const char *
profile_of(const struct renew *r, const struct renew_cert *c)
{
	return c->config != NULL && c->config->profile[0] != '\0' ?
	    c->config->profile : r->config->profile;
}

static int64_t
usable_until(const struct renew *r, const struct renew_cert *c,
    const struct memory_authz *z)
{
	struct window_facts f = { .server = c->server,
		.reuse_cutoff = r->config->reuse_cutoff,
		.order_lifetime = memory_lifetime(r->memory, c->server,
		    profile_of(r, c)),
		.authz_lifetime = z->validated > 0 ? z->expires -
		    z->validated : 0 };

	return window_usable_until(&f, z->expires);
}

const struct memory_authz *
renew_name(const struct renew *r, const struct renew_cert *c,
    const char *name, int64_t *usable_until_)
{
	const struct memory_authz *z, *best = NULL;
	int64_t until;

	*usable_until_ = 0;
	if (!c->planned || c->issue.by_peer ||
	    c->issue.account->uri == NULL || r->memory == NULL)
		return NULL;
	for (size_t i = 0; (z = memory_authz(r->memory,
	    c->issue.account->uri, name, profile_of(r, c), i)) != NULL; i++) {
		if (z->checked == 0)
			continue;
		until = z->status == AUTHZ_VALID ? usable_until(r, c, z) : 0;
		if (best != NULL && (until < *usable_until_ || (until == 0 &&
		    (*usable_until_ > 0 || z->checked < best->checked))))
			continue;
		best = z;
		*usable_until_ = until;
	}
	return best;
}

/* The best of what the CA said: the one that counts longest, else the answer
 * that is newest. */
static void
name_fact(const struct renew *r, const struct renew_cert *c,
    const char *name, struct decide_name *out, int64_t *window)
{
	const char *uri = c->issue.account->uri;
	const struct memory_authz *z;
	int64_t until, checked = 0, told = 0;
	bool expired;

	memset(out, 0, sizeof(*out));
	out->name = name;
	for (size_t i = 0; uri != NULL && (z = memory_authz(r->memory, uri,
	    name, profile_of(r, c), i)) != NULL; i++) {
		expired = z->expires > 0 && z->expires < renew_now(r);
		/* told by a push, and not asked yet */
		if (z->checked == 0 && !expired && z->first > told)
			told = z->first;
		if (z->checked == 0 || (expired && z->status != AUTHZ_VALID))
			continue;
		until = z->status == AUTHZ_VALID ? usable_until(r, c, z) : 0;
		if (until > 0 && z->validated > 0 &&
		    until - z->validated > *window)
			*window = until - z->validated;
		if (until < out->usable_until || (until == 0 &&
		    (out->usable_until > 0 || z->checked < checked)))
			continue;
		checked = z->checked;
		out->status = z->status;
		out->proven = z->validated;
		out->usable_until = until;
	}
	if (c->entry->told > c->entry->answered &&
	    c->entry->told > out->proven + 3600)
		out->hinted = c->entry->told;
	if (told > out->hinted && told > out->proven)
		out->hinted = told;
	out->provable = !str_starts(name, "*.") && issue_may_put(&c->issue);
}

static enum decide_failure
failure_of(const struct renew_entry *e)
{
	if (e->failures == 0 || e->code == CODE_OK)
		return DECIDE_OK;
	if (e->unproven)
		return DECIDE_UNPROVEN;
	return e->code == CODE_RETRY ? DECIDE_UNREACHABLE : DECIDE_REFUSED;
}

static int
set_history(const struct renew *r, const struct renew_cert *c,
    struct decide_history *h, struct error *err)
{
	const struct renew_entry *e = c->entry;
	char *key = NULL;

	_Static_assert((int)RENEW_ISSUED == (int)DECIDE_ISSUED, "issued");
	h->attempt = e->attempt;
	h->failure = failure_of(e);
	h->failures = e->failures;
	h->retry_at = e->retry_after;
	h->looked = c->looked ? renew_now(r) : e->asked;
	memcpy(h->issued, e->issued, sizeof(h->issued));
	if (c->issue.by_peer || c->issue.account->uri == NULL)
		return 0;
	if (memory_order_key(c->issue.account->uri, profile_of(r, c),
	    &c->domains, &key, err) == -1)
		return -1;
	h->pending = memory_pending(r->memory, key, NULL);
	free(key);
	return 0;
}

static void
set_policy(const struct renew *r, const struct renew_cert *c,
    struct decide_policy *p)
{
	bool forced = r->opts.now && !r->concluding;

	p->host = forced ? NULL : r->host;
	p->alarm_before = c->config == NULL ||
	    c->config->alarm_before == CONFIG_AUTO ? DECIDE_AUTO :
	    c->config->alarm_before;
	p->forced = forced;
	p->told = c->peers.n > 0;
}

/* Something was proven after that, and nothing was found wanting. */
static bool
proven_since(const struct decide_input *in, int64_t attempt)
{
	bool any = false;

	for (size_t i = 0; i < in->nnames; i++) {
		const struct decide_name *n = &in->names[i];

		any = any || n->proven > attempt || n->hinted > attempt;
		if (n->usable_until <= in->now && n->hinted <= attempt)
			return false;
	}
	return any;
}

bool
renew_in_alarm(const struct renew *r, const struct renew_cert *c)
{
	int64_t before = c->config == NULL ? CONFIG_AUTO :
	    c->config->alarm_before;
	int64_t left = c->entry->not_after - renew_now(r);

	if (c->entry->not_after <= 0)
		return false;
	if (before == CONFIG_AUTO)
		before = c->planned && c->issue.not_before > 0 ?
		    (c->issue.not_after - c->issue.not_before) / 6 : 0;
	return left <= before;
}

/* An order that a killed run left at the CA is finished, due or not. */
static void
go_on(const struct renew *r, const struct renew_cert *c, struct decide *out)
{
	if (!c->issue.interrupted || out->act ||
	    c->entry->retry_after > renew_now(r))
		return;
	out->what = DECIDE_RENEW;
	out->act = out->network = true;
	out->when = renew_now(r);
	(void)snprintf(out->reason, sizeof(out->reason),
	    "an interrupted issuance goes on");
}

int
renew_ask_decide(struct renew *r, const struct renew_cert *c,
    struct decide *out, struct error *err)
{
	const struct renew_entry *e = c->entry;
	struct decide_input in = { .now = renew_now(r) };
	struct decide_name *names;
	int rc;

	if ((names = calloc(c->domains.n + 1, sizeof(*names))) == NULL)
		return error_nomem(err);
	set_policy(r, c, &in.policy);
	/* a peer that issues sees to the proof itself: none are known here,
	 * which says that all can be had */
	in.nnames = c->issue.by_peer ? 0 : c->domains.n;
	for (size_t i = 0; i < in.nnames; i++)
		name_fact(r, c, c->domains.v[i], &names[i],
		    &in.policy.window);
	in.names = names;
	in.cert.exists = c->issue.lineage != NULL;
	in.cert.not_before = c->issue.not_before;
	in.cert.not_after = c->issue.not_after;
	in.cert.differs = c->issue.decision == ISSUE_NAMES;
	/* the CA said when, so it knows the certificate that an order of ours
	 * names, and counts it for no limit; certbot names none */
	in.policy.replaces = c->issue.builtin && c->issue.replaces != NULL &&
	    e->ari_end > 0;
	in.ari.start = e->ari_start;
	in.ari.end = e->ari_end;
	in.ari.poll_at = e->ari_poll;
	in.ari.explanation = e->ari_why;
	rc = memory_check(r->memory, err);
	if (rc == 0)
		rc = set_history(r, c, &in.history, err);
	/* a proof that came since is no reason to wait */
	if (e->code == CODE_UNAUTHORIZED && proven_since(&in, e->attempt)) {
		in.history.failure = DECIDE_OK;
		in.history.failures = 0;
	}
	if (rc == 0) {
		renew_decide(&in, out);
		go_on(r, c, out);
	}
	free(names);
	return rc;
}
