/* SPDX-License-Identifier: ISC */
#include "acme/flow.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "acme/account.h"
#include "acme/flow_impl.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"

enum { NEW_ORDER_MAX = 64 * 1024 };

void
flow_clear(struct flow *f)
{
	flow_begin(f);
}

void
flow_begin(struct flow *f)
{
	acme_problem_free(&f->problem);
	f->has_problem = false;
	f->why = FLOW_OK;
	f->retry_after = -1;
}

/* ---- one request -------------------------------------------------------- */

static enum flow_why
why(const struct acme_answer *a, const struct error *e)
{
	if (a == NULL)
		return e->code == CODE_RETRY ? FLOW_UNREACHABLE : FLOW_OTHER;
	/* Boulder's "service busy" is 503 and rateLimited */
	if (a->status >= 500 || acme_problem_is(a->problem, "serverInternal") ||
	    acme_problem_is(a->problem, "badNonce"))
		return FLOW_BUSY;
	if (a->status == 429 || acme_problem_is(a->problem, "rateLimited"))
		return FLOW_RATE_LIMITED;
	if (acme_problem_is(a->problem, "badCSR") ||
	    acme_problem_is(a->problem, "badPublicKey"))
		return FLOW_BAD_CSR;
	if (acme_problem_is(a->problem, "orderNotReady"))
		return FLOW_TAKEN;
	return a->status == 404 ? FLOW_GONE : FLOW_OTHER;
}

/* Keeps what the CA said of a failure. */
static void
keep_failure(struct flow *f, const struct acme_answer *a,
    const struct error *e, struct error *err)
{
	struct error ignored;

	f->why = why(a, e);
	*err = *e;
	if (a == NULL || a->problem == NULL || a->body == NULL)
		return;
	if (acme_account_refused(a->problem))
		err->code = CODE_ACCOUNT;
	acme_problem_free(&f->problem);
	f->has_problem = acme_problem_parse(a->body, &f->problem,
	    &ignored) == 0;
}

/* A call and how its answer is read, for the callback. */
struct asking {
	struct flow_call *call;
	flow_take *take;
};

static void
answered(void *arg, const struct acme_answer *a, const struct error *e)
{
	struct asking *k = arg;
	struct flow_call *c = k->call;

	c->result = -1;
	if (e != NULL) {
		keep_failure(c->flow, a, e, &c->err);
		return;
	}
	c->flow->retry_after = a->retry_after;
	c->result = k->take(c, a, &c->err);
	if (c->result == -1)
		c->flow->why = FLOW_OTHER;
}

static void
prepare(struct flow *f, struct acme_request *r, struct asking *k)
{
	r->done = answered;
	r->arg = k;
	if (!r->get) {
		r->kid = f->kid;
		r->signer = f->signer;
		r->key = f->key;
		r->key_arg = f->key_arg;
	}
	error_clear(&k->call->err);
	k->call->flow = f;
	k->call->result = -1;
}

int
flow_ask(struct flow *f, struct acme_request *r, flow_take *take,
    struct flow_call *call, struct error *err)
{
	struct asking k = { call, take };

	flow_begin(f);
	f->why = FLOW_OTHER;
	prepare(f, r, &k);
	if (acme_post(f->acme, r, err) == -1)
		return -1;
	/* an answer that was taken counts, whatever failed behind it */
	if (acme_run(f->acme, err) == -1 && call->result == -1)
		return -1;
	if (call->result == -1) {
		*err = call->err;
		return -1;
	}
	f->why = FLOW_OK;
	return 0;
}

static int
no_body(const struct flow_call *c, const char *want, struct error *err)
{
	return error_set(err, CODE_ERROR, "'%s': the answer is empty, want "
	    "%s", vis(c->url), want);
}

/* ---- orders ------------------------------------------------------------- */

int
flow_take_order(struct flow_call *c, const struct acme_answer *a,
    struct error *err)
{
	struct acme_order *o = c->out;

