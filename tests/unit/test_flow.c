/* SPDX-License-Identifier: ISC */
/* An order up to finalize, and the waiting in it, with every turn that a CA can
 * give it. */
#include "unit.h"

#include "flowtest.h"

/* ---- ordering ----------------------------------------------------------- */

static void
new_order(void **state)
{
	static const struct fake_row good[] = {
		{ NEW, 201, ORDER("ready"), 0, LOCATION, NULL, NULL },
	};
	static const struct {
		struct fake_row row;
		enum code code;
		enum flow_why why;
		const char *msg;
	} bad[] = {
		{ { NEW, 201, ORDER("ready"), 0, NULL, NULL, NULL },
		    CODE_ERROR, FLOW_OTHER, "'https://ca/order': found an "
		    "order without a URL of the CA (Location), want one" },
		{ { NEW, 201, ORDER("ready"), 0, "https://evil/1", NULL,
		    NULL }, CODE_ERROR, FLOW_OTHER, "'https://ca/order': found "
		    "an order without a URL of the CA (Location), want one" },
		{ { NEW, 201, "", 0, LOCATION, NULL, NULL }, CODE_ERROR,
		    FLOW_OTHER, "'" LOCATION "': the answer is empty, want an "
		    "order" },
		{ { NEW, 201, "{\"status\": \"ready\", \"identifiers\": [], "
		    "\"authorizations\": [], \"finalize\": \"x\"}", 0,
		    LOCATION, NULL, NULL }, CODE_ERROR, FLOW_OTHER,
		    "'" LOCATION "': found an order for other names than "
		    "those asked for" },
		{ { NEW, 400, PROBLEM("rejectedIdentifier", "no"), 0, NULL,
		    NULL, NULL }, CODE_UNAUTHORIZED, FLOW_OTHER,
		    "'https://ca/order': the CA answers 400 "
		    "rejectedIdentifier: no" },
		{ { NEW, 400, PROBLEM("invalidProfile", "no"), 0, NULL, NULL,
		    NULL }, CODE_USAGE, FLOW_OTHER, "'https://ca/order': the "
		    "CA answers 400 invalidProfile: no" },
		{ { NEW, 403, PROBLEM("unauthorized", "Account is not valid, "
		    "has status deactivated"), 0, NULL, NULL, NULL },
		    CODE_ACCOUNT, FLOW_OTHER, "'https://ca/order': the "
		    "CA answers 403 unauthorized: Account is not valid, has "
		    "status deactivated" },
		{ { NEW, 429, PROBLEM("rateLimited", "slow"), 3600, NULL,
		    NULL, NULL }, CODE_RETRY, FLOW_RATE_LIMITED,
		    "'https://ca/order': the CA answers 429 rateLimited: "
		    "slow" },
		{ { NEW, 0, NULL, 0, NULL, NULL, NULL }, CODE_RETRY,
		    FLOW_UNREACHABLE, "'https://ca': the connection was "
		    "cut" },
		{ { NEW, 500, PROBLEM("serverInternal", "oops"), 0, NULL,
		    NULL, NULL }, CODE_RETRY, FLOW_BUSY, "'https://ca/order': "
		    "the CA answers 500 serverInternal: oops" },
	};
	struct acme_order_new want = { &names, "", NULL };
	struct acme_order o;
	struct flow f;
	struct error err;

	(void)state;
	fake_script(good, COUNT(good), false);
	open_flow(&f);
	assert_int_equal(flow_new_order(&f, &want, &o, &err), 0);
	assert_string_equal(o.url, LOCATION);
	assert_int_equal(o.status, ORDER_READY);
	assert_int_equal(f.why, FLOW_OK);
	acme_order_free(&o);
	close_flow(&f);
	for (size_t i = 0; i < COUNT(bad); i++) {
		fake_script(&bad[i].row, 1, false);
		open_flow(&f);
		error_clear(&err);
		failed(&f, flow_new_order(&f, &want, &o, &err), &err,
		    bad[i].code, bad[i].why, bad[i].msg);
		assert_int_equal(err.retry_after,
		    bad[i].row.retry_after > 0 ? 3600 : -1);
		close_flow(&f);
	}
}

