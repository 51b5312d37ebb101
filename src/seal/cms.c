/* SPDX-License-Identifier: ISC */
/* The outer layer: SignedData. */
#include "seal/cms.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/vis.h"

/* Whole elements. */
static const unsigned char signed_data[] = { 0x06, 0x09, 0x2a, 0x86, 0x48,
	0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02 };
static const unsigned char data[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x07, 0x01 };
static const unsigned char version_1[] = { 0x02, 0x01, 0x01 };
static const unsigned char sha256[] = { 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86,
	0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 };
static const unsigned char ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const unsigned char attr_type[] = { 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86,
	0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03, 0x31, 0x0b, 0x06, 0x09, 0x2a,
	0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
static const unsigned char oid_time[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x09, 0x05 };
/* messageDigest up to its 32 bytes */
static const unsigned char attr_digest[] = { 0x30, 0x2f, 0x06, 0x09, 0x2a,
	0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04,
	0x20 };

enum {
	ATTRS_MAX = 256,
	/* of a signature: two integers of at most 33 bytes */
	SIGNATURE_MAX = 72,
	UTC_TIME = 13,		/* 261125143946Z */
	FULL_TIME = 15,		/* from 2050 on */
	/* what is not the content: a SignerInfo and heads */
	SHELL_MAX = LIMIT_BUNDLE_CERT + 1024
};

/* What may differ from one bundle to another. */
struct parts {
	size_t content;		/* its length */
	struct der sid;		/* whole */
	struct der time;	/* whole, UTCTime or GeneralizedTime */
	unsigned char digest[DIGEST_SHA256];	/* of the content */
	struct der signature;
};

/* The signed attributes' content, in the order of DER. */
static void
put_attrs(struct buf *b, const struct parts *p)
{
	size_t set = der_size(p->time.len);

	buf_add(b, attr_type, sizeof(attr_type));
	der_head(b, DER_SEQUENCE, sizeof(oid_time) + set);
	buf_add(b, oid_time, sizeof(oid_time));
	der_head(b, DER_SET, p->time.len);
	buf_add(b, p->time.p, p->time.len);
	buf_add(b, attr_digest, sizeof(attr_digest));
	buf_add(b, p->digest, sizeof(p->digest));
}

static int
put_signer(struct buf *b, const struct parts *p, struct error *err)
{
	struct buf attrs, info;
	int rc = -1;

	buf_init(&attrs, ATTRS_MAX);
	buf_init(&info, SHELL_MAX);
	put_attrs(&attrs, p);
	if (buf_check(&attrs, "signed attributes", err) == -1)
		goto out;
	buf_add(&info, version_1, sizeof(version_1));
	buf_add(&info, p->sid.p, p->sid.len);
	buf_add(&info, sha256, sizeof(sha256));
	der_put(&info, DER_0, attrs.data, attrs.len);
	buf_add(&info, ecdsa_sha256, sizeof(ecdsa_sha256));
	der_put(&info, DER_OCTETS, p->signature.p, p->signature.len);
	if (buf_check(&info, "SignerInfo", err) == -1)
		goto out;
	der_head(b, DER_SET, der_size(info.len));
	der_put(b, DER_SEQUENCE, info.data, info.len);
	rc = 0;
out:
	buf_free(&attrs);
	buf_free(&info);
	return rc;
}

/* The one form: everything before the content, everything behind it. */
static int
put_shell(const struct parts *p, struct buf *head, struct buf *tail,
    struct error *err)
{
	size_t octets = der_size(p->content);
	size_t encap = sizeof(data) + der_size(octets);
	size_t inner;

	if (put_signer(tail, p, err) == -1 ||
	    buf_check(tail, "SignerInfo", err) == -1)
		return -1;
	inner = sizeof(version_1) + der_size(sizeof(sha256)) +
	    der_size(encap) + tail->len;
	der_head(head, DER_SEQUENCE, sizeof(signed_data) +
	    der_size(der_size(inner)));
	buf_add(head, signed_data, sizeof(signed_data));
	der_head(head, DER_0, der_size(inner));
	der_head(head, DER_SEQUENCE, inner);
	buf_add(head, version_1, sizeof(version_1));
	der_put(head, DER_SET, sha256, sizeof(sha256));
	der_head(head, DER_SEQUENCE, encap);
	buf_add(head, data, sizeof(data));
	der_head(head, DER_0, octets);
	der_head(head, DER_OCTETS, p->content);
	return buf_check(head, "SignedData", err);
}

/* ---- the template ------------------------------------------------------- */

/* Takes it apart; that it is in the one form is for the comparison to say. */
static bool
take_apart(struct der d, struct parts *p, struct der *content)
{
	struct der x, info, skip;

	return der_get(&d, DER_SEQUENCE, &d) &&
	    der_get(&d, DER_OID, &skip) && der_get(&d, DER_0, &d) &&
	    der_get(&d, DER_SEQUENCE, &d) &&
	    der_get(&d, DER_INTEGER, &skip) && der_get(&d, DER_SET, &skip) &&
	    der_get(&d, DER_SEQUENCE, &x) && der_get(&x, DER_OID, &skip) &&
	    der_get(&x, DER_0, &x) && der_get(&x, DER_OCTETS, content) &&
	    der_get(&d, DER_SET, &x) && der_get(&x, DER_SEQUENCE, &info) &&
	    der_get(&info, DER_INTEGER, &skip) &&
	    der_whole(&info, DER_SEQUENCE, &p->sid) &&
	    der_get(&info, DER_SEQUENCE, &skip) &&
	    der_get(&info, DER_0, &x) && der_get(&x, DER_SEQUENCE, &skip) &&
	    der_get(&x, DER_SEQUENCE, &x) && der_get(&x, DER_OID, &skip) &&
	    der_get(&x, DER_SET, &p->time) &&
	    der_get(&info, DER_SEQUENCE, &skip) &&
	    der_get(&info, DER_OCTETS, &p->signature);
}

/* UTCTime or GeneralizedTime, to the second, in UTC, nothing else. */
static bool
time_ok(const struct der *time)
{
	struct der d = *time, t;

	if (!(der_get(&d, DER_UTC_TIME, &t) && t.len == UTC_TIME) &&
	    !(der_get(&d, DER_TIME, &t) && t.len == FULL_TIME))
		return false;
	for (size_t i = 0; i + 1 < t.len; i++)
		if (t.p[i] < '0' || t.p[i] > '9')
			return false;
	return d.len == 0 && t.p[t.len - 1] == 'Z';
}

/* Puts it together again: the same bytes? */
static int
compare(const void *der, size_t len, const struct parts *p,
    const struct der *content, bool *same, struct error *err)
{
	const unsigned char *whole = der;
	struct buf head, tail;
	int rc;

	buf_init(&head, SHELL_MAX);
	buf_init(&tail, SHELL_MAX);
	rc = put_shell(p, &head, &tail, err);
	*same = rc == 0 && head.len + content->len + tail.len == len &&
	    content->p == whole + head.len &&
	    memcmp(whole, head.data, head.len) == 0 &&
	    memcmp(content->p + content->len, tail.data, tail.len) == 0;
	buf_free(&head);
	buf_free(&tail);
	return rc;
}

/* *same: it has the one form.  p and content are what is in it. */
static int
template(const void *der, size_t len, struct parts *p, struct der *content,
    bool *same, struct error *err)
{
	struct der d = { der, len };

	*same = false;
	/* before anything that costs time */
	if (len > LIMIT_BUNDLE || !take_apart(d, p, content) ||
	    !time_ok(&p->time) || p->sid.len > LIMIT_BUNDLE_CERT ||
	    p->signature.len > SIGNATURE_MAX)
		return 0;
	p->content = content->len;
	if (digest_sha256(content->p, content->len, p->digest, err) == -1)
		return -1;
	return compare(der, len, p, content, same, err);
}

/* ---- OpenSSL ------------------------------------------------------------ */

int
seal_openssl(const char *what, struct error *err)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	return error_set(err, CODE_ERROR, "%s: %s", what, text);
}

