/* SPDX-License-Identifier: ISC */
#include "issue/by_peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "issue/builtin.h"
#include "issue/builtin_key.h"
#include "issue/builtin_store.h"
#include "issue/cert_key.h"
#include "issue/issue_impl.h"
#include "issue/pending.h"
#include "jose/b64url.h"
#include "transport/transport.h"

/* What stands in the file of a pending issuance instead of an order. */
#define NO_ORDER "peer"

struct by_peer {
	struct issue *is;
	struct issue_job job;
	struct csr_request request;
	struct cert_chain *chain;
	char *preferred;
};

static int
drop(struct issue *is, struct error *err)
{
	pending_free(is->pending);
	free(is->pending);
	is->pending = NULL;
	return pending_drop(is->config->state_dir, is->name, err);
}

/* By which the peer knows the request again: another signature under the same
 * is another DER.  It is kept where the account's URL would be. */
static int
new_id(char **out, struct error *err)
{
	unsigned char r[32];
	struct buf b;
	ssize_t n;
	int rc = -1;

	do
		n = getrandom(r, sizeof(r), 0);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(r))
		return error_sys(err, CODE_ERROR, "random numbers: none");
	buf_init(&b, 2 * sizeof(r));
	b64url_encode(&b, r, sizeof(r));
	if (buf_check(&b, "request", err) == 0)
		rc = str_dup(out, buf_str(&b), err);
	buf_free(&b);
	return rc;
}

/* The key of an earlier run, where it asked for the same; else a new one. */
static int
take_key(struct by_peer *b, struct error *err)
{
	struct issue *is = b->is;
	struct pending *p = is->pending;

	if (p != NULL && strcmp(p->order, NO_ORDER) == 0 &&
	    strcmp(p->server, is->server) == 0 &&
	    strs_same_set(&p->names, &is->domains)) {
		log_verbose("'%s': asking again with the key of an "
		    "interrupted run", is->name);
		return 0;
	}
	if (p != NULL && drop(is, err) == -1)
		return -1;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return error_nomem(err);
	p->since = clock_now();
	if (new_id(&p->kid, err) == -1 ||
	    str_dup(&p->server, is->server, err) == -1 ||
	    str_dup(&p->account, NO_ORDER, err) == -1 ||
	    str_dup(&p->profile, "", err) == -1 ||
	    str_dup(&p->order, NO_ORDER, err) == -1 ||
	    strs_copy(&p->names, &is->domains, err) == -1 ||
	    builtin_key(is, &b->job.job, &p->key, err) == -1) {
		pending_free(p);
		free(p);
		return -1;
	}
	is->pending = p;
	return pending_save(is->config->state_dir, is->name, p, true, err);
}

static int
make_request(struct by_peer *b, struct error *err)
{
	struct issue *is = b->is;
	const char *profile = is->cert->profile[0] != '\0' ?
	    is->cert->profile : is->config->profile;

	if (cert_csr(&is->pending->key, &is->domains, &b->request.csr, err) ==
	    -1 || strs_copy(&b->request.names, &is->domains, err) == -1 ||
	    str_dup(&b->request.id, is->pending->kid, err) == -1 ||
	    str_dup(&b->request.server, is->server, err) == -1 ||
	    str_dup(&b->request.profile, profile, err) == -1)
		return -1;
	return str_dup(&b->request.preferred_chain, b->preferred, err);
}

/* ---- the peers ----------------------------------------------------------- */

static int
ask(struct by_peer *b, const struct config_peer *peer, struct error *err)
{
	struct transport_options o = { .config = b->is->config,
		.issue = true };
	struct transport *t = NULL;
	struct buf pem;
	int rc = -1;

	buf_init(&pem, LIMIT_PEM_FILE);
	log_progress("'%s': waiting for '%s'", b->is->name, vis(peer->name));
	if (transport_open(peer, &o, &t, err) == 0 &&
	    transport_issue(t, &b->request, &pem, err) == 0)
		rc = cert_chain_parse(buf_str(&pem), pem.len, peer->name,
		    &b->chain, err);
	transport_free(t);
	buf_free(&pem);
	return rc;
}

static int
ask_all(struct by_peer *b, struct error *err)
{
	const struct strs *names = &b->is->cert->peer;
	const struct config_peer *peer;
	struct error first;

	error_clear(&first);
	for (size_t i = 0; i < names->n; i++) {
		if ((peer = config_peer(b->is->config, names->v[i])) == NULL)
			continue;
		error_clear(err);
		if (ask(b, peer, err) == 0)
			return 0;
		if (first.code == CODE_OK)
			first = *err;
		if (err->code != CODE_TRUST)
			break;
	}
	*err = first;
	return -1;
}

/* ---- one certificate ----------------------------------------------------- */

static int
obtain(struct by_peer *b, struct error *err)
{
	struct issue *is = b->is;

	if (issue_settle(is, err) == -1 || builtin_can_store(is, err) == -1 ||
	    builtin_job(is, &b->job, &b->preferred, err) == -1 ||
	    issue_take_over(is, err) == -1 || take_key(b, err) == -1 ||
	    make_request(b, err) == -1 || ask_all(b, err) == -1)
		return -1;
	if (cert_chain_check(b->chain, &is->pending->key, &is->domains,
	    clock_now(), err) == -1)
		return -1;
	return builtin_store(is, &b->job.job, b->chain, err);
}

int
by_peer_issue(struct issue *is, struct error *err)
{
	struct by_peer b = { .is = is };
	int rc;

	buf_init(&b.request.csr, LIMIT_CSR);
	if ((rc = obtain(&b, err)) == -1)
		error_wrap(err, "'%s'", is->name);
	cert_chain_free(b.chain);
	csr_request_free(&b.request);
	free(b.preferred);
	issue_job_free(&b.job);
	/* nothing of the key stays while hooks run */
	if (is->pending != NULL)
		secret_free(&is->pending->key);
	return rc == 0 ? builtin_conclude(is, err) : -1;
}
