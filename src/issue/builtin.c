/* SPDX-License-Identifier: ISC */
#include "issue/builtin.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "issue/builtin_key.h"
#include "issue/builtin_store.h"
#include "issue/cert_key.h"
#include "issue/deploy.h"
#include "issue/issue_impl.h"
#include "issue/pending.h"
#include "store/account.h"
#include "store/lineage_install.h"
#include "store/server.h"

enum {
	/* how long a certificate that cannot be had keeps a new one away */
	PENDING_MAX = 24 * 3600
};

/* ---- a session ---------------------------------------------------------- */

static int
account_signer(void *arg, struct jwk **out, struct error *err)
{
	return account_key(arg, out, err);
}

/* The one that issue_verify() has left, else a new one. */
static int
open_session(struct issue *is, struct flow *f, const char *kid,
    struct error *err)
{
	struct acme_options opts = { .server = is->server,
	    .ca_file = is->config->ca_file, .proxy = is->config->proxy,
	    .max_wait = is->opts.max_wait };
	struct acme *acme = is->verified ? is->verify.acme : NULL;

	if (acme == NULL && is->acme == NULL &&
	    acme_open(&opts, &is->acme, err) == -1)
		return -1;
	*f = (struct flow){ .acme = acme != NULL ? acme : is->acme,
	    .kid = kid, .key = account_signer,
	    /* the callback only reads it */
	    .key_arg = (void *)(uintptr_t)is->account,
	    .patience = is->opts.max_wait };
	return 0;
}

static const char *
kid_of(const struct issue *is)
{
	const struct verify_account *a;

	if (is->pending != NULL)
		return is->pending->kid;
	a = is->verified && is->verify.naccounts > 0 ?
	    &is->verify.accounts[0] : NULL;
	if (a != NULL && a->state == ACCOUNT_VALID && a->location != NULL)
		return a->location;
	return is->account->uri;
}

/* ---- what an earlier run began ------------------------------------------ */

/* Nothing of it will be used. */
static int
drop(struct issue *is, struct error *err)
{
	int rc;

	if (is->pending != NULL)
		pending_free(is->pending);
	free(is->pending);
	is->pending = NULL;
	is->resumed = false;
	if (pending_drop(is->config->state_dir, is->name, err) == -1 ||
	    store_lock(is->store, err) == -1)
		return -1;
	rc = store_lineage_unstage(is->store, is->name, err);
	store_unlock(is->store);
	return rc;
}

/* Is it what would be ordered now? */
static bool
fits(const struct issue *is, const struct pending *p)
{
	return strcmp(p->server, is->server) == 0 &&
	    strcmp(p->account, is->account->dirname) == 0 &&
	    strs_same_set(&p->names, &is->domains);
}

int
builtin_resume(struct issue *is, struct error *err)
{
	struct acme_order o = { 0 };
	struct flow f;
	int rc;

	if (!fits(is, is->pending)) {
		log_step("'%s': an interrupted issuance was for other names "
		    "or another account and is given up", is->name);
		return drop(is, err);
	}
	if (open_session(is, &f, is->pending->kid, err) == -1)
		return -1;
	rc = flow_order(&f, is->pending->order, &o, err);
	if (rc == 0 && (o.status == ORDER_READY ||
	    o.status == ORDER_PROCESSING || o.status == ORDER_VALID)) {
		log_verbose("'%s': going on with order '%s', which is %s",
		    is->name, vis(is->pending->order),
		    order_status_text(o.status));
		is->resumed = true;
	} else if (rc == 0 || f.why == FLOW_GONE || (f.why == FLOW_OTHER &&
	    f.has_problem && err->code != CODE_ACCOUNT)) {
		log_step("'%s': the CA has given up the order of an "
		    "interrupted issuance", is->name);
		rc = drop(is, err);
	}
	acme_order_free(&o);
	flow_clear(&f);
	return rc;
}

/* ---- one certificate ---------------------------------------------------- */

struct builtin {
	struct issue *is;
	struct issue_job job;
	struct flow flow;
	struct builtin_order run;
	struct buf csr;
	struct cert_chain *chain;
	char *preferred;
};

static int
is_ours(void *arg, const struct cert_chain *c, bool *yes, struct error *err)
{
	const struct builtin *b = arg;

	return cert_chain_has_key(c, &b->is->pending->key, yes, err);
}

/* The key is there already. */
static int
ordered(void *arg, const struct acme_order *o, struct error *err)
{
	struct builtin *b = arg;
	struct pending *p = b->is->pending;

	free(p->order);
	p->order = NULL;
	if (str_dup(&p->order, o->url, err) == -1)
		return -1;
	return pending_save(b->is->config->state_dir, b->is->name, p, false,
	    err);
}

