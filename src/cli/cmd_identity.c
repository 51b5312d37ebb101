/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <limits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vis.h"
#include "seal/identity.h"

const struct cli_option identity_options[] = {
	{ .name = NULL }
};

/* Text before the certificate is no part of it: what is printed here is what
 * other hosts pin. */
static int
show(struct report *r, const struct seal_identity *id, struct error *err)
{
	char pretty[SEAL_PRETTY];

	seal_pretty(id->cert.fingerprint, pretty);
	if (report_member(r, "subject", id->cert.subject, err) == -1 ||
	    report_member(r, "fingerprint", pretty, err) == -1 ||
	    report_member(r, "certificate", id->pem, err) == -1 ||
	    report_line(r, err, "# %s SHA256 %s", vis(id->cert.subject),
	    pretty) == -1)
		return -1;
	return report_lines(r, id->pem, err);
}

int
cmd_identity(struct cli *cli, const struct cli_args *a, struct error *err)
{
	const char *dir = cli->config->state_dir;
	struct seal_identity id;
	char host[HOST_NAME_MAX + 1] = "";
	bool made = false;
	int rc;

	(void)a;
	(void)gethostname(host, sizeof(host) - 1);
	if (seal_identity_make(dir, host, cli->dry_run, &id, &made, err) == -1)
		return -1;
	cli->report.changed = made;
	if (made)
		log_step("%s%s/identity.key and its certificate",
		    cli->dry_run ? "would make " : "made ", vis(dir));
	rc = id.pem == NULL ? 0 : show(&cli->report, &id, err);
	seal_identity_free(&id);
	return rc;
}