static void
replaces(void **state)
{
	static const struct fake_row no_ari[] = {
		{ NEW, 201, ORDER("ready"), 0, LOCATION, NULL, NULL },
	};
	static const struct fake_row taken[] = {
		{ NEW_REPLACES, 409, PROBLEM("alreadyReplaced", "was"), 0,
		    NULL, NULL, NULL },
		{ NEW, 201, ORDER("ready"), 0, LOCATION, NULL, NULL },
	};
	static const struct fake_row other[] = {
		{ NEW_REPLACES, 400, PROBLEM("rejectedIdentifier", "no"), 0,
		    NULL, NULL, NULL },
	};
	struct acme_order_new want = { &names, "", "x.y" };
	struct acme_order o;
	struct flow f;
	struct error err;

	(void)state;
	/* a CA that does not know of it is not told */
	fake_script(no_ari, COUNT(no_ari), false);
	open_flow(&f);
	assert_int_equal(flow_new_order(&f, &want, &o, &err), 0);
	acme_order_free(&o);
	close_flow(&f);
	fake_script(taken, COUNT(taken), true);
	open_flow(&f);
	assert_int_equal(flow_new_order(&f, &want, &o, &err), 0);
	assert_null(o.replaces);
	acme_order_free(&o);
	close_flow(&f);
	/* what is wrong all the same is not asked twice */
	fake_script(other, COUNT(other), true);
	open_flow(&f);
	assert_int_equal(flow_new_order(&f, &want, &o, &err), -1);
	assert_int_equal(err.code, CODE_UNAUTHORIZED);
	close_flow(&f);
}

/* ---- proving ------------------------------------------------------------ */

static void
authorizations(void **state)
{
	static const struct fake_row rows[] = {
		{ "POST /authz/1", 200, AUTHZ("pending", "pending"), 0, NULL,
		    NULL, NULL },
		{ "POST /authz/2", 200, AUTHZ("valid", "valid"), 0, NULL,
		    NULL, NULL },
		{ "POST /chall/1 {}", 200, "{\"status\": \"pending\"}", 0,
		    NULL, NULL, NULL },
		/* pending, then by the CA's clock, then a hiccup, then valid */
		{ "POST /authz/1", 200, AUTHZ("pending", "processing"), 0,
		    NULL, NULL, NULL },
		{ "POST /authz/1", 200, AUTHZ("pending", "processing"), 7,
		    NULL, NULL, NULL },
		{ "POST /authz/1", 0, NULL, 0, NULL, NULL, NULL },
		{ "POST /authz/1", 503, PROBLEM("rateLimited", "busy"), 0,
		    NULL, NULL, NULL },
		{ "POST /authz/1", 200, AUTHZ("valid", "valid"), 0, NULL,
		    NULL, NULL },
		{ "POST /authz/1", 400, PROBLEM("rateLimited", "slow"), 0,
		    NULL, NULL, NULL },
		{ "POST /authz/2", 200, REFUSED, 0, NULL, NULL, NULL },
		{ "POST /authz/2 {\"status\":\"deactivated\"}", 200, "{}", 0,
		    NULL, NULL, NULL },
	};
	struct flow_authz z[2];
	struct strs urls = { 0 };
	struct error err;
	struct flow f;

	(void)state;
	error_clear(&err);
	fake_script(rows, COUNT(rows), false);
	open_flow(&f);
	assert_int_equal(strs_add(&urls, "https://ca/authz/1", &err), 0);
	assert_int_equal(strs_add(&urls, "https://ca/authz/2", &err), 0);
	assert_int_equal(flow_authzs(&f, &urls, z, &err), 0);
	assert_string_equal(z[0].url, "https://ca/authz/1");
	assert_string_equal(z[0].challenge.token, TOKEN);
	assert_int_equal(z[1].authz.status, AUTHZ_VALID);
	assert_null(z[1].challenge.type);
	assert_int_equal(flow_answer(&f, z[0].challenge.url, &err), 0);
	flow_authz_free(&z[0]);
	flow_authz_free(&z[1]);
	assert_int_equal(fake.slept, 0);
	/* two failures behind each other are no reason */
	assert_int_equal(flow_wait_authz(&f, urls.v[0], z, &err), 0);
	assert_int_equal(fake.slept, 10 + 7000 + 20 + 40);
	flow_authz_free(z);
	/* but a limit is */
	assert_int_equal(flow_wait_authz(&f, urls.v[0], z, &err), -1);
	assert_int_equal(f.why, FLOW_RATE_LIMITED);
	error_clear(&err);
	failed(&f, flow_wait_authz(&f, urls.v[1], z, &err), &err,
	    CODE_UNAUTHORIZED, FLOW_INVALID, "'a.example': the CA calls the "
	    "authorization invalid: connection: 10.0.0.1: refused");
	assert_true(f.has_problem);
	assert_string_equal(f.problem.type, "connection");
	assert_int_equal(flow_deactivate(&f, urls.v[1], &err), 0);
	strs_free(&urls);
	close_flow(&f);
}

