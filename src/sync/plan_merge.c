/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "store/server.h"
#include "sync/plan_impl.h"

/* What the rules compare, of one source element. */
struct subject {
	long n;			/* its index */
	const struct offered *of;
	const char *server, *uri, *thumbprint;
	const char *id;		/* the right one */
	bool sent;		/* its files are here */
};

/* One row of the table: 1: it applied, 0: not, -1: err. */
typedef int rule(struct planning *p, const struct subject *s,
    struct error *err);

static bool
same_key(const struct plan_account *d, const struct subject *s)
{
	return d->thumbprint != NULL &&
	    strcmp(d->thumbprint, s->thumbprint) == 0 &&
	    server_same(d->server, s->server);
}

static bool
right_name(const struct plan_account *d)
{
	return d->id != NULL && strcmp(d->dirname, d->id) == 0;
}

/* The account with that key, the one in the right directory first. */
static long
find_key(const struct planning *p, const struct subject *s)
{
	long found = PLAN_NO;

	for (size_t i = 0; i < p->in->naccounts; i++) {
		if (!same_key(&p->in->accounts[i], s))
			continue;
		if (right_name(&p->in->accounts[i]))
			return (long)i;
		if (found == PLAN_NO)
			found = (long)i;
	}
	return found;
}

static long
find_dir(const struct planning *p, const struct subject *s)
{
	const struct plan_account *d;

	for (size_t i = 0; i < p->in->naccounts; i++) {
		d = &p->in->accounts[i];
		if (server_same(d->server, s->server) &&
		    strcmp(d->dirname, s->id) == 0)
			return (long)i;
	}
	return PLAN_NO;
}

static long
find_uri(const struct planning *p, const struct subject *s)
{
	const struct plan_account *d;

	for (size_t i = 0; i < p->in->naccounts; i++) {
		d = &p->in->accounts[i];
		if (d->uri != NULL && d->thumbprint != NULL && !p->gone[i] &&
		    server_same(d->server, s->server) &&
		    account_uri_same(d->uri, s->uri))
			return (long)i;
	}
	return PLAN_NO;
}

static int
say(struct planning *p, const struct subject *s, enum verdict v,
    enum code code, const char *reason, struct error *err)
{
	return plan_say(p, v, code, s->server, s->id, err, reason != NULL ?
	    "%s" : NULL, reason) == -1 ? -1 : 1;
}

/* Wrong directory names of the same key; they go to the right one, or, where
 * that exists, to the backups.  *renamed: the last of them. */
static int
rename_copies(struct planning *p, const struct subject *s,
    const char **renamed, struct error *err)
{
	const struct plan_account *d;

	*renamed = NULL;
	for (size_t i = 0; i < p->in->naccounts; i++) {
		d = &p->in->accounts[i];
		if (!same_key(d, s) || right_name(d) || d->broken ||
		    p->gone[i])
			continue;
		if (plan_act(p, PLAN_RENAME, PLAN_NO, (long)i, PLAN_NO, NULL,
		    NULL, err) == -1)
			return -1;
		p->gone[i] = true;
		*renamed = d->dirname;
	}
	return 0;
}

/* The files are there, or the peer believed that we have them. */
static int
need_files(struct planning *p, const struct subject *s, struct error *err)
{
	return say(p, s, VERDICT_REFUSED, CODE_STORE, "was not sent, since "
	    "this host seemed to have it; run it again", err);
}

static int
install(struct planning *p, const struct subject *s, long dest,
    struct error *err)
{
	return plan_act(p, PLAN_INSTALL, s->n, dest, PLAN_NO, s->id, NULL,
	    err);
}

/* Same key, uri differs: the CA's Location decides. */
static int
other_uri(struct planning *p, const struct subject *s, long dest,
    struct error *err)
{
	const struct plan_account *d = &p->in->accounts[dest];
	const struct plan_answer *a;

