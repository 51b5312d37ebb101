/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERT_CHAIN_H
#define ISSUE_CERT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/strs.h"
#include "issue/cert.h"

/*
 * A certificate chain as a CA gives it (RFC 8555 section 7.4.2): the leaf,
 * then each issuer's.  Nothing of it is believed before cert_chain_check().
 */
struct cert_chain;

enum { CERT_CHAIN_MAX = 16 };	/* certificates in one */

/* From PEM text with nothing but certificates and blanks in it, at least two.
 * what names the subject of messages; CODE_ISSUANCE where it is none. */
int cert_chain_parse(const char *pem, size_t len, const char *what,
    struct cert_chain **out, struct error *err) WARN_UNUSED;
void cert_chain_free(struct cert_chain *c);

/* Whether the leaf's key is this one (PEM). */
int cert_chain_has_key(const struct cert_chain *c, const struct secret *pem,
    bool *yes, struct error *err) WARN_UNUSED;

/*
 * The leaf has the key (pem NULL: not looked at) and exactly these names, it is
 * valid at `now` (the CA's clock) to within a day for its beginning, and each
 * certificate is signed by the next.  CODE_ISSUANCE says what is wrong.
 */
int cert_chain_check(const struct cert_chain *c, const struct secret *pem,
    const struct strs *names, int64_t now, struct error *err) WARN_UNUSED;

/* The common name of the topmost certificate's issuer, which is what
 * preferred_chain compares; "" where it has none.  Borrowed. */
const char *cert_chain_top(const struct cert_chain *c);

/* What the leaf says; {0} before, the caller frees. */
int cert_chain_leaf(const struct cert_chain *c, struct cert *out,
    struct error *err) WARN_UNUSED;

/* PEM as certbot keeps it: cert.pem, and the rest, chain.pem. */
int cert_chain_pem(const struct cert_chain *c, struct buf *cert,
    struct buf *chain, struct error *err) WARN_UNUSED;

/* As certbot's --preferred-chain: of n chains the first whose topmost issuer
 * has this common name, else (and for "") the first.  *matched may be NULL. */
size_t cert_chain_choose(struct cert_chain *const *v, size_t n,
    const char *preferred, bool *matched);

#endif
