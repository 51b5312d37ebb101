/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "base/log.h"
#include "store/lineage.h"

enum { USERS_MAX = 1 << 20 };

const struct cli_option list_options[] = {
	{ .name = NULL }
};

struct listing {
	struct cli *cli;
	struct lineages lineages;
};

/* The names of the lineages that use it; NULL: none does. */
static int
users(const struct lineages *ls, const struct account *a, char **out,
    struct error *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, USERS_MAX);
	for (size_t i = 0; i < ls->n; i++)
		if (lineage_uses(ls->v[i], a->server, a->dirname)) {
			if (b.len > 0)
				buf_adds(&b, ", ");
			buf_adds(&b, ls->v[i]->name);
		}
	if (b.len > 0 && (rc = buf_check(&b, "renewal", err)) == 0)
		rc = str_dup(out, buf_str(&b), err);
	buf_free(&b);
	return rc;
}

/* A prefix that begins several ids is an error, though they are shown. */
static int
check_selector(struct cli *cli, struct store *s, struct error *err)
{
	struct strs paths = { 0 };
	int rc;

	if (cli->account == NULL)
		return 0;
	rc = cli_selected(cli, s, &paths, err);
	strs_free(&paths);
	return rc;
}

static int
row(void *arg, struct account **a, struct error *err)
{
	struct listing *l = arg;
	struct report *r = &l->cli->report;

	if (l->cli->account != NULL && !account_matches(*a, l->cli->account))
		return 0;
	if (cli_report_account(l->cli, *a, "local", err) == -1)
		return -1;
	return users(&l->lineages, *a,
	    &r->accounts[r->naccounts - 1].lineages, err);
}

int
cmd_list(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct listing l = { .cli = cli };
	struct store *s = NULL;
	struct error why;
	int ret = -1;

	(void)a;
	cli->report.has_accounts = true;
	if (cli_store(cli, &s, err) == -1)
		goto out;
	/* only a person is told who uses them, where that can be read */
	error_clear(&why);
	if (!cli->json && store_lineages(s, false, &l.lineages, &why) == -1)
		log_verbose("%s", why.msg);
	if (store_each(s, cli->server, 0, row, &l, err) == -1)
		goto out;
	if (cli->report.naccounts == 0 && report_line(&cli->report, err,
	    "no accounts in %s/accounts%s%s", store_config_dir(s),
	    cli->server != NULL ? " for " : "",
	    cli->server != NULL ? cli->server : "") == -1)
		goto out;
	ret = check_selector(cli, s, err);
out:
	lineages_free(&l.lineages);
	store_free(s);
	return ret;
}
