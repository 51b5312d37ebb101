/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strs.h"
#include "issue/deliver.h"
#include "tmpdir.h"
#include "transport/peer_host.h"
#include "transport/ssh.h"

#define NAME	"app.example.com"
#define THUMB	"06PjuaPrO-AzIPlmjEl3cRJZg2_RILBK5kcRwYSbV0k"
#define TOKEN	"0123456789abcdefghijkl"
#define TEXT	TOKEN "." THUMB

/*
 * A peer in a table: how its web server answers, then '+' where it may be
 * delivered to, '-' where not, '!' where that is refused (there is no such web
 * root), '?' where its link breaks.
 */
enum {
	FILES = 'f',		/* with what is in the web root */
	STATELESS = 's',	/* right, whatever is asked for */
	WRONG = 'w', MISSING = '4', REDIRECT = 'r',
	DOWN = 'd',		/* nobody listens */
	BLIND = 'b'		/* challenge_check: off */
};
static const char kinds[] = { FILES, STATELESS, WRONG, MISSING, REDIRECT,
	DOWN };
enum { KINDS = sizeof(kinds), PEERS = 2 };

static pid_t pids[KINDS];
static int ports[KINDS];
static struct config *config;

/* ---- web servers -------------------------------------------------------- */

static void
answer(int fd, char kind)
{
	static const char folder[] = "GET /.well-known/acme-challenge/";
	char asked[4096], path[180], said[4096], body[512] = "";
	const char *status = "200 OK", *file = NULL;
	ssize_t n = read(fd, asked, sizeof(asked) - 1);

	if (n <= 0)
		return;
	asked[n] = '\0';
	if (!str_starts(asked, folder))
		status = "400 Bad Request";
	asked[strcspn(asked + 4, " ") + 4] = '\0';
	if (kind == STATELESS)
		(void)snprintf(body, sizeof(body), "%.200s." THUMB,
		    asked + sizeof(folder) - 1);
	else if (kind == WRONG)
		(void)snprintf(body, sizeof(body), "something else");
	else if (kind == REDIRECT)
		status = "301 Moved\r\nLocation: https://" NAME "/";
	for (int i = 0; kind == FILES && file == NULL && i < PEERS; i++) {
		(void)snprintf(path, sizeof(path), "www%d%.150s", i, asked + 4);
		file = tmp_get(path);
	}
	if (file != NULL)
		(void)snprintf(body, sizeof(body), "%.200s", file);
	else if (body[0] == '\0' && kind != REDIRECT)
		status = "404 Not Found";
	n = snprintf(said, sizeof(said), "HTTP/1.1 %s\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s", status, strlen(body), body);
	if (write(fd, said, (size_t)n) == -1)
		_exit(1);
}

static int
listen_on(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

/* One that is down keeps its port, but nobody listens there. */
static void
serve(size_t i)
{
	int fd = listen_on(&ports[i]), got;

	if (kinds[i] == DOWN)
		return;
	if (listen(fd, 20) == -1 || (pids[i] = fork()) == -1)
		abort();
	if (pids[i] > 0) {
		(void)close(fd);
		return;
	}
	for (;;) {
		if ((got = accept(fd, NULL, NULL)) == -1)
			_exit(1);
		answer(got, kinds[i]);
		(void)close(got);
	}
}

static int
setup(void **state)
{
	struct error err;

	if (tmp_setup(state) == -1 || mkdir(tmp_path("etc"), 0755) == -1)
		return -1;
	if (config_load("/dev/null", false, false, &config, &err) == -1)
		return -1;
	free(config->state_dir);
	config->state_dir = strdup(tmp_path("state"));
	log_setup(LOG_QUIET, false);
	for (size_t i = 0; i < KINDS; i++)
		serve(i);
	return 0;
}

static int
teardown(void **state)
{
	int status;

	for (size_t i = 0; i < KINDS; i++)
		if (pids[i] > 0) {
			(void)kill(pids[i], SIGKILL);
			(void)waitpid(pids[i], &status, 0);
		}
	config_free(config);
	return tmp_teardown(state);
}

/* ---- peers -------------------------------------------------------------- */

static int
port_of(char kind)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i] == kind)
			return ports[i];
	abort();
}

