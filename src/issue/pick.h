/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_PICK_H
#define ISSUE_PICK_H

#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/lineage.h"
#include "store/store.h"

/*
 * Which account of a server stands for these names: `which` (--account) where
 * it is given; else the one that the lineage for the names uses; else the
 * configured certificate's; else the only one.  None: CODE_ACCOUNT; several:
 * CODE_STORE with the list, each with the lineages that use it.
 * list: the accounts of that server; *out is borrowed from it.  ls and names
 * may be NULL; which may be NULL or "".
 */
int account_pick(const struct accounts *list, const struct lineages *ls,
    const struct config *c, const char *server, const char *which,
    const struct strs *names, const struct account **out, struct error *err)
    WARN_UNUSED;

#endif
