/* SPDX-License-Identifier: ISC */
/* What a configuration may say, and each message about what it may not. */
#include "unit.h"

#include "base/log.h"
#include "config/config.h"
#include "tmpdir.h"

#define MAIN "config.yml"

static struct strs problems;

/* Loads tmp_dir/config.yml; the problems in `problems`. */
static int
load(bool lenient, struct config **out, struct error *err)
{
	char path[128];

	strs_free(&problems);
	(void)snprintf(path, sizeof(path), "%s/" MAIN, tmp_dir);
	return config_load_all(path, false, lenient, out, &problems, err);
}

static struct config *
load_ok(void)
{
	struct config *c = NULL;
	struct error err;

	if (load(false, &c, &err) == -1)
		fail_msg("%s", err.msg);
	return c;
}

/* Every problem on a line; the file's path is left out. */
static const char *
all_problems(void)
{
	static char text[65536];
	size_t used = 0, cut = strlen(tmp_dir) + 2;
	const char *line;

	text[0] = '\0';
	for (size_t i = 0; i < problems.n; i++) {
		line = problems.v[i];
		if (str_starts(line + 1, tmp_dir))
			line += cut;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "%s\n", line);
	}
	return text;
}

static void
clean(void)
{
	struct error err;

	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("config.d"),
	    &err), 0);
	(void)unlink(tmp_path(MAIN));
	assert_int_equal(mkdir(tmp_path("config.d"), 0700), 0);
}

