/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "transport/sftp_diff.h"
#include "transport/sftp_list.h"
#include "transport/ssh.h"

static int64_t
fake_now(void)
{
	return 1795617000;	/* 2026-11-25T14:30:00Z */
}

static void
test_url(void **state)
{
	static const struct {
		const char *url, *host, *path;	/* host NULL: refused */
	} t[] = {
		{ "sftp://h/etc/letsencrypt", "h", "/etc/letsencrypt" },
		{ "sftp://u@h:22/etc/letsencrypt//", "h", "/etc/letsencrypt" },
		{ "sftp://u@[::1]:22/", "::1", "/" },
		{ "sftp://h//", "h", "/" },
		{ "sftp://h/a@b:c", "h", "/a@b:c" },
		{ "sftp://h/..x/.y", "h", "/..x/.y" },
		{ "sftp://h", NULL, NULL },
		{ "sftp://h/a/../b", NULL, NULL },
		{ "sftp://h/a/..", NULL, NULL },
		{ "sftp://h/./a", NULL, NULL },
		{ "sftp://h/a b", NULL, NULL },
		{ "sftp://h/a*", NULL, NULL },
		{ "sftp://h/a\nquit", NULL, NULL },
		{ "sftp://u:secret@h/a", NULL, NULL },
		{ "sftp://-oProxyCommand=x/a", NULL, NULL },
		{ "ssh://h/etc", NULL, NULL }
	};
	struct ssh_url u;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		error_clear(&err);
		if (t[i].host == NULL) {
			assert_int_equal(ssh_url_parse(t[i].url, &u, &err),
			    -1);
			assert_int_equal(err.code, CODE_USAGE);
			assert_null(strstr(err.msg, "secret"));
			continue;
		}
		assert_int_equal(ssh_url_parse(t[i].url, &u, &err), 0);
		assert_string_equal(u.host, t[i].host);
		assert_string_equal(u.path, t[i].path);
		ssh_url_free(&u);
	}
}

static void
test_argv(void **state)
{
	struct config_peer p;
	struct strs argv = { 0 };
	struct ssh_url u;
	struct error err;
	char *text, key[] = "/k", hosts[] = "/h 1", config[] = "/c";
	char proxy[] = "ProxyJump=b", *options[] = { proxy, NULL };

	(void)state;
	memset(&p, 0, sizeof(p));
	p.identity_file = key;
	p.known_hosts_file = hosts;
	p.ssh_config = config;
	p.ssh_options.v = options;
	p.ssh_options.n = 1;
	assert_int_equal(ssh_url_parse("sftp://u@[::1]:22/e", &u, &err), 0);
	assert_int_equal(sftp_argv(&p, &u, false, &argv, &err), 0);
	text = strs_join(&argv, " ");
	/* ours first: the first value of each counts */
	assert_ptr_equal(strstr(text, "sftp -o BatchMode=yes -o LogLevel=INFO "
	    "-o StrictHostKeyChecking=yes -o "
	    "NoHostAuthenticationForLocalhost=no -o ForwardAgent=no -o "
	    "ClearAllForwardings=yes "), text);
	assert_non_null(strstr(text, " -i /k -o IdentitiesOnly=yes -o "
	    "UserKnownHostsFile=\"/h 1\" -F /c -o ProxyJump=b -b - -o User=u "
	    "-P 22 -- [::1]"));
	free(text);
	strs_free(&argv);
	assert_int_equal(sftp_argv(&p, &u, true, &argv, &err), 0);
	text = strs_join(&argv, " ");
	assert_ptr_equal(strstr(text, "sftp -o BatchMode=no "), text);
	free(text);
	strs_free(&argv);
	assert_int_equal(ssh_argv(&p, &u, SSH_SFTP, false, SSH_PROBE, &argv,
	    &err), 0);
	text = strs_join(&argv, " ");
	assert_ptr_equal(strstr(text, "ssh -T -s "), text);
	assert_non_null(strstr(text, " -- ::1 sftp"));
	free(text);
	strs_free(&argv);
	ssh_url_free(&u);
}

