/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <time.h>

#include "base/clock.h"

static void
parses_rfc3339(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-23T21:06:00Z", 1795467960 },
		{ "2026-11-23t21:06:00z", 1795467960 },
		{ "2026-11-23T21:06:00.123456789Z", 1795467960 },
		{ "2026-11-23T22:06:00+01:00", 1795467960 },
		{ "2026-11-23T15:36:00-05:30", 1795467960 },
		{ "2026-11-23T21:06:00-00:00", 1795467960 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "2000-02-29T00:00:00Z", 951782400 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "0001-01-01T00:00:00Z", -62135596800 },
	};
	static const char *const bad[] = { "", "2026-11-23", "2026-11-23T21:06",
		"2026-11-23T21:06:00", "2026-11-23 21:06:00Z",
		"2026-11-23T21:06:00.Z", "2026-11-23T21:06:00+0100",
		"2026-11-23T21:06:00+01", "2026-11-23T21:06:00Zx",
		"2026-11-23T21:06:00 Z", "2023-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60",
		"+026-01-01T00:00:00Z", "2026-1-01T00:00:00Z",
		"99999-01-01T00:00:00Z" };
	struct error err;
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(time_parse(good[i].text, &t, &err), 0);
		assert_true(t == good[i].t);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(time_parse(bad[i], &t, &err), -1);
	assert_int_equal(time_parse("soon", &t, &err), -1);
	assert_string_equal(err.msg, "'soon': no time as RFC 3339 has it, want "
	    "e.g. '2026-11-23T21:06:00Z'");
}

static void
writes_what_it_reads(void **state)
{
	char buf[TIME_TEXT];
	struct error err;
	int64_t back;

	(void)state;
	for (int64_t t = 1; t < 253402300799; t += 86399 * 101) {
		time_text(t, buf, sizeof(buf));
		assert_int_equal(time_parse(buf, &back, &err), 0);
		assert_true(back == t);
	}
	assert_string_equal(time_text(0, buf, sizeof(buf)), "");
	assert_string_equal(time_text(-1, buf, sizeof(buf)), "");
	assert_true(strlen(time_text(INT64_MAX, buf, sizeof(buf))) <
	    sizeof(buf));
}

static void
parses_http_dates(void **state)
{
	static const char *const bad[] = { "", "Sun, 06 Nov 1994 08:49:37",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 25:49:37 GMT",
		"Sun, 32 Oct 1994 08:49:37 GMT",
		"Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMTx", "3600" };
	int64_t t;

	(void)state;
	assert_int_equal(time_parse_http("Sun, 06 Nov 1994 08:49:37 GMT", &t),
	    0);
	assert_true(t == 784111777);
	assert_int_equal(time_parse_http("Thu, 01 Jan 1970 00:00:00 GMT", &t),
	    0);
	assert_true(t == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(time_parse_http(bad[i], &t), -1);
}

static int64_t
fixed(void)
{
	return 4711;
}

static int64_t slept;

static void
no_sleep(int64_t ms)
{
	slept += ms;
}

static void
is_replaceable(void **state)
{
	int64_t before;

	(void)state;
	clock_replace(fixed, fixed, no_sleep);
	assert_true(clock_now() == 4711);
	assert_true(clock_mono() == 4711);
	clock_sleep(60000);
	assert_true(slept == 60000);
	clock_replace(NULL, NULL, NULL);
	assert_true(clock_now() - (int64_t)time(NULL) < 3);
	before = clock_mono();
	clock_sleep(20);
	clock_sleep(0);
	clock_sleep(-1);
	assert_true(clock_mono() - before >= 19);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_rfc3339),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(parses_http_dates),
		cmocka_unit_test(is_replaceable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
