/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "sync/plan.h"

/*
 * Every row of the merge table of design section 5.  Keys are single letters:
 * key "a" has the thumbprint "ta" and the id of 32 times "a".
 */
#define S "https://ca.example/directory"
#define OTHER "https://other.example/directory"
#define URI(n) "https://ca.example/acct/" n

enum { MAX = 4 };

struct src {
	char key;		/* 0: end of the list */
	const char *uri;
	enum offered_state state;
	const char *server;	/* NULL: S */
	const char *problem;
};
struct dst {
	char key;		/* '-': unreadable */
	char dir;		/* the directory is named by this key's id */
	const char *uri;
	bool broken, received;	/* from this peer */
};
struct lin {
	const char *name;
	char account;		/* key letter */
};
struct hnt {
	const char *domain, *uri;
};
struct ans {
	char key;
	enum plan_answer_kind kind;
	const char *uri;
};

struct row {
	const char *what;
	struct src src[MAX];
	struct dst dst[MAX];
	struct lin lin[MAX];
	const char *cert[MAX];	/* domains; the lineage has that name too */
	struct hnt hint[MAX];
	struct ans ans[MAX];
	enum prefer prefer;
	/* wanted */
	const char *actions;	/* "install0 replace1>0:b point0:b" */
	const char *questions;	/* "ab": the keys that are asked about */
	const char *verdicts;	/* "added/ok refused/store" */
};

