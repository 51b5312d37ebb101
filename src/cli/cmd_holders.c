/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/vis.h"
#include "store/holders.h"

const struct cli_option holders_options[] = {
	{ .name = NULL }
};

static const char *const columns[] = {
	"client", "operation", "server", "id", "first", "last", "times"
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static int
row(struct report *r, const struct holder *h, struct error *err)
{
	char first[TIME_TEXT], last[TIME_TEXT], times[24];
	const char *cells[COLUMNS];

	(void)snprintf(times, sizeof(times), "%zu", h->times);
	cells[0] = vis(h->client);
	cells[1] = h->operation;
	cells[2] = h->server;
	cells[3] = h->id;
	cells[4] = time_text(h->first, first, sizeof(first));
	cells[5] = time_text(h->last, last, sizeof(last));
	cells[6] = times;
	return report_table_row(r, cells, err);
}

int
cmd_holders(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct holders list = { 0 };
	struct report *r = &cli->report;
	struct store *s = NULL;
	size_t skipped = 0;
	int ret = -1;

	(void)a;
	if (report_table_begin(r, "holders", columns, COLUMNS, err) == -1 ||
	    cli_store(cli, &s, err) == -1 ||
	    store_holders(s, cli->server, cli->account, &list, &skipped,
	    err) == -1)
		goto out;
	for (size_t i = 0; i < list.n; i++)
		if (row(r, &list.v[i], err) == -1)
			goto out;
	if (skipped > 0)
		log_warn("'%s/ledger.jsonl': %zu lines are no entries; they "
		    "are left out", store_state_dir(s), skipped);
	if (list.n == 0 && report_line(r, err, "no account key has come or "
	    "gone here, says %s/ledger.jsonl", store_state_dir(s)) == -1)
		goto out;
	ret = 0;
out:
	holders_free(&list);
	store_free(s);
	return ret;
}
