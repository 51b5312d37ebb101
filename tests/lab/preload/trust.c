/* SPDX-License-Identifier: ISC */
/*
 * LD_PRELOAD for a program over GnuTLS that has no option for another trust
 * store: whichever it asks for, it gets the file that TRUST_FILE names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { PEM = 1 };	/* GNUTLS_X509_FMT_PEM */

int gnutls_certificate_set_x509_trust_file(void *cred, const char *file,
    int type);
int gnutls_certificate_set_x509_trust_dir(void *cred, const char *dir,
    int type);
int gnutls_certificate_set_x509_system_trust(void *cred);

int
gnutls_certificate_set_x509_trust_file(void *cred, const char *file, int type)
{
	int (*next)(void *, const char *, int) = NULL;
	const char *ours = getenv("TRUST_FILE");
	void *p = dlsym(RTLD_NEXT, "gnutls_certificate_set_x509_trust_file");

	memcpy(&next, &p, sizeof(next));
	return next(cred, ours != NULL ? ours : file, type);
}

int
gnutls_certificate_set_x509_trust_dir(void *cred, const char *dir, int type)
{
	return gnutls_certificate_set_x509_trust_file(cred, dir, type);
}

int
gnutls_certificate_set_x509_system_trust(void *cred)
{
	return gnutls_certificate_set_x509_trust_file(cred, NULL, PEM);
}
