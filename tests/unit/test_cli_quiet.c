/* SPDX-License-Identifier: ISC */
/* quiet_for: what cron hears of a retry, hour by hour. */
#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "cli/quiet.h"
#include "cli/setup.h"
#include "tmpdir.h"

enum { HOUR = 3600 };

static int64_t now = 1800000000;

static int64_t
fake_now(void)
{
	return now;
}

static const struct command command = { .name = "issue" };

/* One run that ends in code, `after` hours later; whether it is held. */
static bool
run(const char *domain, const char *more, bool quiet, enum code code,
    int after)
{
	struct cli_parsed p = { .command = &command };
	struct config *c = NULL;
	struct cli cli = { .quiet = quiet };
	struct error err;
	bool held;

	now += (int64_t)after * HOUR;
	assert_int_equal(config_load(tmp_path("none.yml"), false, false, &c,
	    &err), 0);
	free(c->state_dir);
	c->state_dir = strdup(tmp_path("state"));
	cli.config = c;
	assert_int_equal(strs_add(&p.args.names, "domain", &err), 0);
	assert_int_equal(strs_add(&p.args.values, domain, &err), 0);
	if (more != NULL) {
		assert_int_equal(strs_add(&p.global.names, more, &err), 0);
		assert_int_equal(strs_add(&p.global.values, "", &err), 0);
	}
	held = quiet_hold(&cli, &p, code);
	cli_parsed_free(&p);
	cli_free(&cli);
	return held;
}

static void
test_day(void **state)
{
	(void)state;
	/* without -q nothing is held, nothing is written */
	assert_false(run("a", NULL, false, CODE_RETRY, 0));
	assert_int_equal(tmp_count("state"), -1);
	/* a day of hourly runs is silent, then it is said once a day */
	for (int i = 0; i < 24; i++)
		assert_true(run("a", NULL, true, CODE_RETRY, i > 0));
	assert_false(run("a", NULL, true, CODE_RETRY, 1));
	for (int i = 0; i < 23; i++)
		assert_true(run("a", "verbose", true, CODE_RETRY, 1));
	assert_false(run("a", "json", true, CODE_RETRY, 1));
	/* success ends it, and what comes next starts anew */
	assert_false(run("a", NULL, true, CODE_OK, 1));
	assert_int_equal(tmp_count("state/quiet"), 0);
	assert_true(run("a", NULL, true, CODE_RETRY, 1));
	/* so does another failure, which is never held */
	assert_false(run("a", NULL, true, CODE_ACCOUNT, 30));
	assert_true(run("a", NULL, true, CODE_RETRY, 1));
}

static void
test_subjects(void **state)
{
	(void)state;
	assert_true(run("b", NULL, true, CODE_RETRY, 0));
	assert_false(run("b", NULL, true, CODE_RETRY, 25));
	/* another name, another server: their own day */
	assert_true(run("c", NULL, true, CODE_RETRY, 0));
	assert_true(run("b", "server", true, CODE_RETRY, 0));
	/* and each ends by itself */
	assert_false(run("b", NULL, true, CODE_OK, 0));
	assert_true(run("c", NULL, true, CODE_RETRY, 1));
}

static void
test_damaged(void **state)
{
	(void)state;
	assert_true(run("d", NULL, true, CODE_RETRY, 0));
	/* the clock goes back by a year: no year of silence */
	now += (int64_t)365 * 24 * HOUR;
	assert_false(run("d", NULL, true, CODE_RETRY, 0));
	now -= (int64_t)365 * 24 * HOUR;
	assert_true(run("d", NULL, true, CODE_RETRY, 0));
	assert_false(run("d", NULL, true, CODE_RETRY, 25));
	/* where no state can be kept nothing is held */
	assert_int_equal(rename(tmp_path("state"), tmp_path("gone")), 0);
	tmp_put("state", "", 0600);
	assert_false(run("d", NULL, true, CODE_RETRY, 1));
}

/* renew looks at many things: each has a time of its own. */
static bool
row(const char *kind, const char *name, bool quiet, enum code code, int after)
{
	struct config *c = NULL;
	struct cli cli = { .quiet = quiet, .report = { .command = "renew" } };
	struct error err;
	bool held;

	now += (int64_t)after * HOUR;
	assert_int_equal(config_load(tmp_path("none.yml"), false, false, &c,
	    &err), 0);
	free(c->state_dir);
	c->state_dir = strdup(tmp_path("rows"));
	cli.config = c;
	held = quiet_hold_row(&cli, "renew", kind, name, code);
	config_free(c);
	return held;
}

static void
test_rows(void **state)
{
	(void)state;
	assert_false(row("peer", "a", false, CODE_RETRY, 0));
	assert_int_equal(tmp_count("rows"), -1);
	assert_true(row("peer", "a", true, CODE_RETRY, 0));
	assert_true(row("certificate", "a", true, CODE_RETRY, 12));
	/* the peer's day is over, the certificate's is not */
	assert_false(row("peer", "a", true, CODE_RETRY, 12));
	assert_true(row("certificate", "a", true, CODE_RETRY, 0));
	assert_true(row("peer", "b", true, CODE_RETRY, 0));
	/* and one that works again does not end another's */
	assert_false(row("peer", "a", true, CODE_OK, 0));
	assert_false(row("certificate", "a", true, CODE_RETRY, 12));
	assert_true(row("peer", "a", true, CODE_RETRY, 0));
	/* nothing but a retry is ever held */
	assert_false(row("certificate", "c", true, CODE_EXPIRING, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_rows),
	};

	log_setup(LOG_QUIET, false);
	clock_replace(fake_now, NULL, NULL);
	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
