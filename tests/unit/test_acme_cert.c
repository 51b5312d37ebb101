/* SPDX-License-Identifier: ISC */
/* What a CA sends on the way to a certificate: challenges, orders that died,
 * chains. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "acme/account.h"
#include "acme/certificate.h"
#include "acme/challenge.h"
#include "acme/order.h"
#include "base/limits.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TOKEN "0123456789abcdefABCD-_"

static json *
parsed(const char *text)
{
	struct error err;
	json *j = NULL;

	if (json_parse(text, strlen(text), "test", &j, &err) == -1)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

/* ---- challenges --------------------------------------------------------- */

static void
tokens(void **state)
{
	char text[140];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++) {
		text[len] = '\0';
		assert_int_equal(acme_token_ok(text), len >= 22 && len <= 128);
		text[len] = 'a';
	}
	assert_true(acme_token_ok(TOKEN));
	/* every byte that is not base64url, alone in a good token */
	for (int c = 1; c < 256; c++) {
		snprintf(text, sizeof(text), "%s%c%s", TOKEN, c, TOKEN);
		assert_int_equal(acme_token_ok(text), c == '-' || c == '_' ||
		    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z'));
	}
}

#define DNS "{\"type\": \"dns-01\", \"status\": \"pending\"}"
#define HTTP(status, token) "{\"type\": \"http-01\", \"status\": \"" status \
	"\", \"url\": \"https://ca/c\", \"token\": \"" token "\"}"
#define AUTHZ(list) "{\"challenges\": [" list "]}"

static void
challenges(void **state)
{
	static const struct {
		const char *text, *msg, *token;
		enum challenge_status status;
	} rows[] = {
		{ AUTHZ(DNS ", " HTTP("pending", TOKEN)), NULL, TOKEN,
		    CHALLENGE_PENDING },
		{ AUTHZ(HTTP("processing", TOKEN) ", " DNS), NULL, TOKEN,
		    CHALLENGE_PROCESSING },
		{ AUTHZ(HTTP("valid", TOKEN)), NULL, TOKEN, CHALLENGE_VALID },
		{ AUTHZ(HTTP("invalid", TOKEN) ", " HTTP("valid", TOKEN)),
		    NULL, TOKEN, CHALLENGE_INVALID },
		{ AUTHZ(DNS), NULL, NULL, 0 },
		{ AUTHZ(""), NULL, NULL, 0 },
		{ "{}", "'W': member 'challenges': found none, want an array",
		    NULL, 0 },
		{ AUTHZ("7"), "'W': found a number, want an object with "
		    "member 'type'", NULL, 0 },
		{ AUTHZ(HTTP("open", TOKEN)), "'W': member 'status': found "
		    "'open', want a challenge's status", NULL, 0 },
		{ AUTHZ("{\"type\": \"http-01\", \"status\": \"pending\"}"),
		    "'W': member 'url': found none, want a string", NULL, 0 },
		{ AUTHZ(HTTP("pending", "../../../../../etc/passwd")),
		    "'W': member 'token': found '../../../../../etc/passwd', "
		    "want 22 to 128 characters of base64url", NULL, 0 },
		{ AUTHZ(HTTP("pending", "short")), "'W': member 'token': "
		    "found 'short', want 22 to 128 characters of base64url",
		    NULL, 0 },
		{ AUTHZ(HTTP("pending", TOKEN "\\n")), "'W': member 'token': "
		    "found '" TOKEN "?', want 22 to 128 characters of "
		    "base64url", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json *j = parsed(rows[i].text);
		struct acme_challenge c;
		struct error err;
		int r;

		error_clear(&err);
		r = acme_challenge_find(j, "http-01", "W", &c, &err);
		assert_string_equal(err.msg,
		    rows[i].msg == NULL ? "" : rows[i].msg);
		assert_int_equal(r, rows[i].msg == NULL ? 0 : -1);
		if (rows[i].token == NULL)
			assert_null(c.type);
		else {
			assert_string_equal(c.token, rows[i].token);
			assert_string_equal(c.url, "https://ca/c");
			assert_int_equal(c.status, rows[i].status);
		}
		acme_challenge_free(&c);
		json_put(j);
	}
}

static void
challenge_errors(void **state)
{
	struct acme_challenge c;
	struct error err;
	char *text = NULL;
	json *j;

	(void)state;
	j = parsed(AUTHZ("{\"type\": \"http-01\", \"status\": \"invalid\", "
	    "\"url\": \"https://ca/c\", \"token\": \"" TOKEN "\", \"error\": "
	    "{\"type\": \"urn:ietf:params:acme:error:connection\", "
	    "\"detail\": \"refused\"}}"));
	assert_int_equal(acme_challenge_find(j, "http-01", "W", &c, &err), 0);
	assert_true(c.has_problem);
	assert_string_equal(c.problem.type, "connection");
	assert_string_equal(c.problem.detail, "refused");
	acme_challenge_free(&c);
	json_put(j);
	/* RFC 8555 section 8.1 */
	assert_int_equal(acme_key_authorization(TOKEN, "thumb", &text, &err),
	    0);
	assert_string_equal(text, TOKEN ".thumb");
	free(text);
}

/* ---- orders ------------------------------------------------------------- */

#define ORDER(rest) "{\"status\": \"invalid\", \"identifiers\": [], " \
	"\"authorizations\": [], \"finalize\": \"https://ca/f\"" rest "}"
#define ERROR(type) ORDER(", \"error\": {\"type\": \"urn:ietf:params:acme:" \
	"error:" type "\", \"detail\": \"words\"}")

