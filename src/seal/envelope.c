/* SPDX-License-Identifier: ISC */
/* The inner layer: AuthEnvelopedData. */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/random.h"
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
/* ECC-CMS-SharedInfo: id-aes256-wrap, 256 bits (RFC 5753, 7.2) */
static const unsigned char shared_info[] = { 0x30, 0x15, 0x30, 0x0b, 0x06,
	0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d, 0xa2, 0x06,
	0x04, 0x04, 0x00, 0x00, 0x01, 0x00 };

enum {
	POINT = 65,
	UNCOMPRESSED = 0x04,	/* its first byte; OpenSSL takes others, too */
	KEY = 32,
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

/* ---- keys --------------------------------------------------------------- */

static int
library(const char *what, struct error *err)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	return error_set(err, CODE_ERROR, "%s: %s", what, text);
}

/* What both ends come to: ECDH, then the X9.63 KDF with SHA-256. */
static bool
agree(EVP_PKEY *own, EVP_PKEY *other, unsigned char key[KEY])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	unsigned char *ukm = OPENSSL_memdup(shared_info, sizeof(shared_info));
	size_t len = KEY;
	bool ok = false;

	if (ctx == NULL || ukm == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63) !=
	    1 || EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) != 1 ||
	    EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, KEY) != 1)
		goto out;
	if (EVP_PKEY_CTX_set0_ecdh_kdf_ukm(ctx, ukm, sizeof(shared_info)) != 1)
		goto out;
	ukm = NULL;
	ok = EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
	    EVP_PKEY_derive(ctx, key, &len) == 1 && len == KEY;
out:
	OPENSSL_free(ukm);
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* AES-256 key wrap (RFC 3394), one way or the other. */
static bool
key_wrap(bool encrypt, const unsigned char kek[KEY], const unsigned char *in,
    int inlen, unsigned char *out, int outlen)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = false;

	if (ctx == NULL)
		return false;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = EVP_CipherInit_ex(ctx, EVP_aes_256_wrap(), NULL, kek, NULL,
	    encrypt ? 1 : 0) == 1 && EVP_CipherUpdate(ctx, out, &n, in,
	    inlen) == 1 && n == outlen;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* Wraps the key for one recipient, with a key pair for this once. */
static int
wrap_for(const struct seal_cert *c, const unsigned char cek[KEY],
    struct recipient *r, struct error *err)
{
	unsigned char kek[KEY], *point = NULL;
	EVP_PKEY *own = EVP_EC_gen("P-256");
	size_t len = 0;
	int rc = -1;

	r->sid = (struct der){ (const unsigned char *)c->sid.data,
		c->sid.len };
	if (own != NULL)
		len = EVP_PKEY_get1_encoded_public_key(own, &point);
	if (len != POINT || point == NULL || !agree(own, c->key, kek) ||
	    !key_wrap(true, kek, cek, KEY, r->wrapped, WRAPPED)) {
		library("a key cannot be wrapped for a recipient", err);
		goto out;
	}
	memcpy(r->point, point, POINT);
	rc = 0;
out:
	secret_wipe(kek, sizeof(kek));
	OPENSSL_free(point);
	EVP_PKEY_free(own);
	return rc;
}

/* The other way round, with our private key; false: it is not for it. */
static bool
unwrap(const struct recipient *r, EVP_PKEY *own, unsigned char cek[KEY])
{
	unsigned char kek[KEY] = { 0 };
	EVP_PKEY *other = EVP_PKEY_new();
	bool ok;

	/* a point that is none, or not on the curve, is refused here */
	ok = other != NULL && EVP_PKEY_copy_parameters(other, own) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(other, r->point, POINT) == 1 &&
	    agree(own, other, kek) &&
	    key_wrap(false, kek, r->wrapped, WRAPPED, cek, KEY);
	secret_wipe(kek, sizeof(kek));
	EVP_PKEY_free(other);
	ERR_clear_error();
	return ok;
}

/* ---- sealing ------------------------------------------------------------ */

/* AES-256-GCM; out has room for len bytes. */
static int
encrypt(const unsigned char cek[KEY], struct shell *s, const void *plain,
    char *out, struct error *err)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char *to = (unsigned char *)out, none[TAG];
	int n = 0, last = 0, rc = 0;

	if (ctx == NULL || EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL,
	    cek, s->nonce) != 1 || EVP_EncryptUpdate(ctx, to, &n, plain,
	    (int)s->len) != 1 || (size_t)n != s->len ||
	    EVP_EncryptFinal_ex(ctx, none, &last) != 1 || last != 0 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, s->tag) != 1)
		rc = library("a bundle cannot be encrypted", err);
	EVP_CIPHER_CTX_free(ctx);
	return rc;
}

