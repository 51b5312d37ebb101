/* SPDX-License-Identifier: ISC */
#include "jose/jwk_raw.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include "base/vis.h"

/*
 * The private members of an RSA key: finding the primes where only n, e and d
 * are there (as Python-era tools wrote them), and checking the members against
 * each other.  Primality is not tested (it would take longer than the rest of a
 * run): jwk_raw_key() can sign and verify once instead, which a composite
 * "prime" does not survive.
 */
enum {
	FACTOR_TRIES = 100	/* each finds the primes with odds of 1/2 */
};

static BIGNUM *
number(const struct secret *s)
{
	BIGNUM *bn;

	if ((bn = BN_secure_new()) == NULL)
		return NULL;
	BN_set_flags(bn, BN_FLG_CONSTTIME);
	if (BN_bin2bn(s->data, (int)s->len, bn) == NULL) {
		BN_clear_free(bn);
		return NULL;
	}
	return bn;
}

static int
put(struct secret *s, const BIGNUM *bn, struct error *err)
{
	if (secret_alloc(s, (size_t)BN_num_bytes(bn), err) == -1)
		return -1;
	BN_bn2bin(bn, s->data);
	return 0;
}

/* One try: a square root of 1 modulo n other than 1 and -1 gives p.  Returns 1
 * where p was found, 0 where not, 2 where no base will (base^(ed-1) is not
 * 1), -1 without memory. */
static int
try_base(unsigned long base, const BIGNUM *odd, int twos, const BIGNUM *n,
    BIGNUM *p, BN_CTX *ctx)
{
	BIGNUM *x, *y, *minus;
	int rc = -1;

	BN_CTX_start(ctx);
	x = BN_CTX_get(ctx);
	y = BN_CTX_get(ctx);
	if ((minus = BN_CTX_get(ctx)) == NULL ||
	    BN_copy(minus, n) == NULL || BN_sub_word(minus, 1) == 0 ||
	    BN_set_word(x, base) == 0 || BN_mod_exp(x, x, odd, n, ctx) == 0)
		goto out;
	rc = 0;
	if (BN_is_one(x) || BN_cmp(x, minus) == 0)
		goto out;
	for (int i = 0; i < twos; i++) {
		if (BN_mod_sqr(y, x, n, ctx) == 0)
			rc = -1;
		if (rc == -1 || BN_cmp(y, minus) == 0)
			goto out;
		if (BN_is_one(y)) {
			rc = BN_sub_word(x, 1) != 0 &&
			    BN_gcd(p, x, n, ctx) != 0 ? 1 : -1;
			goto out;
		}
		if (BN_copy(x, y) == NULL) {
			rc = -1;
			goto out;
		}
	}
	rc = 2;
out:
	BN_CTX_end(ctx);
	return rc;
}

/* p and q from n, e, d: 1 found, -1 no memory, else there are none. */
static int
factor(const BIGNUM *n, const BIGNUM *e, const BIGNUM *d, BIGNUM *p,
    BIGNUM *q, BN_CTX *ctx)
{
	BIGNUM *k;
	int rc = -1, twos = 0;

	BN_CTX_start(ctx);
	if ((k = BN_CTX_get(ctx)) == NULL || BN_mul(k, d, e, ctx) == 0 ||
	    BN_sub_word(k, 1) == 0)
		goto out;
	rc = 0;
	if (BN_is_zero(k) || BN_is_odd(k))
		goto out;
	while (BN_is_bit_set(k, twos) == 0)
		twos++;
	if (BN_rshift(k, k, twos) == 0) {
		rc = -1;
		goto out;
	}
	for (unsigned long base = 2; rc == 0 && base < 2 + FACTOR_TRIES;
	    base++)
		rc = try_base(base, k, twos, n, p, ctx);
	if (rc == 1 && BN_div(q, NULL, n, p, ctx) == 0)
		rc = -1;
	/* the larger one first, as everybody writes them */
	if (rc == 1 && BN_cmp(p, q) < 0)
		BN_swap(p, q);
out:
	BN_CTX_end(ctx);
	return rc;
}

/* The CRT members from p, q, d; 0 or -1. */
static int
crt(const BIGNUM *p, const BIGNUM *q, const BIGNUM *d, BIGNUM *dp, BIGNUM *dq,
    BIGNUM *qi, BN_CTX *ctx)
{
	BIGNUM *t;
	int rc = -1;

	BN_CTX_start(ctx);
	if ((t = BN_CTX_get(ctx)) != NULL && BN_copy(t, p) != NULL &&
	    BN_sub_word(t, 1) != 0 && BN_mod(dp, d, t, ctx) != 0 &&
	    BN_copy(t, q) != NULL && BN_sub_word(t, 1) != 0 &&
	    BN_mod(dq, d, t, ctx) != 0 &&
	    BN_mod_inverse(qi, q, p, ctx) != NULL)
		rc = 0;
	BN_CTX_end(ctx);
	return rc;
}