	if (a->body == NULL)
		return no_body(c, "an order", err);
	if (acme_order_parse(a->body, c->url, o, err) == -1)
		return -1;
	if (str_dup(&o->url, c->url, err) == 0)
		return 0;
	acme_order_free(o);
	return -1;
}

static bool
covers(const struct strs *a, const struct strs *b)
{
	size_t k;

	for (size_t i = 0; i < b->n; i++) {
		for (k = 0; k < a->n; k++)
			if (strcasecmp(a->v[k], b->v[i]) == 0)
				break;
		if (k == a->n)
			return false;
	}
	return true;
}

static int
take_new_order(struct flow_call *c, const struct acme_answer *a,
    struct error *err)
{
	struct acme_order *o = c->out;

	if (a->location == NULL || !acme_owns_url(c->flow->acme, a->location))
		return error_set(err, CODE_ERROR, "'%s': found an order "
		    "without a URL of the CA (Location), want one",
		    vis(c->url));
	c->url = a->location;
	if (flow_take_order(c, a, err) == -1)
		return -1;
	if (covers(&o->names, c->names) && covers(c->names, &o->names))
		return 0;
	error_set(err, CODE_ERROR, "'%s': found an order for other names than "
	    "those asked for", vis(a->location));
	acme_order_free(o);
	return -1;
}

static int
send_new_order(struct flow *f, const struct acme_order_new *want,
    struct acme_order *out, struct error *err)
{
	struct flow_call c = { .url = acme_directory(f->acme)->new_order,
		.names = want->names, .out = out };
	struct acme_request r = { .url = c.url };
	struct buf b;
	int rc = -1;

	buf_init(&b, NEW_ORDER_MAX);
	if (acme_order_payload(want, &b, err) == 0) {
		r.payload = buf_str(&b);
		rc = flow_ask(f, &r, take_new_order, &c, err);
	}
	buf_free(&b);
	return rc;
}

int
flow_new_order(struct flow *f, const struct acme_order_new *want,
    struct acme_order *out, struct error *err)
{
	struct acme_order_new w = *want;

	if (*acme_directory(f->acme)->renewal_info == '\0')
		w.replaces = NULL;
	if (send_new_order(f, &w, out, err) == 0)
		return 0;
	if (w.replaces != NULL && f->has_problem &&
	    f->why != FLOW_RATE_LIMITED &&
	    acme_order_blames_replaces(&f->problem, 0)) {
		log_verbose("%s; ordering without 'replaces'", err->msg);
		w.replaces = NULL;
		if (send_new_order(f, &w, out, err) == 0)
			return 0;
	}
	if (f->has_problem)
		err->code = acme_order_refusal(&f->problem, err->code);
	return -1;
}

int
flow_order(struct flow *f, const char *url, struct acme_order *out,
    struct error *err)
{
	struct flow_call c = { .url = url, .out = out };
	struct acme_request r = { .url = url };

	return flow_ask(f, &r, flow_take_order, &c, err);
}

/* ---- authorizations ----------------------------------------------------- */

void
flow_authz_free(struct flow_authz *z)
{
	free(z->url);
	acme_authz_free(&z->authz);
	acme_challenge_free(&z->challenge);
	memset(z, 0, sizeof(*z));
}

static int
take_authz(struct flow_call *c, const struct acme_answer *a,
    struct error *err)
{
	struct flow_authz *z = c->out;
	struct error ignored;

	if (a->body == NULL)
		return no_body(c, "an authorization", err);
	memset(z, 0, sizeof(*z));
	if (acme_authz_parse(a->body, c->url, &z->authz, err) == -1)
		return -1;
	/* what is wrong with one that is not to be answered harms nobody */
	if (z->authz.status == AUTHZ_INVALID &&
	    acme_challenge_find(a->body, "http-01", c->url, &z->challenge,
	    &ignored) == -1)
		log_debug("%s", ignored.msg);
	if ((z->authz.status == AUTHZ_PENDING &&
	    acme_challenge_find(a->body, "http-01", c->url, &z->challenge,
	    err) == -1) || str_dup(&z->url, c->url, err) == -1) {
		flow_authz_free(z);
		return -1;
	}
	return 0;
}

