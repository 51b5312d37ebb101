/* SPDX-License-Identifier: ISC */
/* Pinned certificates and this host's key pair. */
#include "unit.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "tmpdir.h"
#include "sealtest.h"

static struct host www, in, other;

static int
setup(void **state)
{
	if (tmp_setup(state) != 0)
		return -1;
	host_new(&www, "www.example.com");
	host_new(&in, "in.example.com");
	host_new(&other, "other.example.com");
	return 0;
}

static int
teardown(void **state)
{
	host_end(&www);
	host_end(&in);
	host_end(&other);
	return tmp_teardown(state);
}

/* A self-signed one of another kind of key, into tmp_dir/NAME. */
static void
other_kind(const char *name, EVP_PKEY *key)
{
	X509 *x = X509_new();
	BIO *bio = BIO_new_file(tmp_path(name), "w");

	assert_non_null(key);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, x), 1);
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void
refused(const char *name, enum code code, const char *why)
{
	struct seal_certs l = { 0 };
	struct error err;

	assert_int_equal(seal_certs_read(tmp_path(name), &l, &err), -1);
	assert_int_equal(err.code, code);
	if (strstr(err.msg, why) == NULL)
		fail_msg("%s", err.msg);
	seal_certs_free(&l);
}

static void
test_certs(void **state)
{
	struct seal_certs l = { 0 };
	char both[4096];
	struct error err;

	(void)state;
	(void)snprintf(both, sizeof(both), "# www\n%s\nand\n%s%s", www.id.pem,
	    in.id.pem, www.id.pem);
	tmp_put("both.pem", both, 0644);
	assert_int_equal(seal_certs_read(tmp_path("both.pem"), &l, &err), 0);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0].subject, "www.example.com");
	assert_string_equal(l.v[1].fingerprint, in.id.cert.fingerprint);
	assert_int_equal(seal_certs_read(host_pem(&other), &l, &err), 0);
	assert_int_equal(l.n, 3);
	seal_certs_free(&l);
	tmp_put("writable.pem", www.id.pem, 0666);
	refused("writable.pem", CODE_TRUST, "0666");
	tmp_put("none.pem", "hello\n", 0644);
	refused("none.pem", CODE_USAGE, "found no certificate");
	tmp_put("empty.pem", "", 0644);
	refused("empty.pem", CODE_USAGE, "found no certificate");
	refused("absent.pem", CODE_USAGE, "cannot be opened");
	(void)snprintf(both, sizeof(both), "%s-----BEGIN CERTIFICATE-----\n"
	    "AAAA\n-----END CERTIFICATE-----\n", www.id.pem);
	tmp_put("odd.pem", both, 0644);
	refused("odd.pem", CODE_USAGE, "something that is none");
	other_kind("p384.pem", EVP_EC_gen("P-384"));
	refused("p384.pem", CODE_TRUST, "is of another kind");
	other_kind("rsa.pem", EVP_RSA_gen(2048));
	refused("rsa.pem", CODE_TRUST, "is of another kind");
	other_kind("k1.pem", EVP_EC_gen("secp256k1"));
	refused("k1.pem", CODE_TRUST, "is of another kind");
}

static void
test_identity(void **state)
{
	struct seal_identity id;
	struct host h;
	struct error err;
	char path[300], keep[4096], pretty[SEAL_PRETTY];
	bool made;

	(void)state;
	host_new(&h, "new");
	(void)snprintf(keep, sizeof(keep), "%s", h.id.pem);
	assert_int_equal(strlen(seal_pretty(h.id.cert.fingerprint, pretty)),
	    95);
	/* cut short between the two files: the same key goes on */
	assert_int_equal(unlink(host_pem(&h)), 0);
	assert_int_equal(seal_identity_load(h.dir, &id, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_int_equal(seal_identity_make(h.dir, "new", true, &id, &made,
	    &err), 0);
	assert_true(made);
	assert_null(id.pem);
	assert_int_equal(seal_identity_make(h.dir, "new", false, &id, &made,
	    &err), 0);
	assert_true(made);
	assert_int_equal(EVP_PKEY_eq(id.key, h.id.key), 1);
	assert_string_not_equal(id.pem, keep);
	seal_identity_free(&id);
	assert_int_equal(seal_identity_make(h.dir, "new", false, &id, &made,
	    &err), 0);
	assert_false(made);
	seal_identity_free(&id);
	/* another's certificate */
	assert_int_equal(unlink(host_pem(&h)), 0);
	tmp_put("new/identity.pem", www.id.pem, 0644);
	assert_int_equal(seal_identity_load(h.dir, &id, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	tmp_put("new/identity.pem", keep, 0666);
	assert_int_equal(seal_identity_load(h.dir, &id, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	tmp_put("new/identity.pem", keep, 0644);
	assert_int_equal(seal_identity_load(h.dir, &id, &err), 0);
	seal_identity_free(&id);
	/* what is no key */
	(void)snprintf(path, sizeof(path), "%s/identity.key", h.dir);
	tmp_put("new/identity.key", keep, 0600);
	assert_int_equal(seal_identity_make(h.dir, "new", false, &id, &made,
	    &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(seal_identity_make(h.dir, "new", false, &id, &made,
	    &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	host_end(&h);
	/* a name that is longer than X.520 lets it be */
	host_new(&h, "a-name-of-more-than-sixty-four-characters."
	    "that-hosts-may-well-have.example.com");
	assert_int_equal(strlen(h.id.cert.subject), 64);
	host_end(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certs),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