static int
seal(struct shell *s, const unsigned char cek[KEY], const void *plain,
    struct buf *out, struct error *err)
{
	struct buf head, tail, text;
	char *room;
	int rc = -1;

	buf_init(&head, LIMIT_BUNDLE);
	buf_init(&tail, 64);
	buf_init(&text, LIMIT_BUNDLE);
	if ((room = buf_reserve(&text, s->len + 1)) == NULL) {
		rc = buf_check(&text, "bundle", err);
		goto out;
	}
	if (encrypt(cek, s, plain, room, err) == -1 ||
	    put_shell(s, &head, &tail, err) == -1)
		goto out;
	buf_add(out, head.data, head.len);
	buf_add(out, room, s->len);
	buf_add(out, tail.data, tail.len);
	rc = buf_check(out, "bundle", err);
out:
	buf_free(&head);
	buf_free(&tail);
	buf_free(&text);
	return rc;
}

int
seal_encrypt(const void *plain, size_t len,
    const struct seal_certs *recipients, struct buf *out, struct error *err)
{
	struct shell s = { .len = len };
	unsigned char cek[KEY];
	int rc = -1;

	if (recipients->n == 0)
		return error_set(err, CODE_USAGE, "recipients: none, want the "
		    "certificates of those who are to open it");
	if ((s.v = calloc(recipients->n, sizeof(*s.v))) == NULL)
		return error_nomem(err);
	if (random_bytes(cek, sizeof(cek), err) == -1 ||
	    random_bytes(s.nonce, sizeof(s.nonce), err) == -1)
		goto out;
	for (s.n = 0; s.n < recipients->n; s.n++)
		if (wrap_for(&recipients->v[s.n], cek, &s.v[s.n], err) == -1)
			goto out;
	rc = seal(&s, cek, plain, out, err);
out:
	secret_wipe(cek, sizeof(cek));
	free(s.v);
	return rc;
}

/* ---- opening ------------------------------------------------------------ */

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

static bool
decrypt(const unsigned char cek[KEY], struct shell *s,
    const struct der *text, char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char none[TAG];
	int n = 0, last = 0;
	bool ok;

	ok = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL,
	    cek, s->nonce) == 1 && EVP_DecryptUpdate(ctx,
	    (unsigned char *)out, &n, text->p, (int)text->len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, s->tag) ==
	    1 && EVP_DecryptFinal_ex(ctx, none, &last) == 1 &&
	    n + last == (int)text->len;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

static const struct recipient *
find(const struct shell *s, const struct buf *sid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].sid.len == sid->len &&
		    memcmp(s->v[i].sid.p, sid->data, sid->len) == 0)
			return &s->v[i];
	return NULL;
}

static int
open_it(struct shell *s, const struct der *text, const char *what,
    const struct seal_identity *id, struct buf *plain, struct error *err)
{
	const struct recipient *r = find(s, &id->cert.sid);
	unsigned char cek[KEY] = { 0 };
	char *room;
	bool ok;

	if (r == NULL)
		return error_set(err, CODE_TRUST, "'%s': is sealed for %zu "
		    "other%s, not for this host; its sender must name the "
		    "certificate that 'acmeferry identity' prints here in "
		    "recipients", vis(what), s->n, s->n == 1 ? "" : "s");
	if ((room = buf_reserve(plain, text->len)) == NULL)
		return buf_check(plain, what, err);
	ok = unwrap(r, id->key, cek) && decrypt(cek, s, text, room);
	secret_wipe(cek, sizeof(cek));
	if (!ok) {
		/* nothing of it is anybody's business */
		secret_wipe(room, text->len);
		return error_set(err, CODE_TRUST, "'%s': cannot be decrypted "
		    "with this host's key", vis(what));
	}
	plain->len += text->len;
	plain->data[plain->len] = '\0';
	return 0;
}

int
seal_decrypt(const struct der *content, const char *what,
    const struct seal_identity *id, struct buf *plain, struct error *err)
{
	struct shell s = { .v = NULL };
	struct der text = { NULL, 0 };
	bool ok = false;
	int rc;

	rc = take_apart(content, &s, &text, &ok, err);
	if (rc == 0 && ok)
		rc = compare(content, &s, &text, &ok, err);
	if (rc == 0 && !ok)
		rc = error_set(err, CODE_ERROR, "'%s': what was signed is not "
		    "encrypted as acmeferry does it", vis(what));
	else if (rc == 0)
		rc = open_it(&s, &text, what, id, plain, err);
	free(s.v);
	return rc;
}
