/* SPDX-License-Identifier: ISC */
/* renew.json: what is kept, and what a damaged or strange file is worth. */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "issue/renew_state.h"
#include "tmpdir.h"

#define NOW	((int64_t)1800000000)
#define DAY	((int64_t)86400)

static struct renew_state
load(int64_t now)
{
	struct renew_state st;
	struct error err;

	assert_int_equal(renew_state_load(tmp_dir, now, &st, &err), 0);
	return st;
}

static void
save(struct renew_state *st, int64_t now)
{
	struct error err;

	assert_int_equal(renew_state_save(st, tmp_dir, now, &err), 0);
}

static struct renew_entry *
get(struct renew_state *st, const char *name)
{
	struct error err;
	struct renew_entry *e = renew_state_get(st, name, &err);

	assert_non_null(e);
	return e;
}

static void
test_round(void **state)
{
	struct renew_state st = { 0 };
	struct renew_entry *e;

	(void)state;
	e = get(&st, "b.example");
	memset(e->stamp, 'a', sizeof(e->stamp) - 1);
	e->shared = true;
	e->decided = NOW - 10;
	e->next = NOW + 20;
	e->decision = strdup("wait");
	e->reason = strdup("because");
	e->not_after = NOW + 5 * DAY;
	e->asked = NOW - 11;
	e->told = NOW - 12;
	e->answered = NOW - 13;
	renew_entry_issued(e, NOW - 30);
	renew_entry_issued(e, NOW - 20);
	e->ari_start = NOW + 1;
	e->ari_end = NOW + 2;
	e->ari_poll = NOW + 3;
	e->ari_why = strdup("https://ca.example/why");
	e->attempt = NOW - 14;
	e->success = NOW - 15;
	e->failures = 3;
	e->unproven = true;
	e->failing = NOW - 16;
	e->retry_after = NOW + 60;
	e->code = CODE_UNAUTHORIZED;
	e->error = strdup("no");
	e->alarm = NOW - 17;
	(void)get(&st, "c.example");
	(void)get(&st, "a.example");
	save(&st, NOW);
	renew_state_free(&st);

	st = load(NOW);
	assert_int_equal(st.n, 3);
	assert_string_equal(st.v[0].name, "a.example");
	assert_string_equal(st.v[2].name, "c.example");
	assert_null(renew_state_find(&st, "d.example"));
	e = renew_state_find(&st, "b.example");
	assert_non_null(e);
	assert_int_equal(strlen(e->stamp), 64);
	assert_true(e->shared && e->unproven);
	assert_int_equal(e->decided, NOW - 10);
	assert_int_equal(e->next, NOW + 20);
	assert_string_equal(e->decision, "wait");
	assert_string_equal(e->reason, "because");
	assert_int_equal(e->not_after, NOW + 5 * DAY);
	assert_int_equal(e->asked, NOW - 11);
	assert_int_equal(e->told, NOW - 12);
	assert_int_equal(e->answered, NOW - 13);
	assert_int_equal(e->issued[0], NOW - 20);
	assert_int_equal(e->issued[1], NOW - 30);
	assert_int_equal(e->issued[2], 0);
	assert_int_equal(e->ari_start, NOW + 1);
	assert_int_equal(e->ari_end, NOW + 2);
	assert_int_equal(e->ari_poll, NOW + 3);
	assert_string_equal(e->ari_why, "https://ca.example/why");
	assert_int_equal(e->attempt, NOW - 14);
	assert_int_equal(e->success, NOW - 15);
	assert_int_equal(e->failures, 3);
	assert_int_equal(e->failing, NOW - 16);
	assert_int_equal(e->retry_after, NOW + 60);
	assert_int_equal(e->code, CODE_UNAUTHORIZED);
	assert_string_equal(e->error, "no");
	assert_int_equal(e->alarm, NOW - 17);
	assert_false(st.stepped);
	/* those that were not seen go */
	e->seen = true;
	renew_state_prune(&st);
	assert_int_equal(st.n, 1);
	assert_string_equal(st.v[0].name, "b.example");
	renew_state_free(&st);
}

static void
test_issued(void **state)
{
	struct renew_entry e = { 0 };

	(void)state;
	for (int i = 0; i < 12; i++)
		renew_entry_issued(&e, 100 + i % 10);
	renew_entry_issued(&e, 0);
	renew_entry_issued(&e, 50);
	for (int i = 0; i < RENEW_ISSUED; i++)
		assert_int_equal(e.issued[i], 109 - i);
}

/* The clock: what happened was not in the future, what is to come not in
 * years; a file from the future is looked at anew. */
