/* SPDX-License-Identifier: ISC */
#include "issue/cert_chain.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/vis.h"
#include "issue/cert_impl.h"

#define DAY	((int64_t)24 * 3600)

struct cert_chain {
	char *what;		/* for messages */
	X509 *v[CERT_CHAIN_MAX];
	size_t n;
	char top[256];
};

void
cert_chain_free(struct cert_chain *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->v[i]);
	free(c->what);
	free(c);
}

/* A name with control characters or a NUL in it stays "": it matches none. */
static void
read_top(struct cert_chain *c)
{
	const X509_NAME *issuer = X509_get_issuer_name(c->v[c->n - 1]);
	int at = X509_NAME_get_index_by_NID(issuer, NID_commonName, -1), len;
	unsigned char *text = NULL;

	if (at < 0)
		return;
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
	    X509_NAME_get_entry(issuer, at)));
	if (len > 0 && (size_t)len < sizeof(c->top) &&
	    memchr(text, '\0', (size_t)len) == NULL) {
		memcpy(c->top, text, (size_t)len);
		c->top[len] = '\0';
	}
	OPENSSL_free(text);
}

/* Only blanks may stand outside of the blocks. */
static bool
is_pem_only(const char *p, size_t len)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	const char *stop;

	for (;;) {
		while (len > 0 && (*p == ' ' || *p == '\t' || *p == '\r' ||
		    *p == '\n')) {
			p++;
			len--;
		}
		if (len == 0)
			return true;
		if (len < sizeof(begin) ||
		    memcmp(p, begin, sizeof(begin) - 1) != 0 ||
		    (stop = memmem(p, len, end, sizeof(end) - 1)) == NULL)
			return false;
		stop += sizeof(end) - 1;
		len -= (size_t)(stop - p);
		p = stop;
	}
}

static int
read_all(struct cert_chain *c, BIO *bio, struct error *err)
{
	X509 *x;
	int reason;

	while ((x = PEM_read_bio_X509(bio, NULL, cert_no_passphrase, NULL)) !=
	    NULL) {
		if (c->n == CERT_CHAIN_MAX) {
			X509_free(x);
			return error_set(err, CODE_ISSUANCE, "'%s': found "
			    "more than %d certificates in one chain",
			    vis(c->what), CERT_CHAIN_MAX);
		}
		c->v[c->n++] = x;
	}
	reason = ERR_GET_REASON(ERR_peek_last_error());
	ERR_clear_error();
	if (reason != PEM_R_NO_START_LINE)
		return error_set(err, CODE_ISSUANCE, "'%s': certificate %zu "
		    "of the chain cannot be read", vis(c->what), c->n + 1);
	if (c->n < 2)
		return error_set(err, CODE_ISSUANCE, "'%s': found %zu "
		    "certificates, want the leaf's and its issuer's",
		    vis(c->what), c->n);
	return 0;
}

int
cert_chain_parse(const char *pem, size_t len, const char *what,
    struct cert_chain **out, struct error *err)
{
	struct cert_chain *c = NULL;
	BIO *bio = NULL;
	int rc = -1;

	*out = NULL;
	if (!is_pem_only(pem, len))
		return error_set(err, CODE_ISSUANCE, "'%s': found something "
		    "else than certificates in PEM", vis(what));
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (bio = BIO_new_mem_buf(pem, (int)len)) == NULL) {
		error_nomem(err);
		goto out;
	}
	if (str_dup(&c->what, what, err) == -1 || read_all(c, bio, err) == -1)
		goto out;
	read_top(c);
	*out = c;
	c = NULL;
	rc = 0;
out:
	ERR_clear_error();
	BIO_free(bio);
	cert_chain_free(c);
	return rc;
}

int
cert_chain_has_key(const struct cert_chain *c, const struct secret *pem,
    bool *yes, struct error *err)
{
	EVP_PKEY *key = NULL;

	*yes = false;
	if (cert_key_load(pem->data, pem->len, "private key", &key, err) == -1)
		return -1;
	*yes = X509_check_private_key(c->v[0], key) == 1;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return 0;
}