/* One wrong thing each; AT is config.yml's place. */
static const struct {
	const char *yaml, *want;
} wrong[] = {
	{ "certbot:\n  config_dir: etc\n", "2, column 15: certbot.config_dir: "
	    "found 'etc', want an absolute path" },
	{ "certbot:\n  config_dir: \"\"\n", "2, column 15: "
	    "certbot.config_dir: found an empty text, want certbot's "
	    "--config-dir" },
	{ "certbot:\n  progam: x\n", "2, column 3: certbot.progam: unknown "
	    "key, did you mean 'program'" },
	{ "certbot:\n  program: bin/certbot\n", "2, column 12: "
	    "certbot.program: found 'bin/certbot', want an absolute path" },
	{ "certbot:\n  program: -c\n", "2, column 12: certbot.program: found "
	    "'-c', want the name of a program or its absolute path" },
	{ "certbot: /etc\n", "1, column 10: certbot: found a text ('/etc'), "
	    "want a map of keys" },
	{ "server: https://x/\n", "1, column 1: server: unknown key, it "
	    "belongs into 'acme'" },
	{ "acme: {state_dir: /x}\n", "1, column 8: acme.state_dir: unknown "
	    "key, it belongs to the top level" },
	{ "peer: {}\n", "1, column 1: peer: unknown key, did you mean "
	    "'peers'" },
	{ "prometheus_file: \"\"\n", "1, column 1: prometheus_file: unknown "
	    "key" },
	{ "max_parallel: 0\n", "1, column 15: max_parallel: found '0', want "
	    "a number from 1 to 1000" },
	{ "max_parallel: 1001\n", "1, column 15: max_parallel: found '1001', "
	    "want a number from 1 to 1000" },
	{ "max_parallel: 16s\n", "1, column 15: max_parallel: found a text "
	    "('16s'), want a number" },
	{ "max_parallel: -3\n", "1, column 15: max_parallel: found '-3', "
	    "want a number from 1 to 1000" },
	{ "max_parallel: \"8\"\n", "1, column 15: max_parallel: found a text "
	    "('8'), want a number" },
	{ "state_dir: 8\n", "1, column 12: state_dir: found a number ('8'), "
	    "want a text, so put it in quotes" },
	{ "state_dir: yes\n", "1, column 12: state_dir: found a boolean "
	    "('yes'), want a text, so put it in quotes" },
	{ "state_dir:\n", "1, column 11: state_dir: found nothing, want a "
	    "text" },
	{ "state_dir: [/x]\n", "1, column 12: state_dir: found a list, want "
	    "a text" },
	{ "state_dir: {a: b}\n", "1, column 12: state_dir: found a map, want "
	    "a text" },
	{ "lock_timeout: 30\n", "1, column 15: lock_timeout: found '30', want "
	    "auto or a duration such as 90s, 15m, 24h or 30d" },
	{ "lock_timeout: never\n", "1, column 15: lock_timeout: found "
	    "'never', want auto or a duration such as 90s, 15m, 24h or 30d" },
	{ "quiet_for: auto\n", "1, column 12: quiet_for: found 'auto', want a "
	    "duration such as 90s, 15m, 24h or 30d" },
	{ "quiet_for: -5m\n", "1, column 12: quiet_for: found '-5m', want a "
	    "duration such as 90s, 15m, 24h or 30d" },
	{ "quiet_for: [5m]\n", "1, column 12: quiet_for: found a list, want a "
	    "duration such as 90s, 15m, 24h or 30d" },
	{ "quiet_for: 1h\nquiet_for: 1h\n", "2, column 1: quiet_for: is there "
	    "twice, before that in line 1" },
	{ "environment: FOO\n", "1, column 14: environment: found a text "
	    "('FOO'), want a list such as [one, two]" },
	{ "environment: [LD_PRELOAD]\n", "1, column 15: environment: found "
	    "'LD_PRELOAD', want none of LD_*, which no child gets" },
	{ "environment: [A=b]\n", "1, column 15: environment: found 'A=b', "
	    "want the name of a variable; '*' at its end stands for "
	    "anything" },
	{ "environment: [A, A]\n", "1, column 18: environment: found 'A' "
	    "twice" },
	{ "environment: [\"\"]\n", "1, column 15: environment: found an empty "
	    "text" },
	{ "acme: {server: \"http://ca.example/\"}\n", "1, column 16: "
	    "acme.server: found 'http://ca.example/', want the directory URL "
	    "of an ACME server, such as "
	    "https://acme-v02.api.letsencrypt.org/directory" },
	{ "acme: {proxy: \"http://me:secret@proxy:1\"}\n", "1, column 15: "
	    "acme.proxy: found a password in the URL, want none; secrets are "
	    "in files" },
	{ "acme: {reuse_cutoff: boulders}\n", "1, column 22: "
	    "acme.reuse_cutoff: found 'boulders', want auto or boulder or a "
	    "duration such as 90s, 15m, 24h or 30d" },
	{ "acme: {profile: \"a\\nb\"}\n", "1, column 17: acme.profile: found "
	    "control characters ('a?b'), want one line of text" },
	{ "peers: []\n", "1, column 8: peers: found a list, want a map of "
	    "names" },
	{ "peers: {a: x}\n", "1, column 12: peers.a: found a text ('x'), want "
	    "a map of keys" },
	{ "peers: {a: {}}\n", "1, column 9: peers.a.url: is missing, want "
	    "ssh://[user@]host[:port], "
	    "sftp://[user@]host[:port]/directory, https://host/path.cms, "
	    "file:///directory, file:///bundle.cms, or 'exec:' with command" },
	{ "peers: {\"a b\": {url: \"ssh://h\"}}\n", "1, column 9: peers: "
	    "found 'a b', want a name of letters, digits, '.', '_' and '-'" },
	{ "peers: {? [a] : {}}\n", "1, column 11: peers: found a list as a "
	    "key, want a name" },
	{ "peers: {a: {url: \"ssh://u:p@h\"}}\n", "1, column 18: peers.a.url: "
	    "found a password in the URL, want none; secrets are in files" },
	{ "peers: {a: {url: \"sftp://u:p@h/x\"}}\n", "1, column 18: "
	    "peers.a.url: found a password in the URL, want none; secrets are "
	    "in files" },
	{ "peers: {a: {url: \"ftp://h/x\"}}\n", "1, column 18: peers.a.url: "
	    "found 'ftp://h/x', want ssh://[user@]host[:port], "
	    "sftp://[user@]host[:port]/directory, https://host/path.cms, "
	    "file:///directory, file:///bundle.cms or exec:" },
	{ "peers: {a: {url: \"sftp://h\"}}\n", "1, column 18: peers.a.url: "
	    "found 'sftp://h', want "
	    "sftp://[user@]host[:port]/etc/letsencrypt: a path of letters, "
	    "digits and '._~@+,=:-', without '.' and '..'" },
	{ "peers: {a: {url: \"sftp://h/a/../b\"}}\n", "1, column 18: "
	    "peers.a.url: found 'sftp://h/a/../b', want "
	    "sftp://[user@]host[:port]/etc/letsencrypt: a path of letters, "
	    "digits and '._~@+,=:-', without '.' and '..'" },
	{ "peers: {a: {url: \"sftp://h/e\", challenge: true}}\n", "1, "
	    "column 9: peers.a.webroot: is missing; challenge needs it where "
	    "the url is sftp:// or a directory" },
	{ "peers: {a: {url: \"file:///x.cms\"}}\n", "1, column 9: "
	    "peers.a.senders: is missing; want the certificates of those "
	    "whose bundle is opened" },
	{ "peers: {a: {url: /x.cms, direction: push, senders: [/s]}}\n",
	    "1, column 9: peers.a.recipients: is missing; want the "
	    "certificates of those for whom the bundle is sealed" },
	{ "peers: {a: {url: /x.cms, senders: [/s], challenge: true}}\n",
	    "1, column 52: peers.a.challenge: is not for a sealed bundle, "
	    "which no web server serves" },
	{ "peers: {a: {url: /x.cms, senders: [/s], webroot: /w}}\n",
	    "1, column 50: peers.a.webroot: is not for a sealed bundle, "
	    "which no web server serves" },
	{ "peers: {a: {url: \"ssh://h\", senders: [/s]}}\n", "1, column "
	    "38: peers.a.senders: is only for a url of a sealed bundle "
	    "(.cms)" },
	{ "peers: {a: {url: \"ssh://h\", recipients: [s]}}\n", "1, column "
	    "42: peers.a.recipients: found 's', want an absolute path" },
	{ "peers: {a: {url: \"ssh://-oProxyCommand=x\"}}\n", "1, column 18: "
	    "peers.a.url: found 'ssh://-oProxyCommand=x', want "
	    "ssh://[user@]host[:port]" },
	{ "peers: {a: {url: \"ssh://h/etc\"}}\n", "1, column 18: peers.a.url: "
	    "found 'ssh://h/etc', want ssh://[user@]host[:port]" },
	{ "peers: {a: {url: \"ssh://h:0\"}}\n", "1, column 18: peers.a.url: "
	    "found 'ssh://h:0', want ssh://[user@]host[:port]" },
	{ "peers: {a: {url: \"exec:\"}}\n", "1, column 9: peers.a.command: is "
	    "missing; 'exec:' needs the argv that reaches 'acmeferry serve'" },
	{ "peers: {a: {url: \"ssh://h\", command: [x]}}\n", "1, column 38: "
	    "peers.a.command: is only for the url 'exec:'" },
	{ "peers: {a: {url: \"file:///x\", ssh_options: [A=b]}}\n",
	    "1, column 44: peers.a.ssh_options: is only for a url of ssh:// "
	    "or sftp://" },
	{ "peers: {a: {url: \"ssh://h\", ssh_options: [-oX]}}\n",
	    "1, column 43: peers.a.ssh_options: found '-oX', want an option "
	    "as ssh -o takes it, such as ProxyJump=bastion" },
	{ "peers: {a: {url: \"ssh://h\", deadline: 0s}}\n",
	    "1, column 39: peers.a.deadline: is 0, want a time in which the "
	    "far end can answer" },
	{ "peers: {a: {url: \"ssh://h\", direction: pul}}\n", "1, column 40: "
	    "peers.a.direction: found 'pul', want pull or push" },
	{ "peers: {a: {url: \"ssh://h\", prefix: x}}\n", "1, column 29: "
	    "peers.a.prefix: unknown key" },
	{ "peers: {a: {url: \"ssh://h\", accounts: [1234]}}\n",
	    "1, column 40: peers.a.accounts: found a number ('1234'), want a "
	    "text, so put it in quotes" },
	{ "peers: {a: {url: \"ssh://h\", accounts: [abc]}}\n", "1, column 40: "
	    "peers.a.accounts: found 'abc', want an account URL, an id of 32 "
	    "hexadecimal digits, or at least its first 4" },
	{ "certificates: {a: {}}\n", "1, column 16: certificates.a.domains: "
	    "is missing, want its names" },
	{ "certificates: {a: {domains: []}}\n", "1, column 29: "
	    "certificates.a.domains: found an empty list, want at least one" },
	{ "certificates: {../a: {domains: [a.b]}}\n", "1, column 16: "
	    "certificates: found '../a', want the name of a lineage as "
	    "'certbot certificates' shows it" },
	{ "certificates: {a: {domains: [a..b]}}\n", "1, column 30: "
	    "certificates.a.domains: found 'a..b', want a domain name" },
	{ "certificates: {a: {domains: [a.b, A.B.]}}\n", "1, column 35: "
	    "certificates.a.domains: found 'a.b' twice" },
	{ "certificates: {a: {domains: [a.b], peer: [x]}}\n", "1, column 43: "
	    "certificates.a.peer: found 'x', want the name of a peer that is "
	    "configured" },
	{ "certificates: {a: {domains: [a.b], peer: [x]}}\n"
	    "peers: {x: {url: \"ssh://h\", direction: push}}\n",
	    "1, column 43: certificates.a.peer: found 'x', which has "
	    "direction push, want a peer with direction pull" },
	{ "certificates: {a: {domains: [a.b], issuer: lego}}\n",
	    "1, column 44: certificates.a.issuer: found 'lego', want auto, "
	    "certbot, builtin or peer" },
	{ "certificates: {a: {domains: [a.b], authenticator: webroot}}\n",
	    "1, column 51: certificates.a.authenticator: found 'webroot', "
	    "want guard or hook" },
	{ "certificates: {a: {domains: [a.b], reuse_key: \"true\"}}\n",
	    "1, column 47: certificates.a.reuse_key: found a text ('true'), "
	    "want true or false" },
	{ "certificates: {a: {domains: [a.b], reuse_key: on}}\n",
	    "1, column 47: certificates.a.reuse_key: found a boolean ('on'), "
	    "want true or false" },
	{ "certificates: {a: {domains: [a.b], key_type: dsa}}\n",
	    "1, column 46: certificates.a.key_type: found 'dsa', want "
	    "ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-2048, rsa-3072 or "
	    "rsa-4096" },
	{ "certificates: {a: {domains: [a.b], alarm_when: 1d}}\n",
	    "1, column 36: certificates.a.alarm_when: unknown key" },
	{ "certificates: {a: {domains: [a.b], alarm_before: x}}\n",
	    "1, column 50: certificates.a.alarm_before: found 'x', want auto "
	    "or a duration such as 90s, 15m, 24h or 30d" },
	{ "certificates: {a: {domains: [a.b], served: [\"a:0\"]}}\n",
	    "1, column 45: certificates.a.served: found 'a:0', want HOST:PORT "
	    "or [ADDRESS]:PORT" },
	{ "x: &a 1\n", "1, column 1: x: unknown key\nconfig.yml': line 1, "
	    "column 4: anchors (&) are not taken here, write the value "
	    "itself" },
	{ "state_dir: *a\n", "1, column 12: aliases (*) are not taken here, "
	    "write the value itself" },
	{ "state_dir: !!str /x\n", "1, column 12: tags (!) are not taken "
	    "here, write the value itself" },
	{ "state_dir: /a\n---\nstate_dir: /b\n", "2, column 1: a second "
	    "document starts here, want only one" },
	{ "state_dir: \"/a\\0b\"\n", "1, column 12: found a NUL character in "
	    "a text" },
	{ "- a\n", "1, column 1: top level: found a list, want a map of "
	    "keys" },
	{ "a: [1,\n", "2, column 1: not YAML: did not find expected node "
	    "content, while parsing a flow node" },
	{ "\ta: b\n", "1, column 1: not YAML: found character that cannot "
	    "start any token, while scanning for the next token" },
	{ "a: \xff\n", "1, column 1: not YAML in UTF-8: invalid leading UTF-8 "
	    "octet (byte 3 of the file)" },
	{ "a: [[[[[[[[[]]]]]]]]]\n", "1, column 11: nested more than 8 deep" },
};

