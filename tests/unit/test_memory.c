/* SPDX-License-Identifier: ISC */
#include "unit.h"
#include "tmpdir.h"

#include "acme/memory.h"
#include "base/clock.h"
#include "base/log.h"

#define DAY	((int64_t)24 * 3600)
#define ACCT	"https://ca.example.com/acct/1"
#define URL(x)	"https://ca.example.com/authz/" x

static struct memory *
opened(void)
{
	struct memory *m = NULL;
	struct error err;

	if (memory_open(tmp_dir, &m, &err) == -1)
		fail_msg("%s", err.msg);
	return m;
}

static void
saved(struct memory *m)
{
	struct error err;

	if (memory_save(m, &err) == -1)
		fail_msg("%s", err.msg);
	memory_free(m);
}

static void
put(struct memory *m, const char *name, const char *profile, const char *url,
    enum authz_status status, int64_t expires, int64_t checked)
{
	char account[] = ACCT, n[64], p[64], u[128];
	struct memory_authz z = { .account = account, .name = n,
		.profile = p, .url = u, .status = status, .expires = expires,
		.validated = 5, .checked = checked, .first = checked };
	struct error err;

	snprintf(n, sizeof(n), "%s", name);
	snprintf(p, sizeof(p), "%s", profile);
	snprintf(u, sizeof(u), "%s", url);
	assert_int_equal(strs_add(&z.challenges, "http-01", &err), 0);
	assert_int_equal(memory_set_authz(m, &z, &err), 0);
	strs_free(&z.challenges);
}

static void
round_trip(void **state)
{
	int64_t now = clock_now();
	const struct memory_authz *z;
	const char *url = NULL;
	struct error err;
	struct memory *m;

	(void)state;
	m = opened();
	put(m, "a.example.com", "", URL("1"), AUTHZ_PENDING, now + DAY,
	    now - 60);
	put(m, "a.example.com", "", URL("2"), AUTHZ_VALID, now + 9 * DAY, now);
	put(m, "a.example.com", "short", URL("3"), AUTHZ_VALID, now + DAY,
	    now);
	assert_int_equal(memory_set_account(m, ACCT, "thumb", now, &err), 0);
	assert_int_equal(memory_set_lifetime(m, "https://ca/dir", "", 600,
	    &err), 0);
	assert_int_equal(memory_set_lifetime(m, "https://ca/dir", "", 300,
	    &err), 0);
	assert_int_equal(memory_set_pending(m, "key", URL("o"), now, &err),
	    0);
	assert_int_equal(memory_set_order_reuse(m, "https://ca/dir", now,
	    &err), 0);
	assert_int_equal(memory_set_deactivated(m, ACCT, "a", now, &err), 0);
	saved(m);

	m = opened();
	z = memory_authz(m, ACCT, "a.example.com", "", 0);
	assert_non_null(z);
	assert_string_equal(z->url, URL("2"));
	assert_int_equal(z->status, AUTHZ_VALID);
	assert_int_equal(z->expires, now + 9 * DAY);
	assert_int_equal(z->validated, 5);
	assert_string_equal(z->challenges.v[0], "http-01");
	z = memory_authz(m, ACCT, "a.example.com", "", 1);
	assert_string_equal(z->url, URL("1"));
	assert_null(memory_authz(m, ACCT, "a.example.com", "", 2));
	assert_null(memory_authz(m, ACCT, "b.example.com", "", 0));
	assert_null(memory_authz(m, "https://x/", "a.example.com", "", 0));
	z = memory_authz(m, ACCT, "a.example.com", "short", 0);
	assert_string_equal(z->url, URL("3"));
	assert_int_equal(memory_account(m, ACCT, "thumb"), now);
	assert_int_equal(memory_account(m, ACCT, "other"), 0);
	assert_int_equal(memory_account(m, "https://x", "thumb"), 0);
	assert_int_equal(memory_lifetime(m, "https://ca/dir", ""), 600);
	assert_int_equal(memory_lifetime(m, "https://ca/dir", "x"), 0);
	assert_int_equal(memory_pending(m, "key", &url), now);
	assert_string_equal(url, URL("o"));
	assert_int_equal(memory_order_reuse(m, "https://ca/dir"), now);
	assert_int_equal(memory_order_reuse(m, "https://x/dir"), 0);
	assert_int_equal(memory_pending(m, "other", NULL), 0);
	assert_int_equal(memory_deactivated(m, ACCT, "a"), now);
	assert_int_equal(memory_deactivated(m, ACCT, "b"), 0);

	/* forgotten for good */
	memory_drop_authz(m, URL("2"));
	assert_int_equal(memory_set_account(m, ACCT, "thumb", 0, &err), 0);
	assert_int_equal(memory_set_pending(m, "key", NULL, 0, &err), 0);
	saved(m);
	m = opened();
	z = memory_authz(m, ACCT, "a.example.com", "", 0);
	assert_string_equal(z->url, URL("1"));
	assert_int_equal(memory_account(m, ACCT, "thumb"), 0);
	assert_int_equal(memory_pending(m, "key", NULL), 0);
	memory_free(m);
}

