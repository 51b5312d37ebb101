/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "base/log.h"
#include "cli/report_issue.h"
#include "issue/prove.h"

const struct cli_option issue_options[] = {
	{ "domain", 'd', "NAME", true,
	    "a name of the certificate; several, or with commas, make one" },
	{ "cert-name", 0, "NAME", false,
	    "the lineage's name; default: the first name" },
	{ "adopt", 0, NULL, false,
	    "take over a lineage of another account or with other names" },
	{ "force", 0, NULL, false, "issue though it is not due" },
	{ .name = NULL }
};

/* What the row of the certificate does not say. */
static int
say(struct cli *cli, const struct issue *is, struct error *err)
{
	if (cli->dry_run && is->decision != ISSUE_NOTHING && is->by_peer)
		return report_line(&cli->report, err, "'%s': would %s "
		    "through a peer", is->name,
		    issue_decision_text(is->decision));
	if (cli->dry_run && is->decision != ISSUE_NOTHING)
		return report_line(&cli->report, err, "'%s': would %s with "
		    "account %s", is->name,
		    issue_decision_text(is->decision), is->account->dirname);
	if (is->set_account)
		return report_line(&cli->report, err, "'%s': the lineage %s "
		    "the account %s", is->name, cli->dry_run ?
		    "would now use" : "now uses", is->account->dirname);
	return 0;
}

static int
work(struct issue *is, struct error *err)
{
	if (issue_plan(is, err) == -1)
		return -1;
	if (is->decision != ISSUE_NOTHING && (issue_verify(is, err) == -1 ||
	    issue_prove(is, err) == -1))
		return -1;
	return issue_finish(is, err);
}

int
cmd_issue(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct strs domains = {0};
	struct store *store = NULL;
	struct issue_options opts;
	struct issue is;
	struct error why;
	int rc = -1;

	if (cli_issue_options(cli, a, &domains, &opts, err) == -1)
		goto out;
	opts.force = args_has(a, "force");
	if (cli_store(cli, &store, err) == -1)
		goto out;
	log_progress_start();
	issue_init(&is, store, cli->config, &opts);
	error_clear(&why);
	rc = work(&is, &why);
	if (cli_report_issue(cli, &is, rc == -1 ? &why : NULL, err) == -1)
		rc = -1;
	else if (rc == -1)
		*err = why;
	else
		rc = say(cli, &is, err);
	issue_free(&is);
out:
	store_free(store);
	strs_free(&domains);
	return rc;
}
