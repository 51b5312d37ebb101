/* SPDX-License-Identifier: ISC */
/*
 * The two CMS layers: what is sealed is opened, and nothing else is.  What
 * must be refused is made with OpenSSL's own CMS, beside a control that is the
 * one right form and is accepted.
 */
#include "unit.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/limits.h"
#include "tmpdir.h"
#include "sealtest.h"

static const char text[] = "{\"format\": \"acmeferry-bundle\", \"some\": "
    "\"thing that is longer than one block of the cipher\"}";

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

static void
seal(struct buf *der)
{
	struct error err;

	buf_init(der, LIMIT_BUNDLE);
	if (seal_cms(text, sizeof(text) - 1, &in.own, &www.id, "x", der,
	    &err) == -1)
		fail_msg("%s", err.msg);
}

static void
test_round(void **state)
{
	struct seal_cert both[2] = { in.id.cert, other.id.cert };
	struct seal_certs l = { both, 2, 2 };
	struct buf der, plain = { 0 };
	struct error err;

	(void)state;
	buf_init(&der, LIMIT_BUNDLE);
	assert_int_equal(seal_cms(text, sizeof(text) - 1, &l, &www.id, "x",
	    &der, &err), 0);
	assert_int_equal(open_as(der.data, der.len, &www.own, &in, &plain,
	    &err), CODE_OK);
	assert_string_equal(buf_str(&plain), text);
	assert_int_equal(open_as(der.data, der.len, &www.own, &other, &plain,
	    &err), CODE_OK);
	assert_string_equal(buf_str(&plain), text);
	/* the sender is no recipient */
	assert_int_equal(open_as(der.data, der.len, &www.own, &www, &plain,
	    &err), CODE_TRUST);
	assert_string_equal(err.msg, "'x': is sealed for 2 others, not for "
	    "this host; its sender must name the certificate that 'acmeferry "
	    "identity' prints here in recipients");
	/* nor is a recipient a sender */
	assert_int_equal(open_as(der.data, der.len, &in.own, &in, &plain,
	    &err), CODE_TRUST);
	assert_string_equal(err.msg, "'x': is signed in the name of "
	    "'www.example.com', with a certificate that is none of its "
	    "senders'; compare it with what 'acmeferry identity' prints "
	    "there");
	buf_free(&der);
	buf_free(&plain);
}

static void
test_truncated(void **state)
{
	struct buf der, plain = { 0 };
	struct error err;
	char *copy;

	(void)state;
	seal(&der);
	for (size_t n = 0; n < der.len; n++) {
		/* of its very size, for ASan */
		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, der.data, n);
		if (open_as(copy, n, &www.own, &in, &plain, &err) !=
		    CODE_ERROR)
			fail_msg("%zu of %zu bytes: %s", n, der.len, err.msg);
		free(copy);
	}
	buf_free(&der);
	buf_free(&plain);
}

/* None is accepted, whichever it is. */
static void
test_flipped(void **state)
{
	size_t trust = 0, form = 0;
	struct buf der, plain = { 0 };
	struct error err;

	(void)state;
	seal(&der);
	for (size_t i = 0; i < der.len * 8; i++) {
		der.data[i / 8] = (char)(der.data[i / 8] ^ 1 << i % 8);
		switch (open_as(der.data, der.len, &www.own, &in, &plain,
		    &err)) {
		case CODE_TRUST:
			trust++;
			break;
		case CODE_ERROR:
			form++;
			break;
		default:
			fail_msg("bit %zu: %s", i, err.msg);
		}
		der.data[i / 8] = (char)(der.data[i / 8] ^ 1 << i % 8);
	}
	/* signature, time and name of the signer; all the rest */
	assert_true(trust > 8 * 100);
	assert_int_equal(trust + form, der.len * 8);
	assert_int_equal(open_as(der.data, der.len, &www.own, &in, &plain,
	    &err), CODE_OK);
	buf_free(&der);
	buf_free(&plain);
}

/* The same of the inner layer alone, as if the sender had signed it. */
static void
test_flipped_inside(void **state)
{
	struct buf inner, plain;
	struct error err;
	struct der d;

	(void)state;
	buf_init(&inner, LIMIT_BUNDLE);
	buf_init_sensitive(&plain, LIMIT_BUNDLE);
	assert_int_equal(seal_encrypt(text, sizeof(text) - 1, &in.own, &inner,
	    &err), 0);
	d = (struct der){ (unsigned char *)inner.data, inner.len };
	assert_int_equal(seal_decrypt(&d, "x", &in.id, &plain, &err), 0);
	buf_reset(&plain);
	for (size_t i = 0; i < inner.len * 8; i++) {
		inner.data[i / 8] = (char)(inner.data[i / 8] ^ 1 << i % 8);
		if (seal_decrypt(&d, "x", &in.id, &plain, &err) != -1 ||
		    (err.code != CODE_TRUST && err.code != CODE_ERROR) ||
		    plain.len != 0)
			fail_msg("bit %zu", i);
		inner.data[i / 8] = (char)(inner.data[i / 8] ^ 1 << i % 8);
	}
	for (d.len = 0; d.len < inner.len; d.len++)
		assert_int_equal(seal_decrypt(&d, "x", &in.id, &plain, &err),
		    -1);
	buf_free(&inner);
	buf_free(&plain);
}