/* What sftp 9.2 and others print. */
static void
test_list(void **state)
{
	static const char text[] =
	    "drwxr-xr-x    ? root     root         4096 Nov 25 14:29 a/.\n"
	    "drwxr-xr-x    ? root     root         4096 Nov 25 14:29 a/..\n"
	    "-rw-r--r--    1 0        0              58 Nov 26  2025 a/f\n"
	    "lrwxrwxrwx    ? dom user staff          32 Dec  1 09:05 a/l n k\n"
	    "-rwsr-S--t    ? Jan 1    root           12 Jan  2 00:00 a/s\n"
	    "-rw-r--r--    ? root     root            1 Nov 25 14:29 a/b/c\n"
	    "-rw-r--r--    ? root     root            1 Nov 25 14:29 b/x\n"
	    "-rw-r--r--    ? root     root            1 Nov 25 14:29 a/new\n"
	    "line\n"
	    "-rw-r--r--    ? root     root            1 Nov 25 14:29 a/e\x1b\n"
	    "-rw-r--r--    ? root     root            1 Nov 25 14:29 a/\n"
	    "sftp> -ls\n"
	    "total 3\n";
	struct sftp_listing l;
	struct error err;

	(void)state;
	clock_replace(fake_now, NULL, NULL);
	assert_int_equal(sftp_list_parse(text, "a/", 10, &l, &err), 0);
	assert_int_equal(l.n, 4);
	assert_string_equal(l.self.name, ".");
	assert_string_equal(l.self.owner, "root");
	assert_int_equal(l.self.mode, 0755);
	assert_string_equal(l.v[0].name, "f");
	assert_int_equal(l.v[0].type, '-');
	assert_int_equal(l.v[0].size, 58);
	assert_string_equal(l.v[0].owner, "0");
	assert_int_equal(l.v[0].time, 1764115200);
	assert_string_equal(l.v[1].name, "l n k");
	assert_int_equal(l.v[1].type, 'l');
	/* December is last year's */
	assert_int_equal(l.v[1].time, 1764579900);
	assert_int_equal(l.v[2].mode, 07741);
	assert_int_equal(l.v[2].size, 12);
	assert_string_equal(l.v[3].name, "new");
	assert_ptr_equal(sftp_listing_find(&l, "s"), &l.v[2]);
	assert_null(sftp_listing_find(&l, "x"));
	sftp_listing_free(&l);
	assert_int_equal(sftp_list_parse(text, "a/", 3, &l, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_int_equal(sftp_list_parse("-rw-r--r--    ? r r 1 Nov 25 14:29 x",
	    "", 3, &l, &err), 0);
	assert_string_equal(l.v[0].name, "x");
	sftp_listing_free(&l);
	clock_replace(NULL, NULL, NULL);
}

/* Cut anywhere, or with one byte changed, it is read or passed over. */
static void
test_list_cut(void **state)
{
	static const char text[] =
	    "-rw-r--r--    ? root     root  99999999999999999999999 Nov 25 "
	    "14:29 a/f\ndrwxrwsrwt    ? r        g            1 Feb 29  2023 "
	    "a/.\n";
	char copy[sizeof(text)];
	struct sftp_listing l;
	struct error err;

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		memcpy(copy, text, sizeof(text));
		copy[cut] = '\0';
		assert_int_equal(sftp_list_parse(copy, "a/", 3, &l, &err), 0);
		sftp_listing_free(&l);
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, text, sizeof(text));
			copy[cut] = (char)(copy[cut] ^ (1 << bit));
			copy[sizeof(text) - 1] = '\0';
			assert_int_equal(sftp_list_parse(copy, "a/", 3, &l,
			    &err), 0);
			for (size_t i = 0; i < l.n; i++)
				assert_null(strchr(l.v[i].name, '/'));
			sftp_listing_free(&l);
		}
	}
}

static void
test_words(void **state)
{
	static const char said[] =
	    "Can't ls: \"/e/accounts\" not found\r\n"
	    "remote readdir(\"/e/accounts/x/\"): Permission denied\n"
	    "File \"/e/accounts/x/f\" not found.\n"
	    "remote open \"/e/g\": Failure\n";
	struct strs l = { 0 }, paths = { 0 };
	struct error err;
	struct buf b;
	char why[32];

	(void)state;
	assert_true(sftp_why(said, "/e/accounts", why, sizeof(why)));
	assert_string_equal(why, "not found");
	assert_true(sftp_why(said, "/e/accounts/x/", why, sizeof(why)));
	assert_string_equal(why, "Permission denied");
	assert_true(sftp_why(said, "/e/g", why, sizeof(why)));
	assert_string_equal(why, "Failure");
	assert_false(sftp_why(said, "/e/acc", why, sizeof(why)));
	assert_false(sftp_why("", "/e", why, sizeof(why)));

	buf_init(&b, 100);
	sftp_quote(&b, "/a b/[x]*?\\'\"#~é");
	assert_string_equal(buf_str(&b), "\"/a b/[x]*?\\\\'\\\"#~é\"");
	buf_free(&b);
	assert_int_equal(sftp_command(&l, "put -f", "a", "b c", &err), 0);
	assert_string_equal(l.v[0], "-put -f \"a\" \"b c\"");
	strs_free(&l);

	assert_int_equal(sftp_pwd_parse("x\nRemote working directory: /a b\n"
	    "Remote working directory: /\n", &paths, &err), 0);
	assert_int_equal(paths.n, 2);
	assert_string_equal(paths.v[0], "/a b");
	strs_free(&paths);
}

