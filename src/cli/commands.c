/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

/* In the order of help, group by group. */
const struct command commands[] = {
	{ .name = NULL }
};