static void
test_wrong(void **state)
{
	char want[1024];
	struct config *c;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		clean();
		tmp_put(MAIN, wrong[i].yaml, 0600);
		if (load(false, &c, &err) == 0)
			fail_msg("no problem in: %s", wrong[i].yaml);
		(void)snprintf(want, sizeof(want), MAIN "': line %s\n",
		    wrong[i].want);
		if (strstr(wrong[i].want, "nested") == NULL)
			assert_string_equal(all_problems(), want);
		else
			assert_non_null(strstr(all_problems(), want));
		assert_int_equal(err.code, CODE_USAGE);
		assert_null(c);
	}
}

static void
test_defaults(void **state)
{
	struct config *c;
	struct strs none = { 0 };

	(void)state;
	clean();
	c = load_ok();
	assert_false(c->found);
	assert_string_equal(c->certbot_config_dir, "/etc/letsencrypt");
	assert_string_equal(c->certbot_program, "certbot");
	assert_int_equal(c->lock_timeout, CONFIG_AUTO);
	assert_int_equal(c->quiet_for, 24 * 3600);
	assert_int_equal(c->max_parallel, 16);
	assert_int_equal(c->reuse_cutoff, CUTOFF_AUTO);
	assert_string_equal(c->server,
	    "https://acme-v02.api.letsencrypt.org/directory");
	assert_string_equal(c->ca_file, "");
	assert_int_equal(c->npeers, 0);
	assert_null(config_peer(c, "x"));
	assert_null(config_cert(c, "x"));
	assert_null(config_cert_for(c, &none));
	config_free(c);
}

