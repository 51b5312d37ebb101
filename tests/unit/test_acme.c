/* SPDX-License-Identifier: ISC */
/* What a CA sends: problems, objects, headers, nonces. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "acme/account.h"
#include "acme/authz.h"
#include "acme/directory.h"
#include "acme/nonce.h"
#include "acme/order.h"
#include "acme/problem.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/strs.h"
#include "http/headers.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json *
parsed(const char *text)
{
	struct error err;
	json *j = NULL;

	if (json_parse(text, strlen(text), "test", &j, &err) == -1)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

/* ---- problems ----------------------------------------------------------- */

static void
problems(void **state)
{
	static const struct {
		const char *text;
		long status;
		enum code code;
		const char *msg;
	} rows[] = {
		{ "{\"type\": \"urn:ietf:params:acme:error:rateLimited\","
		    " \"detail\": \"slow\"}", 429, CODE_RETRY,
		    "'U': the CA answers 429 rateLimited: slow" },
		{ "{\"type\": \"urn:ietf:params:acme:error:rateLimited\"}",
		    400, CODE_RETRY, "'U': the CA answers 400 rateLimited" },
		{ "{\"type\": \"urn:ietf:params:acme:error:serverInternal\"}",
		    500, CODE_RETRY,
		    "'U': the CA answers 500 serverInternal" },
		{ "{\"type\": \"urn:ietf:params:acme:error:unauthorized\","
		    "\"detail\": \"\\u001b[2J\\n\"}", 403, CODE_TRUST,
		    "'U': the CA answers 403 unauthorized: ?[2J?" },
		{ "{\"type\": "
		    "\"urn:ietf:params:acme:error:accountDoesNotExist\"}",
		    400, CODE_ACCOUNT,
		    "'U': the CA answers 400 accountDoesNotExist" },
		{ "{}", 400, CODE_ERROR, "'U': the CA answers 400" },
		{ "{\"type\": 7, \"detail\": [], \"subproblems\": 1}", 400,
		    CODE_ERROR, "'U': the CA answers 400" },
		{ "{\"subproblems\": [1, {}, {\"identifier\": 3}]}", 401,
		    CODE_TRUST, "'U': the CA answers 401; '': : ; '': : " },
		{ "{\"detail\": \"no\", \"subproblems\": [{\"type\": \"urn:"
		    "ietf:params:acme:error:caa\", \"detail\": \"CAA\", "
		    "\"identifier\": {\"type\": \"dns\", \"value\": "
		    "\"a.example\"}}]}", 400, CODE_ERROR,
		    "'U': the CA answers 400: no; 'a.example': caa: CAA" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json *j = parsed(rows[i].text);
		struct acme_problem p;
		struct error err;

		error_clear(&err);
		assert_int_equal(acme_problem_parse(j, &p, &err), 0);
		assert_int_equal(acme_problem_error(&p, rows[i].status, "U",
		    60, &err), -1);
		assert_string_equal(err.msg, rows[i].msg);
		assert_int_equal(err.code, rows[i].code);
		assert_int_equal(err.retry_after,
		    rows[i].code == CODE_RETRY ? 60 : -1);
		acme_problem_free(&p);
		json_put(j);
	}
}

static void
many_subproblems(void **state)
{
	struct acme_problem p;
	struct error err;
	struct buf b;
	json *j;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_adds(&b, "{\"subproblems\": [{\"detail\": \"x\"}");
	for (int i = 0; i < 500; i++)
		buf_adds(&b, ", {\"detail\": \"x\"}");
	buf_adds(&b, "]}");
	j = parsed(b.data);
	assert_int_equal(acme_problem_parse(j, &p, &err), 0);
	assert_int_equal(p.nsubs, PROBLEM_SUBS);
	error_clear(&err);
	assert_int_equal(acme_problem_error(&p, 400, "U", -1, &err), -1);
	assert_non_null(strstr(err.msg, "; and 95 more"));
	acme_problem_free(&p);
	json_put(j);
	buf_free(&b);
}

/* ---- objects ------------------------------------------------------------ */

#define ID "\"identifier\": {\"type\": \"dns\", \"value\": \"A.example\"}"
#define CH "\"challenges\": [{\"type\": \"dns-01\", \"status\": \"pending\"}," \
	"{\"type\": \"http-01\", \"status\": \"valid\", " \
	"\"validated\": \"2026-11-23T21:06:00Z\"}]"

static void
authorizations(void **state)
{
	static const struct {
		const char *text, *name, *msg;
		enum authz_status status;
		size_t challenges;
	} rows[] = {
		{ "{\"status\": \"valid\", " ID ", \"expires\": "
		    "\"2026-12-23T21:06:00Z\", " CH "}", "a.example", NULL,
		    AUTHZ_VALID, 1 },
		{ "{\"status\": \"pending\", \"wildcard\": true, " ID ", " CH
		    "}", "*.a.example", NULL, AUTHZ_PENDING, 2 },
		{ "{\"status\": \"revoked\", " ID ", \"x\": 1, "
		    "\"challenges\": []}", "a.example", NULL, AUTHZ_REVOKED,
		    0 },
		{ "{" ID ", " CH "}", NULL,
		    "'W': member 'status': found none, want a string", 0, 0 },
		{ "{\"status\": \"good\", " ID ", " CH "}", NULL,
		    "'W': member 'status': found 'good', want an "
		    "authorization's status", 0, 0 },
		{ "{\"status\": \"unknown\", " ID ", " CH "}", NULL,
		    "'W': member 'status': found 'unknown', want an "
		    "authorization's status", 0, 0 },
		{ "{\"status\": \"valid\", " ID ", " CH "}", NULL,
		    "'W': member 'expires': found none, want a string", 0, 0 },
		{ "{\"status\": \"valid\", " ID ", \"expires\": \"soon\", " CH
		    "}", NULL, "'W': member 'expires': 'soon': no time as RFC "
		    "3339 has it, want e.g. '2026-11-23T21:06:00Z'", 0, 0 },
		{ "{\"status\": \"pending\", " CH "}", NULL,
		    "'W': member 'identifier': found none, want an object",
		    0, 0 },
		{ "{\"status\": \"pending\", " ID "}", NULL,
		    "'W': member 'challenges': found none, want an array",
		    0, 0 },
		{ "{\"status\": \"pending\", " ID ", \"challenges\": [3]}",
		    NULL, "'W': found a number, want an object with member "
		    "'type'", 0, 0 },
		{ "{\"status\": \"pending\", \"wildcard\": 1, " ID ", " CH
		    "}", NULL,
		    "'W': member 'wildcard': found a number, want a boolean",
		    0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json *j = parsed(rows[i].text);
		struct acme_authz z;
		struct error err;
		int r;

		error_clear(&err);
		r = acme_authz_parse(j, "W", &z, &err);
		if (rows[i].msg != NULL) {
			assert_int_equal(r, -1);
			assert_string_equal(err.msg, rows[i].msg);
		} else {
			assert_int_equal(r, 0);
			assert_string_equal(z.name, rows[i].name);
			assert_int_equal(z.status, rows[i].status);
			assert_int_equal(z.challenges.n, rows[i].challenges);
			assert_int_equal(z.validated, i == 0 ? 1795467960 : 0);
			acme_authz_free(&z);
		}
		json_put(j);
	}
}

#define ORDER(status) "{\"status\": \"" status "\", \"expires\": " \
	"\"2026-11-30T21:06:00Z\", \"identifiers\": [{\"type\": \"dns\", " \
	"\"value\": \"A.example\"}], \"authorizations\": [\"https://x/1\"], " \
	"\"finalize\": \"https://x/f\"}"

#define VALID "{\"status\": \"valid\", \"expires\": " \
	"\"2026-11-30T21:06:00Z\", \"identifiers\": [{\"type\": \"dns\", " \
	"\"value\": \"A.example\"}], \"authorizations\": [\"https://x/1\"], " \
	"\"finalize\": \"https://x/f\", \"certificate\": \"https://x/c\"}"

static void
orders(void **state)
{
	static const char *const good[] = { ORDER("pending"), ORDER("ready"),
		ORDER("processing"), VALID, ORDER("invalid") };
	static const struct {
		const char *text, *msg;
	} bad[] = {
		{ ORDER("done"), "'W': member 'status': found 'done', want an "
		    "order's status" },
		{ "{}", "'W': member 'status': found none, want a string" },
		{ "{\"status\": \"ready\"}",
		    "'W': member 'identifiers': found none, want an array" },
		{ "{\"status\": \"ready\", \"identifiers\": [], "
		    "\"authorizations\": [7]}",
		    "'W': member 'authorizations': element 0 is no URL" },
		{ "{\"status\": \"ready\", \"identifiers\": [], "
		    "\"authorizations\": []}",
		    "'W': member 'finalize': found none, want a string" },
		{ "{\"status\": \"ready\", \"expires\": 7}",
		    "'W': member 'expires': found a number, want a string" },
	};
	struct acme_order o;
	struct error err;
	json *j;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		j = parsed(good[i]);
		assert_int_equal(acme_order_parse(j, "W", &o, &err), 0);
		assert_int_equal(o.status, (enum order_status)i);
		assert_int_equal(o.expires, 1796072760);
		assert_string_equal(o.names.v[0], "a.example");
		assert_string_equal(o.authorizations.v[0], "https://x/1");
		acme_order_free(&o);
		json_put(j);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		j = parsed(bad[i].text);
		assert_int_equal(acme_order_parse(j, "W", &o, &err), -1);
		assert_string_equal(err.msg, bad[i].msg);
		json_put(j);
	}
}

static void
order_payloads(void **state)
{
	struct strs names = { 0 };
	struct acme_order_new want = { &names, "", NULL };
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(strs_add(&names, "a.example", &err), 0);
	assert_int_equal(strs_add(&names, "*.b.example", &err), 0);
	assert_int_equal(acme_order_payload(&want, &b, &err), 0);
	assert_string_equal(b.data, "{\"identifiers\":[{\"type\":\"dns\","
	    "\"value\":\"a.example\"},{\"type\":\"dns\",\"value\":"
	    "\"*.b.example\"}]}");
	buf_reset(&b);
	names.n = 1;
	want.profile = "short";
	want.replaces = "a.b";
	assert_int_equal(acme_order_payload(&want, &b, &err), 0);
	assert_string_equal(b.data, "{\"identifiers\":[{\"type\":\"dns\","
	    "\"value\":\"a.example\"}],\"profile\":\"short\","
	    "\"replaces\":\"a.b\"}");
	names.n = 2;
	strs_free(&names);
	buf_free(&b);
}

#define DIRS "\"newNonce\": \"https://ca/n\", " \
	"\"newAccount\": \"https://ca/a\", \"newOrder\": \"https://ca/o\""

static void
directories(void **state)
{
	static const struct {
		const char *text, *msg;
	} bad[] = {
		{ "{}", "'W': member 'newNonce': found none, want a string" },
		{ "{\"newNonce\": \"http://ca/n\"}", "'W': member 'newNonce': "
		    "found 'http://ca/n', want an https:// URL" },
		{ "{\"newNonce\": \"https://u@ca/n\"}", "'W': member "
		    "'newNonce': found 'https://u@ca/n', want an https:// "
		    "URL" },
		{ "{" DIRS ", \"keyChange\": 1}", "'W': member 'keyChange': "
		    "found a number, want a string" },
		{ "{" DIRS ", \"meta\": []}", "'W': member 'meta': found an "
		    "array, want an object" },
	};
	struct acme_directory d;
	struct error err;
	json *j;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		j = parsed(bad[i].text);
		assert_int_equal(acme_directory_parse(j, "W", &d, &err), -1);
		assert_string_equal(err.msg, bad[i].msg);
		json_put(j);
	}
	j = parsed("{" DIRS ", \"x\": 1, \"meta\": {\"profiles\": "
	    "{\"classic\": \"\", \"short\": \"\"}}}");
	assert_int_equal(acme_directory_parse(j, "W", &d, &err), 0);
	assert_string_equal(d.new_order, "https://ca/o");
	assert_string_equal(d.key_change, "");
	assert_true(d.has_profiles);
	assert_true(strs_has(&d.profiles, "short"));
	acme_directory_free(&d);
	json_put(j);
}