/* Two processes at once: what both learnt is there, the later word holds. */
static void
merged(void **state)
{
	int64_t now = clock_now();
	struct memory *a, *b;
	const struct memory_authz *z;
	struct error err;

	(void)state;
	a = opened();
	b = opened();
	put(a, "m.example.com", "", URL("a"), AUTHZ_VALID, now + DAY, now);
	put(b, "m.example.com", "", URL("b"), AUTHZ_VALID, now + DAY, now);
	put(b, "m.example.com", "", URL("a"), AUTHZ_REVOKED, now + DAY, now);
	assert_int_equal(memory_set_lifetime(a, "https://m/dir", "", 900,
	    &err), 0);
	assert_int_equal(memory_set_lifetime(b, "https://m/dir", "", 700,
	    &err), 0);
	saved(a);
	saved(b);
	a = opened();
	assert_non_null(memory_authz(a, ACCT, "m.example.com", "", 1));
	for (size_t i = 0; (z = memory_authz(a, ACCT, "m.example.com", "",
	    i)) != NULL; i++)
		assert_int_equal(z->status, strcmp(z->url, URL("a")) == 0 ?
		    AUTHZ_REVOKED : AUTHZ_VALID);
	assert_int_equal(memory_lifetime(a, "https://m/dir", ""), 900);
	memory_free(a);
}

static void
old_ones_go(void **state)
{
	int64_t now = clock_now();
	struct memory *m;

	(void)state;
	m = opened();
	put(m, "old.example.com", "", URL("o1"), AUTHZ_VALID, now - 31 * DAY,
	    now);
	put(m, "old.example.com", "", URL("o2"), AUTHZ_PENDING, 0,
	    now - 91 * DAY);
	put(m, "old.example.com", "", URL("o3"), AUTHZ_VALID, now - 29 * DAY,
	    now);
	saved(m);
	m = opened();
	assert_string_equal(memory_authz(m, ACCT, "old.example.com", "",
	    0)->url, URL("o3"));
	assert_null(memory_authz(m, ACCT, "old.example.com", "", 1));
	memory_free(m);
}

static void
write_raw(const char *text)
{
	const struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct error err;

	assert_int_equal(atomic_write(AT_FDCWD, tmp_path("acme.json"), text,
	    strlen(text), &attr, ATOMIC_REPLACE, &err), 0);
}

