/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "planrows.h"
#include "sync/plan.h"

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
