/* SPDX-License-Identifier: ISC */
#ifndef CLI_REPORT_SYNC_H
#define CLI_REPORT_SYNC_H

#include "cli/cli.h"
#include "sync/pull.h"

/* The row of the report for one peer: what became of each account; why: the
 * peer's failure as a whole, NULL: none. */
int cli_report_sync(struct cli *cli, const char *peer,
    const struct sync_result *r, const struct error *why, struct error *err)
    WARN_UNUSED;

#endif
