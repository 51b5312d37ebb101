/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "transport/offer.h"
#include "transport/transport.h"

/* Which accounts travel: design section 5. */
#define S "https://ca.example/directory"
#define OTHER "https://other.example/directory"
#define URI(n) "https://ca.example/acct/" n
#define THERE "; 'acmeferry list' there shows those that it has"
#define ID_A "aaaabbbbccccddddeeeeffff00001111"
#define ID_B "aaaacccceeeeffff0000111122223333"
#define ID_X "11112222333344445555666677778888"

enum { MAX = 4 };

struct item {
	const char *id, *uri, *server;	/* server NULL: S */
	enum offered_state state;
};
struct row {
	const char *what;
	struct item item[MAX];
	const char *hint[MAX][2];	/* domain, uri */
	const char *accounts[MAX], *names[MAX];
	bool all;
	const char *want;	/* "110", or part of the message */
	enum code code;
};

#define A { ID_A, URI("1"), NULL, OFFERED_LISTED }
#define B { ID_B, URI("2"), NULL, OFFERED_LISTED }
#define BROKEN { ID_X, NULL, NULL, OFFERED_BROKEN }
#define FOREIGN { ID_X, "https://other.example/1", OTHER, OFFERED_LISTED }

static const struct row rows[] = {
	{ "the only one", { A }, .want = "1" },
	{ "the only one of the server", { FOREIGN, A }, .want = "01" },
	{ "none", { { NULL, NULL, NULL, OFFERED_LISTED } }, .want =
	    "'www': has no account for " S, .code = CODE_STORE },
	{ "none of the server", { FOREIGN }, .want =
	    "'www': has no account for " S, .code = CODE_STORE },
	{ "several", { A, B }, .hint = { { "app", URI("1") } }, .want =
	    "'www': 2 accounts, and nothing says which is meant: " ID_A " ("
	    URI("1") ") used by app; " ID_B " (" URI("2") ") used by no "
	    "certificate; choose with --account, or take them with --all",
	    .code = CODE_STORE },
	{ "several, all", { A, FOREIGN, B }, .all = true, .want = "101" },
	{ "by id", { A, B }, .accounts = { ID_B }, .want = "01" },
	{ "by prefix", { A, B }, .accounts = { "aaaac" }, .want = "01" },
	{ "by uri", { A, B }, .accounts = { URI("1") }, .want = "10" },
	{ "by two", { A, B }, .accounts = { "aaaab", "aaaac" },
	    .want = "11" },
	{ "a prefix of both", { A, B }, .accounts = { "aaaa" }, .want =
	    "'www': 'aaaa' begins the ids of 2 accounts",
	    .code = CODE_STORE },
	{ "a short prefix", { A, B }, .accounts = { "aaa" }, .want =
	    "'www': has no account 'aaa'" THERE, .code = CODE_STORE },
	{ "one of another server", { FOREIGN }, .accounts = { ID_X },
	    .want = "'www': has no account '" ID_X "'", .code = CODE_STORE },
	{ "by name", { A, B }, .hint = { { "app", URI("2") },
	    { "mail", URI("1") } }, .names = { "app" }, .want = "01" },
	{ "by two names", { A, B }, .hint = { { "app", URI("2") },
	    { "mail", URI("1") } }, .names = { "app", "mail" },
	    .want = "11" },
	{ "by a name in other letters", { A, B }, .hint = { { "App",
	    URI("2") } }, .names = { "aPP" }, .want = "01" },
	{ "a name that is unknown there", { A, B }, .names = { "app" },
	    .want = "'www': 2 accounts, and no certificate there for these "
	    "names", .code = CODE_STORE },
	{ "a name that is unknown there, one account", { A },
	    .names = { "app" }, .want = "1" },
	{ "an account before a name", { A, B }, .hint = { { "app",
	    URI("2") } }, .accounts = { ID_A }, .names = { "app" },
	    .want = "10" },
	{ "broken beside a good one", { A, BROKEN }, .want = "11" },
	{ "broken alone", { BROKEN }, .want = "1" },
	{ "broken is no choice by name", { A, BROKEN }, .hint = { { "app",
	    URI("1") } }, .names = { "app" }, .want = "10" }
};

