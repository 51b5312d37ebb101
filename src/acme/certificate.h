/* SPDX-License-Identifier: ISC */
#ifndef ACME_CERTIFICATE_H
#define ACME_CERTIFICATE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"

/* Asking for a certificate and reading it, RFC 8555 sections 7.4 and 7.4.2. */

#define CHAIN_MEDIA_TYPE "application/pem-certificate-chain"

/* The payload of finalize for a CSR in DER. */
int acme_finalize_payload(const void *csr, size_t len, struct buf *out,
    struct error *err) WARN_UNUSED;

/* One chain as the CA sent it. */
struct acme_chain {
	char *url;		/* it came from */
	struct strs certs;	/* PEM, the leaf first; at least one */
};
void acme_chain_free(struct acme_chain *c);

/*
 * Takes a chain apart, as strict as RFC 8555 has it: CERTIFICATE blocks and
 * empty lines, nothing else, at most LIMIT_CHAIN of them.  Each block comes out
 * with LF line ends and is base64 of something; whether that is a certificate,
 * and whose, is for issue/cert.h.  CODE_ISSUANCE, with `what` and the line.
 */
int acme_chain_parse(const char *text, size_t len, const char *what,
    struct strs *out, struct error *err) WARN_UNUSED;

#endif
