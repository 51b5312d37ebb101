/* SPDX-License-Identifier: ISC */
#include "jose/jwk.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "jose/jwk_raw.h"

/*
 * Signatures in JWS form: RSASSA-PKCS1-v1_5 as it is, ECDSA as two numbers of
 * fixed size side by side (RFC 7518 section 3.4), which OpenSSL wraps in DER.
 */
enum {
	DER_MAX = 160		/* an ECDSA signature on P-521 has 139 */
};

static const char *
hash_name(const struct jwk *k)
{
	if (k->curve == NULL || k->curve->size == 32)
		return "SHA256";
	return k->curve->size == 48 ? "SHA384" : "SHA512";
}

/* DER -> R||S */
static int
ec_from_der(size_t size, const unsigned char *der, size_t len,
    unsigned char *out)
{
	ECDSA_SIG *sig;
	int ok;

	if ((sig = d2i_ECDSA_SIG(NULL, &der, (long)len)) == NULL)
		return -1;
	ok = BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)size) > 0 &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + size, (int)size) > 0;
	ECDSA_SIG_free(sig);
	return ok ? 0 : -1;
}

/* R||S -> DER; its length, 0: no memory */
static size_t
ec_to_der(size_t size, const unsigned char *rs, unsigned char *out)
{
	ECDSA_SIG *sig = NULL;
	BIGNUM *r, *s;
	int n = 0;

	r = BN_bin2bn(rs, (int)size, NULL);
	s = BN_bin2bn(rs + size, (int)size, NULL);
	if (r != NULL && s != NULL && (sig = ECDSA_SIG_new()) != NULL &&
	    ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		n = i2d_ECDSA_SIG(sig, &out);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return n > 0 ? (size_t)n : 0;
}

int
jwk_sign(const struct jwk *k, const void *data, size_t len, struct buf *sig,
    struct error *err)
{
	unsigned char raw[JWK_SIG_MAX], rs[2 * 66];
	size_t n = sizeof(raw);
	EVP_MD_CTX *ctx;
	int ok;

	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && EVP_DigestSignInit_ex(ctx, NULL, hash_name(k),
	    NULL, NULL, k->pkey, NULL) == 1 &&
	    EVP_DigestSign(ctx, raw, &n, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (ok && k->curve != NULL)
		ok = ec_from_der(k->curve->size, raw, n, rs) == 0;
	if (!ok)
		return error_set(err, CODE_STORE, "'%s': this key cannot "
		    "sign (is it only a public one?)", k->info.id);
	if (k->curve != NULL)
		buf_add(sig, rs, 2 * k->curve->size);
	else
		buf_add(sig, raw, n);
	return buf_check(sig, "signature", err);
}

bool
jwk_verify(const struct jwk *k, const void *data, size_t len, const void *sig,
    size_t siglen)
{
	unsigned char der[DER_MAX];
	EVP_MD_CTX *ctx;
	bool ok;

	if (k->curve != NULL) {
		if (siglen != 2 * k->curve->size || (siglen =
		    ec_to_der(k->curve->size, sig, der)) == 0)
			return false;
		sig = der;
	}
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, hash_name(k),
	    NULL, NULL, k->pkey, NULL) == 1 &&
	    EVP_DigestVerify(ctx, sig, siglen, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}
