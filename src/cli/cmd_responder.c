/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vis.h"
#include "issue/pick.h"
#include "issue/responder.h"

const struct cli_option responder_options[] = {
	{ "domain", 'd', "NAME", true, "of the account that serves these "
	    "names; dns: the records of these names; repeatable or "
	    "comma-separated" },
	{ "caa", 0, "DOMAIN", false, "dns: what the CA is called in CAA "
	    "records, where acmeferry does not know it" },
	{ .name = NULL }
};

struct work {
	struct cli *cli;
	const char *server, *word, *caa;
	enum responder_kind kind;
	struct strs domains;	/* -d */
	struct store *store;
	struct accounts accounts;
	struct lineages lineages;
	struct account_choice choice;
};

/* ---- names -------------------------------------------------------------- */

/* A certificate may also name addresses, which no record is for. */
static int
add_names(const struct strs *from, struct strs *to, struct error *err)
{
	struct error why;
	char *name;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < from->n; i++) {
		error_clear(&why);
		if (config_domain(from->v[i], &name, &why) == -1) {
			if (why.sys == ENOMEM)
				rc = error_nomem(err);
			continue;
		}
		if (!strs_has(to, name))
			rc = strs_add(to, name, err);
		free(name);
	}
	return rc;
}

/* What lineages and configured certificates use the account for. */
static int
names_of(const struct work *w, const struct account *a, struct strs *out,
    struct error *err)
{
	const struct config *c = w->cli->config;
	const struct account *theirs;
	struct error why;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->lineages.n; i++)
		if (lineage_uses(w->lineages.v[i], w->server, a->dirname))
			rc = add_names(&w->lineages.v[i]->domains, out, err);
	for (size_t i = 0; rc == 0 && i < c->ncerts; i++) {
		error_clear(&why);
		if (account_pick(&w->choice, NULL, &c->certs[i]->domains,
		    &theirs, &why) == 0 && theirs == a)
			rc = add_names(&c->certs[i]->domains, out, err);
	}
	return rc;
}

/* ---- one account -------------------------------------------------------- */

static int
put_row(struct report *r, const struct work *w, const struct account *a,
    const char *text, struct error *err)
{
	const char *cells[6];

	cells[0] = w->word;
	cells[1] = a->server;
	cells[2] = a->dirname;
	cells[3] = a->uri;
	cells[4] = a->key.thumbprint[0] != '\0' ? a->key.thumbprint : NULL;
	cells[5] = text;
	return report_table_row(r, cells, err);
}

static int
one(const struct work *w, const struct account *a, const struct strs *names,
    struct error *err)
{
	struct report *r = &w->cli->report;
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_CONFIG_FILE);
	rc = w->kind == RESPONDER_DNS ?
	    responder_dns(a, w->caa, names, &b, err) :
	    responder_web(w->kind, a, names, &b, err);
	if (rc == 0)
		rc = w->cli->json ? put_row(r, w, a, buf_str(&b), err) :
		    report_lines(r, buf_str(&b), err);
	buf_free(&b);
	return rc;
}

/* A server block answers for one account, so one has to be chosen. */
static int
chosen(const struct work *w, struct error *err)
{
	const struct account *a = NULL;
	struct strs names = { 0 };
	int rc;

	if (account_pick(&w->choice, w->cli->account, w->domains.n > 0 ?
	    &w->domains : NULL, &a, err) == -1)
		return -1;
	if (w->domains.n > 0)
		return one(w, a, &w->domains, err);
	rc = names_of(w, a, &names, err);
	if (rc == 0 && names.n == 0 && w->kind == RESPONDER_DNS)
		rc = error_set(err, CODE_USAGE, "'%s': no certificate here "
		    "uses this account, so its names are not known; give them "
		    "with -d", a->dirname);
	if (rc == 0)
		rc = one(w, a, &names, err);
	strs_free(&names);
	return rc;
}

/* ---- the command -------------------------------------------------------- */

/* Records of several accounts stand side by side. */
static int
each(const struct work *w, struct error *err)
{
	struct strs names = { 0 };
	size_t told = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->accounts.n; i++) {
		rc = names_of(w, w->accounts.v[i], &names, err);
		if (rc == 0 && names.n > 0) {
			rc = one(w, w->accounts.v[i], &names, err);
			told++;
		}
		strs_free(&names);
	}
	if (rc == 0 && told == 0)
		rc = error_set(err, CODE_USAGE, "'dns': no certificate here "
		    "uses an account of '%s', so the names are not known; give "
		    "them with -d", w->server);
	return rc;
}

static int
options(struct work *w, const struct cli_args *a, struct error *err)
{
	w->word = a->words.v[0];
	w->server = cli_server(w->cli);
	w->caa = args_value(a, "caa");
	if (responder_kind(w->word, &w->kind, err) == -1 ||
	    args_domains(a, &w->domains, err) == -1)
		return -1;
	if (w->kind != RESPONDER_DNS)
		return w->caa == NULL ? 0 : error_set(err, CODE_USAGE,
		    "'--caa': only 'responder dns' takes it");
	if (w->caa == NULL && (w->caa = responder_caa(w->server)) == NULL)
		return error_set(err, CODE_USAGE, "'%s': what this CA is "
		    "called in CAA records is not known here; it says so under "
		    "caaIdentities in the answer to this URL; pass it with "
		    "--caa", vis(w->server));
	return 0;
}

/* --caa goes into records. */
static int
check_caa(const struct work *w, char **out, struct error *err)
{
	if (w->caa == NULL)
		return 0;
	if (config_domain(w->caa, out, err) == -1)
		return error_wrap(err, "'--caa'");
	return 0;
}

static int
work(struct work *w, struct error *err)
{
	static const char *const columns[] = { "kind", "server", "account",
		"uri", "thumbprint", "configuration" };

	if (cli_store(w->cli, &w->store, err) == -1 ||
	    store_accounts(w->store, w->server, 0, &w->accounts, err) == -1 ||
	    store_lineages(w->store, true, &w->lineages, err) == -1)
		return -1;
	w->choice = (struct account_choice){ w->server, &w->accounts,
		&w->lineages, w->cli->config, w->store, NULL };
	if (w->cli->json && report_table_begin(&w->cli->report, "responder",
	    columns, sizeof(columns) / sizeof(columns[0]), err) == -1)
		return -1;
	if (w->kind == RESPONDER_DNS && w->cli->account == NULL &&
	    w->domains.n == 0 && w->accounts.n > 1)
		return each(w, err);
	return chosen(w, err);
}

int
cmd_responder(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct work w = { .cli = cli };
	char *caa = NULL;
	int rc = -1;

	if (options(&w, a, err) == 0 && check_caa(&w, &caa, err) == 0) {
		w.caa = caa;
		rc = work(&w, err);
	}
	accounts_free(&w.accounts);
	lineages_free(&w.lineages);
	store_free(w.store);
	strs_free(&w.domains);
	free(caa);
	return rc;
}