static void
origins(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "https://ca.example/x", "https://CA.example:443/y?z", true },
		{ "https://ca.example", "https://ca.example/", true },
		{ "https://ca.example:1/", "https://ca.example:1/", true },
		{ "https://[::1]:14000/dir", "https://[::1]:14000/", true },
		{ "https://ca.example:1/", "https://ca.example:2/", false },
		{ "https://ca.example/", "http://ca.example/", false },
		{ "https://ca.example/", "https://ca.example.evil/", false },
		{ "https://ca.example/", "https://ca.example@evil/", false },
		{ "https://ca.example/", "https://evil/@ca.example/", false },
		{ "https://ca.example/", "https://ca.example\\@evil/", false },
		{ "https:///x", "https:///x", false },
		{ "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (url_same_origin(rows[i].a, rows[i].b) != rows[i].same)
			fail_msg("row %zu: %s %s", i, rows[i].a, rows[i].b);
}

static void
accounts(void **state)
{
	static const struct {
		const char *body, *problem, *detail;
		int result;
		enum account_state state;
	} rows[] = {
		{ "{\"status\": \"valid\"}", NULL, NULL, 0, ACCOUNT_VALID },
		{ "{\"status\": \"deactivated\"}", NULL, NULL, 0,
		    ACCOUNT_DEACTIVATED },
		{ "{\"status\": \"revoked\"}", NULL, NULL, 0,
		    ACCOUNT_REVOKED },
		{ "{\"status\": \"odd\"}", NULL, NULL, -1, 0 },
		{ "{}", NULL, NULL, -1, 0 },
		{ NULL, NULL, NULL, -1, 0 },
		{ NULL, "accountDoesNotExist", "", 0, ACCOUNT_UNKNOWN },
		{ NULL, "unauthorized", "has status \"deactivated\"", 0,
		    ACCOUNT_DEACTIVATED },
		{ NULL, "unauthorized", "has status \"revoked\"", 0,
		    ACCOUNT_REVOKED },
		{ NULL, "unauthorized", "go away", -1, 0 },
		{ NULL, "malformed", "deactivated", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char type[64], detail[64];
		struct acme_problem p = { type, detail, NULL, 0 };
		struct acme_answer a = { .status = 200, .url = "U",
			.location = "https://ca/acct/1" };
		struct acme_account out;
		struct error e, err;

		error_clear(&e);
		error_set(&e, CODE_TRUST, "refused");
		if (rows[i].body != NULL)
			a.body = parsed(rows[i].body);
		if (rows[i].problem != NULL) {
			snprintf(type, sizeof(type), "%s", rows[i].problem);
			snprintf(detail, sizeof(detail), "%s",
			    rows[i].detail);
			a.problem = &p;
		}
		assert_int_equal(acme_account_answer(&a, a.problem != NULL ?
		    &e : NULL, &out, &err), rows[i].result);
		if (rows[i].result == 0)
			assert_int_equal(out.state, rows[i].state);
		if (rows[i].result == 0 && rows[i].body != NULL)
			assert_string_equal(out.location,
			    "https://ca/acct/1");
		acme_account_free(&out);
		json_put((json *)(uintptr_t)a.body);
	}
}

/* ---- headers ------------------------------------------------------------ */

static void
line(struct http_headers *h, const char *text)
{
	struct error err;

	assert_int_equal(http_headers_line(h, text, strlen(text), &err), 0);
}

static const char *const bad_etags[] = {
	"ETag: 5f", "ETag: \"", "ETag: \"5f", "ETag: w/\"5f\"",
	"ETag: \"a b\"", "ETag: \"a\"b\"", "ETag: \"\xc3\xa4\"",
	"ETag: ", "ETag: W/", "ETag: \"a\rb\"",
};

static void
headers(void **state)
{
	struct http_headers h = { 0 };

	(void)state;
	line(&h, "HTTP/1.1 200 OK\r\n");
	line(&h, "REPLAY-nonce:\t abc-_9 \r\n");
	line(&h, "Content-Type: application/json; charset=utf-8\r\n");
	line(&h, "location:https://ca/acct/1\r\n");
	line(&h, "Date: Mon, 23 Nov 2026 21:06:00 GMT\r\n");
	line(&h, "Retry-After: 120\r\n");
	line(&h, "no colon at all\r\n");
	line(&h, "\r\n");
	assert_string_equal(h.nonce, "abc-_9");
	assert_string_equal(h.content_type, "application/json; charset=utf-8");
	assert_string_equal(h.location, "https://ca/acct/1");
	assert_int_equal(h.date, 1795467960);
	assert_int_equal(http_retry_after(&h, 0), 120);
	/* a second answer behind a proxy's or a 100 */
	line(&h, "HTTP/2 201\r\n");
	assert_null(h.nonce);
	assert_null(h.location);
	assert_int_equal(h.date, 0);
	assert_int_equal(http_retry_after(&h, 0), -1);
	/* RFC 9110 section 8.8.3: an ETag goes back as it came, or not */
	line(&h, "Last-Modified: Mon, 23 Nov 2026 21:05:00 GMT\r\n");
	assert_int_equal(h.modified, 1795467900);
	line(&h, "ETag: \"5f-!~\"\r\n");
	assert_string_equal(h.etag, "\"5f-!~\"");
	line(&h, "etag:W/\"\"");
	assert_string_equal(h.etag, "W/\"\"");
	for (size_t i = 0; i < COUNT(bad_etags); i++) {
		line(&h, bad_etags[i]);
		assert_null(h.etag);
		line(&h, "ETag: \"x\"");
	}
	/* RFC 8555 section 6.5.1: what is no base64url is no nonce */
	line(&h, "Replay-Nonce: a\"b\r\n");
	assert_null(h.nonce);
	line(&h, "Replay-Nonce: \r\n");
	assert_null(h.nonce);
	http_headers_free(&h);
}

static void
retry_after(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{ "Retry-After: 0", 0 },
		{ "Retry-After: 3600", 3600 },
		{ "Retry-After: 99999999999999999999", 366LL * 86400 },
		{ "Retry-After: -5", -1 },
		{ "Retry-After: 1.5", -1 },
		{ "Retry-After: soon", -1 },
		{ "Retry-After: ", -1 },
		{ "Retry-After: Mon, 23 Nov 2026 21:07:00 GMT", 60 },
		{ "Retry-After: Mon, 23 Nov 2026 21:05:00 GMT", 0 },
		{ "Retry-After: Mon, 23 Nov 2996 21:05:00 GMT",
		    366LL * 86400 },
	};
	struct http_headers h = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		line(&h, "HTTP/1.1 503 no");
		line(&h, rows[i].text);
		/* by our clock, then by the server's */
		assert_int_equal(http_retry_after(&h, 1795467960),
		    rows[i].want);
		line(&h, "Date: Mon, 23 Nov 2026 21:06:00 GMT");
		assert_int_equal(http_retry_after(&h, 7), rows[i].want);
	}
	http_headers_free(&h);
}

