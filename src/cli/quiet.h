/* SPDX-License-Identifier: ISC */
#ifndef CLI_QUIET_H
#define CLI_QUIET_H

#include <stdbool.h>

#include "cli/options.h"

/*
 * quiet_for: with -q a `retry` is kept quiet until it has lasted so long, then
 * it is said once a day; anything else ends it.  What lasts is one command
 * line (command, arguments, what they are about); its state is a file in
 * state_dir/quiet/.  True: say nothing and exit 0.  Where the state cannot be
 * kept nothing is kept quiet.
 */
bool quiet_hold(const struct cli *cli, const struct cli_parsed *p,
    enum code code);

/*
 * The same for one thing of a command that looks at many (CMD_QUIET_ROWS): a
 * certificate or a peer, each with its own time.  Only -q and --dry-run of the
 * command line count.
 */
bool quiet_hold_row(const struct cli *cli, const char *command,
    const char *kind, const char *name, enum code code);

#endif
