/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>

#include "base/vis.h"
#include "store/check.h"
#include "store/server.h"

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

/* What --server and --account leave; *only NULL: everything. */
static int
narrow(struct cli *cli, struct store *s, struct strs *paths,
    const struct strs **only, struct error *err)
{
	char *path = NULL;
	int rc;

	if (cli->account == NULL && cli->server == NULL)
		return 0;
	*only = paths;
	if (cli->account != NULL) {
		rc = cli_selected(cli, s, paths, err);
		if (rc == 0 && paths->n == 0)
			rc = error_set(err, CODE_STORE, "'--account': the "
			    "store has no account '%s'", vis(cli->account));
		return rc;
	}
	if (server_path(cli->server, &path, err) == -1)
		return -1;
	rc = strs_add(paths, path, err);
	free(path);
	return rc;
}

int
cmd_check(struct cli *cli, const struct cli_args *a, struct error *err)
{
	bool fix = args_has(a, "fix");
	struct findings found = { 0 };
	const struct strs *only = NULL;
	struct report *r = &cli->report;
	struct strs paths = { 0 };
	struct store *s = NULL;
	int ret = -1;

	r->has_findings = true;
	r->strict = args_has(a, "strict");
	if (cli_store(cli, &s, err) == -1 ||
	    narrow(cli, s, &paths, &only, err) == -1 ||
	    store_check_only(s, only, fix && !cli->dry_run, &found, err) == -1)
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
	strs_free(&paths);
	store_free(s);
	return ret;
}
