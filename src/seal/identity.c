/* SPDX-License-Identifier: ISC */
#include "seal/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/vis.h"
#include "seal/cms.h"

#define KEY_FILE	"identity.key"
#define CERT_FILE	"identity.pem"

enum {
	SERIAL = 16,		/* bytes: never twice, even for one name */
	COMMON_NAME = 64,	/* its upper bound in X.520 */
	BEFORE = 24 * 3600	/* seconds: other hosts' clocks */
};

/* RFC 5280, 4.1.2.5: no well-defined end. */
#define NO_END	"99991231235959Z"

void
seal_identity_free(struct seal_identity *id)
{
	seal_cert_free(&id->cert);
	EVP_PKEY_free(id->key);
	free(id->pem);
	memset(id, 0, sizeof(*id));
}

/* ---- reading ------------------------------------------------------------ */

static int
parse_key(const struct buf *b, const char *path, EVP_PKEY **out,
    struct error *err)
{
	char group[64] = "";
	EVP_PKEY *key;
	size_t len;
	BIO *bio;

	if ((bio = BIO_new_mem_buf(buf_str(b), (int)b->len)) == NULL)
		return error_nomem(err);
	key = PEM_read_bio_PrivateKey(bio, NULL, seal_no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL || EVP_PKEY_is_a(key, "EC") != 1 ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1 ||
	    strcmp(group, "prime256v1") != 0) {
		EVP_PKEY_free(key);
		return error_set(err, CODE_STORE, "'%s': found no private "
		    "key, want an EC key on P-256 in PEM without a passphrase; "
		    "put it back from a backup, or move it and '%s' away and "
		    "run 'acmeferry identity'", vis(path), CERT_FILE);
	}
	*out = key;
	return 0;
}

static int
parse_cert(const char *path, struct seal_identity *id, struct error *err)
{
	struct seal_certs l = { 0 };
	int rc = -1;

	if (seal_certs_read(path, &l, err) == -1) {
		if (err->code == CODE_USAGE)
			err->code = CODE_STORE;
		goto out;
	}
	if (l.n != 1 || EVP_PKEY_eq(l.v[0].key, id->key) != 1) {
		error_set(err, CODE_STORE, "'%s': is not the certificate of "
		    "'%s' beside it; move it away, and 'acmeferry identity' "
		    "makes a new one", vis(path), KEY_FILE);
		goto out;
	}
	id->cert = l.v[0];
	memset(&l.v[0], 0, sizeof(l.v[0]));
	rc = 0;
out:
	seal_certs_free(&l);
	ERR_clear_error();
	return rc;
}

static int
read_one(const char *path, unsigned int flags, struct buf *b, int *found,
    struct error *err)
{
	return io_read_file(AT_FDCWD, path, LIMIT_BUNDLE_CERT, flags |
	    IO_NOFOLLOW | IO_OWNED | IO_ONE_LINK | IO_MISSING_OK, b, found,
	    err);
}

/* What is there of the two: *key, *cert. */
static int
look(const char *state_dir, struct seal_identity *id, bool *key, bool *cert,
    struct error *err)
{
	char *kpath = NULL, *cpath = NULL;
	int kfound = 0, cfound = 0, rc = -1;
	struct buf k, c;

	buf_init_sensitive(&k, LIMIT_BUNDLE_CERT);
	buf_init(&c, LIMIT_BUNDLE_CERT);
	if (str_printf(&kpath, err, "%s/" KEY_FILE, state_dir) == -1 ||
	    str_printf(&cpath, err, "%s/" CERT_FILE, state_dir) == -1 ||
	    read_one(kpath, IO_PRIVATE, &k, &kfound, err) == -1 ||
	    read_one(cpath, IO_NOT_WRITABLE, &c, &cfound, err) == -1)
		goto out;
	*key = kfound != 0;
	*cert = cfound != 0;
	if (*cert && !*key) {
		error_set(err, CODE_STORE, "'%s': is missing, and its "
		    "certificate is there; put it back from a backup, or move "
		    "'%s' away and run 'acmeferry identity': the new one must "
		    "be pinned again wherever this was", vis(kpath),
		    CERT_FILE);
		goto out;
	}
	if (*key && (io_check_parents(kpath, err) == -1 ||
	    parse_key(&k, kpath, &id->key, err) == -1))
		goto out;
	if (*cert && (parse_cert(cpath, id, err) == -1 ||
	    str_dup(&id->pem, buf_str(&c), err) == -1))
		goto out;
	rc = 0;
out:
	buf_free(&k);
	buf_free(&c);
	free(kpath);
	free(cpath);
	return rc;
}

int
seal_identity_load(const char *state_dir, struct seal_identity *out,
    struct error *err)
{
	bool key, cert;

	memset(out, 0, sizeof(*out));
	if (look(state_dir, out, &key, &cert, err) == 0 && !cert)
		error_set(err, CODE_USAGE, "'%s/" CERT_FILE "': this host has "
		    "no key pair for bundles yet; 'acmeferry identity' makes "
		    "it", vis(state_dir));
	else if (out->pem != NULL)
		return 0;
	seal_identity_free(out);
	return -1;
}

/* ---- making ------------------------------------------------------------- */