static void
test_odd(void **state)
{
	struct buf der, b, plain = { 0 };
	struct error err;
	size_t len;

	(void)state;
	seal(&der);
	buf_init(&b, LIMIT_BUNDLE + 1);
	/* something behind it */
	buf_add(&b, der.data, der.len);
	buf_addc(&b, '\n');
	assert_int_equal(open_as(b.data, b.len, &www.own, &in, &plain, &err),
	    CODE_ERROR);
	assert_int_equal(open_as(b.data, b.len - 1, &www.own, &in, &plain,
	    &err), CODE_OK);
	/* twice */
	buf_reset(&b);
	buf_add(&b, der.data, der.len);
	buf_add(&b, der.data, der.len);
	assert_int_equal(open_as(b.data, b.len, &www.own, &in, &plain, &err),
	    CODE_ERROR);
	/* BER: a length in one byte more than it needs */
	len = (size_t)(unsigned char)der.data[2] << 8 |
	    (unsigned char)der.data[3];
	assert_int_equal((unsigned char)der.data[1], 0x82);
	assert_int_equal(len + 4, der.len);
	buf_reset(&b);
	buf_add(&b, "\x30\x83\x00", 3);
	buf_add(&b, der.data + 2, der.len - 2);
	assert_int_equal(open_as(b.data, b.len, &www.own, &in, &plain, &err),
	    CODE_ERROR);
	/* and with an indefinite one */
	buf_reset(&b);
	buf_add(&b, "\x30\x80", 2);
	buf_add(&b, der.data + 4, len);
	buf_add(&b, "\0\0", 2);
	assert_int_equal(open_as(b.data, b.len, &www.own, &in, &plain, &err),
	    CODE_ERROR);
	assert_int_equal(open_as("", 0, &www.own, &in, &plain, &err),
	    CODE_ERROR);
	assert_string_equal(err.msg, "'x': is empty, want a bundle that "
	    "acmeferry sealed");
	buf_free(&b);
	buf_free(&der);
	buf_free(&plain);
}

/* ---- made with OpenSSL -------------------------------------------------- */

static X509 *
cert_of(const struct host *h)
{
	BIO *bio = BIO_new_mem_buf(h->id.pem, -1);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(x);
	return x;
}

static void
take(CMS_ContentInfo *cms, BIO *from, unsigned int flags, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	assert_non_null(cms);
	if ((flags & CMS_STREAM) != 0)
		assert_int_equal(i2d_CMS_bio_stream(bio, cms, from,
		    (int)flags), 1);
	else
		assert_int_equal(i2d_CMS_bio(bio, cms), 1);
	len = BIO_get_mem_data(bio, &data);
	buf_init(out, LIMIT_BUNDLE);
	buf_add(out, data, (size_t)len);
	BIO_free(bio);
	BIO_free(from);
	CMS_ContentInfo_free(cms);
}

/* For "in". */
struct encryption {
	const EVP_CIPHER *(*cipher)(void);
	const EVP_MD *(*kdf)(void);
	const EVP_CIPHER *(*wrap)(void);
	unsigned int flags;	/* more of them */
	unsigned int recipient;
};

static void
encrypt(const struct encryption *e, struct buf *out)
{
	unsigned int flags = CMS_BINARY | CMS_PARTIAL | e->flags;
	BIO *from = BIO_new_mem_buf(text, sizeof(text) - 1);
	CMS_RecipientInfo *ri;
	CMS_ContentInfo *cms;
	X509 *x = cert_of(&in);

	cms = CMS_encrypt(NULL, from, e->cipher(), flags);
	assert_non_null(cms);
	ri = CMS_add1_recipient_cert(cms, x, flags | CMS_KEY_PARAM |
	    e->recipient);
	assert_non_null(ri);
	assert_int_equal(EVP_PKEY_CTX_set_ecdh_kdf_md(
	    CMS_RecipientInfo_get0_pkey_ctx(ri), e->kdf()), 1);
	assert_int_equal(EVP_EncryptInit_ex(
	    CMS_RecipientInfo_kari_get0_ctx(ri), e->wrap(), NULL, NULL,
	    NULL), 1);
	if ((flags & CMS_STREAM) == 0)
		assert_int_equal(CMS_final(cms, from, NULL, flags), 1);
	take(cms, from, flags, out);
	X509_free(x);
}

