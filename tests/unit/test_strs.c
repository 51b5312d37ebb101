/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "base/strs.h"

static void
lists(void **state)
{
	struct strs a = { 0 }, b = { 0 };
	struct error err;
	char *s;

	(void)state;
	s = strs_join(&a, ",");
	assert_string_equal(s, "");
	free(s);
	assert_true(strs_equal(&a, &b));
	strs_sort(&a);
	for (int i = 0; i < 100; i++)
		assert_int_equal(strs_addf(&a, &err, "n%02d", 99 - i), 0);
	assert_int_equal(a.n, 100);
	assert_null(a.v[100]);
	assert_true(strs_has(&a, "n42"));
	assert_false(strs_has(&a, "n4"));
	assert_int_equal(strs_copy(&b, &a, &err), 0);
	assert_true(strs_equal(&a, &b));
	strs_sort(&a);
	assert_string_equal(a.v[0], "n00");
	assert_string_equal(a.v[99], "n99");
	assert_null(a.v[100]);
	assert_false(strs_equal(&a, &b));
	assert_true(strs_same_set(&a, &b));
	assert_int_equal(strs_add(&b, "n00", &err), 0);
	assert_true(strs_same_set(&b, &a));
	assert_int_equal(strs_add(&b, "x", &err), 0);
	assert_false(strs_same_set(&a, &b));
	assert_false(strs_same_set(&b, &a));
	assert_false(strs_equal(&a, &b));
	strs_free(&a);
	strs_free(&a);
	strs_free(&b);
	assert_int_equal(strs_add(&a, "x", &err), 0);
	assert_int_equal(strs_add(&a, "", &err), 0);
	assert_int_equal(strs_add(&a, "yz", &err), 0);
	s = strs_join(&a, ", ");
	assert_string_equal(s, "x, , yz");
	free(s);
	strs_free(&a);
}

static void
strings(void **state)
{
	struct error err;
	char *s;

	(void)state;
	assert_int_equal(str_dup(&s, NULL, &err), 0);
	assert_null(s);
	assert_int_equal(str_dup(&s, "abc", &err), 0);
	assert_string_equal(s, "abc");
	free(s);
	assert_int_equal(str_printf(&s, &err, "%s/%d", "x", 7), 0);
	assert_string_equal(s, "x/7");
	free(s);
	assert_true(str_starts("abc", "ab"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("ab", "abc"));
	assert_true(str_ends("abc", "bc"));
	assert_true(str_ends("abc", ""));
	assert_false(str_ends("bc", "abc"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