static void
dead_orders(void **state)
{
	static const struct {
		const char *text;
		enum code code;
		const char *msg;
	} rows[] = {
		{ ORDER(""), CODE_ISSUANCE, "'U': the CA calls the order "
		    "invalid and does not say why" },
		{ ORDER(", \"error\": 7"), CODE_ISSUANCE, "'U': the CA calls "
		    "the order invalid and does not say why" },
		{ ERROR("caa"), CODE_ISSUANCE,
		    "'U': the CA calls the order invalid: caa: words" },
		{ ERROR("badCSR"), CODE_ISSUANCE,
		    "'U': the CA calls the order invalid: badCSR: words" },
		{ ERROR("rateLimited"), CODE_RETRY,
		    "'U': the CA calls the order invalid: rateLimited: "
		    "words" },
		{ ERROR("serverInternal"), CODE_RETRY,
		    "'U': the CA calls the order invalid: serverInternal: "
		    "words" },
		{ ERROR("unauthorized"), CODE_UNAUTHORIZED,
		    "'U': the CA calls the order invalid: unauthorized: "
		    "words" },
		{ ERROR("dns"), CODE_UNAUTHORIZED,
		    "'U': the CA calls the order invalid: dns: words" },
		{ ORDER(", \"error\": {\"subproblems\": [{\"type\": \"urn:ietf"
		    ":params:acme:error:caa\", \"detail\": \"no\", "
		    "\"identifier\": {\"value\": \"a.example\"}}]}"),
		    CODE_ISSUANCE, "'U': the CA calls the order invalid: ; "
		    "'a.example': caa: no" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json *j = parsed(rows[i].text);
		struct acme_order o;
		struct error err;

		error_clear(&err);
		assert_int_equal(acme_order_parse(j, "U", &o, &err), 0);
		assert_int_equal(acme_order_error(&o, "U", &err), -1);
		assert_string_equal(err.msg, rows[i].msg);
		assert_int_equal(err.code, rows[i].code);
		acme_order_free(&o);
		json_put(j);
	}
}

static void
order_members(void **state)
{
	static const char *const bad[] = { ORDER(", \"certificate\": 7"),
		ORDER(", \"profile\": []"), ORDER(", \"replaces\": {}") };
	struct acme_order o;
	struct error err;
	json *j;

	(void)state;
	j = parsed(ORDER(", \"certificate\": \"https://ca/c\", \"profile\": "
	    "\"short\", \"replaces\": \"a.b\""));
	assert_int_equal(acme_order_parse(j, "U", &o, &err), 0);
	assert_string_equal(o.certificate, "https://ca/c");
	assert_string_equal(o.profile, "short");
	assert_string_equal(o.replaces, "a.b");
	acme_order_free(&o);
	json_put(j);
	for (size_t i = 0; i < COUNT(bad); i++) {
		j = parsed(bad[i]);
		assert_int_equal(acme_order_parse(j, "U", &o, &err), -1);
		json_put(j);
	}
}

static void
refusals(void **state)
{
	static const struct {
		const char *type;
		long status;
		bool replaces;
		enum code code;
	} rows[] = {
		{ "alreadyReplaced", 409, true, CODE_ERROR },
		{ "malformed", 400, true, CODE_ERROR },
		{ "malformed", 404, true, CODE_ERROR },
		{ "unauthorized", 403, true, CODE_UNAUTHORIZED },
		{ "rejectedIdentifier", 400, false, CODE_UNAUTHORIZED },
		{ "unsupportedIdentifier", 400, false, CODE_UNAUTHORIZED },
		{ "caa", 403, false, CODE_UNAUTHORIZED },
		{ "dns", 400, false, CODE_UNAUTHORIZED },
		{ "invalidProfile", 400, false, CODE_USAGE },
		{ "rateLimited", 429, false, CODE_ERROR },
		{ "serverInternal", 500, false, CODE_ERROR },
	};
	char type[64], detail[] = "";
	struct acme_problem p = { type, detail, NULL, 0 };

	(void)state;
	assert_false(acme_order_blames_replaces(NULL, 409));
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(type, sizeof(type), "%s", rows[i].type);
		assert_int_equal(acme_order_blames_replaces(&p,
		    rows[i].status), rows[i].replaces);
		assert_int_equal(acme_order_refusal(&p, CODE_ERROR),
		    rows[i].code);
	}
}

