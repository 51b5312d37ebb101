/* SPDX-License-Identifier: ISC */
#include "sync/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vis.h"

enum {
	ROUNDS = 3		/* of questions to the CA */
};

/* Everything of one run. */
struct run {
	struct store *store;
	struct offer *offer;
	const struct merge *m;
	struct view view;
	struct answers answers;
	struct plan plan;
	bool *blocked;		/* verdicts whose steps are not taken */
};

static int
make_plan(struct run *r, bool with_ledger, struct error *err)
{
	struct plan_input in = { .source = r->offer, .chosen = r->m->chosen,
		.servers = r->m->servers, .peer = r->m->peer,
		.prefer = r->m->prefer };

	plan_free(&r->plan);
	view_free(&r->view);
	if (view_load(r->store, r->m, with_ledger, &r->view, err) == -1)
		return -1;
	in.accounts = r->view.plan_accounts;
	in.naccounts = r->view.accounts.n;
	in.lineages = r->view.plan_lineages;
	in.nlineages = r->view.lineages.n;
	in.certs = r->view.plan_certs;
	in.ncerts = r->view.ncerts;
	in.answers = r->answers.v;
	in.nanswers = r->answers.n;
	return sync_plan(&in, &r->plan, err);
}

static int
plan_and_ask(struct run *r, bool with_ledger, struct error *err)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (make_plan(r, with_ledger, err) == -1)
			return -1;
		if (r->plan.nquestions == 0)
			return 0;
		if (ask_all(r->m, &r->plan, r->offer, &r->view, &r->answers,
		    err) == -1)
			return -1;
	}
	return error_set(err, CODE_ERROR, "'%s': the plan asks the CA without "
	    "end", vis(r->m->peer));
}

/* A sender must know what it replaces. */
static int
check_digests(struct run *r, struct error *err)
{
	const struct plan_action *a;
	struct verdict_ref *v;
	struct account *d = NULL;
	const struct offered *of;
	char hex[65];
	int rc;

	for (size_t i = 0; i < r->plan.nactions && r->m->check_digest; i++) {
		a = &r->plan.actions[i];
		if (a->source == PLAN_NO || a->dest == PLAN_NO)
			continue;
		of = r->offer->v[a->source];
		if (store_account(r->store,
		    r->view.accounts.v[a->dest]->server,
		    r->view.accounts.v[a->dest]->dirname, STORE_TEXTS, &d,
		    err) == -1)
			return -1;
		hex[0] = '\0';
		rc = d != NULL ? offer_digest(d, hex, err) : 0;
		account_free(d);
		d = NULL;
		if (rc == -1)
			return -1;
		if (of->replaces != NULL && strcmp(of->replaces, hex) == 0)
			continue;
		v = &r->plan.verdicts.v[a->verdict];
		r->blocked[a->verdict] = true;
		v->verdict = VERDICT_REFUSED;
		v->code = CODE_STORE;
		free(v->reason);
		v->reason = NULL;
		if (str_dup(&v->reason, "what is there is not what the sender "
		    "saw; push again", err) == -1)
			return -1;
	}
	return 0;
}

static int
carry_out(struct run *r, const struct plan_action *a, struct error *err)
{
	const struct account *source, *dest;

	source = a->source == PLAN_NO ? NULL :
	    r->offer->v[a->source]->account;
	dest = a->dest == PLAN_NO ? NULL : r->view.accounts.v[a->dest];
	switch (a->what) {
	case PLAN_INSTALL:
		return store_install(r->store, source, r->m->verbatim, NULL,
		    err);
	case PLAN_SET_URI:
		return store_set_uri(r->store, dest, a->uri, err);
	case PLAN_RENAME:
		return store_rename(r->store, dest, err);
	case PLAN_REPLACE:
		return store_replace(r->store, dest, source, a->id,
		    r->m->verbatim, err);
	case PLAN_POINT:
		return store_lineage_account(r->store,
		    r->view.lineages.v[a->lineage], a->id, err);
	}
	return -1;
}

/* In the ledgers: that a key came here, and who gave it. */
static int
record(struct run *r, const struct plan_action *a, struct error *err)
{
	struct ledger_entry gave = { .client = r->m->to,
		.operation = "gave", .result = "ok" };
	struct ledger_entry e = { .client = r->m->peer,
		.connection = getenv("SSH_CONNECTION"),
		.operation = "received", .result = "ok" };

	if (a->source == PLAN_NO)
		return 0;
	e.server = r->offer->v[a->source]->account->server;
	e.id = a->id;
	gave.server = e.server;
	gave.id = r->offer->v[a->source]->account->key.id;
	if (r->m->giver != NULL &&
	    store_ledger_add(r->m->giver, &gave, err) == -1)
		return -1;
	return store_ledger_add(r->store, &e, err);
}

static int
apply_locked(struct run *r, struct error *err)
{
	const struct plan_action *a;

	if (make_plan(r, true, err) == -1)
		return -1;
	if (r->plan.nquestions > 0)
		return error_set(err, CODE_RETRY, "'%s': the store changed "
		    "meanwhile; run it again",
		    vis(store_config_dir(r->store)));
	r->blocked = calloc(r->plan.verdicts.n + 1, sizeof(*r->blocked));
	if (r->blocked == NULL)
		return error_nomem(err);
	if (check_digests(r, err) == -1)
		return -1;
	for (size_t i = 0; i < r->plan.nactions; i++) {
		a = &r->plan.actions[i];
		if (r->blocked[a->verdict])
			continue;
		if (record(r, a, err) == -1 || carry_out(r, a, err) == -1)
			return -1;
	}
	return 0;
}

int
sync_finish(struct store *s, struct error *err)
{
	if (!store_unfinished(s))
		return 0;
	if (store_lock(s, err) == -1)
		return -1;
	store_unlock(s);
	return 0;
}

/* Without the CA a rollover is no matter of waiting. */
static void
settle(struct run *r)
{
	for (size_t i = 0; i < r->plan.verdicts.n && !r->m->ask; i++)
		if (r->plan.verdicts.v[i].code == CODE_RETRY)
			r->plan.verdicts.v[i].code = CODE_STORE;
}

static bool
changes(const struct run *r)
{
	for (size_t i = 0; i < r->plan.nactions; i++)
		if (r->blocked == NULL ||
		    !r->blocked[r->plan.actions[i].verdict])
			return true;
	return false;
}

int
sync_merge(struct store *s, struct offer *offer, const struct merge *m,
    struct verdicts *out, struct strs *notes, bool *changed,
    struct error *err)
{
	struct run r = { .store = s, .offer = offer, .m = m };
	int rc = -1;

	*changed = false;
	if (!m->dry_run && sync_finish(s, err) == -1)
		return -1;
	if (plan_and_ask(&r, m->dry_run, err) == -1)
		goto out;
	/* the ledger may be long: only where it decides something */
	if (r.plan.ledger && !m->dry_run && plan_and_ask(&r, true,
	    err) == -1)
		goto out;
	if (r.plan.nactions > 0 && !m->dry_run) {
		if (store_lock(s, err) == -1)
			goto out;
		rc = apply_locked(&r, err);
		store_unlock(s);
		if (rc == -1)
			goto out;
	}
	settle(&r);
	*changed = changes(&r);
	*out = r.plan.verdicts;
	memset(&r.plan.verdicts, 0, sizeof(r.plan.verdicts));
	*notes = r.plan.notes;
	memset(&r.plan.notes, 0, sizeof(r.plan.notes));
	rc = 0;
out:
	free(r.blocked);
	plan_free(&r.plan);
	view_free(&r.view);
	answers_free(&r.answers);
	return rc;
}
