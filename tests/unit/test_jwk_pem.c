/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "fixture.h"
#include "jose/jwk_pem.h"
#include "keyscan.h"

enum { TEXT_MAX = 65536 };

struct text {
	char *data;
	size_t len;
};

static struct text
key_file(const char *name)
{
	char path[128];
	struct text t;

	snprintf(path, sizeof(path), FIXTURE("accounts/%s/private_key.json"),
	    name);
	t.data = slurp(path, &t.len);
	assert_non_null(t.data);
	return t;
}

static int asked;

static int
secret_word(void *arg, struct secret *out, struct error *err)
{
	asked++;
	if (arg == NULL)
		return error_set(err, CODE_USAGE, "no passphrase");
	return secret_dup(out, arg, strlen(arg), err);
}

/* What a PEM text says as a JWK; the message where it is refused. */
static int
from(const char *pem, size_t len, const char *word, struct buf *out,
    struct error *err)
{
	union { const char *c; void *p; } u = { word };

	error_clear(err);
	asked = 0;
	buf_free(out);
	buf_init_sensitive(out, TEXT_MAX);
	return jwk_from_pem(pem, len, "k.pem", secret_word, u.p, out, err);
}

static void
normal(const struct text *t, struct buf *out)
{
	struct error err;

	error_clear(&err);
	buf_init_sensitive(out, TEXT_MAX);
	if (jwk_normal(t->data, t->len, "k", out, &err) == -1)
		fail_msg("%s", err.msg);
}

static void
to(const struct text *t, struct buf *out)
{
	struct error err;

	error_clear(&err);
	buf_init_sensitive(out, TEXT_MAX);
	if (jwk_to_pem(t->data, t->len, "k", out, &err) == -1)
		fail_msg("%s", err.msg);
}

static void
test_round(void **state)
{
	static const struct {
		const char *name, *label;
		bool same;	/* certbot's own spelling */
	} t[] = {
		{ "rsa2048", "RSA PRIVATE KEY", true },
		{ "rsa2048-e3", "RSA PRIVATE KEY", true },
		{ "rsa4096", "RSA PRIVATE KEY", true },
		{ "rsa-nocrt", "RSA PRIVATE KEY", false },
		{ "rsa-py2", "RSA PRIVATE KEY", false },
		{ "rsa-padded", "RSA PRIVATE KEY", false },
		{ "rsa-pretty", "RSA PRIVATE KEY", false },
		{ "rsa-extra", "RSA PRIVATE KEY", false },
		{ "ec-p256", "EC PRIVATE KEY", true },
		{ "ec-p384", "EC PRIVATE KEY", true },
		{ "ec-p521", "EC PRIVATE KEY", true },
	};
	struct buf want, pem, got = { 0 };
	char line[64];
	struct error err;
	struct text k;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		k = key_file(t[i].name);
		normal(&k, &want);
		assert_int_equal(strcmp(want.data, k.data) == 0, t[i].same);
		to(&k, &pem);
		snprintf(line, sizeof(line), "-----BEGIN %s-----\n",
		    t[i].label);
		assert_memory_equal(pem.data, line, strlen(line));
		if (from(pem.data, pem.len, NULL, &got, &err) == -1)
			fail_msg("%s: %s", t[i].name, err.msg);
		assert_string_equal(got.data, want.data);
		assert_int_equal(asked, 0);
		buf_free(&want);
		buf_free(&pem);
		drop(k.data, k.len);
	}
	buf_free(&got);
}

/* ---- every form of PEM -------------------------------------------------- */

static EVP_PKEY *
openssl_key(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	assert_non_null(key);
	BIO_free(bio);
	return key;
}

enum form { FORM_PKCS8, FORM_PKCS8_SEALED, FORM_OLD_SEALED, FORMS };

