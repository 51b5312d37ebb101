/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include "store/backup.h"

const struct cli_option restore_options[] = {
	{ .name = "force", .help = "also where that makes a second account "
	    "for a server" },
	{ .name = NULL }
};

int
cmd_restore(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct strs restored = { 0 };
	struct report *r = &cli->report;
	struct store *s = NULL;
	int ret = -1;

	if (cli_store(cli, &s, err) == -1)
		goto out;
	if (!cli->dry_run && store_lock(s, err) == -1)
		goto out;
	ret = backup_restore(s, a->words.v[0], args_has(a, "force"),
	    cli->dry_run, &restored, err);
	if (!cli->dry_run)
		store_unlock(s);
	if (ret == -1)
		goto out;
	r->changed = restored.n > 0;
	for (size_t i = 0; i < restored.n && ret == 0; i++)
		ret = report_line(r, err, "%s %s",
		    cli->dry_run ? "would restore" : "restored",
		    restored.v[i]);
	if (ret == 0 && restored.n == 0)
		ret = report_line(r, err, "nothing to do: everything of '%s' "
		    "is in place", a->words.v[0]);
out:
	strs_free(&restored);
	store_free(s);
	return ret;
}
