/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERT_KEY_H
#define ISSUE_CERT_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/strs.h"

/*
 * The private key of a certificate and its certificate signing request
 * (PKCS #10, RFC 2986).  A key is PEM text (PKCS #8) in a struct secret, which
 * the caller frees; OpenSSL's copies are wiped before a function returns.
 * Types are the words of the configuration: "ecdsa-p256", -p384, -p521,
 * "rsa-2048", -3072, -4096.
 */

/* CODE_USAGE for an unknown type. */
int cert_key_new(const char *type, struct secret *pem, struct error *err)
    WARN_UNUSED;

/* Reads the key of a file; CODE_STORE where it is none. */
int cert_key_read(const char *path, struct secret *pem, struct error *err)
    WARN_UNUSED;

/* Its type; the caller frees.  NULL for one that no CA takes (another curve,
 * RSA of another size), which is no error. */
int cert_key_type(const struct secret *pem, char **type, struct error *err)
    WARN_UNUSED;

/* The DER of a request with these names (lower-case A-labels, "*." allowed)
 * as subject alternative names and with an empty subject: a common name has 64
 * characters at most, and no CA needs one. */
int cert_csr(const struct secret *pem, const struct strs *names,
    struct buf *der, struct error *err) WARN_UNUSED;

/*
 * Reads a request that somebody else made: signature, key (one of the types
 * above), nothing but DNS names, no common name that is not one of them.
 * names: lower case.  CODE_ERROR says what is wrong.
 */
int cert_csr_read(const void *der, size_t len, struct strs *names,
    struct error *err) WARN_UNUSED;

#endif
