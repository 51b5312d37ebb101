/* SPDX-License-Identifier: ISC */
#include "issue/cert.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "acme/ari.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "issue/cert_impl.h"

enum {
	DAY = 24 * 60 * 60,
	DER_HEAD = 2		/* tag and length of a short value */
};

/* No terminal is asked for the passphrase of an encrypted key. */
int
cert_no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)rwflag;
	if (size > 0)
		buf[0] = '\0';
	(void)arg;
	return 0;
}

static int
read_pem(const char *path, struct buf *b, BIO **bio, struct error *err)
{
	if (io_read_file(AT_FDCWD, path, LIMIT_PEM_FILE, 0, b, NULL, err)
	    == -1)
		return -1;
	*bio = BIO_new_mem_buf(buf_str(b), (int)b->len);
	return *bio == NULL ? error_nomem(err) : 0;
}

static int
load_cert(const char *path, X509 **out, struct error *err)
{
	struct buf b;
	BIO *bio = NULL;
	int rc = -1;

	buf_init(&b, LIMIT_PEM_FILE);
	if (read_pem(path, &b, &bio, err) == -1)
		goto out;
	*out = PEM_read_bio_X509(bio, NULL, cert_no_passphrase, NULL);
	if (*out == NULL) {
		error_set(err, CODE_STORE, "'%s': found no certificate, want "
		    "one in PEM", vis(path));
		goto out;
	}
	rc = 0;
out:
	ERR_clear_error();
	BIO_free(bio);
	buf_free(&b);
	return rc;
}

int
cert_key_load(const void *pem, size_t len, const char *what, EVP_PKEY **out,
    struct error *err)
{
	BIO *bio;

	if ((bio = BIO_new_mem_buf(pem, (int)len)) == NULL)
		return error_nomem(err);
	*out = PEM_read_bio_PrivateKey(bio, NULL, cert_no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (*out == NULL)
		return error_set(err, CODE_STORE, "'%s': found no private key, "
		    "want one in PEM without a passphrase", vis(what));
	return 0;
}

static int
load_key(const char *path, EVP_PKEY **out, struct error *err)
{
	struct buf b;
	int rc;

	buf_init_sensitive(&b, LIMIT_PEM_FILE);
	rc = io_read_file(AT_FDCWD, path, LIMIT_PEM_FILE, 0, &b, NULL, err);
	if (rc == 0)
		rc = cert_key_load(buf_str(&b), b.len, path, out, err);
	buf_free(&b);
	return rc;
}

static int
add_lower(struct strs *names, const unsigned char *data, int len,
    struct error *err)
{
	char name[LIMIT_NAME + 1];

	if (len <= 0 || len > LIMIT_NAME)
		return 0;	/* matches nothing that was asked for */
	for (int i = 0; i < len; i++)
		name[i] = (char)tolower(data[i]);
	name[len] = '\0';
	return strs_add(names, name, err);
}

static int
add_address(struct strs *names, const ASN1_OCTET_STRING *ip,
    struct error *err)
{
	const unsigned char *a = ASN1_STRING_get0_data(ip);
	char hex[64];
	int len = ASN1_STRING_length(ip);

	if (len == 4)
		return strs_addf(names, err, "%d.%d.%d.%d", a[0], a[1], a[2],
		    a[3]);
	if (len < 0 || len > 16)
		return 0;
	digest_hex(a, (size_t)len, hex);
	return strs_addf(names, err, "ip:%s", hex);
}

static int
read_names(const X509 *x, struct strs *names, struct error *err)
{
	GENERAL_NAMES *list;
	const GENERAL_NAME *name;
	int rc = 0;

	list = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; rc == 0 && i < sk_GENERAL_NAME_num(list); i++) {
		name = sk_GENERAL_NAME_value(list, i);
		if (name->type == GEN_DNS)
			rc = add_lower(names,
			    ASN1_STRING_get0_data(name->d.dNSName),
			    ASN1_STRING_length(name->d.dNSName), err);
		else if (name->type == GEN_IPADD)
			rc = add_address(names, name->d.iPAddress, err);
	}
	GENERAL_NAMES_free(list);
	return rc;
}

static int
read_time(const ASN1_TIME *t, const ASN1_TIME *epoch, int64_t *out)
{
	int days, seconds;

	if (ASN1_TIME_diff(&days, &seconds, epoch, t) == 0)
		return -1;
	*out = (int64_t)days * DAY + seconds;
	return 0;
}

