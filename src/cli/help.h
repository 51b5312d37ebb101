/* SPDX-License-Identifier: ISC */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdbool.h>

#include "cli/cli.h"
#include "report/out.h"

/* The groups of commands with three examples; all: the global options and
 * the exit statuses too. */
void help_all(struct out *o, const struct command *table, bool all);
/* One command's screen, from its row of the table. */
void help_command(struct out *o, const struct command *c);

#endif
