/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

const struct cli_option list_options[] = {
	{ .name = NULL }
};

static int
row(void *arg, struct account **a, struct error *err)
{
	struct cli *cli = arg;

	if (cli->account != NULL && !account_matches(*a, cli->account))
		return 0;
	return cli_report_account(cli, *a, "local", err);
}

int
cmd_list(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct store *s = NULL;
	int ret = -1;

	(void)a;
	cli->report.has_accounts = true;
	if (cli_store(cli, &s, err) == -1)
		goto out;
	if (store_each(s, cli->server, 0, row, cli, err) == -1)
		goto out;
	if (cli->report.naccounts == 0 && report_line(&cli->report, err,
	    "no accounts in %s/accounts%s%s", store_config_dir(s),
	    cli->server != NULL ? " for " : "",
	    cli->server != NULL ? cli->server : "") == -1)
		goto out;
	ret = 0;
out:
	store_free(s);
	return ret;
}
