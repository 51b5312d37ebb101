/* SPDX-License-Identifier: ISC */
#include "issue/builtin.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"

#define BIT(status)	(1U << (status))

static void
take(struct builtin_order *o, struct acme_order *now)
{
	/* an answer to a question about it does not repeat its URL */
	if (now->url == NULL) {
		now->url = o->order.url;
		o->order.url = NULL;
	}
	acme_order_free(&o->order);
	o->order = *now;
	memset(now, 0, sizeof(*now));
}

/* What the CA says no to is issuance's failure, whatever HTTP calls it. */
static int
refused(struct builtin_order *o, struct error *err)
{
	const struct flow *f = o->flow;

	if (f->why == FLOW_BAD_CSR || f->why == FLOW_INVALID ||
	    (f->why == FLOW_OTHER && f->has_problem))
		o->dead = true;
	if (o->dead && (err->code == CODE_ERROR || err->code == CODE_TRUST))
		err->code = CODE_ISSUANCE;
	return -1;
}

static int
wait(struct builtin_order *o, struct error *err)
{
	struct acme_order now = { 0 };

	if (flow_wait_order(o->flow, o->order.url, BIT(ORDER_VALID), &now,
	    err) == -1)
		return refused(o, err);
	take(o, &now);
	return 0;
}

static int
finalize(struct builtin_order *o, struct error *err)
{
	struct acme_order now = { 0 };

	if (flow_finalize(o->flow, &o->order, o->csr->data, o->csr->len, &now,
	    err) == 0) {
		take(o, &now);
		o->accepted = o->flow->accepted;
		return 0;
	}
	/* by another host, or by a run of ours that was killed: the key of
	 * its certificate will tell */
	return o->flow->why == FLOW_TAKEN ? wait(o, err) : refused(o, err);
}

/* ---- the chains --------------------------------------------------------- */

static int
parse_chain(const struct acme_chain *c, struct cert_chain **out,
    struct error *err)
{
	struct buf text;
	int rc;

	buf_init(&text, LIMIT_PEM_FILE);
	for (size_t i = 0; i < c->certs.n; i++)
		buf_adds(&text, c->certs.v[i]);
	rc = buf_check(&text, "certificate chain", err);
	if (rc == 0)
		rc = cert_chain_parse(buf_str(&text), text.len, c->url, out,
		    err);
	buf_free(&text);
	return rc;
}

/* The CA's own chain must be one; of the others those count that are. */
static int
parse_all(const struct flow_chains *from, struct cert_chain **v, size_t *n,
    struct error *err)
{
	struct error why;

	*n = 0;
	for (size_t i = 0; i < from->n; i++) {
		error_clear(&why);
		if (parse_chain(&from->v[i], &v[*n], &why) == 0)
			(*n)++;
		else if (i == 0) {
			*err = why;
			return -1;
		} else
			log_verbose("%s", why.msg);
	}
	return 0;
}

static void
choose(const struct builtin_order *o, struct cert_chain **v, size_t n,
    struct cert_chain **out)
{
	bool matched;
	size_t at = cert_chain_choose(v, n, o->preferred_chain, &matched);

	if (o->preferred_chain[0] != '\0' && !matched)
		log_warn("'%s': the CA has no chain from '%s', so its own "
		    "choice, from '%s', is taken", o->names->v[0],
		    vis(o->preferred_chain), vis(cert_chain_top(v[0])));
	*out = v[at];
	v[at] = NULL;
}

/* *out NULL: the certificate of somebody else. */
static int
fetch(struct builtin_order *o, struct cert_chain **out, struct error *err)
{
	struct cert_chain *v[1 + LINK_ALTERNATES] = { NULL };
	struct flow_chains chains = { .n = 0 };
	size_t n = 0;
	bool ours = false;
	int rc = -1;

	*out = NULL;
	if (o->order.certificate == NULL)
		return error_set(err, CODE_ISSUANCE, "'%s': the order is "
		    "valid, but names no certificate", vis(o->order.url));
	if (flow_certificate(o->flow, o->order.certificate,
	    o->preferred_chain[0] != '\0', &chains, err) == -1) {
		if (err->code == CODE_ERROR)
			err->code = CODE_ISSUANCE;
		return -1;
	}
	if (parse_all(&chains, v, &n, err) == -1 ||
	    o->is_ours(o->arg, v[0], &ours, err) == -1)
		goto out;
	if (!ours && o->accepted) {
		o->dead = true;
		error_set(err, CODE_ISSUANCE, "'%s': the CA took the request "
		    "and sent a certificate for another key",
		    vis(o->order.certificate));
		goto out;
	}
	if (ours)
		choose(o, v, n, out);
	rc = 0;
out:
	for (size_t i = 0; i < n; i++)
		cert_chain_free(v[i]);
	flow_chains_free(&chains);
	return rc;
}

/* ---- the order ---------------------------------------------------------- */

static int
order_anew(struct builtin_order *o, struct error *err)
{
	struct acme_order_new want = { .names = o->names,
		.profile = o->profile, .replaces = o->replaces };
	struct acme_order now = { 0 };

	if (flow_new_order(o->flow, &want, &now, err) == -1)
		return -1;
	acme_order_free(&o->order);
	o->order = now;
	o->accepted = false;
	if (now.status == ORDER_PENDING) {
		o->dead = true;
		return error_set(err, CODE_UNAUTHORIZED, "'%s': the names are "
		    "not authorised any more, try again",
		    vis(o->order.url));
	}
	return now.status == ORDER_READY ? o->ordered(o->arg, &o->order, err) :
	    0;
}

/* As far as it goes: to `valid`. */
static int
advance(struct builtin_order *o, bool *lost, struct error *err)
{
	switch (o->order.status) {
	case ORDER_READY:
		return finalize(o, err);
	case ORDER_PROCESSING:
		return wait(o, err);
	case ORDER_VALID:
		return 0;
	case ORDER_PENDING:
	case ORDER_INVALID:
		break;
	}
	*lost = true;
	return 0;
}

int
builtin_order_run(struct builtin_order *o, struct cert_chain **out,
    struct error *err)
{
	bool lost = false;

	*out = NULL;
	for (int tries = 0; tries < BUILTIN_ORDERS; tries++) {
		if (lost && order_anew(o, err) == -1)
			return -1;
		lost = false;
		if (advance(o, &lost, err) == -1)
			return -1;
		if (!lost && fetch(o, out, err) == -1)
			return -1;
		if (*out != NULL)
			return 0;
		if (!lost)
			log_step("'%s': another host that shares the account "
			    "finished this order; ordering again",
			    o->names->v[0]);
		lost = true;
	}
	o->dead = true;
	return error_set(err, CODE_RETRY, "'%s': another host finishes each "
	    "order for these names before we can", o->names->v[0]);
}