/* A file that is damaged costs what it remembered, nothing else. */
static void
damaged(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "7", "null",
		"{\"authorizations\": 1, \"accounts\": {}, \"marks\": [[]]}",
		("{\"authorizations\": [1, {}, {\"url\": \"u\"}, {\"url\": "
		"\"u\", \"name\": \"n\", \"status\": 1}]}"),
		"{\"accounts\": [{\"uri\": \"u\", \"seen\": -5}]}",
		/* right as far as it goes */
		("{\"authorizations\": [{\"account\": \"" ACCT "\", \"profile"
		"\": \"\", \"url\": \"u\", \"name\": \"n\", \"status\": "
		"\"valid\"}], \"accounts\": [") };
	struct memory *m;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_raw(texts[i]);
		m = opened();
		assert_null(memory_authz(m, ACCT, "n", "", 0));
		assert_int_equal(memory_set_account(m, ACCT, "t", 7, &err),
		    0);
		saved(m);
		m = opened();
		assert_int_equal(memory_account(m, ACCT, "t"), 7);
		memory_free(m);
	}
}

static void
bounded(void **state)
{
	struct memory *m;
	struct error err;
	char key[64];
	size_t n = 0;

	(void)state;
	m = opened();
	for (int i = 0; i < MEMORY_MARKS + 50; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(memory_set_pending(m, key, NULL, clock_now(),
		    &err), 0);
	}
	saved(m);
	m = opened();
	for (int i = 0; i < MEMORY_MARKS + 50; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		n += memory_pending(m, key, NULL) != 0;
	}
	assert_int_equal(n, MEMORY_MARKS);
	snprintf(key, sizeof(key), "k%d", MEMORY_MARKS + 49);
	assert_true(memory_pending(m, key, NULL) != 0);
	memory_free(m);
}

enum { MANY = 2000 };

static void
many(void **state)
{
	char name[64], url[64];
	struct memory *m;
	size_t n = 0;

	(void)state;
	m = opened();
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%d.example.com", i);
		snprintf(url, sizeof(url), "https://ca/authz/%d", i);
		put(m, name, "", url, AUTHZ_VALID, clock_now() + 9999,
		    clock_now());
	}
	saved(m);
	m = opened();
	for (int i = 0; i < MANY; i += 97) {
		snprintf(name, sizeof(name), "n%d.example.com", i);
		snprintf(url, sizeof(url), "https://ca/authz/%d", i);
		n++;
		assert_string_equal(memory_authz(m, ACCT, name, "", 0)->url,
		    url);
		assert_null(memory_authz(m, ACCT, name, "", 1));
	}
	assert_int_equal(n, MANY / 97 + 1);
	memory_free(m);
}

static bool
knows(struct memory *m, const char *name, const char *url)
{
	const struct memory_authz *z = memory_authz(m, ACCT, name, "", 0);

	return z != NULL && strcmp(z->url, url) == 0;
}

/*
 * Of an entry that nobody asks for there is nothing but the file's text, which
 * goes from one file into the next: also when the first one is gone, and when
 * another process has written in between.
 */
static void
unasked(void **state)
{
	struct memory *a, *b, *m;
	int64_t now = clock_now();
	struct error err;

	(void)state;
	m = opened();
	put(m, "u0.example.com", "", URL("u0"), AUTHZ_VALID, now + DAY,
	    now - 9);
	put(m, "u1.example.com", "", URL("u1"), AUTHZ_VALID, now + DAY,
	    now - 8);
	saved(m);
	a = opened();
	b = opened();
	put(a, "u2.example.com", "", URL("u2"), AUTHZ_VALID, now + DAY,
	    now - 7);
	assert_int_equal(memory_save(a, &err), 0);
	put(a, "u0.example.com", "", URL("u0"), AUTHZ_REVOKED, now + DAY,
	    now);
	assert_int_equal(memory_save(a, &err), 0);
	put(b, "u3.example.com", "", URL("u3"), AUTHZ_VALID, now + DAY,
	    now - 6);
	memory_drop_authz(b, URL("u1"));
	assert_int_equal(memory_save(b, &err), 0);
	assert_true(knows(b, "u0.example.com", URL("u0")));
	m = opened();
	assert_true(knows(m, "u0.example.com", URL("u0")));
	assert_int_equal(memory_authz(m, ACCT, "u0.example.com", "",
	    0)->status, AUTHZ_REVOKED);
	assert_false(knows(m, "u1.example.com", URL("u1")));
	assert_true(knows(m, "u2.example.com", URL("u2")));
	assert_true(knows(m, "u3.example.com", URL("u3")));
	memory_free(m);
	memory_free(a);
	memory_free(b);
}

