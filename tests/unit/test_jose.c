/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/digest.h"
#include "base/json.h"
#include "fixture.h"
#include "jose/b64url.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "keyscan.h"

static struct jwk *
load(const char *path)
{
	struct jwk *k = NULL;
	struct error err;
	char *text;
	size_t len;

	error_clear(&err);
	text = slurp(path, &len);
	assert_non_null(text);
	if (jwk_parse(text, len, path, &k, &err) == -1)
		fail_msg("%s: %s", path, err.msg);
	drop(text, len);
	return k;
}

static void
test_b64url(void **state)
{
	static const struct {
		const char *text;
		int strict, lenient;	/* decoded length, -1: refused */
	} t[] = {
		{ "", 0, 0 }, { "AA", 1, 1 }, { "AAE", 2, 2 },
		{ "AAEC", 3, 3 }, { "A", -1, -1 }, { "AAAAA", -1, -1 },
		{ "AA==", -1, 1 }, { "AA=", -1, 1 }, { "AA=====", -1, 1 },
		{ "=", -1, 0 }, { "-_-_", 3, 3 }, { "+/+/", -1, 3 },
		{ "-/+_", -1, 3 }, { "AB", -1, 1 }, { "AAF", -1, 2 },
		{ "A A", -1, -1 }, { "AA\n", -1, -1 }, { "A=AA", -1, -1 },
		{ "AA*A", -1, -1 }, { "\xc3\xa9", -1, -1 }, { "AA@A", -1, -1 },
		{ "AA[A", -1, -1 }, { "AA`A", -1, -1 }, { "AA{A", -1, -1 },
		{ "AA:A", -1, -1 }, { "AA,A", -1, -1 }, { "AA.A", -1, -1 },
	};
	struct error err;
	struct secret s;
	int rc;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		error_clear(&err);
		rc = b64url_decode(t[i].text, strlen(t[i].text), &s, &err);
		assert_int_equal(rc == 0 ? (int)s.len : -1, t[i].strict);
		secret_free(&s);
		rc = b64url_decode_lenient(t[i].text, strlen(t[i].text), "n",
		    &s, &err);
		assert_int_equal(rc == 0 ? (int)s.len : -1, t[i].lenient);
		secret_free(&s);
	}
	error_clear(&err);
	assert_int_equal(b64url_decode_lenient("AA*A", 4, "n", &s, &err), -1);
	assert_string_equal(err.msg, "'n': not base64url at character 3");
}

/* What base64.urlsafe_b64decode(text + "=" * (4 - len(text) % 4)) returns. */
static void
test_b64url_josepy(void **state)
{
	static const struct {
		const char *text;
		int len;	/* -1: it raises */
	} t[] = {
		{ "", 0 }, { "A", -1 }, { "AA", 1 }, { "AAA", 2 },
		{ "AAAA", 3 }, { "AA==", 1 }, { "AA=", 1 }, { "AAA=", 2 },
		{ "AAA==", 2 }, { "AA*A", 2 }, { "AA*", -1 }, { "A*A", -1 },
		{ "AA**", 1 }, { "AAAA=", 3 }, { "AAAA*", 3 },
		{ "AAAA*A", -1 }, { "AA=A", 2 }, { "AA==AAAA", 1 },
		{ "AAA=AAAA", 2 }, { "=AAA", 2 }, { "AA AA", 3 },
		{ "AA\nA", 2 }, { "+/-_", 3 }, { "*", 0 }, { "**", 0 },
		{ "***", 0 }, { "====", 0 }, { "A===", -1 }, { "AA=*=", 1 },
		{ "\xc3\xa9", -1 },
	};
	struct error err;
	struct secret s;
	int rc;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		error_clear(&err);
		rc = b64url_decode_josepy(t[i].text, strlen(t[i].text), "n",
		    &s, &err);
		if ((rc == 0 ? (int)s.len : -1) != t[i].len)
			fail_msg("%s: %d", t[i].text, rc == 0 ? (int)s.len :
			    -1);
		secret_free(&s);
	}
	error_clear(&err);
	assert_int_equal(b64url_decode_josepy("AQI*D", 5, "n", &s, &err), 0);
	assert_memory_equal(s.data, "\x01\x02\x03", 3);
	secret_free(&s);
	assert_int_equal(b64url_decode_josepy("AA*", 3, "n", &s, &err), -1);
	assert_string_equal(err.msg, "'n': base64url is cut short (3 "
	    "characters)");
}