int
seal_der(CMS_ContentInfo *cms, struct buf *out, struct error *err)
{
	unsigned char *der = NULL;
	int len = cms == NULL ? -1 : i2d_CMS_ContentInfo(cms, &der);

	CMS_ContentInfo_free(cms);
	if (len <= 0)
		return seal_openssl("a bundle cannot be sealed", err);
	buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	return buf_check(out, "bundle", err);
}

CMS_ContentInfo *
seal_parse(const void *der, size_t len)
{
	const unsigned char *p = der;
	CMS_ContentInfo *cms;

	if (len > LONG_MAX)
		return NULL;
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)len);
	if (cms != NULL && p != (const unsigned char *)der + len) {
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	return cms;
}

/* ---- sealing ------------------------------------------------------------ */

/* By our clock; OpenSSL would take its own. */
static bool
add_time(CMS_SignerInfo *si)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)clock_now());
	bool ok;

	ok = t != NULL && CMS_signed_add1_attr_by_NID(si,
	    NID_pkcs9_signingTime, ASN1_STRING_type(t), t, -1) == 1;
	ASN1_TIME_free(t);
	return ok;
}

static CMS_ContentInfo *
sign(const struct buf *content, const struct seal_identity *id)
{
	const unsigned int flags = CMS_BINARY | CMS_NOCERTS | CMS_NOSMIMECAP |
	    CMS_PARTIAL;
	BIO *in = BIO_new_mem_buf(content->data, (int)content->len);
	CMS_ContentInfo *cms = NULL;
	CMS_SignerInfo *si;
	bool ok;

	ok = in != NULL && (cms = CMS_sign(NULL, NULL, NULL, in, flags)) !=
	    NULL && (si = CMS_add1_signer(cms, id->cert.x509, id->key,
	    EVP_sha256(), flags)) != NULL && add_time(si) &&
	    CMS_final(cms, in, NULL, flags) == 1;
	BIO_free(in);
	if (!ok) {
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	return cms;
}

static int
wrap(const struct buf *content, const struct seal_identity *id,
    struct buf *out, struct error *err)
{
	struct parts p = { .content = 0 };
	struct der inner;
	bool same;

	if (seal_der(sign(content, id), out, err) == -1 ||
	    template(out->data, out->len, &p, &inner, &same, err) == -1)
		return -1;
	return same ? 0 : error_set(err, CODE_ERROR, "a bundle cannot be "
	    "signed: this OpenSSL writes another form");
}

int
seal_cms(const void *plain, size_t len, const struct seal_certs *recipients,
    const struct seal_identity *id, const char *what, struct buf *out,
    struct error *err)
{
	struct buf content;
	int rc = -1;

	buf_init(&content, LIMIT_BUNDLE);
	if (seal_encrypt(plain, len, recipients, &content, err) == 0 &&
	    wrap(&content, id, out, err) == 0)
		rc = buf_check(out, what, err);
	if (rc == -1 && (content.failed || out->failed) && !content.nomem &&
	    !out->nomem)
		error_set(err, CODE_STORE, "'%s': a bundle would have more "
		    "than %d MiB; want fewer accounts in it", vis(what),
		    LIMIT_BUNDLE / (1024 * 1024));
	buf_free(&content);
	return rc;
}

/* ---- opening ------------------------------------------------------------ */

/* The name that a stranger's signature goes by; it proves nothing. */
static const char *
claimed(const struct der *sid)
{
	static const unsigned char cn[] = { 0x06, 0x03, 0x55, 0x04, 0x03 };
	struct der d = *sid, name, set, attr, oid, text;

	if (!der_get(&d, DER_SEQUENCE, &d) ||
	    !der_get(&d, DER_SEQUENCE, &name))
		return "somebody";
	while (der_get(&name, DER_SET, &set))
		if (der_get(&set, DER_SEQUENCE, &attr) &&
		    der_whole(&attr, DER_OID, &oid) &&
		    oid.len == sizeof(cn) &&
		    memcmp(oid.p, cn, sizeof(cn)) == 0 && attr.len > 0 &&
		    der_get(&attr, (enum der_tag)attr.p[0], &text))
			return vis_n((const char *)text.p, text.len);
	return "somebody";
}

/* The digest, and the signature with that certificate and no other. */
static bool
verify(const void *der, size_t len, const struct seal_cert *signer)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	CMS_ContentInfo *cms = seal_parse(der, len);
	bool ok;

	ok = cms != NULL && certs != NULL &&
	    sk_X509_push(certs, signer->x509) > 0 &&
	    CMS_verify(cms, certs, NULL, NULL, NULL, CMS_BINARY |
	    CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) == 1;
	sk_X509_free(certs);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return ok;
}