static void
test_values(void **state)
{
	const struct config_cert *cert;
	const struct config_peer *p;
	struct strs l = { 0 };
	struct config *c;
	struct error err;

	(void)state;
	clean();
	tmp_put(MAIN, "\xef\xbb\xbf# a comment\n"
	    "certbot:\n"	/* all commented out */
	    "lock_timeout: 1m30s\n"
	    "quiet_for: 0\n"
	    "max_parallel: 3\n"
	    "state_dir: /var//x///\n"
	    "environment: [AWS_*, FOO]\n"
	    "acme: {server: \"https://ca.example:14000/dir\", "
	    "reuse_cutoff: boulder}\n"
	    "peers:\n"
	    "  s: {url: \"ssh://root@[2001:db8::1]:2222\", deadline: 90s,\n"
	    "    servers: [\"https://ca.example/dir\"]}\n"
	    "  k: {url: \"exec:\", command: [kubectl, exec, \"\", \"8\"],\n"
	    "    direction: push}\n"
	    "certificates:\n"
	    "  app:\n"
	    "    domains: [APP.example.com, \"*.b\xc3\xbc"
	    "cher.example\"]\n"
	    "    peer: [s]\n"
	    "    reuse_key: true\n"
	    "    key_type: rsa-4096\n"
	    "    authenticator: hook\n"
	    "    deploy_hook: [systemctl, reload, nginx]\n", 0600);
	c = load_ok();
	assert_true(c->found);
	assert_int_equal(c->lock_timeout, 90);
	assert_int_equal(c->quiet_for, 0);
	assert_int_equal(c->max_parallel, 3);
	assert_int_equal(c->reuse_cutoff, CUTOFF_BOULDER);
	assert_string_equal(c->state_dir, "/var//x");
	assert_int_equal(c->environment.n, 2);
	assert_non_null(p = config_peer(c, "k"));
	assert_int_equal(p->direction, DIRECTION_PUSH);
	assert_int_equal(p->command.n, 4);
	assert_string_equal(p->command.v[3], "8");
	assert_string_equal(config_peer_servers(c, p)->v[0],
	    "https://ca.example:14000/dir");
	assert_non_null(p = config_peer(c, "s"));
	assert_int_equal(p->deadline, 90);
	assert_false(p->adhoc);
	assert_string_equal(config_peer_servers(c, p)->v[0],
	    "https://ca.example/dir");
	assert_non_null(cert = config_cert(c, "app"));
	assert_string_equal(cert->domains.v[0], "app.example.com");
	assert_string_equal(cert->domains.v[1],
	    "*.xn--bcher-kva.example");
	assert_true(cert->reuse_key);
	assert_int_equal(cert->issuer, ISSUER_AUTO);
	assert_string_equal(cert->key_type, "rsa-4096");
	/* exact set in any order, or one of the names */
	assert_int_equal(strs_add(&l, "*.xn--bcher-kva.example", &err), 0);
	assert_ptr_equal(config_cert_for(c, &l), cert);
	assert_int_equal(strs_add(&l, "app.example.com", &err), 0);
	assert_ptr_equal(config_cert_for(c, &l), cert);
	assert_int_equal(strs_add(&l, "other.example.com", &err), 0);
	assert_null(config_cert_for(c, &l));
	strs_free(&l);
	config_free(c);
}