static void
test_b64url_round(void **state)
{
	unsigned char data[256];
	struct error err;
	struct secret s;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + (i >> 3));
	buf_init(&b, 1024);
	for (size_t n = 0; n < sizeof(data); n++) {
		buf_reset(&b);
		b64url_encode(&b, data, n);
		assert_int_equal(b.len, (n * 4 + 2) / 3);
		assert_int_equal(b64url_decode(buf_str(&b), b.len, &s, &err),
		    0);
		assert_int_equal(s.len, n);
		if (n > 0)
			assert_memory_equal(s.data, data, n);
		secret_free(&s);
	}
	buf_free(&b);
	/* RFC 7515 appendix C */
	buf_init(&b, 16);
	b64url_encode(&b, "\x03\xec\xff\xe0\xc1", 5);
	assert_string_equal(buf_str(&b), "A-z_4ME");
	buf_reset(&b);
	b64url_encode(&b, data, sizeof(data));
	assert_true(b.failed);
	buf_free(&b);
}

/* Splits a compact JWS; verifies and, for RS256, signs to the same bytes. */
static void
vector(const char *key, const char *jws, const char *alg, bool exact)
{
	struct jwk *k;
	struct error err;
	struct secret sig;
	struct buf b;
	char *text, *dot;
	size_t len, n;

	k = load(key);
	assert_string_equal(jwk_alg(k), alg);
	text = slurp(jws, &len);
	assert_non_null(text);
	dot = strrchr(text, '.');
	assert_non_null(dot);
	n = (size_t)(dot - text);
	assert_int_equal(b64url_decode(dot + 1, strlen(dot + 1), &sig, &err),
	    0);
	assert_true(jwk_verify(k, text, n, sig.data, sig.len));
	assert_false(jwk_verify(k, text, n - 1, sig.data, sig.len));
	assert_false(jwk_verify(k, text, n, sig.data, sig.len - 1));
	buf_init(&b, 4096);
	assert_int_equal(jwk_sign(k, text, n, &b, &err), 0);
	assert_int_equal(b.len, sig.len);
	if (exact)
		assert_memory_equal(b.data, sig.data, sig.len);
	assert_true(jwk_verify(k, text, n, b.data, b.len));
	sig.data[5] ^= 1;
	assert_false(jwk_verify(k, text, n, sig.data, sig.len));
	memset(sig.data, 0, sig.len);
	assert_false(jwk_verify(k, text, n, sig.data, sig.len));
	buf_free(&b);
	secret_free(&sig);
	free(text);
	jwk_free(k);
}

static void
test_rfc7515(void **state)
{
	(void)state;
	vector(FIXTURE("jose/rfc7515-a2.json"), FIXTURE("jose/rfc7515-a2.jws"),
	    "RS256", true);
	vector(FIXTURE("jose/rfc7515-a3.json"), FIXTURE("jose/rfc7515-a3.jws"),
	    "ES256", false);
	vector(FIXTURE("jose/rfc7515-a4.json"), FIXTURE("jose/rfc7515-a4.jws"),
	    "ES512", false);
}

static void
test_rfc7517(void **state)
{
	static const struct {
		const char *path, *name;
		bool has_private;
	} t[] = {
		{ FIXTURE("jose/rfc7517-a1-ec.json"), "EC P-256", false },
		{ FIXTURE("jose/rfc7517-a2-ec.json"), "EC P-256", true },
		{ FIXTURE("jose/rfc7517-a2-rsa.json"), "RSA 2048", true },
	};
	struct error err;
	struct jwk *k;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		k = load(t[i].path);
		assert_string_equal(jwk_info(k)->name, t[i].name);
		assert_int_equal(jwk_info(k)->has_private, t[i].has_private);
		buf_init(&b, 4096);
		assert_int_equal(jwk_sign(k, "x", 1, &b, &err),
		    t[i].has_private ? 0 : -1);
		if (t[i].has_private)
			assert_true(jwk_verify(k, "x", 1, b.data, b.len));
		buf_free(&b);
		jwk_free(k);
	}
}

