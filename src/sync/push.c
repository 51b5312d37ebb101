/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vis.h"
#include "store/server.h"
#include "sync/common.h"
#include "sync/merge.h"
#include "transport/source.h"

/* One push. */
struct push {
	struct store *store;
	const struct config_peer *peer;
	const struct sync_options *o;
	struct scope scope;
	struct offer offer;	/* ours */
	struct offer there;	/* what the far end has */
	bool *chosen;
	struct plan_account *accounts;	/* of there */
};

/* Ours, chosen and with its files. */
static int
choose(struct push *p, struct error *err)
{
	static const struct grant all;
	struct request r = scope_request(&p->scope, p->o->all);

	if (offer_of_store(p->store, &r, &all, &p->offer, err) == -1)
		return -1;
	p->chosen = calloc(p->offer.n + 1, sizeof(*p->chosen));
	if (p->chosen == NULL)
		return error_nomem(err);
	return offer_choose(&p->offer, &r, store_config_dir(p->store),
	    p->chosen, err);
}

/* The far end's accounts, as the plan wants them. */
static int
see(struct push *p, struct error *err)
{
	const struct offered *of;
	struct plan_account *a;

	p->accounts = calloc(p->there.n + 1, sizeof(*p->accounts));
	if (p->accounts == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < p->there.n; i++) {
		of = p->there.v[i];
		a = &p->accounts[i];
		a->server = of->server;
		a->dirname = a->id = of->id;
		a->thumbprint = of->thumbprint;
		a->uri = of->uri;
		a->broken = of->state == OFFERED_BROKEN;
	}
	return 0;
}

/* What the far end will do, as far as can be told from here: it does not ask
 * the CA either. */
static int
foresee(struct push *p, struct plan *plan, struct error *err)
{
	struct plan_input in = { .source = &p->offer, .chosen = p->chosen,
		.servers = &p->scope.servers, .peer = "here",
		.accounts = p->accounts, .naccounts = p->there.n,
		.prefer = p->o->prefer };
	struct plan_answer *answers = NULL;
	struct plan first;
	int rc = -1;

	if (sync_plan(&in, &first, err) == -1)
		return -1;
	answers = calloc(first.nquestions + 1, sizeof(*answers));
	if (answers == NULL) {
		error_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < first.nquestions; i++) {
		answers[i].server = first.questions[i].server;
		answers[i].thumbprint = first.questions[i].thumbprint;
		answers[i].kind = ANSWER_UNREACHABLE;
		answers[i].why = "a push does not ask it; pull from there";
	}
	in.answers = answers;
	in.nanswers = first.nquestions;
	rc = sync_plan(&in, plan, err);
out:
	plan_free(&first);
	free(answers);
	return rc;
}

/* No key of a server that the far end does not take; and no hints but those
 * of what was chosen. */
static int
narrow(struct push *p, struct verdicts *out, struct error *err)
{
	struct request takes = { .servers = &p->there.servers };
	const struct offered *of;

	for (size_t i = 0; i < p->offer.n && takes.servers->n > 0; i++) {
		of = p->offer.v[i];
		if (!p->chosen[i] || request_server(&takes, of->server))
			continue;
		p->chosen[i] = false;
		if (verdicts_add(out, VERDICT_REFUSED, CODE_STORE, of->server,
		    of->id, "the far end takes no accounts of this server",
		    err) == -1)
			return -1;
	}
	return 0;
}

static void
drop_hints(struct push *p)
{
	struct hint *h;
	size_t n = 0;
	bool used;

	for (size_t i = 0; i < p->offer.hints.n; i++) {
		h = &p->offer.hints.v[i];
		used = false;
		for (size_t k = 0; k < p->offer.n && !used; k++)
			used = p->chosen[k] && p->offer.v[k]->uri != NULL &&
			    server_same(p->offer.v[k]->server, h->server) &&
			    account_uri_same(p->offer.v[k]->uri, h->uri);
		if (used)
			p->offer.hints.v[n++] = *h;
		else
			hint_free(h);
	}
	p->offer.hints.n = n;
}

