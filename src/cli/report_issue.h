/* SPDX-License-Identifier: ISC */
#ifndef CLI_REPORT_ISSUE_H
#define CLI_REPORT_ISSUE_H

#include "cli/cli.h"
#include "issue/issue.h"

/* What issue and migrate have in common. */

/* The rows of the report for one certificate: its names as the CA sees them,
 * and the certificate itself with its decision.  why: what failed, NULL:
 * nothing. */
int cli_report_issue(struct cli *cli, const struct issue *is,
    const struct error *why, struct error *err) WARN_UNUSED;

/* A row for a name, as verify left it. */
int cli_report_name(struct cli *cli, const struct verify_name *n,
    struct error *err) WARN_UNUSED;

/* The options of both, from the command line; domains, which they borrow, is
 * filled in too. */
int cli_issue_options(struct cli *cli, const struct cli_args *a,
    struct strs *domains, struct issue_options *out, struct error *err)
    WARN_UNUSED;

#endif
