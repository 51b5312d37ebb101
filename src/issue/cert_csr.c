/* SPDX-License-Identifier: ISC */
#include "issue/cert_csr.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/limits.h"

static X509 *
leaf_of(const struct cert_chain *c, struct error *err)
{
	struct buf cert, chain;
	X509 *x = NULL;
	BIO *bio = NULL;

	buf_init(&cert, LIMIT_PEM_FILE);
	buf_init(&chain, LIMIT_PEM_FILE);
	if (cert_chain_pem(c, &cert, &chain, err) == 0) {
		bio = BIO_new_mem_buf(buf_str(&cert), (int)cert.len);
		if (bio != NULL)
			x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (x == NULL)
			error_nomem(err);
	}
	BIO_free(bio);
	buf_free(&cert);
	buf_free(&chain);
	return x;
}

int
cert_chain_has_csr_key(const struct cert_chain *c, const void *der,
    size_t len, bool *yes, struct error *err)
{
	const unsigned char *p = der;
	X509_REQ *req = NULL;
	EVP_PKEY *a, *b;
	X509 *x;
	int rc = -1;

	*yes = false;
	if ((x = leaf_of(c, err)) == NULL)
		return -1;
	if ((req = d2i_X509_REQ(NULL, &p, (long)len)) == NULL ||
	    (a = X509_REQ_get0_pubkey(req)) == NULL) {
		error_set(err, CODE_ERROR, "certificate request: found none, "
		    "want one in DER");
		goto out;
	}
	b = X509_get0_pubkey(x);
	*yes = b != NULL && EVP_PKEY_eq(a, b) == 1;
	rc = 0;
out:
	ERR_clear_error();
	X509_REQ_free(req);
	X509_free(x);
	return rc;
}