static int
write_file(const char *state_dir, const char *name, mode_t mode,
    const void *data, size_t len, struct error *err)
{
	struct atomic_attr dir = { 0700, (uid_t)-1, (gid_t)-1 };
	struct atomic_attr attr = { mode, (uid_t)-1, (gid_t)-1 };
	int fd = -1, rc;

	if (atomic_mkdirs(state_dir, &dir, err) == -1 ||
	    atomic_open_dir(AT_FDCWD, state_dir, false, &fd, err) == -1)
		return -1;
	rc = atomic_write(fd, name, data, len, &attr, ATOMIC_CREATE, err);
	(void)close(fd);
	return rc;
}

/* Its memory is wiped as OpenSSL frees it (secret_wipe_openssl()). */
static int
write_key(const char *state_dir, EVP_PKEY *key, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int rc;

	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL,
	    0, NULL, NULL) != 1 || (len = BIO_get_mem_data(bio, &text)) <= 0)
		rc = seal_openssl("a private key cannot be written", err);
	else
		rc = write_file(state_dir, KEY_FILE, 0600, text, (size_t)len,
		    err);
	BIO_free(bio);
	return rc;
}

static int
add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	if ((e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value)) == NULL)
		return 0;
	ok = X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static int
set_names(X509 *x, const char *host)
{
	unsigned char cn[COMMON_NAME + 1] = "acmeferry";
	X509_NAME *n = X509_get_subject_name(x);
	size_t len = strlen(host);

	if (len > 0) {
		len = len > COMMON_NAME ? COMMON_NAME : len;
		memcpy(cn, host, len);
		cn[len] = '\0';
	}
	return X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, cn, -1, -1,
	    0) == 1 && X509_set_issuer_name(x, n) == 1;
}

/* Positive and random. */
static int
set_serial(X509 *x, struct error *err)
{
	unsigned char bytes[SERIAL];
	BIGNUM *n;
	int ok;

	if (random_bytes(bytes, sizeof(bytes), err) == -1)
		return -1;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) !=
	    NULL;
	BN_free(n);
	return ok ? 0 : seal_openssl("a serial number cannot be made", err);
}

static int
make_cert(EVP_PKEY *key, const char *host, BIO *pem, struct error *err)
{
	X509 *x = X509_new();
	int rc = -1;

	if (x == NULL || set_serial(x, err) == -1) {
		if (x == NULL)
			error_nomem(err);
		goto out;
	}
	if (X509_set_version(x, X509_VERSION_3) != 1 ||
	    set_names(x, host) != 1 || X509_set_pubkey(x, key) != 1 ||
	    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)clock_now() -
	    BEFORE) == NULL || ASN1_TIME_set_string_X509(
	    X509_getm_notAfter(x), NO_END) != 1 ||
	    add_extension(x, NID_basic_constraints, "critical,CA:FALSE") !=
	    1 || add_extension(x, NID_key_usage,
	    "critical,digitalSignature,keyAgreement") != 1 ||
	    add_extension(x, NID_subject_key_identifier, "hash") != 1 ||
	    X509_sign(x, key, EVP_sha256()) <= 0 ||
	    PEM_write_bio_X509(pem, x) != 1) {
		seal_openssl("a certificate cannot be made", err);
		goto out;
	}
	rc = 0;
out:
	X509_free(x);
	return rc;
}

static int
write_cert(const char *state_dir, const char *host, EVP_PKEY *key,
    struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int rc = -1;

	if (bio == NULL)
		return error_nomem(err);
	if (make_cert(key, host, bio, err) == 0) {
		len = BIO_get_mem_data(bio, &text);
		rc = write_file(state_dir, CERT_FILE, 0644, text, (size_t)len,
		    err);
	}
	BIO_free(bio);
	return rc;
}

/* One of another run that was there first is as good. */
static int
unless_there(int rc, const struct error *err)
{
	return rc == -1 && err->sys == EEXIST ? 0 : rc;
}

static int
new_key(const char *state_dir, struct error *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	int rc;

	if (key == NULL)
		return seal_openssl("a private key cannot be made", err);
	rc = unless_there(write_key(state_dir, key, err), err);
	EVP_PKEY_free(key);
	return rc;
}

/* Reads it again after each step: what is on disk is what counts. */
static int
make_missing(const char *state_dir, const char *host, bool has_key,
    struct seal_identity *out, struct error *err)
{
	bool has_cert = false;

	if (!has_key && new_key(state_dir, err) == -1)
		return -1;
	seal_identity_free(out);
	if (look(state_dir, out, &has_key, &has_cert, err) == -1)
		return -1;
	if (!has_cert && unless_there(write_cert(state_dir, host, out->key,
	    err), err) == -1)
		return -1;
	seal_identity_free(out);
	return seal_identity_load(state_dir, out, err);
}

int
seal_identity_make(const char *state_dir, const char *host, bool dry_run,
    struct seal_identity *out, bool *made, struct error *err)
{
	bool has_key = false, has_cert = false;
	int rc;

	*made = false;
	memset(out, 0, sizeof(*out));
	rc = look(state_dir, out, &has_key, &has_cert, err);
	if (rc == 0 && !has_cert) {
		*made = true;
		if (!dry_run)
			rc = make_missing(state_dir, host, has_key, out, err);
	}
	if (rc == -1 || (*made && dry_run))
		seal_identity_free(out);
	return rc;
}
