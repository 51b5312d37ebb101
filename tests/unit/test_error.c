/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"

static void
names_go_both_ways(void **state)
{
	enum code c;

	(void)state;
	for (int i = CODE_OK; i <= CODE_EXPIRING; i++) {
		assert_int_equal(code_from_name(code_name((enum code)i), &c),
		    0);
		assert_int_equal(c, i);
	}
	assert_int_equal(code_from_name("nonsense", &c), -1);
	assert_int_equal(code_from_name("", &c), -1);
	assert_string_equal(code_name((enum code)77), "error");
}

/* Design, section 3: the one that stands first in the table wins. */
static void
worse_wins(void **state)
{
	static const enum code order[] = { 2, 8, 9, 1, 5, 4, 7, 6, 3, 0 };

	(void)state;
	for (size_t i = 0; i < 10; i++)
		for (size_t j = 0; j < 10; j++)
			assert_int_equal(code_worse(order[i], order[j]),
			    order[i < j ? i : j]);
}

static void
messages(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(error_set(&e, CODE_STORE, "'%s': no", "x"), -1);
	assert_string_equal(e.msg, "'x': no");
	assert_int_equal(e.code, CODE_STORE);
	assert_int_equal(e.sys, 0);
	assert_int_equal(e.retry_after, -1);
	/* its own message as an argument */
	assert_int_equal(error_set(&e, CODE_ERROR, "again %s", e.msg), -1);
	assert_string_equal(e.msg, "again 'x': no");
	e.retry_after = 7;
	assert_int_equal(error_wrap(&e, "'%s'", "ctx"), -1);
	assert_string_equal(e.msg, "'ctx': again 'x': no");
	assert_int_equal(e.retry_after, 7);
	error_append(&e, "; %s", "more");
	assert_string_equal(e.msg, "'ctx': again 'x': no; more");
	assert_int_equal(e.code, CODE_ERROR);
	errno = ENOENT;
	assert_int_equal(error_sys(&e, CODE_ERROR, "'f'"), -1);
	assert_string_equal(e.msg, "'f': No such file or directory");
	assert_int_equal(e.sys, ENOENT);
	assert_int_equal(e.code, CODE_ERROR);
	errno = EACCES;
	assert_int_equal(error_sys(&e, CODE_ERROR, "'f'"), -1);
	assert_memory_equal(e.msg, "'f': Permission denied", 22);
	assert_int_equal(e.code, CODE_TRUST);
	errno = EACCES;
	assert_int_equal(error_sys(&e, CODE_RETRY, "'f'"), -1);
	assert_int_equal(e.code, CODE_RETRY);
	errno = EPERM;
	assert_int_equal(error_sys(&e, CODE_ERROR, "'f'"), -1);
	assert_int_equal(e.code, CODE_TRUST);
	assert_int_equal(error_nomem(&e), -1);
	assert_int_equal(e.code, CODE_ERROR);
	assert_int_equal(e.sys, ENOMEM);
	error_clear(&e);
	assert_int_equal(e.code, CODE_OK);
	assert_string_equal(e.msg, "");
}

/* Never cut inside a character, always marked. */
static void
long_messages(void **state)
{
	char text[2 * ERROR_MSG_MAX];
	struct error e;
	size_t n;

	(void)state;
	for (size_t lead = 0; lead < 4; lead++) {
		memset(text, 'a', sizeof(text));
		for (size_t i = lead; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[sizeof(text) - 1] = '\0';
		error_set(&e, CODE_ERROR, "%s", text);
		n = strlen(e.msg);
		assert_true(n < ERROR_MSG_MAX);
		assert_true(n > ERROR_MSG_MAX - 8);
		assert_string_equal(e.msg + n - 3, "...");
		assert_int_equal((n - 3 - lead) % 3, 0);
		error_set(&e, CODE_ERROR, "front");
		error_append(&e, "%s", text);
		n = strlen(e.msg);
		assert_true(n < ERROR_MSG_MAX);
		assert_string_equal(e.msg + n - 3, "...");
		error_wrap(&e, "front");
		assert_memory_equal(e.msg, "front: ", 7);
		n = strlen(e.msg);
		assert_true(n < ERROR_MSG_MAX);
		assert_string_equal(e.msg + n - 3, "...");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(worse_wins),
		cmocka_unit_test(messages),
		cmocka_unit_test(long_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