/* Several files: merged by key, the same value again is fine. */
static void
test_merge(void **state)
{
	struct config *c;
	struct error err;
	char want[512];

	(void)state;
	clean();
	tmp_put(MAIN, "peers:\n  s:\n    url: ssh://h\n", 0600);
	tmp_put("config.d/b.yml", "peers: {s: {deadline: 5m}}\n"
	    "certificates: {a: {domains: [a.b], peer: [s, z]}}\n", 0600);
	tmp_put("config.d/z.yml", "peers: {z: {url: ssh://z}, "
	    "s: {url: \"ssh://h\", deadline: 5m}}\n", 0600);
	tmp_put("config.d/.hidden.yml", "x\n", 0600);
	tmp_put("config.d/b.yml~", "x\n", 0600);
	c = load_ok();
	assert_int_equal(c->npeers, 2);
	assert_int_equal(c->peers[0]->deadline, 300);
	assert_true(str_ends(c->certs[0]->file, "/config.d/b.yml"));
	config_free(c);

	tmp_put("config.d/z.yml", "peers:\n  z: {url: ssh://z}\n"
	    "  s:\n    url: ssh://other\n", 0600);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	(void)snprintf(want, sizeof(want), "config.d/z.yml': line 4, column "
	    "10: peers.s.url: found another value than in '%s/" MAIN "', line "
	    "3, column 10; want it once\n", tmp_dir);
	assert_string_equal(all_problems(), want);

	/* only the files that are wrong, or name what is in them, go */
	tmp_put("config.d/c.yml", "certificates: {c: {domains: [c.d]}}\n",
	    0600);
	assert_int_equal(load(true, &c, &err), 0);
	assert_int_equal(c->bad_files.n, 2);
	want[strlen(want) - 1] = '\0';
	assert_string_equal(c->bad_files.v[0] + strlen(tmp_dir) + 2,
	    want);
	config_free(c);
}

