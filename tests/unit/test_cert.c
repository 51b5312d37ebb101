/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/secret.h"
#include "issue/cert.h"
#include "keyscan.h"

#define CERT(name) FIXTURE("certs/" name)

enum { DAY = 86400 };

static void
test_read(void **state)
{
	struct strs want = {0};
	struct error err;
	struct cert c;

	(void)state;
	error_clear(&err);
	assert_int_equal(cert_read(CERT("names.pem"), &c, &err), 0);
	assert_int_equal(c.names.n, 3);
	assert_string_equal(c.names.v[0], "app.example.com");
	assert_string_equal(c.names.v[2], "*.c.example.com");
	assert_int_equal(c.not_after - c.not_before, 90 * DAY);
	assert_true(c.not_before > 1700000000 && c.not_before < 4000000000);
	assert_int_equal(strlen(c.digest), 64);
	assert_int_equal(strs_add(&want, "B.example.com", &err), 0);
	assert_int_equal(strs_add(&want, "*.c.example.com", &err), 0);
	assert_false(cert_same_names(&c, &want));
	assert_int_equal(strs_add(&want, "app.example.com", &err), 0);
	assert_true(cert_same_names(&c, &want));
	assert_int_equal(strs_add(&want, "app.example.com", &err), 0);
	assert_true(cert_same_names(&c, &want));
	assert_int_equal(strs_add(&want, "d.example.com", &err), 0);
	assert_false(cert_same_names(&c, &want));
	strs_free(&want);
	cert_free(&c);
	assert_int_equal(cert_read(CERT("mixed.pem"), &c, &err), 0);
	assert_int_equal(c.names.n, 3);
	assert_string_equal(c.names.v[1], "192.0.2.1");
	assert_string_equal(c.names.v[2],
	    "ip:20010db8000000000000000000000001");
	cert_free(&c);
	assert_int_equal(cert_read(CERT("none.pem"), &c, &err), 0);
	assert_int_equal(c.names.n, 0);
	cert_free(&c);
}

static void
test_bad(void **state)
{
	struct error err;
	struct cert c;

	(void)state;
	assert_int_equal(cert_read(CERT("absent.pem"), &c, &err), -1);
	assert_int_equal(cert_read(CERT("names.key"), &c, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_string_equal(err.msg, "'" CERT("names.key") "': found no "
	    "certificate, want one in PEM");
	assert_int_equal(cert_read("tests/fixtures", &c, &err), -1);
}

static void
test_key(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(cert_check_key(CERT("names.pem"), CERT("names.key"),
	    &err), 0);
	assert_int_equal(cert_check_key(CERT("rsa.pem"), CERT("rsa.key"),
	    &err), 0);
	assert_int_equal(cert_check_key(CERT("names.pem"), CERT("rsa.key"),
	    &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_string_equal(err.msg, "'" CERT("rsa.key") "': is not the key "
	    "of '" CERT("names.pem") "'");
	assert_int_equal(cert_check_key(CERT("names.pem"), CERT("mixed.key"),
	    &err), -1);
	assert_int_equal(cert_check_key(CERT("names.pem"), CERT("locked.key"),
	    &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_int_equal(cert_check_key(CERT("names.pem"), CERT("names.pem"),
	    &err), -1);
}

/* Nothing of a private key is left once it was compared. */
static void
test_key_wiped(void **state)
{
	static const char *const names[] = { "names", "rsa" };
	static struct keyscan ks;
	struct error err;
	char cert[64], key[64], jwk[64];

	(void)state;
	KEYSCAN_OR_SKIP();
	for (size_t i = 0; i < 2; i++) {
		snprintf(cert, sizeof(cert), CERT("%s.pem"), names[i]);
		snprintf(key, sizeof(key), CERT("%s.key"), names[i]);
		snprintf(jwk, sizeof(jwk), CERT("%s.jwk"), names[i]);
		keyscan_learn(&ks, jwk);
		assert_int_equal(keyscan_count(&ks), 0);
		assert_int_equal(cert_check_key(cert, key, &err), 0);
		assert_int_equal(keyscan_count(&ks), 0);
		assert_int_equal(cert_check_key(CERT("mixed.pem"), key,
		    &err), -1);
		assert_int_equal(keyscan_count(&ks), 0);
	}
}

static void
test_due(void **state)
{
	(void)state;
	assert_int_equal(cert_due(0, 90 * DAY), 60 * DAY);
	assert_int_equal(cert_due(0, 45 * DAY), 30 * DAY);
	assert_int_equal(cert_due(1000, 1000 + 10 * DAY),
	    1000 + 10 * DAY - 10 * DAY / 3);
	assert_int_equal(cert_due(0, 10 * DAY - 2), 5 * DAY - 1);
	assert_int_equal(cert_due(0, 160 * 3600), 80 * 3600);
	assert_int_equal(cert_due(5, 5), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_wiped),
		cmocka_unit_test(test_due),
	};

	secret_wipe_openssl();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
