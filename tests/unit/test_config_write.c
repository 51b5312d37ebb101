/* SPDX-License-Identifier: ISC */
/* Configuration that we write: what is in force, migrate's files; and PEER. */
#include "unit.h"

#include <limits.h>

#include "base/log.h"
#include "config/config.h"
#include "config/schema.h"
#include "tmpdir.h"

static struct config *
load(void)
{
	struct config *c = NULL;
	struct error err;

	if (config_load(tmp_path("config.yml"), false, false, &c, &err) == -1)
		fail_msg("%s", err.msg);
	return c;
}

static char *
dump(const struct config *c)
{
	struct error err;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (config_dump(c, &b, &err) == -1)
		fail_msg("%s", err.msg);
	return buf_steal(&b);
}

static void
clean(void)
{
	struct error err;

	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("config.d"),
	    &err), 0);
	(void)unlink(tmp_path("config.yml"));
}

/* Everything that YAML could take for something else. */
static const char tricky[] =
    "state_dir: \"/x y: z #1\"\n"
    "quiet_for: 0\nlock_timeout: 1h30m\nmax_parallel: 100\n"
    "environment: [A, \"yes\", \"NO\"]\n"
    "acme:\n  profile: \"true\"\n  reuse_cutoff: boulder\n"
    "peers:\n"
    "  \"8\":\n    url: \"exec:\"\n"
    "    command: [sh, -c, \"a\\nb\", \"\", \"8\", \"~\", \"it's\", "
    "'\"q\"', \"- x\", \"\\u00e9 \\t\", \"{a: b}\", \"*a\", \"&a\", "
    "\"!!str\", \"%x\", \"@x\", \"`x\", \"# x\", \" x \", \"=\", \"<<\"]\n"
    "  \"null\":\n    url: \"ssh://[2001:db8::1]:22\"\n"
    "    direction: push\n    accounts: [\"1234\", abcd]\n"
    "certificates:\n"
    "  \"*.example.com\":\n    domains: [\"*.example.com\"]\n"
    "    preferred_chain: \"ISRG Root X1: #\"\n    reuse_key: true\n"
    "    deploy_hook: [\"8\", \"0x1f\", \"1e3\", \"on\"]\n";

static void
test_round_trip(void **state)
{
	char *one, *two;
	struct config *c;

	(void)state;
	clean();
	tmp_put("config.yml", tricky, 0600);
	c = load();
	assert_string_equal(c->peers[0]->command.v[2], "a\nb");
	one = dump(c);
	config_free(c);
	tmp_put("config.yml", one, 0600);
	c = load();
	two = dump(c);
	assert_string_equal(one, two);
	assert_string_equal(c->peers[0]->command.v[2], "a\nb");
	assert_string_equal(c->peers[0]->command.v[18], " x ");
	assert_int_equal(c->peers[0]->command.n, 21);
	assert_string_equal(c->certs[0]->deploy_hook.v[2], "1e3");
	assert_string_equal(c->state_dir, "/x y: z #1");
	config_free(c);
	free(one);
	free(two);
}

/* The example as it is says what is the default anyway; with its comments
 * taken away it is still valid and says nothing else. */
static void
test_example(void **state)
{
	static char text[65536], live[65536];
	struct config *c;
	char *plain, *example, *p, *out = live;
	ssize_t n;
	int fd;

	(void)state;
	clean();
	c = load();
	if (geteuid() != 0) {
		free(c->state_dir);
		c->state_dir = strdup("/var/lib/acmeferry");
	}
	plain = dump(c);
	config_free(c);

	assert_true((fd = open("config.example.yml", O_RDONLY)) != -1);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0 && close(fd) == 0);
	tmp_put("config.yml", text, 0600);
	c = load();
	example = dump(c);
	assert_string_equal(plain, example);
	config_free(c);
	free(example);
	free(plain);

	for (p = text; *p != '\0'; p++) {
		if ((p == text || p[-1] == '\n') && strncmp(p, "#  ", 3) == 0)
			*out++ = ' ';
		else
			*out++ = *p;
	}
	tmp_put("config.yml", live, 0600);
	c = load();
	assert_int_equal(c->npeers, 1);
	assert_int_equal(c->ncerts, 1);
	for (size_t i = 0; i < schema_size; i++) {
		const struct schema_key *k = &schema[i];
		char key[64];

		(void)snprintf(key, sizeof(key), " %s: ", k->name);
		if (k->scope == SCOPE_TOP && k->section == NULL)
			(void)snprintf(key, sizeof(key), "\n%s: ", k->name);
		if (strstr(live, key) == NULL)
			fail_msg("'%s' is not in the example", k->name);
		if ((k->flags & SCHEMA_REQUIRED) != 0 || k->def == NULL)
			continue;
		assert_true(schema_is_default(k, k->scope == SCOPE_PEER ?
		    (void *)c->peers[0] : k->scope == SCOPE_CERT ?
		    (void *)c->certs[0] : (void *)c));
	}
	config_free(c);
}

