/* SPDX-License-Identifier: ISC */
#include "jose/jwk_raw.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/vis.h"

/*
 * An EC key's point against its curve and its d.  Done with the curve alone,
 * without an EVP_PKEY: list does it for each of ten thousand accounts.
 */
static const EC_GROUP *
group(const struct jwk_curve *c)
{
	static EC_GROUP *groups[3];
	size_t i = c->size == 32 ? 0 : c->size == 48 ? 1 : 2;

	if (groups[i] == NULL)
		groups[i] = EC_GROUP_new_by_curve_name(
		    EC_curve_nist2nid(c->name));
	return groups[i];
}

/* What is wrong, in words; NULL: nothing. */
static const char *
wrong(const struct jwk_raw *raw, const EC_GROUP *g, BIGNUM *const v[3],
    EC_POINT *point, EC_POINT *own, BN_CTX *ctx)
{
	if (EC_POINT_set_affine_coordinates(g, point, v[RAW_X], v[RAW_Y],
	    ctx) == 0)
		return "the point (x, y) is not on the curve";
	if (!raw->has_private)
		return NULL;
	if (BN_is_zero(v[RAW_EC_D]) ||
	    BN_cmp(v[RAW_EC_D], EC_GROUP_get0_order(g)) >= 0)
		return "d is out of range";
	if (EC_POINT_mul(g, own, v[RAW_EC_D], NULL, NULL, ctx) == 0 ||
	    EC_POINT_cmp(g, own, point, ctx) != 0)
		return "d does not belong to x and y";
	return NULL;
}

int
jwk_ec_check(const struct jwk_raw *raw, const char *what, struct error *err)
{
	BIGNUM *v[3] = { NULL };
	EC_POINT *point = NULL, *own = NULL;
	BN_CTX *ctx = NULL;
	const EC_GROUP *g;
	const char *why;
	int rc = -1;

	g = group(raw->curve);
	ctx = BN_CTX_secure_new();
	for (size_t i = 0; i < 3; i++)
		if ((v[i] = BN_secure_new()) == NULL ||
		    BN_bin2bn(raw->m[i].data, (int)raw->m[i].len, v[i]) ==
		    NULL)
			goto nomem;
	if (g == NULL || ctx == NULL || (point = EC_POINT_new(g)) == NULL ||
	    (own = EC_POINT_new(g)) == NULL)
		goto nomem;
	if ((why = wrong(raw, g, v, point, own, ctx)) != NULL)
		error_set(err, CODE_STORE, "'%s': the EC key is "
		    "inconsistent: %s", vis(what), why);
	else
		rc = 0;
	goto out;
nomem:
	error_nomem(err);
out:
	for (size_t i = 0; i < 3; i++)
		BN_clear_free(v[i]);
	EC_POINT_free(point);
	EC_POINT_clear_free(own);
	BN_CTX_free(ctx);
	ERR_clear_error();
	return rc;
}
