/* SPDX-License-Identifier: ISC */
/* Issuing for a peer: which names a grant covers, which order a request
 * had. */
#include "unit.h"

#include "issue/for_peer.h"
#include "issue/request.h"
#include "tmpdir.h"

static void
test_covers(void **state)
{
	static const struct {
		const char *name;
		bool yes;
	} t[] = {
		{ "app.example.com", true }, { "a.example.net", true },
		{ "*.example.net", true }, { "example.net", false },
		{ "a.b.example.net", false }, { "xample.net", false },
		{ "b.example.com", false }, { "example.com", false },
		{ "*.example.com", false }, { "app.example.com.evil", false },
		{ "*.a.example.net", false }, { "", false }, { ".", false },
		{ "*", false }
	};
	struct strs granted = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(strs_add(&granted, "app.example.com", &err), 0);
	assert_int_equal(strs_add(&granted, "*.example.net", &err), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (for_peer_covers(&granted, t[i].name) != t[i].yes)
			fail_msg("'%s'", t[i].name);
	strs_free(&granted);
}

static void
test_request_file(void **state)
{
	static const char path[] = "requests/7692c3ad3540bb803c020b3aee66cd88"
	    "87123234ea0c6e7143c0add73ff431ed.json";
	struct request_file f = { 0 };
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct error err;
	bool found;

	(void)state;
	assert_int_equal(request_load(tmp_dir, "one", &f, &found, &err), 0);
	assert_false(found);
	assert_int_equal(request_save(tmp_dir, "one", "abcd", "https://a/1",
	    "https://a/order/1", &err), 0);
	assert_int_equal(request_load(tmp_dir, "two", &f, &found, &err), 0);
	assert_false(found);
	assert_int_equal(request_load(tmp_dir, "one", &f, &found, &err), 0);
	assert_true(found);
	assert_string_equal(f.account, "abcd");
	assert_string_equal(f.kid, "https://a/1");
	assert_string_equal(f.order, "https://a/order/1");
	request_file_free(&f);
	/* another order for the same request */
	assert_int_equal(request_save(tmp_dir, "one", "abcd", "https://a/1",
	    "https://a/order/2", &err), 0);
	assert_int_equal(request_load(tmp_dir, "one", &f, &found, &err), 0);
	assert_string_equal(f.order, "https://a/order/2");
	request_file_free(&f);
	assert_int_equal(tmp_count("requests"), 1);
	/* an id is no path, and junk is no order */
	assert_int_equal(request_save(tmp_dir, "../../x", "a", "b", "c",
	    &err), 0);
	assert_int_equal(tmp_count("requests"), 2);
	assert_non_null(tmp_get(path));
	tmp_put(path, "{\"order\": 1}", 0600);
	assert_int_equal(request_load(tmp_dir, "one", &f, &found, &err), 0);
	assert_false(found);
	/* yesterday's go when one is saved */
	assert_int_equal(utimensat(AT_FDCWD, tmp_path(path), old, 0), 0);
	assert_int_equal(request_save(tmp_dir, "three", "a", "b", "c", &err),
	    0);
	assert_null(tmp_get(path));
	assert_int_equal(tmp_count("requests"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_request_file)
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
