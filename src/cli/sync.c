/* SPDX-License-Identifier: ISC */
#include "cli/sync.h"

#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "cli/key.h"
#include "cli/report_sync.h"

int
cli_sync_options(struct cli *cli, const struct cli_args *a,
    struct sync_options *out, struct error *err)
{
	const char *prefer = args_value(a, "prefer");

	memset(out, 0, sizeof(*out));
	out->server = cli->server;
	out->account = cli->account;
	out->all = args_has(a, "all");
	out->verbatim = args_has(a, "verbatim");
	out->accept_rollback = args_has(a, "accept-rollback");
	out->dry_run = cli->dry_run;
	out->terminal = cli->terminal && !cli->quiet;
	out->max_wait = cli->max_wait;
	if (prefer == NULL)
		return 0;
	if (strcmp(prefer, "source") == 0)
		out->prefer = PREFER_SOURCE;
	else if (strcmp(prefer, "destination") == 0)
		out->prefer = PREFER_DESTINATION;
	else
		return error_set(err, CODE_USAGE, "'--prefer': found '%s', "
		    "want source or destination", vis(prefer));
	return 0;
}

/* The account as it is in the store now; one that is not there has no row. */
static int
row(struct cli *cli, struct store *s, const struct verdict_ref *v,
    const char *origin, struct error *err)
{
	struct account *a = NULL;
	int rc;

	if (v->verdict == VERDICT_REFUSED)
		return 0;
	if (store_account(s, v->server, v->id, 0, &a, err) == -1)
		return -1;
	rc = a == NULL ? 0 : cli_report_account(cli, a, origin, err);
	account_free(a);
	return rc;
}

int
cli_sync_rows(struct cli *cli, struct store *s, const struct sync_result *r,
    const char *origin, struct error *err)
{
	cli->report.has_accounts = true;
	for (size_t i = 0; cli->json && i < r->refs.n; i++)
		if (row(cli, s, &r->refs.v[i], origin, err) == -1)
			return -1;
	for (size_t i = 0; i < r->notes.n; i++)
		if (report_line(&cli->report, err, "%s", r->notes.v[i]) == -1)
			return -1;
	return 0;
}

int
cli_sync_told(struct cli *cli, struct store *s, const char *peer,
    const char *origin, const struct sync_result *r, const struct error *why,
    struct error *err)
{
	struct error first;
	int rc = why != NULL ? -1 : 0;

	error_clear(&first);
	if (why != NULL)
		first = *why;
	else if (r->code != CODE_OK)
		rc = sync_result_error(r, peer, &first);
	if (cli_report_sync(cli, peer, r, rc == -1 ? &first : NULL, err) ==
	    -1 || cli_sync_rows(cli, s, r, origin, err) == -1)
		return -1;
	if (rc == -1)
		*err = first;
	return rc;
}

int
cli_sync_peer(struct cli *cli, const struct config_peer *peer,
    const struct sync_options *opts, cli_sync_fn *work, const char *origin,
    struct error *err)
{
	struct sync_result result = { .code = CODE_OK };
	struct store *s = NULL;
	struct error why;
	int rc;

	if (cli_store(cli, &s, err) == -1)
		return -1;
	error_clear(&why);
	rc = work(s, cli->config, peer, opts, &result, &why);
	rc = cli_sync_told(cli, s, peer->name, origin != NULL ? origin :
	    peer->name, &result, rc == -1 ? &why : NULL, err);
	sync_result_free(&result);
	store_free(s);
	return rc;
}

int
cli_sync(struct cli *cli, const struct cli_args *a, cli_sync_fn *work,
    const char *origin, struct error *err)
{
	struct config_peer *peer = NULL;
	struct sync_options opts;
	int rc = -1;

	if (cli_peer(cli, a, a->words.v[0], &peer, err) == 0 &&
	    cli_sync_options(cli, a, &opts, err) == 0)
		rc = cli_sync_peer(cli, peer, &opts, work, origin, err);
	config_peer_free(peer);
	return rc;
}

int
cli_bundle_peer(const struct cli_args *a, const char *file, bool write,
    struct config_peer **out, struct error *err)
{
	bool stream = strcmp(file, "-") == 0;
	const char *option = write ? "recipient" : "sender";
	struct strs certs = { 0 }, *list;
	struct config_peer *p = NULL;
	char *path = NULL, *name = NULL;
	int rc = -1;

	if (cli_file_name(file, write ? "standard output" : "standard input",
	    &name, err) == -1 ||
	    args_values(a, option, false, &certs, err) == -1 ||
	    config_peer_new(name, NULL, &p, err) == -1)
		goto out;
	p->adhoc = true;
	free(p->url);
	p->url = NULL;
	if (str_dup(&p->url, stream ? "-" : name, err) == -1)
		goto out;
	list = write ? &p->recipients : &p->senders;
	rc = 0;
	for (size_t i = 0; i < certs.n && rc == 0; i++) {
		rc = config_absolute(certs.v[i], &path, err);
		if (rc == -1)
			(void)error_wrap(err, "'--%s'", option);
		else
			rc = strs_add(list, path, err);
		free(path);
		path = NULL;
	}
out:
	free(name);
	strs_free(&certs);
	if (rc == 0)
		*out = p;
	else
		config_peer_free(p);
	return rc;
}
