/* SPDX-License-Identifier: ISC */
/* The back-off of a peer, what is remembered of it, and what the process that
 * served it tells. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/all.h"
#include "sync/backoff.h"
#include "sync/outcome.h"
#include "sync/state.h"
#include "tmpdir.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * 3600 };
#define NOW	((int64_t)1795600000)

/* ---- the back-off ------------------------------------------------------- */

static void
backs_off(void **state)
{
	static const struct {
		enum code code;
		unsigned int failures;
		int64_t asked, most;	/* most: 0: at once */
	} t[] = {
		{ CODE_OK, 0, -1, 0 },
		{ CODE_RETRY, 0, -1, 0 },
		/* a person's repair is to be seen by the next run */
		{ CODE_TRUST, 3, -1, 0 },
		{ CODE_ERROR, 9, -1, 0 },
		{ CODE_STORE, 1, 3600, 0 },
		{ CODE_RETRY, 1, -1, 10 * MINUTE },
		{ CODE_RETRY, 2, -1, 20 * MINUTE },
		{ CODE_RETRY, 3, -1, 40 * MINUTE },
		{ CODE_RETRY, 4, -1, 80 * MINUTE },
		{ CODE_RETRY, 5, -1, 160 * MINUTE },
		{ CODE_RETRY, 6, -1, 4 * HOUR },
		{ CODE_RETRY, 7, -1, 4 * HOUR },
		{ CODE_RETRY, 1000000, -1, 4 * HOUR },
		{ CODE_RETRY, (unsigned int)-1, -1, 4 * HOUR },
	};
	static const char *const names[] = { "a", "surrogate", "", "x.y" };
	int64_t next;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (size_t k = 0; k < 4; k++) {
			next = backoff_next(t[i].code, t[i].failures, NOW,
			    t[i].asked, names[k]);
			if (t[i].most == 0) {
				assert_int_equal(next, 0);
				continue;
			}
			assert_true(next <= NOW + t[i].most);
			assert_true(next > NOW + t[i].most / 8 * 7 - 1);
			/* the same again */
			assert_int_equal(next, backoff_next(t[i].code,
			    t[i].failures, NOW, t[i].asked, names[k]));
		}
}

static void
obeys_retry_after(void **state)
{
	(void)state;
	assert_int_equal(backoff_next(CODE_RETRY, 1, NOW, 2 * HOUR, "a"),
	    NOW + 2 * HOUR);
	assert_true(backoff_next(CODE_RETRY, 6, NOW, 60, "a") >
	    NOW + 3 * HOUR);
	assert_int_equal(backoff_next(CODE_RETRY, 1, NOW, INT64_MAX, "a"),
	    NOW + DAY);
}

static void
spreads(void **state)
{
	int64_t least = INT64_MAX, most = 0, next;
	char name[16];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "peer%d", i);
		next = backoff_next(CODE_RETRY, 6, NOW, -1, name) - NOW;
		least = next < least ? next : least;
		most = next > most ? next : most;
	}
	assert_true(most - least > 25 * MINUTE);
	assert_true(most <= 4 * HOUR && least > 3 * HOUR);
}

/* ---- what is remembered ------------------------------------------------- */

static struct config *
config_with(const char *text)
{
	struct config *c = NULL;
	struct error err;

	tmp_put("config.yml", text, 0600);
	if (config_load(tmp_path("config.yml"), true, false, &c, &err) == -1)
		fail_msg("%s", err.msg);
	free(c->state_dir);
	c->state_dir = strdup(tmp_path("state"));
	return c;
}

#define PEERS "peers:\n" \
	"  a: {url: 'ssh://a.example.com'}\n" \
	"  b: {url: 'ssh://b.example.com', direction: push}\n"

