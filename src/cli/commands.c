/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

static const char *const migrate_examples[] = {
	"acmeferry migrate ssh://root@www.example.com -d app.example.com",
	"acmeferry migrate surrogate -d app.example.com --adopt", NULL
};
static const char *const issue_examples[] = {
	"acmeferry issue -d app.example.com -d www.example.com",
	"acmeferry issue -q -d app.example.com    (from cron)", NULL
};

/* In the order of help, group by group. */
const struct command commands[] = {
	{ "migrate", GROUP_START, "PEER -d NAME...",
	    "pull, check, verify, issue, set up renewal",
	    "Copies the account from PEER, a configured peer or a URL, looks "
	    "at the store, asks the CA whether the names are authorised, has "
	    "certbot issue the certificate with no challenge, and writes "
	    "config.d.  It may be interrupted and repeated at any step.",
	    migrate_options, migrate_examples, 1, 1, CMD_PEER_OPTIONS,
	    cmd_migrate },
	{ "issue", GROUP_ISSUE, "-d NAME...",
	    "have certbot issue a certificate, if it is due",
	    "A lineage that is not due stays as it is.  Nothing is asked of "
	    "certbot unless the CA says that every name is authorised, so no "
	    "challenge is ever tried here.", issue_options, issue_examples,
	    0, 0, 0, cmd_issue },
	{ "hook", GROUP_FAR, "deploy", "what certbot calls",
	    "certbot runs 'acmeferry hook deploy' after each renewal; it runs "
	    "the deploy_hook of the configured certificate.", hook_options,
	    NULL, 1, 1, CMD_LENIENT, cmd_hook },
	{ "config", GROUP_FAR, "", "check the configuration, or print it",
	    "Reads the configuration and every file of config.d beside it "
	    "and reports all that is wrong with its file, line and column.",
	    config_options, NULL, 0, 0, 0, cmd_config },
	{ .name = NULL }
};
