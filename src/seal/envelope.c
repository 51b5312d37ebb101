/* SPDX-License-Identifier: ISC */
/* The inner layer: AuthEnvelopedData. */
#include <limits.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/secret.h"
#include "base/vis.h"
#include "seal/cms.h"

/* Whole elements, or their beginnings. */
static const unsigned char enveloped[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17 };
static const unsigned char version_0[] = { 0x02, 0x01, 0x00 };
static const unsigned char data[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x07, 0x01 };
/* version 3 and the originator's key up to its point */
static const unsigned char originator[] = { 0x02, 0x01, 0x03, 0xa0, 0x51,
	0xa1, 0x4f, 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
	0x01, 0x03, 0x42, 0x00 };
/* dhSinglePass-stdDH-sha256kdf-scheme with id-aes256-wrap */
static const unsigned char key_encryption[] = { 0x30, 0x15, 0x06, 0x06, 0x2b,
	0x81, 0x04, 0x01, 0x0b, 0x01, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
	0x01, 0x65, 0x03, 0x04, 0x01, 0x2d };
/* aes256-GCM up to its nonce */
static const unsigned char gcm[] = { 0x30, 0x1e, 0x06, 0x09, 0x60, 0x86, 0x48,
	0x01, 0x65, 0x03, 0x04, 0x01, 0x2e, 0x30, 0x11, 0x04, 0x0c };
static const unsigned char gcm_tag[] = { 0x02, 0x01, 0x10 };
enum {
	POINT = 65,
	UNCOMPRESSED = 0x04,	/* its first byte; OpenSSL takes others, too */
	WRAPPED = 40,
	NONCE = 12,
	TAG = 16,
	KARI_MAX = LIMIT_BUNDLE_CERT + 512
};

struct recipient {
	unsigned char point[POINT];	/* ephemeral, the sender's */
	unsigned char wrapped[WRAPPED];
	struct der sid;			/* whole; whose */
};
struct shell {
	struct recipient *v;
	size_t n;
	unsigned char nonce[NONCE], tag[TAG];
	size_t len;			/* of what is encrypted */
};

/* ---- the one form ------------------------------------------------------- */

static void
put_recipient(struct buf *b, const struct recipient *r)
{
	size_t key = r->sid.len + der_size(WRAPPED);
	size_t len = sizeof(originator) + POINT + sizeof(key_encryption) +
	    der_size(der_size(key));

	der_head(b, DER_1, len);
	buf_add(b, originator, sizeof(originator));
	buf_add(b, r->point, POINT);
	buf_add(b, key_encryption, sizeof(key_encryption));
	der_head(b, DER_SEQUENCE, der_size(key));
	der_head(b, DER_SEQUENCE, key);
	buf_add(b, r->sid.p, r->sid.len);
	der_put(b, DER_OCTETS, r->wrapped, WRAPPED);
}

/* In the order of DER's SET OF. */
static int
compare_buf(const void *a, const void *b)
{
	const struct buf *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int c = memcmp(buf_str(x), buf_str(y), n);

	if (c != 0 || x->len == y->len)
		return c;
	return x->len < y->len ? -1 : 1;
}

