/* SPDX-License-Identifier: ISC */
#include "issue/for_peer.h"

#include <stdlib.h>
#include <string.h>

#include "acme/flow.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "issue/builtin.h"
#include "issue/cert_csr.h"
#include "issue/cert_key.h"
#include "issue/certbot_run.h"
#include "issue/issue_impl.h"
#include "issue/pick.h"
#include "issue/prove.h"
#include "issue/request.h"
#include "store/server.h"

/* Where the CA asks, as seen from here. */
#define HERE "127.0.0.1:80"

struct work {
	const struct for_peer *p;
	const struct csr_request *r;
	struct issue is;
	struct config_cert cert;	/* what the request wants */
	struct config_peer *here;	/* our own web root, as a peer */
	struct request_file file;
	struct flow flow;
	struct builtin_order run;
	struct acme *acme;	/* a session where is has none */
};

bool
for_peer_covers(const struct strs *granted, const char *name)
{
	const char *dot = strchr(name, '.');

	if (strs_has(granted, name))
		return true;
	if (dot == NULL || str_starts(name, "*."))
		return false;
	for (size_t i = 0; i < granted->n; i++)
		if (str_starts(granted->v[i], "*.") &&
		    strcmp(granted->v[i] + 1, dot) == 0)
			return true;
	return false;
}

/* ---- what is asked for --------------------------------------------------- */

static int
check_request(const struct for_peer *p, const struct csr_request *r,
    struct strs *names, struct error *err)
{
	if (!server_same(r->server, p->server))
		return error_set(err, CODE_TRUST, "certificates are issued "
		    "here by %s, not by '%s'", p->server, vis(r->server));
	if (cert_csr_read(r->csr.data, r->csr.len, names, err) == -1)
		return -1;
	if (!strs_same_set(names, &r->names))
		return error_set(err, CODE_TRUST, "the request is for other "
		    "names than were told");
	for (size_t i = 0; i < names->n; i++)
		if (!for_peer_covers(p->names, names->v[i]))
			return error_set(err, CODE_TRUST, "'%s': may not be "
			    "issued for this key; 'acmeferry authorize' here "
			    "prints how to, with --name", vis(names->v[i]));
	return 0;
}

/* ---- an order, proven ---------------------------------------------------- */

/* As certificates: of a configuration, as far as an order is concerned. */
static int
begin(struct work *w, struct store *s, const struct strs *names,
    struct error *err)
{
	struct issue_options opts = { .domains = names,
		.server = w->p->server, .max_wait = w->p->max_wait };
	struct issue *is = &w->is;
	struct account_choice c = { .config = w->p->config };

	opts.prove_peer = w->here;
	w->cert.name = names->v[0];
	w->cert.profile = w->r->profile;
	issue_init(is, s, w->p->config, &opts);
	is->decision = ISSUE_NEW;
	is->builtin = true;
	if (str_dup(&is->name, names->v[0], err) == -1 ||
	    strs_copy(&is->domains, names, err) == -1 ||
	    store_accounts(s, is->server, 0, &is->own_accounts, err) == -1 ||
	    store_lineages(s, true, &is->own_lineages, err) == -1)
		return -1;
	is->accounts = &is->own_accounts;
	is->lineages = &is->own_lineages;
	c.server = is->server;
	c.list = is->accounts;
	c.lineages = is->lineages;
	if (account_pick(&c, w->p->account, &is->domains, &is->account,
	    err) == -1)
		return -1;
	if (is->account->broken)
		return error_set(err, CODE_STORE, "'%s': the account cannot "
		    "be used: %s", vis(is->account->path),
		    is->account->problem);
	return 0;
}

/* This host as a peer, only to deliver to: its store is never looked at.
 * Without a web root its web server may answer by itself. */
static int
make_here(struct work *w, struct error *err)
{
	const char *check = w->p->check;
	struct config_peer *p;

	if (config_peer_new("here", NULL, &w->here, err) == -1)
		return -1;
	p = w->here;
	free(p->url);
	p->url = NULL;
	p->challenge = w->p->webroot != NULL;
	if (str_printf(&p->url, err, "file://%s",
	    w->p->config->certbot_config_dir) == -1)
		return -1;
	if (check == NULL && !p->challenge)
		check = HERE;
	if (check != NULL) {
		free(p->challenge_check);
		p->challenge_check = NULL;
		if (str_dup(&p->challenge_check, check, err) == -1)
			return -1;
	}
	if (!p->challenge)
		return 0;
	free(p->webroot);
	p->webroot = NULL;
	return str_dup(&p->webroot, w->p->webroot, err);
}

static int
account_signer(void *arg, struct jwk **out, struct error *err)
{
	return account_key(arg, out, err);
}

static int
open_flow(struct work *w, struct acme *acme, const char *kid,
    struct error *err)
{
	struct acme_options opts = { .server = w->is.server,
		.ca_file = w->is.config->ca_file,
		.proxy = w->is.config->proxy, .max_wait = w->p->max_wait };

	if (acme == NULL && acme_open(&opts, &w->acme, err) == -1)
		return -1;
	w->flow = (struct flow){ .acme = acme != NULL ? acme : w->acme,
	    .kid = kid, .key = account_signer,
	    /* the callback only reads it */
	    .key_arg = (void *)(uintptr_t)w->is.account,
	    .patience = w->p->max_wait };
	return 0;
}