/* Which digest each of ours replaces, and which need not go at all. */
static int
prepare(struct push *p, const struct plan *plan, struct verdicts *out,
    struct error *err)
{
	const struct plan_action *a;
	const struct verdict_ref *v;
	struct offered *of;

	for (size_t i = 0; i < plan->nactions; i++) {
		a = &plan->actions[i];
		if (a->source == PLAN_NO || a->dest == PLAN_NO)
			continue;
		of = p->offer.v[a->source];
		free(of->replaces);
		of->replaces = NULL;
		if (str_dup(&of->replaces, p->there.v[a->dest]->digest,
		    err) == -1)
			return -1;
	}
	for (size_t i = 0; i < plan->verdicts.n; i++) {
		v = &plan->verdicts.v[i];
		if (v->verdict != VERDICT_ADDED &&
		    v->verdict != VERDICT_UPDATED && verdicts_add(out,
		    v->verdict, v->code, v->server, v->id, v->reason,
		    err) == -1)
			return -1;
	}
	return 0;
}

/* True where the plan has it travel. */
static bool
travels(const struct plan *plan, const struct offered *of)
{
	const struct verdict_ref *v;

	for (size_t i = 0; i < plan->verdicts.n; i++) {
		v = &plan->verdicts.v[i];
		if ((v->verdict == VERDICT_ADDED ||
		    v->verdict == VERDICT_UPDATED) &&
		    strcmp(v->id, of->account->key.id) == 0 &&
		    server_same(v->server, of->server))
			return true;
	}
	return false;
}

/* Forgets the keys that stay here; returns how many go. */
static size_t
keep_back(struct push *p, const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < p->offer.n; i++) {
		if (p->offer.v[i]->account == NULL)
			continue;
		if (p->chosen[i] && travels(plan, p->offer.v[i])) {
			n++;
			continue;
		}
		account_free(p->offer.v[i]->account);
		p->offer.v[i]->account = NULL;
	}
	return n;
}

/* The ledger first: no key leaves that is not in it.  A struct recorder's. */
static int
record_one(void *arg, const struct offered *of, struct error *err)
{
	struct push *p = arg;
	struct ledger_entry e = { .client = p->peer->name,
		.server = of->server, .id = of->account->key.id,
		.operation = "gave", .result = "ok" };

	return store_ledger_add(p->store, &e, err);
}

static int
record(struct push *p, struct error *err)
{
	for (size_t i = 0; i < p->offer.n; i++)
		if (p->offer.v[i]->account != NULL &&
		    record_one(p, p->offer.v[i], err) == -1)
			return -1;
	return 0;
}

static int
move_verdicts(struct verdicts *to, const struct verdicts *from,
    struct error *err)
{
	const struct verdict_ref *v;

	for (size_t i = 0; i < from->n; i++) {
		v = &from->v[i];
		if (verdicts_add(to, v->verdict, v->code, v->server, v->id,
		    v->reason, err) == -1)
			return -1;
	}
	return 0;
}

static int
send(struct push *p, struct transport *t, struct sync_result *result,
    struct error *err)
{
	struct verdicts got = { 0 };
	int rc = -1;

	/* elsewhere it is known later what goes, and is recorded then */
	if ((!p->o->dry_run && transport_is_remote(t) &&
	    record(p, err) == -1) ||
	    transport_send(t, &p->offer, &got, err) == -1)
		goto out;
	for (size_t i = 0; i < got.n; i++)
		if (got.v[i].verdict == VERDICT_ADDED ||
		    got.v[i].verdict == VERDICT_UPDATED)
			result->changed = true;
	rc = move_verdicts(&result->refs, &got, err);
out:
	verdicts_free(&got);
	return rc;
}

/* To another acmeferry: it is asked first what it has, so that no key goes
 * there for nothing. */
