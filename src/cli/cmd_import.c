/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "base/vis.h"
#include "cli/key.h"
#include "cli/sync.h"

const struct cli_option import_options[] = {
	{ "sender", 0, "CERT", true,
	    "file with the certificate of one whose bundle may be opened; "
	    "repeatable; default: the senders of all configured peers" },
	CLI_OPTIONS_SYNC,
	{ "key", 0, NULL, false,
	    "FILE is no bundle but the bare key of an account: PEM (PKCS #1, "
	    "PKCS #8, SEC1; encrypted or not) or JWK" },
	{ "passphrase-file", 0, "FILE", false,
	    "its first line is the passphrase of an encrypted key; else the "
	    "terminal is asked" },
	{ .name = NULL }
};

static int
only_with(const struct cli_args *a, const char *const *options, size_t n,
    const char *what, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (args_has(a, options[i]))
			return error_set(err, CODE_USAGE, "'--%s': is for %s",
			    options[i], what);
	return 0;
}

/* Those whose bundles are opened anyway. */
static int
configured(const struct config *c, struct config_peer *p, struct error *err)
{
	for (size_t i = 0; i < c->npeers; i++)
		if (strs_copy(&p->senders, &c->peers[i]->senders, err) == -1)
			return -1;
	if (p->senders.n > 0)
		return 0;
	return error_set(err, CODE_USAGE, "'%s': want --sender: the "
	    "certificate of the host that sealed it ('acmeferry identity' "
	    "there prints it), as no configured peer has senders; or --key "
	    "where it is the bare key of an account", vis(p->name));
}

int
cmd_import(struct cli *cli, const struct cli_args *a, struct error *err)
{
	static const char *const of_bundles[] = { "sender", "all", "verbatim",
		"accept-rollback" };
	static const char *const of_keys[] = { "passphrase-file" };
	struct config_peer *peer = NULL;
	struct sync_options opts;
	int rc = -1;

	if (args_has(a, "key"))
		return only_with(a, of_bundles, sizeof(of_bundles) /
		    sizeof(of_bundles[0]), "bundles, not with --key", err) ==
		    -1 ? -1 : cli_import_key(cli, a, err);
	if (only_with(a, of_keys, 1, "keys, want --key too", err) == -1 ||
	    cli_bundle_peer(a, a->words.v[0], false, &peer, err) == -1 ||
	    (peer->senders.n == 0 && configured(cli->config, peer, err) ==
	    -1) || cli_sync_options(cli, a, &opts, err) == -1)
		goto out;
	opts.bundle = true;
	rc = cli_sync_peer(cli, peer, &opts, sync_pull, NULL, err);
out:
	config_peer_free(peer);
	return rc;
}