/* As www, with another one beside it if `two`. */
struct signing {
	const EVP_MD *(*md)(void);
	unsigned int flags, signer;	/* more of them */
	bool two, attr, unattr, crl;
};

static void
sign(const struct signing *s, const struct buf *content, struct buf *out)
{
	unsigned int flags = CMS_BINARY | CMS_PARTIAL | s->flags;
	BIO *from = BIO_new_mem_buf(content->data, (int)content->len);
	X509 *x = cert_of(&www), *y = cert_of(&other);
	CMS_SignerInfo *si;
	CMS_ContentInfo *cms;
	X509_CRL *crl;

	cms = CMS_sign(NULL, NULL, NULL, from, flags);
	assert_non_null(cms);
	si = CMS_add1_signer(cms, x, www.id.key, s->md(), flags | s->signer);
	assert_non_null(si);
	if (s->attr)
		assert_int_equal(CMS_signed_add1_attr_by_txt(si, "1.2.3.4",
		    V_ASN1_UTF8STRING, "x", 1), 1);
	if (s->two)
		assert_non_null(CMS_add1_signer(cms, y, other.id.key,
		    s->md(), flags | s->signer));
	if (s->crl) {
		crl = X509_CRL_new();
		X509_CRL_set_version(crl, 1);
		X509_CRL_set_issuer_name(crl, X509_get_subject_name(x));
		X509_CRL_set1_lastUpdate(crl, X509_get0_notBefore(x));
		X509_CRL_sign(crl, www.id.key, EVP_sha256());
		assert_int_equal(CMS_add0_crl(cms, crl), 1);
	}
	if ((flags & CMS_STREAM) == 0)
		assert_int_equal(CMS_final(cms, from, NULL, flags), 1);
	if (s->unattr)
		assert_int_equal(CMS_unsigned_add1_attr_by_txt(si, "1.2.3.4",
		    V_ASN1_UTF8STRING, "x", 1), 1);
	take(cms, from, flags, out);
	X509_free(x);
	X509_free(y);
}

static const struct encryption right = { EVP_aes_256_gcm, EVP_sha256,
	EVP_aes_256_wrap, 0, 0 };
static const struct signing plainly = { .md = EVP_sha256,
	.signer = CMS_NOSMIMECAP | CMS_NOCERTS };

