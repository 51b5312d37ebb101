/* SPDX-License-Identifier: ISC */
#include "jose/jwk_pem.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/vis.h"
#include "jose/b64url.h"
#include "jose/jwk_raw.h"

/* ---- a JWK's text ------------------------------------------------------- */

/* As josepy writes it. */
struct member {
	const char *name;
	int raw;
};
static const struct member rsa_members[] = {
	{ "n", RAW_N }, { "e", RAW_E }, { "d", RAW_RSA_D }, { "p", RAW_P },
	{ "q", RAW_Q }, { "dp", RAW_DP }, { "dq", RAW_DQ }, { "qi", RAW_QI },
};
static const struct member ec_members[] = {
	{ "d", RAW_EC_D }, { "x", RAW_X }, { "y", RAW_Y },
};

static void
add_members(const struct jwk_raw *raw, const struct member *m, size_t n,
    struct buf *out)
{
	const struct secret *s;

	buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		s = &raw->m[m[i].raw];
		buf_addc(out, '"');
		buf_adds(out, m[i].name);
		buf_adds(out, "\": \"");
		b64url_encode(out, s->data, s->len);
		buf_adds(out, "\", ");
	}
}

static void
add_text(const struct jwk_raw *raw, struct buf *out)
{
	if (raw->kty == JWK_RSA) {
		add_members(raw, rsa_members, sizeof(rsa_members) /
		    sizeof(rsa_members[0]), out);
		buf_adds(out, "\"kty\": \"RSA\"}");
		return;
	}
	add_members(raw, ec_members, sizeof(ec_members) /
	    sizeof(ec_members[0]), out);
	buf_adds(out, "\"crv\": \"");
	buf_adds(out, raw->curve->name);
	buf_adds(out, "\", \"kty\": \"EC\"}");
}

/* Checks the members, which completes them, then writes them. */
static int
write_text(struct jwk_raw *raw, const char *what, struct buf *out,
    struct error *err)
{
	EVP_PKEY *key = NULL;

	if (!raw->has_private)
		return error_set(err, CODE_STORE, "'%s': found a public key, "
		    "want the private one", vis(what));
	if (jwk_raw_key(raw, what, true, &key, err) == -1)
		return -1;
	EVP_PKEY_free(key);
	add_text(raw, out);
	return buf_check(out, what, err);
}

int
jwk_normal(const char *text, size_t len, const char *what, struct buf *out,
    struct error *err)
{
	struct jwk_raw raw;
	int rc;

	if (jwk_raw_parse(text, len, what, &raw, err) == -1)
		return -1;
	rc = write_text(&raw, what, out, err);
	jwk_raw_free(&raw);
	return rc;
}

/* ---- from PEM ----------------------------------------------------------- */

struct asking {
	jwk_passphrase_fn *ask;
	void *arg;
	bool asked, failed;
	struct error *err;
};

static int
passphrase(char *out, int size, int rwflag, void *arg)
{
	struct asking *a = arg;
	struct secret s = { 0 };
	int n = -1;

	(void)rwflag;
	/* the decoder may want it again for another form it tries */
	if (a->failed || a->ask(a->arg, &s, a->err) == -1)
		a->failed = true;
	else if (s.len >= (size_t)size) {
		a->failed = true;
		error_set(a->err, CODE_USAGE, "the passphrase is longer than "
		    "%d bytes", size - 1);
	} else {
		n = (int)s.len;
		if (n > 0)
			memcpy(out, s.data, s.len);
	}
	a->asked = true;
	secret_free(&s);
	return n;
}

static int
read_pem(const char *text, size_t len, const char *what, struct asking *a,
    EVP_PKEY **key, struct error *err)
{
	BIO *bio;

	if (len > INT_MAX || (bio = BIO_new_mem_buf(text, (int)len)) == NULL)
		return error_nomem(err);
	*key = PEM_read_bio_PrivateKey(bio, NULL, passphrase, a);
	BIO_free(bio);
	ERR_clear_error();
	if (*key != NULL)
		return 0;
	if (a->failed)
		return error_wrap(err, "'%s'", vis(what));
	if (a->asked)
		return error_set(err, CODE_STORE, "'%s': the passphrase is "
		    "wrong, or the key is damaged", vis(what));
	return error_set(err, CODE_STORE, "'%s': found no private key that "
	    "can be read, want one in PEM (PKCS #1, PKCS #8 or SEC1)",
	    vis(what));
}

/* A number of the key; pad 0: as short as it is. */
static int
number(const EVP_PKEY *key, const char *name, size_t pad, struct secret *out,
    struct error *err)
{
	BIGNUM *bn = NULL;
	size_t n;
	int rc = -1;

