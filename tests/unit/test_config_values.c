/* SPDX-License-Identifier: ISC */
/* Single values: names, servers, accounts, words that are near. */
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/config.h"
#include "config/schema.h"
#include "config/suggest.h"
#include "config/tree.h"
#include "config/url.h"
#include "config/value.h"
#include "store/server.h"

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *text, *want;	/* NULL: refused */
} domains[] = {
	{ "example.com", "example.com" },
	{ "WWW.Example.COM", "www.example.com" },
	{ "example.com.", "example.com" },
	{ "*.example.com", "*.example.com" },
	{ "intern", "intern" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
	{ "B\xc3\x9c" "CHER.example", "xn--bcher-kva.example" },
	/* not normalised: u and a combining diaeresis */
	{ "bu\xcc\x88" "cher.example", "xn--bcher-kva.example" },
	{ "stra\xc3\x9f" "e.example", "xn--strae-oqa.example" },
	{ "*.b\xc3\xbc" "cher.example", "*.xn--bcher-kva.example" },
	{ "1.example.com", "1.example.com" },
	{ L63 ".com", L63 ".com" },
	{ L63 "a.com", NULL },
	{ L63 "." L63 "." L63 "." L63, NULL },
	{ "", NULL },
	{ ".", NULL },
	{ "*", NULL },
	{ "*.", NULL },
	{ "a.*.b", NULL },
	{ "*.*.b", NULL },
	{ "-a.com", NULL },
	{ "a-.com", NULL },
	{ "a..b", NULL },
	{ ".a", NULL },
	{ "a_b.com", NULL },
	{ "a b.com", NULL },
	{ "a.com/x", NULL },
	{ "a.com:80", NULL },
	{ "192.0.2.1", NULL },
	{ "2001:db8::1", NULL },
	{ "a\xff.com", NULL },
	{ "\xe2\x80\xae" "abc.com", NULL },
};

static void
test_domains(void **state)
{
	struct error err;
	char *out;
	int rc;

	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		rc = config_domain(domains[i].text, &out, &err);
		if (domains[i].want == NULL) {
			if (rc != -1)
				fail_msg("'%s' gave '%s'", domains[i].text,
				    out);
			assert_int_equal(err.code, CODE_USAGE);
			continue;
		}
		if (rc == -1)
			fail_msg("'%s': %s", domains[i].text, err.msg);
		assert_string_equal(out, domains[i].want);
		free(out);
	}
	assert_int_equal(config_domain("a..b", &out, &err), -1);
	assert_string_equal(err.msg, "found 'a..b', want a domain name");
}

/* config's check is as strict as the store's, which it may not include. */
static void
test_servers(void **state)
{
	static const struct {
		const char *url;
		bool ok;
	} urls[] = {
		{ "https://acme-v02.api.letsencrypt.org/directory", true },
		{ "https://ca.example:14000/dir", true },
		{ "https://[::1]:14000/dir", true },
		{ "https://ca.example/acme/internal/directory", true },
		{ "https://ca.example/a~b._-/D", true },
		{ "http://ca.example/dir", false },
		{ "https://", false },
		{ "https:///dir", false },
		{ "https://u@ca.example/dir", false },
		{ "https://u:p@ca.example/dir", false },
		{ "https://ca.example/../dir", false },
		{ "https://ca.example/./dir", false },
		{ "https://ca.example/dir?x", false },
		{ "https://ca.example/dir#x", false },
		{ "https://ca.example/d%69r", false },
		{ "https://ca.example/a//b", false },
		{ "https://ca.example:0/dir", false },
		{ "https://ca.example:65536/dir", false },
		{ "https://ca.example:/dir", false },
		{ "https://ca.example/d6bcbd8bc1571fa0cd1c8bbc9e0d4ad3",
		    false },
		{ "https://ca.example/d6bcbd8bc1571fa0cd1c8bbc9e0d4ad3/x",
		    true },
		{ "https://ca example/dir", false },
		{ "ca.example", false },
		{ "", false },
	};
	struct error err;
	char *normal;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		normal = NULL;
		if ((value_server(urls[i].url, &normal, &err) == 0) !=
		    urls[i].ok)
			fail_msg("config: %s", urls[i].url);
		if ((server_check(urls[i].url, &err) == 0) != urls[i].ok)
			fail_msg("store: %s", urls[i].url);
	}
}

