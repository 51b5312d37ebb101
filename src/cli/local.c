/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

/* The local store, and how its accounts are reported. */

enum { LOCK_TIMEOUT = 30 };	/* seconds, where it is "auto" */

int
cli_store(struct cli *cli, struct store **out, struct error *err)
{
	const struct config *c = cli->config;
	struct store_options opts = { .config_dir = c->certbot_config_dir,
	    .state_dir = c->state_dir,
	    .lock_timeout = 1000 * (c->lock_timeout == CONFIG_AUTO ?
	    LOCK_TIMEOUT : c->lock_timeout) };

	return store_open(&opts, out, err);
}

int
cli_report_account(struct cli *cli, const struct account *a,
    const char *origin, struct error *err)
{
	struct report_account *row = report_account(&cli->report);

	cli->report.has_accounts = true;
	if (row == NULL)
		return error_nomem(err);
	if (str_dup(&row->server, a->server, err) == -1 ||
	    str_dup(&row->id, a->dirname, err) == -1 ||
	    str_dup(&row->uri, a->uri, err) == -1 ||
	    str_dup(&row->created, a->created, err) == -1 ||
	    str_dup(&row->host, a->host, err) == -1 ||
	    str_dup(&row->origin, origin, err) == -1 ||
	    str_dup(&row->state, a->broken ? "broken" : "ok", err) == -1)
		return -1;
	if (a->key.name[0] != '\0' &&
	    str_dup(&row->key, a->key.name, err) == -1)
		return -1;
	return a->broken ? str_dup(&row->problem, a->problem, err) : 0;
}
