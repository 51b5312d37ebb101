/* SPDX-License-Identifier: ISC */
#include "jose/jwk_raw.h"

#include <string.h>

#include "base/json.h"
#include "base/vis.h"
#include "jose/b64url.h"

enum {
	RSA_BITS_MIN = 512,
	RSA_BITS_MAX = 8192
};

static const struct jwk_curve curves[] = {
	{ "P-256", "prime256v1", "ES256", 32,
	  { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, 10 },
	{ "P-384", "secp384r1", "ES384", 48,
	  { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 }, 7 },
	{ "P-521", "secp521r1", "ES512", 66,
	  { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 }, 7 },
};

static const char *const rsa_names[RAW_MAX] = {
	"n", "e", "d", "p", "q", "dp", "dq", "qi"
};
static const char *const ec_names[] = { "x", "y", "d" };

const struct jwk_curve *
jwk_curve(const char *name)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(curves[i].name, name) == 0 ||
		    strcmp(curves[i].group, name) == 0)
			return &curves[i];
	return NULL;
}

void
jwk_raw_free(struct jwk_raw *raw)
{
	for (size_t i = 0; i < RAW_MAX; i++)
		secret_free(&raw->m[i]);
}

/* One base64url member, decoded. */
static int
member(const json *j, const char *name, const char *what, struct secret *out,
    struct error *err)
{
	const char *text;

	if (json_get_str(j, name, JSON_REQUIRED, what, &text, err) == -1) {
		if (err->code == CODE_ERROR)
			err->code = CODE_STORE;
		return -1;
	}
	if (b64url_decode_josepy(text, strlen(text), name, out, err) == -1)
		return error_wrap(err, "'%s'", vis(what));
	return 0;
}

/* Integers may have leading zero octets (they do not change the key). */
static void
strip_zeros(struct secret *s)
{
	size_t n = 0;

	while (n < s->len && s->data[n] == 0)
		n++;
	if (n == 0)
		return;
	memmove(s->data, s->data + n, s->len - n);
	secret_wipe(s->data + s->len - n, n);
	s->len -= n;
}

static unsigned int
bits_of(const struct secret *s)
{
	unsigned int n = (unsigned int)s->len * 8;

	for (unsigned int top = s->len > 0 ? s->data[0] : 0x80;
	    (top & 0x80) == 0; top <<= 1)
		n--;
	return n;
}

/* What cryptography demands of the public numbers, and our own ceiling. */
static int
check_public_rsa(const struct jwk_raw *raw, const char *what,
    struct error *err)
{
	const struct secret *n = &raw->m[RAW_N], *e = &raw->m[RAW_E];
	unsigned int bits = bits_of(n);

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return error_set(err, CODE_STORE, "'%s': found an RSA key of "
		    "%u bits, want %d to %d", vis(what), bits, RSA_BITS_MIN,
		    RSA_BITS_MAX);
	if ((n->data[n->len - 1] & 1) == 0)
		return error_set(err, CODE_STORE, "'%s': the RSA modulus is "
		    "even", vis(what));
	if (e->len == 0 || (e->data[e->len - 1] & 1) == 0 ||
	    (e->len == 1 && e->data[0] < 3) || e->len >= n->len)
		return error_set(err, CODE_STORE, "'%s': the RSA exponent "
		    "must be odd, at least 3 and below the modulus",
		    vis(what));
	return 0;
}

static int
parse_rsa(const json *j, const char *what, struct jwk_raw *raw,
    struct error *err)
{
	size_t crt = 0;

	for (size_t i = RAW_P; i <= RAW_QI; i++)
		crt += json_get(j, rsa_names[i]) != NULL ? 1 : 0;
	/* without "d" the others are not looked at, it is a public key */
	raw->has_private = json_has(j, "d");
	raw->has_crt = raw->has_private && crt > 0;
	if (raw->has_crt && crt < RAW_MAX - RAW_P)
		return error_set(err, CODE_STORE, "'%s': some of the members "
		    "p, q, dp, dq, qi are missing, want all or none",
		    vis(what));
	for (size_t i = 0; i < RAW_MAX; i++) {
		if ((i == RAW_RSA_D && !raw->has_private) ||
		    (i >= RAW_P && !raw->has_crt))
			continue;
		if (member(j, rsa_names[i], what, &raw->m[i], err) == -1)
			return -1;
		strip_zeros(&raw->m[i]);
		if (raw->m[i].len == 0)
			return error_set(err, CODE_STORE, "'%s': member '%s' "
			    "is zero", vis(what), rsa_names[i]);
	}
	return check_public_rsa(raw, what, err);
}

static int
parse_ec(const json *j, const char *what, struct jwk_raw *raw,
    struct error *err)
{
	const char *crv;

	if (json_get_str(j, "crv", JSON_REQUIRED, what, &crv, err) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(curves[i].name, crv) == 0)
			raw->curve = &curves[i];
	if (raw->curve == NULL)
		return error_set(err, CODE_STORE, "'%s': found an EC key on "
		    "the curve '%s', certbot can use P-256, P-384 and P-521",
		    vis(what), vis(crv));
	raw->has_private = json_has(j, "d");
	for (size_t i = RAW_X; i <= RAW_EC_D; i++) {
		if (i == RAW_EC_D && !raw->has_private)
			continue;
		if (member(j, ec_names[i], what, &raw->m[i], err) == -1)
			return -1;
		if (raw->m[i].len != raw->curve->size)
			return error_set(err, CODE_STORE, "'%s': member '%s' "
			    "has %zu bytes, want %zu (certbot refuses it with "
			    "josepy 1.9 and later)", vis(what), ec_names[i],
			    raw->m[i].len, raw->curve->size);
	}
	return 0;
}

static int
parse_members(const json *j, const char *what, struct jwk_raw *raw,
    struct error *err)
{
	const char *kty;

	if (json_get_str(j, "kty", JSON_REQUIRED, what, &kty, err) == -1)
		return -1;
	if (strcmp(kty, "RSA") == 0) {
		raw->kty = JWK_RSA;
		return parse_rsa(j, what, raw, err);
	}
	if (strcmp(kty, "EC") == 0) {
		raw->kty = JWK_EC;
		return parse_ec(j, what, raw, err);
	}
	return error_set(err, CODE_STORE, "'%s': found a key of type '%s', "
	    "certbot can use RSA and EC", vis(what), vis(kty));
}

int
jwk_raw_parse(const char *text, size_t len, const char *what,
    struct jwk_raw *raw, struct error *err)
{
	json *j = NULL;
	int rc;

	memset(raw, 0, sizeof(*raw));
	rc = json_parse_secret(text, len, what, &j, err);
	if (rc == 0)
		rc = parse_members(j, what, raw, err);
	json_put_secret(j);
	if (rc == -1) {
		jwk_raw_free(raw);
		if (err->sys == 0)
			err->code = CODE_STORE;
	}
	return rc;
}