static void
test_urls(void **state)
{
	struct url u;

	(void)state;
	assert_true(url_split("ssh://root@[2001:db8::1%eth0]:22/x", &u));
	assert_int_equal(u.host_len, strlen("2001:db8::1%eth0"));
	assert_true(u.literal);
	assert_int_equal(u.port, 22);
	assert_int_equal(u.user_len, 4);
	assert_string_equal(u.rest, "/x");
	assert_false(url_split("ssh://", &u));
	assert_false(url_split("ssh://[::1", &u));
	assert_false(url_split("ssh://[]", &u));
	assert_false(url_split("ssh://@h", &u));
	assert_false(url_split("ssh://h:22x", &u));
	assert_false(url_split("ssh://-h", &u));
	assert_false(url_split("ssh://-u@h", &u));
	assert_false(url_split("ssh://a:b:c", &u));
	assert_false(url_split("://h", &u));
	assert_false(url_split("nothing", &u));
	assert_false(url_split("ssh://u:p@h", &u));
	assert_true(u.password);
}

static void
test_accounts(void **state)
{
	static const char *const good[] = { "d6bc",
		"d6bcbd8bc1571fa0cd1c8bbc9e0d4ad3",
		"https://ca.example/acme/acct/1" };
	static const char *const bad[] = { "", "d6b", "D6BC", "xyzw",
		"d6bcbd8bc1571fa0cd1c8bbc9e0d4ad3a",
		"http://ca.example/acme/acct/1", "https://u:p@ca/1",
		"https://ca.example" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (config_check_account(good[i], &err) == -1)
			fail_msg("%s", err.msg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (config_check_account(bad[i], &err) == 0)
			fail_msg("'%s' passes", bad[i]);
}

static void
test_names(void **state)
{
	static const struct {
		const char *url, *name;
	} urls[] = {
		{ "ssh://root@www.example.com:22", "www.example.com" },
		{ "ssh://[2001:db8::1]", "2001_db8__1" },
		{ "file:///mnt/usb stick", "mnt_usb_stick" },
		{ "file:///", "file" },
		{ "exec:", "exec" },
	};
	struct error err;
	char *name, *normal = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(value_name_of_url(urls[i].url, &name, &err),
		    0);
		assert_string_equal(name, urls[i].name);
		assert_int_equal(value_peer_name(name, &normal, &err), 0);
		free(name);
	}
}

static void
test_absolute(void **state)
{
	char cwd[PATH_MAX], want[PATH_MAX + 16];
	struct error err;
	char *out;

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(config_absolute("./a//", &out, &err), 0);
	(void)snprintf(want, sizeof(want), "%s/a", cwd);
	assert_string_equal(out, want);
	free(out);
	assert_int_equal(config_absolute("///", &out, &err), 0);
	assert_string_equal(out, "/");
	free(out);
	assert_int_equal(config_absolute("", &out, &err), -1);
}

static void
test_suggest(void **state)
{
	static const char *const words[] = { "migrate", "list", "check",
		"verify", "pull", "push", "config" };
	static const struct {
		const char *typed, *best;
	} rows[] = {
		{ "lst", "list" }, { "lits", "list" }, { "veryfy", "verify" },
		{ "mig", "migrate" }, { "pul", "pull" }, { "conf", "config" },
		{ "puhs", "push" }, { "x", NULL }, { "", NULL },
		{ "renew", NULL }, { "li", NULL }, { L63, NULL },
		{ "checkk", "check" },
	};
	struct suggest s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		suggest_begin(&s, rows[i].typed);
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			suggest_offer(&s, words[k]);
		if (rows[i].best == NULL && s.best != NULL)
			fail_msg("'%s' gave '%s'", rows[i].typed, s.best);
		if (rows[i].best != NULL && (s.best == NULL ||
		    strcmp(s.best, rows[i].best) != 0))
			fail_msg("'%s' gave '%s'", rows[i].typed,
			    s.best != NULL ? s.best : "nothing");
	}
}

