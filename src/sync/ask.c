/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "acme/account.h"
#include "acme/acme.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/server.h"
#include "sync/merge.h"

void
answers_free(struct answers *l)
{
	union { const char *c; char *p; } u;

	for (size_t i = 0; i < l->n; i++) {
		u.c = l->v[i].server;
		free(u.p);
		u.c = l->v[i].thumbprint;
		free(u.p);
		u.c = l->v[i].uri;
		free(u.p);
		u.c = l->v[i].why;
		free(u.p);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static int
add(struct answers *l, const struct plan_question *q,
    enum plan_answer_kind kind, const char *uri, const char *why,
    struct error *err)
{
	struct plan_answer *v;
	char *copy[4] = { NULL };

	if (str_dup(&copy[0], q->server, err) == -1 ||
	    str_dup(&copy[1], q->thumbprint, err) == -1 ||
	    str_dup(&copy[2], uri, err) == -1 ||
	    str_dup(&copy[3], why, err) == -1)
		goto fail;
	if ((v = mem_grow(l->v, l->n, &l->cap, sizeof(*v))) == NULL) {
		error_nomem(err);
		goto fail;
	}
	l->v = v;
	v[l->n++] = (struct plan_answer){ copy[0], copy[1], kind, copy[2],
		copy[3] };
	return 0;
fail:
	for (size_t i = 0; i < 4; i++)
		free(copy[i]);
	return -1;
}

/* A session with the server of the question; *a is kept for the next one. */
static int
session(const struct merge *m, const struct plan_question *q,
    struct acme **a, struct error *err)
{
	struct acme_options o = { q->server, m->config->ca_file,
		m->config->proxy, m->max_wait };

	if (*a != NULL && server_same(acme_server(*a), q->server))
		return 0;
	acme_free(*a);
	*a = NULL;
	return acme_open(&o, a, err);
}

static int
find(const struct merge *m, const struct plan_question *q,
    const struct account *account, struct acme **a, struct acme_account *out,
    struct error *err)
{
	struct jwk *key = NULL;
	int rc = -1;

	if (session(m, q, a, err) == -1 ||
	    account_key(account, &key, err) == -1)
		return -1;
	rc = acme_account_find(*a, key, out, err);
	jwk_free(key);
	return rc;
}

static int
ask_one(const struct merge *m, const struct plan_question *q,
    const struct account *account, struct acme **a, struct answers *out,
    struct error *err)
{
	struct acme_account found = { 0 };
	struct error why;
	int rc;

	if (!m->ask)
		return add(out, q, ANSWER_UNREACHABLE, NULL, "this end does "
		    "not ask it", err);
	log_verbose("asking %s about a key", q->server);
	error_clear(&why);
	if (find(m, q, account, a, &found, &why) == -1)
		rc = add(out, q, ANSWER_UNREACHABLE, NULL, why.msg, err);
	else if (found.location != NULL && found.state != ACCOUNT_UNKNOWN)
		rc = add(out, q, ANSWER_URI, found.location, NULL, err);
	else
		rc = add(out, q, ANSWER_NONE, NULL, NULL, err);
	acme_account_free(&found);
	return rc;
}

int
ask_all(const struct merge *m, const struct plan *p,
    const struct offer *offer, const struct view *view, struct answers *out,
    struct error *err)
{
	const struct plan_question *q;
	const struct account *account;
	struct acme *a = NULL;
	int rc = 0;

	for (size_t i = 0; i < p->nquestions && rc == 0; i++) {
		q = &p->questions[i];
		account = q->source != PLAN_NO ?
		    offer->v[q->source]->account :
		    view->accounts.v[q->dest];
		rc = ask_one(m, q, account, &a, out, err);
	}
	acme_free(a);
	return rc;
}
