/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "issue/responder.h"

static void
test_caa(void **state)
{
	static const struct {
		const char *server, *want;
	} t[] = {
		{ "https://acme-v02.api.letsencrypt.org/directory",
		  "letsencrypt.org" },
		{ "https://acme-staging-v02.api.letsencrypt.org/directory",
		  "letsencrypt.org" },
		{ "https://Acme-V02.API.letsencrypt.org:443/directory",
		  "letsencrypt.org" },
		{ "https://acme.zerossl.com/v2/DV90", "sectigo.com" },
		{ "https://acme-v02.api.letsencrypt.org.example/d", NULL },
		{ "https://x.acme-v02.api.letsencrypt.org/d", NULL },
		{ "https://localhost:14000/dir", NULL },
		{ "http://acme-v02.api.letsencrypt.org/directory", NULL },
		{ "https://", NULL },
		{ "", NULL }
	};
	const char *caa;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		caa = responder_caa(t[i].server);
		if (t[i].want == NULL)
			assert_null(caa);
		else
			assert_string_equal(caa, t[i].want);
	}
}

/* The account's URL is a text from a file. */
static void
test_url(void **state)
{
	char long_url[300] = "https://h/";
	const struct {
		const char *uri, *want;
	} t[] = {
		{ "https://h/acct/1", "accounturi=https://h/acct/1\"" },
		{ "https://acme-v01.api.letsencrypt.org/acme/reg/7",
		  "accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/"
		  "7\"" },
		{ NULL, NULL },
		{ "https://h/a b", NULL },
		{ "https://h/a\"b", NULL },
		{ "https://h/a\\b", NULL },
		{ "https://h/a;b", NULL },
		{ "https://h/a\nb", NULL },
		{ "https://h/\303\274", NULL },
		{ long_url, NULL }
	};
	char *names[] = { (char *)(uintptr_t)"*.a.example" };
	struct strs list = { names, 1, 0 };
	struct account a = { .dirname = (char *)(uintptr_t)"id",
		.server = (char *)(uintptr_t)"https://h/d" };
	struct error err;
	struct buf b;

	(void)state;
	memset(long_url + strlen(long_url), 'x', 250);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		a.uri = (char *)(uintptr_t)t[i].uri;
		buf_init(&b, 65536);
		error_clear(&err);
		if (t[i].want != NULL) {
			assert_int_equal(responder_dns(&a, "ca.example",
			    &list, &b, &err), 0);
			assert_non_null(strstr(buf_str(&b), t[i].want));
			assert_non_null(strstr(buf_str(&b),
			    "\na.example. IN CAA 0 issuewild \""));
		} else {
			assert_int_equal(responder_dns(&a, "ca.example",
			    &list, &b, &err), -1);
			assert_int_equal(err.code, CODE_STORE);
		}
		buf_free(&b);
	}
}

static void
test_web(void **state)
{
	static const char *const words[] = { "nginx", "apache", "caddy",
		"haproxy" };
	struct account a = { .dirname = (char *)(uintptr_t)"id\nevil",
		.server = (char *)(uintptr_t)"https://h/d" };
	struct strs none = { NULL, 0, 0 };
	enum responder_kind kind;
	struct error err;
	struct buf b;

	(void)state;
	error_clear(&err);
	assert_int_equal(responder_kind("Nginx", &kind, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_int_equal(responder_kind(words[i], &kind, &err), 0);
		buf_init(&b, 65536);
		a.key.thumbprint[0] = '\0';
		assert_int_equal(responder_web(kind, &a, &none, &b, &err), -1);
		assert_int_equal(err.code, CODE_STORE);
		memcpy(a.key.thumbprint, "THUMB", 6);
		assert_int_equal(responder_web(kind, &a, &none, &b, &err), 0);
		assert_non_null(strstr(buf_str(&b), ".THUMB\""));
		assert_null(strstr(buf_str(&b), "@T@"));
		/* nothing of the account leaves the comment */
		assert_null(strstr(buf_str(&b), "\nevil"));
		buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caa),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_web),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
