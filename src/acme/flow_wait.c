/* SPDX-License-Identifier: ISC */
/* The part of a flow that takes time: validation, finalize, the certificate. */
#include "acme/flow.h"

#include <stdlib.h>
#include <string.h>

#include "acme/flow_impl.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "base/strs.h"
#include "base/vis.h"

enum {
	PAUSE_FIRST = 10,	/* ms */
	PAUSE_LONGEST = 10 * 1000,
	FAILURES_MAX = 3,	/* in a row */
	GONE_PATIENCE = 30	/* s, for a certificate that is not there yet */
};

/* ---- pauses ------------------------------------------------------------- */

struct pacing {
	int64_t end;		/* clock_mono() */
	int64_t pause;
	int failures;
};

static void
pace_begin(struct pacing *p, int64_t patience)
{
	p->end = clock_mono() + patience * 1000;
	p->pause = PAUSE_FIRST;
	p->failures = 0;
}

/* Until the next question; false where that would be too late, and then *wait
 * is how many seconds it should have been. */
static bool
pace(struct pacing *p, int64_t retry_after, int64_t *wait)
{
	int64_t ms = p->pause;

	if (retry_after > 0)
		ms = retry_after * 1000;
	else if ((p->pause = p->pause * 2) > PAUSE_LONGEST)
		p->pause = PAUSE_LONGEST;
	*wait = (ms + 999) / 1000;
	if (clock_mono() + ms > p->end)
		return false;
	clock_sleep(ms);
	return true;
}

/* After a question that failed. */
static bool
may_fail(const struct flow *f, struct pacing *p)
{
	return (f->why == FLOW_UNREACHABLE || f->why == FLOW_BUSY) &&
	    ++p->failures < FAILURES_MAX;
}

static int
too_slow(struct flow *f, const char *url, const char *what,
    const char *status, int64_t wait, struct error *err)
{
	char text[32];

	f->why = FLOW_SLOW;
	error_set(err, CODE_RETRY, "'%s': the %s is still %s after %s",
	    vis(url), what, status, num_duration_text(f->patience, text,
	    sizeof(text)));
	err->retry_after = (long)wait;
	return -1;
}

/* ---- orders ------------------------------------------------------------- */

static int
invalid_order(struct flow *f, const struct acme_order *o, struct error *err)
{
	flow_begin(f);
	acme_order_error(o, o->url, err);
	f->why = FLOW_INVALID;
	return -1;
}

/* p->pause has begun where a question was asked before. */
static int
wait_order(struct flow *f, struct pacing *p, const char *url, unsigned until,
    struct acme_order *out, struct error *err)
{
	int64_t wait = 0;
	int r;

	for (;;) {
		if ((r = flow_order(f, url, out, err)) == 0) {
			p->failures = 0;
			if ((until & 1u << out->status) != 0)
				return 0;
			if (out->status == ORDER_INVALID) {
				invalid_order(f, out, err);
				break;
			}
		} else if (!may_fail(f, p))
			return -1;
		if (!pace(p, f->retry_after, &wait)) {
			if (r == -1)
				return -1;
			too_slow(f, url, "order",
			    order_status_text(out->status), wait, err);
			break;
		}
		if (r == 0)
			acme_order_free(out);
	}
	acme_order_free(out);
	return -1;
}

int
flow_wait_order(struct flow *f, const char *url, unsigned until,
    struct acme_order *out, struct error *err)
{
	struct pacing p;

	pace_begin(&p, f->patience);
	return wait_order(f, &p, url, until, out, err);
}

/* ---- authorizations ----------------------------------------------------- */

/* In the CA's own words. */
static int
invalid_authz(struct flow *f, struct flow_authz *z, struct error *err)
{
	struct acme_challenge *c = &z->challenge;

	f->why = FLOW_INVALID;
	error_set(err, CODE_UNAUTHORIZED, "'%s': the CA calls the "
	    "authorization %s", vis(z->authz.name),
	    authz_status_text(z->authz.status));
	if (c->has_problem) {
		error_append(err, ": ");
		acme_problem_append(&c->problem, err);
		f->problem = c->problem;
		f->has_problem = true;
		c->has_problem = false;
		memset(&c->problem, 0, sizeof(c->problem));
	} else if (z->authz.problem != NULL)
		error_append(err, ": %s", z->authz.problem);
	return -1;
}

