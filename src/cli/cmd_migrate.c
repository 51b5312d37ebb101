/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "cli/migrate.h"
#include "cli/rehearse.h"
#include "cli/sync.h"

const struct cli_option migrate_options[] = {
	{ "domain", 'd', "NAME", true,
	    "a name of the certificate; several, or with commas, make one" },
	{ "cert-name", 0, "NAME", false,
	    "the lineage's name; default: the first name" },
	{ "adopt", 0, NULL, false,
	    "take over a lineage of another account or with other names" },
	{ "rehearse", 0, NULL, false, "every step with the CA's staging "
	    "directory, in a place of its own; nothing of it stays" },
	CLI_OPTIONS_SYNC,
	{ .name = NULL }
};

static int
steps(struct migrate *m, const struct cli_args *a, struct error *err)
{
	int rc;

	rc = migrate_begin(m, a, err);
	if (rc == 0 && (rc = migrate_pull(m, err)) == -1 && m->rehearsal)
		rehearse_explain(m->cli, err);
	if (rc == 0 && m->here)
		rc = migrate_check(m, err);
	if (rc == 0 && m->here)
		rc = migrate_verify(m, err);
	if (rc == 0 && m->here)
		rc = migrate_prove(m, err);
	if (rc == 0 && m->here)
		rc = migrate_issue(m, err);
	if (rc == 0)
		rc = migrate_renewal(m, err);
	return migrate_report(m, rc, err);
}

int
cmd_migrate(struct cli *cli, const struct cli_args *a, struct error *err)
{
	bool rehearse = args_has(a, "rehearse");
	struct rehearsal rehearsal;
	struct migrate m;
	int rc = 0;

	migrate_init(&m, cli);
	m.rehearsal = rehearse;
	if (rehearse)
		rc = rehearse_begin(&rehearsal, cli, err);
	if (rc == 0)
		rc = steps(&m, a, err);
	migrate_free(&m);
	if (!rehearse)
		return rc;
	rehearse_end(&rehearsal);
	cli->report.changed = false;
	if (rc == 0)
		rc = report_line(&cli->report, err, "the rehearsal went well; "
		    "run it without --rehearse");
	return rc;
}