#define SENT OFFERED_SENT
static const struct row rows[] = {
	{ .what = "absent: add", .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .actions = "install0:a", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "same key and uri: unchanged",
	    .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .actions = "", .questions = "", .verdicts = "unchanged/ok" },
	{ .what = "the peer says that we have it, and we do",
	    .src = { { 'a', URI("1"), OFFERED_HAVE, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .actions = "", .questions = "", .verdicts = "unchanged/ok" },
	{ .what = "the peer says that we have it, and we do not",
	    .src = { { 'a', URI("1"), OFFERED_HAVE, 0, 0 } },
	    .actions = "", .questions = "", .verdicts = "refused/store" },
	{ .what = "chosen, not sent",
	    .src = { { 'a', URI("1"), OFFERED_LISTED, 0, 0 } },
	    .actions = "", .questions = "", .verdicts = "refused/store" },
	{ .what = "same key, uri differs: the CA is asked",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .actions = "", .questions = "a", .verdicts = "" },
	{ .what = "... and confirms the source's",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'a', ANSWER_URI, URI("2") } },
	    .actions = "install0>0:a", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "... and confirms ours",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'a', ANSWER_URI, URI("1") } },
	    .actions = "", .questions = "", .verdicts = "unchanged/ok" },
	{ .what = "... and says a third",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'a', ANSWER_URI, URI("3") } },
	    .actions = "uri>0=" URI("3"), .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "... and does not know the key",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'a', ANSWER_NONE, NULL } },
	    .actions = "", .questions = "", .verdicts = "conflict/store" },
	{ .what = "... and cannot be asked: conflict, exit 4",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'a', ANSWER_UNREACHABLE, NULL } },
	    .actions = "", .questions = "", .verdicts = "conflict/store" },
	{ .what = "... --prefer source",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .prefer = PREFER_SOURCE, .actions = "install0>0:a",
	    .questions = "", .verdicts = "updated/ok" },
	{ .what = "... --prefer destination",
	    .src = { { 'a', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .prefer = PREFER_DESTINATION, .actions = "", .questions = "",
	    .verdicts = "unchanged/ok" },
	{ .what = "broken, same key: repaired",
	    .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', NULL, true, 0 } },
	    .actions = "install0>0:a", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "broken, unreadable key, same directory: repaired",
	    .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .dst = { { '-', 'a', URI("1"), true, 0 } },
	    .actions = "install0>0:a", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "broken, same key, wrong directory: replaced",
	    .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'x', NULL, true, 0 } },
	    .actions = "replace0>0:a", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "broken and unreadable elsewhere: add",
	    .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .dst = { { '-', 'x', URI("1"), true, 0 } },
	    .actions = "install0:a", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "other key, same uri: both keys are asked about",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .actions = "", .questions = "ba", .verdicts = "" },
	{ .what = "... the source's is right",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'b', ANSWER_URI, URI("1") },
		{ 'a', ANSWER_NONE, NULL } },
	    .actions = "replace0>0:b", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "... ours is right",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'b', ANSWER_NONE, NULL },
		{ 'a', ANSWER_URI, URI("1") } },
	    .actions = "", .questions = "", .verdicts = "unchanged/ok" },
	{ .what = "... neither is",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'b', ANSWER_URI, URI("8") },
		{ 'a', ANSWER_NONE, NULL } },
	    .actions = "", .questions = "", .verdicts = "conflict/store" },
	{ .what = "... the CA is away: keep, exit 3",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'b', ANSWER_UNREACHABLE, NULL },
		{ 'a', ANSWER_UNREACHABLE, NULL } },
	    .actions = "", .questions = "", .verdicts = "conflict/retry" },
	{ .what = "... the CA is away for one, the other decides",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .ans = { { 'b', ANSWER_URI, URI("1") },
		{ 'a', ANSWER_UNREACHABLE, NULL } },
	    .actions = "replace0>0:b", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "... --prefer source",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .prefer = PREFER_SOURCE, .actions = "replace0>0:b",
	    .questions = "", .verdicts = "updated/ok" },
	{ .what = "... --prefer destination",
	    .src = { { 'b', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .prefer = PREFER_DESTINATION, .actions = "", .questions = "",
	    .verdicts = "unchanged/ok" },
	{ .what = "other key, other uri: add",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .actions = "install0:b", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "a configured name: its lineage is pointed",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, 0 } },
	    .lin = { { "app", 'a' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "install0:b point0:b", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "... the old one came from us: to the backups",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true } },
	    .lin = { { "app", 'a' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "install0:b point0:b replace>0", .questions = "",
	    .verdicts = "added/ok updated/ok" },
	{ .what = "... it is used by another lineage too: stays",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true } },
	    .lin = { { "app", 'a' }, { "mail", 'a' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "install0:b point0:b", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "... two lineages, both configured",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true } },
	    .lin = { { "app", 'a' }, { "mail", 'a' } },
	    .cert = { "app", "mail" },
	    .hint = { { "app", URI("2") }, { "mail", URI("2") } },
	    .actions = "install0:b point0:b point1:b replace>0",
	    .questions = "", .verdicts = "added/ok updated/ok" },
	{ .what = "... two lineages that go different ways",
	    .src = { { 'b', URI("2"), SENT, 0, 0 },
		{ 'c', URI("3"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true } },
	    .lin = { { "app", 'a' }, { "mail", 'a' } },
	    .cert = { "app", "mail" },
	    .hint = { { "app", URI("2") }, { "mail", URI("3") } },
	    .actions = "install0:b point0:b install1:c point1:c replace>0",
	    .questions = "", .verdicts = "added/ok added/ok updated/ok" },
	{ .what = "... a crash came after the lineages: the old one goes",
	    .src = { { 'b', URI("2"), OFFERED_HAVE, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true },
		{ 'b', 'b', URI("2"), 0, true } },
	    .lin = { { "app", 'b' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "replace>0", .questions = "",
	    .verdicts = "unchanged/ok updated/ok" },
	{ .what = "an unused one that certbot made: stays",
	    .src = { { 'b', URI("2"), OFFERED_HAVE, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, false },
		{ 'b', 'b', URI("2"), 0, true } },
	    .lin = { { "app", 'b' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "", .questions = "", .verdicts = "unchanged/ok" },
	{ .what = "an unused one, nothing configured uses another: stays",
	    .src = { { 'b', URI("2"), OFFERED_HAVE, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true },
		{ 'b', 'b', URI("2"), 0, true } },
	    .cert = { "app" }, .hint = { { "app", URI("2") } },
	    .actions = "", .questions = "", .verdicts = "unchanged/ok" },
	{ .what = "an unused one that the source still has: stays",
	    .src = { { 'b', URI("2"), OFFERED_HAVE, 0, 0 },
		{ 'a', URI("1"), OFFERED_HAVE, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true },
		{ 'b', 'b', URI("2"), 0, true } },
	    .lin = { { "app", 'b' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "", .questions = "",
	    .verdicts = "unchanged/ok unchanged/ok" },
	{ .what = "... a crash came between: the rest is done",
	    .src = { { 'b', URI("2"), OFFERED_HAVE, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true },
		{ 'b', 'b', URI("2"), 0, true } },
	    .lin = { { "app", 'a' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "point0:b replace>0", .questions = "",
	    .verdicts = "updated/ok updated/ok" },
	{ .what = "... the source still gives the old one: it stays",
	    .src = { { 'b', URI("2"), SENT, 0, 0 },
		{ 'a', URI("1"), OFFERED_HAVE, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true } },
	    .lin = { { "app", 'a' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "install0:b point0:b", .questions = "",
	    .verdicts = "added/ok unchanged/ok" },
	{ .what = "a name that the peer has no lineage for: nothing pointed",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'a', URI("1"), 0, true } },
	    .lin = { { "app", 'a' } }, .cert = { "app" },
	    .hint = { { "mail", URI("2") } },
	    .actions = "install0:b", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "a lineage whose account is missing is pointed",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .lin = { { "app", 'z' } }, .cert = { "app" },
	    .hint = { { "app", URI("2") } },
	    .actions = "install0:b point0:b", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "wrong directory here: renamed",
	    .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'x', URI("1"), 0, 0 } },
	    .actions = "rename>0", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "second copy here: to the backups",
	    .src = { { 'a', URI("1"), SENT, 0, 0 } },
	    .dst = { { 'a', 'x', URI("1"), 0, 0 },
		{ 'a', 'a', URI("1"), 0, 0 } },
	    .actions = "rename>0", .questions = "",
	    .verdicts = "updated/ok" },
	{ .what = "another key sits in our directory: renamed first",
	    .src = { { 'b', URI("2"), SENT, 0, 0 } },
	    .dst = { { 'a', 'b', URI("1"), 0, 0 } },
	    .actions = "rename>0 install0:b", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "broken at the source: refused, the others go on",
	    .src = { { 'a', URI("1"), OFFERED_BROKEN, 0, "no key" },
		{ 'b', URI("2"), SENT, 0, 0 } },
	    .actions = "install1:b", .questions = "",
	    .verdicts = "refused/store added/ok" },
	{ .what = "server not asked for: listed as refused, no error",
	    .src = { { 'a', "https://other.example/a/1", SENT, OTHER, 0 },
		{ 'b', URI("2"), SENT, 0, 0 } },
	    .actions = "install1:b", .questions = "",
	    .verdicts = "refused/ok added/ok" },
	{ .what = "uri on another host: refused",
	    .src = { { 'a', "https://evil.example/acct/1", SENT, 0, 0 } },
	    .actions = "", .questions = "", .verdicts = "refused/store" },
	{ .what = "no uri: refused",
	    .src = { { 'a', NULL, SENT, 0, 0 } },
	    .actions = "", .questions = "", .verdicts = "refused/store" },
	{ .what = "the same key twice at the source: once",
	    .src = { { 'a', URI("1"), SENT, 0, 0 },
		{ 'a', URI("1"), SENT, 0, 0 } },
	    .actions = "install0:a", .questions = "",
	    .verdicts = "added/ok" },
	{ .what = "two new accounts",
	    .src = { { 'a', URI("1"), SENT, 0, 0 },
		{ 'b', URI("2"), SENT, 0, 0 } },
	    .actions = "install0:a install1:b", .questions = "",
	    .verdicts = "added/ok added/ok" }
};

/* ---- from letters to structures ---------------------------------------- */

static const char *
id_of(char key)
{
	static char text[64][33];
	static size_t next;
	char *t = text[next++ % 64];

	memset(t, key, 32);
	t[32] = '\0';
	return t;
}

static const char *
thumb_of(char key)
{
	static char text[64][3];
	static size_t next;
	char *t = text[next++ % 64];

	t[0] = 't';
	t[1] = key;
	t[2] = '\0';
	return t;
}

static void
add_source(struct offer *o, const struct src *s)
{
	struct offered *of = offer_add(o);
	struct account *a = calloc(1, sizeof(*a));

	assert_non_null(of);
	assert_non_null(a);
	of->state = s->state;
	of->server = strdup(s->server != NULL ? s->server : S);
	of->id = strdup(id_of(s->key));
	of->uri = s->uri != NULL ? strdup(s->uri) : NULL;
	of->thumbprint = strdup(thumb_of(s->key));
	of->problem = s->problem != NULL ? strdup(s->problem) : NULL;
	a->server = strdup(of->server);
	a->dirname = strdup(of->id);
	(void)snprintf(a->key.name, sizeof(a->key.name), "RSA 2048");
	(void)snprintf(a->key.id, sizeof(a->key.id), "%s", of->id);
	(void)snprintf(a->key.thumbprint, sizeof(a->key.thumbprint), "%s",
	    of->thumbprint);
	if (s->state == OFFERED_SENT)
		of->account = a;
	else
		account_free(a);
}

static void
add_hint(struct offer *o, const struct hnt *h)
{
	struct hint *n = hints_add(&o->hints);
	struct error err;

	assert_non_null(n);
	n->server = strdup(S);
	n->uri = strdup(h->uri);
	n->name = strdup(h->domain);
	assert_int_equal(strs_add(&n->domains, h->domain, &err), 0);
}

struct world {
	struct offer offer;
	bool chosen[MAX];
	struct strs servers;
	struct plan_account accounts[MAX];
	struct plan_lineage lineages[MAX];
	struct plan_cert certs[MAX];
	struct strs domains[MAX];
	struct plan_answer answers[MAX];
	struct plan_input in;
};

static void
build(struct world *w, const struct row *r)
{
	struct plan_input *in = &w->in;
	struct error err;

	memset(w, 0, sizeof(*w));
	assert_int_equal(strs_add(&w->servers, S, &err), 0);
	for (size_t i = 0; i < MAX && r->src[i].key != 0; i++) {
		add_source(&w->offer, &r->src[i]);
		w->chosen[i] = r->src[i].server == NULL;
	}
	for (size_t i = 0; i < MAX && r->hint[i].domain != NULL; i++)
		add_hint(&w->offer, &r->hint[i]);
	for (size_t i = 0; i < MAX && r->dst[i].key != 0; i++) {
		struct plan_account *a = &w->accounts[in->naccounts++];

		a->server = S;
		a->dirname = id_of(r->dst[i].dir);
		if (r->dst[i].key != '-') {
			a->id = id_of(r->dst[i].key);
			a->thumbprint = thumb_of(r->dst[i].key);
		}
		a->uri = r->dst[i].uri;
		a->broken = r->dst[i].broken;
		a->received = a->from_peer = r->dst[i].received;
	}
	for (size_t i = 0; i < MAX && r->lin[i].name != NULL; i++)
		w->lineages[in->nlineages++] = (struct plan_lineage){
			r->lin[i].name, S, id_of(r->lin[i].account) };
	for (size_t i = 0; i < MAX && r->cert[i] != NULL; i++) {
		assert_int_equal(strs_add(&w->domains[i], r->cert[i], &err),
		    0);
		w->certs[in->ncerts++] = (struct plan_cert){ r->cert[i],
			&w->domains[i], "" };
	}
	for (size_t i = 0; i < MAX && r->ans[i].key != 0; i++)
		w->answers[in->nanswers++] = (struct plan_answer){ S,
			thumb_of(r->ans[i].key), r->ans[i].kind,
			r->ans[i].uri, "no route" };
	in->source = &w->offer;
	in->chosen = w->chosen;
	in->servers = &w->servers;
	in->peer = "peer";
	in->accounts = w->accounts;
	in->lineages = w->lineages;
	in->certs = w->certs;
	in->answers = w->answers;
	in->prefer = r->prefer;
}

static void
world_free(struct world *w)
{
	offer_free(&w->offer);
	strs_free(&w->servers);
	for (size_t i = 0; i < MAX; i++)
		strs_free(&w->domains[i]);
}

/* ---- from structures to text ------------------------------------------- */

static void
text_actions(const struct plan *p, char *out, size_t size)
{
	static const char *const names[] = { [PLAN_INSTALL] = "install",
		[PLAN_SET_URI] = "uri", [PLAN_RENAME] = "rename",
		[PLAN_REPLACE] = "replace", [PLAN_POINT] = "point" };
	const struct plan_action *a;
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->nactions; i++) {
		a = &p->actions[i];
		n += (size_t)snprintf(out + n, size - n, "%s%s",
		    i > 0 ? " " : "", names[a->what]);
		if (a->source != PLAN_NO)
			n += (size_t)snprintf(out + n, size - n, "%ld",
			    a->source);
		if (a->dest != PLAN_NO)
			n += (size_t)snprintf(out + n, size - n, ">%ld",
			    a->dest);
		if (a->lineage != PLAN_NO)
			n += (size_t)snprintf(out + n, size - n, "%ld",
			    a->lineage);
		if (a->id != NULL)
			n += (size_t)snprintf(out + n, size - n, ":%c",
			    a->id[0]);
		if (a->uri != NULL)
			n += (size_t)snprintf(out + n, size - n, "=%s",
			    a->uri);
		assert_true(a->verdict < p->verdicts.n);
	}
}

static void
text_verdicts(const struct plan *p, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->verdicts.n; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s/%s",
		    i > 0 ? " " : "",
		    verdict_names[p->verdicts.v[i].verdict],
		    code_name(p->verdicts.v[i].code));
}

static void
text_questions(const struct plan *p, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nquestions; i++) {
		out[n++] = p->questions[i].thumbprint[1];
		assert_true((p->questions[i].source == PLAN_NO) !=
		    (p->questions[i].dest == PLAN_NO));
	}
	out[n] = '\0';
}

static void
test_rows(void **state)
{
	char actions[512], verdicts[256], questions[16];
	struct error err;
	struct world w;
	struct plan p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		build(&w, &rows[i]);
		assert_int_equal(sync_plan(&w.in, &p, &err), 0);
		text_actions(&p, actions, sizeof(actions));
		text_verdicts(&p, verdicts, sizeof(verdicts));
		text_questions(&p, questions);
		if (strcmp(actions, rows[i].actions) != 0 ||
		    strcmp(verdicts, rows[i].verdicts) != 0 ||
		    strcmp(questions, rows[i].questions) != 0)
			fail_msg("%s: actions '%s', want '%s'; verdicts '%s', "
			    "want '%s'; questions '%s', want '%s'",
			    rows[i].what, actions, rows[i].actions, verdicts,
			    rows[i].verdicts, questions, rows[i].questions);
		/* whoever did not come is told why */
		for (size_t k = 0; k < p.verdicts.n; k++)
			if (p.verdicts.v[k].verdict == VERDICT_CONFLICT ||
			    p.verdicts.v[k].verdict == VERDICT_REFUSED)
				assert_non_null(p.verdicts.v[k].reason);
		plan_free(&p);
		world_free(&w);
	}
}

static void
test_notes(void **state)
{
	static const struct row two = { .what = "notes",
		.src = { { 'b', URI("2"), SENT, 0, 0 } },
		.dst = { { 'a', 'a', URI("1"), 0, 0 } },
		.lin = { { "app", 'a' } }, .cert = { "app" },
		.hint = { { "app", URI("2") } } };
	struct error err;
	struct world w;
	struct plan p;

	(void)state;
	build(&w, &two);
	assert_int_equal(sync_plan(&w.in, &p, &err), 0);
	assert_int_equal(p.notes.n, 2);
	assert_non_null(strstr(p.notes.v[0], "accounturi=" URI("2")));
	assert_non_null(strstr(p.notes.v[1], "2 accounts for " S));
	assert_non_null(strstr(p.notes.v[1], "--account"));
	plan_free(&p);
	world_free(&w);
}

/* A certificate with an account of its own is not pointed elsewhere. */
static void
test_pinned(void **state)
{
	static const struct row pinned = { .what = "pinned",
		.src = { { 'b', URI("2"), SENT, 0, 0 } },
		.dst = { { 'a', 'a', URI("1"), 0, true } },
		.lin = { { "app", 'a' } }, .cert = { "app" },
		.hint = { { "app", URI("2") } } };
	const char *const accounts[] = { "aaaa", URI("1"), "bbbb",
		URI("2") };
	struct error err;
	struct world w;
	struct plan p;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		build(&w, &pinned);
		w.certs[0].account = accounts[i];
		assert_int_equal(sync_plan(&w.in, &p, &err), 0);
		assert_int_equal(p.nactions, i < 2 ? 1 : 3);
		plan_free(&p);
		world_free(&w);
	}
}

/* What cannot be named is refused though nobody chose it. */
static void
test_hopeless(void **state)
{
	static const struct row bad = { .what = "bad",
		.src = { { 'a', URI("1"), OFFERED_BROKEN, 0, "no" } } };
	static const char *const servers[] = { "https://ca.example/../x",
		"/etc/passwd", "http://ca.example/directory",
		"https://ca.example/0123456789abcdef0123456789abcdef" };
	struct error err;
	struct world w;
	struct plan p;

	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		build(&w, &bad);
		w.chosen[0] = false;
		free(w.offer.v[0]->server);
		w.offer.v[0]->server = strdup(servers[i]);
		assert_int_equal(sync_plan(&w.in, &p, &err), 0);
		assert_int_equal(p.nactions, 0);
		assert_int_equal(p.verdicts.n, 1);
		assert_int_equal(p.verdicts.v[0].verdict, VERDICT_REFUSED);
		assert_int_equal(p.verdicts.v[0].code, CODE_STORE);
		plan_free(&p);
		world_free(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_hopeless)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