static struct text
written(EVP_PKEY *key, enum form form)
{
	unsigned char *word = (unsigned char *)(uintptr_t)"pa ss";
	BIO *bio = BIO_new(BIO_s_mem());
	struct text t;
	char *data;
	long len;
	int ok;

	if (form == FORM_PKCS8)
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0,
		    NULL, NULL);
	else if (form == FORM_PKCS8_SEALED)
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key,
		    EVP_aes_256_cbc(), (char *)word, 5, NULL, NULL);
	else
		ok = PEM_write_bio_PrivateKey_traditional(bio, key,
		    EVP_aes_128_cbc(), word, 5, NULL, NULL);
	assert_int_equal(ok, 1);
	len = BIO_get_mem_data(bio, &data);
	t.len = (size_t)len;
	t.data = malloc(t.len + 1);
	assert_non_null(t.data);
	memcpy(t.data, data, t.len);
	t.data[t.len] = '\0';
	BIO_free(bio);
	return t;
}

static void
test_forms(void **state)
{
	static const char *const names[] = { "rsa2048", "ec-p256",
	    "ec-p521" };
	struct buf want, pem, got = { 0 };
	struct error err;
	struct text k, t;
	EVP_PKEY *key;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		k = key_file(names[i]);
		normal(&k, &want);
		to(&k, &pem);
		key = openssl_key(&pem);
		for (enum form f = FORM_PKCS8; f < FORMS; f++) {
			t = written(key, f);
			if (from(t.data, t.len, "pa ss", &got, &err) == -1)
				fail_msg("%s, %d: %s", names[i], f, err.msg);
			assert_string_equal(got.data, want.data);
			assert_int_equal(asked, f == FORM_PKCS8 ? 0 : 1);
			if (f != FORM_PKCS8) {
				assert_int_equal(from(t.data, t.len, "other",
				    &got, &err), -1);
				assert_int_equal(err.code, CODE_STORE);
				assert_string_equal(err.msg, "'k.pem': the "
				    "passphrase is wrong, or the key is "
				    "damaged");
				assert_int_equal(got.len, 0);
				assert_int_equal(from(t.data, t.len, NULL,
				    &got, &err), -1);
				assert_int_equal(err.code, CODE_USAGE);
				assert_string_equal(err.msg, "'k.pem': no "
				    "passphrase");
				assert_int_equal(asked, 1);
			}
			drop(t.data, t.len);
		}
		EVP_PKEY_free(key);
		buf_free(&want);
		buf_free(&pem);
		drop(k.data, k.len);
	}
	buf_free(&got);
}

/* What stands before and behind a key, and at the ends of its lines. */
static void
test_around(void **state)
{
	static const char params[] = "-----BEGIN EC PARAMETERS-----\n"
	    "BggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
	static const char noise[] = "Bag Attributes\n  x: y\n\n";
	struct buf want, pem, all, got = { 0 };
	struct error err;
	struct text k;

	(void)state;
	k = key_file("ec-p256");
	normal(&k, &want);
	to(&k, &pem);
	for (int i = 0; i < 4; i++) {
		buf_init_sensitive(&all, TEXT_MAX);
		if (i == 0 || i == 3)
			buf_adds(&all, params);
		if (i == 1)
			buf_adds(&all, noise);
		for (const char *p = pem.data; *p != '\0'; p++) {
			if (i == 2 && *p == '\n')
				buf_addc(&all, '\r');
			buf_addc(&all, *p);
		}
		if (i == 3)
			buf_adds(&all, params);
		if (from(all.data, all.len, NULL, &got, &err) == -1)
			fail_msg("%d: %s", i, err.msg);
		assert_string_equal(got.data, want.data);
		buf_free(&all);
	}
	buf_free(&got);
	buf_free(&pem);
	buf_free(&want);
	drop(k.data, k.len);
}

/* ---- what is refused ---------------------------------------------------- */

