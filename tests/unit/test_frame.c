/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "transport/message.h"
#include "transport/wire.h"

#define S "https://ca.example/directory"

/* A pipe that holds these bytes and then ends. */
static int
piped(const char *data, size_t len)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	(void)fcntl(fds[1], F_SETPIPE_SZ, 1024 * 1024);
	assert_int_equal(write(fds[1], data, len), (ssize_t)len);
	close(fds[1]);
	return fds[0];
}

static void
frame(struct buf *b, const char *text)
{
	struct wire w;
	struct error err;
	size_t at;

	wire_init(&w, -1, -1, "peer");
	at = wire_begin(b);
	buf_adds(b, text);
	assert_int_equal(wire_end(&w, b, at, &err), 0);
	wire_free(&w);
}

/* Reads what a far end sent: its first line, then an answer. */
static enum wire_result
take(const char *data, size_t len, struct offer *o, struct verdicts *l,
    struct error *err)
{
	enum wire_result rc;
	struct wire w;
	int fd = piped(data, len);

	error_clear(err);
	wire_init(&w, fd, -1, "peer");
	rc = wire_get_hello(&w, LIMIT_BANNER, err);
	if (rc == WIRE_OK)
		rc = get_answer(&w, o, l, err);
	wire_free(&w);
	close(fd);
	return rc;
}

static void
test_hello(void **state)
{
	static const struct {
		const char *sent;
		enum wire_result want;
		const char *message;	/* part of it */
	} t[] = {
		{ "acmeferry 1\n", WIRE_OK, NULL },
		{ "Welcome\nto the host\nacmeferry 1\n", WIRE_OK, NULL },
		{ "\r\nWelcome\r\nacmeferry 1\n", WIRE_OK, NULL },
		{ "acmeferry 2\n", WIRE_FAIL, "speaks version 2 of the "
		    "protocol, this acmeferry (" ACMEFERRY_VERSION
		    ") speaks version 1" },
		{ "acmeferry 0\n", WIRE_FAIL, "speaks version 0" },
		{ "", WIRE_EOF, NULL },
		{ "acmeferry", WIRE_EOF, NULL },
		{ "acmeferry 1", WIRE_EOF, NULL },
		{ "acmeferry x\n", WIRE_EOF, NULL },
		{ "Welcome acmeferry 1\n", WIRE_EOF, NULL },
		{ "acmeferry 12345678\n", WIRE_EOF, NULL }
	};
	struct error err;
	struct wire w;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		fd = piped(t[i].sent, strlen(t[i].sent));
		wire_init(&w, fd, -1, "peer");
		error_clear(&err);
		assert_int_equal(wire_get_hello(&w, LIMIT_BANNER, &err),
		    t[i].want);
		if (t[i].message != NULL) {
			assert_int_equal(err.code, CODE_ERROR);
			assert_non_null(strstr(err.msg, t[i].message));
		}
		wire_free(&w);
		close(fd);
	}
}

static void
test_banner(void **state)
{
	struct error err;
	struct wire w;
	struct buf b;
	int fd;

	(void)state;
	for (size_t size = LIMIT_BANNER - 20; size < LIMIT_BANNER + 20;
	    size++) {
		buf_init(&b, 16 * 1024);
		for (size_t i = 0; i + 1 < size; i++)
			buf_addc(&b, i % 80 == 79 ? '\n' : 'x');
		buf_adds(&b, "\nacmeferry 1\n");
		fd = piped(b.data, b.len);
		wire_init(&w, fd, -1, "peer");
		error_clear(&err);
		assert_int_equal(wire_get_hello(&w, LIMIT_BANNER, &err),
		    size <= LIMIT_BANNER ? WIRE_OK : WIRE_FAIL);
		if (size > LIMIT_BANNER)
			assert_non_null(strstr(err.msg, "want the line "
			    "'acmeferry 1'"));
		wire_free(&w);
		close(fd);
		buf_free(&b);
	}
}

