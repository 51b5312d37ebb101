/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "base/vis.h"
#include "cli/key.h"

const struct cli_option import_options[] = {
	{ "key", 0, NULL, false,
	    "FILE is the bare key of an account: PEM (PKCS #1, PKCS #8, SEC1; "
	    "encrypted or not) or JWK" },
	{ "passphrase-file", 0, "FILE", false,
	    "its first line is the passphrase of an encrypted key; else the "
	    "terminal is asked" },
	{ "prefer", 0, "source|destination", false,
	    "which side is right where they conflict" },
	{ .name = NULL }
};

int
cmd_import(struct cli *cli, const struct cli_args *a, struct error *err)
{
	if (!args_has(a, "key"))
		return error_set(err, CODE_USAGE, "'%s': want --key: what is "
		    "imported is the key of an account",
		    vis(a->words.v[0]));
	return cli_import_key(cli, a, err);
}
