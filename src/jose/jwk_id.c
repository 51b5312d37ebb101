/* SPDX-License-Identifier: ISC */
#include "jose/jwk_raw.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "jose/b64url.h"

/*
 * The public half in the two forms that name a key: the RFC 7638 JSON, and the
 * SubjectPublicKeyInfo.  The latter is put together by hand from the decoded
 * members: making an EVP_PKEY for each of ten thousand accounts would cost
 * more than reading them.
 */
enum {
	SPKI_MAX = 2 * 1024 + 128,	/* n and e of RSA-8192 */
	PEM_MAX = SPKI_MAX / 3 * 4 + SPKI_MAX / 48 + 128
};

void
jwk_raw_public(const struct jwk_raw *raw, struct buf *b)
{
	if (raw->kty == JWK_RSA) {
		buf_adds(b, "{\"e\":\"");
		b64url_encode(b, raw->m[RAW_E].data, raw->m[RAW_E].len);
		buf_adds(b, "\",\"kty\":\"RSA\",\"n\":\"");
		b64url_encode(b, raw->m[RAW_N].data, raw->m[RAW_N].len);
	} else {
		buf_adds(b, "{\"crv\":\"");
		buf_adds(b, raw->curve->name);
		buf_adds(b, "\",\"kty\":\"EC\",\"x\":\"");
		b64url_encode(b, raw->m[RAW_X].data, raw->m[RAW_X].len);
		buf_adds(b, "\",\"y\":\"");
		b64url_encode(b, raw->m[RAW_Y].data, raw->m[RAW_Y].len);
	}
	buf_adds(b, "\"}");
}

/* DER is written from the end to the front, so that lengths are known. */
struct der {
	unsigned char data[SPKI_MAX];
	size_t at;		/* first byte in use */
};

static void
der_bytes(struct der *d, const void *p, size_t len)
{
	d->at -= len;
	memcpy(d->data + d->at, p, len);
}

static void
der_byte(struct der *d, size_t v)
{
	d->data[--d->at] = (unsigned char)v;
}

/* Tag and length of what was written since `end`. */
static void
der_head(struct der *d, unsigned char tag, size_t end)
{
	size_t len = end - d->at, n = 0;

	if (len >= 128) {
		for (; len > 0; len >>= 8, n++)
			der_byte(d, len & 255);
		der_byte(d, 0x80 | n);
	} else
		der_byte(d, len);
	der_byte(d, tag);
}

static void
der_integer(struct der *d, const struct secret *s)
{
	size_t end = d->at;

	der_bytes(d, s->data, s->len);
	if ((s->data[0] & 0x80) != 0)
		der_byte(d, 0);
	der_head(d, 0x02, end);
}

static void
spki(const struct jwk_raw *raw, struct der *d)
{
	static const unsigned char rsa[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a,
		0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	static const unsigned char ec[] = { 0x06, 0x07, 0x2a, 0x86, 0x48,
		0xce, 0x3d, 0x02, 0x01 };
	size_t end;

	d->at = sizeof(d->data);
	if (raw->kty == JWK_RSA) {
		der_integer(d, &raw->m[RAW_E]);
		der_integer(d, &raw->m[RAW_N]);
		der_head(d, 0x30, sizeof(d->data));
	} else {
		der_bytes(d, raw->m[RAW_Y].data, raw->m[RAW_Y].len);
		der_bytes(d, raw->m[RAW_X].data, raw->m[RAW_X].len);
		der_byte(d, 0x04);	/* uncompressed */
	}
	der_byte(d, 0);			/* no unused bits */
	der_head(d, 0x03, sizeof(d->data));
	end = d->at;
	if (raw->kty == JWK_RSA)
		der_bytes(d, rsa, sizeof(rsa));
	else {
		der_bytes(d, raw->curve->oid, raw->curve->oidlen);
		der_bytes(d, ec, sizeof(ec));
		der_head(d, 0x30, end);
	}
	der_head(d, 0x30, sizeof(d->data));
}

/* PEM exactly as OpenSSL prints it: lines of 64, a newline at the end. */
static size_t
pem(const unsigned char *der, size_t len, char *out)
{
	static const char head[] = "-----BEGIN PUBLIC KEY-----\n";
	static const char tail[] = "-----END PUBLIC KEY-----\n";
	char *p = out;
	int n;

	memcpy(p, head, sizeof(head) - 1);
	p += sizeof(head) - 1;
	while (len > 0) {
		n = len > 48 ? 48 : (int)len;
		p += EVP_EncodeBlock((unsigned char *)p, der, n);
		*p++ = '\n';
		der += n;
		len -= (size_t)n;
	}
	memcpy(p, tail, sizeof(tail) - 1);
	return (size_t)(p - out) + sizeof(tail) - 1;
}

static void
key_name(const struct jwk_raw *raw, char out[JWK_NAME])
{
	unsigned int bits, top;

	if (raw->kty == JWK_EC) {
		snprintf(out, JWK_NAME, "EC %s", raw->curve->name);
		return;
	}
	bits = (unsigned int)raw->m[RAW_N].len * 8;
	for (top = raw->m[RAW_N].data[0]; (top & 0x80) == 0; top <<= 1)
		bits--;
	snprintf(out, JWK_NAME, "RSA %u", bits);
}

int
jwk_raw_info(const struct jwk_raw *raw, struct jwk_info *info,
    struct error *err)
{
	unsigned char digest[DIGEST_SHA256];
	char text[PEM_MAX];
	struct buf b;
	struct der d;
	int rc = -1;

	memset(info, 0, sizeof(*info));
	spki(raw, &d);
	if (digest_md5_hex(text, pem(d.data + d.at, sizeof(d.data) - d.at,
	    text), info->id, err) == -1)
		return -1;
	buf_init(&b, PEM_MAX);
	jwk_raw_public(raw, &b);
	if (buf_check(&b, "public key", err) == -1 ||
	    digest_sha256(b.data, b.len, digest, err) == -1)
		goto out;
	buf_reset(&b);
	b64url_encode(&b, digest, sizeof(digest));
	if (buf_check(&b, "thumbprint", err) == -1)
		goto out;
	snprintf(info->thumbprint, sizeof(info->thumbprint), "%s", b.data);
	key_name(raw, info->name);
	info->has_private = raw->has_private;
	rc = 0;
out:
	buf_free(&b);
	return rc;
}
