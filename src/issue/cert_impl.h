/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERT_IMPL_H
#define ISSUE_CERT_IMPL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "issue/cert.h"

/* Shared by the files of cert*.c, the only ones that see OpenSSL's types. */

/* What a certificate says; what: the subject of messages. */
int cert_fields(const X509 *x, const char *what, struct cert *out,
    struct error *err) WARN_UNUSED;

/* A passphrase callback that asks nobody. */
int cert_no_passphrase(char *buf, int size, int rwflag, void *arg);

/* The key of a PEM text; the caller frees it, which wipes it. */
int cert_key_load(const void *pem, size_t len, const char *what,
    EVP_PKEY **out, struct error *err) WARN_UNUSED;

#endif
