/* SPDX-License-Identifier: ISC */
#include "base/limits.h"
#include "base/vis.h"
#include "cli/cli.h"

const struct cli_option config_options[] = {
	{ "effective", 0, NULL, false, "print what is in force, files, "
	    "defaults and options together, as YAML that reads back the "
	    "same" },
	{ NULL, 0, NULL, false, NULL }
};

/* The YAML, a line each, as the report's lines. */
static int
add_lines(struct report *r, char *text, struct error *err)
{
	char *end;

	for (; *text != '\0'; text = end + 1) {
		end = text;
		while (*end != '\n' && *end != '\0')
			end++;
		if (*end == '\0')
			return report_line(r, err, "%s", text);
		*end = '\0';
		if (report_line(r, err, "%s", text) == -1)
			return -1;
	}
	return 0;
}

static int
effective(struct cli *cli, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_STATE_FILE);
	rc = config_dump(cli->config, &b, err);
	if (rc == 0)
		rc = buf_check(&b, "configuration", err);
	if (rc == 0)
		rc = report_member(&cli->report, "configuration", buf_str(&b),
		    err);
	if (rc == 0 && b.len > 0)
		rc = add_lines(&cli->report, b.data, err);
	buf_free(&b);
	return rc;
}

/* Getting here means that the configuration is valid. */
int
cmd_config(struct cli *cli, const struct cli_args *a, struct error *err)
{
	const struct config *c = cli->config;

	if (args_has(a, "effective"))
		return effective(cli, err);
	if (!c->found && c->npeers == 0 && c->ncerts == 0)
		return report_line(&cli->report, err, "configuration %s is "
		    "absent: the defaults hold", vis(c->path));
	return report_line(&cli->report, err, "configuration %s is valid: "
	    "%zu peer%s, %zu certificate%s", vis(c->path), c->npeers,
	    c->npeers == 1 ? "" : "s", c->ncerts, c->ncerts == 1 ? "" : "s");
}