static void
refused(EVP_PKEY *key, const char *want)
{
	struct buf got = { 0 };
	struct error err;
	struct text t;

	assert_non_null(key);
	t = written(key, FORM_PKCS8);
	assert_int_equal(from(t.data, t.len, NULL, &got, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_string_equal(err.msg, want);
	assert_int_equal(got.len, 0);
	buf_free(&got);
	drop(t.data, t.len);
	EVP_PKEY_free(key);
}

static void
test_refused(void **state)
{
	static const char *const texts[] = { "", "x",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	    "-----BEGIN RSA PRIVATE KEY-----\n"
	    "AAAA\n-----END RSA PRIVATE KEY-----\n",
	    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
	    "AAAA\n-----END OPENSSH PRIVATE KEY-----\n",
	    "-----BEGIN PRIVATE KEY-----\n" };
	struct buf got = { 0 };
	struct error err;
	struct text k;

	(void)state;
	refused(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "'k.pem': found a "
	    "key of type 'ED25519', certbot can use RSA and EC");
	refused(EVP_EC_gen("secp256k1"), "'k.pem': found an EC key on "
	    "'secp256k1', certbot can use P-256, P-384 and P-521");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(from(texts[i], strlen(texts[i]), "pa ss",
		    &got, &err), -1);
		assert_int_equal(err.code, CODE_STORE);
		assert_string_equal(err.msg, "'k.pem': found no private key "
		    "that can be read, want one in PEM (PKCS #1, PKCS #8 or "
		    "SEC1)");
	}
	k = key_file("rsa-public");
	buf_init_sensitive(&got, TEXT_MAX);
	assert_int_equal(jwk_to_pem(k.data, k.len, "k", &got, &err), -1);
	assert_string_equal(err.msg, "'k': found a public key, want the "
	    "private one");
	assert_int_equal(jwk_normal(k.data, k.len, "k", &got, &err), -1);
	assert_string_equal(err.msg, "'k': found a public key, want the "
	    "private one");
	assert_int_equal(got.len, 0);
	buf_free(&got);
	drop(k.data, k.len);
}

/* Cut anywhere, or with any bit turned: refused, or the very same key. */
static void
test_damaged(void **state)
{
	struct buf want, pem, got = { 0 };
	size_t accepted = 0;
	struct error err;
	struct text k;

	(void)state;
	k = key_file("ec-p256");
	normal(&k, &want);
	to(&k, &pem);
	for (size_t i = 0; i < pem.len; i++)
		if (from(pem.data, i, NULL, &got, &err) == 0) {
			assert_string_equal(got.data, want.data);
			accepted++;
		}
	/* the newline at its end */
	assert_in_range(accepted, 0, 1);
	for (size_t i = 0; i < pem.len * 8; i++) {
		pem.data[i / 8] ^= (char)(1 << i % 8);
		if (from(pem.data, pem.len, NULL, &got, &err) == 0)
			assert_string_equal(got.data, want.data);
		else
			assert_int_equal(err.code, CODE_STORE);
		pem.data[i / 8] ^= (char)(1 << i % 8);
	}
	buf_free(&got);
	buf_free(&pem);
	buf_free(&want);
	drop(k.data, k.len);
}

/* Nothing of the key stays behind. */
static void
test_wiped(void **state)
{
	static const char *const names[] = { "rsa2048", "ec-p256" };
	struct buf pem, got = { 0 };
	struct keyscan ks;
	struct error err;
	char path[128];
	size_t len;
	EVP_PKEY *key;
	struct text t;

	(void)state;
	KEYSCAN_OR_SKIP();
	secret_wipe_openssl();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path),
		    FIXTURE("accounts/%s/private_key.json"), names[i]);
		keyscan_learn(&ks, path);
		assert_int_equal(keyscan_count(&ks), 0);
		len = keyscan_read(path);
		t = (struct text){ (char *)keyscan_text, len };
		to(&t, &pem);
		explicit_bzero(keyscan_text, sizeof(keyscan_text));
		assert_int_equal(from(pem.data, pem.len, NULL, &got, &err),
		    0);
		assert_true(keyscan_count(&ks) > 0);
		key = openssl_key(&pem);
		t = written(key, FORM_PKCS8_SEALED);
		EVP_PKEY_free(key);
		assert_int_equal(from(t.data, t.len, "pa ss", &got, &err), 0);
		assert_int_equal(from(t.data, t.len, "other", &got, &err),
		    -1);
		drop(t.data, t.len);
		buf_free(&pem);
		buf_free(&got);
		assert_int_equal(keyscan_count(&ks), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