static void
account_refusals(void **state)
{
	static const struct {
		const char *type, *detail;
		bool account;
	} rows[] = {
		{ "accountDoesNotExist", "", true },
		{ "unauthorized", "Account is not valid, has status "
		    "\"deactivated\"", true },
		{ "unauthorized", "account revoked", true },
		{ "unauthorized", "the authorization was revoked", false },
		{ "malformed", "account deactivated", false },
	};
	char type[64], detail[64];
	struct acme_problem p = { type, detail, NULL, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(type, sizeof(type), "%s", rows[i].type);
		snprintf(detail, sizeof(detail), "%s", rows[i].detail);
		assert_int_equal(acme_account_refused(&p), rows[i].account);
	}
}

/* ---- finalize and chains ------------------------------------------------ */

static void
finalize(void **state)
{
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(acme_finalize_payload("\x30\x82\xff\xfe", 4, &b,
	    &err), 0);
	assert_string_equal(b.data, "{\"csr\":\"MIL__g\"}");
	buf_free(&b);
	buf_init(&b, 8);
	assert_int_equal(acme_finalize_payload("abcdefgh", 8, &b, &err), -1);
	buf_free(&b);
}

#define B "-----BEGIN CERTIFICATE-----\n"
#define E "-----END CERTIFICATE-----\n"
#define L64 "MIIBszCCAVmgAwIBAgIUJ0Pk1x0000000000000000000000000000000000/+=="