static void
test_openssl(void **state)
{
	struct buf inner, der, plain = { 0 };
	struct error err;

	(void)state;
	encrypt(&right, &inner);
	sign(&plainly, &inner, &der);
	if (open_as(der.data, der.len, &www.own, &in, &plain, &err) !=
	    CODE_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(buf_str(&plain), text);
	buf_free(&inner);
	buf_free(&der);
	buf_free(&plain);
}

static void
test_other_encryption(void **state)
{
	static const struct {
		const char *name;
		struct encryption e;
	} t[] = {
		{ "AES-128-GCM", { EVP_aes_128_gcm, EVP_sha256,
		    EVP_aes_128_wrap, 0, 0 } },
		{ "AES-192-GCM", { EVP_aes_192_gcm, EVP_sha256,
		    EVP_aes_192_wrap, 0, 0 } },
		{ "CBC, EnvelopedData", { EVP_aes_256_cbc, EVP_sha256,
		    EVP_aes_256_wrap, 0, 0 } },
		{ "SHA-1 KDF", { EVP_aes_256_gcm, EVP_sha1,
		    EVP_aes_256_wrap, 0, 0 } },
		{ "SHA-512 KDF", { EVP_aes_256_gcm, EVP_sha512,
		    EVP_aes_256_wrap, 0, 0 } },
		{ "AES-128 wrap", { EVP_aes_256_gcm, EVP_sha256,
		    EVP_aes_128_wrap, 0, 0 } },
		{ "recipient by key id", { EVP_aes_256_gcm, EVP_sha256,
		    EVP_aes_256_wrap, 0, CMS_USE_KEYID } },
		{ "BER", { EVP_aes_256_gcm, EVP_sha256, EVP_aes_256_wrap,
		    CMS_STREAM, 0 } },
	};
	struct buf inner, der, plain = { 0 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		encrypt(&t[i].e, &inner);
		sign(&plainly, &inner, &der);
		if (open_as(der.data, der.len, &www.own, &in, &plain, &err) !=
		    CODE_ERROR)
			fail_msg("%s: %s", t[i].name, err.msg);
		assert_string_equal(err.msg, "'x': what was signed is not "
		    "encrypted as acmeferry does it");
		buf_free(&inner);
		buf_free(&der);
	}
	buf_free(&plain);
}

static void
test_other_signing(void **state)
{
	static const struct {
		const char *name;
		struct signing s;
	} t[] = {
		{ "with certificate", { .md = EVP_sha256,
		    .signer = CMS_NOSMIMECAP } },
		{ "with capabilities", { .md = EVP_sha256,
		    .signer = CMS_NOCERTS } },
		{ "without attributes", { .md = EVP_sha256,
		    .signer = CMS_NOCERTS | CMS_NOATTR } },
		{ "SHA-384", { .md = EVP_sha384,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
		{ "SHA-1", { .md = EVP_sha1,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
		{ "signer by key id", { .md = EVP_sha256, .signer =
		    CMS_NOCERTS | CMS_NOSMIMECAP | CMS_USE_KEYID } },
		{ "two signers", { .md = EVP_sha256, .two = true,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
		{ "one more attribute", { .md = EVP_sha256, .attr = true,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
		{ "unsigned attribute", { .md = EVP_sha256, .unattr = true,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
		{ "with a CRL", { .md = EVP_sha256, .crl = true,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
		{ "detached", { .md = EVP_sha256, .flags = CMS_DETACHED,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
		{ "BER", { .md = EVP_sha256, .flags = CMS_STREAM,
		    .signer = CMS_NOCERTS | CMS_NOSMIMECAP } },
	};
	struct buf inner, der, plain = { 0 };
	struct error err;

	(void)state;
	encrypt(&right, &inner);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		sign(&t[i].s, &inner, &der);
		if (open_as(der.data, der.len, &www.own, &in, &plain, &err) !=
		    CODE_ERROR)
			fail_msg("%s: %s", t[i].name, err.msg);
		buf_free(&der);
	}
	/* what is encrypted only */
	assert_int_equal(open_as(inner.data, inner.len, &www.own, &in, &plain,
	    &err), CODE_ERROR);
	buf_free(&inner);
	buf_free(&plain);
}

/* Another's ciphertext with a signature of one's own is a bundle of one's
 * own: that it tells of another is for the text inside. */
static void
test_signed_anew(void **state)
{
	struct buf der, again, plain = { 0 };
	const struct seal_cert *signer;
	struct der content;
	struct buf copy;
	struct error err;
	struct signing s = plainly;

	(void)state;
	seal(&der);
	assert_int_equal(seal_verify(der.data, der.len, "x", &www.own,
	    &signer, &content, NULL, &err), 0);
	buf_init(&copy, LIMIT_BUNDLE);
	buf_add(&copy, content.p, content.len);
	sign(&s, &copy, &again);
	assert_int_equal(open_as(again.data, again.len, &www.own, &in, &plain,
	    &err), CODE_OK);
	/* his name, for one who trusts another only */
	assert_int_equal(open_as(again.data, again.len, &other.own, &in,
	    &plain, &err), CODE_TRUST);
	buf_free(&der);
	buf_free(&again);
	buf_free(&copy);
	buf_free(&plain);
}

static void
test_large(void **state)
{
	size_t len = LIMIT_BUNDLE - 512;
	struct buf der, plain = { 0 };
	char *big = calloc(1, LIMIT_BUNDLE);
	struct error err;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', LIMIT_BUNDLE);
	buf_init(&der, LIMIT_BUNDLE);
	assert_int_equal(seal_cms(big, len, &in.own, &www.id, "x", &der,
	    &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_string_equal(err.msg, "'x': a bundle would have more than 32 "
	    "MiB; want fewer accounts in it");
	buf_free(&der);
	buf_init(&der, LIMIT_BUNDLE);
	assert_int_equal(seal_cms(big, len - 1024, &in.own, &www.id, "x",
	    &der, &err), 0);
	assert_true(der.len <= LIMIT_BUNDLE);
	assert_int_equal(open_as(der.data, der.len, &www.own, &in, &plain,
	    &err), CODE_OK);
	assert_int_equal(plain.len, len - 1024);
	assert_memory_equal(plain.data, big, plain.len);
	free(big);
	buf_free(&der);
	buf_free(&plain);
}

static void
test_nobody(void **state)
{
	struct seal_certs none = { 0 };
	struct error err;
	struct buf der;

	(void)state;
	buf_init(&der, LIMIT_BUNDLE);
	assert_int_equal(seal_cms(text, 1, &none, &www.id, "x", &der, &err),
	    -1);
	assert_int_equal(err.code, CODE_USAGE);
	buf_free(&der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_flipped_inside),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_openssl),
		cmocka_unit_test(test_other_encryption),
		cmocka_unit_test(test_other_signing),
		cmocka_unit_test(test_signed_anew),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