/* What is wrong with n = pq and ed = 1, in words; NULL: nothing. */
static const char *
wrong(const BIGNUM *n, const BIGNUM *e, const BIGNUM *d, const BIGNUM *p,
    const BIGNUM *q, BN_CTX *ctx)
{
	const BIGNUM *primes[2] = { p, q };
	const char *what = NULL;
	BIGNUM *t, *u;

	if (BN_cmp(d, n) >= 0)
		return "d is not below n";
	BN_CTX_start(ctx);
	t = BN_CTX_get(ctx);
	if ((u = BN_CTX_get(ctx)) == NULL || BN_mul(t, p, q, ctx) == 0 ||
	    BN_cmp(t, n) != 0)
		what = "p times q is not n";
	for (int i = 0; i < 2 && what == NULL; i++) {
		if (BN_cmp(primes[i], BN_value_one()) <= 0 ||
		    BN_copy(t, primes[i]) == NULL || BN_sub_word(t, 1) == 0 ||
		    BN_mod_mul(u, d, e, t, ctx) == 0 || !BN_is_one(u))
			what = "d does not belong to e";
	}
	BN_CTX_end(ctx);
	return what;
}

/* qi is below p, and qi times q is 1 modulo p. */
static bool
inverse_fits(BIGNUM *const v[RAW_MAX], BN_CTX *ctx)
{
	BIGNUM *t;
	bool yes;

	BN_CTX_start(ctx);
	yes = (t = BN_CTX_get(ctx)) != NULL &&
	    BN_cmp(v[RAW_QI], v[RAW_P]) < 0 &&
	    BN_mod_mul(t, v[RAW_QI], v[RAW_Q], v[RAW_P], ctx) != 0 &&
	    BN_is_one(t);
	BN_CTX_end(ctx);
	return yes;
}

/* d modulo (prime - 1) is x. */
static bool
exponent_fits(const BIGNUM *d, const BIGNUM *prime, const BIGNUM *x,
    BN_CTX *ctx)
{
	BIGNUM *t, *u;
	bool yes;

	BN_CTX_start(ctx);
	t = BN_CTX_get(ctx);
	yes = (u = BN_CTX_get(ctx)) != NULL && BN_copy(t, prime) != NULL &&
	    BN_sub_word(t, 1) != 0 && BN_mod(u, d, t, ctx) != 0 &&
	    BN_cmp(u, x) == 0;
	BN_CTX_end(ctx);
	return yes;
}

/* What is wrong with the CRT members, in words; NULL: nothing. */
static const char *
wrong_crt(BIGNUM *const v[RAW_MAX], BN_CTX *ctx)
{
	if (!exponent_fits(v[RAW_RSA_D], v[RAW_P], v[RAW_DP], ctx))
		return "dp is not d modulo p - 1";
	if (!exponent_fits(v[RAW_RSA_D], v[RAW_Q], v[RAW_DQ], ctx))
		return "dq is not d modulo q - 1";
	if (!inverse_fits(v, ctx))
		return "qi is not the inverse of q modulo p";
	return NULL;
}

/* Computes the members that are not there, into v; NULL or what is wrong. */
static const char *
fill_in(BIGNUM *const v[RAW_MAX], BN_CTX *ctx)
{
	const char *why;

	if (factor(v[RAW_N], v[RAW_E], v[RAW_RSA_D], v[RAW_P], v[RAW_Q],
	    ctx) != 1)
		return "d does not belong to n and e";
	why = wrong(v[RAW_N], v[RAW_E], v[RAW_RSA_D], v[RAW_P], v[RAW_Q],
	    ctx);
	if (why == NULL && crt(v[RAW_P], v[RAW_Q], v[RAW_RSA_D], v[RAW_DP],
	    v[RAW_DQ], v[RAW_QI], ctx) == -1)
		why = "p and q have a common divisor";
	return why;
}

int
jwk_rsa_complete(struct jwk_raw *raw, const char *what, struct error *err)
{
	BIGNUM *v[RAW_MAX] = { NULL };
	const char *why;
	BN_CTX *ctx = NULL;
	int rc = -1;

	if ((ctx = BN_CTX_secure_new()) == NULL) {
		error_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < RAW_MAX; i++)
		if ((v[i] = number(&raw->m[i])) == NULL) {
			error_nomem(err);
			goto out;
		}
	if (!raw->has_crt)
		why = fill_in(v, ctx);
	else if ((why = wrong(v[RAW_N], v[RAW_E], v[RAW_RSA_D], v[RAW_P],
	    v[RAW_Q], ctx)) == NULL)
		why = wrong_crt(v, ctx);
	if (why != NULL) {
		error_set(err, CODE_STORE, "'%s': the RSA key is "
		    "inconsistent: %s", vis(what), why);
		goto out;
	}
	for (size_t i = RAW_P; i <= RAW_QI && !raw->has_crt; i++)
		if (put(&raw->m[i], v[i], err) == -1)
			goto out;
	raw->has_crt = true;
	rc = 0;
out:
	for (size_t i = 0; i < RAW_MAX; i++)
		BN_clear_free(v[i]);
	BN_CTX_free(ctx);
	ERR_clear_error();
	return rc;
}