static void
test_clock(void **state)
{
	static const char text[] = "{\"version\": 1, \"written\": 1800000000, "
	    "\"certificates\": [{\"name\": \"a\", \"decided\": 1799999000, "
	    "\"next\": 1800003600, \"attempt\": 1799999000, \"failures\": 2, "
	    "\"failing\": 1799990000, \"retry_after\": 1800700000, "
	    "\"asked\": 1799999000}]}";
	struct renew_state st;
	struct error err;

	(void)state;
	assert_int_equal(renew_state_parse(text, strlen(text), NOW + 1, &st,
	    &err), 0);
	assert_false(st.stepped);
	assert_int_equal(st.v[0].next, NOW + 3600);
	assert_int_equal(st.v[0].retry_after, 0);	/* 8 days and more */
	renew_state_free(&st);
	/* a year back */
	assert_int_equal(renew_state_parse(text, strlen(text),
	    NOW - 365 * DAY, &st, &err), 0);
	assert_true(st.stepped);
	assert_int_equal(st.v[0].next, 0);
	assert_int_equal(st.v[0].attempt, NOW - 365 * DAY);
	assert_int_equal(st.v[0].asked, NOW - 365 * DAY);
	assert_int_equal(st.v[0].failing, NOW - 365 * DAY);
	assert_int_equal(st.v[0].retry_after, 0);
	renew_state_free(&st);
	/* a year on: everything is past, so it is decided again */
	assert_int_equal(renew_state_parse(text, strlen(text),
	    NOW + 365 * DAY, &st, &err), 0);
	assert_false(st.stepped);
	assert_int_equal(st.v[0].next, NOW + 3600);
	renew_state_free(&st);
}

/* A clock that is known to be late: what the CA dates later than it is not in
 * the future. */
static void
test_late_clock(void **state)
{
	static const struct {
		const char *skew;
		int64_t want, attempt;
	} t[] = {
		{ "172800", 2 * DAY, NOW + DAY },
		{ "0", 0, NOW },
		{ "-172800", 0, NOW },
		{ "99999999999", 0, NOW },
		{ "\"x\"", 0, NOW },
	};
	struct renew_state st;
	struct error err;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(text, sizeof(text), "{\"written\": %" PRId64
		    ", \"skew\": %s, \"certificates\": [{\"name\": \"a\", "
		    "\"failures\": 1, \"attempt\": %" PRId64 "}]}",
		    (int64_t)NOW, t[i].skew, (int64_t)(NOW + DAY));
		assert_int_equal(renew_state_parse(text, strlen(text), NOW,
		    &st, &err), 0);
		assert_false(st.stepped);
		assert_int_equal(st.skew, t[i].want);
		assert_int_equal(st.v[0].attempt, t[i].attempt);
		renew_state_free(&st);
	}
}

static void
test_damaged(void **state)
{
	static const char *const as_if_empty[] = { "", "{", "[]", "null",
		"{}", "{\"certificates\": {}}", "\xef\xbb\xbf{}",
		"{\"certificates\": []} x" };
	static const char odd[] = "{\"certificates\": [1, null, {}, "
	    "{\"name\": 5}, {\"name\": \"\"}, {\"name\": \"a/b\"}, "
	    "{\"name\": \"ok\", \"stamp\": \"short\", \"next\": \"soon\", "
	    "\"failures\": -1, \"attempt\": -5, \"issued\": {\"a\": 1}, "
	    "\"result\": \"nosuch\", \"reason\": 7, \"ari_start\": 9, "
	    "\"ari_end\": 3, \"alarm\": null}, "
	    "{\"name\": \"ok\", \"failures\": 9}], \"written\": \"x\"}";
	struct renew_state st;
	struct renew_entry *e;

	(void)state;
	for (size_t i = 0; i < sizeof(as_if_empty) / sizeof(as_if_empty[0]);
	    i++) {
		tmp_put("renew.json", as_if_empty[i], 0600);
		st = load(NOW);
		assert_int_equal(st.n, 0);
		renew_state_free(&st);
	}
	tmp_put("renew.json", odd, 0600);
	st = load(NOW);
	assert_int_equal(st.n, 1);
	e = &st.v[0];
	assert_string_equal(e->name, "ok");
	assert_string_equal(e->stamp, "");
	assert_int_equal(e->next, 0);
	assert_int_equal(e->failures, 0);
	assert_int_equal(e->attempt, 0);
	assert_int_equal(e->issued[0], 0);
	assert_int_equal(e->code, CODE_OK);
	assert_null(e->reason);
	assert_int_equal(e->ari_start, 0);
	renew_state_free(&st);
	/* one that others may write tells nothing */
	tmp_put("renew.json", odd, 0622);
	st = load(NOW);
	assert_int_equal(st.n, 0);
	save(&st, NOW);
	renew_state_free(&st);
	/* absent */
	assert_int_equal(unlink(tmp_path("renew.json")), 0);
	st = load(NOW);
	assert_int_equal(st.n, 0);
	renew_state_free(&st);
}

/* Cut off and flipped at every byte: never more than what is in it. */
static void
test_mutations(void **state)
{
	struct renew_state st = { 0 };
	struct error err;
	const char *text;
	char copy[4096];
	size_t len;

	(void)state;
	renew_entry_issued(get(&st, "a.example"), NOW);
	(void)get(&st, "b.example");
	save(&st, NOW);
	renew_state_free(&st);
	text = tmp_get("renew.json");
	len = strlen(text);
	assert_true(len < sizeof(copy));
	for (size_t i = 0; i < len; i++) {
		if (renew_state_parse(text, i, NOW, &st, &err) == 0) {
			assert_true(st.n <= 2);
			renew_state_free(&st);
		}
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, text, len + 1);
			copy[i] = (char)(copy[i] ^ (1 << bit));
			if (renew_state_parse(copy, len, NOW, &st, &err) ==
			    -1)
				continue;
			assert_true(st.n <= 2);
			renew_state_free(&st);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_issued),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_late_clock),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_mutations),
	};

	log_setup(LOG_QUIET, false);
	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
