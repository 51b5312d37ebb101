/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_PICK_H
#define ISSUE_PICK_H

#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/lineage.h"
#include "store/store.h"

/* From what an account is chosen; borrowed, all of it. */
struct account_choice {
	const char *server;
	const struct accounts *list;	/* those of that server */
	const struct lineages *lineages;
	const struct config *config;
	struct store *store;	/* whose ledger tells who gave one; NULL */
	const char *offered;	/* the URL of the one that the certificate's
				 * peers use for the names now; NULL */
};

/*
 * Which account stands for these names (NULL: none are known): `which`
 * (--account; NULL or "") where it is given; else the one that the lineage for
 * the names uses; else the configured certificate's; else the only one; else
 * the one that is offered; else the only one that the certificate's peers ever
 * gave.  None: CODE_ACCOUNT; several: CODE_STORE with the list, each with the
 * lineages that use it.  *out is borrowed from the list.
 */
int account_pick(const struct account_choice *c, const char *which,
    const struct strs *names, const struct account **out, struct error *err)
    WARN_UNUSED;

#endif
