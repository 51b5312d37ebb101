/* SPDX-License-Identifier: ISC */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/cli.h"

/* The whole of a run: command line, configuration, command, report.  Returns
 * the exit status. */
int cli_run(const struct command *table, int argc, char *const *argv);

#endif
