/* SPDX-License-Identifier: ISC */
#ifndef STORE_HOLDERS_H
#define STORE_HOLDERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Who received or gave which account key, from the ledger. */
struct store;

struct holder {
	char *client;		/* the other side */
	char *server, *id;
	char *operation;	/* "received" (from it) or "gave" (to it) */
	int64_t first, last;
	size_t times;
};
struct holders {
	struct holder *v;
	size_t n, cap;
};

/* In order of their first time; failed operations do not count.  server,
 * account: only these; NULL: all.  *skipped: lines that are no entries.  The
 * caller frees with holders_free(), also after an error. */
int store_holders(struct store *s, const char *server, const char *account,
    struct holders *out, size_t *skipped, struct error *err) WARN_UNUSED;
void holders_free(struct holders *l);

#endif