int
flow_wait_authz(struct flow *f, const char *url, struct flow_authz *out,
    struct error *err)
{
	struct pacing p;
	int64_t wait = 0;
	int r;

	pace_begin(&p, f->patience);
	for (;;) {
		if ((r = flow_authz(f, url, out, err)) == 0) {
			p.failures = 0;
			if (out->authz.status == AUTHZ_VALID)
				return 0;
			if (out->authz.status != AUTHZ_PENDING) {
				invalid_authz(f, out, err);
				break;
			}
		} else if (!may_fail(f, &p))
			return -1;
		if (!pace(&p, f->retry_after, &wait)) {
			if (r == -1)
				return -1;
			too_slow(f, url, "authorization", "pending", wait,
			    err);
			break;
		}
		if (r == 0)
			flow_authz_free(out);
	}
	flow_authz_free(out);
	return -1;
}

/* ---- finalize ----------------------------------------------------------- */

static int
send_csr(struct flow *f, const struct acme_order *order, const void *csr,
    size_t csr_len, struct acme_order *out, struct error *err)
{
	struct flow_call c = { .url = order->url, .out = out };
	struct acme_request r = { .url = order->finalize };
	struct buf b;
	int rc = -1;

	buf_init(&b, LIMIT_HTTP_BODY);
	if (acme_finalize_payload(csr, csr_len, &b, err) == 0) {
		r.payload = buf_str(&b);
		rc = flow_ask(f, &r, flow_take_order, &c, err);
	}
	buf_free(&b);
	return rc;
}

/* `orderNotReady`: what is it then? */
static int
not_ready(struct flow *f, const struct acme_order *order, struct error *err)
{
	struct acme_order now;
	struct error e;

	error_clear(&e);
	if (flow_order(f, order->url, &now, &e) == -1) {
		/* what the CA said stands, and is no reason to give up */
		f->why = FLOW_BUSY;
		err->code = CODE_RETRY;
		return -1;
	}
	f->why = FLOW_OTHER;
	switch (now.status) {
	case ORDER_INVALID:
		invalid_order(f, &now, err);
		break;
	case ORDER_PENDING:
		err->code = CODE_UNAUTHORIZED;
		break;
	case ORDER_READY:
		err->code = CODE_RETRY;
		f->why = FLOW_BUSY;
		break;
	case ORDER_PROCESSING:
	case ORDER_VALID:
		f->why = FLOW_TAKEN;
		error_set(err, CODE_RETRY, "'%s': this order was finished "
		    "before we could; another host that shares the account "
		    "has the same one", vis(order->url));
		break;
	}
	acme_order_free(&now);
	return -1;
}

/* No answer that says yes or no: has the CA taken it?  0: it has; err and why
 * stay as they are where it has not. */
static int
unclear(struct flow *f, struct pacing *p, const struct acme_order *order,
    struct acme_order *out, const struct error *first, struct error *err)
{
	enum flow_why why = f->why;

	log_verbose("%s; asking for the order", first->msg);
	if (wait_order(f, p, order->url, 1u << ORDER_VALID |
	    1u << ORDER_PROCESSING | 1u << ORDER_READY | 1u << ORDER_PENDING,
	    out, err) == -1) {
		if (f->why == FLOW_INVALID)
			return -1;
		*err = *first;
		f->why = why;
		return -1;
	}
	if (out->status == ORDER_VALID || out->status == ORDER_PROCESSING)
		return 0;
	acme_order_free(out);
	*err = *first;
	f->why = why;
	return -1;
}

/* The CA said no to a CSR. */
static int
refused(struct flow *f, const struct acme_order *order, struct error *err)
{
	if (f->why == FLOW_TAKEN)
		return not_ready(f, order, err);
	if (err->code == CODE_TRUST || err->code == CODE_ERROR)
		err->code = CODE_ISSUANCE;
	return -1;
}