static int
check_links(const struct cert_chain *c, struct error *err)
{
	EVP_PKEY *key;
	int ok;

	for (size_t i = 0; i + 1 < c->n; i++) {
		key = X509_get0_pubkey(c->v[i + 1]);
		ok = key != NULL && X509_NAME_cmp(X509_get_issuer_name(
		    c->v[i]), X509_get_subject_name(c->v[i + 1])) == 0 &&
		    X509_verify(c->v[i], key) == 1;
		ERR_clear_error();
		if (!ok)
			return error_set(err, CODE_ISSUANCE, "'%s': "
			    "certificate %zu of the chain is not signed by "
			    "the next one", vis(c->what), i + 1);
	}
	return 0;
}

static int
check_leaf(const struct cert_chain *c, const struct cert *leaf,
    const struct strs *names, int64_t now, struct error *err)
{
	char *has;

	if (!cert_same_names(leaf, names)) {
		has = strs_join(&leaf->names, ", ");
		error_set(err, CODE_ISSUANCE, "'%s': found a certificate for "
		    "%s, want one for the names that were ordered",
		    vis(c->what), has == NULL || has[0] == '\0' ?
		    "other names" : vis(has));
		free(has);
		return -1;
	}
	if (leaf->not_after <= leaf->not_before || leaf->not_after <= now ||
	    leaf->not_before > now + DAY)
		return error_set(err, CODE_ISSUANCE, "'%s': found a "
		    "certificate that is not valid now, by the CA's own "
		    "clock", vis(c->what));
	return 0;
}

int
cert_chain_check(const struct cert_chain *c, const struct secret *pem,
    const struct strs *names, int64_t now, struct error *err)
{
	struct cert leaf = {0};
	bool ours = true;
	int rc;

	if (pem != NULL && cert_chain_has_key(c, pem, &ours, err) == -1)
		return -1;
	if (!ours)
		return error_set(err, CODE_ISSUANCE, "'%s': found a "
		    "certificate for another key than ours", vis(c->what));
	if (check_links(c, err) == -1 || cert_chain_leaf(c, &leaf, err) == -1)
		return -1;
	rc = check_leaf(c, &leaf, names, now, err);
	cert_free(&leaf);
	return rc;
}

const char *
cert_chain_top(const struct cert_chain *c)
{
	return c->top;
}

int
cert_chain_leaf(const struct cert_chain *c, struct cert *out,
    struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (cert_fields(c->v[0], c->what, out, err) == 0)
		return 0;
	cert_free(out);
	return -1;
}

static int
add_pem(struct buf *b, X509 *const *v, size_t n, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int rc = bio == NULL ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (PEM_write_bio_X509(bio, v[i]) != 1)
			rc = -1;
	if (rc == -1)
		error_nomem(err);
	else if ((len = BIO_get_mem_data(bio, &text)) > 0) {
		buf_add(b, text, (size_t)len);
		rc = buf_check(b, "certificate", err);
	}
	ERR_clear_error();
	BIO_free(bio);
	return rc;
}

int
cert_chain_pem(const struct cert_chain *c, struct buf *cert,
    struct buf *chain, struct error *err)
{
	if (add_pem(cert, c->v, 1, err) == -1)
		return -1;
	return add_pem(chain, c->v + 1, c->n - 1, err);
}

size_t
cert_chain_choose(struct cert_chain *const *v, size_t n,
    const char *preferred, bool *matched)
{
	bool any = false;
	size_t at = 0;

	for (size_t i = 0; preferred[0] != '\0' && !any && i < n; i++)
		if (strcmp(v[i]->top, preferred) == 0) {
			any = true;
			at = i;
		}
	if (matched != NULL)
		*matched = any;
	return at;
}