static void
set(char **to, const char *start, const char *end)
{
	struct error err;

	free(*to);
	if (str_printf(to, &err, "%s%s", start, end) == -1)
		abort();
}

static struct config_peer *
make_peer(int i, const char *what)
{
	char name[] = "p0", folder[] = "www0", port[16] = "";
	struct config_peer *p;
	struct error err;

	name[1] = folder[3] = (char)('0' + i);
	if (config_peer_new(name, NULL, &p, &err) == -1)
		fail_msg("%s", err.msg);
	(void)mkdir(tmp_path(folder), 0755);
	set(&p->url, "file://", tmp_path("etc"));
	set(&p->webroot, tmp_path(what[1] == '!' ? "none" : folder), "");
	if (what[0] != BLIND)
		(void)snprintf(port, sizeof(port), "%d", port_of(what[0]));
	set(&p->challenge_check, what[0] == BLIND ? "off" : "127.0.0.1:",
	    port);
	p->challenge = what[1] != '-';
	if (what[1] == '?') {
		set(&p->url, "exec:", "");
		/* it answers, and is gone */
		assert_int_equal(strs_add(&p->command, "/bin/echo", &err), 0);
		assert_int_equal(strs_add(&p->command, "acmeferry 1", &err),
		    0);
	}
	return p;
}

/* Responses in all web roots. */
static int
delivered(void)
{
	char path[96];
	int n = 0;

	for (int i = 0; i < PEERS; i++) {
		(void)snprintf(path, sizeof(path), "www%d/.well-known/"
		    "acme-challenge/" TOKEN, i);
		n += tmp_get(path) != NULL &&
		    strcmp(tmp_get(path), TEXT) == 0;
	}
	return n;
}

static const struct {
	const char *peers[PEERS];
	enum code want;
	int put;
	const char *says;	/* where it may not be told */
} rows[] = {
	/* one */
	{ { "f+" }, CODE_OK, 1, NULL },
	{ { "b+" }, CODE_OK, 1, NULL },
	{ { "s-" }, CODE_OK, 0, NULL },
	{ { "s+" }, CODE_OK, 0, NULL },
	{ { "r+" }, CODE_OK, 1, NULL },
	{ { "d+" }, CODE_OK, 1, NULL },
	{ { "f-" }, CODE_UNAUTHORIZED, 0, "nothing here can prove it: p0 does "
	    "not answer" },
	{ { "r-" }, CODE_UNAUTHORIZED, 0, "nothing here can prove it" },
	{ { "d-" }, CODE_UNAUTHORIZED, 0, "nothing here can prove it" },
	{ { "b-" }, CODE_UNAUTHORIZED, 0, "nothing here can prove it" },
	/* served from elsewhere */
	{ { "4+" }, CODE_UNAUTHORIZED, 1, "is its web root the one that the "
	    "peer 'p0' delivers into" },
	{ { "w+" }, CODE_UNAUTHORIZED, 1, "something else" },
	/* not put; it is up, or not */
	{ { "f!" }, CODE_USAGE, 0, "the web root must exist" },
	{ { "d!" }, CODE_USAGE, 0, "the web root must exist" },
	{ { "f?" }, CODE_RETRY, 0, "p0" },
	{ { "d?" }, CODE_RETRY, 0, "p0" },
	{ { "s?" }, CODE_OK, 0, NULL },
	/* several: each that is up must have it, one must have it for sure */
	{ { "f+", "f+" }, CODE_OK, 1, NULL },
	{ { "b+", "b+" }, CODE_OK, 2, NULL },
	{ { "f+", "4-" }, CODE_OK, 1, NULL },
	{ { "4-", "s-" }, CODE_OK, 0, NULL },
	{ { "f+", "4+" }, CODE_UNAUTHORIZED, 2, "'p1'" },
	{ { "f+", "d?" }, CODE_OK, 1, NULL },
	{ { "d?", "s-" }, CODE_OK, 0, NULL },
	{ { "d?", "d+" }, CODE_RETRY, 1, "p0" },
	{ { "b+", "d?" }, CODE_RETRY, 1, "p1" },
	{ { "f+", "f?" }, CODE_OK, 1, NULL },
	{ { "4?", "f+" }, CODE_RETRY, 0, "p0" },
};

