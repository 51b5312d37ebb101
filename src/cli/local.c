/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/vis.h"

/* The local store, and how its accounts are reported. */

enum {
	LOCK_TIMEOUT = 30,	/* seconds, where it is "auto" ... */
	LOCK_CRON = 15 * 60,	/* ... and cron runs us */
	ID_DIGITS = 32,
	LIST_MAX = 1500		/* bytes of a list in a message */
};

int64_t
cli_lock_timeout(const struct cli *cli)
{
	return cli->config->lock_timeout == CONFIG_AUTO ? LOCK_TIMEOUT :
	    cli->config->lock_timeout;
}

int
cli_store(struct cli *cli, struct store **out, struct error *err)
{
	const struct config *c = cli->config;
	struct store_options opts = { .config_dir = c->certbot_config_dir,
	    .state_dir = c->state_dir,
	    .lock_timeout = 1000 * cli_lock_timeout(cli) };

	return store_open(&opts, out, err);
}

void
cli_lock_patiently(struct cli *cli)
{
	if (cli->config->lock_timeout == CONFIG_AUTO && !cli->terminal)
		cli->config->lock_timeout = LOCK_CRON;
}

struct selected {
	const struct cli *cli;
	size_t skip;		/* of a path: up to accounts/ */
	struct strs *paths, ids;
};

static int
select_one(void *arg, struct account **a, struct error *err)
{
	struct selected *l = arg;

	if (!account_matches(*a, l->cli->account))
		return 0;
	if (!strs_has(&l->ids, (*a)->dirname) &&
	    strs_add(&l->ids, (*a)->dirname, err) == -1)
		return -1;
	return strs_add(l->paths, (*a)->path + l->skip, err);
}

bool
cli_is_prefix(const char *which)
{
	return strlen(which) < ID_DIGITS && strchr(which, '/') == NULL;
}

int
cli_selected(struct cli *cli, struct store *s, struct strs *out,
    struct error *err)
{
	struct selected l = { .cli = cli, .paths = out,
	    .skip = strlen(store_config_dir(s)) + strlen("/accounts/") };
	char *ids = NULL;
	int rc;

	rc = store_each(s, cli->server, 0, select_one, &l, err);
	/* one account may have several directories, a prefix names one */
	if (rc == 0 && l.ids.n > 1 && cli_is_prefix(cli->account)) {
		if ((ids = strs_join(&l.ids, ", ")) == NULL)
			rc = error_nomem(err);
		else
			rc = error_set(err, CODE_STORE, "'--account': '%s' "
			    "begins %zu ids (%s), want more digits",
			    vis(cli->account), l.ids.n, vis(ids));
	}
	free(ids);
	strs_free(&l.ids);
	return rc;
}

/* ---- one account -------------------------------------------------------- */

/* One directory that is reached by two names is one account. */
static bool
same_dir(const struct account *a, const struct account *b)
{
	struct stat x, y;

	return stat(a->path, &x) == 0 && stat(b->path, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool
is_meant(const struct account *a, const char *which)
{
	return a != NULL && (which == NULL || account_matches(a, which));
}

static int
ambiguous(const struct accounts *l, const char *which, struct error *err)
{
	const struct account *a;
	const char *sep = "";
	struct buf b;

	buf_init(&b, 2 * LIST_MAX);
	for (size_t i = 0; i < l->n && b.len < LIST_MAX; i++) {
		a = l->v[i];
		if (!is_meant(a, which))
			continue;
		buf_addf(&b, "%s%s of %s", sep, vis(a->dirname),
		    vis(a->server));
		sep = ", ";
	}
	if (which != NULL)
		error_set(err, CODE_STORE, "'%s': names several accounts: %s; "
		    "choose one with more digits or --server", vis(which),
		    buf_str(&b));
	else
		error_set(err, CODE_STORE, "there are several accounts: %s; "
		    "choose one with --account or --server", buf_str(&b));
	buf_free(&b);
	return -1;
}

int
cli_find_account(struct cli *cli, struct store *s, const char *which,
    struct accounts *all, const struct account **out, struct error *err)
{
	const struct account *a;

	*out = NULL;
	if (store_accounts(s, cli->server, 0, all, err) == -1)
		return -1;
	for (size_t i = 0; i < all->n; i++) {
		a = all->v[i];
		if (!is_meant(a, which))
			continue;
		if (*out != NULL && !same_dir(*out, a))
			return ambiguous(all, which, err);
		*out = a;
	}
	return 0;
}

/* In UTC as every time of ours, whatever zone meta.json has it in. */
static int
report_created(struct report_account *row, const char *created,
    struct error *err)
{
	char text[TIME_TEXT];
	struct error ignored;
	int64_t t;

	if (created != NULL && time_parse(created, &t, &ignored) == 0 && t > 0)
		created = time_text(t, text, sizeof(text));
	return str_dup(&row->created, created, err);
}

int
cli_report_account(struct cli *cli, const struct account *a,
    const char *origin, struct error *err)
{
	struct report_account *row = report_account(&cli->report);

	cli->report.has_accounts = true;
	if (row == NULL)
		return error_nomem(err);
	if (str_dup(&row->server, a->server, err) == -1 ||
	    str_dup(&row->id, a->dirname, err) == -1 ||
	    str_dup(&row->uri, a->uri, err) == -1 ||
	    report_created(row, a->created, err) == -1 ||
	    str_dup(&row->host, a->host, err) == -1 ||
	    str_dup(&row->origin, origin, err) == -1 ||
	    str_dup(&row->state, a->broken ? "broken" : "ok", err) == -1)
		return -1;
	if (a->key.name[0] != '\0' &&
	    str_dup(&row->key, a->key.name, err) == -1)
		return -1;
	return a->broken ? str_dup(&row->problem, a->problem, err) : 0;
}