/* The order of the same request, asked before; *alive: it can be gone on
 * with. */
static int
resume(struct work *w, bool *alive, struct error *err)
{
	struct acme_order *o = &w->run.order;
	bool found;

	*alive = false;
	if (request_load(w->p->config->state_dir, w->r->id, &w->file,
	    &found, err) == -1)
		return -1;
	if (!found || strcmp(w->file.account, w->is.account->dirname) != 0)
		return 0;
	if (open_flow(w, NULL, w->file.kid, err) == -1)
		return -1;
	if (flow_order(&w->flow, w->file.order, o, err) == -1) {
		if (w->flow.why != FLOW_GONE)
			return -1;
		error_clear(err);
		return 0;
	}
	*alive = o->status == ORDER_READY || o->status == ORDER_PROCESSING ||
	    o->status == ORDER_VALID;
	if (!*alive)
		acme_order_free(o);
	else if (o->url == NULL)
		return str_dup(&o->url, w->file.order, err);
	return 0;
}

/* As issue_verify() and issue_prove() leave it. */
static int
order(struct work *w, struct error *err)
{
	struct acme_order *o = &w->run.order;
	const struct verify_account *a;
	const struct verify_set *set;

	flow_clear(&w->flow);
	w->is.cert = &w->cert;
	if (issue_verify(&w->is, err) == -1 || issue_prove(&w->is, err) == -1)
		return -1;
	set = &w->is.verify.sets[0];
	a = &w->is.verify.accounts[0];
	if (!set->ready || set->order == NULL || set->finalize == NULL)
		return error_set(err, CODE_ERROR, "'%s': there is no order "
		    "that is ready", w->is.name);
	o->status = ORDER_READY;
	if (str_dup(&o->url, set->order, err) == -1 ||
	    str_dup(&o->finalize, set->finalize, err) == -1)
		return -1;
	return open_flow(w, w->is.verify.acme, a->location != NULL ?
	    a->location : w->is.account->uri, err);
}

static int
is_ours(void *arg, const struct cert_chain *c, bool *yes, struct error *err)
{
	const struct work *w = arg;

	return cert_chain_has_csr_key(c, w->r->csr.data, w->r->csr.len, yes,
	    err);
}

static int
ordered(void *arg, const struct acme_order *o, struct error *err)
{
	struct work *w = arg;

	return request_save(w->p->config->state_dir, w->r->id,
	    w->is.account->dirname, w->flow.kid, o->url, err);
}

static int
obtain(struct work *w, struct cert_chain **chain, struct error *err)
{
	bool alive;

	if (resume(w, &alive, err) == -1 || (!alive && order(w, err) == -1))
		return -1;
	w->run.flow = &w->flow;
	w->run.names = &w->is.domains;
	w->run.profile = w->r->profile;
	w->run.preferred_chain = w->r->preferred_chain != NULL ?
	    w->r->preferred_chain : "";
	w->run.csr = &w->r->csr;
	w->run.is_ours = is_ours;
	w->run.ordered = ordered;
	w->run.arg = w;
	if (!alive && ordered(w, &w->run.order, err) == -1)
		return -1;
	if (builtin_order_run(&w->run, chain, err) == -1)
		return -1;
	return cert_chain_check(*chain, NULL, &w->is.domains,
	    acme_now(w->flow.acme), err);
}

static int
give(const struct cert_chain *c, struct buf *pem, struct error *err)
{
	struct buf cert, chain;
	int rc;

	buf_init(&cert, LIMIT_PEM_FILE);
	buf_init(&chain, LIMIT_PEM_FILE);
	rc = cert_chain_pem(c, &cert, &chain, err);
	if (rc == 0) {
		buf_adds(pem, buf_str(&cert));
		buf_adds(pem, buf_str(&chain));
		rc = buf_check(pem, "certificate chain", err);
	}
	buf_free(&cert);
	buf_free(&chain);
	return rc;
}

static int
attempt(const struct for_peer *p, struct store *s, const struct csr_request *r,
    const struct strs *names, struct cert_chain **chain, bool *late,
    struct error *err)
{
	struct work w = { .p = p, .r = r };
	int rc = -1;

	w.is.lock.fd = -1;
	if (make_here(&w, err) == 0 && begin(&w, s, names, err) == 0 &&
	    issue_lock(p->config, &w.is.lock, err) == 0)
		rc = obtain(&w, chain, err);
	*late = rc == -1 && issue_came_late(&w.is, err);
	acme_order_free(&w.run.order);
	flow_clear(&w.flow);
	issue_free(&w.is);
	acme_free(w.acme);
	request_file_free(&w.file);
	config_peer_free(w.here);
	return rc;
}

int
for_peer_issue(void *arg, struct store *s, const struct csr_request *r,
    struct buf *pem, struct error *err)
{
	const struct for_peer *p = arg;
	struct cert_chain *chain = NULL;
	struct strs names = { 0 };
	bool late;
	int rc;

	rc = check_request(p, r, &names, err);
	if (rc == 0) {
		rc = attempt(p, s, r, &names, &chain, &late, err);
		if (rc == -1 && late) {
			log_verbose("%s; once more", err->msg);
			error_clear(err);
			rc = attempt(p, s, r, &names, &chain, &late, err);
		}
	}
	if (rc == 0)
		rc = give(chain, pem, err);
	cert_chain_free(chain);
	strs_free(&names);
	return rc;
}