static int
put_recipients(struct buf *out, const struct shell *s, struct error *err)
{
	struct buf *v;
	int rc = 0;

	if ((v = calloc(s->n + 1, sizeof(*v))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < s->n && rc == 0; i++) {
		buf_init(&v[i], KARI_MAX);
		put_recipient(&v[i], &s->v[i]);
		rc = buf_check(&v[i], "recipient", err);
	}
	if (rc == 0)
		qsort(v, s->n, sizeof(*v), compare_buf);
	for (size_t i = 0; i < s->n; i++) {
		buf_add(out, v[i].data, v[i].len);
		buf_free(&v[i]);
	}
	free(v);
	return rc == 0 ? buf_check(out, "recipients", err) : -1;
}

/* Everything before what is encrypted, and everything behind it. */
static int
put_shell(const struct shell *s, struct buf *head, struct buf *tail,
    struct error *err)
{
	size_t info, inner;
	struct buf set;
	int rc;

	buf_init(&set, LIMIT_BUNDLE);
	if (put_recipients(&set, s, err) == -1) {
		buf_free(&set);
		return -1;
	}
	info = sizeof(data) + sizeof(gcm) + NONCE + sizeof(gcm_tag) +
	    der_size(s->len);
	inner = sizeof(version_0) + der_size(set.len) + der_size(info) +
	    der_size(TAG);
	der_head(head, DER_SEQUENCE, sizeof(enveloped) +
	    der_size(der_size(inner)));
	buf_add(head, enveloped, sizeof(enveloped));
	der_head(head, DER_0, der_size(inner));
	der_head(head, DER_SEQUENCE, inner);
	buf_add(head, version_0, sizeof(version_0));
	der_put(head, DER_SET, set.data, set.len);
	der_head(head, DER_SEQUENCE, info);
	buf_add(head, data, sizeof(data));
	buf_add(head, gcm, sizeof(gcm));
	buf_add(head, s->nonce, NONCE);
	buf_add(head, gcm_tag, sizeof(gcm_tag));
	der_head(head, DER_0_OCTETS, s->len);
	der_put(tail, DER_OCTETS, s->tag, TAG);
	buf_free(&set);
	rc = buf_check(head, "AuthEnvelopedData", err);
	return rc == 0 ? buf_check(tail, "AuthEnvelopedData", err) : -1;
}

/* ---- the template ------------------------------------------------------- */

static bool
take_recipient(struct der d, struct recipient *r)
{
	struct der x, skip, point, wrapped;

	if (!der_get(&d, DER_INTEGER, &skip) || !der_get(&d, DER_0, &x) ||
	    !der_get(&x, DER_1, &x) || !der_get(&x, DER_SEQUENCE, &skip) ||
	    !der_get(&x, DER_BITS, &point) || point.len != POINT + 1 ||
	    point.p[1] != UNCOMPRESSED ||
	    !der_get(&d, DER_SEQUENCE, &skip) ||
	    !der_get(&d, DER_SEQUENCE, &x) ||
	    !der_get(&x, DER_SEQUENCE, &x) ||
	    !der_whole(&x, DER_SEQUENCE, &r->sid) ||
	    r->sid.len > LIMIT_BUNDLE_CERT ||
	    !der_get(&x, DER_OCTETS, &wrapped) || wrapped.len != WRAPPED)
		return false;
	memcpy(r->point, point.p + 1, POINT);
	memcpy(r->wrapped, wrapped.p, WRAPPED);
	return true;
}

/* Every element of the SET; *n counts them. */
static int
take_recipients(struct der set, struct shell *s, bool *ok, struct error *err)
{
	struct der d = set, kari;
	size_t n = 0;

	*ok = false;
	while (n < LIMIT_BUNDLE_CERTS && der_get(&d, DER_1, &kari))
		n++;
	if (d.len > 0 || n == 0)
		return 0;
	if ((s->v = calloc(n, sizeof(*s->v))) == NULL)
		return error_nomem(err);
	while (s->n < n && der_get(&set, DER_1, &kari)) {
		if (!take_recipient(kari, &s->v[s->n]))
			return 0;
		s->n++;
	}
	*ok = true;
	return 0;
}

/* As in cms.c: the comparison says whether it has the one form. */
static int
take_apart(const struct der *content, struct shell *s, struct der *text,
    bool *ok, struct error *err)
{
	struct der d = *content, x, set, skip, nonce, tag;

	*ok = false;
	if (!der_get(&d, DER_SEQUENCE, &d) || !der_get(&d, DER_OID, &skip) ||
	    !der_get(&d, DER_0, &d) || !der_get(&d, DER_SEQUENCE, &d) ||
	    !der_get(&d, DER_INTEGER, &skip) || !der_get(&d, DER_SET, &set) ||
	    !der_get(&d, DER_SEQUENCE, &x) ||
	    !der_get(&d, DER_OCTETS, &tag) || tag.len != TAG ||
	    !der_get(&x, DER_OID, &skip) || !der_get(&x, DER_SEQUENCE, &d) ||
	    !der_get(&x, DER_0_OCTETS, text) ||
	    !der_get(&d, DER_OID, &skip) || !der_get(&d, DER_SEQUENCE, &d) ||
	    !der_get(&d, DER_OCTETS, &nonce) || nonce.len != NONCE)
		return 0;
	memcpy(s->nonce, nonce.p, NONCE);
	memcpy(s->tag, tag.p, TAG);
	s->len = text->len;
	return take_recipients(set, s, ok, err);
}

static int
compare(const struct der *content, const struct shell *s,
    const struct der *text, bool *same, struct error *err)
{
	struct buf head, tail;
	int rc;

	buf_init(&head, LIMIT_BUNDLE);
	buf_init(&tail, 64);
	rc = put_shell(s, &head, &tail, err);
	*same = rc == 0 && head.len + text->len + tail.len == content->len &&
	    text->p == content->p + head.len &&
	    memcmp(content->p, head.data, head.len) == 0 &&
	    memcmp(text->p + text->len, tail.data, tail.len) == 0;
	buf_free(&head);
	buf_free(&tail);
	return rc;
}

/* *same: it has the one form.  s->v is the caller's to free in any case. */
static int
template(const struct der *content, struct shell *s, bool *same,
    struct error *err)
{
	struct der text;

	if (take_apart(content, s, &text, same, err) == -1)
		return -1;
	return *same ? compare(content, s, &text, same, err) : 0;
}

/* ---- sealing ------------------------------------------------------------ */

/* OpenSSL's own choice for the KDF would be SHA-1. */
static bool
add_recipient(CMS_ContentInfo *cms, const struct seal_cert *c)
{
	CMS_RecipientInfo *ri;
	EVP_PKEY_CTX *ctx;

	return (ri = CMS_add1_recipient_cert(cms, c->x509, CMS_KEY_PARAM)) !=
	    NULL && (ctx = CMS_RecipientInfo_get0_pkey_ctx(ri)) != NULL &&
	    EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) == 1;
}

