/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/secret.h"
#include "heapscan.h"

static void
alloc_and_free(void **state)
{
	struct secret s;
	struct error err;

	(void)state;
	assert_int_equal(secret_alloc(&s, 0, &err), 0);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.data[0], 0);
	secret_free(&s);
	secret_free(&s);
	assert_null(s.data);
	assert_int_equal(secret_alloc(&s, SIZE_MAX, &err), -1);
	assert_null(s.data);
	assert_string_equal(err.msg, "out of memory");
	assert_int_equal(secret_dup(&s, "abc", 3, &err), 0);
	assert_string_equal((char *)s.data, "abc");
	secret_free(&s);
	secret_wipe(NULL, 10);
}

static void
leaves_nothing(void **state)
{
	static unsigned char marker[32];
	struct secret s;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(marker); i++)
		marker[i] = (unsigned char)(0xb7 ^ (i * 11));
	assert_int_equal(secret_dup(&s, marker, sizeof(marker), &err), 0);
	/* the scan itself works */
	assert_int_equal(heap_find(marker, sizeof(marker)), 1);
	secret_free(&s);
	assert_int_equal(heap_find(marker, sizeof(marker)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alloc_and_free),
		cmocka_unit_test(leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
