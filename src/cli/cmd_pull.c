/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "cli/sync.h"

const struct cli_option pull_options[] = {
	CLI_OPTIONS_SYNC,
	{ .name = NULL }
};

int
cmd_pull(struct cli *cli, const struct cli_args *a, struct error *err)
{
	return cli_sync(cli, a, sync_pull, NULL, err);
}
