/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "base/buf.h"
#include "heapscan.h"

static void
grows_to_its_ceiling(void **state)
{
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_string_equal(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	assert_int_equal(buf_check(&b, "x", &err), 0);
	assert_int_equal(b.len, 1000);
	assert_int_equal(strlen(b.data), 1000);
	buf_addc(&b, 'x');
	assert_true(b.failed);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_check(&b, "the x", &err), -1);
	assert_string_equal(err.msg, "'the x': longer than 1000 bytes");
	assert_int_equal(err.code, CODE_ERROR);
	/* sticky */
	buf_adds(&b, "y");
	buf_addf(&b, "%d", 1);
	assert_null(b.data);
	assert_null(buf_steal(&b));
	buf_reset(&b);
	buf_adds(&b, "again");
	assert_string_equal(buf_str(&b), "again");
	buf_free(&b);
	buf_free(&b);
}

static void
sizes_at_the_edge(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_add(&b, "", 0);
	assert_false(b.failed);
	assert_string_equal(buf_str(&b), "");
	buf_addc(&b, 'x');
	assert_true(b.failed);
	buf_free(&b);
	buf_init(&b, SIZE_MAX);
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_true(b.failed);
	buf_free(&b);
	buf_init(&b, 10);
	buf_adds(&b, "0123456789");
	assert_false(b.failed);
	assert_null(buf_reserve(&b, SIZE_MAX));
	buf_free(&b);
}

static void
formats_and_consumes(void **state)
{
	struct buf b;
	char *s;

	(void)state;
	buf_init(&b, 4096);
	buf_addf(&b, "%s-%d", "abc", 42);
	buf_addf(&b, "%300d", 7);
	assert_int_equal(b.len, 306);
	buf_consume(&b, 4);
	assert_memory_equal(b.data, "42 ", 3);
	buf_consume(&b, 100000);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_str(&b), "");
	s = buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
	buf_adds(&b, "mine");
	s = buf_steal(&b);
	assert_string_equal(s, "mine");
	assert_null(b.data);
	free(s);
	buf_consume(&b, 3);
	buf_free(&b);
}

/* Growing, failing, resetting and freeing leave nothing. */
static void
sensitive_leaves_nothing(void **state)
{
	static char marker[24];
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(marker); i++)
		marker[i] = (char)(0x91 + i * 5);
	buf_init_sensitive(&b, 5000);
	for (int i = 0; i < 200; i++)
		buf_add(&b, marker, sizeof(marker));
	assert_int_equal(heap_find(marker, sizeof(marker)), 200);
	buf_consume(&b, 24 * 150);
	assert_int_equal(heap_find(marker, sizeof(marker)), 50);
	buf_reset(&b);
	assert_int_equal(heap_find(marker, sizeof(marker)), 0);
	for (int i = 0; i < 300; i++)
		buf_add(&b, marker, sizeof(marker));
	assert_true(b.failed);
	assert_int_equal(heap_find(marker, sizeof(marker)), 0);
	buf_reset(&b);
	buf_add(&b, marker, sizeof(marker));
	buf_free(&b);
	assert_int_equal(heap_find(marker, sizeof(marker)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_ceiling),
		cmocka_unit_test(sizes_at_the_edge),
		cmocka_unit_test(formats_and_consumes),
		cmocka_unit_test(sensitive_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
