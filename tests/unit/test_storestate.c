/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/clock.h"
#include "fixture.h"
#include "store/backup.h"
#include "storetest.h"

static size_t
count_backups(struct box *b)
{
	struct backups l;
	struct error err;
	size_t n;

	OK(backup_list(b->s, &l, &err));
	n = l.n;
	backups_free(&l);
	return n;
}

static int64_t fake = 1700000000;

static int64_t
fake_now(void)
{
	return fake;
}

static void
test_expire(void **state)
{
	struct error err;
	struct box b;
	char id[64];

	(void)state;
	box_new(&b);
	clock_replace(fake_now, NULL, box_sleep);
	OK(store_lock(b.s, &err));
	for (int i = 0; i < 25; i++) {
		OK(backup_begin(b.s, "test", NULL, NULL, id, sizeof(id),
		    &err));
		assert_int_equal(atoi(id + 17), i + 1);
	}
	store_unlock(b.s);
	assert_int_equal(count_backups(&b), 25);
	fake += 31 * 86400;
	OK(store_lock(b.s, &err));
	OK(backup_begin(b.s, "test", NULL, NULL, id, sizeof(id), &err));
	store_unlock(b.s);
	assert_int_equal(count_backups(&b), 20);
	clock_replace(NULL, NULL, NULL);
	box_end(&b);
}

static int
entries(void *arg, const struct ledger_entry *e, struct error *err)
{
	size_t *n = arg;

	(void)err;
	if (strcmp(e->operation, "stop") == 0)
		return error_set(err, CODE_ERROR, "stopped");
	assert_string_equal(e->client, "www.example.com");
	assert_true(e->time > 0);
	(*n)++;
	return 0;
}

static void
test_ledger(void **state)
{
	struct ledger_entry e = { 0, "www.example.com", NULL, "https://" SRV,
	    "0123", "received", "ok" };
	struct error err;
	struct box b;
	size_t n = 0, skipped;
	char path[128];
	FILE *f;

	(void)state;
	box_new(&b);
	OK(store_ledger_each(b.s, entries, &n, &skipped, &err));
	assert_int_equal(n, 0);
	for (int i = 0; i < 500; i++)
		OK(store_ledger_add(b.s, &e, &err));
	snprintf(path, sizeof(path), "%s/ledger.jsonl", b.state);
	f = fopen(path, "a");
	fprintf(f, "garbage\n{}\n\n[1]\n%070000d\n{\"time\": \"20", 0);
	fclose(f);
	OK(store_ledger_add(b.s, &e, &err));
	OK(store_ledger_each(b.s, entries, &n, &skipped, &err));
	assert_int_equal(n, 501);
	assert_true(skipped >= 5);
	e.operation = "stop";
	OK(store_ledger_add(b.s, &e, &err));
	FAILS(store_ledger_each(b.s, entries, &n, NULL, &err), CODE_ERROR);
	box_end(&b);
}

static void
test_lock(void **state)
{
	struct store_options o;
	struct store *two;
	struct error err;
	struct box b;

	(void)state;
	box_new(&b);
	OK(store_lock(b.s, &err));
	o.config_dir = b.config;
	o.state_dir = b.state;
	o.lock_timeout = 0;
	OK(store_open(&o, &two, &err));
	FAILS(store_lock(two, &err), CODE_RETRY);
	store_unlock(b.s);
	OK(store_lock(two, &err));
	store_free(two);
	if (geteuid() == 0) {
		assert_int_equal(chown(b.config, 12345, 12345), 0);
		FAILS(store_lock(b.s, &err), CODE_TRUST);
		assert_non_null(strstr(err.msg, "run as UID 12345"));
	}
	box_end(&b);
}

/* What a killed run left goes with the next lock, and nothing else. */
static void
test_sweep(void **state)
{
	struct error err;
	struct box b;
	const char *id;

	(void)state;
	box_new(&b);
	id = box_account(&b, SRV, "ec-p256", NULL);
	box_text(box_path(&b, "accounts/" SRV
	    "/.acmeferry-zzzzzabcdefg/x"), "x");
	box_text(box_path(&b, "accounts/.acmeferry-zzzzzabcdefg/x"), "x");
	box_text(box_path(&b, "accounts/.acmeferry-new-x/x"), "x");
	box_text(box_path(&b, "accounts/" SRV "/%s/.acmeferry-zzzzzabcdefg",
	    id), "x");
	box_text(box_path(&b, "renewal/.acmeferry-zzzzzabcdefg"), "x");
	box_text(box_path(&b, "accounts/" SRV "/.other"), "x");
	OK(store_lock(b.s, &err));
	store_unlock(b.s);
	assert_false(box_has(&b, "accounts/.acmeferry-zzzzzabcdefg"));
	assert_false(box_has(&b, "accounts/.acmeferry-new-x"));
	assert_false(box_has(&b, "accounts/" SRV "/.acmeferry-zzzzzabcdefg"));
	assert_false(box_has(&b, "accounts/" SRV
	    "/%s/.acmeferry-zzzzzabcdefg", id));
	assert_false(box_has(&b, "renewal/.acmeferry-zzzzzabcdefg"));
	assert_true(box_has(&b, "accounts/" SRV "/.other"));
	assert_true(box_has(&b, "accounts/" SRV "/%s/regr.json", id));
	box_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expire),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