static int
no_bundle(const char *what, size_t len, struct error *err)
{
	if (len == 0)
		return error_set(err, CODE_ERROR, "'%s': is empty, want a "
		    "bundle that acmeferry sealed", vis(what));
	return error_set(err, CODE_ERROR, "'%s': is no bundle that acmeferry "
	    "sealed, or is cut short or was changed", vis(what));
}

int
seal_verify(const void *der, size_t len, const char *what,
    const struct seal_certs *senders, const struct seal_cert **signer,
    struct der *content, const char **foreign, struct error *err)
{
	struct parts p = { .content = 0 };
	bool same;

	*signer = NULL;
	if (foreign != NULL)
		*foreign = NULL;
	if (template(der, len, &p, content, &same, err) == -1)
		return -1;
	if (!same)
		return no_bundle(what, len, err);
	if ((*signer = seal_certs_find(senders, &p.sid)) == NULL) {
		if (foreign != NULL)
			*foreign = claimed(&p.sid);
		return error_set(err, CODE_TRUST, "'%s': is signed in the "
		    "name of '%s', with a certificate that is none of its "
		    "senders'; compare it with what 'acmeferry identity' "
		    "prints there", vis(what), claimed(&p.sid));
	}
	if (!verify(der, len, *signer))
		return error_set(err, CODE_TRUST, "'%s': the signature of "
		    "'%s' is wrong: it was changed on its way, or somebody "
		    "else made it", vis(what), vis((*signer)->subject));
	return 0;
}
