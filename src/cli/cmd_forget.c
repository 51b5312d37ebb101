/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "store/backup.h"
#include "store/holders.h"
#include "store/server.h"

const struct cli_option forget_options[] = {
	{ .name = NULL }
};

struct work {
	struct cli *cli;
	const char *which;	/* ID of the command line */
	struct store *store;
	struct accounts accounts;
	const struct account *account;	/* borrowed; NULL: there is none */
	char *backup;
};

/* ---- who needs it ------------------------------------------------------- */

/* Certificates that are configured with this very account. */
static int
configured(const struct work *w, struct strs *out, struct error *err)
{
	const struct config *c = w->cli->config;
	const struct config_cert *cert;

	if (!server_same(w->account->server, c->server))
		return 0;
	for (size_t i = 0; i < c->ncerts; i++) {
		cert = c->certs[i];
		if (cert->account[0] != '\0' && !strs_has(out, cert->name) &&
		    account_matches(w->account, cert->account) &&
		    strs_add(out, cert->name, err) == -1)
			return -1;
	}
	return 0;
}

static int
check_unused(const struct work *w, struct error *err)
{
	struct strs names = { 0 };
	char *list = NULL;
	int rc;

	rc = store_users(w->store, w->account, &names, err);
	if (rc == 0)
		rc = configured(w, &names, err);
	if (rc == 0 && names.n > 0) {
		if ((list = strs_join(&names, ", ")) == NULL)
			rc = error_nomem(err);
		else
			rc = error_set(err, CODE_STORE, "'%s': is used by %s; "
			    "give %s another account first ('acmeferry "
			    "migrate' from another peer, or issue --account "
			    "with --adopt), or delete %s with 'certbot delete'",
			    w->account->dirname, vis(list), names.n > 1 ?
			    "these" : "it", names.n > 1 ? "them" : "it");
	}
	free(list);
	strs_free(&names);
	return rc;
}

/* ---- what is said ------------------------------------------------------- */

/* Where it came from, it may come from again. */
static int
say_givers(const struct work *w, struct error *err)
{
	const struct config *c = w->cli->config;
	struct holders list = { 0 };
	const struct holder *h;
	size_t skipped = 0;
	int rc;

	rc = store_holders(w->store, w->account->server, w->account->dirname,
	    &list, &skipped, err);
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		h = &list.v[i];
		if (strcmp(h->operation, "received") == 0 &&
		    config_peer(c, h->client) != NULL)
			rc = report_line(&w->cli->report, err, "it came from "
			    "'%s', and a pull from there may bring it again",
			    h->client);
	}
	holders_free(&list);
	return rc;
}

static int
say(const struct work *w, struct error *err)
{
	struct report *r = &w->cli->report;
	const struct account *a = w->account;

	if (report_line(r, err, "account %s of %s %s; the CA was not told, "
	    "and whoever else has its key can use it", a->dirname, a->server,
	    w->cli->dry_run ? "would be moved to the backups" :
	    "is in the backups now") == -1)
		return -1;
	if (w->backup != NULL && (report_member(r, "backup", w->backup,
	    err) == -1 || report_line(r, err, "put it back with 'acmeferry "
	    "restore %s'", w->backup) == -1))
		return -1;
	return say_givers(w, err);
}

/* None is there: fine where an earlier run moved it away. */
static int
say_gone(const struct work *w, struct error *err)
{
	struct report *r = &w->cli->report;
	const struct backup *b;
	struct backups list = { 0 };
	int rc = 1;

	if (backup_list(w->store, &list, err) == -1)
		return -1;
	for (size_t i = list.n; rc == 1 && i-- > 0;) {
		b = list.v[i];
		if (strcmp(b->reason, STORE_FORGOTTEN) != 0 ||
		    b->account == NULL || !str_starts(b->account, w->which) ||
		    (w->cli->server != NULL && (b->server == NULL ||
		    !server_same(b->server, w->cli->server))))
			continue;
		rc = report_line(r, err, "nothing to do: account %s is in "
		    "the backups already; put it back with 'acmeferry restore "
		    "%s'", b->account, b->id);
		if (rc == 0)
			rc = report_member(r, "backup", b->id, err);
	}
	backups_free(&list);
	if (rc == 1)
		return error_set(err, CODE_ACCOUNT, "'%s': no account in the "
		    "store matches%s%s; 'acmeferry list' shows them",
		    vis(w->which), w->cli->server != NULL ? " at " : "",
		    w->cli->server != NULL ? w->cli->server : "");
	return rc;
}

/* ---- the command -------------------------------------------------------- */

static int
record(const struct work *w, struct error *err)
{
	struct ledger_entry e = { .client = "local", .operation = "forgot",
		.server = w->account->server, .id = w->account->dirname,
		.result = "ok" };

	return store_ledger_add(w->store, &e, err);
}

static int
forget(struct work *w, struct error *err)
{
	struct cli *cli = w->cli;

	if (cli_find_account(cli, w->store, w->which, &w->accounts,
	    &w->account, err) == -1)
		return -1;
	if (w->account == NULL)
		return say_gone(w, err);
	if (cli_report_account(cli, w->account, "local", err) == -1 ||
	    check_unused(w, err) == -1)
		return -1;
	cli->report.changed = true;
	if (!cli->dry_run && (store_forget(w->store, w->account, &w->backup,
	    err) == -1 || record(w, err) == -1))
		return -1;
	return say(w, err);
}

int
cmd_forget(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct work w = { .cli = cli, .which = a->words.v[0] };
	int rc = -1;

	cli->report.brief = true;
	if (cli->account != NULL)
		return error_set(err, CODE_USAGE, "'--account': the account "
		    "is named without it: 'acmeferry forget %s'",
		    vis(cli->account));
	if (config_check_account(w.which, err) == -1)
		return error_wrap(err, "'%s'", vis(w.which));
	if (cli_store(cli, &w.store, err) == 0 &&
	    (cli->dry_run || store_lock(w.store, err) == 0)) {
		rc = forget(&w, err);
		if (!cli->dry_run)
			store_unlock(w.store);
	}
	accounts_free(&w.accounts);
	store_free(w.store);
	free(w.backup);
	return rc;
}