static void
deliveries(void **state)
{
	struct config_peer *peers[PEERS];
	struct delivery *d;
	struct error err;
	size_t n;
	int rc;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error_clear(&err);
		for (n = 0; n < PEERS && rows[i].peers[n] != NULL; n++)
			peers[n] = make_peer((int)n, rows[i].peers[n]);
		assert_int_equal(delivery_new(config,
		    (const struct config_peer *const *)peers, n, false, &d,
		    &err), 0);
		rc = delivery_serve(d, NAME, TOKEN, TEXT, &err);
		if ((rc == 0 ? CODE_OK : err.code) != rows[i].want ||
		    (rc == -1 && strstr(err.msg, rows[i].says) == NULL) ||
		    delivered() != rows[i].put)
			fail_msg("row %zu: %d, %d put: %s", i, (int)err.code,
			    delivered(), err.msg);
		/* the second is for nothing; then what is left */
		if (i % 2 == 0) {
			delivery_remove(d, TOKEN);
			assert_int_equal(delivered(), 0);
			delivery_remove(d, TOKEN);
		}
		delivery_free(d);
		assert_int_equal(delivered(), 0);
		while (n > 0)
			config_peer_free(peers[--n]);
	}
	delivery_free(NULL);
}

static void
without_delivery(void **state)
{
	static const struct {
		const char *peers[PEERS];
		bool stateless, may_put;
		const char *who;
	} t[] = {
		{ { "s-" }, true, false, "p0" },
		{ { "f+" }, false, true, "p0" },
		{ { "4-", "s-" }, true, false, "p0, p1" },
		{ { "4-", "f+" }, false, true, "p1" },
		{ { "d-", "r-" }, false, false, "p0, p1" },
		{ { "w+", "b+" }, false, true, "p0, p1" },
		{ { NULL }, false, false, "" },
	};
	struct config_peer *peers[PEERS];
	struct delivery *d;
	struct error err;
	struct buf who;
	bool yes;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		for (n = 0; n < PEERS && t[i].peers[n] != NULL; n++)
			peers[n] = make_peer((int)n, t[i].peers[n]);
		assert_int_equal(delivery_new(config,
		    (const struct config_peer *const *)peers, n, false, &d,
		    &err), 0);
		assert_int_equal(delivery_is_stateless(d, NAME, THUMB, &yes,
		    &err), 0);
		assert_int_equal(yes, t[i].stateless);
		assert_int_equal(delivery_may_put(d), t[i].may_put);
		buf_init(&who, 100);
		delivery_who(d, &who);
		assert_string_equal(buf_str(&who), t[i].who);
		buf_free(&who);
		delivery_free(d);
		while (n > 0)
			config_peer_free(peers[--n]);
	}
	assert_int_equal(delivered(), 0);
}

static void
tokens(void **state)
{
	char a[DELIVERY_TOKEN], b[DELIVERY_TOKEN];
	struct error err;

	(void)state;
	assert_int_equal(delivery_token(a, &err), 0);
	assert_int_equal(delivery_token(b, &err), 0);
	assert_int_equal(strlen(a), 43);
	assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
	assert_string_not_equal(a, b);
}

/* ---- where a peer is ---------------------------------------------------- */