int
flow_authz(struct flow *f, const char *url, struct flow_authz *out,
    struct error *err)
{
	struct flow_call c = { .url = url, .out = out };
	struct acme_request r = { .url = url };

	return flow_ask(f, &r, take_authz, &c, err);
}

/* Queues one question for each; what is queued has to be run even where
 * another could not be. */
static int
ask_authzs(struct flow *f, const struct strs *urls, struct flow_call *calls,
    struct asking *asking, struct flow_authz *out, struct error *err)
{
	struct error ignored;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < urls->n; i++) {
		struct acme_request r = { .url = urls->v[i] };

		asking[i] = (struct asking){ &calls[i], take_authz };
		calls[i] = (struct flow_call){ .url = urls->v[i],
			.out = &out[i] };
		prepare(f, &r, &asking[i]);
		rc = acme_post(f->acme, &r, err);
	}
	if (acme_run(f->acme, rc == 0 ? err : &ignored) == -1)
		rc = -1;
	return rc;
}

int
flow_authzs(struct flow *f, const struct strs *urls, struct flow_authz *out,
    struct error *err)
{
	struct flow_call *calls = NULL;
	struct asking *asking = NULL;
	int rc = -1;

	flow_begin(f);
	f->why = FLOW_OTHER;
	if ((calls = calloc(urls->n + 1, sizeof(*calls))) == NULL ||
	    (asking = calloc(urls->n + 1, sizeof(*asking))) == NULL) {
		error_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < urls->n; i++)
		calls[i].result = -1;
	rc = ask_authzs(f, urls, calls, asking, out, err);
	for (size_t i = 0; rc == 0 && i < urls->n; i++)
		if (calls[i].result == -1) {
			*err = calls[i].err;
			rc = -1;
		}
	for (size_t i = 0; rc == -1 && i < urls->n; i++)
		if (calls[i].result == 0)
			flow_authz_free(&out[i]);
	if (rc == 0)
		f->why = FLOW_OK;
out:
	free(calls);
	free(asking);
	return rc;
}

/* The object that came back says nothing that the next question would not. */
static int
take_nothing(struct flow_call *c, const struct acme_answer *a,
    struct error *err)
{
	(void)c;
	(void)a;
	(void)err;
	return 0;
}

int
flow_answer(struct flow *f, const char *challenge_url, struct error *err)
{
	struct flow_call c = { .url = challenge_url };
	struct acme_request r = { .url = challenge_url,
		.payload = CHALLENGE_ANSWER };

	return flow_ask(f, &r, take_nothing, &c, err);
}

int
flow_deactivate(struct flow *f, const char *authz_url, struct error *err)
{
	struct flow_call c = { .url = authz_url };
	struct acme_request r = { .url = authz_url,
		.payload = AUTHZ_DEACTIVATE };

	return flow_ask(f, &r, take_nothing, &c, err);
}

/* ---- renewal information ------------------------------------------------ */

static int
take_ari(struct flow_call *c, const struct acme_answer *a, struct error *err)
{
	if (a->body == NULL)
		return no_body(c, "renewal information", err);
	return acme_ari_parse(a->body, c->url, a->retry_after, c->out, err);
}

int
flow_ari(struct flow *f, const char *id, struct acme_ari *out,
    struct error *err)
{
	const char *base = acme_directory(f->acme)->renewal_info;
	struct flow_call c = { .out = out };
	struct acme_request r = { .get = true };
	char *url = NULL;
	int rc = -1;

	flow_begin(f);
	if (*base == '\0') {
		f->why = FLOW_GONE;
		return error_set(err, CODE_ERROR, "'%s': has no renewalInfo",
		    vis(acme_server(f->acme)));
	}
	f->why = FLOW_OTHER;
	if (acme_ari_url(base, id, &url, err) == 0) {
		r.url = c.url = url;
		rc = flow_ask(f, &r, take_ari, &c, err);
	}
	free(url);
	return rc;
}
