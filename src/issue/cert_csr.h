/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERT_CSR_H
#define ISSUE_CERT_CSR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "issue/cert_chain.h"

/* Whether the leaf's key is that of a request (DER) that cert_csr_read() has
 * found good. */
int cert_chain_has_csr_key(const struct cert_chain *c, const void *der,
    size_t len, bool *yes, struct error *err) WARN_UNUSED;

#endif