	if (p->in->prefer == PREFER_DESTINATION)
		return say(p, s, VERDICT_UNCHANGED, CODE_OK,
		    "the destination's account URL is kept (--prefer "
		    "destination)",
		    err);
	if (!s->sent)
		return need_files(p, s, err);
	if (p->in->prefer == PREFER_SOURCE) {
		if (install(p, s, dest, err) == -1)
			return -1;
		return say(p, s, VERDICT_UPDATED, CODE_OK,
		    "account URL replaced (--prefer source)", err);
	}
	a = plan_answer(p, s->server, s->thumbprint);
	if (a == NULL)
		return plan_ask(p, s->n, PLAN_NO, s->server, s->thumbprint,
		    err) == -1 ? -1 : 1;
	if (a->kind == ANSWER_UNREACHABLE)
		return plan_say(p, VERDICT_CONFLICT, CODE_STORE, s->server,
		    s->id, err, "same key, but its account URL is %s at the "
		    "destination and %s at the source, and the CA could not be "
		    "asked (%s); --prefer decides", vis(d->uri), vis(s->uri),
		    vis(a->why)) == -1 ? -1 : 1;
	if (a->kind == ANSWER_NONE)
		return plan_say(p, VERDICT_CONFLICT, CODE_STORE, s->server,
		    s->id, err, "same key, but its account URL is %s at the "
		    "destination and %s at the source, and the CA knows no "
		    "account with this key", vis(d->uri), vis(s->uri)) == -1 ?
		    -1 : 1;
	if (account_uri_same(a->uri, d->uri))
		return say(p, s, VERDICT_UNCHANGED, CODE_OK, "the CA confirms "
		    "the destination's account URL", err);
	if (account_uri_same(a->uri, s->uri)) {
		if (install(p, s, dest, err) == -1)
			return -1;
		return say(p, s, VERDICT_UPDATED, CODE_OK, "account URL "
		    "replaced by the one that the CA confirms", err);
	}
	if (plan_act(p, PLAN_SET_URI, PLAN_NO, dest, PLAN_NO, NULL, a->uri,
	    err) == -1)
		return -1;
	return say(p, s, VERDICT_UPDATED, CODE_OK, "account URL replaced by "
	    "the one that the CA gave", err);
}

/* There with the same key, broken: repaired from the source. */
static int
repair(struct planning *p, const struct subject *s, long dest,
    struct error *err)
{
	const struct plan_account *d = &p->in->accounts[dest];

	if (!s->sent)
		return need_files(p, s, err);
	if (strcmp(d->dirname, s->id) == 0) {
		if (install(p, s, dest, err) == -1)
			return -1;
	} else if (plan_act(p, PLAN_REPLACE, s->n, dest, PLAN_NO, s->id, NULL,
	    err) == -1)
		return -1;
	p->gone[dest] = strcmp(d->dirname, s->id) != 0;
	return say(p, s, VERDICT_UPDATED, CODE_OK, "was broken and is "
	    "repaired", err);
}

/* Rows: same key. */
static int
rule_same_key(struct planning *p, const struct subject *s, struct error *err)
{
	const struct plan_account *d;
	const char *renamed = NULL;
	char *pointed = NULL;
	long dest = find_key(p, s);
	int rc;

	if (dest == PLAN_NO)
		return 0;
	d = &p->in->accounts[dest];
	if (d->broken || d->uri == NULL)
		return repair(p, s, dest, err);
	if (rename_copies(p, s, &renamed, err) == -1)
		return -1;
	if (!account_uri_same(d->uri, s->uri))
		return other_uri(p, s, dest, err);
	if (plan_point(p, s->n, &pointed, err) == -1)
		return -1;
	if (pointed != NULL)
		rc = say(p, s, VERDICT_UPDATED, CODE_OK, pointed, err);
	else if (renamed != NULL)
		rc = plan_say(p, VERDICT_UPDATED, CODE_OK, s->server, s->id,
		    err, "directory '%s' renamed to the id of its key",
		    vis(renamed)) == -1 ? -1 : 1;
	else
		rc = say(p, s, VERDICT_UNCHANGED, CODE_OK, NULL, err);
	free(pointed);
	return rc;
}

/* Row: broken, without a readable key, in the directory of this id; or a
 * working account of another key that took this name. */
static int
rule_same_dir(struct planning *p, const struct subject *s, struct error *err)
{
	long dest = find_dir(p, s);
	const struct plan_account *d;

	if (dest == PLAN_NO || p->gone[dest])
		return 0;
	d = &p->in->accounts[dest];
	if (d->broken || d->id == NULL)
		return repair(p, s, dest, err);
	if (plan_act(p, PLAN_RENAME, PLAN_NO, dest, PLAN_NO, NULL, NULL,
	    err) == -1)
		return -1;
	p->gone[dest] = true;
	return 0;
}