static void
test_rfc7638(void **state)
{
	struct jwk *k;
	struct buf b;

	(void)state;
	k = load(FIXTURE("jose/rfc7638.json"));
	assert_string_equal(jwk_info(k)->thumbprint,
	    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	buf_init(&b, 4096);
	jwk_public(k, &b);
	assert_int_equal(strncmp(b.data, "{\"e\":\"AQAB\",\"kty\":\"RSA\","
	    "\"n\":\"0vx7agoebGcQSuuPiLJX", 46), 0);
	buf_free(&b);
	jwk_free(k);
}

/* Each fixture's key, against openssl's id and certbot's verdict. */
static void
test_fixtures(void **state)
{
	static struct fixture_row rows[128];
	struct jwk_info quick, full;
	struct error err;
	struct jwk *k;
	char path[256], *text;
	size_t n, len;
	int rc, qrc, prc;

	(void)state;
	n = fixture_index(rows, 128);
	for (size_t i = 0; i < n; i++) {
		if (strncmp(rows[i].name, "regr-", 5) == 0 ||
		    strncmp(rows[i].name, "meta-", 5) == 0 ||
		    strcmp(rows[i].name, "key-missing") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s/private_key.json",
		    FIXTURE("accounts"), rows[i].name);
		text = slurp(path, &len);
		assert_non_null(text);
		error_clear(&err);
		qrc = jwk_inspect(text, len, "key", false, &quick, &err);
		rc = jwk_inspect(text, len, "key", true, &full, &err);
		if (rc == -1 && err.code != CODE_STORE)
			fail_msg("%s: code %d", rows[i].name, err.code);
		prc = jwk_parse(text, len, "key", &k, &err);
		assert_int_equal(rc, prc);
		assert_int_equal(qrc, rc);
		if (qrc == 0 && rows[i].id[0] != '-')
			assert_string_equal(quick.id, rows[i].id);
		if ((rc == 0) != (strcmp(rows[i].loads, "yes") == 0))
			fail_msg("%s: certbot loads: %s; we: %s",
			    rows[i].name, rows[i].loads, rc == 0 ? "ok" :
			    err.msg);
		else if (rc == 0) {
			assert_string_equal(full.id, rows[i].id);
			assert_string_equal(jwk_info(k)->id, rows[i].id);
			assert_int_equal(full.has_private,
			    strcmp(rows[i].signs, "yes") == 0);
		}
		jwk_free(k);
		drop(text, len);
	}
}

static void
test_names(void **state)
{
	static const struct {
		const char *path, *name, *alg;
	} t[] = {
		{ FIXTURE("accounts/rsa1024/private_key.json"), "RSA 1024",
		  "RS256" },
		{ FIXTURE("accounts/rsa4096/private_key.json"), "RSA 4096",
		  "RS256" },
		{ FIXTURE("accounts/rsa-nocrt/private_key.json"), "RSA 2048",
		  "RS256" },
		{ FIXTURE("accounts/rsa2048-e3/private_key.json"), "RSA 2048",
		  "RS256" },
		{ FIXTURE("accounts/ec-p256/private_key.json"), "EC P-256",
		  "ES256" },
		{ FIXTURE("accounts/ec-p384/private_key.json"), "EC P-384",
		  "ES384" },
		{ FIXTURE("accounts/ec-p521/private_key.json"), "EC P-521",
		  "ES512" },
	};
	struct error err;
	struct jwk *k;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		k = load(t[i].path);
		assert_string_equal(jwk_info(k)->name, t[i].name);
		assert_string_equal(jwk_alg(k), t[i].alg);
		buf_init(&b, 4096);
		for (int round = 0; round < 20; round++) {
			buf_reset(&b);
			assert_int_equal(jwk_sign(k, "data", 4, &b, &err), 0);
			assert_true(jwk_verify(k, "data", 4, b.data, b.len));
			assert_false(jwk_verify(k, "Data", 4, b.data, b.len));
		}
		buf_free(&b);
		jwk_free(k);
	}
}

