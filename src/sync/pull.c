/* SPDX-License-Identifier: ISC */
#include "sync/pull.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/vis.h"
#include "store/server.h"
#include "sync/common.h"
#include "sync/merge.h"

void
sync_result_free(struct sync_result *r)
{
	verdicts_free(&r->refs);
	hints_free(&r->hints);
	for (size_t i = 0; i < r->nnames; i++) {
		free(r->names[i].name);
		free(r->names[i].server);
		free(r->names[i].id);
		free(r->names[i].uri);
	}
	free(r->names);
	strs_free(&r->notes);
	memset(r, 0, sizeof(*r));
}

int
sync_result_error(const struct sync_result *r, const char *peer,
    struct error *err)
{
	const struct verdict_ref *v;

	for (size_t i = 0; r->code != CODE_OK && i < r->refs.n; i++) {
		v = &r->refs.v[i];
		if (v->code != r->code)
			continue;
		return error_set(err, r->code, "'%s': account %s: %s",
		    vis(peer), vis(v->id), v->reason != NULL ? v->reason :
		    verdict_names[v->verdict]);
	}
	return 0;
}

int
scope_make(const struct config *c, const struct config_peer *peer,
    const struct sync_options *o, struct scope *out, struct error *err)
{
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (o->server != NULL) {
		if (strs_add(&out->servers, o->server, err) == -1)
			goto out;
	} else if (strs_copy(&out->servers, config_peer_servers(c, peer),
	    err) == -1)
		goto out;
	if (o->account != NULL) {
		if (strs_add(&out->accounts, o->account, err) == -1)
			goto out;
	} else if (strs_copy(&out->accounts, &peer->accounts, err) == -1)
		goto out;
	if (o->names != NULL && o->names->n > 0) {
		if (strs_copy(&out->names, o->names, err) == -1)
			goto out;
	} else {
		for (size_t i = 0; i < c->ncerts; i++)
			if (cert_of_peer(c->certs[i], peer->name) &&
			    strs_copy(&out->names, &c->certs[i]->domains,
			    err) == -1)
				goto out;
	}
	out->peer_key = peer->adhoc ? NULL : peer->name;
	rc = 0;
out:
	if (rc == -1)
		scope_free(out);
	return rc;
}

void
scope_free(struct scope *s)
{
	strs_free(&s->servers);
	strs_free(&s->accounts);
	strs_free(&s->names);
	strs_free(&s->have);
}

struct request
scope_request(const struct scope *s, bool all)
{
	struct request r = { &s->servers, &s->accounts, &s->names, &s->have,
		all };

	return r;
}

/* What a peer need not send: accounts that work here. */
static int
add_have(void *arg, struct account **ap, struct error *err)
{
	struct scope *scope = arg;
	char identity[65];

	if ((*ap)->broken)
		return 0;
	account_identity(*ap, identity);
	return identity[0] == '\0' ? 0 : strs_add(&scope->have, identity,
	    err);
}

static int
collect_have(struct store *s, struct scope *scope, struct error *err)
{
	for (size_t i = 0; i < scope->servers.n; i++)
		if (store_each(s, scope->servers.v[i], 0, add_have, scope,
		    err) == -1)
			return -1;
	return 0;
}

/* The chosen element that serves the name: by the peer's lineages, else the
 * only one. */
static const struct offered *
serving(const struct offer *o, const bool *chosen, const char *name)
{
	const struct offered *only = NULL, *of;
	const struct hint *h = hints_for_name(&o->hints, NULL, name);
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++) {
		of = o->v[i];
		if (!chosen[i] || of->uri == NULL ||
		    of->state == OFFERED_BROKEN ||
		    of->state == OFFERED_LISTED)
			continue;
		if (h != NULL && server_same(h->server, of->server) &&
		    account_uri_same(h->uri, of->uri))
			return of;
		only = of;
		n++;
	}
	return n == 1 ? only : NULL;
}