/* Which of two keys the CA returns this uri for: 1 the source's, 2 ours,
 * 0 neither, -1 cannot be told (*why). */
static int
right_key(const struct planning *p, const struct subject *s,
    const struct plan_account *d, const char **why)
{
	const struct plan_answer *a, *b;

	a = plan_answer(p, s->server, s->thumbprint);
	b = plan_answer(p, s->server, d->thumbprint);
	if (a->kind == ANSWER_URI && account_uri_same(a->uri, s->uri))
		return 1;
	if (b->kind == ANSWER_URI && account_uri_same(b->uri, s->uri))
		return 2;
	*why = a->kind == ANSWER_UNREACHABLE ? a->why : b->why;
	return a->kind == ANSWER_UNREACHABLE ||
	    b->kind == ANSWER_UNREACHABLE ? -1 : 0;
}

static int
replace_key(struct planning *p, const struct subject *s, long dest,
    const char *why, struct error *err)
{
	if (!s->sent)
		return need_files(p, s, err);
	if (plan_act(p, PLAN_REPLACE, s->n, dest, PLAN_NO, s->id, NULL,
	    err) == -1)
		return -1;
	p->gone[dest] = true;
	return plan_say(p, VERDICT_UPDATED, CODE_OK, s->server, s->id, err,
	    "replaces %s, an older key of the same account (%s)",
	    vis(p->in->accounts[dest].dirname), why) == -1 ? -1 : 1;
}

/* Row: other key, same uri. */
static int
rule_rollover(struct planning *p, const struct subject *s, struct error *err)
{
	long dest = find_uri(p, s);
	const struct plan_account *d;
	const char *why = NULL;

	if (dest == PLAN_NO)
		return 0;
	d = &p->in->accounts[dest];
	if (p->in->prefer == PREFER_SOURCE)
		return replace_key(p, s, dest, "--prefer source", err);
	if (p->in->prefer == PREFER_DESTINATION)
		return say(p, s, VERDICT_UNCHANGED, CODE_OK, "the "
		    "destination's key is kept (--prefer destination)", err);
	if (plan_answer(p, s->server, s->thumbprint) == NULL ||
	    plan_answer(p, s->server, d->thumbprint) == NULL) {
		if (plan_ask(p, s->n, PLAN_NO, s->server, s->thumbprint,
		    err) == -1 || plan_ask(p, PLAN_NO, dest, s->server,
		    d->thumbprint, err) == -1)
			return -1;
		return 1;
	}
	switch (right_key(p, s, d, &why)) {
	case 1:
		return replace_key(p, s, dest, "the CA confirms the new one",
		    err);
	case 2:
		return say(p, s, VERDICT_UNCHANGED, CODE_OK, "the CA confirms "
		    "the destination's key, the source's is an older one",
		    err);
	case 0:
		return say(p, s, VERDICT_CONFLICT, CODE_STORE, "another key "
		    "with the same account URL is at the destination, and the "
		    "CA knows neither of them under it", err);
	default:
		return plan_say(p, VERDICT_CONFLICT, CODE_RETRY, s->server,
		    s->id, err, "another key with the same account URL is "
		    "at the destination, and the CA could not be asked which "
		    "is right (%s)",
		    vis(why)) == -1 ? -1 : 1;
	}
}

/* Rows: absent; other key and other uri. */
static int
rule_add(struct planning *p, const struct subject *s, struct error *err)
{
	char *pointed = NULL;
	int rc;

	if (!s->sent)
		return need_files(p, s, err);
	rc = install(p, s, PLAN_NO, err);
	if (rc == 0)
		rc = plan_point(p, s->n, &pointed, err);
	if (rc == 0)
		rc = say(p, s, VERDICT_ADDED, CODE_OK, pointed, err);
	free(pointed);
	return rc;
}

int
plan_merge(struct planning *p, long source, struct error *err)
{
	static rule *const rules[] = { rule_same_key, rule_same_dir,
		rule_rollover, rule_add };
	struct subject s = { .n = source, .of = p->in->source->v[source] };
	int rc = 0;

	s.server = s.of->server;
	s.uri = s.of->uri;
	s.thumbprint = s.of->thumbprint;
	s.sent = s.of->state == OFFERED_SENT;
	s.id = s.sent ? s.of->account->key.id : s.of->id;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && rc == 0;
	    i++)
		rc = rules[i](p, &s, err);
	return rc == -1 ? -1 : 0;
}