static void
test_messages(void **state)
{
	static const struct {
		const char *name, *message;
	} t[] = {
		{ "okp", "'k': found a key of type 'OKP', certbot can use RSA "
		  "and EC" },
		{ "oct", "'k': found a key of type 'oct', certbot can use RSA "
		  "and EC" },
		{ "ec-secp256k1", "'k': found an EC key on the curve "
		  "'secp256k1', certbot can use P-256, P-384 and P-521" },
		{ "ec-short-d", "'k': member 'd' has 31 bytes, want 32 "
		  "(certbot refuses it with josepy 1.9 and later)" },
		{ "rsa-partial", "'k': some of the members p, q, dp, dq, qi "
		  "are missing, want all or none" },
		{ "rsa-wrong-p", "'k': the RSA key is inconsistent: p times q "
		  "is not n" },
		{ "rsa-wrong-qi", "'k': the RSA key is inconsistent: qi is "
		  "not the inverse of q modulo p" },
		{ "rsa-wrong-d-nocrt", "'k': the RSA key is inconsistent: d "
		  "does not belong to n and e" },
		{ "ec-wrong-d", "'k': the EC key is inconsistent: d does not "
		  "belong to x and y" },
		{ "kty-number", "'k': member 'kty': found a number, want a "
		  "string" },
	};
	struct jwk_info info;
	struct error err;
	char path[256], *text;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/private_key.json",
		    FIXTURE("accounts"), t[i].name);
		text = slurp(path, &len);
		assert_non_null(text);
		error_clear(&err);
		assert_int_equal(jwk_inspect(text, len, "k", true, &info,
		    &err), -1);
		assert_string_equal(err.msg, t[i].message);
		assert_int_equal(err.code, CODE_STORE);
		drop(text, len);
	}
}

/* No damage makes a crash, or a key that passes and is another. */
static void
sweep(const char *path, size_t step)
{
	struct jwk_info info, good;
	struct error err;
	char *text;
	size_t len;

	text = slurp(path, &len);
	assert_non_null(text);
	assert_int_equal(jwk_inspect(text, len, "k", true, &good, &err), 0);
	for (size_t bit = 0; bit < len * 8; bit += step) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		if (jwk_inspect(text, len, "k", true, &info, &err) == 0 &&
		    info.has_private)
			assert_string_equal(info.thumbprint, good.thumbprint);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t n = 0; n < len; n += step / 8 + 1)
		assert_int_equal(jwk_inspect(text, n, "k", true, &info, &err),
		    -1);
	drop(text, len);
}

static void
test_damage(void **state)
{
	(void)state;
	sweep(FIXTURE("accounts/ec-p256/private_key.json"), 1);
	sweep(FIXTURE("accounts/ec-p521/private_key.json"), 5);
	sweep(FIXTURE("accounts/rsa2048/private_key.json"), 29);
	sweep(FIXTURE("accounts/rsa-nocrt/private_key.json"), 19);
}

