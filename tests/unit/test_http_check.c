/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/strs.h"
#include "http/http_check.h"

#define NAME	"app.example.com"
#define TOKEN	"token-of_22_characters"
#define WANT	TOKEN ".thumbprint"
#define OK	"HTTP/1.1 200 OK\r\nContent-Length: "

static int listener = -1;
static char address[64];

/* One connection: what was asked goes to *asked, the answer is `answer`. */
static pid_t
answer_once(const char *answer, int asked)
{
	char got[4096];
	ssize_t n;
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	if ((fd = accept(listener, NULL, NULL)) == -1)
		_exit(1);
	n = read(fd, got, sizeof(got));
	if (n > 0 && write(asked, got, (size_t)n) == n &&
	    write(fd, answer, strlen(answer)) == -1)
		_exit(1);
	(void)close(fd);
	_exit(0);
}

static int
open_listener(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);

	(void)state;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener == -1 ||
	    bind(listener, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(listener, 5) == -1 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) == -1)
		return -1;
	(void)snprintf(address, sizeof(address), "127.0.0.1:%d",
	    ntohs(a.sin_port));
	return 0;
}

static int
close_listener(void **state)
{
	(void)state;
	return close(listener);
}

static const struct {
	const char *answer;
	enum http_check_verdict want;
	const char *detail;	/* a part of it */
} rows[] = {
	{ OK "33\r\n\r\n" WANT, HTTP_CHECK_RIGHT, "answers it" },
	/* white space at the end */
	{ OK "36\r\n\r\n" WANT " \r\n", HTTP_CHECK_RIGHT, "" },
	{ "HTTP/1.0 200 OK\r\n\r\n" WANT "\n", HTTP_CHECK_RIGHT, "" },
	/* and in front */
	{ OK "34\r\n\r\n\n" WANT, HTTP_CHECK_WRONG, "something else" },
	{ OK "34\r\n\r\n" WANT "x", HTTP_CHECK_WRONG, "" },
	{ OK "32\r\n\r\n" TOKEN ".thumbprin", HTTP_CHECK_WRONG, "" },
	{ OK "0\r\n\r\n", HTTP_CHECK_WRONG, "''" },
	{ OK "7\r\n\r\na\033[31mb", HTTP_CHECK_WRONG, "'a?[31mb'" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", HTTP_CHECK_MISSING, "204" },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 33\r\n\r\n" WANT,
	    HTTP_CHECK_MISSING, "answers 404" },
	{ "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
	    HTTP_CHECK_MISSING, "answers 503" },
	/* not followed, wherever it leads */
	{ "HTTP/1.1 301 Moved\r\nLocation: https://" NAME "/x\r\n"
	    "Content-Length: 33\r\n\r\n" WANT, HTTP_CHECK_REDIRECT,
	    "https://" NAME "/x" },
	{ "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
	    HTTP_CHECK_REDIRECT, "" },
	{ "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
	    "Content-Length: 0\r\n\r\n", HTTP_CHECK_REDIRECT, "file:" },
	/* no HTTP, cut off, nothing */
	{ "SSH-2.0-OpenSSH_9.2\r\n", HTTP_CHECK_UNREACHABLE, "" },
	{ OK "99\r\n\r\n" WANT, HTTP_CHECK_UNREACHABLE, "" },
	{ "", HTTP_CHECK_UNREACHABLE, "gives no answer" },
};

static void
test_answers(void **state)
{
	struct http_check c;
	struct error err;
	char asked[4096];
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error_clear(&err);
		pid = answer_once(rows[i].answer, fds[1]);
		assert_int_equal(http_check(address, NAME, TOKEN, WANT, &c,
		    &err), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		n = read(fds[0], asked, sizeof(asked) - 1);
		assert_true(n > 0);
		asked[n] = '\0';
		assert_true(str_starts(asked, "GET /.well-known/"
		    "acme-challenge/" TOKEN " HTTP/1.1\r\nHost: " NAME
		    "\r\n"));
		if (c.verdict != rows[i].want ||
		    strstr(c.detail, rows[i].detail) == NULL)
			fail_msg("row %zu: %s: %s", i,
			    http_check_text(c.verdict), c.detail);
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* More than the ceiling is not read, and is not the right answer. */
static void
test_endless(void **state)
{
	static char big[65536];
	struct http_check c;
	struct error err;
	int fds[2], status;
	pid_t pid;

	(void)state;
	memset(big, ' ', sizeof(big) - 1);
	memcpy(big, OK "99999\r\n\r\n" WANT, strlen(OK "99999\r\n\r\n" WANT));
	assert_int_equal(pipe(fds), 0);
	pid = answer_once(big, fds[1]);
	assert_int_equal(http_check(address, NAME, TOKEN, WANT, &c, &err), 0);
	assert_int_equal(c.verdict, HTTP_CHECK_WRONG);
	(void)kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
test_unreachable(void **state)
{
	struct http_check c;
	struct error err;

	(void)state;
	error_clear(&err);
	/* port 1 of an address that nobody listens on */
	assert_int_equal(http_check("127.83.83.83:1", NAME, TOKEN, WANT, &c,
	    &err), 0);
	assert_int_equal(c.verdict, HTTP_CHECK_UNREACHABLE);
	assert_non_null(strstr(c.detail, "Connection refused"));
	assert_int_equal(http_check("[::1]:1", NAME, TOKEN, WANT, &c, &err),
	    0);
	assert_int_equal(c.verdict, HTTP_CHECK_UNREACHABLE);
	assert_int_equal(http_check("acmeferry..invalid:80", NAME, TOKEN,
	    WANT, &c, &err), 0);
	assert_int_equal(c.verdict, HTTP_CHECK_UNREACHABLE);
	assert_int_equal(c.status, 0);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = { "", "a b", "a/b", "a@b", "a:80",
		"a?b", "a#b", "a%2f", "a\r\nX: y", "*.example.com" };
	struct http_check c;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(http_check(address, bad[i], TOKEN, WANT, &c,
		    &err), -1);
		assert_int_equal(err.code, CODE_ERROR);
		assert_int_equal(http_check(address, NAME, bad[i], WANT, &c,
		    &err), -1);
	}
}

/* The environment's proxy is not used: nobody would answer there. */
static void
test_no_proxy(void **state)
{
	struct http_check c;
	struct error err;
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(setenv("http_proxy", "http://127.83.83.83:1", 1), 0);
	assert_int_equal(setenv("ALL_PROXY", "http://127.83.83.83:1", 1), 0);
	assert_int_equal(pipe(fds), 0);
	pid = answer_once(OK "33\r\n\r\n" WANT, fds[1]);
	assert_int_equal(http_check(address, NAME, TOKEN, WANT, &c, &err), 0);
	assert_int_equal(c.verdict, HTTP_CHECK_RIGHT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_proxy),
	};

	return cmocka_run_group_tests(tests, open_listener, close_listener);
}