static void
bad_authorizations(void **state)
{
	static const struct fake_row rows[] = {
		{ "POST /authz/1", 200, AUTHZ("pending", "pending"), 0, NULL,
		    NULL, NULL },
		{ "POST /authz/2", 404, PROBLEM("malformed", "gone"), 0, NULL,
		    NULL, NULL },
		{ "POST /authz/1", 200, AUTHZ("pending", "pending"), 0, NULL,
		    NULL, NULL },
		{ "POST /authz/3", 200, "{\"status\": \"pending\", "
		    "\"identifier\": {\"type\": \"dns\", \"value\": \"a\"}, "
		    "\"challenges\": [{\"type\": \"http-01\", \"url\": "
		    "\"https://ca/c\", \"status\": \"pending\", \"token\": "
		    "\"../x\"}]}", 0, NULL, NULL, NULL },
	};
	struct flow_authz z[2];
	struct strs urls = { 0 };
	struct error err;
	struct flow f;

	(void)state;
	fake_script(rows, COUNT(rows), false);
	open_flow(&f);
	assert_int_equal(strs_add(&urls, "https://ca/authz/1", &err), 0);
	assert_int_equal(strs_add(&urls, "https://ca/authz/2", &err), 0);
	assert_int_equal(flow_authzs(&f, &urls, z, &err), -1);
	assert_int_equal(f.why, FLOW_GONE);
	strs_free(&urls);
	/* one that may not be asked: the other's answer still has a home */
	assert_int_equal(strs_add(&urls, "https://ca/authz/1", &err), 0);
	assert_int_equal(strs_add(&urls, "https://evil/authz", &err), 0);
	assert_int_equal(flow_authzs(&f, &urls, z, &err), -1);
	assert_string_equal(err.msg, "'https://evil/authz': not on the host "
	    "of 'https://ca/dir'; it is not asked");
	strs_free(&urls);
	assert_int_equal(flow_authz(&f, "https://ca/authz/3", z, &err), -1);
	assert_string_equal(err.msg, "'https://ca/authz/3': member 'token': "
	    "found '../x', want 22 to 128 characters of base64url");
	close_flow(&f);
}

/* ---- waiting ------------------------------------------------------------ */

enum { MANY = 200 };

static void
patience(void **state)
{
	struct fake_row rows[MANY];
	struct acme_order o;
	struct error err;
	struct flow f;
	int r;

	(void)state;
	for (int i = 0; i < MANY; i++)
		rows[i] = (struct fake_row){ "POST /order/1", 200,
		    ORDER("processing"), 0, NULL, NULL, NULL };
	fake_script(rows, MANY, false);
	open_flow(&f);
	error_clear(&err);
	r = flow_wait_order(&f, LOCATION, 1u << ORDER_VALID, &o, &err);
	failed(&f, r, &err, CODE_RETRY, FLOW_SLOW, "'" LOCATION "': the order "
	    "is still processing after 2m");
	assert_int_equal(err.retry_after, 10);
	/* neither busy nor asleep: it grows to ten seconds */
	assert_true(fake.at > 15 && fake.at < 30);
	assert_int_equal(fake.longest, 10000);
	assert_true(fake.slept > 110000 && fake.slept <= 120000);
	fake.n = fake.at;
	close_flow(&f);
	/* a Retry-After that is too long is told, not slept */
	rows[0].retry_after = 600;
	fake_script(rows, 1, false);
	open_flow(&f);
	error_clear(&err);
	r = flow_wait_order(&f, LOCATION, 1u << ORDER_VALID, &o, &err);
	failed(&f, r, &err, CODE_RETRY, FLOW_SLOW, "'" LOCATION "': the order "
	    "is still processing after 2m");
	assert_int_equal(err.retry_after, 600);
	assert_int_equal(fake.slept, 0);
	close_flow(&f);
}

