/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/vis.h"
#include "cli/sync_all.h"
#include "issue/deploy.h"
#include "issue/hook_auth.h"
#include "issue/learn.h"
#include "sync/all.h"

enum { LEARN_WAIT = 30 };	/* seconds of Retry-After: certbot waits */

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

/*
 * On a surrogate certbot itself has renewed: what stands behind the certificate
 * is learned, and goes with the accounts to every peer with direction: push.
 * What cannot be learned is told by the certificate's dates all the same.
 */
static int
spread(struct cli *cli, const char *name, int rc, struct error *err)
{
	struct store *s = NULL;
	struct error why;
	bool learned, any;

	error_clear(&why);
	if (cli_store(cli, &s, &why) == -1 ||
	    sync_owe(cli->config, &any, &why) == -1) {
		if (rc == 0)
			*err = why;
		rc = -1;
		goto out;
	}
	if (learn_authorizations(s, cli->config, name, LEARN_WAIT, &learned,
	    &why) == -1)
		log_warn("'%s': its authorizations were not learned: %s",
		    name, why.msg);
	else if (learned)
		log_verbose("'%s': its authorizations are known", name);
	if (any)
		rc = cli_sync_owed(cli, s, true, rc, err);
out:
	store_free(s);
	return rc;
}

static int
would_deploy(struct cli *cli, const char *name, struct error *err)
{
	const struct config *c = cli->config;
	int rc = report_line(&cli->report, err, "'%s': would run its deploy "
	    "hook, if it is configured", name);

	for (size_t i = 0; rc == 0 && i < c->npeers; i++)
		if (c->peers[i]->direction == DIRECTION_PUSH)
			rc = report_line(&cli->report, err, "'%s': would be "
			    "pushed to", vis(c->peers[i]->name));
	return rc;
}

static int
deploy(struct cli *cli, struct error *err)
{
	int rc;

	const char *lineage = getenv("RENEWED_LINEAGE");
	const char *domains = getenv("RENEWED_DOMAINS");
	const char *name;

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
		return would_deploy(cli, name, err);
	rc = deploy_run(cli->config, name, lineage,
	    domains == NULL ? "" : domains, err);
	return spread(cli, name, rc, err);
}

/*
 * certbot takes no notice of the exit status and would tell the CA to look.
 * The one that we run is ended; another one may be at many certificates, and is
 * only told what stops it at this one: it reads what a hook prints as UTF-8,
 * and fails the certificate where it is none.
 */
static void
stop_certbot(struct cli *cli, const struct error *why)
{
	static const char no_text[] = { '\377', '\n' };
	struct error ignored;

	error_clear(&ignored);
	if (io_write(STDOUT_FILENO, no_text, sizeof(no_text), 0, "output",
	    &ignored) == -1)
		log_debug("%s", ignored.msg);
	(void)hook_stop(cli->config, why);
}

static int
answer(struct cli *cli, bool auth, struct error *err)
{
	const struct hook_ask ask = {
		.domain = getenv("CERTBOT_DOMAIN"),
		.token = getenv("CERTBOT_TOKEN"),
		.validation = getenv("CERTBOT_VALIDATION"),
		.all_domains = getenv("CERTBOT_ALL_DOMAINS") };

	if (cli->dry_run)
		return report_line(&cli->report, err, "would %s the response "
		    "for '%s'", auth ? "deliver" : "remove",
		    ask.domain == NULL ? "" : vis(ask.domain));
	if (!auth)
		return hook_cleanup(cli->config, &ask, err);
	if (hook_auth(cli->config, &ask, err) == 0)
		return 0;
	stop_certbot(cli, err);
	return -1;
}

int
cmd_hook(struct cli *cli, const struct cli_args *a, struct error *err)
{
	const char *which = a->words.v[0];

	if (strcmp(which, "deploy") == 0)
		return deploy(cli, err);
	if (strcmp(which, "auth") == 0 || strcmp(which, "cleanup") == 0)
		return answer(cli, strcmp(which, "auth") == 0, err);
	return error_set(err, CODE_USAGE, "'%s': unknown hook, want 'auth', "
	    "'cleanup' or 'deploy'", vis(which));
}
