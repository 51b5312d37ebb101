/* SPDX-License-Identifier: ISC */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/cli.h"

/*
 * The command line, taken apart.  Global options stand before or after the
 * command; a command's own options behind it.  "--opt VALUE", "--opt=VALUE",
 * "-dVALUE", "-d VALUE", bundled "-qv"; "--" ends the options.  Abbreviated
 * names are not taken.  Nothing here reads files or prints.
 */
struct cli_parsed {
	const struct command *command;	/* NULL: none given */
	bool help, version;		/* what stands behind is not read */
	bool json;		/* also if it stands behind an error */
	struct cli_args global;		/* names and values */
	struct cli_args args;		/* the command's */
};

extern const struct cli_option global_options[];
/* The settings of a peer, for commands with CMD_PEER_OPTIONS. */
extern const struct cli_option peer_options[];

/* CODE_USAGE: "'--x': what; see 'acmeferry --help'".  Free with
 * cli_parsed_free() also after an error.  table: the commands there are. */
int cli_parse(const struct command *table, int argc, char *const *argv,
    struct cli_parsed *out, struct error *err) WARN_UNUSED;
void cli_parsed_free(struct cli_parsed *p);

#endif
