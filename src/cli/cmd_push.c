/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "cli/sync.h"

const struct cli_option push_options[] = {
	CLI_OPTIONS_SYNC,
	{ .name = NULL }
};

int
cmd_push(struct cli *cli, const struct cli_args *a, struct error *err)
{
	return cli_sync(cli, a, sync_push, "local", err);
}
