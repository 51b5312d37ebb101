/* SPDX-License-Identifier: ISC */
#ifndef SEAL_CMS_H
#define SEAL_CMS_H

#include <openssl/cms.h>
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
 * OpenSSL's CMS seals and opens.  There is one form of each layer, and what is
 * read must have it before OpenSSL sees it: a template is filled in with what
 * may differ from one bundle to another, and must then be the same to the last
 * byte.  No other algorithm, version, attribute, certificate, signer or length
 * form passes, and what is written is held against it, too.
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
/* What OpenSSL says went wrong where only want of memory or a broken library
 * can make it fail. */
int seal_openssl(const char *what, struct error *err);
/* Appends the DER of what OpenSSL made, and frees it; NULL fails. */
int seal_der(CMS_ContentInfo *cms, struct buf *out, struct error *err)
    WARN_UNUSED;
/* A whole ContentInfo of exactly these bytes; NULL: none. */
CMS_ContentInfo *seal_parse(const void *der, size_t len);

#endif
