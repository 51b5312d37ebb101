/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/random.h"
#include "issue/deliver.h"

static void
test_bytes(void **state)
{
	static const unsigned char zero[300];
	unsigned char a[300] = { 0 }, b[300] = { 0 };
	struct error err;

	(void)state;
	/* more than getrandom() promises to give at once */
	assert_int_equal(random_bytes(a, sizeof(a), &err), 0);
	assert_int_equal(random_bytes(b, sizeof(b), &err), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 256, zero, 44);
	assert_int_equal(random_bytes(a, 0, &err), 0);
}

static void
test_token(void **state)
{
	char a[DELIVERY_TOKEN], b[DELIVERY_TOKEN];
	struct error err;

	(void)state;
	assert_int_equal(delivery_token(a, &err), 0);
	assert_int_equal(delivery_token(b, &err), 0);
	assert_int_equal(strlen(a), DELIVERY_TOKEN - 1);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_"), DELIVERY_TOKEN - 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