static int
push_remote(struct push *p, struct transport *t, struct sync_result *result,
    struct error *err)
{
	struct request r = scope_request(&p->scope, p->o->all);
	struct plan plan = { 0 };
	int rc = -1;

	if (transport_look(t, &r, &p->there, err) == -1 ||
	    see(p, err) == -1 || narrow(p, &result->refs, err) == -1 ||
	    foresee(p, &plan, err) == -1)
		goto out;
	if (p->o->dry_run) {
		result->changed = plan.nactions > 0;
		rc = move_verdicts(&result->refs, &plan.verdicts, err);
		goto out;
	}
	if (prepare(p, &plan, &result->refs, err) == -1)
		goto out;
	/* where no account goes there may be news of authorizations */
	rc = keep_back(p, &plan) == 0 && !hints_have_authz(&p->offer.hints) ?
	    0 : send(p, t, result, err);
out:
	plan_free(&plan);
	return rc;
}

/* What is chosen and cannot travel; a bundle has no far end that says so. */
static int
refuse_broken(struct push *p, struct verdicts *out, struct error *err)
{
	const struct offered *of;

	for (size_t i = 0; i < p->offer.n; i++) {
		of = p->offer.v[i];
		if (p->chosen[i] && of->account == NULL && verdicts_add(out,
		    VERDICT_REFUSED, CODE_STORE, of->server, of->id,
		    of->problem, err) == -1)
			return -1;
	}
	return 0;
}

/* To a directory: this process applies the rules there itself.  To a bundle:
 * whoever opens it does. */
static int
push_here(struct push *p, struct transport *t,
    struct sync_result *result, struct error *err)
{
	const struct offered *of;
	size_t n = 0;

	if (transport_is_sealed(t) &&
	    refuse_broken(p, &result->refs, err) == -1)
		return -1;
	for (size_t i = 0; i < p->offer.n; i++) {
		of = p->offer.v[i];
		if (!p->chosen[i] && of->account != NULL) {
			account_free(of->account);
			p->offer.v[i]->account = NULL;
			p->offer.v[i]->state = OFFERED_LISTED;
		}
		n += of->account != NULL ? 1 : 0;
	}
	/* an empty bundle would take from its readers what they know */
	if (n == 0 && transport_is_sealed(t))
		return 0;
	return send(p, t, result, err);
}

int
sync_push(struct store *s, const struct config *c,
    const struct config_peer *peer, const struct sync_options *opts,
    struct sync_result *result, struct error *err)
{
	struct push p = { .store = s, .peer = peer, .o = opts };
	struct sync_receive_arg arg = { .config = c, .peer = "this host",
		.ask = true, .dry_run = opts->dry_run,
		.max_wait = opts->max_wait, .giver = s, .to = peer->name };
	struct receiver receiver = { sync_receive, &arg };
	struct recorder recorder = { record_one, &p };
	struct transport_options to = { .config = c, .receiver = &receiver,
		.recorder = opts->dry_run ? NULL : &recorder,
		.dry_run = opts->dry_run, .bundle = opts->bundle,
		.accept_rollback = opts->accept_rollback,
		.write = true, .terminal = opts->terminal,
		.prefer = opts->prefer, .verbatim = opts->verbatim };
	struct transport *t = NULL;
	int rc = -1;

	memset(result, 0, sizeof(*result));
	if (scope_make(c, peer, opts, &p.scope, err) == -1)
		return -1;
	arg.servers = &p.scope.servers;
	arg.chosen = &p.chosen;
	if (transport_open(peer, &to, &t, err) == -1 ||
	    choose(&p, err) == -1)
		goto out;
	drop_hints(&p);
	rc = transport_is_remote(t) ? push_remote(&p, t, result, err) :
	    push_here(&p, t, result, err);
out:
	if (rc == 0)
		result->code = verdicts_code(&result->refs);
	transport_free(t);
	offer_free(&p.offer);
	offer_free(&p.there);
	free(p.accounts);
	free(p.chosen);
	scope_free(&p.scope);
	return rc;
}