static int
fill_pending(struct builtin *b, const struct verify_set *set,
    struct error *err)
{
	struct issue *is = b->is;
	struct pending *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return error_nomem(err);
	p->since = clock_now();
	if (str_dup(&p->kid, kid_of(is), err) == -1 ||
	    str_dup(&p->server, is->server, err) == -1 ||
	    str_dup(&p->account, is->account->dirname, err) == -1 ||
	    str_dup(&p->profile, set->profile, err) == -1 ||
	    str_dup(&p->order, set->order, err) == -1 ||
	    strs_copy(&p->names, &is->domains, err) == -1 ||
	    builtin_key(is, &b->job.job, &p->key, err) == -1) {
		pending_free(p);
		free(p);
		return -1;
	}
	is->pending = p;
	return pending_save(is->config->state_dir, is->name, p, true, err);
}

/* The order to begin with: as issue_verify() left it, or as it is now. */
static int
begin_order(struct builtin *b, struct error *err)
{
	const struct verify_set *set = b->is->resumed ? NULL :
	    &b->is->verify.sets[0];
	struct acme_order *o = &b->run.order;

	if (set != NULL && set->ready && set->finalize != NULL) {
		o->status = ORDER_READY;
		if (str_dup(&o->url, set->order, err) == -1)
			return -1;
		return str_dup(&o->finalize, set->finalize, err);
	}
	if (flow_order(&b->flow, b->is->pending->order, o, err) == -1)
		return -1;
	if (o->url == NULL)
		return str_dup(&o->url, b->is->pending->order, err);
	return 0;
}

static int
begin(struct builtin *b, struct error *err)
{
	struct issue *is = b->is;
	const struct verify_set *set = is->verified && is->verify.nsets > 0 ?
	    &is->verify.sets[0] : NULL;

	if (issue_settle(is, err) == -1 || builtin_can_store(is, err) == -1 ||
	    builtin_job(is, &b->job, &b->preferred, err) == -1 ||
	    issue_take_over(is, err) == -1)
		return -1;
	if (!is->resumed && (set == NULL || set->order == NULL))
		return error_set(err, CODE_ERROR, "'%s': there is no order to "
		    "finalise", is->name);
	if (!is->resumed && fill_pending(b, set, err) == -1)
		return -1;
	if (open_session(is, &b->flow, is->pending->kid, err) == -1 ||
	    cert_csr(&is->pending->key, &is->domains, &b->csr, err) == -1)
		return -1;
	b->run.flow = &b->flow;
	b->run.names = &is->domains;
	b->run.profile = is->pending->profile;
	b->run.replaces = is->replaces;
	b->run.preferred_chain = b->preferred == NULL ? "" : b->preferred;
	b->run.csr = &b->csr;
	b->run.is_ours = is_ours;
	b->run.ordered = ordered;
	b->run.arg = b;
	return begin_order(b, err);
}

/* After a failure: is there still something to go on with? */
static void
give_up(struct builtin *b, const struct error *why)
{
	struct issue *is = b->is;
	struct error err;

	if (is->pending == NULL)
		return;
	if (!b->run.dead && !(why->code == CODE_ISSUANCE &&
	    clock_now() - is->pending->since > PENDING_MAX))
		return;
	if (drop(is, &err) == -1)
		log_warn("%s", err.msg);
}

static int
obtain(struct builtin *b, struct error *err)
{
	if (builtin_order_run(&b->run, &b->chain, err) == -1)
		return -1;
	return cert_chain_check(b->chain, &b->is->pending->key,
	    &b->is->domains, acme_now(b->flow.acme), err);
}

int
builtin_conclude(struct issue *is, struct error *err)
{
	struct lineage *l = NULL;
	bool fresh = false;
	int rc = -1;

	if (issue_look(is, &l, &fresh, err) == -1)
		goto out;
	if (!fresh) {
		error_set(err, CODE_STORE, "'%s': the new certificate is not "
		    "in live/", is->name);
		goto out;
	}
	is->changed = true;
	rc = issue_deploy_all(is, l, err);
out:
	lineage_free(l);
	return rc;
}

int
builtin_issue(struct issue *is, struct error *err)
{
	struct builtin b = { .is = is };
	int rc = -1;

	buf_init(&b.csr, LIMIT_CSR);
	log_progress("'%s': waiting for the CA", is->name);
	if (begin(&b, err) == 0 && obtain(&b, err) == 0)
		rc = builtin_store(is, &b.job.job, b.chain, err);
	if (rc == -1) {
		give_up(&b, err);
		error_wrap(err, "'%s'", is->name);
	}
	cert_chain_free(b.chain);
	acme_order_free(&b.run.order);
	flow_clear(&b.flow);
	buf_free(&b.csr);
	free(b.preferred);
	issue_job_free(&b.job);
	/* nothing of the key stays while hooks run */
	if (is->pending != NULL)
		secret_free(&is->pending->key);
	return rc == 0 ? builtin_conclude(is, err) : -1;
}
