/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "store/server.h"

static void
test_check(void **state)
{
	static const struct {
		const char *url;
		int rc;
	} t[] = {
		{ "https://acme-v02.api.letsencrypt.org/directory", 0 },
		{ "https://h", 0 }, { "https://h/", 0 },
		{ "https://localhost:14000/dir", 0 },
		{ "https://[::1]:14000/dir", 0 },
		{ "https://[2001:db8::1.2.3.4]/x", 0 },
		{ "https://acme.zerossl.com/v2/DV90", 0 },
		{ "https://h/a~b/c-d_e.f", 0 }, { "https://h/d/", 0 },
		{ "http://h/d", -1 }, { "HTTPS://h/d", -1 }, { "h/d", -1 },
		{ "file:///etc/x", -1 }, { "https://", -1 },
		{ "https:///d", -1 }, { "https://u@h/d", -1 },
		{ "https://u:p@h/d", -1 }, { "https://h:0/d", -1 },
		{ "https://h:65536/d", -1 }, { "https://h:/d", -1 },
		{ "https://h:1x/d", -1 }, { "https://-h/d", -1 },
		{ "https://../d", -1 }, { "https://.h/d", -1 },
		{ "https://h/../x", -1 }, { "https://h/./x", -1 },
		{ "https://h/a/..", -1 }, { "https://h//d", -1 },
		{ "https://h/d//", -1 }, { "https://h/d%20x", -1 },
		{ "https://h/d x", -1 }, { "https://h/d?q", -1 },
		{ "https://h/d#f", -1 }, { "https://h?q", -1 },
		{ "https://h/d;p=1", -1 }, { "https://[::1/d", -1 },
		{ "https://[]/d", -1 }, { "https://[g::]/d", -1 },
		{ "https://h\\d", -1 }, { "https://h/\xc3\xa9", -1 },
		{ "https://h/0123456789abcdef0123456789abcdef", -1 },
		{ "https://h/0123456789ABCDEF0123456789ABCDEF/", -1 },
		{ "https://0123456789abcdef0123456789abcdef", -1 },
		{ "https://h/0123456789abcdef0123456789abcdef/d", 0 },
		{ "https://h/0123456789abcdef0123456789abcde", 0 },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		error_clear(&err);
		if (server_check(t[i].url, &err) != t[i].rc)
			fail_msg("%s: %s", t[i].url, err.msg);
		if (t[i].rc == -1)
			assert_int_equal(err.code, CODE_USAGE);
	}
}

static void
test_path(void **state)
{
	static const char *const t[][2] = {
		{ "https://h", "h" }, { "https://h/", "h" },
		{ "https://h/d", "h/d" }, { "https://h/d/", "h/d" },
		{ "https://h:443/d", "h:443/d" },
		{ "https://H/D", "H/D" },
		{ "https://[::1]:14000/dir", "[::1]:14000/dir" },
	};
	struct error err;
	char *path, *url;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(server_path(t[i][0], &path, &err), 0);
		assert_string_equal(path, t[i][1]);
		assert_int_equal(server_from_path(path, &url, &err), 0);
		assert_true(server_same(url, t[i][0]));
		free(path);
		free(url);
	}
	assert_true(server_same("https://h/d", "https://h/d/"));
	assert_true(server_same("https://h/d", "http://h/d"));
	assert_false(server_same("https://h/d", "https://h/D"));
	assert_false(server_same("https://h/d", "https://h/d/e"));
	assert_string_equal(server_reuse_path(
	    "acme-v02.api.letsencrypt.org/directory"),
	    "acme-v01.api.letsencrypt.org/directory");
	assert_string_equal(server_reuse_path(
	    "acme-staging-v02.api.letsencrypt.org/directory"),
	    "acme-staging.api.letsencrypt.org/directory");
	assert_null(server_reuse_path(
	    "acme-v01.api.letsencrypt.org/directory"));
	assert_null(server_reuse_path("h"));
}

static void
test_uri(void **state)
{
	static const struct {
		const char *server, *uri;
		bool owns;
	} t[] = {
		{ "https://h/d", "https://h/acct/1", true },
		{ "https://h:443/d", "https://H/acct/1", true },
		{ "https://h:1/d", "https://h/acct/1", false },
		{ "https://h/d", "http://h/acct/1", false },
		{ "https://h/d", "https://h.evil/acct/1", false },
		{ "https://h/d", "https://h@evil/acct/1", false },
		{ "https://h/d", "https://evil@h/acct/1", false },
		{ "https://h/d", "/acct/1", false },
		{ "https://h/d", "", false },
		{ "https://[::1]:5/d", "https://[::1]:5/a", true },
		{ "https://acme-v02.api.letsencrypt.org/directory",
		  "https://acme-v01.api.letsencrypt.org/acme/reg/1", true },
		{ "https://acme-staging-v02.api.letsencrypt.org/directory",
		  "https://acme-v01.api.letsencrypt.org/acme/reg/1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (server_owns_uri(t[i].server, t[i].uri) != t[i].owns)
			fail_msg("%s %s", t[i].server, t[i].uri);
	assert_true(account_uri_same(
	    "https://acme-v01.api.letsencrypt.org/acme/reg/77",
	    "https://acme-v02.api.letsencrypt.org/acme/acct/77"));
	assert_false(account_uri_same(
	    "https://acme-v01.api.letsencrypt.org/acme/reg/77",
	    "https://acme-v02.api.letsencrypt.org/acme/acct/78"));
	assert_false(account_uri_same(
	    "https://acme-v01.api.letsencrypt.org/acme/reg/",
	    "https://acme-v02.api.letsencrypt.org/acme/acct/"));
	assert_false(account_uri_same(
	    "https://acme-staging.api.letsencrypt.org/acme/reg/7",
	    "https://acme-v02.api.letsencrypt.org/acme/acct/7"));
	assert_true(account_uri_same("https://h/1", "https://h/1"));
	assert_false(account_uri_same("https://h/1", "https://h/2"));
}

static void
test_host(void **state)
{
	static const char *const t[][2] = {
		{ "https://h/d", "h" }, { "https://h:5/d", "h" },
		{ "https://[::1]:5/d", "::1" }, { "ssh://root@www:22", "www" },
		{ "https://h", "h" }, { "https://h?x", "h" },
	};
	struct error err;
	char *host;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(url_host(t[i][0], &host, &err), 0);
		assert_string_equal(host, t[i][1]);
		free(host);
	}
	assert_int_equal(url_host("h/d", &host, &err), -1);
	assert_int_equal(url_host("https:///d", &host, &err), -1);
	assert_true(account_id_valid("0123456789abcdef0123456789abcdef"));
	assert_false(account_id_valid("0123456789ABCDEF0123456789abcdef"));
	assert_false(account_id_valid("0123456789abcdef0123456789abcde"));
	assert_false(account_id_valid("0123456789abcdef0123456789abcdef0"));
	assert_false(account_id_valid(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_uri),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
