/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "store/server.h"
#include "sync/merge.h"

void
view_free(struct view *v)
{
	accounts_free(&v->accounts);
	lineages_free(&v->lineages);
	free(v->plan_accounts);
	free(v->plan_lineages);
	free(v->plan_certs);
	memset(v, 0, sizeof(*v));
}

struct reading {
	struct view *view;
	const char *peer;
};

static int
received(void *arg, const struct ledger_entry *e, struct error *err)
{
	const struct reading *r = arg;
	struct plan_account *a;

	(void)err;
	if (e->operation == NULL || e->server == NULL || e->id == NULL ||
	    strcmp(e->operation, "received") != 0)
		return 0;
	for (size_t i = 0; i < r->view->accounts.n; i++) {
		a = &r->view->plan_accounts[i];
		if (strcmp(a->dirname, e->id) != 0 ||
		    !server_same(a->server, e->server))
			continue;
		a->received = true;
		if (e->client != NULL && strcmp(e->client, r->peer) == 0)
			a->from_peer = true;
	}
	return 0;
}

static int
view_accounts(struct view *v, struct error *err)
{
	const struct account *a;
	struct plan_account *p;

	v->plan_accounts = calloc(v->accounts.n + 1,
	    sizeof(*v->plan_accounts));
	if (v->plan_accounts == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < v->accounts.n; i++) {
		a = v->accounts.v[i];
		p = &v->plan_accounts[i];
		p->server = a->server;
		p->dirname = a->dirname;
		if (a->key.name[0] != '\0') {
			p->id = a->key.id;
			p->thumbprint = a->key.thumbprint;
		}
		p->uri = a->uri;
		p->broken = a->broken;
	}
	return 0;
}

static int
view_lineages(struct view *v, struct error *err)
{
	v->plan_lineages = calloc(v->lineages.n + 1,
	    sizeof(*v->plan_lineages));
	if (v->plan_lineages == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < v->lineages.n; i++) {
		v->plan_lineages[i].name = v->lineages.v[i]->name;
		v->plan_lineages[i].server = v->lineages.v[i]->server;
		v->plan_lineages[i].account = v->lineages.v[i]->account;
	}
	return 0;
}

bool
cert_of_peer(const struct config_cert *cert, const char *peer_key)
{
	return peer_key == NULL || cert->peer.n == 0 ||
	    strs_has(&cert->peer, peer_key);
}

static int
view_certs(struct view *v, const struct merge *m, struct error *err)
{
	const struct config_cert *c;
	struct plan_cert *p;

	v->plan_certs = calloc(m->config->ncerts + 1, sizeof(*v->plan_certs));
	if (v->plan_certs == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < m->config->ncerts; i++) {
		c = m->config->certs[i];
		if (!cert_of_peer(c, m->peer_key))
			continue;
		p = &v->plan_certs[v->ncerts++];
		p->name = c->name;
		p->domains = &c->domains;
		p->account = c->account;
	}
	return 0;
}

/* Behind those of the servers before. */
static int
add_server(struct store *s, const char *server, struct accounts *out,
    struct error *err)
{
	struct accounts list;
	int rc = 0;

	if (store_accounts(s, server, 0, &list, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		rc = accounts_add(out, list.v[i], err);
		list.v[i] = NULL;
	}
	accounts_free(&list);
	return rc;
}

/* A configured certificate whose conf cannot be read might have to be pointed
 * to another account: nobody can say, so nothing is done. */
static int
all_readable(const struct view *v, struct error *err)
{
	const struct lineage *l;

	for (size_t i = 0; i < v->lineages.n; i++) {
		l = v->lineages.v[i];
		for (size_t k = 0; l->unreadable && k < v->ncerts; k++)
			if (strcmp(v->plan_certs[k].name, l->name) == 0)
				return error_set(err, CODE_STORE, "'%s': %s; "
				    "nothing was changed", vis(l->name),
				    l->problem);
	}
	return 0;
}

int
view_load(struct store *s, const struct merge *m, bool with_ledger,
    struct view *out, struct error *err)
{
	struct reading r = { out, m->peer };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < m->servers->n; i++)
		if (add_server(s, m->servers->v[i], &out->accounts, err) ==
		    -1)
			goto fail;
	if (view_certs(out, m, err) == -1 || view_accounts(out, err) == -1)
		goto fail;
	/* lineages are only looked at for those */
	if (out->ncerts > 0 &&
	    store_lineages(s, false, &out->lineages, err) == -1)
		goto fail;
	if (all_readable(out, err) == -1 || view_lineages(out, err) == -1)
		goto fail;
	if (with_ledger &&
	    store_ledger_each(s, received, &r, NULL, err) == -1)
		goto fail;
	return 0;
fail:
	view_free(out);
	return -1;
}
