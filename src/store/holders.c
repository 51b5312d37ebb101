/* SPDX-License-Identifier: ISC */
#include "store/holders.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strs.h"
#include "store/server.h"
#include "store/store.h"

struct filter {
	struct holders *out;
	const char *server, *account;
};

static bool
counts(const struct filter *f, const struct ledger_entry *e)
{
	if (e->client == NULL || e->server == NULL || e->id == NULL)
		return false;
	if (strcmp(e->operation, "received") != 0 &&
	    strcmp(e->operation, "gave") != 0)
		return false;
	if (e->result == NULL || strcmp(e->result, "ok") != 0)
		return false;
	if (f->server != NULL && !server_same(f->server, e->server))
		return false;
	return f->account == NULL || str_starts(e->id, f->account);
}

static struct holder *
find(struct holders *l, const struct ledger_entry *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].client, e->client) == 0 &&
		    strcmp(l->v[i].server, e->server) == 0 &&
		    strcmp(l->v[i].id, e->id) == 0 &&
		    strcmp(l->v[i].operation, e->operation) == 0)
			return &l->v[i];
	return NULL;
}

static int
add(void *arg, const struct ledger_entry *e, struct error *err)
{
	const struct filter *f = arg;
	struct holder *h;

	if (!counts(f, e))
		return 0;
	if ((h = find(f->out, e)) != NULL) {
		h->last = e->time;
		h->times++;
		return 0;
	}
	if ((h = mem_grow(f->out->v, f->out->n, &f->out->cap,
	    sizeof(*h))) == NULL)
		return error_nomem(err);
	f->out->v = h;
	h = &f->out->v[f->out->n++];
	memset(h, 0, sizeof(*h));
	h->first = h->last = e->time;
	h->times = 1;
	if (str_dup(&h->client, e->client, err) == -1 ||
	    str_dup(&h->server, e->server, err) == -1 ||
	    str_dup(&h->id, e->id, err) == -1 ||
	    str_dup(&h->operation, e->operation, err) == -1)
		return -1;
	return 0;
}

int
store_holders(struct store *s, const char *server, const char *account,
    struct holders *out, size_t *skipped, struct error *err)
{
	struct filter f = { out, server, account };

	return store_ledger_each(s, add, &f, skipped, err);
}

void
holders_free(struct holders *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].client);
		free(l->v[i].server);
		free(l->v[i].id);
		free(l->v[i].operation);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}