	if (EVP_PKEY_get_bn_param(key, name, &bn) != 1) {
		ERR_clear_error();
		return error_set(err, CODE_STORE, "the key lacks '%s'", name);
	}
	n = pad != 0 ? pad : (size_t)BN_num_bytes(bn);
	if (secret_alloc(out, n, err) == 0) {
		rc = 0;
		if (BN_bn2binpad(bn, out->data, (int)n) != (int)n)
			rc = error_set(err, CODE_STORE, "'%s' is out of "
			    "range", name);
	}
	BN_clear_free(bn);
	return rc;
}

static int
take_rsa(const EVP_PKEY *key, struct jwk_raw *raw, struct error *err)
{
	static const char *const names[RAW_MAX] = {
		OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1
	};

	raw->kty = JWK_RSA;
	raw->has_crt = true;
	for (size_t i = 0; i < RAW_MAX; i++)
		if (number(key, names[i], 0, &raw->m[i], err) == -1)
			return -1;
	return 0;
}

static int
take_ec(const EVP_PKEY *key, struct jwk_raw *raw, struct error *err)
{
	char group[64] = "";
	size_t len;

	raw->kty = JWK_EC;
	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1)
		snprintf(group, sizeof(group), "explicit parameters");
	ERR_clear_error();
	if ((raw->curve = jwk_curve(group)) == NULL)
		return error_set(err, CODE_STORE, "found an EC key on '%s', "
		    "certbot can use P-256, P-384 and P-521", vis(group));
	if (number(key, OSSL_PKEY_PARAM_EC_PUB_X, raw->curve->size,
	    &raw->m[RAW_X], err) == -1 ||
	    number(key, OSSL_PKEY_PARAM_EC_PUB_Y, raw->curve->size,
	    &raw->m[RAW_Y], err) == -1)
		return -1;
	return number(key, OSSL_PKEY_PARAM_PRIV_KEY, raw->curve->size,
	    &raw->m[RAW_EC_D], err);
}

static int
take(const EVP_PKEY *key, struct jwk_raw *raw, struct error *err)
{
	const char *type;

	raw->has_private = true;
	if (EVP_PKEY_is_a(key, "RSA") == 1)
		return take_rsa(key, raw, err);
	if (EVP_PKEY_is_a(key, "EC") == 1)
		return take_ec(key, raw, err);
	type = EVP_PKEY_get0_type_name(key);
	return error_set(err, CODE_STORE, "found a key of type '%s', certbot "
	    "can use RSA and EC", vis(type != NULL ? type : "unknown"));
}

int
jwk_from_pem(const char *text, size_t len, const char *what,
    jwk_passphrase_fn *ask, void *arg, struct buf *out, struct error *err)
{
	struct asking a = { .ask = ask, .arg = arg, .err = err };
	struct jwk_raw raw;
	EVP_PKEY *key = NULL;
	int rc;

	memset(&raw, 0, sizeof(raw));
	if (read_pem(text, len, what, &a, &key, err) == -1)
		return -1;
	rc = take(key, &raw, err);
	EVP_PKEY_free(key);
	if (rc == -1)
		error_wrap(err, "'%s'", vis(what));
	else
		rc = write_text(&raw, what, out, err);
	jwk_raw_free(&raw);
	return rc;
}

/* ---- to PEM ------------------------------------------------------------- */

static int
write_pem(EVP_PKEY *key, const char *what, struct buf *out,
    struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len = 0;
	int rc = -1;

	if (bio == NULL || PEM_write_bio_PrivateKey_traditional(bio, key,
	    NULL, NULL, 0, NULL, NULL) != 1 ||
	    (len = BIO_get_mem_data(bio, &text)) <= 0)
		error_nomem(err);
	else {
		buf_add(out, text, (size_t)len);
		rc = buf_check(out, what, err);
	}
	ERR_clear_error();
	BIO_free(bio);
	return rc;
}

int
jwk_to_pem(const char *text, size_t len, const char *what, struct buf *out,
    struct error *err)
{
	struct jwk_raw raw;
	EVP_PKEY *key = NULL;
	int rc = -1;

	if (jwk_raw_parse(text, len, what, &raw, err) == -1)
		return -1;
	if (!raw.has_private)
		error_set(err, CODE_STORE, "'%s': found a public key, want "
		    "the private one", vis(what));
	else if (jwk_raw_key(&raw, what, true, &key, err) == 0)
		rc = write_pem(key, what, out, err);
	EVP_PKEY_free(key);
	jwk_raw_free(&raw);
	return rc;
}
