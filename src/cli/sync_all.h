/* SPDX-License-Identifier: ISC */
#ifndef CLI_SYNC_ALL_H
#define CLI_SYNC_ALL_H

#include "base/lock.h"
#include "cli/cli.h"
#include "sync/all.h"

/*
 * What `sync` and `hook deploy` share: many peers into one report.  Each peer
 * that failed gets a line of its own on stderr (report.problems), the worst is
 * the command's failure; with -q a `retry` is held for each peer by itself
 * (quiet.h), and where all are held report.held is set.
 */

/* Serves them.  0: none failed; -1 with *err for the worst. */
int cli_sync_all(struct cli *cli, struct store *s,
    const struct sync_all_options *o, struct sync_peer *v, size_t n,
    struct error *err) WARN_UNUSED;

/* The same for pushes that are owed (sync_owe()), if any, behind other work of
 * the command: rc and *err are how that ended, and become how all of it did. */
int cli_sync_owed(struct cli *cli, struct store *s, bool now, int rc,
    struct error *err) WARN_UNUSED;

/* Takes STATE_DIR/sync.lock: one run of `sync` at a time.  *busy: another one
 * has it. */
int cli_sync_lock(const struct cli *cli, struct lock *l, bool *busy,
    struct error *err) WARN_UNUSED;

#endif