static void
test_jws(void **state)
{
	const char *head, *payload, *sig;
	struct secret h, s;
	struct error err;
	struct buf b, in;
	struct jwk *k;
	json *j;

	(void)state;
	error_clear(&err);
	k = load(FIXTURE("accounts/ec-p384/private_key.json"));
	buf_init(&b, 65536);
	buf_init(&in, 65536);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(jws_request(k, i == 0 ? NULL :
		    "https://ca/acct/1", "no\"nce", "https://ca/new",
		    i == 0 ? "{\"a\":1}" : NULL, &b, &err), 0);
		assert_int_equal(json_parse(b.data, b.len, "jws", &j, &err),
		    0);
		assert_int_equal(json_get_str(j, "protected", JSON_REQUIRED,
		    "jws", &head, &err), 0);
		assert_int_equal(json_get_str(j, "payload", JSON_REQUIRED,
		    "jws", &payload, &err), 0);
		assert_int_equal(json_get_str(j, "signature", JSON_REQUIRED,
		    "jws", &sig, &err), 0);
		assert_string_equal(payload, i == 0 ? "eyJhIjoxfQ" : "");
		assert_int_equal(b64url_decode(head, strlen(head), &h, &err),
		    0);
		assert_int_equal(b64url_decode(sig, strlen(sig), &s, &err), 0);
		buf_reset(&in);
		buf_adds(&in, head);
		buf_addc(&in, '.');
		buf_adds(&in, payload);
		assert_true(jwk_verify(k, in.data, in.len, s.data, s.len));
		buf_reset(&in);
		if (i == 0) {
			buf_adds(&in, "{\"alg\":\"ES384\",\"jwk\":");
			jwk_public(k, &in);
		} else
			buf_adds(&in, "{\"alg\":\"ES384\",\"kid\":"
			    "\"https://ca/acct/1\"");
		buf_adds(&in, ",\"nonce\":\"no\\\"nce\","
		    "\"url\":\"https://ca/new\"}");
		assert_string_equal((char *)h.data, in.data);
		secret_free(&h);
		secret_free(&s);
		json_put(j);
	}
	buf_free(&b);
	buf_init(&b, 100);
	assert_int_equal(jws_request(k, NULL, "n", "https://ca/new", "{}", &b,
	    &err), -1);
	buf_free(&b);
	buf_free(&in);
	jwk_free(k);
}

/* Loading, checking and signing leave no private member behind. */
static void
test_heap(void **state)
{
	/* what is loaded, and where its members stand in plain form */
	static const struct {
		const char *path, *plain;
		bool good;
	} t[] = {
		{ "rsa2048", "rsa2048", true },
		{ "rsa-nocrt", "rsa2048", true },
		{ "rsa-escapes", "rsa2048", true },
		{ "rsa-stdb64", "rsa2048", true },
		{ "ec-p256", "ec-p256", true },
		{ "ec-p384", "ec-p384", true },
		{ "ec-p521", "ec-p521", true },
		{ "rsa-wrong-qi", "rsa-wrong-qi", false },
		{ "ec-wrong-d", "ec-wrong-d", false },
	};
	char path[128];
	static struct keyscan ks;
	struct jwk_info info;
	struct error err;
	struct jwk *k;
	struct buf b;
	size_t len;
	int rc;

	(void)state;
	KEYSCAN_OR_SKIP();
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/private_key.json",
		    FIXTURE("accounts"), t[i].plain);
		keyscan_learn(&ks, path);
		assert_int_equal(keyscan_count(&ks), 0);
		snprintf(path, sizeof(path), "%s/%s/private_key.json",
		    FIXTURE("accounts"), t[i].path);
		len = keyscan_read(path);
		assert_true(keyscan_count(&ks) > 0);
		rc = jwk_inspect((char *)keyscan_text, len, "k", true, &info,
		    &err);
		assert_int_equal(rc, t[i].good ? 0 : -1);
		if (jwk_parse((char *)keyscan_text, len, "k", &k, &err) == 0) {
			buf_init(&b, 4096);
			assert_int_equal(jws_request(k, NULL, "n",
			    "https://ca/", "{}", &b, &err), 0);
			buf_free(&b);
		}
		/* cut short: what the parser had by then goes too */
		assert_int_equal(jwk_inspect((char *)keyscan_text, len - 1,
		    "k", false, &info, &err), -1);
		explicit_bzero(keyscan_text, sizeof(keyscan_text));
		jwk_free(k);
		assert_int_equal(keyscan_count(&ks), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_b64url),
		cmocka_unit_test(test_b64url_josepy),
		cmocka_unit_test(test_b64url_round),
		cmocka_unit_test(test_rfc7515),
		cmocka_unit_test(test_rfc7517),
		cmocka_unit_test(test_rfc7638),
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_jws),
		cmocka_unit_test(test_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