/* False where the account did not get in. */
static bool
arrived(const struct verdicts *l, const char *server, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].id, id) == 0 &&
		    server_same(l->v[i].server, server))
			return l->v[i].verdict != VERDICT_REFUSED &&
			    l->v[i].verdict != VERDICT_CONFLICT;
	return false;
}

static int
result_names(struct sync_result *r, const struct scope *scope,
    const struct offer *o, const bool *chosen, struct error *err)
{
	const struct offered *of;
	struct sync_name *n;
	const char *id;

	if (scope->names.n == 0)
		return 0;
	r->names = calloc(scope->names.n, sizeof(*r->names));
	if (r->names == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < scope->names.n; i++) {
		n = &r->names[r->nnames++];
		if (str_dup(&n->name, scope->names.v[i], err) == -1)
			return -1;
		of = serving(o, chosen, scope->names.v[i]);
		if (of == NULL)
			continue;
		id = of->account != NULL ? of->account->key.id : of->id;
		if (!arrived(&r->refs, of->server, id))
			continue;
		if (str_dup(&n->server, of->server, err) == -1 ||
		    str_dup(&n->id, id, err) == -1 ||
		    str_dup(&n->uri, of->uri, err) == -1)
			return -1;
	}
	return 0;
}

static int
merge_in(struct store *s, const struct config *c,
    const struct config_peer *peer, const struct sync_options *o,
    const struct scope *scope, struct offer *offer, struct sync_result *r,
    struct error *err)
{
	struct request req = scope_request(scope, o->all);
	struct merge m = { .config = c, .peer = peer->name,
		.peer_key = scope->peer_key, .servers = &scope->servers,
		.prefer = o->prefer, .verbatim = o->verbatim,
		.dry_run = o->dry_run, .ask = true, .max_wait = o->max_wait };
	struct error none;
	bool *chosen;
	int rc = -1, found;

	if ((chosen = calloc(offer->n + 1, sizeof(*chosen))) == NULL)
		return error_nomem(err);
	m.chosen = chosen;
	error_clear(&none);
	/* where nothing is chosen the plan still tells what is refused */
	found = offer_choose(offer, &req, peer->name, chosen, &none);
	if (sync_merge(s, offer, &m, &r->refs, &r->notes, &r->changed,
	    err) == -1)
		goto out;
	if (found == -1 && verdicts_code(&r->refs) == CODE_OK) {
		*err = none;
		goto out;
	}
	rc = result_names(r, scope, offer, chosen, err);
out:
	free(chosen);
	return rc;
}

int
sync_pull(struct store *s, const struct config *c,
    const struct config_peer *peer, const struct sync_options *opts,
    struct sync_result *result, struct error *err)
{
	struct transport_options to = { .config = c,
		.terminal = opts->terminal, .dry_run = opts->dry_run,
		.accept_rollback = opts->accept_rollback,
		.bundle = opts->bundle };
	struct transport *t = NULL;
	struct offer offer = { 0 };
	struct scope scope;
	struct request req;
	int rc = -1;

	memset(result, 0, sizeof(*result));
	if (scope_make(c, peer, opts, &scope, err) == -1)
		return -1;
	/* the far end starts while we look at what is here */
	if (transport_open(peer, &to, &t, err) == -1 ||
	    (!opts->dry_run && sync_finish(s, err) == -1) ||
	    collect_have(s, &scope, err) == -1)
		goto out;
	req = scope_request(&scope, opts->all);
	if (transport_fetch(t, &req, &offer, err) == -1)
		goto out;
	transport_free(t);
	t = NULL;
	if (merge_in(s, c, peer, opts, &scope, &offer, result, err) == -1)
		goto out;
	if (!opts->dry_run && sync_remember(s, c, &offer.hints,
	    &scope.servers, err) == -1)
		goto out;
	result->code = verdicts_code(&result->refs);
	result->hints = offer.hints;
	memset(&offer.hints, 0, sizeof(offer.hints));
	rc = 0;
out:
	transport_free(t);
	offer_free(&offer);
	scope_free(&scope);
	return rc;
}
