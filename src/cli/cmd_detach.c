/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "issue/detach.h"

const struct cli_option detach_options[] = {
	{ .name = NULL }
};

static const char *const columns[] = { "path", "change" };
static const char *const todo_columns[] = { "message" };

static int
put_changes(struct report *r, const struct detach *d, struct error *err)
{
	const char *cells[2];

	if (report_table_begin(r, "detach", columns, 2, err) == -1)
		return -1;
	for (size_t i = 0; i < d->paths.n; i++) {
		cells[0] = d->paths.v[i];
		cells[1] = d->changes.v[i];
		if (report_table_row(r, cells, err) == -1)
			return -1;
	}
	return 0;
}

/* Programs have a list of it, persons read lines. */
static int
put_todo(struct cli *cli, const struct detach *d, struct error *err)
{
	struct report *r = &cli->report;
	const char *cell;
	int rc = 0;

	if (cli->json)
		rc = report_table_begin(r, "todo", todo_columns, 1, err);
	for (size_t i = 0; rc == 0 && i < d->todo.n; i++) {
		cell = d->todo.v[i];
		rc = cli->json ? report_table_row(r, &cell, err) :
		    report_line(r, err, "%s", cell);
	}
	return rc;
}

static int
say(struct cli *cli, const struct detach *d, struct error *err)
{
	struct report *r = &cli->report;

	r->changed = d->paths.n > 0;
	if (put_changes(r, d, err) == -1)
		return -1;
	if (!r->changed && report_line(r, err, "nothing to do: nothing of "
	    "acmeferry is left in '%s'", d->name) == -1)
		return -1;
	if (d->backup != NULL && (report_member(r, "backup", d->backup,
	    err) == -1 || report_line(r, err, "put it back with 'acmeferry "
	    "restore %s'", d->backup) == -1))
		return -1;
	return put_todo(cli, d, err);
}

int
cmd_detach(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct detach d = { .config = cli->config, .name = a->words.v[0],
		.dry_run = cli->dry_run };
	int rc = -1;

	if (cli_store(cli, &d.store, err) == 0 && detach_run(&d, err) == 0)
		rc = say(cli, &d, err);
	detach_free(&d);
	store_free(d.store);
	return rc;
}
