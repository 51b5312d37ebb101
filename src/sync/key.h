/* SPDX-License-Identifier: ISC */
#ifndef SYNC_KEY_H
#define SYNC_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"
#include "store/store.h"
#include "sync/pull.h"

/*
 * The bare key of an account that another ACME client made becomes an account
 * of the store.  Everything but the key is asked from the CA: its URL by
 * newAccount with onlyReturnExisting (RFC 8555, 7.3.1), which never registers
 * anybody.  The rules of a pull hold for what is there already.
 */
struct sync_key {
	const struct buf *jwk;	/* as jwk_normal() writes it */
	const char *from;	/* a file: for messages and the ledger */
	const char *server;	/* the ACME server that knows it */
	enum prefer prefer;
	bool dry_run;
	int64_t max_wait;	/* seconds to obey a CA's Retry-After */
};

/* CODE_ACCOUNT: the CA has no valid account for this key.  result is
 * overwritten; free it with sync_result_free() in both cases. */
int sync_key(struct store *s, const struct config *c,
    const struct sync_key *k, struct sync_result *result, struct error *err)
    WARN_UNUSED;

#endif
