/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "cli/migrate.h"
#include "cli/sync.h"

const struct cli_option migrate_options[] = {
	{ "domain", 'd', "NAME", true,
	    "a name of the certificate; several, or with commas, make one" },
	{ "cert-name", 0, "NAME", false,
	    "the lineage's name; default: the first name" },
	{ "adopt", 0, NULL, false,
	    "take over a lineage of another account or with other names" },
	CLI_OPTIONS_SYNC,
	{ .name = NULL }
};

int
cmd_migrate(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct migrate m;
	int rc;

	migrate_init(&m, cli);
	rc = migrate_begin(&m, a, err);
	if (rc == 0)
		rc = migrate_pull(&m, err);
	if (rc == 0 && m.here)
		rc = migrate_check(&m, err);
	if (rc == 0 && m.here)
		rc = migrate_verify(&m, err);
	if (rc == 0 && m.here)
		rc = migrate_issue(&m, err);
	if (rc == 0)
		rc = migrate_renewal(&m, err);
	rc = migrate_report(&m, rc, err);
	migrate_free(&m);
	return rc;
}
