/* SPDX-License-Identifier: ISC */
#ifndef SEAL_CMS_H
#define SEAL_CMS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "seal/cert.h"
#include "seal/identity.h"

/*
 * The two CMS layers of a bundle (RFC 5652, 5083, 5084, 5753; BUNDLE.md shows
 * every byte).  Inside, AuthEnvelopedData: AES-256-GCM, its key wrapped for
 * each recipient (AES-256 wrap) under ECDH on P-256 with an ephemeral key and
 * the SHA-256 KDF.  Outside, SignedData: ECDSA with SHA-256, one SignerInfo.
 *
 * There is one form of each and one piece of code that writes it.  What is read
 * is taken apart only to write it again, and must then be the same to the last
 * byte: no other algorithm, version, attribute, certificate, signer or length
 * form passes, and OpenSSL's own CMS and ASN.1 parsers see nothing of it.
 * openssl cms makes and opens the same bytes.
 */

/*
 * Seals.  Appends to out, which must be empty; plain is not changed.
 * CODE_USAGE without recipients; what is longer than LIMIT_BUNDLE in the end:
 * CODE_STORE.
 */
int seal_cms(const void *plain, size_t len,
    const struct seal_certs *recipients, const struct seal_identity *id,
    const char *what, struct buf *out, struct error *err) WARN_UNUSED;

/*
 * The outer layer alone: whose is it?  *signer is one of senders, whose
 * signature it has; content, borrowed from der, is the inner layer.
 * CODE_ERROR: it is none of our bundles (cut short, something else, other
 * algorithms ...).  CODE_TRUST: somebody else's, and then *foreign is the name
 * that it goes by, printable and as vis() gives it, else NULL; or the signature
 * is wrong.  foreign may be NULL.
 */
int seal_verify(const void *der, size_t len, const char *what,
    const struct seal_certs *senders, const struct seal_cert **signer,
    struct der *content, const char **foreign, struct error *err) WARN_UNUSED;

/*
 * The inner layer, after seal_verify().  plain, a sensitive buf, gets something
 * only where the whole was found to be what was sealed.  CODE_TRUST: this host
 * is no recipient, or it cannot be opened; CODE_ERROR: it has another form.
 */
int seal_decrypt(const struct der *content, const char *what,
    const struct seal_identity *id, struct buf *plain, struct error *err)
    WARN_UNUSED;

/* Private to seal/: the inner layer, sealed. */
int seal_encrypt(const void *plain, size_t len,
    const struct seal_certs *recipients, struct buf *out, struct error *err)
    WARN_UNUSED;

#endif
