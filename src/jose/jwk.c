/* SPDX-License-Identifier: ISC */
#include "jose/jwk.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "jose/jwk_raw.h"

static int
push(OSSL_PARAM_BLD *bld, const char *name, const struct secret *s,
    BIGNUM **bn)
{
	/* secure: OpenSSL then wipes its own copy in the parameters too */
	if ((*bn = BN_secure_new()) == NULL ||
	    BN_bin2bn(s->data, (int)s->len, *bn) == NULL)
		return 0;
	return OSSL_PARAM_BLD_push_BN(bld, name, *bn);
}

static int
push_rsa(OSSL_PARAM_BLD *bld, const struct jwk_raw *raw, BIGNUM **bn)
{
	static const char *const names[RAW_MAX] = {
		OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1
	};

	for (size_t i = 0; i < RAW_MAX; i++)
		if (raw->m[i].len > 0 &&
		    push(bld, names[i], &raw->m[i], &bn[i]) == 0)
			return 0;
	return 1;
}

/* point: 1 + 2 * size bytes, kept until the parameters are made */
static int
push_ec(OSSL_PARAM_BLD *bld, const struct jwk_raw *raw, unsigned char *point,
    BIGNUM **bn)
{
	size_t size = raw->curve->size;

	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, raw->m[RAW_X].data, size);
	memcpy(point + 1 + size, raw->m[RAW_Y].data, size);
	if (OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
	    raw->curve->name, 0) == 0 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
	    point, 1 + 2 * size) == 0)
		return 0;
	return !raw->has_private || push(bld, OSSL_PKEY_PARAM_PRIV_KEY,
	    &raw->m[RAW_EC_D], &bn[0]) == 1;
}

static EVP_PKEY *
make_pkey(const struct jwk_raw *raw)
{
	unsigned char point[1 + 2 * 66];
	BIGNUM *bn[RAW_MAX] = { NULL };
	OSSL_PARAM_BLD *bld = NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	int ok;

	ctx = EVP_PKEY_CTX_new_from_name(NULL,
	    raw->kty == JWK_RSA ? "RSA" : "EC", NULL);
	ok = ctx != NULL && (bld = OSSL_PARAM_BLD_new()) != NULL &&
	    (raw->kty == JWK_RSA ? push_rsa(bld, raw, bn) :
	    push_ec(bld, raw, point, bn)) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(bld)) != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, raw->has_private ?
	    EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) == 1;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	for (size_t i = 0; i < RAW_MAX; i++)
		BN_clear_free(bn[i]);
	EVP_PKEY_CTX_free(ctx);
	if (!ok) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return pkey;
}

/* What the arithmetic of jwk_rsa_complete() does not see. */
static int
rsa_check(EVP_PKEY *pkey, const char *what, struct error *err)
{
	static const char text[] = "acmeferry";
	struct jwk k = { .pkey = pkey };
	struct buf sig;
	int rc;

	buf_init(&sig, JWK_SIG_MAX);
	rc = jwk_sign(&k, text, sizeof(text), &sig, err);
	/* want of memory says nothing about the key */
	if ((rc == -1 && err->code == CODE_STORE) || (rc == 0 &&
	    !jwk_verify(&k, text, sizeof(text), sig.data, sig.len)))
		rc = error_set(err, CODE_STORE, "'%s': the RSA key is "
		    "inconsistent: what it signs does not verify", vis(what));
	buf_free(&sig);
	return rc;
}

int
jwk_raw_check(struct jwk_raw *raw, const char *what, struct error *err)
{
	if (raw->kty == JWK_EC)
		return jwk_ec_check(raw, what, err);
	return raw->has_private ? jwk_rsa_complete(raw, what, err) : 0;
}

int
jwk_raw_key(struct jwk_raw *raw, const char *what, bool try, EVP_PKEY **out,
    struct error *err)
{
	*out = NULL;
	if (jwk_raw_check(raw, what, err) == -1)
		return -1;
	*out = make_pkey(raw);
	ERR_clear_error();
	if (*out == NULL)
		return error_set(err, CODE_STORE, "'%s': no %s key can be made "
		    "of it", vis(what), raw->kty == JWK_RSA ? "RSA" : "EC");
	if (!try || raw->kty == JWK_EC || !raw->has_private ||
	    rsa_check(*out, what, err) == 0)
		return 0;
	EVP_PKEY_free(*out);
	*out = NULL;
	return -1;
}

int
jwk_parse(const char *text, size_t len, const char *what, struct jwk **out,
    struct error *err)
{
	struct jwk *k = NULL;
	struct jwk_raw raw;
	struct buf b;
	int rc = -1;

	*out = NULL;
	if (jwk_raw_parse(text, len, what, &raw, err) == -1)
		return -1;
	buf_init(&b, LIMIT_ACCOUNT_FILE);
	if ((k = calloc(1, sizeof(*k))) == NULL) {
		error_nomem(err);
		goto out;
	}
	k->curve = raw.kty == JWK_EC ? raw.curve : NULL;
	jwk_raw_public(&raw, &b);
	/* no trial: whoever parses a key signs with it */
	if (jwk_raw_key(&raw, what, false, &k->pkey, err) == -1 ||
	    jwk_raw_info(&raw, &k->info, err) == -1 ||
	    buf_check(&b, what, err) == -1)
		goto out;
	if ((k->public = buf_steal(&b)) == NULL) {
		error_nomem(err);
		goto out;
	}
	*out = k;
	k = NULL;
	rc = 0;
out:
	jwk_free(k);
	buf_free(&b);
	jwk_raw_free(&raw);
	return rc;
}

int
jwk_inspect(const char *text, size_t len, const char *what, bool verify,
    struct jwk_info *info, struct error *err)
{
	EVP_PKEY *pkey = NULL;
	struct jwk_raw raw;
	int rc;

	memset(info, 0, sizeof(*info));
	if (jwk_raw_parse(text, len, what, &raw, err) == -1)
		return -1;
	rc = jwk_raw_info(&raw, info, err);
	if (rc == 0)
		rc = verify ? jwk_raw_key(&raw, what, true, &pkey, err) :
		    jwk_raw_check(&raw, what, err);
	EVP_PKEY_free(pkey);
	jwk_raw_free(&raw);
	return rc;
}

void
jwk_free(struct jwk *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k->public);
	free(k);
}

const struct jwk_info *
jwk_info(const struct jwk *k)
{
	return &k->info;
}

const char *
jwk_alg(const struct jwk *k)
{
	return k->curve != NULL ? k->curve->alg : "RS256";
}

void
jwk_public(const struct jwk *k, struct buf *b)
{
	buf_adds(b, k->public);
}