static void
failures(void **state)
{
	static const struct fake_row rows[] = {
		{ "POST /order/1", 0, NULL, 0, NULL, NULL, NULL },
		{ "POST /order/1", 0, NULL, 0, NULL, NULL, NULL },
		{ "POST /order/1", 200, ORDER("processing"), 0, NULL, NULL,
		    NULL },
		{ "POST /order/1", 0, NULL, 0, NULL, NULL, NULL },
		{ "POST /order/1", 0, NULL, 0, NULL, NULL, NULL },
		{ "POST /order/1", 0, NULL, 0, NULL, NULL, NULL },
		{ "POST /order/1", 200, "[]", 0, NULL, NULL, NULL },
		{ "POST /order/1", 200, DEAD("caa"), 0, NULL, NULL, NULL },
	};
	struct acme_order o;
	struct error err;
	struct flow f;

	(void)state;
	fake_script(rows, COUNT(rows), false);
	open_flow(&f);
	error_clear(&err);
	failed(&f, flow_wait_order(&f, LOCATION, 1u << ORDER_VALID, &o, &err),
	    &err, CODE_RETRY, FLOW_UNREACHABLE,
	    "'https://ca': the connection was cut");
	error_clear(&err);
	failed(&f, flow_wait_order(&f, LOCATION, 1u << ORDER_VALID, &o, &err),
	    &err, CODE_ERROR, FLOW_OTHER,
	    "'" LOCATION "': found an array, want an object");
	error_clear(&err);
	failed(&f, flow_wait_order(&f, LOCATION, 1u << ORDER_VALID, &o, &err),
	    &err, CODE_ISSUANCE, FLOW_INVALID,
	    "'" LOCATION "': the CA calls the order invalid: caa: so it is");
	close_flow(&f);
}

/* ---- renewal information ------------------------------------------------ */

static void
ari(void **state)
{
	static const struct fake_row rows[] = {
		{ "GET /ari/x.y", 200, "{\"suggestedWindow\": {\"start\": "
		    "\"2026-12-20T08:00:00Z\", \"end\": "
		    "\"2026-12-22T08:00:00Z\"}}", 7200, NULL, NULL, NULL },
		{ "GET /ari/x.y", 404, PROBLEM("malformed", "none"), 0, NULL,
		    NULL, NULL },
		{ "GET /ari/x.y", 200, "", 0, NULL, NULL, NULL },
	};
	struct acme_ari a;
	struct error err;
	struct flow f;

	(void)state;
	fake_script(rows, COUNT(rows), true);
	open_flow(&f);
	f.kid = NULL;
	f.signer = NULL;
	assert_int_equal(flow_ari(&f, "x.y", &a, &err), 0);
	assert_int_equal(a.end - a.start, 2 * 86400);
	assert_int_equal(a.retry_after, 7200);
	acme_ari_free(&a);
	assert_int_equal(flow_ari(&f, "x.y", &a, &err), -1);
	assert_int_equal(f.why, FLOW_GONE);
	assert_int_equal(flow_ari(&f, "x.y", &a, &err), -1);
	assert_string_equal(err.msg, "'https://ca/ari/x.y': the answer is "
	    "empty, want renewal information");
	close_flow(&f);
	fake_script(NULL, 0, false);
	open_flow(&f);
	assert_int_equal(flow_ari(&f, "x.y", &a, &err), -1);
	assert_int_equal(f.why, FLOW_GONE);
	assert_string_equal(err.msg, "'https://ca/dir': has no renewalInfo");
	close_flow(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_order),
		cmocka_unit_test(replaces),
		cmocka_unit_test(authorizations),
		cmocka_unit_test(bad_authorizations),
		cmocka_unit_test(patience),
		cmocka_unit_test(failures),
		cmocka_unit_test(ari),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
