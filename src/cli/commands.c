/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

static const char *const issue_examples[] = {
	"acmeferry issue -d app.example.com -d www.example.com",
	"acmeferry issue -q -d app.example.com    (from cron)", NULL
};

/* In the order of help, group by group. */
const struct command commands[] = {
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
