/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/vis.h"
#include "cli/key.h"
#include "cli/sync.h"

const struct cli_option export_options[] = {
	{ "recipient", 0, "CERT", true,
	    "file with the certificate of one who is to open it; repeatable" },
	{ "all", 0, NULL, false,
	    "every account of the server, not only the one that is needed" },
	{ "accept-rollback", 0, NULL, false,
	    "replace a bundle of this host that it does not remember" },
	{ "key", 0, "pem|jwk", false,
	    "no bundle: write the bare key of the account; whoever reads it "
	    "has the account" },
	{ .name = NULL }
};

/* A bare key is sealed for nobody, and is one. */
static int
check_key(const struct cli_args *a, struct error *err)
{
	static const char *const of_bundles[] = { "recipient", "all",
		"accept-rollback" };

	for (size_t i = 0; i < sizeof(of_bundles) / sizeof(of_bundles[0]);
	    i++)
		if (args_has(a, of_bundles[i]))
			return error_set(err, CODE_USAGE, "'--%s': is for "
			    "bundles, not with --key", of_bundles[i]);
	return 0;
}

static int
check_bundle(struct cli *cli, const struct cli_args *a, struct error *err)
{
	if (!args_has(a, "recipient"))
		return error_set(err, CODE_USAGE, "'%s': want --recipient: "
		    "the certificate of each host that is to open it "
		    "('acmeferry identity' there prints it), or --key pem or "
		    "--key jwk for the bare key of an account",
		    vis(a->words.v[0]));
	if (strcmp(a->words.v[0], "-") != 0)
		return 0;
	if (cli->json)
		return error_set(err, CODE_USAGE, "'--json': not with '-', "
		    "where the bundle itself goes to standard output");
	if (!cli->dry_run && isatty(STDOUT_FILENO) != 0)
		return error_set(err, CODE_USAGE, "'-': a bundle is no text "
		    "for a terminal; want a pipe or a file");
	cli->report.to_stderr = true;
	return 0;
}

int
cmd_export(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct config_peer *peer = NULL;
	struct sync_options opts;
	int rc = -1;

	if (args_has(a, "key"))
		return check_key(a, err) == -1 ? -1 :
		    cli_export_key(cli, a, err);
	if (check_bundle(cli, a, err) == -1 ||
	    cli_bundle_peer(a, a->words.v[0], true, &peer, err) == -1 ||
	    cli_sync_options(cli, a, &opts, err) == -1)
		goto out;
	opts.bundle = true;
	rc = cli_sync_peer(cli, peer, &opts, sync_push, "local", err);
out:
	config_peer_free(peer);
	return rc;
}
