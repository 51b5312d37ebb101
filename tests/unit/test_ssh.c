/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "transport/ssh.h"

static void
test_url(void **state)
{
	static const struct {
		const char *url, *user, *host, *port;	/* host NULL: refused */
	} t[] = {
		{ "ssh://www.example.com", NULL, "www.example.com", NULL },
		{ "ssh://www.example.com/", NULL, "www.example.com", NULL },
		{ "ssh://root@www", "root", "www", NULL },
		{ "ssh://root@www:2222", "root", "www", "2222" },
		{ "ssh://root@[2001:db8::1]:22", "root", "2001:db8::1", "22" },
		{ "ssh://[fe80::1%eth0]", NULL, "fe80::1%eth0", NULL },
		{ "ssh://a.b-c_d@h", "a.b-c_d", "h", NULL },
		{ "ssh://-oProxyCommand=x", NULL, NULL, NULL },
		{ "ssh://-l@host", NULL, NULL, NULL },
		{ "ssh://root@-host", NULL, NULL, NULL },
		{ "ssh://", NULL, NULL, NULL },
		{ "ssh://@host", NULL, NULL, NULL },
		{ "ssh://ho st", NULL, NULL, NULL },
		{ "ssh://ho\nst", NULL, NULL, NULL },
		{ "ssh://ho\x1bst", NULL, NULL, NULL },
		{ "ssh://h`id`", NULL, NULL, NULL },
		{ "ssh://h$(id)", NULL, NULL, NULL },
		{ "ssh://h;id", NULL, NULL, NULL },
		{ "ssh://host/path", NULL, NULL, NULL },
		{ "ssh://user:secret@host", NULL, NULL, NULL },
		{ "ssh://host:0", NULL, NULL, NULL },
		{ "ssh://host:65536", NULL, NULL, NULL },
		{ "ssh://host:22x", NULL, NULL, NULL },
		{ "ssh://host:", NULL, NULL, NULL },
		{ "ssh://[::1", NULL, NULL, NULL },
		{ "ssh://[::1]x", NULL, NULL, NULL },
		{ "ssh://[-x]", NULL, NULL, NULL },
		{ "http://host", NULL, NULL, NULL }
	};
	struct ssh_url u;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (t[i].host == NULL) {
			assert_int_equal(ssh_url_parse(t[i].url, &u, &err),
			    -1);
			assert_int_equal(err.code, CODE_USAGE);
			assert_null(strstr(err.msg, "secret"));
			continue;
		}
		assert_int_equal(ssh_url_parse(t[i].url, &u, &err), 0);
		assert_string_equal(u.host, t[i].host);
		if (t[i].user == NULL)
			assert_null(u.user);
		else
			assert_string_equal(u.user, t[i].user);
		if (t[i].port == NULL)
			assert_null(u.port);
		else
			assert_string_equal(u.port, t[i].port);
		ssh_url_free(&u);
	}
}

static void
check_argv(const struct config_peer *peer, const char *url,
    enum ssh_right right, bool terminal, enum ssh_use use, const char *want)
{
	struct strs argv = { 0 };
	struct ssh_url u;
	struct error err;
	char *text;

	assert_int_equal(ssh_url_parse(url, &u, &err), 0);
	assert_int_equal(ssh_argv(peer, &u, right, terminal, use, &argv,
	    &err), 0);
	text = strs_join(&argv, "|");
	assert_string_equal(text, want);
	free(text);
	strs_free(&argv);
	ssh_url_free(&u);
}

#define FIXED "-o|StrictHostKeyChecking=yes|-o|" \
	"NoHostAuthenticationForLocalhost=no|-o|ForwardAgent=no|-o|" \
	"ClearAllForwardings=yes|-o|ForwardX11=no|-o|PermitLocalCommand=no|" \
	"-o|RemoteCommand=none|-o|ControlMaster=no|-o|ConnectTimeout=15|-o|" \
	"ServerAliveInterval=15|-o|ServerAliveCountMax=2|"

static void
test_argv(void **state)
{
	char empty[] = "", key[] = "/etc/acmeferry/id", known[] =
	    "/a b/100%/known", conf[] = "/etc/ssh/x";
	struct config_peer p = { .identity_file = empty,
		.known_hosts_file = empty, .ssh_config = empty };
	struct error err;

	(void)state;
	check_argv(&p, "ssh://www", SSH_READ, false, SSH_SERVE,
	    "ssh|-T|-o|BatchMode=yes|-o|LogLevel=INFO|" FIXED
	    "--|www|acmeferry serve --allow read");
	check_argv(&p, "ssh://www", SSH_WRITE, true, SSH_SERVE,
	    "ssh|-T|-o|LogLevel=INFO|" FIXED
	    "--|www|acmeferry serve --allow write");
	check_argv(&p, "ssh://www", SSH_CHALLENGE, false, SSH_SERVE,
	    "ssh|-T|-o|BatchMode=yes|-o|LogLevel=INFO|" FIXED
	    "--|www|acmeferry serve --allow challenge");
	check_argv(&p, "ssh://www", SSH_READ, true, SSH_PROBE,
	    "ssh|-T|-o|BatchMode=yes|-o|LogLevel=DEBUG1|" FIXED
	    "--|www|acmeferry serve --allow read");
	check_argv(&p, "ssh://www", SSH_READ, true, SSH_SHOW,
	    "ssh|-T|-G|-o|BatchMode=yes|-o|LogLevel=INFO|" FIXED "--|www");
	p.identity_file = key;
	p.known_hosts_file = known;
	p.ssh_config = conf;
	assert_int_equal(strs_add(&p.ssh_options, "ProxyJump=j", &err), 0);
	assert_int_equal(strs_add(&p.ssh_options, "StrictHostKeyChecking=no",
	    &err), 0);
	check_argv(&p, "ssh://root@[::1]:2222", SSH_READ, false, SSH_SERVE,
	    "ssh|-T|-o|BatchMode=yes|-o|LogLevel=INFO|" FIXED
	    "-i|/etc/acmeferry/id|-o|IdentitiesOnly=yes|"
	    "-o|UserKnownHostsFile=\"/a b/100%%/known\"|-F|/etc/ssh/x|"
	    "-o|ProxyJump=j|-o|StrictHostKeyChecking=no|"
	    "-l|root|-p|2222|--|::1|acmeferry serve --allow read");
	strs_free(&p.ssh_options);
}

