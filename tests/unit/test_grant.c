/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "transport/grant.h"
#include "transport/serve.h"

#define B64 "AAAAC3NzaC1lZDI1NTE5AAAAIJ3Xr0c8j1cJ0m1vXJ9cV6mY6f0bX7l1sK4d" \
	"T2q9ZzYx"
#define KEY "ssh-ed25519 " B64

static void
test_key(void **state)
{
	static const struct {
		const char *text;
		const char *want;	/* NULL: refused */
		const char *message;
	} t[] = {
		{ KEY "\n", KEY, NULL },
		{ KEY " root@www\n", KEY " root@www", NULL },
		{ "  " KEY "\troot@www \r\n\n", KEY " root@www ", NULL },
		{ KEY " a\x1b[31mb", KEY " a?[31mb", NULL },
		{ "", NULL, "found no public key" },
		{ "hello world\n", NULL, "found no public key" },
		{ "ssh-dss AAAA x\n", NULL, "found no public key" },
		{ "restrict " KEY "\n", NULL, "found no public key" },
		{ "ssh-ed25519\n", NULL, "damaged" },
		{ "ssh-ed25519 AAAA\n", NULL, "damaged" },
		{ "ssh-ed25519 !!!!\n", NULL, "damaged" },
		{ "ssh-rsa " B64 "\n", NULL, "damaged" },
		{ KEY "\n" KEY "\n", NULL, "more than one line" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n", NULL,
		    "'f': is a private key, want the public one (f.pub)" }
	};
	struct error err;
	char *out = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (t[i].want != NULL) {
			assert_int_equal(recipe_key(t[i].text,
			    strlen(t[i].text), "f", &out, &err), 0);
			assert_string_equal(out, t[i].want);
			free(out);
			continue;
		}
		assert_int_equal(recipe_key(t[i].text, strlen(t[i].text), "f",
		    &out, &err), -1);
		assert_int_equal(err.code, CODE_USAGE);
		if (strstr(err.msg, t[i].message) == NULL)
			fail_msg("%s: %s", t[i].text, err.msg);
		assert_null(strstr(err.msg, "SECRET"));
	}
	assert_int_equal(recipe_key("ssh-ed25519 \0x", 14, "f", &out, &err),
	    -1);
}

static void
check(const struct recipe *r, const char *line, const char *sudoers)
{
	struct error err;
	char *out = NULL;

	assert_int_equal(recipe_check(r, &err), 0);
	assert_int_equal(recipe_authorized_keys(r, &out, &err), 0);
	assert_string_equal(out, line);
	free(out);
	if (sudoers == NULL)
		return;
	assert_int_equal(recipe_sudoers(r, &out, &err), 0);
	assert_string_equal(out, sudoers);
	free(out);
}

#define ENV "Defaults:acmeferry env_keep += " \
	"\"SSH_CONNECTION SSH_ORIGINAL_COMMAND\"\n"

static void
test_lines(void **state)
{
	struct strs names = { 0 }, from = { 0 }, options = { 0 };
	struct recipe r = { .host = "internal.example.com", .key = KEY,
		.rights = "read", .names = &names, .from = &from,
		.user = "root", .self = "/usr/local/bin/acmeferry",
		.self_options = &options };
	struct error err;

	(void)state;
	check(&r, "restrict,command=\"/usr/local/bin/acmeferry serve --allow "
	    "read --client internal.example.com\" " KEY, NULL);
	assert_int_equal(strs_add(&names, "app.example.com", &err), 0);
	assert_int_equal(strs_add(&names, "*.example.com", &err), 0);
	assert_int_equal(strs_add(&from, "10.0.0.0/8", &err), 0);
	assert_int_equal(strs_add(&from, "2001:db8::/32", &err), 0);
	r.account = "https://ca.example/acct/1";
	r.server = "https://ca.example/directory";
	r.rights = "read,write";
	check(&r, "restrict,command=\"/usr/local/bin/acmeferry serve --allow "
	    "read,write --name app.example.com --name '*.example.com' "
	    "--account https://ca.example/acct/1 "
	    "--server https://ca.example/directory "
	    "--client internal.example.com\","
	    "from=\"10.0.0.0/8,2001:db8::/32\" " KEY, NULL);
	r.sudo = true;
	r.user = RECIPE_USER;
	r.self = "/opt/my tools/it's \"here\"/acmeferry";
	assert_int_equal(strs_add(&options, "--config", &err), 0);
	assert_int_equal(strs_add(&options, "/etc/a:b,c", &err), 0);
	check(&r, "restrict,command=\"sudo -n "
	    "'/opt/my tools/it'\\''s \\\"here\\\"/acmeferry' --config "
	    "/etc/a:b,c serve --allow read,write --name app.example.com "
	    "--name '*.example.com' --account https://ca.example/acct/1 "
	    "--server https://ca.example/directory "
	    "--client internal.example.com\","
	    "from=\"10.0.0.0/8,2001:db8::/32\" " KEY,
	    ENV "acmeferry ALL=(root) NOPASSWD: "
	    "/opt/my\\ tools/it\\'s\\ \\\"here\\\"/acmeferry --config "
	    "/etc/a\\:b\\,c serve --allow read\\,write --name "
	    "app.example.com --name \\*.example.com --account "
	    "https\\://ca.example/acct/1 --server "
	    "https\\://ca.example/directory --client internal.example.com");
	strs_free(&names);
	strs_free(&from);
	strs_free(&options);
}

