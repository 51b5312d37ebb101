/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

/* In the order of help, group by group. */
const struct command commands[] = {
	{ "config", GROUP_FAR, "", "check the configuration, or print it",
	    "Reads the configuration and every file of config.d beside it "
	    "and reports all that is wrong with its file, line and column.",
	    config_options, NULL, 0, 0, 0, cmd_config },
	{ .name = NULL }
};
