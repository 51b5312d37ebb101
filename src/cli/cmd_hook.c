/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vis.h"
#include "issue/deploy.h"

const struct cli_option hook_options[] = {
	{ .name = NULL }
};

/* RENEWED_LINEAGE is /etc/letsencrypt/live/NAME; one of another certbot
 * directory is none of ours. */
static const char *
lineage_name(const struct cli *cli, const char *lineage)
{
	const char *dir = cli->config->certbot_config_dir;
	size_t n = strlen(dir);

	if (strncmp(lineage, dir, n) != 0 ||
	    strncmp(lineage + n, "/live/", 6) != 0 ||
	    !lineage_name_valid(lineage + n + 6))
		return NULL;
	return lineage + n + 6;
}

int
cmd_hook(struct cli *cli, const struct cli_args *a, struct error *err)
{
	const char *lineage = getenv("RENEWED_LINEAGE");
	const char *domains = getenv("RENEWED_DOMAINS");
	const char *name;

	if (strcmp(a->words.v[0], "deploy") != 0)
		return error_set(err, CODE_USAGE, "'%s': unknown hook, want "
		    "'deploy'", vis(a->words.v[0]));
	if (lineage == NULL || lineage[0] == '\0')
		return error_set(err, CODE_USAGE, "'RENEWED_LINEAGE': is not "
		    "set; certbot sets it when it runs 'acmeferry hook "
		    "deploy' as its deploy hook");
	name = lineage_name(cli, lineage);
	if (name == NULL) {
		log_verbose("'%s': is no lineage below '%s/live', nothing to "
		    "do", vis(lineage), vis(cli->config->certbot_config_dir));
		return 0;
	}
	if (cli->dry_run)
		return report_line(&cli->report, err, "'%s': would run its "
		    "deploy hook, if it is configured", name);
	return deploy_run(cli->config, name, lineage,
	    domains == NULL ? "" : domains, err);
}
