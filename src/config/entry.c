/* SPDX-License-Identifier: ISC */
#include "config/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Room for one more in both lists. */
static int
peer_room(struct apply *a, struct error *err)
{
	struct config *c = a->config;
	struct config_peer **v;
	struct entry *e;

	v = mem_grow(c->peers, c->npeers, &c->cappeers,
	    sizeof(struct config_peer *));
	if (v == NULL)
		return error_nomem(err);
	c->peers = v;
	e = mem_grow(a->peers, c->npeers, &a->cappeers, sizeof(*e));
	if (e == NULL)
		return error_nomem(err);
	a->peers = e;
	memset(&e[c->npeers], 0, sizeof(*e));
	return 0;
}

static int
cert_room(struct apply *a, struct error *err)
{
	struct config *c = a->config;
	struct config_cert **v;
	struct entry *e;

	v = mem_grow(c->certs, c->ncerts, &c->capcerts,
	    sizeof(struct config_cert *));
	if (v == NULL)
		return error_nomem(err);
	c->certs = v;
	e = mem_grow(a->certs, c->ncerts, &a->capcerts, sizeof(*e));
	if (e == NULL)
		return error_nomem(err);
	a->certs = e;
	memset(&e[c->ncerts], 0, sizeof(*e));
	return 0;
}

static int
find_peer(struct apply *a, const struct node *key, struct entry **entry,
    void **obj, struct error *err)
{
	struct config *c = a->config;
	size_t i;

	for (i = 0; i < c->npeers; i++)
		if (strcmp(c->peers[i]->name, key->text) == 0)
			break;
	if (i == c->npeers) {
		if (peer_room(a, err) == -1 || config_peer_new(key->text,
		    a->files->v[key->at.file], &c->peers[i], err) == -1)
			return -1;
		a->peers[i].key = key;
		c->npeers++;
	}
	*entry = &a->peers[i];
	*obj = c->peers[i];
	return 0;
}

static int
find_cert(struct apply *a, const struct node *key, struct entry **entry,
    void **obj, struct error *err)
{
	struct config *c = a->config;
	size_t i;

	for (i = 0; i < c->ncerts; i++)
		if (strcmp(c->certs[i]->name, key->text) == 0)
			break;
	if (i == c->ncerts) {
		if (cert_room(a, err) == -1 || config_cert_new(key->text,
		    a->files->v[key->at.file], &c->certs[i], err) == -1)
			return -1;
		a->certs[i].key = key;
		c->ncerts++;
	}
	*entry = &a->certs[i];
	*obj = c->certs[i];
	return 0;
}

int
entry_find(struct apply *a, enum scope scope, const struct node *key,
    struct entry **entry, void **obj, struct error *err)
{
	return scope == SCOPE_PEER ? find_peer(a, key, entry, obj, err) :
	    find_cert(a, key, entry, obj, err);
}