static void
history(void **state)
{
	struct config *c = config_with(PEERS), *d;
	struct sync_state st;
	struct sync_memo *m;
	struct error err;

	(void)state;
	assert_int_equal(sync_state_load(c->state_dir, NOW, &st, &err), 0);
	assert_int_equal(st.n, 0);
	m = sync_state_get(&st, config_peer(c, "b"), &err);
	assert_non_null(m);
	m->owed = NOW;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(sync_memo_result(m, NOW + i, CODE_RETRY,
		    "gone", -1, &err), 0);
		assert_int_equal(m->failures, i);
	}
	assert_int_equal(m->failing, NOW + 1);
	assert_true(m->next > NOW + 3);
	m = sync_state_get(&st, config_peer(c, "a"), &err);
	assert_int_equal(sync_memo_result(m, NOW, CODE_OK, NULL, -1, &err),
	    0);
	assert_int_equal(sync_state_save(&st, c, &err), 0);
	sync_state_free(&st);

	assert_int_equal(sync_state_load(c->state_dir, NOW + 9, &st, &err),
	    0);
	assert_int_equal(st.n, 2);
	m = sync_state_get(&st, config_peer(c, "b"), &err);
	assert_int_equal(m->failures, 3);
	assert_int_equal(m->code, CODE_RETRY);
	assert_string_equal(m->error, "gone");
	assert_int_equal(m->owed, NOW);
	assert_int_equal(m->attempt, NOW + 3);
	/* a success ends all of it */
	assert_int_equal(sync_memo_result(m, NOW + 9, CODE_OK, NULL, -1,
	    &err), 0);
	assert_int_equal(m->failures + m->failing + m->next + m->owed, 0);
	assert_null(m->error);
	/* ... but what is owed since is owed */
	m->owed = NOW + 20;
	assert_int_equal(sync_memo_result(m, NOW + 19, CODE_OK, NULL, -1,
	    &err), 0);
	assert_int_equal(m->owed, NOW + 20);
	sync_state_free(&st);

	/* another URL under the same name is another peer */
	d = config_with("peers: {b: {url: 'ssh://c.example.com'}}\n");
	assert_int_equal(sync_state_load(c->state_dir, NOW + 9, &st, &err),
	    0);
	m = sync_state_get(&st, config_peer(d, "b"), &err);
	assert_int_equal(m->failures + m->attempt + m->owed, 0);
	assert_int_equal(m->code, CODE_OK);
	/* and one that is not configured any more is forgotten */
	m->changed = true;
	assert_int_equal(sync_state_save(&st, d, &err), 0);
	sync_state_free(&st);
	assert_int_equal(sync_state_load(c->state_dir, NOW + 9, &st, &err),
	    0);
	assert_int_equal(st.n, 1);
	sync_state_free(&st);
	config_free(d);
	config_free(c);
}

/* Two runs at once: what one learns does not undo what the other wrote. */
static void
merges(void **state)
{
	struct config *c = config_with(PEERS);
	struct sync_state one, two;
	struct sync_memo *m;
	struct error err;
	char path[512];
	bool any;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/sync.json", c->state_dir);
	(void)remove(path);
	assert_int_equal(sync_state_load(c->state_dir, NOW, &one, &err), 0);
	m = sync_state_get(&one, config_peer(c, "b"), &err);
	assert_int_equal(sync_memo_result(m, NOW, CODE_OK, NULL, -1, &err),
	    0);
	/* meanwhile a renewal: there is something new to push */
	assert_int_equal(sync_owe(c, &any, &err), 0);
	assert_true(any);
	assert_int_equal(sync_state_load(c->state_dir, INT64_MAX / 2, &two,
	    &err), 0);
	assert_int_equal(two.n, 1);
	m = sync_state_get(&two, config_peer(c, "a"), &err);
	assert_int_equal(sync_memo_result(m, NOW, CODE_TRUST, "no", -1, &err),
	    0);
	assert_int_equal(sync_state_save(&two, c, &err), 0);
	assert_int_equal(sync_state_save(&one, c, &err), 0);
	sync_state_free(&one);
	sync_state_free(&two);
	assert_int_equal(sync_state_load(c->state_dir, INT64_MAX / 2, &one,
	    &err), 0);
	assert_int_equal(one.n, 2);
	assert_int_equal(sync_state_get(&one, config_peer(c, "a"),
	    &err)->code, CODE_TRUST);
	m = sync_state_get(&one, config_peer(c, "b"), &err);
	assert_true(m->owed > NOW);
	assert_int_equal(m->success, NOW);
	sync_state_free(&one);
	config_free(c);
}

static void
bad_files(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		size_t n;
	} t[] = {
		{ "", false, 0 }, { "{}", false, 0 }, { "[]", false, 0 },
		{ "{\"peers\": {}}", false, 0 },
		{ "{\"peers\": [", false, 0 },
		{ "{\"peers\": []}", true, 0 },
		{ "{\"peers\": [1, null, {}, {\"name\": 1}, {\"name\": \"\"}"
		    "]}", true, 0 },
		{ "{\"peers\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", true,
		    1 },
		{ "{\"peers\": [{\"name\": \"b\", \"failures\": -1, "
		    "\"next\": 99999999999999, \"attempt\": 99999999999999, "
		    "\"result\": \"odd\", \"owed\": true, \"error\": 7}, "
		    "{\"name\": \"a\"}]}", true, 2 },
	};
	struct sync_state st;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		error_clear(&err);
		assert_int_equal(sync_state_parse(t[i].text,
		    strlen(t[i].text), NOW, &st, &err), t[i].ok ? 0 : -1);
		assert_int_equal(st.n, t[i].n);
		if (t[i].n == 2) {
			assert_string_equal(st.v[0].name, "a");
			assert_int_equal(st.v[1].failures, 0);
			assert_int_equal(st.v[1].next, 0);
			assert_int_equal(st.v[1].attempt, NOW);
			assert_int_equal(st.v[1].code, CODE_OK);
			assert_int_equal(st.v[1].owed, 0);
			assert_null(st.v[1].error);
		}
		sync_state_free(&st);
	}
}

