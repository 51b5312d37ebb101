/* SPDX-License-Identifier: ISC */
/* The end of an order: finalize and the certificate, with every turn that a CA
 * can give it. */
#include "unit.h"

#include "flowtest.h"

/* ---- finalize ----------------------------------------------------------- */

#define ROWS_MAX 5

static const struct {
	const char *what;
	struct fake_row rows[ROWS_MAX];
	enum code code;		/* CODE_OK: it is valid */
	enum flow_why why;
	const char *msg;
} turns[] = {
	{ "at once", { { CSR, 200, VALID, 0, NULL, NULL, NULL } },
	    CODE_OK, FLOW_OK, NULL },
	{ "later", { { CSR, 200, ORDER("processing"), 5, NULL, NULL,
	    NULL }, { "POST /order/1", 200, ORDER("processing"), 0,
	    NULL, NULL, NULL }, { "POST /order/1", 200, VALID, 0,
	    NULL, NULL, NULL } }, CODE_OK, FLOW_OK, NULL },
	{ "answer lost", { { CSR, 0, NULL, 0, NULL, NULL, NULL },
	    { "POST /order/1", 200, VALID, 0, NULL, NULL, NULL } },
	    CODE_OK, FLOW_OK, NULL },
	{ "answer lost, at work", { { CSR, 0, NULL, 0, NULL, NULL,
	    NULL }, { "POST /order/1", 200, ORDER("processing"), 0,
	    NULL, NULL, NULL }, { "POST /order/1", 200, VALID, 0,
	    NULL, NULL, NULL } }, CODE_OK, FLOW_OK, NULL },
	{ "answer garbled", { { CSR, 200, "<html>", 0, NULL,
	    "text/html", NULL }, { "POST /order/1", 200, VALID, 0,
	    NULL, NULL, NULL } }, CODE_OK, FLOW_OK, NULL },
	{ "request lost", { { CSR, 0, NULL, 0, NULL, NULL, NULL },
	    { "POST /order/1", 200, ORDER("ready"), 0, NULL, NULL,
	    NULL } }, CODE_RETRY, FLOW_UNREACHABLE,
	    "'https://ca': the connection was cut" },
	{ "all lost", { { CSR, 0, NULL, 0, NULL, NULL, NULL },
	    { "POST /order/1", 0, NULL, 0, NULL, NULL, NULL },
	    { "POST /order/1", 0, NULL, 0, NULL, NULL, NULL },
	    { "POST /order/1", 0, NULL, 0, NULL, NULL, NULL } },
	    CODE_RETRY, FLOW_UNREACHABLE,
	    "'https://ca': the connection was cut" },
	{ "lost, and dead", { { CSR, 0, NULL, 0, NULL, NULL, NULL },
	    { "POST /order/1", 200, DEAD("caa"), 0, NULL, NULL,
	    NULL } }, CODE_ISSUANCE, FLOW_INVALID, "'" LOCATION
	    "': the CA calls the order invalid: caa: so it is" },
	{ "500, not taken", { { CSR, 500, PROBLEM("serverInternal",
	    "oops"), 0, NULL, NULL, NULL }, { "POST /order/1", 200,
	    ORDER("ready"), 0, NULL, NULL, NULL } }, CODE_RETRY,
	    FLOW_BUSY, "'https://ca/fin/1': the CA answers 500 "
	    "serverInternal: oops" },
	{ "invalid at once", { { CSR, 200, DEAD("caa"), 0, NULL, NULL,
	    NULL } }, CODE_ISSUANCE, FLOW_INVALID, "'" LOCATION
	    "': the CA calls the order invalid: caa: so it is" },
	{ "invalid later", { { CSR, 200, ORDER("processing"), 0, NULL,
	    NULL, NULL }, { "POST /order/1", 200,
	    DEAD("serverInternal"), 0, NULL, NULL, NULL } },
	    CODE_RETRY, FLOW_INVALID, "'" LOCATION "': the CA calls "
	    "the order invalid: serverInternal: so it is" },
	{ "refused", { { CSR, 403, PROBLEM("caa", "no"), 0, NULL,
	    NULL, NULL } }, CODE_ISSUANCE, FLOW_OTHER,
	    "'https://ca/fin/1': the CA answers 403 caa: no" },
	{ "bad CSR", { { CSR, 400, PROBLEM("badCSR", "weak"), 0, NULL,
	    NULL, NULL } }, CODE_ISSUANCE, FLOW_BAD_CSR,
	    "'https://ca/fin/1': the CA answers 400 badCSR: weak" },
	{ "slow down", { { CSR, 429, PROBLEM("rateLimited", "five"),
	    3600, NULL, NULL, NULL } }, CODE_RETRY,
	    FLOW_RATE_LIMITED, "'https://ca/fin/1': the CA answers "
	    "429 rateLimited: five" },
	{ "account gone", { { CSR, 403, PROBLEM("unauthorized",
	    "Account is deactivated"), 0, NULL, NULL, NULL } },
	    CODE_ACCOUNT, FLOW_OTHER, "'https://ca/fin/1': the CA "
	    "answers 403 unauthorized: Account is deactivated" },
	{ "taken", { { CSR, 403, PROBLEM("orderNotReady", "no"), 0,
	    NULL, NULL, NULL }, { "POST /order/1", 200, VALID, 0,
	    NULL, NULL, NULL } }, CODE_RETRY, FLOW_TAKEN,
	    "'" LOCATION "': this order was finished before we "
	    "could; another host that shares the account has the "
	    "same one" },
	{ "not ready: dead", { { CSR, 403, PROBLEM("orderNotReady",
	    "no"), 0, NULL, NULL, NULL }, { "POST /order/1", 200,
	    DEAD("dns"), 0, NULL, NULL, NULL } }, CODE_UNAUTHORIZED,
	    FLOW_INVALID, "'" LOCATION "': the CA calls the order "
	    "invalid: dns: so it is" },
	{ "not ready: pending", { { CSR, 403, PROBLEM("orderNotReady",
	    "no"), 0, NULL, NULL, NULL }, { "POST /order/1", 200,
	    ORDER("pending"), 0, NULL, NULL, NULL } },
	    CODE_UNAUTHORIZED, FLOW_OTHER, "'https://ca/fin/1': the "
	    "CA answers 403 orderNotReady: no" },
	{ "not ready: ready", { { CSR, 403, PROBLEM("orderNotReady",
	    "no"), 0, NULL, NULL, NULL }, { "POST /order/1", 200,
	    ORDER("ready"), 0, NULL, NULL, NULL } }, CODE_RETRY,
	    FLOW_BUSY, "'https://ca/fin/1': the CA answers 403 "
	    "orderNotReady: no" },
	{ "not ready: who knows", { { CSR, 403,
	    PROBLEM("orderNotReady", "no"), 0, NULL, NULL, NULL },
	    { "POST /order/1", 0, NULL, 0, NULL, NULL, NULL } },
	    CODE_RETRY, FLOW_BUSY, "'https://ca/fin/1': the CA "
	    "answers 403 orderNotReady: no" },
	{ "too long", { { CSR, 200, ORDER("processing"), 600, NULL,
	    NULL, NULL } }, CODE_RETRY, FLOW_SLOW, "'" LOCATION "': "
	    "the order is still processing after 2m" },
};