static void
test_hostkey(void **state)
{
	struct ssh_hostkey k;

	(void)state;
	ssh_hostkey("debug1: x\r\ndebug1: Server host key: ssh-ed25519 "
	    "SHA256:abc+/D\r\n", &k);
	assert_string_equal(k.type, "ED25519");
	assert_string_equal(k.fingerprint, "SHA256:abc+/D");
	ssh_hostkey("The fingerprint for the ECDSA key sent by the remote "
	    "host is\nSHA256:xyz.\nPlease", &k);
	assert_string_equal(k.type, "ECDSA");
	assert_string_equal(k.fingerprint, "SHA256:xyz");
	ssh_hostkey("debug1: Server host key: rsa-sha2-512 SHA256:r\n", &k);
	assert_string_equal(k.type, "RSA");
	ssh_hostkey("nothing of the kind", &k);
	assert_string_equal(k.type, "");
	assert_string_equal(k.fingerprint, "");
	ssh_hostkey("Server host key: ", &k);
	assert_string_equal(k.fingerprint, "");
}

static void
test_error(void **state)
{
	static const struct {
		const char *said;
		enum code code;
		const char *message;
	} t[] = {
		{ "No ED25519 host key is known for www and you have requested "
		    "strict checking.\r\nHost key verification failed.\r\n",
		    CODE_TRUST, "'www': host key is not in /k (it offers "
		    "ED25519 SHA256:f); compare with 'ssh-keygen -lf "
		    "/etc/ssh/ssh_host_ed25519_key.pub' there, then add it" },
		{ "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n"
		    "Host key verification failed.\n", CODE_TRUST,
		    "'www': host key differs from the one in /k (it offers "
		    "ED25519 SHA256:f); compare with 'ssh-keygen -lf "
		    "/etc/ssh/ssh_host_ed25519_key.pub' there, and only if "
		    "they are equal replace the old one" },
		{ "Host key verification failed.\r\n"
		    "kex_exchange_identification: Connection closed by remote "
		    "host\r\nConnection closed by UNKNOWN port 65535\r\n",
		    CODE_TRUST, "'www': the host key of a jump host on the "
		    "way was not accepted; log in to that host with ssh to "
		    "see and compare it, and name its known_hosts in the file "
		    "of ssh_config" },
		{ "root@www: Permission denied (publickey).\r\n", CODE_TRUST,
		    "'www': ssh was not let in (root@www: Permission "
		    "denied (publickey)); put what 'acmeferry authorize' "
		    "prints there into its authorized_keys" },
		{ "ssh: Could not resolve hostname www: Name or service not "
		    "known\r\n", CODE_RETRY, "'www': cannot be reached: Could "
		    "not resolve hostname www: Name or service not known" },
		{ "ssh: connect to host www port 22: Connection refused\r\n",
		    CODE_RETRY, "'www': cannot be reached: connect to host www "
		    "port 22: Connection refused" },
		{ "ssh: connect to host www port 22: Connection timed out\n",
		    CODE_RETRY, "'www': cannot be reached: connect to host www "
		    "port 22: Connection timed out" },
		{ "ssh: connect to host www port 22: No route to host\n",
		    CODE_RETRY, "'www': cannot be reached: connect to host www "
		    "port 22: No route to host" },
		{ "kex_exchange_identification: Connection closed by remote "
		    "host\n", CODE_RETRY, "'www': cannot be reached: "
		    "kex_exchange_identification: Connection closed by remote "
		    "host" },
		{ "/x line 1: Bad configuration option: \x1b[31m\n",
		    CODE_ERROR, "'www': ssh failed with exit status 255: "
		    "/x line 1: Bad configuration option: ?[31m" },
		{ "", CODE_ERROR, "'www': ssh failed with exit status 255: it "
		    "said nothing" }
	};
	struct ssh_hostkey k = { "ED25519", "SHA256:f" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(ssh_error("www", t[i].said, "/k", &k, &err),
		    -1);
		assert_string_equal(err.msg, t[i].message);
		assert_int_equal(err.code, t[i].code);
	}
}

static void
test_said(void **state)
{
	(void)state;
	assert_string_equal(said_last(""), "");
	assert_string_equal(said_last("one\ntwo\r\n\n"), "two");
	assert_string_equal(said_last("acmeferry: 'x': no\n"), "'x': no");
	assert_string_equal(said_last("a\x07z"), "a?z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_argv),
		cmocka_unit_test(test_hostkey),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_said)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