/* Damaged, or writable by others: as if it were not there. */
static void
bad_file_counts_for_nothing(void **state)
{
	struct sync_state st;
	struct error err;

	(void)state;
	tmp_put("sync.json", "{\"peers\": [{\"name\": \"a\"}]}", 0600);
	assert_int_equal(sync_state_load(tmp_dir, NOW, &st, &err), 0);
	assert_int_equal(st.n, 1);
	sync_state_free(&st);
	tmp_put("sync.json", "{\"peers\": [{\"name\": \"a\"}]}", 0666);
	assert_int_equal(sync_state_load(tmp_dir, NOW, &st, &err), 0);
	assert_int_equal(st.n, 0);
	tmp_put("sync.json", "{\"peers\": [{\"name", 0600);
	assert_int_equal(sync_state_load(tmp_dir, NOW, &st, &err), 0);
	assert_int_equal(st.n, 0);
}

/* ---- what a process tells ----------------------------------------------- */

static void
tells(void **state)
{
	struct sync_result r = { .changed = true }, got;
	struct error why, back, err;
	struct buf b;
	size_t len;

	(void)state;
	assert_int_equal(verdicts_add(&r.refs, VERDICT_ADDED, CODE_OK,
	    "https://ca.example.com/dir", "0123", NULL, &err), 0);
	assert_int_equal(verdicts_add(&r.refs, VERDICT_CONFLICT, CODE_STORE,
	    "https://ca.example.com/dir", "4567", "two", &err), 0);
	assert_int_equal(strs_add(&r.notes, "a note", &err), 0);
	error_clear(&why);
	(void)error_set(&why, CODE_STORE, "'x': account 4567: two");
	why.retry_after = 30;
	buf_init(&b, OUTCOME_MAX);
	assert_int_equal(outcome_write(&r, &why, &b, &err), 0);
	assert_int_equal(outcome_read(b.data, b.len, "x", &got, &back, &err),
	    0);
	assert_int_equal(back.code, CODE_STORE);
	assert_string_equal(back.msg, why.msg);
	assert_int_equal(back.retry_after, 30);
	assert_true(got.changed);
	assert_int_equal(got.code, CODE_STORE);
	assert_int_equal(got.refs.n, 2);
	assert_int_equal(got.refs.v[0].verdict, VERDICT_ADDED);
	assert_null(got.refs.v[0].reason);
	assert_string_equal(got.refs.v[1].reason, "two");
	assert_string_equal(got.notes.v[0], "a note");
	sync_result_free(&got);
	/* cut anywhere it is no result */
	for (len = 0; len < b.len; len++) {
		error_clear(&err);
		assert_int_equal(outcome_read(b.data, len, "x", &got, &back,
		    &err), -1);
		assert_int_equal(err.code, CODE_ERROR);
		sync_result_free(&got);
	}
	buf_free(&b);
	sync_result_free(&r);
}

static void
tells_nonsense(void **state)
{
#define REST "\"changed\": false, \"accounts\": [], \"notes\": []}"
	static const char *const t[] = {
		"{}", "null", "{\"status\": \"odd\", " REST,
		"{\"status\": \"retry\", " REST,
		"{\"status\": \"ok\", \"changed\": 1, \"accounts\": [], "
		    "\"notes\": []}",
		"{\"status\": \"ok\", \"changed\": false, \"accounts\": [1], "
		    "\"notes\": []}",
		"{\"status\": \"ok\", \"changed\": false, \"accounts\": "
		    "[{\"verdict\": \"stolen\", \"result\": \"ok\", "
		    "\"server\": \"\", \"id\": \"\"}], \"notes\": []}",
		"{\"status\": \"ok\", \"changed\": false, \"accounts\": "
		    "[{\"verdict\": \"added\", \"result\": \"fine\", "
		    "\"server\": \"\", \"id\": \"\"}], \"notes\": []}",
		"{\"status\": \"ok\", \"changed\": false, \"accounts\": []}",
	};
	struct sync_result got;
	struct error back, err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		error_clear(&err);
		assert_int_equal(outcome_read(t[i], strlen(t[i]), "x", &got,
		    &back, &err), -1);
		assert_int_equal(err.code, CODE_ERROR);
		sync_result_free(&got);
	}
	assert_int_equal(outcome_read("{\"status\": \"ok\", " REST,
	    strlen("{\"status\": \"ok\", " REST), "x", &got, &back, &err), 0);
	assert_int_equal(back.code, CODE_OK);
	sync_result_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backs_off),
		cmocka_unit_test(obeys_retry_after),
		cmocka_unit_test(spreads),
		cmocka_unit_test(history),
		cmocka_unit_test(merges),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(bad_file_counts_for_nothing),
		cmocka_unit_test(tells),
		cmocka_unit_test(tells_nonsense),
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
