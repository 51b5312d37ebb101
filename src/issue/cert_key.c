/* SPDX-License-Identifier: ISC */
#include "issue/cert_key.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "issue/cert_impl.h"

/* group: of an EC key, as OpenSSL calls it; NULL: RSA of that many bits. */
static const struct {
	const char *type, *curve, *group;
	unsigned int bits;
} types[] = {
	{ "ecdsa-p256", "P-256", "prime256v1", 256 },
	{ "ecdsa-p384", "P-384", "secp384r1", 384 },
	{ "ecdsa-p521", "P-521", "secp521r1", 521 },
	{ "rsa-2048", NULL, NULL, 2048 },
	{ "rsa-3072", NULL, NULL, 3072 },
	{ "rsa-4096", NULL, NULL, 4096 },
};
enum { NTYPES = sizeof(types) / sizeof(types[0]) };

/* What OpenSSL says went wrong; for what only lack of memory or a broken
 * library can make fail. */
static int
openssl_error(const char *what, struct error *err)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	return error_set(err, CODE_ERROR, "%s: %s", what, text);
}

static int
key_pem(EVP_PKEY *key, struct secret *pem, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int rc = -1;

	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL,
	    0, NULL, NULL) != 1)
		openssl_error("a private key cannot be written", err);
	else if ((len = BIO_get_mem_data(bio, &text)) > 0)
		rc = secret_dup(pem, text, (size_t)len, err);
	else
		error_nomem(err);
	/* its memory is wiped as OpenSSL frees it (secret_wipe_openssl()) */
	BIO_free(bio);
	return rc;
}

int
cert_key_new(const char *type, struct secret *pem, struct error *err)
{
	EVP_PKEY *key;
	size_t i;
	int rc;

	for (i = 0; i < NTYPES; i++)
		if (strcmp(types[i].type, type) == 0)
			break;
	if (i == NTYPES)
		return error_set(err, CODE_USAGE, "key_type: unknown type "
		    "'%s', want ecdsa-p256, -p384, -p521 or rsa-2048, -3072, "
		    "-4096", vis(type));
	if (types[i].curve != NULL)
		key = EVP_EC_gen(types[i].curve);
	else
		key = EVP_RSA_gen(types[i].bits);
	if (key == NULL)
		return openssl_error("a private key cannot be made", err);
	rc = key_pem(key, pem, err);
	EVP_PKEY_free(key);
	return rc;
}

/* NULL: none of ours. */
static const char *
type_of(const EVP_PKEY *key)
{
	char group[64] = "";
	size_t len;

	if (EVP_PKEY_is_a(key, "EC") == 1 &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1)
		return NULL;
	for (size_t i = 0; i < NTYPES; i++) {
		if (types[i].group != NULL &&
		    strcmp(types[i].group, group) == 0)
			return types[i].type;
		if (types[i].group == NULL && EVP_PKEY_is_a(key, "RSA") == 1 &&
		    EVP_PKEY_get_bits(key) == (int)types[i].bits)
			return types[i].type;
	}
	return NULL;
}

int
cert_key_read(const char *path, struct secret *pem, struct error *err)
{
	EVP_PKEY *key = NULL;
	struct buf b;
	int rc;

	buf_init_sensitive(&b, LIMIT_PEM_FILE);
	rc = io_read_file(AT_FDCWD, path, LIMIT_PEM_FILE, 0, &b, NULL, err);
	if (rc == 0)
		rc = cert_key_load(buf_str(&b), b.len, path, &key, err);
	/* written anew: what else is in the file is not a key's */
	if (rc == 0)
		rc = key_pem(key, pem, err);
	EVP_PKEY_free(key);
	buf_free(&b);
	return rc;
}

int
cert_key_type(const struct secret *pem, char **type, struct error *err)
{
	EVP_PKEY *key = NULL;
	int rc;

	*type = NULL;
	if (cert_key_load(pem->data, pem->len, "private key", &key, err) == -1)
		return -1;
	rc = str_dup(type, type_of(key), err);
	EVP_PKEY_free(key);
	return rc;
}

/* ---- making a request --------------------------------------------------- */

static int
add_name(GENERAL_NAMES *list, const char *name)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (g == NULL || text == NULL || ASN1_STRING_set(text, name,
	    (int)strlen(name)) != 1) {
		GENERAL_NAME_free(g);
		ASN1_IA5STRING_free(text);
		return -1;
	}
	GENERAL_NAME_set0_value(g, GEN_DNS, text);
	if (sk_GENERAL_NAME_push(list, g) == 0) {
		GENERAL_NAME_free(g);
		return -1;
	}
	return 0;
}

static int
add_names(X509_REQ *req, const struct strs *names)
{
	STACK_OF(X509_EXTENSION) *exts = NULL;
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	int rc = list == NULL ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < names->n; i++)
		rc = add_name(list, names->v[i]);
	/* critical, as RFC 5280 section 4.2.1.6 has it for an empty subject,
	 * is for the certificate; in requests some CAs take it amiss */
	if (rc == 0 && (X509V3_add1_i2d(&exts, NID_subject_alt_name, list, 0,
	    X509V3_ADD_DEFAULT) != 1 || X509_REQ_add_extensions(req, exts)
	    != 1))
		rc = -1;
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	GENERAL_NAMES_free(list);
	return rc;
}

