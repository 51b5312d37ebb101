/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/backup.h"

const struct cli_option backups_options[] = {
	{ .name = NULL }
};

static const char *const columns[] = {
	"id", "time", "reason", "server", "account", "paths"
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static int
row(struct report *r, const struct backup *b, struct error *err)
{
	char time[TIME_TEXT];
	const char *cells[COLUMNS];
	char *paths = NULL;
	int ret;

	if ((paths = strs_join(&b->paths, " ")) == NULL)
		return error_nomem(err);
	cells[0] = b->id;
	cells[1] = time_text(b->time, time, sizeof(time));
	cells[2] = b->reason;
	cells[3] = b->server;
	cells[4] = b->account;
	cells[5] = paths;
	ret = report_table_row(r, cells, err);
	free(paths);
	return ret;
}

int
cmd_backups(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct backups list = { 0 };
	struct report *r = &cli->report;
	struct store *s = NULL;
	int ret = -1;

	(void)a;
	if (report_table_begin(r, "backups", columns, COLUMNS, err) == -1 ||
	    cli_store(cli, &s, err) == -1 ||
	    backup_list(s, &list, err) == -1)
		goto out;
	/* newest first */
	for (size_t i = list.n; i > 0; i--)
		if (row(r, list.v[i - 1], err) == -1)
			goto out;
	if (list.n == 0)
		ret = report_line(r, err, "no backups in %s/backups",
		    store_state_dir(s));
	else
		ret = report_line(r, err, "put one back with 'acmeferry "
		    "restore ID'");
out:
	backups_free(&list);
	store_free(s);
	return ret;
}
