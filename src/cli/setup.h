/* SPDX-License-Identifier: ISC */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/cli.h"
#include "cli/options.h"

/* From the parsed command line to what a command gets.  Also after an error
 * everything is freed with cli_free(). */

/* The flags that decide how anything is said; cannot fail. */
void cli_setup_output(struct cli *cli, const struct cli_parsed *p);
/* The other global options, checked; paths become absolute. */
int cli_setup_options(struct cli *cli, const struct cli_parsed *p,
    const char *argv0, struct error *err) WARN_UNUSED;
void cli_free(struct cli *cli);

/* Loads the configuration and lays the options over it; all that is wrong
 * with it goes into the report. */
int cli_setup_config(struct cli *cli, const struct cli_parsed *p,
    struct error *err) WARN_UNUSED;

/* Whether colours may be used on this descriptor. */
bool cli_color(const struct cli *cli, int fd);

#endif