/* What no CA would take for an id is none. */
static int
read_ari_id(const X509 *x, char **out, struct error *err)
{
	const ASN1_OCTET_STRING *key;
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	unsigned char der[DER_HEAD + ARI_SERIAL_MAX], *p = der;
	int len;

	*out = NULL;
	/* the const is missing from OpenSSL's declaration alone */
	key = X509_get0_authority_key_id((X509 *)(uintptr_t)x);
	len = i2d_ASN1_INTEGER(serial, NULL);
	if (key == NULL || len <= DER_HEAD || len > DER_HEAD + ARI_SERIAL_MAX ||
	    ASN1_STRING_length(key) <= 0 ||
	    ASN1_STRING_length(key) > ARI_KEY_ID_MAX)
		return 0;
	len = i2d_ASN1_INTEGER(serial, &p);
	return acme_ari_id(ASN1_STRING_get0_data(key),
	    (size_t)ASN1_STRING_length(key), der + DER_HEAD,
	    (size_t)(len - DER_HEAD), out, err);
}

int
cert_fields(const X509 *x, const char *what, struct cert *out,
    struct error *err)
{
	ASN1_TIME *epoch = NULL;
	unsigned char *der = NULL;
	int len, rc = -1;

	if ((epoch = ASN1_TIME_set(NULL, 0)) == NULL ||
	    (len = i2d_X509(x, &der)) <= 0) {
		error_nomem(err);
		goto out;
	}
	if (read_time(X509_get0_notBefore(x), epoch, &out->not_before) == -1 ||
	    read_time(X509_get0_notAfter(x), epoch, &out->not_after) == -1) {
		error_set(err, CODE_STORE, "'%s': the certificate's dates "
		    "cannot be read", vis(what));
		goto out;
	}
	if (digest_sha256_hex(der, (size_t)len, out->digest, err) == -1 ||
	    read_names(x, &out->names, err) == -1 ||
	    read_ari_id(x, &out->ari_id, err) == -1)
		goto out;
	rc = 0;
out:
	ERR_clear_error();
	OPENSSL_free(der);
	ASN1_TIME_free(epoch);
	return rc;
}

int
cert_read(const char *path, struct cert *out, struct error *err)
{
	X509 *x = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (load_cert(path, &x, err) == -1)
		return -1;
	rc = cert_fields(x, path, out, err);
	X509_free(x);
	if (rc == -1)
		cert_free(out);
	return rc;
}

int
cert_parse(const char *pem, size_t len, const char *what, struct cert *out,
    struct error *err)
{
	X509 *x = NULL;
	BIO *bio;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (len > LIMIT_PEM_FILE ||
	    (bio = BIO_new_mem_buf(pem, (int)len)) == NULL)
		return error_nomem(err);
	if ((x = PEM_read_bio_X509(bio, NULL, cert_no_passphrase,
	    NULL)) == NULL)
		error_set(err, CODE_ERROR, "'%s': found no certificate that "
		    "can be read", vis(what));
	else
		rc = cert_fields(x, what, out, err);
	ERR_clear_error();
	X509_free(x);
	BIO_free(bio);
	if (rc == -1)
		cert_free(out);
	return rc;
}

void
cert_free(struct cert *c)
{
	strs_free(&c->names);
	free(c->ari_id);
	memset(c, 0, sizeof(*c));
}

int
cert_check_key(const char *cert_path, const char *key_path,
    struct error *err)
{
	X509 *x = NULL;
	EVP_PKEY *key = NULL;
	int rc = -1;

	if (load_cert(cert_path, &x, err) == -1 ||
	    load_key(key_path, &key, err) == -1)
		goto out;
	if (X509_check_private_key(x, key) != 1) {
		error_set(err, CODE_STORE, "'%s': is not the key of '%s'",
		    vis(key_path), vis(cert_path));
		goto out;
	}
	rc = 0;
out:
	ERR_clear_error();
	EVP_PKEY_free(key);
	X509_free(x);
	return rc;
}

static bool
covers(const struct strs *a, const struct strs *b)
{
	for (size_t i = 0; i < b->n; i++) {
		size_t k = 0;

		while (k < a->n && strcasecmp(a->v[k], b->v[i]) != 0)
			k++;
		if (k == a->n)
			return false;
	}
	return true;
}

bool
cert_same_names(const struct cert *c, const struct strs *domains)
{
	return covers(&c->names, domains) && covers(domains, &c->names);
}

int64_t
cert_due(int64_t not_before, int64_t not_after)
{
	int64_t life = not_after - not_before;

	return not_after - (life < 10 * DAY ? life / 2 : life / 3);
}