static void
test_scalars(void **state)
{
	static const struct {
		const char *text;
		enum scalar kind;
	} rows[] = {
		{ "", SCALAR_NULL }, { "~", SCALAR_NULL },
		{ "NULL", SCALAR_NULL }, { "yes", SCALAR_BOOL },
		{ "Off", SCALAR_BOOL }, { "y", SCALAR_BOOL },
		{ "0", SCALAR_NUMBER }, { "-1.5", SCALAR_NUMBER },
		{ "1e10", SCALAR_NUMBER }, { "1e-10", SCALAR_NUMBER },
		{ "0x1f", SCALAR_NUMBER }, { "0o17", SCALAR_NUMBER },
		{ "1:30", SCALAR_NUMBER }, { ".inf", SCALAR_NUMBER },
		{ "-.INF", SCALAR_NUMBER }, { "1_000", SCALAR_NUMBER },
		{ "-", SCALAR_TEXT }, { ".", SCALAR_TEXT },
		{ "e10", SCALAR_TEXT }, { "30s", SCALAR_TEXT },
		{ "0x", SCALAR_TEXT }, { "deadbeef", SCALAR_TEXT },
		{ "yesno", SCALAR_TEXT }, { "1-2", SCALAR_TEXT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (scalar_kind(rows[i].text) != rows[i].kind)
			fail_msg("'%s'", rows[i].text);
}

/* The table itself: names are there once, defaults pass their own checks. */
static void
test_schema(void **state)
{
	const char *name;
	size_t n = 0;

	(void)state;
	while ((name = config_key_name(n)) != NULL) {
		assert_true(strlen(schema[n].comment) > 0);
		n++;
	}
	assert_int_equal(n, schema_size);
	assert_string_equal(config_key_name(0), "certbot.config_dir");
	assert_non_null(schema_peer_key("known-hosts-file"));
	assert_ptr_equal(schema_peer_key("known_hosts_file"),
	    schema_peer_key("known-hosts-file"));
	assert_null(schema_peer_key("known"));
	assert_null(schema_peer_key("urls"));
	assert_true(strlen(config_library()) > 0);
}

static void
test_challenge_check(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} t[] = {
		{ "auto", true }, { "off", true }, { "www:80", true },
		{ "192.0.2.1:8080", true }, { "[2001:db8::1]:80", true },
		{ "", false }, { "www", false }, { "www:", false },
		{ "www:0", false }, { "www:65536", false },
		{ "u@www:80", false }, { "www:80/", false },
		{ "-x:80", false }, { "a b:80", false }, { "AUTO", false },
		{ "http://www:80", false }, { "2001:db8::1:80", false }
	};
	struct error err;
	char *normal = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if ((value_challenge_check(t[i].text, &normal, &err) == 0) !=
		    t[i].ok)
			fail_msg("'%s'", t[i].text);
	assert_null(normal);
}

static void
test_object_urls(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} t[] = {
		{ "https://h/x.cms", true }, { "https://h:8443/b/x.cms", true },
		{ "https://[2001:db8::1]/x.cms", true },
		{ "https://h/a%20b/x+y.cms", true }, { "https://h/.cms", true },
		{ "https://h", false }, { "https://h/", false },
		{ "https://h/x", false }, { "https://h/x.cms/", false },
		{ "https://h//x.cms", false }, { "https://h/../x.cms", false },
		{ "https://h/./x.cms", false }, { "https://h/x y.cms", false },
		{ "https://h/x.cms?sig=1", false },
		{ "https://h/x?.cms", false }, { "https://h/x#.cms", false },
		{ "https://u@h/x.cms", false }, { "https://:1/x.cms", false },
		{ "https://h/\n.cms", false }, { "https://h/\xff.cms", false },
	};
	static const struct {
		const char *text;
		bool ok;
	} s[] = {
		{ "aws:amz:us-east-1:s3", true }, { "aws:amz:a:b", true },
		{ "aws:amz:us-east-1", false }, { "aws:amz::s3", false },
		{ "aws:amz:us-east-1:", false }, { "aws:amz:a:b:c", false },
		{ "AWS:amz:a:b", false }, { "", false }, { "aws:amz", false },
		{ "aws:amz:a b:s3", false },
	};
	struct error err;
	char *normal = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if ((value_peer_url(t[i].text, &normal, &err) == 0) != t[i].ok)
			fail_msg("'%s'", t[i].text);
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++)
		if ((value_sigv4(s[i].text, &normal, &err) == 0) != s[i].ok)
			fail_msg("'%s'", s[i].text);
	assert_null(normal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_object_urls),
		cmocka_unit_test(test_challenge_check),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