/* ---- the difference ------------------------------------------------------ */

#define S "accounts/s/directory"
#define A S "/0a"

static void
add(struct sftp_state *s, const char *path, char type, const char *what)
{
	struct error err;

	s->v = realloc(s->v, (s->n + 1) * sizeof(*s->v));
	assert_non_null(s->v);
	s->v[s->n].type = type;
	s->v[s->n].what = NULL;
	assert_int_equal(str_dup(&s->v[s->n].path, path, &err), 0);
	assert_int_equal(str_dup(&s->v[s->n].what, what, &err), 0);
	s->n++;
}

/* "d PATH;- PATH WHAT;l PATH WHAT", sorted by path */
static void
read_state(const char *text, struct sftp_state *s)
{
	char copy[512], *save = copy, *item, *path, *what;

	memset(s, 0, sizeof(*s));
	assert_true(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	while ((item = strsep(&save, ";")) != NULL) {
		if (*item == '\0')
			continue;
		path = item + 2;
		what = strchr(path, ' ');
		if (what != NULL)
			*what++ = '\0';
		add(s, path, item[0], what);
	}
}

static void
test_steps(void **state)
{
	static const char *const names[STEP_KINDS] = { "unlink", "mkdir",
		"account", "file", "exchange", "link", "conf", "drop-link",
		"drop" };
	static const struct {
		const char *before, *after, *steps;
	} t[] = {
		{ "", "", "" },
		{ "", "d accounts/s;d " S ";d " A ";- " A "/meta.json 1;- " A
		    "/private_key.json 2;- " A "/regr.json 3;",
		    "mkdir accounts/s;mkdir " S ";account " A ";" },
		{ "d " A ";- " A "/private_key.json 2;- " A "/regr.json 3;",
		    "d " A ";- " A "/private_key.json 2;- " A "/regr.json 4;",
		    "file " A "/regr.json;" },
		{ "d " A ";- " A "/private_key.json 2;- " A "/regr.json 3;",
		    "d " A ";- " A "/private_key.json 1;- " A "/regr.json 4;",
		    "exchange " A ";" },
		{ "d " A ";- " A "/regr.json 3;",
		    "d " A ";- " A "/private_key.json 1;- " A "/regr.json 3;",
		    "exchange " A ";" },
		/* moved, and the lineage follows before the old one goes */
		{ "d " A ";- " A "/regr.json 3;- renewal/a.conf 1;",
		    "d " S "/0b;- " S "/0b/regr.json 3;- renewal/a.conf 2;",
		    "account " S "/0b;conf renewal/a.conf;drop " A ";" },
		/* a dangling link makes room */
		{ "l accounts/s /x;", "d accounts/s;",
		    "unlink accounts/s;mkdir accounts/s;" },
		{ "l " S "/0a /x;", "l " S "/0b /y;",
		    "link " S "/0b;drop-link " S "/0a;" },
		{ "l " S "/0a /x;", "l " S "/0a /y;", "link " S "/0a;" },
		/* the deeper goes first */
		{ "d accounts/s;d " S ";d " A ";- " A "/regr.json 3;", "",
		    "drop " A ";drop " S ";drop accounts/s;" }
	};
	struct sftp_state before, after;
	struct sftp_steps steps;
	struct error err;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		read_state(t[i].before, &before);
		read_state(t[i].after, &after);
		assert_int_equal(sftp_steps_make(&before, &after, &steps,
		    &err), 0);
		buf_init(&b, 1000);
		for (size_t k = 0; k < steps.n; k++)
			buf_addf(&b, "%s %s;", names[steps.v[k].kind],
			    steps.v[k].path);
		assert_string_equal(buf_str(&b), t[i].steps);
		buf_free(&b);
		sftp_steps_free(&steps);
		sftp_state_free(&before);
		sftp_state_free(&after);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url), cmocka_unit_test(test_argv),
		cmocka_unit_test(test_list), cmocka_unit_test(test_list_cut),
		cmocka_unit_test(test_words), cmocka_unit_test(test_steps)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