/* The newest stay, and the newest of one name is found first. */
static void
too_many(void **state)
{
	int64_t now = clock_now();
	char name[64], url[64];
	struct memory *m;
	struct error err;

	(void)state;
	m = opened();
	/* the oldest one is put in last */
	for (int i = MEMORY_AUTHZ; i >= 0; i--) {
		snprintf(name, sizeof(name), "n%d.example.com", i / 2);
		snprintf(url, sizeof(url), "https://ca/authz/%d", i);
		put(m, name, "", url, AUTHZ_VALID, now + DAY,
		    now - 20000 + i);
	}
	assert_int_equal(memory_save(m, &err), 0);
	memory_free(m);
	m = opened();
	assert_true(knows(m, "n0.example.com", "https://ca/authz/1"));
	assert_null(memory_authz(m, ACCT, "n0.example.com", "", 1));
	assert_true(knows(m, "n1.example.com", "https://ca/authz/3"));
	assert_string_equal(memory_authz(m, ACCT, "n1.example.com", "",
	    1)->url, "https://ca/authz/2");
	memory_free(m);
}

static void
order_keys(void **state)
{
	struct strs one = { 0 }, two = { 0 };
	char *a = NULL, *b = NULL, *c = NULL;
	struct error err;

	(void)state;
	assert_int_equal(strs_add(&one, "b", &err), 0);
	assert_int_equal(strs_add(&one, "a", &err), 0);
	assert_int_equal(strs_add(&two, "a", &err), 0);
	assert_int_equal(strs_add(&two, "b", &err), 0);
	assert_int_equal(memory_order_key(ACCT, "", &one, &a, &err), 0);
	assert_int_equal(memory_order_key(ACCT, "", &two, &b, &err), 0);
	assert_int_equal(memory_order_key(ACCT, "x", &two, &c, &err), 0);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	free(a);
	free(b);
	free(c);
	strs_free(&one);
	strs_free(&two);
}

static void
failures(void **state)
{
	int64_t now = 1800000000;
	struct memory *m = opened();
	struct error err;

	(void)state;
	assert_int_equal(memory_failed(m, ACCT, "a.example.com", now), 0);
	assert_int_equal(memory_set_failed(m, ACCT, "a.example.com", now,
	    &err), 0);
	assert_int_equal(memory_failed(m, ACCT, "a.example.com", now), 0);
	assert_int_equal(memory_set_failed(m, ACCT, "a.example.com",
	    now + 600, &err), 0);
	saved(m);
	m = opened();
	assert_int_equal(memory_failed(m, ACCT, "a.example.com", now + 700),
	    now + 3600);
	assert_int_equal(memory_failed(m, ACCT, "b.example.com", now + 700),
	    0);
	assert_int_equal(memory_failed(m, ACCT "0", "a.example.com",
	    now + 700), 0);
	/* one is an hour old: a third may be tried, and then waits for the
	 * second */
	assert_int_equal(memory_failed(m, ACCT, "a.example.com", now + 3600),
	    0);
	assert_int_equal(memory_set_failed(m, ACCT, "a.example.com",
	    now + 3600, &err), 0);
	assert_int_equal(memory_failed(m, ACCT, "a.example.com", now + 3700),
	    now + 600 + 3600);
	/* a clock that was put back keeps nobody waiting */
	assert_int_equal(memory_failed(m, ACCT, "a.example.com", now - 9), 0);
	memory_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_trip, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(merged, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(old_ones_go, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(damaged, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(bounded, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(failures, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(many, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(unasked, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test_setup_teardown(too_many, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test(order_keys),
	};

	log_setup(LOG_QUIET, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