static void
test_frames(void **state)
{
	static const struct {
		const char *head;	/* 4 bytes, NULL: the right ones */
		const char *body;
		enum code code;
		const char *message;
	} t[] = {
		{ "\0\0\0\0", "", CODE_ERROR, "found a frame of 0 bytes, want "
		    "1 to 1048576" },
		{ "\0\x10\0\1", "", CODE_ERROR, "found a frame of 1048577 "
		    "bytes" },
		{ "\xff\xff\xff\xff", "", CODE_ERROR, "4294967295" },
		{ "\0\0\0\2", "[]", CODE_ERROR, "found a frame with an array, "
		    "want an object" },
		{ "\0\0\0\3", "{\"a", CODE_ERROR, "peer" },
		{ "\0\0\0\2", "{}", CODE_ERROR, "does not know" },
		{ "\0\0\0\5", "{}", CODE_RETRY, "link broken" },
		{ NULL, "{\"end\":1}", CODE_ERROR, "found 0 accounts, "
		    "want 1" },
		{ NULL, "{\"end\":\"x\"}", CODE_ERROR, "end" },
		{ NULL, "{\"error\":{\"code\":\"trust\",\"message\":"
		    "\"a\\u001bb, no right here\"}}", CODE_TRUST,
		    "the far end says: a?b, no right here" },
		{ NULL, "{\"error\":{\"code\":\"usage\",\"message\":"
		    "\"m\"}}     ", CODE_ERROR, "far end says: m" },
		{ NULL, "{\"error\":1}", CODE_ERROR, "error" }
	};
	struct offer o = { 0 };
	struct error err;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_init(&b, 4096);
		buf_adds(&b, "acmeferry 1\n");
		if (t[i].head == NULL) {
			frame(&b, t[i].body);
		} else {
			buf_add(&b, t[i].head, 4);
			buf_adds(&b, t[i].body);
		}
		if (take(b.data, b.len, &o, NULL, &err) != WIRE_FAIL ||
		    err.code != t[i].code ||
		    strstr(err.msg, t[i].message) == NULL)
			fail_msg("%zu: found %s: %s; want %s: %s", i,
			    code_name(err.code), err.msg,
			    code_name(t[i].code), t[i].message);
		buf_free(&b);
	}
	offer_free(&o);
}

/* A whole answer to a read: one account, a lineage, the end. */
static void
whole_answer(struct buf *b)
{
	buf_adds(b, "acmeferry 1\n");
	frame(b, "{\"account\":{\"server\":\"" S "\",\"id\":"
	    "\"0123456789abcdef0123456789abcdef\",\"state\":\"have\","
	    "\"uri\":\"https://ca.example/acct/1\",\"thumbprint\":\"t\","
	    "\"unknown\":[1,2]}}");
	frame(b, "{\"lineages\":[{\"server\":\"" S "\",\"uri\":"
	    "\"https://ca.example/acct/1\",\"name\":\"app\",\"domains\":"
	    "[\"app.example.com\",\"b.example.com\"],\"not_before\":"
	    "\"2026-11-01T00:00:00Z\",\"authorizations\":[{\"name\":"
	    "\"app.example.com\",\"url\":\"https://ca.example/z/1\","
	    "\"expires\":null}]}]}");
	frame(b, "{\"end\":1}");
}

static void
test_answer(void **state)
{
	struct offer o = { 0 };
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 64 * 1024);
	whole_answer(&b);
	assert_int_equal(take(b.data, b.len, &o, NULL, &err), WIRE_OK);
	assert_int_equal(o.n, 1);
	assert_int_equal(o.v[0]->state, OFFERED_HAVE);
	assert_string_equal(o.v[0]->uri, "https://ca.example/acct/1");
	assert_int_equal(o.hints.n, 1);
	assert_int_equal(o.hints.v[0].domains.n, 2);
	assert_true(o.hints.v[0].not_before == 1793491200);
	assert_int_equal(o.hints.v[0].nauthz, 1);
	assert_non_null(hints_for_name(&o.hints, S, "B.example.com"));
	assert_null(hints_for_name(&o.hints, S, "c.example.com"));
	offer_free(&o);
	buf_free(&b);
}

/* Cut at every byte: never a crash, never a success, always exit 3 (or the
 * far end's own story before the first line). */
static void
test_truncated(void **state)
{
	enum wire_result rc;
	struct offer o;
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 64 * 1024);
	whole_answer(&b);
	for (size_t len = 0; len < b.len; len++) {
		memset(&o, 0, sizeof(o));
		rc = take(b.data, len, &o, NULL, &err);
		assert_int_not_equal(rc, WIRE_OK);
		if (rc == WIRE_FAIL) {
			assert_int_equal(err.code, CODE_RETRY);
			assert_non_null(strstr(err.msg, "'peer': link broken"));
		}
		offer_free(&o);
	}
	buf_free(&b);
}