/* As strong as the key. */
static const EVP_MD *
digest_for(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_get_bits(key) <= 256)
		return EVP_sha256();
	return EVP_PKEY_get_bits(key) <= 384 ? EVP_sha384() : EVP_sha512();
}

int
cert_csr(const struct secret *pem, const struct strs *names, struct buf *der,
    struct error *err)
{
	EVP_PKEY *key = NULL;
	X509_REQ *req = NULL;
	unsigned char *out = NULL;
	int len, rc = -1;

	if (cert_key_load(pem->data, pem->len, "private key", &key, err) == -1)
		return -1;
	if ((req = X509_REQ_new()) == NULL ||
	    X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(req, key) != 1 ||
	    add_names(req, names) == -1 ||
	    X509_REQ_sign(req, key, digest_for(key)) == 0 ||
	    (len = i2d_X509_REQ(req, &out)) <= 0) {
		openssl_error("a certificate request cannot be made", err);
		goto out;
	}
	buf_add(der, out, (size_t)len);
	rc = buf_check(der, "certificate request", err);
out:
	OPENSSL_free(out);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return rc;
}

/* ---- reading one -------------------------------------------------------- */

static int
bad(struct error *err, const char *what)
{
	ERR_clear_error();
	return error_set(err, CODE_ERROR, "certificate request: %s", what);
}

static int
read_name(const ASN1_STRING *s, struct strs *names, struct error *err)
{
	const unsigned char *data = ASN1_STRING_get0_data(s);
	int len = ASN1_STRING_length(s);
	char name[LIMIT_NAME + 1];

	if (len <= 0 || len > LIMIT_NAME)
		return bad(err, "found a name that is empty or too long");
	for (int i = 0; i < len; i++) {
		if (data[i] <= ' ' || data[i] >= 0x7f)
			return bad(err, "found a name with characters that "
			    "none has");
		name[i] = (char)tolower(data[i]);
	}
	name[len] = '\0';
	return strs_has(names, name) ? 0 : strs_add(names, name, err);
}

static int
read_names(X509_REQ *req, struct strs *names, struct error *err)
{
	STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(req);
	GENERAL_NAMES *list;
	const GENERAL_NAME *g;
	int rc = 0;

	list = X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL);
	if (sk_GENERAL_NAME_num(list) <= 0)
		rc = bad(err, "found no subject alternative name, want one");
	else if (sk_GENERAL_NAME_num(list) > LIMIT_NAMES)
		rc = bad(err, "found too many names");
	for (int i = 0; rc == 0 && i < sk_GENERAL_NAME_num(list); i++) {
		g = sk_GENERAL_NAME_value(list, i);
		if (g->type != GEN_DNS)
			rc = bad(err, "found an alternative name that is no "
			    "domain name");
		else
			rc = read_name(g->d.dNSName, names, err);
	}
	GENERAL_NAMES_free(list);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	return rc;
}

/* A subject is empty, or has common names that are among the names. */
static int
check_subject(const X509_REQ *req, const struct strs *names,
    struct error *err)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(req);
	const X509_NAME_ENTRY *e;
	struct strs cn = {0};
	int rc = 0;

	for (int i = 0; rc == 0 && i < X509_NAME_entry_count(subject); i++) {
		e = X509_NAME_get_entry(subject, i);
		if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)) !=
		    NID_commonName)
			rc = bad(err, "found a subject with more than a "
			    "common name");
		else
			rc = read_name(X509_NAME_ENTRY_get_data(e), &cn, err);
	}
	for (size_t i = 0; rc == 0 && i < cn.n; i++)
		if (!strs_has(names, cn.v[i]))
			rc = bad(err, "its common name is none of its "
			    "alternative names");
	strs_free(&cn);
	return rc;
}

int
cert_csr_read(const void *der, size_t len, struct strs *names,
    struct error *err)
{
	const unsigned char *p = der;
	X509_REQ *req = NULL;
	EVP_PKEY *key;
	int rc = -1;

	if (len > LIMIT_PEM_FILE || (req = d2i_X509_REQ(NULL, &p, (long)len))
	    == NULL || p != (const unsigned char *)der + len) {
		bad(err, "found none, want one in DER");
		goto out;
	}
	key = X509_REQ_get0_pubkey(req);
	if (key == NULL || type_of(key) == NULL)
		bad(err, "found a key of a type or size that is not allowed");
	else if (X509_REQ_verify(req, key) != 1)
		bad(err, "its signature is wrong");
	else if (read_names(req, names, err) == 0)
		rc = check_subject(req, names, err);
out:
	ERR_clear_error();
	X509_REQ_free(req);
	return rc;
}