static void
finalize(void **state)
{
	char url[] = LOCATION, fin[] = "https://ca/fin/1";
	struct acme_order order = { .url = url, .finalize = fin };
	struct acme_order o;
	struct error err;
	struct flow f;
	size_t n;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(turns); i++) {
		for (n = 0; n < ROWS_MAX && turns[i].rows[n].ask != NULL; n++)
			continue;
		fake_script(turns[i].rows, n, false);
		open_flow(&f);
		error_clear(&err);
		r = flow_finalize(&f, &order, "csr", 3, &o, &err);
		if (turns[i].code == CODE_OK && r == 0) {
			assert_string_equal(o.certificate,
			    "https://ca/cert/1");
			assert_string_equal(o.url, LOCATION);
			assert_int_equal(f.accepted,
			    strncmp(turns[i].what, "answer", 6) != 0);
			acme_order_free(&o);
		} else if (turns[i].code == CODE_OK)
			fail_msg("%s: %s", turns[i].what, err.msg);
		else
			failed(&f, r, &err, turns[i].code, turns[i].why,
			    turns[i].msg);
		close_flow(&f);
	}
}

/* ---- certificates ------------------------------------------------------- */

#define PEM(x) "-----BEGIN CERTIFICATE-----\n" x "\n" \
	"-----END CERTIFICATE-----\n"

