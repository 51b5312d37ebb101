/* SPDX-License-Identifier: ISC */
#include "sync/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vis.h"
#include "store/server.h"
#include "sync/plan_impl.h"

void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->nactions; i++) {
		free(p->actions[i].id);
		free(p->actions[i].uri);
	}
	free(p->actions);
	for (size_t i = 0; i < p->nquestions; i++) {
		free(p->questions[i].server);
		free(p->questions[i].thumbprint);
	}
	free(p->questions);
	verdicts_free(&p->verdicts);
	strs_free(&p->notes);
	memset(p, 0, sizeof(*p));
}

int
plan_act(struct planning *p, enum plan_do what, long source, long dest,
    long lineage, const char *id, const char *uri, struct error *err)
{
	struct plan *out = p->out;
	struct plan_action *v, *a;

	if ((v = mem_grow(out->actions, out->nactions, &p->capactions,
	    sizeof(*v))) == NULL)
		return error_nomem(err);
	out->actions = v;
	a = &v[out->nactions++];
	memset(a, 0, sizeof(*a));
	a->what = what;
	a->source = source;
	a->dest = dest;
	a->lineage = lineage;
	/* the verdict of this element is the next one to be added */
	a->verdict = out->verdicts.n;
	if (str_dup(&a->id, id, err) == -1)
		return -1;
	return str_dup(&a->uri, uri, err);
}

int
plan_say(struct planning *p, enum verdict verdict, enum code code,
    const char *server, const char *id, struct error *err, const char *fmt,
    ...)
{
	char reason[ERROR_MSG_MAX];
	va_list ap;

	if (fmt == NULL)
		return verdicts_add(&p->out->verdicts, verdict, code, server,
		    id, NULL, err);
	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return verdicts_add(&p->out->verdicts, verdict, code, server, id,
	    reason, err);
}

const struct plan_answer *
plan_answer(const struct planning *p, const char *server,
    const char *thumbprint)
{
	const struct plan_answer *a;

	for (size_t i = 0; i < p->in->nanswers; i++) {
		a = &p->in->answers[i];
		if (server_same(a->server, server) &&
		    strcmp(a->thumbprint, thumbprint) == 0)
			return a;
	}
	return NULL;
}

int
plan_ask(struct planning *p, long source, long dest, const char *server,
    const char *thumbprint, struct error *err)
{
	struct plan *out = p->out;
	struct plan_question *v, *q;

	if (plan_answer(p, server, thumbprint) != NULL)
		return 0;
	for (size_t i = 0; i < out->nquestions; i++)
		if (server_same(out->questions[i].server, server) &&
		    strcmp(out->questions[i].thumbprint, thumbprint) == 0)
			return 0;
	if ((v = mem_grow(out->questions, out->nquestions, &p->capquestions,
	    sizeof(*v))) == NULL)
		return error_nomem(err);
	out->questions = v;
	q = &v[out->nquestions++];
	memset(q, 0, sizeof(*q));
	q->source = source;
	q->dest = dest;
	if (str_dup(&q->server, server, err) == -1)
		return -1;
	return str_dup(&q->thumbprint, thumbprint, err);
}

static bool
server_wanted(const struct plan_input *in, const char *server)
{
	for (size_t i = 0; i < in->servers->n; i++)
		if (server_same(in->servers->v[i], server))
			return true;
	return false;
}

/* The same key under the same server earlier in the list: already planned. */
static bool
repeated(const struct plan_input *in, size_t n)
{
	const struct offered *of = in->source->v[n], *o;

	for (size_t i = 0; i < n; i++) {
		o = in->source->v[i];
		if (in->chosen[i] && o->state == of->state &&
		    o->thumbprint != NULL && of->thumbprint != NULL &&
		    strcmp(o->thumbprint, of->thumbprint) == 0 &&
		    server_same(o->server, of->server))
			return true;
	}
	return false;
}

/* Why an element that came must not travel; NULL: it may. */
static const char *
objection(const struct offered *of)
{
	switch (of->state) {
	case OFFERED_BROKEN:
		return of->problem != NULL ? vis(of->problem) : "is broken";
	case OFFERED_LISTED:
		return "was chosen but not sent";
	case OFFERED_HAVE:
		return of->thumbprint == NULL || of->uri == NULL ?
		    "was not sent, without a reason" : NULL;
	case OFFERED_SENT:
		break;
	}
	if (of->account == NULL || of->account->broken)
		return "is broken";
	if (of->uri == NULL || of->uri[0] == '\0')
		return "has no account URL in its regr.json";
	if (!server_owns_uri(of->server, of->uri))
		return "has an account URL on another host than its server";
	return NULL;
}

static int
plan_one(struct planning *p, size_t i, struct error *err)
{
	const struct plan_input *in = p->in;
	const struct offered *of = in->source->v[i];
	const char *why;

	if (of->state != OFFERED_BROKEN && !server_wanted(in, of->server))
		return plan_say(p, VERDICT_REFUSED, CODE_OK, vis(of->server),
		    vis(of->id), err, "its server was not asked for; to take "
		    "it, name the server in servers: or with --server");
	if (!in->chosen[i])
		return 0;
	if ((why = objection(of)) != NULL)
		return plan_say(p, VERDICT_REFUSED, CODE_STORE,
		    vis(of->server), vis(of->id), err, "%s", why);
	if (repeated(in, i))
		return 0;
	return plan_merge(p, (long)i, err);
}

/* A broken element of the peer's that nothing can be done with is told too. */
static bool
hopeless(const struct plan_input *in, size_t i)
{
	const struct offered *of = in->source->v[i];
	struct error ignored;

	error_clear(&ignored);
	return !in->chosen[i] && of->state == OFFERED_BROKEN &&
	    (server_check(of->server, &ignored) == -1 ||
	    !account_id_valid(of->id));
}

int
sync_plan(const struct plan_input *in, struct plan *out, struct error *err)
{
	struct planning p = { .in = in, .out = out };
	int rc = -1;

	memset(out, 0, sizeof(*out));
	p.gone = calloc(in->naccounts + 1, sizeof(*p.gone));
	if (p.gone == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < in->source->n; i++) {
		if (hopeless(in, i)) {
			if (plan_say(&p, VERDICT_REFUSED, CODE_STORE,
			    vis(in->source->v[i]->server),
			    vis(in->source->v[i]->id), err, "%s",
			    objection(in->source->v[i])) == -1)
				goto out;
			continue;
		}
		if (plan_one(&p, i, err) == -1)
			goto out;
	}
	rc = plan_retire(&p, err);
	if (rc == 0)
		rc = plan_warn(&p, err);
out:
	free(p.gone);
	if (rc == -1)
		plan_free(out);
	return rc;
}
