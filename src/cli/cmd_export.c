/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "base/vis.h"
#include "cli/key.h"

const struct cli_option export_options[] = {
	{ "key", 0, "pem|jwk", false,
	    "write the bare key of the account; whoever reads it has the "
	    "account" },
	{ .name = NULL }
};

int
cmd_export(struct cli *cli, const struct cli_args *a, struct error *err)
{
	if (!args_has(a, "key"))
		return error_set(err, CODE_USAGE, "'%s': want --key pem or "
		    "--key jwk: what is exported is the key of an account",
		    vis(a->words.v[0]));
	return cli_export_key(cli, a, err);
}