static void
too_many_headers(void **state)
{
	struct http_headers h = { 0 };
	struct error err;
	char text[1001];
	int r = 0, n;

	(void)state;
	memset(text, 'a', 1000);
	text[1000] = '\0';
	for (n = 0; r == 0 && n < 100; n++)
		r = http_headers_line(&h, text, 1000, &err);
	assert_int_equal(r, -1);
	assert_int_equal(n, LIMIT_HTTP_HEADERS / 1000 + 1);
	assert_string_equal(err.msg, "headers are longer than 65536 bytes");
	http_headers_free(&h);
}

/* ---- nonces ------------------------------------------------------------- */

static void
nonces(void **state)
{
	struct nonces p = { 0 };
	struct error err;
	char text[32], *s;

	(void)state;
	assert_null(nonces_take(&p));
	assert_int_equal(nonces_put(&p, NULL, &err), 0);
	assert_null(nonces_take(&p));
	for (int i = 0; i < NONCES_MAX + 10; i++) {
		snprintf(text, sizeof(text), "n%d", i);
		assert_int_equal(nonces_put(&p, text, &err), 0);
	}
	/* the newest first; the ten oldest are gone */
	for (int i = NONCES_MAX + 9; i >= 10; i--) {
		snprintf(text, sizeof(text), "n%d", i);
		s = nonces_take(&p);
		assert_string_equal(s, text);
		free(s);
	}
	assert_null(nonces_take(&p));
	assert_int_equal(nonces_put(&p, "left", &err), 0);
	nonces_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems),
		cmocka_unit_test(many_subproblems),
		cmocka_unit_test(authorizations),
		cmocka_unit_test(orders),
		cmocka_unit_test(order_payloads),
		cmocka_unit_test(directories),
		cmocka_unit_test(origins),
		cmocka_unit_test(accounts),
		cmocka_unit_test(headers),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(too_many_headers),
		cmocka_unit_test(nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
