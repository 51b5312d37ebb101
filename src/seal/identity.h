/* SPDX-License-Identifier: ISC */
#ifndef SEAL_IDENTITY_H
#define SEAL_IDENTITY_H

#include <stdbool.h>

#include "base/error.h"
#include "seal/cert.h"

/*
 * This host's key pair for bundles: state_dir/identity.key (EC P-256, PKCS#8
 * PEM, 0600) and state_dir/identity.pem, its self-signed certificate, which
 * other hosts pin.  The same key signs and receives.  The key file is refused
 * (CODE_TRUST) where it is a link, has several names, belongs to somebody else
 * or has any bit for group or others; the certificate and the directories above
 * may be written by nobody else.
 */
struct seal_identity {
	struct seal_cert cert;
	EVP_PKEY *key;		/* private; wiped as it is freed */
	char *pem;		/* the certificate's text */
};

/* CODE_USAGE where there is none yet. */
int seal_identity_load(const char *state_dir, struct seal_identity *out,
    struct error *err) WARN_UNUSED;

/*
 * The same, and makes what is missing: the key first, then its certificate, in
 * the name of that host, so that a run that was cut short is gone on with.  A
 * certificate without its key is CODE_STORE.  dry_run: nothing is written, and
 * out is empty where *made.  *made: something was (would be).
 */
int seal_identity_make(const char *state_dir, const char *host, bool dry_run,
    struct seal_identity *out, bool *made, struct error *err) WARN_UNUSED;

/* Wipes. */
void seal_identity_free(struct seal_identity *id);

#endif
