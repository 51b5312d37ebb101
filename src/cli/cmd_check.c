/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "store/check.h"

const struct cli_option check_options[] = {
	{ .name = "fix", .help = "mend what can be mended without losing a "
	    "byte; a backup comes first" },
	{ .name = "strict", .help = "warnings make exit status 4 too" },
	{ .name = NULL }
};

static int
row(struct report *r, struct finding *f, bool would, struct error *err)
{
	struct report_finding *v;

	if ((v = report_finding(r)) == NULL)
		return error_nomem(err);
	v->code = f->code;
	v->is_error = f->severity == SEVERITY_ERROR;
	v->fixable = f->fixable;
	v->fixed = f->fixed || (would && f->fixable);
	if (v->fixed)
		r->changed = true;
	/* taken over: there may be tens of thousands */
	v->path = f->path;
	v->message = f->message;
	f->path = f->message = NULL;
	return 0;
}

int
cmd_check(struct cli *cli, const struct cli_args *a, struct error *err)
{
	bool fix = args_has(a, "fix");
	struct findings found = { 0 };
	struct report *r = &cli->report;
	struct store *s = NULL;
	int ret = -1;

	r->has_findings = true;
	r->strict = args_has(a, "strict");
	if (cli_store(cli, &s, err) == -1 ||
	    store_check(s, fix && !cli->dry_run, &found, err) == -1)
		goto out;
	for (size_t i = 0; i < found.n; i++)
		if (row(r, &found.v[i], fix && cli->dry_run, err) == -1)
			goto out;
	if (found.n == 0 && report_line(r, err, "%s: nothing found",
	    store_config_dir(s)) == -1)
		goto out;
	ret = 0;
out:
	findings_free(&found);
	store_free(s);
	return ret;
}
