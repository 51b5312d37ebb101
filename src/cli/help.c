/* SPDX-License-Identifier: ISC */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"

enum {
	WIDTH = 79,
	COLUMN = 26	/* where the explanation of an option starts */
};

static const char *const groups[] = {
	[GROUP_START] = "start here",
	[GROUP_CRON] = "from cron",
	[GROUP_ASK] = "ask",
	[GROUP_MOVE] = "move",
	[GROUP_ISSUE] = "issue",
	[GROUP_REPAIR] = "repair",
	[GROUP_FAR] = "far end, hooks and configuration",
};

/* Text wrapped at blanks; the cursor is at column `at`, further lines start
 * at column `left`.  Ends the line. */
static void
wrap(struct out *o, const char *text, size_t at, size_t left)
{
	size_t len;

	while (*text != '\0') {
		len = strcspn(text, " ");
		if (at > left && at + 1 + len > WIDTH) {
			buf_addf(&o->b, "\n%*s", (int)left, "");
			at = left;
		}
		if (at > left) {
			buf_addc(&o->b, ' ');
			at++;
		}
		buf_add(&o->b, text, len);
		at += len;
		text += len;
		while (*text == ' ')
			text++;
	}
	buf_addc(&o->b, '\n');
}

static void
put_option(struct out *o, const struct cli_option *opt)
{
	char left[64];
	int n;

	n = snprintf(left, sizeof(left), "  %c%c%s--%s%s%s",
	    opt->letter != 0 ? '-' : ' ', opt->letter != 0 ? opt->letter : ' ',
	    opt->letter != 0 ? ", " : "  ", opt->name,
	    opt->arg != NULL ? " " : "", opt->arg != NULL ? opt->arg : "");
	if (n < 0)
		return;
	buf_adds(&o->b, left);
	if (n > COLUMN - 2)
		buf_addf(&o->b, "\n%*s", COLUMN, "");
	else
		buf_addf(&o->b, "%*s", COLUMN - n, "");
	wrap(o, opt->help, COLUMN, COLUMN);
}

static void
put_options(struct out *o, const char *title, const struct cli_option *opt)
{
	if (opt == NULL || opt->name == NULL)
		return;
	buf_addf(&o->b, "\n%s\n", title);
	for (; opt->name != NULL; opt++)
		put_option(o, opt);
}

static void
put_group(struct out *o, const struct command *c, enum cli_group group)
{
	bool any = false;

	for (; c->name != NULL; c++) {
		if (c->group != group)
			continue;
		if (!any)
			buf_addf(&o->b, "\n%s\n", groups[group]);
		any = true;
		buf_addf(&o->b, "  %-12s", c->name);
		wrap(o, c->summary, 14, 14);
	}
}

void
help_all(struct out *o, const struct command *table, bool all)
{
	buf_adds(&o->b, "usage: acmeferry [options] command [options] "
	    "[arguments]\n\ncarries certbot's ACME accounts between hosts, "
	    "asks the CA what they are worth\nthere, and has certificates "
	    "issued with them\n");
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		put_group(o, table, (enum cli_group)g);
	if (all) {
		put_options(o, "options, before or behind the command",
		    global_options);
		buf_adds(&o->b, "\nexit status\n  0 ok, 1 error, 2 usage, "
		    "3 retry, 4 store, 5 account, 6 unauthorized,\n"
		    "  7 issuance, 8 trust, 9 expiring; acmeferry(1) has a "
		    "runbook for each\n");
	}
	buf_adds(&o->b, "\nexamples\n"
	    "  acmeferry migrate ssh://root@www.example.com "
	    "-d app.example.com\n"
	    "  acmeferry verify -d app.example.com\n"
	    "  acmeferry renew --dry-run\n");
	buf_addf(&o->b, "\nsee 'acmeferry %s--help', acmeferry(1) and "
	    "acmeferry.yml(5)\n", all ? "COMMAND " : "[COMMAND] ");
}

void
help_command(struct out *o, const struct command *c)
{
	bool any = c->options != NULL && c->options->name != NULL;

	buf_addf(&o->b, "usage: acmeferry %s", c->name);
	if (any || (c->flags & CMD_PEER_OPTIONS) != 0)
		buf_adds(&o->b, " [options]");
	if (*c->args != '\0')
		buf_addf(&o->b, " %s", c->args);
	buf_adds(&o->b, "\n\n");
	wrap(o, c->summary, 0, 0);
	if (c->about != NULL) {
		buf_addc(&o->b, '\n');
		wrap(o, c->about, 0, 0);
	}
	put_options(o, "options", c->options);
	if ((c->flags & CMD_PEER_OPTIONS) != 0)
		put_options(o, "settings of the peer, for this run",
		    peer_options);
	if (c->examples != NULL) {
		buf_adds(&o->b, "\nexamples\n");
		for (const char *const *e = c->examples; *e != NULL; e++)
			buf_addf(&o->b, "  %s\n", *e);
	}
	buf_adds(&o->b, "\n'acmeferry --help' shows the options that every "
	    "command takes\n");
}
