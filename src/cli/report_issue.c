/* SPDX-License-Identifier: ISC */
#include "cli/report_issue.h"

#include <stdlib.h>
#include <string.h>

int
cli_report_name(struct cli *cli, const struct verify_name *n,
    struct error *err)
{
	struct report_name *row = report_name(&cli->report);

	if (row == NULL)
		return error_nomem(err);
	row->expires = n->expires;
	row->usable_until = n->usable_until;
	row->result = n->result;
	if (str_dup(&row->name, n->name, err) == -1 ||
	    str_dup(&row->status, authz_status_text(n->status), err) == -1 ||
	    str_dup(&row->error, n->error, err) == -1)
		return -1;
	return strs_copy(&row->challenges, &n->challenges, err);
}

static int
add_name(struct cli *cli, const struct issue *is,
    const struct verify_name *n, struct error *err)
{
	struct report_name *row;

	if (cli_report_name(cli, n, err) == -1)
		return -1;
	/* where nothing is to be issued, an authorization that has ended is
	 * no failure */
	row = &cli->report.names[cli->report.nnames - 1];
	if (is->decision == ISSUE_NOTHING) {
		row->result = CODE_OK;
		free(row->error);
		row->error = NULL;
	}
	return 0;
}

static int
add_certificate(struct cli *cli, const struct issue *is,
    const struct error *why, struct error *err)
{
	struct report_certificate *row = report_certificate(&cli->report);

	if (row == NULL)
		return error_nomem(err);
	row->not_before = is->not_before;
	row->not_after = is->not_after;
	row->next = is->next;
	row->deploy_pending = is->deploy_pending;
	row->result = why == NULL ? CODE_OK : why->code;
	if (why != NULL && str_dup(&row->error, why->msg, err) == -1)
		return -1;
	if (str_dup(&row->name, is->name, err) == -1 ||
	    str_dup(&row->reason, is->reason, err) == -1 ||
	    (is->reason != NULL && str_dup(&row->decision,
	    issue_decision_text(is->decision), err) == -1))
		return -1;
	return strs_copy(&row->domains, &is->domains, err);
}

int
cli_report_issue(struct cli *cli, const struct issue *is,
    const struct error *why, struct error *err)
{
	cli->report.has_names = true;
	cli->report.has_certificates = true;
	if (is->changed)
		cli->report.changed = true;
	for (size_t i = 0; is->verified && i < is->verify.nsets; i++)
		for (size_t k = 0; k < is->verify.sets[i].nnames; k++)
			if (add_name(cli, is, &is->verify.sets[i].names[k],
			    err) == -1)
				return -1;
	if (is->name == NULL)
		return 0;
	return add_certificate(cli, is, why, err);
}

int
cli_issue_options(struct cli *cli, const struct cli_args *a,
    struct strs *domains, struct issue_options *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (args_domains(a, domains, err) == -1)
		return -1;
	if (domains->n == 0)
		return error_set(err, CODE_USAGE, "'%s': no name is given, "
		    "want at least one with -d", cli->report.command);
	out->domains = domains;
	out->cert_name = args_value(a, "cert-name");
	out->server = cli->server;
	out->account = cli->account;
	out->adopt = args_has(a, "adopt");
	out->dry_run = cli->dry_run;
	/* cron: what is known to be shut is not ordered again and again */
	out->unattended = cli->quiet;
	out->terminal = cli->terminal && !cli->quiet;
	out->max_wait = cli->max_wait;
	out->self = cli->self;
	out->self_options = &cli->self_options;
	if (out->cert_name != NULL && out->cert_name[0] == '\0')
		return error_set(err, CODE_USAGE, "'--cert-name': is empty, "
		    "want a name");
	return 0;
}