static void
build(const struct row *r, struct offer *o, struct strs *accounts,
    struct strs *names)
{
	struct offered *of;
	struct error err;
	struct hint *h;

	for (size_t i = 0; i < MAX && r->item[i].id != NULL; i++) {
		of = offer_add(o);
		assert_non_null(of);
		of->state = r->item[i].state;
		of->id = strdup(r->item[i].id);
		of->server = strdup(r->item[i].server != NULL ?
		    r->item[i].server : S);
		if (r->item[i].uri != NULL) {
			of->uri = strdup(r->item[i].uri);
			of->identity = strdup(r->item[i].uri);
		}
	}
	for (size_t i = 0; i < MAX && r->hint[i][0] != NULL; i++) {
		h = hints_add(&o->hints);
		assert_non_null(h);
		h->server = strdup(S);
		h->uri = strdup(r->hint[i][1]);
		h->name = strdup(r->hint[i][0]);
		assert_int_equal(strs_add(&h->domains, r->hint[i][0], &err),
		    0);
	}
	for (size_t i = 0; i < MAX && r->accounts[i] != NULL; i++)
		assert_int_equal(strs_add(accounts, r->accounts[i], &err), 0);
	for (size_t i = 0; i < MAX && r->names[i] != NULL; i++)
		assert_int_equal(strs_add(names, r->names[i], &err), 0);
}

static void
test_rows(void **state)
{
	struct strs servers = { 0 }, accounts, names;
	struct request req;
	struct error err;
	struct offer o;
	bool chosen[MAX];
	char got[MAX + 1];
	int rc;

	(void)state;
	assert_int_equal(strs_add(&servers, S, &err), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&o, 0, sizeof(o));
		memset(&accounts, 0, sizeof(accounts));
		memset(&names, 0, sizeof(names));
		build(&rows[i], &o, &accounts, &names);
		req = (struct request){ &servers, &accounts, &names, NULL,
			rows[i].all };
		error_clear(&err);
		rc = offer_choose(&o, &req, "www", chosen, &err);
		memset(got, 0, sizeof(got));
		for (size_t k = 0; k < o.n; k++)
			got[k] = chosen[k] ? '1' : '0';
		if (rows[i].code == CODE_OK ? rc != 0 ||
		    strcmp(got, rows[i].want) != 0 : rc != -1 ||
		    err.code != rows[i].code ||
		    strstr(err.msg, rows[i].want) == NULL)
			fail_msg("%s: rc %d, chosen %s, '%s'; want '%s'",
			    rows[i].what, rc, got, err.msg, rows[i].want);
		offer_free(&o);
		strs_free(&accounts);
		strs_free(&names);
	}
	strs_free(&servers);
}

/* The newest certificate of several counts. */
static void
test_newest(void **state)
{
	static const struct row two = { "two", { A, B }, .hint = { { "app",
	    URI("1") }, { "app", URI("2") } }, .names = { "app" } };
	struct strs servers = { 0 }, accounts = { 0 }, names = { 0 };
	struct request req = { &servers, &accounts, &names, NULL, false };
	struct error err;
	struct offer o = { 0 };
	bool chosen[MAX];

	(void)state;
	assert_int_equal(strs_add(&servers, S, &err), 0);
	build(&two, &o, &accounts, &names);
	o.hints.v[0].not_before = 100;
	o.hints.v[1].not_before = 200;
	assert_int_equal(offer_choose(&o, &req, "www", chosen, &err), 0);
	assert_false(chosen[0]);
	assert_true(chosen[1]);
	offer_free(&o);
	strs_free(&servers);
	strs_free(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_newest)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