static const struct {
	const char *text;
	size_t n;
	const char *msg;
} chain_rows[] = {
	{ B L64 "\n" E, 1, NULL },
	{ B L64 "\n" E B "AAAA\nAAA=\n" E, 2, NULL },
	/* as Boulder has them */
	{ B L64 "\n" E "\n" B L64 "\n" E "\n", 2, NULL },
	{ "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n"
	    "-----END CERTIFICATE-----\r\n", 1, NULL },
	{ "-----BEGIN CERTIFICATE-----\rAAAA\r"
	    "-----END CERTIFICATE-----", 1, NULL },
	{ "", 0, "'W': found no certificate, want a chain of them" },
	{ "\n\n", 0,
	    "'W': found no certificate, want a chain of them" },
	{ "subject=CN = x\n" B L64 "\n" E, 0, "'W': line 1 of the "
	    "chain: found 'subject=CN = x', want BEGIN CERTIFICATE" },
	{ B L64 "\n" E "behind\n", 0, "'W': line 4 of the chain: "
	    "found 'behind', want BEGIN CERTIFICATE" },
	{ B L64 "\n" E "-----BEGIN EC PRIVATE KEY-----\nAAAA\n"
	    "-----END EC PRIVATE KEY-----\n", 0, "'W': line 4 of the "
	    "chain: found '-----BEGIN EC PRIVATE KEY-----', want "
	    "BEGIN CERTIFICATE" },
	{ "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
	    0, "'W': line 1 of the chain: found "
	    "'-----BEGIN X509 CRL-----', want BEGIN CERTIFICATE" },
	{ " " B L64 "\n" E, 0, "'W': line 1 of the chain: found "
	    "' -----BEGIN CERTIFICATE-----', want BEGIN "
	    "CERTIFICATE" },
	{ B "AAAA\n", 0, "'W': line 2 of the chain: found '', want "
	    "the end of a certificate" },
	{ B E, 0, "'W': line 2 of the chain: found "
	    "'-----END CERTIFICATE-----', want whole groups of "
	    "base64 before it" },
	{ B "AAAA\n" B, 0, "'W': line 3 of the chain: found "
	    "'-----BEGIN CERTIFICATE-----', want base64" },
	{ B "AAA\n" E, 0, "'W': line 3 of the chain: found "
	    "'-----END CERTIFICATE-----', want whole groups of "
	    "base64 before it" },
	{ B "AA==\nAAAA\n" E, 0, "'W': line 4 of the chain: found "
	    "'-----END CERTIFICATE-----', want whole groups of "
	    "base64 before it" },
	{ B "A===\n" E, 0, "'W': line 3 of the chain: found "
	    "'-----END CERTIFICATE-----', want whole groups of "
	    "base64 before it" },
	{ B "A-_A\n" E, 0, "'W': line 2 of the chain: found 'A-_A', "
	    "want base64" },
	{ B "Proc-Type: 4,ENCRYPTED\n\nAAAA\n" E, 0, "'W': line 2 of "
	    "the chain: found 'Proc-Type: 4,ENCRYPTED', want "
	    "base64" },
	{ B "AA AA\n" E, 0, "'W': line 2 of the chain: found "
	    "'AA AA', want base64" },
	{ B "\x1b[2J\n" E, 0, "'W': line 2 of the chain: found "
	    "'?[2J', want base64" },
	{ B L64 L64 "\n" E, 0, "'W': line 2 of the chain: found "
	    "'" L64 "', want base64" },
};

static void
chains(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(chain_rows); i++) {
		struct strs out;
		struct error err;
		int r;

		error_clear(&err);
		r = acme_chain_parse(chain_rows[i].text,
		    strlen(chain_rows[i].text), "W", &out, &err);
		assert_string_equal(err.msg,
		    chain_rows[i].msg == NULL ? "" : chain_rows[i].msg);
		assert_int_equal(r, chain_rows[i].msg == NULL ? 0 : -1);
		assert_int_equal(out.n, chain_rows[i].n);
		if (r == -1)
			assert_int_equal(err.code, CODE_ISSUANCE);
		if (i < 3)
			assert_string_equal(out.v[0], B L64 "\n" E);
		else if (r == 0)
			assert_string_equal(out.v[0], B "AAAA\n" E);
		strs_free(&out);
	}
}

static void
odd_chains(void **state)
{
	static const char nul[] = B "AAAA\n" E "\0" B "AAAA\n" E;
	struct strs out;
	struct error err;
	struct buf b;

	(void)state;
	/* a NUL hides nothing */
	assert_int_equal(acme_chain_parse(nul, sizeof(nul) - 1, "W", &out,
	    &err), -1);
	buf_init(&b, LIMIT_HTTP_BODY);
	for (int i = 0; i < LIMIT_CHAIN; i++)
		buf_adds(&b, B "AAAA\n" E);
	assert_int_equal(acme_chain_parse(b.data, b.len, "W", &out, &err), 0);
	assert_int_equal(out.n, LIMIT_CHAIN);
	strs_free(&out);
	buf_adds(&b, B "AAAA\n" E);
	assert_int_equal(acme_chain_parse(b.data, b.len, "W", &out, &err), -1);
	assert_string_equal(err.msg, "'W': found more than 10 certificates in "
	    "one chain");
	/* every truncation of a good chain is told */
	for (size_t len = 1; len < 2 * strlen(B "AAAA\n" E) - 1; len++) {
		bool whole = len >= strlen(B "AAAA\n" E) - 1 &&
		    len <= strlen(B "AAAA\n" E);

		assert_int_equal(acme_chain_parse(b.data, len, "W", &out,
		    &err), whole ? 0 : -1);
		strs_free(&out);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens),
		cmocka_unit_test(challenges),
		cmocka_unit_test(challenge_errors),
		cmocka_unit_test(dead_orders),
		cmocka_unit_test(order_members),
		cmocka_unit_test(refusals),
		cmocka_unit_test(account_refusals),
		cmocka_unit_test(finalize),
		cmocka_unit_test(chains),
		cmocka_unit_test(odd_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
