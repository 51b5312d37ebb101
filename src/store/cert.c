/* SPDX-License-Identifier: ISC */
#include "store/cert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"

static int
add_dns(const ASN1_STRING *v, struct strs *out, struct error *err)
{
	const char *data = (const char *)ASN1_STRING_get0_data(v);
	size_t len = (size_t)ASN1_STRING_length(v);
	char name[LIMIT_NAME + 1];

	if (len == 0 || len > LIMIT_NAME || memchr(data, '\0', len) != NULL)
		return 0;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)tolower((unsigned char)data[i]);
	name[len] = '\0';
	return strs_add(out, name, err);
}

static int
add_ip(const ASN1_STRING *v, struct strs *out, struct error *err)
{
	int len = ASN1_STRING_length(v);
	char text[INET6_ADDRSTRLEN];

	if ((len != 4 && len != 16) || inet_ntop(len == 4 ? AF_INET : AF_INET6,
	    ASN1_STRING_get0_data(v), text, sizeof(text)) == NULL)
		return 0;
	return strs_add(out, text, err);
}

static int
names(const X509 *x, struct strs *out, struct error *err)
{
	const GENERAL_NAME *n;
	GENERAL_NAMES *all;
	int rc = 0;

	all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; rc == 0 && i < sk_GENERAL_NAME_num(all); i++) {
		n = sk_GENERAL_NAME_value(all, i);
		if (n->type == GEN_DNS)
			rc = add_dns(n->d.dNSName, out, err);
		else if (n->type == GEN_IPADD)
			rc = add_ip(n->d.iPAddress, out, err);
	}
	GENERAL_NAMES_free(all);
	return rc;
}

/* Seconds since 1970; 0 where the time makes no sense. */
static int64_t
seconds(const ASN1_TIME *t)
{
	ASN1_TIME *epoch;
	int days = 0, secs = 0, ok;

	epoch = ASN1_TIME_set(NULL, 0);
	ok = epoch != NULL && ASN1_TIME_diff(&days, &secs, epoch, t) == 1;
	ASN1_TIME_free(epoch);
	return ok ? (int64_t)days * 86400 + secs : 0;
}

int
leaf_read(const char *path, struct strs *domains, int64_t *not_before,
    int64_t *not_after, struct error *err)
{
	X509 *x = NULL;
	BIO *bio = NULL;
	struct buf b;
	int rc = -1;

	buf_init(&b, LIMIT_PEM_FILE + 1);
	if (io_read_file(AT_FDCWD, path, LIMIT_PEM_FILE, 0, &b, NULL, err) ==
	    -1)
		goto out;
	if ((bio = BIO_new_mem_buf(buf_str(&b), (int)b.len)) == NULL) {
		error_nomem(err);
		goto out;
	}
	if ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) == NULL) {
		error_set(err, CODE_STORE, "'%s': found no certificate, want "
		    "one in PEM form", vis(path));
		goto out;
	}
	*not_before = seconds(X509_get0_notBefore(x));
	*not_after = seconds(X509_get0_notAfter(x));
	rc = names(x, domains, err);
out:
	X509_free(x);
	BIO_free(bio);
	buf_free(&b);
	ERR_clear_error();
	return rc;
}