static void
test_lenient(void **state)
{
	struct config *c = NULL;
	struct error err;

	(void)state;
	clean();
	tmp_put("config.d/a.yml", "peers: {p: {url: nonsense}}\n", 0600);
	tmp_put("config.d/b.yml", "certificates: {b: {domains: [b.c], "
	    "peer: [p]}}\n", 0600);
	tmp_put("config.d/c.yml", "certificates: {c: {domains: [c.d]}}\n",
	    0600);
	tmp_put("config.d/d.yml", "a: [\n", 0600);
	tmp_put("config.d/e.yml", "certificates: {e: {domains: [e.f]}}\n",
	    0622);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_int_equal(problems.n, 3);
	if (load(true, &c, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(c->ncerts, 1);
	assert_string_equal(c->certs[0]->name, "c");
	assert_int_equal(c->npeers, 0);
	assert_int_equal(c->bad_files.n, 4);
	config_free(c);
	/* the main file has no such grace */
	tmp_put(MAIN, "x: 1\n", 0600);
	assert_int_equal(load(true, &c, &err), -1);
}

static void
test_trust(void **state)
{
	struct config *c;
	struct error err;
	char want[512];

	(void)state;
	clean();
	tmp_put(MAIN, "state_dir: /x\n", 0640);
	config_free(load_ok());
	tmp_put(MAIN, "state_dir: [\n", 0620);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	(void)snprintf(want, sizeof(want), "'%s/" MAIN "': found mode 0620, "
	    "want it writable by the owner only; 'chmod go-w %s/" MAIN "' "
	    "sets it", tmp_dir, tmp_dir);
	/* what it says is not even read */
	assert_string_equal(err.msg, want);
	/* at a link's target too, and the directories above */
	assert_int_equal(rename(tmp_path(MAIN), tmp_path("target")), 0);
	assert_int_equal(symlink("target", tmp_path(MAIN)), 0);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_int_equal(chmod(tmp_path("target"), 0600), 0);
	tmp_put("target", "state_dir: /x\n", 0600);
	config_free(load_ok());
	assert_int_equal(chmod(tmp_dir, 0777), 0);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_int_equal(chmod(tmp_dir, 01777), 0);
	config_free(load_ok());
	assert_int_equal(chmod(tmp_dir, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(tmp_path("target"), 12345, 0), 0);
		assert_int_equal(load(false, &c, &err), -1);
		assert_int_equal(err.code, CODE_TRUST);
		assert_non_null(strstr(err.msg, "belongs to uid 12345"));
	}
	(void)unlink(tmp_path("target"));
}

static void
test_absent(void **state)
{
	struct config *c = NULL;
	struct error err;

	(void)state;
	clean();
	assert_int_equal(config_load("/nonexistent/config.yml", true, false,
	    &c, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_string_equal(err.msg, "'/nonexistent/config.yml': no such "
	    "file");
	assert_int_equal(config_load("/nonexistent/config.yml", false, false,
	    &c, &err), 0);
	config_free(c);
	/* a FIFO is never waited for */
	assert_int_equal(mkfifo(tmp_path(MAIN), 0600), 0);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
}

/* Limits: many problems are counted, large files refused. */
static void
test_limits(void **state)
{
	static char text[1100000];
	size_t used = 0;
	struct config *c;
	struct error err;

	(void)state;
	clean();
	for (int i = 0; i < 500; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "k%d: 1\n", i);
	tmp_put(MAIN, text, 0600);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(problems.n, 101);
	assert_string_equal(problems.v[100], "400 more of the same kind");
	memset(text, '#', sizeof(text) - 1);
	tmp_put(MAIN, text, 0600);
	assert_int_equal(load(false, &c, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_non_null(strstr(err.msg, "found 1099999 bytes, want at most "
	    "1048576"));
	for (used = 0; used < 600000; used += 3)
		memcpy(text + used, "[],", 3);
	memcpy(text, "a: [  ", 6);
	text[used] = '\0';
	tmp_put(MAIN, text, 0600);
	assert_int_equal(load(false, &c, &err), -1);
	assert_non_null(strstr(err.msg, "more than 100000 values"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_limits),
	};
	int rc;

	log_setup(LOG_QUIET, false);
	rc = cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
	strs_free(&problems);
	return rc;
}
