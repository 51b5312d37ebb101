/* SPDX-License-Identifier: ISC */
#include "seal/cert.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vis.h"

#define GROUP	"prime256v1"	/* P-256, as OpenSSL calls it */

void
seal_cert_free(struct seal_cert *c)
{
	free(c->subject);
	buf_free(&c->sid);
	EVP_PKEY_free(c->key);
	X509_free(c->x509);
	memset(c, 0, sizeof(*c));
}

void
seal_certs_free(struct seal_certs *l)
{
	for (size_t i = 0; i < l->n; i++)
		seal_cert_free(&l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

/* Takes what it holds. */
static int
add(struct seal_certs *l, struct seal_cert *c, struct error *err)
{
	struct seal_cert *v;

	if (l->n >= LIMIT_BUNDLE_CERTS) {
		error_set(err, CODE_USAGE, "more than %d certificates",
		    LIMIT_BUNDLE_CERTS);
		goto fail;
	}
	if ((v = mem_grow(l->v, l->n, &l->cap, sizeof(*v))) == NULL) {
		error_nomem(err);
		goto fail;
	}
	l->v = v;
	v[l->n++] = *c;
	memset(c, 0, sizeof(*c));
	return 0;
fail:
	seal_cert_free(c);
	return -1;
}

const struct seal_cert *
seal_certs_find(const struct seal_certs *l, const struct der *sid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].sid.len == sid->len &&
		    memcmp(l->v[i].sid.data, sid->p, sid->len) == 0)
			return &l->v[i];
	return NULL;
}

const char *
seal_pretty(const char *fingerprint, char *out)
{
	char *p = out;

	for (size_t i = 0; i + 1 < SEAL_FINGERPRINT && fingerprint[i] != '\0';
	    i++) {
		if (i > 0 && i % 2 == 0)
			*p++ = ':';
		*p++ = (char)toupper((unsigned char)fingerprint[i]);
	}
	*p = '\0';
	return out;
}

/* SEQUENCE { issuer, serialNumber } */
static int
make_sid(X509 *x, struct buf *out, struct error *err)
{
	unsigned char *name = NULL, *serial = NULL;
	int nlen, slen, rc = -1;

	nlen = i2d_X509_NAME(X509_get_issuer_name(x), &name);
	slen = i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &serial);
	if (nlen <= 0 || slen <= 0) {
		error_nomem(err);
		goto out;
	}
	buf_init(out, LIMIT_BUNDLE_CERT);
	der_head(out, DER_SEQUENCE, (size_t)nlen + (size_t)slen);
	buf_add(out, name, (size_t)nlen);
	buf_add(out, serial, (size_t)slen);
	rc = buf_check(out, "issuer and serial number", err);
out:
	OPENSSL_free(name);
	OPENSSL_free(serial);
	return rc;
}

static int
common_name(const X509 *x, char **out, struct error *err)
{
	char text[LIMIT_NAME + 1] = "";

	if (X509_NAME_get_text_by_NID(X509_get_subject_name(x),
	    NID_commonName, text, sizeof(text)) == -1)
		text[0] = '\0';
	return str_dup(out, text, err);
}

static int
check_key(EVP_PKEY *key, const char *what, struct error *err)
{
	char group[64] = "";
	size_t len;

	if (key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
	    strcmp(group, GROUP) == 0)
		return 0;
	return error_set(err, CODE_TRUST, "'%s': its key is of another kind, "
	    "want EC on P-256 ('acmeferry identity' makes such)", vis(what));
}

int
seal_cert_take(X509 *x, const char *what, struct seal_cert *out,
    struct error *err)
{
	unsigned char *der = NULL;
	int len, rc = -1;

	memset(out, 0, sizeof(*out));
	if ((len = i2d_X509(x, &der)) <= 0) {
		error_nomem(err);
		goto out;
	}
	if (digest_sha256_hex(der, (size_t)len, out->fingerprint, err) == -1 ||
	    check_key(X509_get0_pubkey(x), what, err) == -1 ||
	    make_sid(x, &out->sid, err) == -1 ||
	    common_name(x, &out->subject, err) == -1)
		goto out;
	out->key = X509_get_pubkey(x);
	if (X509_up_ref(x) == 1)
		out->x509 = x;
	rc = out->key == NULL || out->x509 == NULL ? error_nomem(err) : 0;
out:
	OPENSSL_free(der);
	if (rc == -1)
		seal_cert_free(out);
	ERR_clear_error();
	return rc;
}

static bool
known(const struct seal_certs *l, const char *fingerprint)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].fingerprint, fingerprint) == 0)
			return true;
	return false;
}

int
seal_no_passphrase(char *buf, int size, int writing, void *arg)
{
	if (size > 0)
		buf[0] = '\0';
	(void)writing;
	(void)arg;
	return -1;
}

static int
read_pem(const struct buf *b, const char *path, struct seal_certs *out,
    struct error *err)
{
	struct seal_cert c;
	size_t found = 0;
	X509 *x;
	BIO *bio;
	int rc = 0;

	if ((bio = BIO_new_mem_buf(buf_str(b), (int)b->len)) == NULL)
		return error_nomem(err);
	while (rc == 0 && (x = PEM_read_bio_X509(bio, NULL,
	    seal_no_passphrase, NULL)) != NULL) {
		found++;
		rc = seal_cert_take(x, path, &c, err);
		X509_free(x);
		if (rc == 0 && known(out, c.fingerprint))
			seal_cert_free(&c);
		else if (rc == 0)
			rc = add(out, &c, err);
	}
	/* the end of the file is not an error, anything else is */
	if (rc == 0 && (found == 0 ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
		rc = error_set(err, CODE_USAGE, "'%s': found %s, want "
		    "certificates in PEM form, as 'acmeferry identity' prints "
		    "one", vis(path), found == 0 ? "no certificate" :
		    "something that is none behind a certificate");
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

int
seal_certs_read(const char *path, struct seal_certs *out, struct error *err)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, LIMIT_PEM_FILE);
	if (io_read_file(AT_FDCWD, path, LIMIT_PEM_FILE, IO_OWNED |
	    IO_NOT_WRITABLE, &b, NULL, err) == -1) {
		if (err->code == CODE_ERROR || err->code == CODE_STORE)
			err->code = CODE_USAGE;
		if (err->sys == ENOENT || err->sys == ENOTDIR)
			error_append(err, "; want a certificate that "
			    "'acmeferry identity' printed on another host");
	} else if (io_check_parents(path, err) == 0)
		rc = read_pem(&b, path, out, err);
	buf_free(&b);
	return rc;
}

int
seal_certs_read_all(const struct strs *paths, struct seal_certs *out,
    struct error *err)
{
	for (size_t i = 0; i < paths->n; i++)
		if (seal_certs_read(paths->v[i], out, err) == -1)
			return -1;
	return 0;
}