static void
shown_hosts(void **state)
{
	static const struct {
		const char *shown, *host;
	} t[] = {
		{ "host www\nuser root\nhostname 192.0.2.7\nport 22\n",
		    "192.0.2.7" },
		{ "hostname a.example.com", "a.example.com" },
		{ "hostname 2001:db8::1\n", "2001:db8::1" },
		{ "xhostname a\nhostname b\nhostname c\n", "b" },
		{ "hostname \nhostname b\n", "b" },
		{ "hostname\n", NULL },
		{ "proxycommand hostname a\n", NULL },
		{ "", NULL },
		{ "\n\n", NULL },
	};
	char *host;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		host = ssh_show_hostname(t[i].shown);
		if (t[i].host == NULL)
			assert_null(host);
		else
			assert_string_equal(host, t[i].host);
		free(host);
	}
}

static void
peer_hosts(void **state)
{
	/* what ssh is and says; NULL: there is none */
	static const struct {
		const char *ssh, *url, *host;
	} t[] = {
		{ "#!/bin/sh\necho hostname 192.0.2.7\n", "ssh://root@www:2222",
		    "192.0.2.7" },
		{ "#!/bin/sh\necho hostname 2001:db8::1\n", "ssh://www",
		    "2001:db8::1" },
		/* it is asked about this very host, and connects nowhere */
		{ ("#!/bin/sh\nfor w; do h=$w; done\ncase $* in *-G*) echo "
		    "hostname $h.example.com;; esac\n"), "ssh://www",
		    "www.example.com" },
		/* no use: as the url says */
		{ "#!/bin/sh\nexit 255\n", "ssh://www", "www" },
		{ "#!/bin/sh\necho hostname\n", "ssh://[2001:db8::2]:22",
		    "2001:db8::2" },
		{ NULL, "ssh://www", "www" },
		{ NULL, "exec:", NULL },
		{ NULL, "file:///etc/letsencrypt", NULL },
	};
	struct config_peer *p;
	struct error err;
	char *host, *path = strdup(getenv("PATH"));

	(void)state;
	assert_non_null(path);
	assert_int_equal(setenv("PATH", tmp_path("bin"), 1), 0);
	assert_int_equal(mkdir(tmp_path("bin"), 0755), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(config_peer_new("p", NULL, &p, &err), 0);
		set(&p->url, t[i].url, "");
		if (t[i].ssh != NULL)
			tmp_put("bin/ssh", t[i].ssh, 0755);
		else
			(void)unlink(tmp_path("bin/ssh"));
		if (peer_host(config, p, &host, &err) == -1)
			fail_msg("row %zu: %s", i, err.msg);
		if (t[i].host == NULL)
			assert_null(host);
		else if (host == NULL || strcmp(host, t[i].host) != 0)
			fail_msg("row %zu: %s", i, host);
		free(host);
		config_peer_free(p);
	}
	assert_int_equal(config_peer_new("p", NULL, &p, &err), 0);
	set(&p->url, "ssh://-oProxyCommand=x", "");
	assert_int_equal(peer_host(config, p, &host, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_null(host);
	config_peer_free(p);
	assert_int_equal(setenv("PATH", path, 1), 0);
	free(path);
}

static void
host_ports(void **state)
{
	static const struct {
		const char *host;
		int port;
		const char *want;
	} t[] = {
		{ "www.example.com", 80, "www.example.com:80" },
		{ "192.0.2.7", 8080, "192.0.2.7:8080" },
		{ "2001:db8::1", 80, "[2001:db8::1]:80" },
	};
	struct error err;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(host_port_text(t[i].host, t[i].port, &text,
		    &err), 0);
		assert_string_equal(text, t[i].want);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deliveries),
		cmocka_unit_test(without_delivery),
		cmocka_unit_test(tokens),
		cmocka_unit_test(shown_hosts),
		cmocka_unit_test(peer_hosts),
		cmocka_unit_test(host_ports),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