static void
test_write_peer(void **state)
{
	struct config *c;
	struct config_peer *p = NULL;
	struct strs none = { 0 }, names = { 0 }, values = { 0 };
	struct error err;
	struct stat st;
	bool changed;
	char *name;

	(void)state;
	clean();
	c = load();
	assert_int_equal(strs_add(&names, "identity-file", &err), 0);
	assert_int_equal(strs_add(&values, "/root/id: 1", &err), 0);
	assert_int_equal(config_peer_resolve(c, "ssh://root@www.example.com",
	    &names, &values, &p, &err), 0);
	assert_true(p->adhoc);
	assert_string_equal(p->name, "www.example.com");
	assert_int_equal(config_write_peer(c, p, true, &name, &changed, &err),
	    0);
	assert_true(changed);
	assert_string_equal(name, "www.example.com");
	assert_null(tmp_get("config.d/peer-www.example.com.yml"));
	free(name);
	if (config_write_peer(c, p, false, &name, &changed, &err) == -1)
		fail_msg("%s", err.msg);
	free(name);
	config_peer_free(p);
	assert_string_equal(tmp_get("config.d/peer-www.example.com.yml"),
	    "# written by acmeferry\n"
	    "peers:\n"
	    "  www.example.com:\n"
	    "    url: ssh://root@www.example.com\n"
	    "    identity_file: '/root/id: 1'\n");
	assert_int_equal(stat(tmp_path("config.d/peer-www.example.com.yml"),
	    &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	config_free(c);

	/* the same URL again is the configured peer, with its settings */
	c = load();
	assert_int_equal(config_peer_resolve(c, "ssh://root@www.example.com",
	    &none, &none, &p, &err), 0);
	assert_false(p->adhoc);
	assert_string_equal(p->identity_file, "/root/id: 1");
	assert_int_equal(config_write_peer(c, p, false, &name, &changed,
	    &err), 0);
	assert_false(changed);
	assert_string_equal(name, "www.example.com");
	free(name);
	config_peer_free(p);
	/* another URL of the same host gets a name of its own */
	assert_int_equal(config_peer_resolve(c, "ssh://me@www.example.com",
	    &none, &none, &p, &err), 0);
	assert_int_equal(config_write_peer(c, p, false, &name, &changed,
	    &err), 0);
	assert_true(changed);
	assert_string_equal(name, "www.example.com-2");
	free(name);
	config_peer_free(p);
	config_free(c);
	c = load();
	assert_int_equal(c->npeers, 2);
	config_free(c);
	strs_free(&names);
	strs_free(&values);
}

static void
test_write_cert(void **state)
{
	struct config_cert *cert;
	struct config *c;
	struct error err;
	char want[512];
	bool changed;

	(void)state;
	clean();
	tmp_put("config.yml", "peers: {s: {url: ssh://h}, t: {url: ssh://t}}\n"
	    "certificates: {main: {domains: [a.b]}}\n", 0600);
	c = load();
	assert_int_equal(config_cert_new("*.example.com", NULL, &cert, &err),
	    0);
	assert_int_equal(strs_add(&cert->domains, "*.example.com", &err), 0);
	assert_int_equal(strs_add(&cert->peer, "s", &err), 0);
	assert_int_equal(config_write_cert(c, cert, true, &changed, &err), 0);
	assert_true(changed);
	assert_null(tmp_get("config.d/cert-_wildcard.example.com.yml"));
	assert_int_equal(config_write_cert(c, cert, false, &changed, &err),
	    0);
	assert_string_equal(tmp_get("config.d/cert-_wildcard.example.com.yml"),
	    "# written by acmeferry\n"
	    "certificates:\n"
	    "  '*.example.com':\n"
	    "    domains: ['*.example.com']\n"
	    "    peer: [s]\n");
	config_free(c);
	c = load();
	assert_int_equal(config_write_cert(c, cert, false, &changed, &err),
	    0);
	assert_false(changed);
	/* another peer: the file is written anew */
	free(cert->peer.v[0]);
	cert->peer.v[0] = strdup("t");
	assert_int_equal(config_write_cert(c, cert, false, &changed, &err),
	    0);
	assert_true(changed);
	config_free(c);
	c = load();
	assert_string_equal(config_cert(c, "*.example.com")->peer.v[0], "t");
	/* what an administrator wrote is his to change */
	free(cert->name);
	cert->name = strdup("main");
	assert_int_equal(config_write_cert(c, cert, false, &changed, &err),
	    -1);
	assert_false(changed);
	assert_int_equal(err.code, CODE_USAGE);
	(void)snprintf(want, sizeof(want), "'%s/config.yml': certificate "
	    "'main' is configured there with other values; change it there",
	    tmp_dir);
	assert_string_equal(err.msg, want);
	free(cert->name);
	cert->name = strdup("../x");
	assert_int_equal(config_write_cert(c, cert, false, &changed, &err),
	    -1);
	config_cert_free(cert);
	config_free(c);
}

/* An /etc/acmeferry that is not there yet. */
static void
test_write_fresh(void **state)
{
	struct strs none = { 0 };
	struct config_peer *p;
	struct config *c;
	struct error err;
	struct stat st;
	bool changed;
	char *name;

	(void)state;
	assert_int_equal(config_load(tmp_path("etc/acmeferry/config.yml"),
	    false, false, &c, &err), 0);
	assert_int_equal(config_peer_resolve(c, "ssh://h", &none, &none, &p,
	    &err), 0);
	if (config_write_peer(c, p, false, &name, &changed, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(stat(tmp_path("etc/acmeferry/config.d"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	free(name);
	config_peer_free(p);
	config_free(c);
	assert_int_equal(config_load(tmp_path("etc/acmeferry/config.yml"),
	    false, false, &c, &err), 0);
	assert_non_null(config_peer(c, "h"));
	config_free(c);
}

static const struct {
	const char *arg, *option, *value, *want;
} peers[] = {
	{ "nope", NULL, NULL, "'nope': no such peer is configured; a host is "
	    "written ssh://nope" },
	{ "srrogate", NULL, NULL, "'srrogate': no such peer is configured, "
	    "did you mean 'surrogate'" },
	{ "/mnt", NULL, NULL, "'/mnt': no such peer is configured; a "
	    "directory is written file:///mnt" },
	{ "root@h:/etc/letsencrypt", NULL, NULL, "'root@h:/etc/letsencrypt': "
	    "no such peer is configured, nor is it a URL: ssh://HOST, "
	    "sftp://HOST/DIRECTORY, https://HOST/PATH.cms, "
	    "file:///DIRECTORY or file:///BUNDLE.cms" },
	{ "ssh://u:secret@h", NULL, NULL, "PEER: found a password in the "
	    "URL, want none; secrets are in files" },
	{ "https://h/x", NULL, NULL, "PEER: found 'https://h/x', want "
	    "https://host[:port]/path.cms, the object for a sealed bundle, "
	    "without user and query" },
	{ "https://u:secret@h/x.cms", NULL, NULL, "PEER: found a password in "
	    "the URL, want none; secrets are in files" },
	{ "http://h/x.cms", NULL, NULL, "PEER: found 'http://h/x.cms', want "
	    "ssh://[user@]host[:port], "
	    "sftp://[user@]host[:port]/directory, https://host/path.cms, "
	    "file:///directory, file:///bundle.cms or exec:" },
	{ "https://h/x.cms", "challenge", "", "'h': challenge is not for a "
	    "sealed bundle, which no web server serves" },
	{ "https://h/x.cms", "client-key", "/k", "'h': client_key needs "
	    "client_cert" },
	{ "https://h/x.cms", "credentials-file", "/k", "'h': "
	    "credentials_file is only for sigv4" },
	{ "https://h/x.cms", "sigv4", "aws:amz:x", "'--sigv4': found "
	    "'aws:amz:x', want aws:amz:REGION:SERVICE such as "
	    "aws:amz:eu-central-1:s3" },
	{ "https://h/x.cms", "webroot", "/k", "'h': webroot is not for a "
	    "sealed bundle, which no web server serves" },
	{ "https://h/x.cms", "identity-file", "/k", "'h': identity_file is "
	    "only for a url of ssh:// or sftp://" },
	{ "ssh://x", "token-file", "/k", "'x': token_file is only for a url "
	    "of https://" },
	{ "file:///x", "netrc-file", "/k", "'x': netrc_file is only for a url "
	    "of https://" },
	{ "file://u@h/x", NULL, NULL, "PEER: found 'file://u@h/x', want "
	    "file:// and an absolute path" },
	{ "exec:x", NULL, NULL, "PEER: found 'exec:x', want "
	    "ssh://[user@]host[:port], "
	    "sftp://[user@]host[:port]/directory, https://host/path.cms, "
	    "file:///directory, file:///bundle.cms or exec:" },
	{ "exec:", NULL, NULL, "'exec': command is missing; 'exec:' needs "
	    "the argv that reaches 'acmeferry serve'" },
	{ "file:///x", "identity-file", "/id", "'x': identity_file is only "
	    "for a url of ssh:// or sftp://" },
	{ "ssh://h", "deadline", "5", "'--deadline': found '5', want a "
	    "duration such as 90s, 15m, 24h or 30d" },
	{ "ssh://h", "servers", "x", "'--servers': found 'x', want the "
	    "directory URL of an ACME server, such as "
	    "https://acme-v02.api.letsencrypt.org/directory" },
	{ "ssh://h", "direction", "push", "'--direction': is no setting of a "
	    "peer" },
	{ "surrogate", "command", "x", "'surrogate': command is only for the "
	    "url 'exec:'" },
	{ "surrogate", "webroot", "/w", "'surrogate': webroot is only for "
	    "sftp:// and a directory; the far end of ssh:// and exec: has "
	    "'serve --webroot'" },
	{ "file:///x", "challenge", "", "'x': webroot is missing; challenge "
	    "needs it where the url is sftp:// or a directory" },
	{ "ssh://h", "challenge-check", "h", "'--challenge-check': found 'h', "
	    "want auto, off or HOST:PORT" },
	{ "ssh://h", "challenge", "yes please", "'--challenge': found 'yes "
	    "please', want true or false" },
};

static void
test_resolve(void **state)
{
	struct strs names = { 0 }, values = { 0 };
	struct config_peer *p = NULL;
	char cwd[PATH_MAX], want[PATH_MAX + 8];
	struct config *c;
	struct error err;

	(void)state;
	clean();
	tmp_put("config.yml", "peers:\n  surrogate:\n    url: ssh://h\n"
	    "    ssh_options: [A=1]\n    deadline: 5m\n", 0600);
	c = load();
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		if (peers[i].option != NULL) {
			assert_int_equal(strs_add(&names, peers[i].option,
			    &err), 0);
			assert_int_equal(strs_add(&values, peers[i].value,
			    &err), 0);
		}
		assert_int_equal(config_peer_resolve(c, peers[i].arg, &names,
		    &values, &p, &err), -1);
		assert_string_equal(err.msg, peers[i].want);
		assert_int_equal(err.code, CODE_USAGE);
		assert_null(p);
		strs_free(&names);
		strs_free(&values);
	}
	/* options go before what is configured; paths may be relative */
	assert_int_equal(strs_add(&names, "ssh-options", &err), 0);
	assert_int_equal(strs_add(&values, "B=2", &err), 0);
	assert_int_equal(strs_add(&names, "ssh_options", &err), 0);
	assert_int_equal(strs_add(&values, "C=3", &err), 0);
	assert_int_equal(strs_add(&names, "known-hosts-file", &err), 0);
	assert_int_equal(strs_add(&values, "hosts", &err), 0);
	assert_int_equal(strs_add(&names, "challenge", &err), 0);
	assert_int_equal(strs_add(&values, "", &err), 0);
	if (config_peer_resolve(c, "surrogate", &names, &values, &p, &err)
	    == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(p->deadline, 300);
	assert_int_equal(p->ssh_options.n, 2);
	assert_string_equal(p->ssh_options.v[1], "C=3");
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(want, sizeof(want), "%s/hosts", cwd);
	assert_string_equal(p->known_hosts_file, want);
	assert_true(p->challenge);
	assert_string_equal(p->challenge_check, "auto");
	assert_int_equal(c->peers[0]->ssh_options.n, 1);
	assert_false(c->peers[0]->challenge);
	config_peer_free(p);
	strs_free(&names);
	strs_free(&values);
	config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_write_peer),
		cmocka_unit_test(test_write_cert),
		cmocka_unit_test(test_write_fresh),
		cmocka_unit_test(test_resolve),
	};

	log_setup(LOG_QUIET, false);
	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