/* The lines that authorize prints, for root and through sudo. */
static void
test_short_lines(void **state)
{
	struct strs names = {0}, from = {0}, options = {0};
	struct recipe r = { .host = "internal", .key = "ssh-ed25519 AAAA me",
		.rights = "read", .names = &names, .from = &from,
		.user = "acmeferry", .self = "/usr/bin/acmeferry",
		.self_options = &options };
	struct error err;
	char *line;

	(void)state;
	assert_int_equal(strs_add(&names, "app.example.com", &err), 0);
	assert_int_equal(strs_add(&from, "10.0.0.0/8", &err), 0);
	assert_int_equal(recipe_check(&r, &err), 0);
	assert_int_equal(recipe_authorized_keys(&r, &line, &err), 0);
	assert_string_equal(line, "restrict,command=\"/usr/bin/acmeferry "
	    "serve --allow read --name app.example.com --client internal\","
	    "from=\"10.0.0.0/8\" ssh-ed25519 AAAA me");
	free(line);

	/* what a shell would take apart is quoted, options are not */
	assert_int_equal(strs_add(&options, "--state-dir", &err), 0);
	assert_int_equal(strs_add(&options, "/a b/it's", &err), 0);
	assert_int_equal(recipe_command(&r, &line, &err), 0);
	assert_string_equal(line, "/usr/bin/acmeferry --state-dir "
	    "'/a b/it'\\''s' serve --allow read --name app.example.com "
	    "--client internal");
	free(line);
	strs_free(&options);

	r.sudo = true;
	r.rights = "read,write";
	assert_int_equal(recipe_sudoers(&r, &line, &err), 0);
	assert_string_equal(line, "Defaults:acmeferry env_keep += "
	    "\"SSH_CONNECTION SSH_ORIGINAL_COMMAND\"\n"
	    "acmeferry ALL=(root) NOPASSWD: /usr/bin/acmeferry serve --allow "
	    "read\\,write --name app.example.com --client internal");
	free(line);
	strs_free(&names);
	strs_free(&from);
}

static void
test_check(void **state)
{
	static const char *const hosts[] = { "", "-x", "a b", "a\"b", "a'b",
		"a\nb", "$(id)", "a;b" };
	static const char *const froms[] = { "", "a b", "\"", "10.0.0.0/8\"",
		"x,y", "-a", "!" };
	struct strs none = { 0 }, from;
	struct recipe r = { .key = KEY, .rights = "read", .names = &none,
		.user = "root", .self = "/a" };
	struct error err;

	(void)state;
	r.from = &none;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		r.host = hosts[i];
		assert_int_equal(recipe_check(&r, &err), -1);
		assert_int_equal(err.code, CODE_USAGE);
	}
	r.host = "h";
	r.from = &from;
	for (size_t i = 0; i < sizeof(froms) / sizeof(froms[0]); i++) {
		memset(&from, 0, sizeof(from));
		assert_int_equal(strs_add(&from, froms[i], &err), 0);
		assert_int_equal(recipe_check(&r, &err), -1);
		strs_free(&from);
	}
}

static void
test_rights(void **state)
{
	static const struct {
		const char *text;
		int want;	/* -1: refused */
	} t[] = {
		{ "read", SERVE_READ },
		{ "write", SERVE_WRITE },
		{ "read,write", SERVE_READ | SERVE_WRITE },
		{ "write,read,read", SERVE_READ | SERVE_WRITE },
		{ "", -1 },
		{ "read,", -1 },
		{ ",read", -1 },
		{ "readx", -1 },
		{ "rea", -1 },
		{ "read write", -1 },
		{ "challenge", SERVE_CHALLENGE },
		{ "read,challenge", SERVE_READ | SERVE_CHALLENGE },
		{ "challenge,write,read", SERVE_READ | SERVE_WRITE |
		    SERVE_CHALLENGE },
		{ "challenges", -1 },
		{ "issue", SERVE_ISSUE },
		{ "read,issue", SERVE_READ | SERVE_ISSUE },
		{ "all", -1 }
	};
	char text[SERVE_RIGHTS_TEXT];
	unsigned int rights;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		rights = 0;
		if (t[i].want == -1) {
			assert_int_equal(serve_rights(t[i].text, &rights,
			    &err), -1);
			assert_int_equal(err.code, CODE_USAGE);
			continue;
		}
		assert_int_equal(serve_rights(t[i].text, &rights, &err), 0);
		assert_int_equal(rights, t[i].want);
	}
	assert_string_equal(serve_rights_text(SERVE_READ, text), "read");
	assert_string_equal(serve_rights_text(SERVE_CHALLENGE | SERVE_READ,
	    text), "read,challenge");
	assert_string_equal(serve_rights_text(SERVE_CHALLENGE | SERVE_READ |
	    SERVE_WRITE, text), "read,write,challenge");
	assert_string_equal(serve_rights_text(0, text), "");
}

/* A web root is quoted for the shell, for authorized_keys and for sudoers. */
static void
test_webroot_lines(void **state)
{
	struct strs names = { 0 }, from = { 0 }, options = { 0 };
	struct recipe r = { .host = "internal", .key = KEY,
		.rights = "read,challenge", .names = &names, .from = &from,
		.user = RECIPE_USER, .sudo = true,
		.self = "/usr/bin/acmeferry", .self_options = &options,
		.webroot = "/srv/my web" };

	(void)state;
	check(&r, "restrict,command=\"sudo -n /usr/bin/acmeferry serve "
	    "--allow read,challenge --webroot '/srv/my web' --client "
	    "internal\" " KEY, ENV "acmeferry ALL=(root) NOPASSWD: "
	    "/usr/bin/acmeferry serve --allow read\\,challenge --webroot "
	    "/srv/my\\ web --client internal");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_short_lines),
		cmocka_unit_test(test_webroot_lines),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_rights)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