/* Every bit of it turned round: no crash, and never another account. */
static void
test_flipped(void **state)
{
	struct offer o;
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 64 * 1024);
	whole_answer(&b);
	for (size_t i = 0; i < b.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			b.data[i] = (char)(b.data[i] ^ (1 << bit));
			memset(&o, 0, sizeof(o));
			if (take(b.data, b.len, &o, NULL, &err) == WIRE_OK)
				assert_int_equal(o.n, 1);
			offer_free(&o);
			b.data[i] = (char)(b.data[i] ^ (1 << bit));
		}
	buf_free(&b);
}

/* What must not become a path here is told as broken, not as an error. */
static void
test_bad_names(void **state)
{
	static const struct {
		const char *server, *id;
	} t[] = {
		{ "https://ca.example/../../etc",
		    "0123456789abcdef0123456789abcdef" },
		{ "/etc", "0123456789abcdef0123456789abcdef" },
		{ "https://ca.example/0123456789abcdef0123456789abcdef",
		    "0123456789abcdef0123456789abcdef" },
		{ S, ".." },
		{ S, "/etc/passwd" },
		{ S, "" },
		{ S, "0123456789ABCDEF0123456789ABCDEF" },
		{ S, "0123456789abcdef0123456789abcde" },
		{ "http://ca.example/directory",
		    "0123456789abcdef0123456789abcdef" },
		{ "https://user:pw@ca.example/directory",
		    "0123456789abcdef0123456789abcdef" }
	};
	struct offer o;
	struct error err;
	char text[512];
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_init(&b, 64 * 1024);
		buf_adds(&b, "acmeferry 1\n");
		(void)snprintf(text, sizeof(text), "{\"account\":{\"server\":"
		    "\"%s\",\"id\":\"%s\",\"state\":\"sent\"},\"files\":"
		    "{\"private_key.json\":\"{}\"}}", t[i].server, t[i].id);
		frame(&b, text);
		frame(&b, "{\"end\":1}");
		memset(&o, 0, sizeof(o));
		assert_int_equal(take(b.data, b.len, &o, NULL, &err),
		    WIRE_OK);
		assert_int_equal(o.n, 1);
		assert_int_equal(o.v[0]->state, OFFERED_BROKEN);
		assert_null(o.v[0]->account);
		assert_non_null(o.v[0]->problem);
		offer_free(&o);
		buf_free(&b);
	}
}

static void
test_demand(void **state)
{
	struct strs servers = { 0 }, accounts = { 0 }, names = { 0 },
	    have = { 0 };
	struct request r = { &servers, &accounts, &names, &have, true };
	struct demand d;
	struct error err;
	struct wire w;
	struct buf b;
	json *j = NULL;
	int fd;

	(void)state;
	assert_int_equal(strs_add(&servers, S, &err), 0);
	assert_int_equal(strs_add(&names, "app.example.com", &err), 0);
	/* more than a frame holds: as many as fit are told */
	for (int i = 0; i < 20000; i++)
		assert_int_equal(strs_add(&have, "0123456789abcdef0123456789"
		    "abcdef0123456789abcdef0123456789abcdef", &err), 0);
	buf_init(&b, 2 * LIMIT_FRAME);
	wire_init(&w, -1, -1, "peer");
	assert_int_equal(put_demand(&w, &b, OP_WRITE, &r, PREFER_SOURCE, true,
	    &err), 0);
	wire_free(&w);
	fd = piped(b.data, b.len);
	wire_init(&w, fd, -1, "peer");
	assert_int_equal(wire_get(&w, &j, &err), WIRE_OK);
	assert_int_equal(get_demand(&w, j, &d, &err), 0);
	assert_int_equal(d.op, OP_WRITE);
	assert_int_equal(d.prefer, PREFER_SOURCE);
	assert_true(d.all);
	assert_true(d.verbatim);
	assert_int_equal(d.servers.n, 1);
	assert_int_equal(d.names.n, 1);
	assert_true(d.have.n > 5000 && d.have.n < 20000);
	demand_free(&d);
	json_put_secret(j);
	wire_free(&w);
	close(fd);
	buf_free(&b);
	strs_free(&servers);
	strs_free(&names);
	strs_free(&have);
}

