/* SPDX-License-Identifier: ISC */
#include "transport/offer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "store/server.h"

struct offered *
offer_add(struct offer *o)
{
	struct offered **v, *of;

	if ((v = mem_grow(o->v, o->n, &o->cap,
	    sizeof(struct offered *))) == NULL)
		return NULL;
	o->v = v;
	of = calloc(1, sizeof(*of));
	if (of == NULL)
		return NULL;
	o->v[o->n++] = of;
	return of;
}

/* A directory with a name of its own is offered under the id that it should
 * have. */
static const char *
id_of(const struct account *a)
{
	if (account_id_valid(a->dirname) || a->key.name[0] == '\0')
		return a->dirname;
	return a->key.id;
}

int
offered_set(struct offered *of, struct account *a, enum offered_state state,
    struct error *err)
{
	char identity[65];
	int rc = -1;

	of->state = state;
	account_identity(a, identity);
	if (str_dup(&of->server, a->server, err) == -1 ||
	    str_dup(&of->id, id_of(a), err) == -1 ||
	    str_dup(&of->uri, a->uri, err) == -1)
		goto out;
	if (a->key.name[0] != '\0' &&
	    (str_dup(&of->key, a->key.name, err) == -1 ||
	    str_dup(&of->thumbprint, a->key.thumbprint, err) == -1))
		goto out;
	if (identity[0] != '\0' &&
	    str_dup(&of->identity, identity, err) == -1)
		goto out;
	if (a->broken && str_dup(&of->problem, a->problem[0] != '\0' ?
	    a->problem : "is broken", err) == -1)
		goto out;
	rc = 0;
out:
	if (rc == 0 && state == OFFERED_SENT)
		of->account = a;
	else
		account_free(a);
	return rc;
}

static void
offered_free(struct offered *of)
{
	free(of->server);
	free(of->id);
	free(of->uri);
	free(of->key);
	free(of->thumbprint);
	free(of->identity);
	free(of->problem);
	free(of->digest);
	free(of->replaces);
	account_free(of->account);
	free(of);
}

void
offer_free(struct offer *o)
{
	for (size_t i = 0; i < o->n; i++)
		offered_free(o->v[i]);
	free(o->v);
	hints_free(&o->hints);
	strs_free(&o->servers);
	memset(o, 0, sizeof(*o));
}

/* Its name and its digest: so that no two different sets run together. */
static int
add_file(struct buf *b, const char *name, bool present, const void *data,
    size_t len, struct error *err)
{
	char hex[DIGEST_SHA256_HEX];

	buf_adds(b, name);
	if (!present) {
		buf_adds(b, " none\n");
		return 0;
	}
	if (digest_sha256_hex(data, len, hex, err) == -1)
		return -1;
	buf_adds(b, " ");
	buf_adds(b, hex);
	buf_adds(b, "\n");
	return 0;
}

int
offer_digest(const struct account *a, char out[65], struct error *err)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, 1024);
	if (add_file(&b, account_file_names[ACCOUNT_KEY],
	    a->present[ACCOUNT_KEY], a->key_text.data, a->key_text.len,
	    err) == -1 || add_file(&b, account_file_names[ACCOUNT_META],
	    a->present[ACCOUNT_META], a->meta_text.data, a->meta_text.len,
	    err) == -1 || add_file(&b, account_file_names[ACCOUNT_REGR],
	    a->present[ACCOUNT_REGR], a->regr_text.data, a->regr_text.len,
	    err) == -1 || buf_check(&b, a->dirname, err) == -1)
		goto out;
	rc = digest_sha256_hex(b.data, b.len, out, err);
out:
	buf_free(&b);
	return rc;
}

bool
request_server(const struct request *r, const char *server)
{
	for (size_t i = 0; i < r->servers->n; i++)
		if (server_same(r->servers->v[i], server))
			return true;
	return false;
}