static CMS_ContentInfo *
encrypt(const void *plain, size_t len, const struct seal_certs *recipients)
{
	CMS_ContentInfo *cms;
	BIO *in;
	bool ok;

	if (len > INT_MAX || (in = BIO_new_mem_buf(plain, (int)len)) == NULL)
		return NULL;
	cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
	ok = cms != NULL && CMS_set_detached(cms, 0) == 1;
	for (size_t i = 0; ok && i < recipients->n; i++)
		ok = add_recipient(cms, &recipients->v[i]);
	ok = ok && CMS_final(cms, in, NULL, CMS_BINARY) == 1;
	secret_wipe_stack();
	BIO_free(in);
	if (!ok) {
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	return cms;
}

int
seal_encrypt(const void *plain, size_t len,
    const struct seal_certs *recipients, struct buf *out, struct error *err)
{
	struct shell s = { .v = NULL };
	struct der d;
	bool same;
	int rc;

	if (recipients->n == 0)
		return error_set(err, CODE_USAGE, "recipients: none, want the "
		    "certificates of those who are to open it");
	if (seal_der(encrypt(plain, len, recipients), out, err) == -1)
		return -1;
	d = (struct der){ (const unsigned char *)out->data, out->len };
	rc = template(&d, &s, &same, err);
	if (rc == 0 && !same)
		rc = error_set(err, CODE_ERROR, "a bundle cannot be "
		    "encrypted: this OpenSSL writes another form");
	free(s.v);
	return rc;
}

/* ---- opening ------------------------------------------------------------ */

static bool
is_for(const struct shell *s, const struct buf *sid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].sid.len == sid->len &&
		    memcmp(s->v[i].sid.p, sid->data, sid->len) == 0)
			return true;
	return false;
}

/* Nothing of the text is anybody's business before all of it was right. */
static bool
decrypt(const struct der *content, const struct seal_identity *id, BIO *out)
{
	CMS_ContentInfo *cms = seal_parse(content->p, content->len);
	bool ok;

	ok = cms != NULL && CMS_decrypt(cms, id->key, id->cert.x509, NULL,
	    out, CMS_BINARY) == 1;
	CMS_ContentInfo_free(cms);
	/* it copies the text through 4 KiB that it does not wipe */
	secret_wipe_stack();
	ERR_clear_error();
	return ok;
}

static int
open_it(const struct der *content, const char *what,
    const struct seal_identity *id, struct buf *plain, struct error *err)
{
	/* its memory is wiped as OpenSSL frees it (secret_wipe_openssl()) */
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int rc;

	if (bio == NULL)
		return error_nomem(err);
	if (!decrypt(content, id, bio))
		rc = error_set(err, CODE_TRUST, "'%s': cannot be decrypted "
		    "with this host's key", vis(what));
	else {
		len = BIO_get_mem_data(bio, &text);
		buf_add(plain, text, (size_t)len);
		rc = buf_check(plain, what, err);
	}
	BIO_free(bio);
	return rc;
}

int
seal_decrypt(const struct der *content, const char *what,
    const struct seal_identity *id, struct buf *plain, struct error *err)
{
	struct shell s = { .v = NULL };
	bool same;
	int rc;

	rc = template(content, &s, &same, err);
	if (rc == 0 && !same)
		rc = error_set(err, CODE_ERROR, "'%s': what was signed is not "
		    "encrypted as acmeferry does it", vis(what));
	else if (rc == 0 && !is_for(&s, &id->cert.sid))
		rc = error_set(err, CODE_TRUST, "'%s': is sealed for %zu "
		    "other%s, not for this host; its sender must name the "
		    "certificate that 'acmeferry identity' prints here in "
		    "recipients", vis(what), s.n, s.n == 1 ? "" : "s");
	else if (rc == 0)
		rc = open_it(content, what, id, plain, err);
	free(s.v);
	return rc;
}
