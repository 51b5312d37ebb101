/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/num.h"

static void
whole_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		int rc;
		int64_t out;
	} rows[] = {
		{ "0", 0, 10, 0, 0 },
		{ "10", 0, 10, 0, 10 },
		{ "007", 0, 10, 0, 7 },
		{ "11", 0, 10, -1, 0 },
		{ "", 0, 10, -1, 0 },
		{ "-", -5, 10, -1, 0 },
		{ "-1", 0, 10, -1, 0 },
		{ "-1", -5, 10, 0, -1 },
		{ "--1", -5, 10, -1, 0 },
		{ "+1", 0, 10, -1, 0 },
		{ " 1", 0, 10, -1, 0 },
		{ "1 ", 0, 10, -1, 0 },
		{ "1x", 0, 10, -1, 0 },
		{ "0x1", 0, 10, -1, 0 },
		{ "1.0", 0, 10, -1, 0 },
		{ "9223372036854775807", 0, INT64_MAX, 0, INT64_MAX },
		{ "9223372036854775808", 0, INT64_MAX, -1, 0 },
		{ "-9223372036854775808", INT64_MIN, 0, 0, INT64_MIN },
		{ "-9223372036854775809", INT64_MIN, 0, -1, 0 },
		{ "99999999999999999999999", 0, INT64_MAX, -1, 0 },
		{ "\xd9\xa1", 0, 10, -1, 0 },
	};
	struct error err;
	int64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n = 0;
		assert_int_equal(num_parse(rows[i].text, rows[i].min,
		    rows[i].max, "x", &n, &err), rows[i].rc);
		assert_true(n == rows[i].out);
	}
	assert_int_equal(num_parse("7\n", 1, 5, "--port", &n, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_string_equal(err.msg, "'--port': found '7?', want a whole "
	    "number from 1 to 5");
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t out;
	} rows[] = {
		{ "0", 0, 0 },
		{ "0s", 0, 0 },
		{ "90s", 0, 90 },
		{ "15m", 0, 900 },
		{ "24h", 0, 86400 },
		{ "30d", 0, 2592000 },
		{ "2w", 0, 1209600 },
		{ "1h30m", 0, 5400 },
		{ "1w2d3h4m5s", 0, 604800 + 2 * 86400 + 3 * 3600 + 245 },
		{ "3650d", 0, 315360000 },
		{ "3651d", -1, 0 },
		{ "315360001s", -1, 0 },
		{ "3650d1s", -1, 0 },
		{ "30m1h", -1, 0 },
		{ "1m1m", -1, 0 },
		{ "", -1, 0 },
		{ "5", -1, 0 },
		{ "00", -1, 0 },
		{ "1h30", -1, 0 },
		{ "h", -1, 0 },
		{ "-1s", -1, 0 },
		{ "1 h", -1, 0 },
		{ "1.5h", -1, 0 },
		{ "1H", -1, 0 },
		{ "1y", -1, 0 },
		{ "9223372036854775807s", -1, 0 },
		{ "99999999999999999999s", -1, 0 },
	};
	struct error err;
	int64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n = 0;
		assert_int_equal(num_duration(rows[i].text, "x", &n, &err),
		    rows[i].rc);
		assert_true(n == rows[i].out);
	}
	assert_int_equal(num_duration("5", "quiet_for", &n, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_string_equal(err.msg, "'quiet_for': found '5', want a duration "
	    "with its unit (s, m, h, d, w) of at most ten years, such as "
	    "'90s' or '1h30m'");
}

static void
durations_back(void **state)
{
	struct error err;
	char buf[32];
	int64_t n;

	(void)state;
	assert_string_equal(num_duration_text(0, buf, sizeof(buf)), "0s");
	assert_string_equal(num_duration_text(-5, buf, sizeof(buf)), "0s");
	assert_string_equal(num_duration_text(120, buf, sizeof(buf)), "2m");
	assert_string_equal(num_duration_text(5400, buf, sizeof(buf)),
	    "1h30m");
	assert_string_equal(num_duration_text(86401, buf, sizeof(buf)),
	    "1d1s");
	for (int64_t t = 0; t < 315360000; t += 7919 * 3) {
		num_duration_text(t, buf, sizeof(buf));
		assert_int_equal(num_duration(buf, "x", &n, &err), 0);
		assert_true(n == t);
	}
	assert_true(strlen(num_duration_text(INT64_MAX, buf, sizeof(buf))) <
	    sizeof(buf));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(durations),
		cmocka_unit_test(durations_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