static void
test_bad_demand(void **state)
{
	static const struct {
		const char *text, *message;
	} t[] = {
		{ "{}", "has no member 'op'" },
		{ "{\"op\":\"steal\"}", "member 'op': found 'steal', which "
		    "this acmeferry" },
		{ "{\"op\":1}", "op" },
		{ "{\"op\":\"read\",\"servers\":\"x\"}", "servers" },
		{ "{\"op\":\"read\",\"servers\":[1]}", "element 0 is no "
		    "string" },
		{ "{\"op\":\"read\",\"all\":1}", "all" },
		{ "{\"op\":\"write\",\"prefer\":\"me\"}", "found 'me'" }
	};
	struct demand d;
	struct error err;
	struct wire w;
	json *j = NULL;

	(void)state;
	wire_init(&w, -1, -1, "client");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(json_parse(t[i].text, strlen(t[i].text), "t",
		    &j, &err), 0);
		assert_int_equal(get_demand(&w, j, &d, &err), -1);
		assert_int_equal(err.code, CODE_ERROR);
		if (strstr(err.msg, t[i].message) == NULL)
			fail_msg("%s: %s", t[i].text, err.msg);
		json_put(j);
	}
	wire_free(&w);
}

static void
test_verdicts(void **state)
{
	struct verdicts in = { 0 }, out = { 0 };
	struct offer o = { 0 };
	struct error err;
	struct wire w;
	struct buf b;

	(void)state;
	for (int v = VERDICT_ADDED; v <= VERDICT_REFUSED; v++)
		assert_int_equal(verdicts_add(&in, (enum verdict)v,
		    v == VERDICT_CONFLICT ? CODE_STORE : CODE_OK, S, "id",
		    v == VERDICT_ADDED ? NULL : "why", &err), 0);
	buf_init(&b, 64 * 1024);
	buf_adds(&b, "acmeferry 1\n");
	wire_init(&w, -1, -1, "peer");
	for (size_t i = 0; i < in.n; i++)
		assert_int_equal(put_verdict(&w, &b, &in.v[i], &err), 0);
	assert_int_equal(put_end(&w, &b, in.n, NULL, &err), 0);
	wire_free(&w);
	assert_int_equal(take(b.data, b.len, &o, &out, &err), WIRE_OK);
	assert_int_equal(out.n, in.n);
	for (size_t i = 0; i < in.n; i++) {
		assert_int_equal(out.v[i].verdict, in.v[i].verdict);
		assert_int_equal(out.v[i].code, in.v[i].code);
	}
	assert_int_equal(verdicts_code(&out), CODE_STORE);
	/* accounts where verdicts are due, and the other way round */
	assert_int_equal(take(b.data, b.len, &o, NULL, &err), WIRE_FAIL);
	buf_reset(&b);
	whole_answer(&b);
	assert_int_equal(take(b.data, b.len, &o, &out, &err), WIRE_FAIL);
	verdicts_free(&in);
	verdicts_free(&out);
	offer_free(&o);
	buf_free(&b);
}

/* ---- time --------------------------------------------------------------- */

static int64_t now;

static int64_t
fake_mono(void)
{
	return now += 100;
}

static void
test_stall(void **state)
{
	struct error err;
	struct wire w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	now = 1000;
	clock_replace(NULL, fake_mono, NULL);
	wire_init(&w, fds[0], -1, "peer");
	w.deadline = 1400;
	error_clear(&err);
	assert_int_equal(wire_get_hello(&w, LIMIT_BANNER, &err), WIRE_FAIL);
	assert_int_equal(err.code, CODE_RETRY);
	assert_non_null(strstr(err.msg, "'peer': sent nothing"));
	w.deadline = 0;
	w.idle = 300;
	assert_int_equal(wire_get_hello(&w, LIMIT_BANNER, &err), WIRE_FAIL);
	assert_int_equal(err.code, CODE_RETRY);
	clock_replace(NULL, NULL, NULL);
	wire_free(&w);
	close(fds[0]);
	close(fds[1]);
}

/* A side that no longer reads: the next read tells why. */
static void
test_gone(void **state)
{
	struct error err;
	struct wire w;
	struct buf b;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	wire_init(&w, -1, fds[1], "peer");
	buf_init(&b, 64);
	wire_hello(&b);
	assert_string_equal(b.data, "acmeferry 1\n");
	assert_int_equal(wire_flush(&w, &b, &err), 0);
	assert_true(w.broken);
	wire_free(&w);
	close(fds[1]);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_banner),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_demand),
		cmocka_unit_test(test_bad_demand),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_gone)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