int
flow_finalize(struct flow *f, const struct acme_order *order,
    const void *csr, size_t csr_len, struct acme_order *out,
    struct error *err)
{
	struct acme_order first;
	struct pacing p;
	struct error e;
	int64_t wait = 0;

	error_clear(&e);
	pace_begin(&p, f->patience);
	f->accepted = send_csr(f, order, csr, csr_len, &first, &e) == 0;
	if (!f->accepted) {
		if (f->has_problem && f->why != FLOW_BUSY) {
			*err = e;
			return refused(f, order, err);
		}
		if (unclear(f, &p, order, &first, &e, err) == -1)
			return -1;
	}
	if (first.status == ORDER_INVALID) {
		invalid_order(f, &first, err);
		acme_order_free(&first);
		return -1;
	}
	if (first.status == ORDER_VALID) {
		*out = first;
		return 0;
	}
	if (!pace(&p, f->retry_after, &wait)) {
		too_slow(f, order->url, "order",
		    order_status_text(first.status), wait, err);
		acme_order_free(&first);
		return -1;
	}
	acme_order_free(&first);
	return wait_order(f, &p, order->url, 1u << ORDER_VALID, out, err);
}

/* ---- the certificate ---------------------------------------------------- */

void
flow_chains_free(struct flow_chains *c)
{
	for (size_t i = 0; i < c->n; i++)
		acme_chain_free(&c->v[i]);
	memset(c, 0, sizeof(*c));
}

struct chain_answer {
	struct acme_chain *chain;
	struct strs *alternates;	/* NULL: not wanted */
};

static int
take_chain(struct flow_call *c, const struct acme_answer *a,
    struct error *err)
{
	struct chain_answer *k = c->out;

	memset(k->chain, 0, sizeof(*k->chain));
	if (acme_chain_parse(a->text, a->text_len, c->url, &k->chain->certs,
	    err) == -1)
		return -1;
	if (str_dup(&k->chain->url, c->url, err) == -1 ||
	    (k->alternates != NULL &&
	    strs_copy(k->alternates, a->alternates, err) == -1)) {
		acme_chain_free(k->chain);
		return -1;
	}
	return 0;
}

static int
fetch_chain(struct flow *f, const char *url, struct acme_chain *out,
    struct strs *alternates, struct error *err)
{
	struct chain_answer k = { out, alternates };
	struct flow_call c = { .url = url, .out = &k };
	struct acme_request r = { .url = url, .media = CHAIN_MEDIA_TYPE };

	return flow_ask(f, &r, take_chain, &c, err);
}

static int
fetch_first(struct flow *f, const char *url, struct acme_chain *out,
    struct strs *alternates, struct error *err)
{
	struct pacing p;
	int64_t wait;

	pace_begin(&p, f->patience < GONE_PATIENCE ? f->patience :
	    GONE_PATIENCE);
	for (;;) {
		if (fetch_chain(f, url, out, alternates, err) == 0)
			return 0;
		if ((f->why != FLOW_GONE && !may_fail(f, &p)) ||
		    !pace(&p, f->retry_after, &wait))
			break;
	}
	if (err->code == CODE_ERROR)
		err->code = CODE_ISSUANCE;
	return -1;
}

static void
fetch_alternate(struct flow *f, const char *url, struct flow_chains *out)
{
	struct error err;

	error_clear(&err);
	if (fetch_chain(f, url, &out->v[out->n], NULL, &err) == 0)
		out->n++;
	else
		log_verbose("%s; this chain is passed over", err.msg);
}

int
flow_certificate(struct flow *f, const char *url, bool alternates,
    struct flow_chains *out, struct error *err)
{
	struct strs others = { 0 };

	memset(out, 0, sizeof(*out));
	if (fetch_first(f, url, &out->v[0], alternates ? &others : NULL,
	    err) == -1) {
		strs_free(&others);
		return -1;
	}
	out->n = 1;
	for (size_t i = 0; i < others.n && i < LINK_ALTERNATES; i++)
		fetch_alternate(f, others.v[i], out);
	strs_free(&others);
	flow_begin(f);
	return 0;
}