static void
certificates(void **state)
{
	static const struct fake_row rows[] = {
		{ "POST /cert/1", 404, PROBLEM("malformed", "not yet"), 0,
		    NULL, NULL, NULL },
		{ "POST /cert/1", 200, PEM("AAAA") PEM("BBBB"), 0, NULL,
		    "application/pem-certificate-chain", "https://ca/alt/1" },
		{ "POST /alt/1", 200, PEM("AAAA") PEM("CCCC"), 0, NULL,
		    "application/pem-certificate-chain", "https://ca/alt/2" },
		/* not wanted; foreign; refused */
		{ "POST /cert/1", 200, PEM("AAAA"), 0, NULL,
		    "application/pem-certificate-chain; charset=utf-8",
		    "https://ca/alt/1" },
		{ "POST /cert/1", 200, PEM("AAAA"), 0, NULL,
		    "application/pem-certificate-chain", "https://evil/1" },
		{ "POST /cert/1", 200, PEM("AAAA"), 0, NULL,
		    "application/pem-certificate-chain", "https://ca/alt/1" },
		{ "POST /alt/1", 404, PROBLEM("malformed", "none"), 0, NULL,
		    NULL, NULL },
	};
	static const size_t want[] = { 2, 1, 1, 1 };
	struct flow_chains c;
	struct error err;
	struct flow f;

	(void)state;
	fake_script(rows, COUNT(rows), false);
	open_flow(&f);
	for (size_t i = 0; i < COUNT(want); i++) {
		error_clear(&err);
		if (flow_certificate(&f, "https://ca/cert/1", i != 1, &c,
		    &err) == -1)
			fail_msg("%s", err.msg);
		assert_int_equal(c.n, want[i]);
		assert_string_equal(c.v[0].certs.v[0], PEM("AAAA"));
		if (i == 0) {
			assert_string_equal(c.v[1].certs.v[1], PEM("CCCC"));
			assert_string_equal(c.v[1].url, "https://ca/alt/1");
		}
		flow_chains_free(&c);
	}
	assert_int_equal(fake.sleeps, 1);
	close_flow(&f);
}

enum { MANY = 200 };

static void
bad_certificates(void **state)
{
	static const struct {
		struct fake_row row;
		enum code code;
		const char *msg;
	} t[] = {
		{ { "POST /cert/1", 200, PEM("AAAA"), 0, NULL, "text/plain",
		    NULL }, CODE_ISSUANCE, "'https://ca/cert/1': found "
		    "text/plain, want application/pem-certificate-chain" },
		{ { "POST /cert/1", 200, "", 0, NULL,
		    "application/pem-certificate-chain", NULL },
		    CODE_ISSUANCE, "'https://ca/cert/1': found no "
		    "certificate, want a chain of them" },
		{ { "POST /cert/1", 200, "hello", 0, NULL,
		    "application/pem-certificate-chain", NULL },
		    CODE_ISSUANCE, "'https://ca/cert/1': line 1 of the chain: "
		    "found 'hello', want BEGIN CERTIFICATE" },
		{ { "POST /cert/1", 302, NULL, 0, "https://evil/", NULL,
		    NULL }, CODE_ISSUANCE, "'https://ca/cert/1': redirects to "
		    "'evil', which is not followed; put the CA's final "
		    "directory URL into acme.server" },
		{ { "POST /cert/1", 403, PROBLEM("unauthorized", "not "
		    "yours"), 0, NULL, NULL, NULL }, CODE_TRUST,
		    "'https://ca/cert/1': the CA answers 403 unauthorized: "
		    "not yours" },
	};
	struct fake_row gone[MANY];
	struct flow_chains c;
	struct error err;
	struct flow f;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		fake_script(&t[i].row, 1, false);
		open_flow(&f);
		error_clear(&err);
		failed(&f, flow_certificate(&f, "https://ca/cert/1", true, &c,
		    &err), &err, t[i].code, FLOW_OTHER, t[i].msg);
		close_flow(&f);
	}
	/* never there: half a minute, then no more */
	for (size_t i = 0; i < MANY; i++)
		gone[i] = (struct fake_row){ "POST /cert/1", 404,
		    PROBLEM("malformed", "none"), 0, NULL, NULL, NULL };
	fake_script(gone, MANY, false);
	open_flow(&f);
	error_clear(&err);
	failed(&f, flow_certificate(&f, "https://ca/cert/1", true, &c, &err),
	    &err, CODE_ISSUANCE, FLOW_GONE, "'https://ca/cert/1': the CA "
	    "answers 404 malformed: none");
	assert_true(fake.slept > 15000 && fake.slept <= 30000);
	assert_true(fake.at < 20);
	fake.n = fake.at;
	close_flow(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finalize),
		cmocka_unit_test(certificates),
		cmocka_unit_test(bad_certificates),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
