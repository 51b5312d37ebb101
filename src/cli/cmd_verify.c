/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "cli/report_issue.h"
#include "issue/pick.h"
#include "issue/verify.h"
#include "store/server.h"

const struct cli_option verify_options[] = {
	CLI_OPTION_DOMAIN,
	{ "lineages", 0, NULL, false,
	    "the names of every lineage in the store" },
	{ "no-order", 0, NULL, false,
	    "never order: names that nothing is remembered of are unknown "
	    "(exit 6)" },
	{ "max-age", 0, "T", false,
	    "accept remembered answers younger than this, e.g. 10m" },
	{ "fix", 0, NULL, false,
	    "write the account URL that the CA returns where another is "
	    "stored" },
	{ .name = NULL }
};

struct work {
	struct cli *cli;
	const char *server;
	struct store *store;
	struct accounts accounts;
	struct lineages lineages;
	struct account_choice choice;
	struct verify verify;
	struct error err;	/* of a set that could not even be asked */
};

/* ---- which names -------------------------------------------------------- */

/* No account stands for these names: that is their result, and the others are
 * asked all the same. */
static int
not_asked(struct work *w, const struct strs *names, const struct error *why,
    struct error *err)
{
	struct verify_name n;

	if (w->err.code == CODE_OK ||
	    code_worse(w->err.code, why->code) != w->err.code)
		w->err = *why;
	for (size_t i = 0; i < names->n; i++) {
		n = (struct verify_name){ .name = names->v[i],
			.status = AUTHZ_UNKNOWN, .result = why->code,
			.error = (char *)(uintptr_t)why->msg };
		if (cli_report_name(w->cli, &n, err) == -1)
			return -1;
	}
	return 0;
}

/* account NULL: as account_pick() says. */
static int
add_set(struct work *w, const struct strs *names, const char *account,
    const char *profile, struct error *err)
{
	const char *which = w->cli->account != NULL ? w->cli->account :
	    account;
	const struct account *a = NULL;
	struct error why;

	error_clear(&why);
	if (account_pick(&w->choice, which, names, &a, &why) == -1)
		return not_asked(w, names, &why, err);
	return verify_add_set(&w->verify, a, names, profile, err);
}

static int
add_configured(struct work *w, const struct config_cert *c,
    struct error *err)
{
	return add_set(w, &c->domains, NULL, c->profile, err);
}

/* Names of -d: a configured one in its certificate's set, the rest in one of
 * their own. */
static int
add_domains(struct work *w, const struct strs *domains, struct error *err)
{
	const struct config *c = w->cli->config;
	const struct config_cert *cert;
	struct strs rest = { 0 }, one = { 0 };
	bool *seen = NULL;
	size_t k;
	int r = -1;

	if ((seen = calloc(c->ncerts + 1, sizeof(*seen))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < domains->n; i++) {
		one.v = &domains->v[i];
		one.n = 1;
		if ((cert = config_cert_for(c, &one)) == NULL) {
			if (strs_add(&rest, domains->v[i], err) == -1)
				goto out;
			continue;
		}
		for (k = 0; k < c->ncerts && c->certs[k] != cert; k++)
			;
		if (!seen[k] && add_configured(w, cert, err) == -1)
			goto out;
		seen[k] = true;
	}
	if (rest.n > 0 && add_set(w, &rest, NULL, NULL, err) == -1)
		goto out;
	r = 0;
out:
	strs_free(&rest);
	free(seen);
	return r;
}

static int
add_lineages(struct work *w, struct error *err)
{
	const struct config_cert *c;
	const struct lineage *l;

	for (size_t i = 0; i < w->lineages.n; i++) {
		l = w->lineages.v[i];
		if (l->server == NULL || !server_same(l->server, w->server))
			continue;
		if (l->domains.n == 0) {
			log_warn("'%s': passed over: %s", l->name,
			    l->problem[0] != '\0' ? l->problem :
			    "it names no domain");
			continue;
		}
		c = config_cert(w->cli->config, l->name);
		if (add_set(w, &l->domains, l->account,
		    c == NULL ? NULL : c->profile, err) == -1)
			return -1;
	}
	return 0;
}

/* Neither -d nor --lineages: the accounts, and the configured names, which
 * belong to acme.server. */
static int
add_all(struct work *w, struct error *err)
{
	const char *which = w->cli->account;
	const struct config *c = w->cli->config;
	const struct account *one = NULL;
	struct account *a;

	/* a whole id or a URL may have a second copy, a prefix means one */
	if (which != NULL && cli_is_prefix(which) &&
	    account_pick(&w->choice, which, NULL, &one, err) == -1)
		return -1;
	for (size_t i = 0; i < w->accounts.n; i++) {
		a = w->accounts.v[i];
		if (w->cli->account != NULL &&
		    !account_matches(a, w->cli->account))
			continue;
		if (verify_add_account(&w->verify, a, NULL, err) == -1)
			return -1;
	}
	if (w->cli->account != NULL && w->verify.naccounts == 0)
		return error_set(err, CODE_ACCOUNT, "'%s': no account of '%s' "
		    "in the store matches; 'acmeferry list' shows them",
		    w->cli->account, w->server);
	if (!server_same(w->server, c->server))
		return 0;
	/* of one that a peer issues the peer knows */
	for (size_t i = 0; i < c->ncerts; i++)
		if (c->certs[i]->issuer != ISSUER_PEER &&
		    add_configured(w, c->certs[i], err) == -1)
			return -1;
	return 0;
}

/* ---- the report --------------------------------------------------------- */

static int
replace(char **dst, const char *src, struct error *err)
{
	free(*dst);
	*dst = NULL;
	return str_dup(dst, src, err);
}

static int
report_asked(struct cli *cli, const struct verify_account *va,
    struct error *err)
{
	struct report_account *row;

	if (cli_report_account(cli, va->account, "local", err) == -1)
		return -1;
	row = &cli->report.accounts[cli->report.naccounts - 1];
	row->result = va->result;
	if (!va->broken && replace(&row->state, account_state_text(va->state),
	    err) == -1)
		return -1;
	if (va->fixed && (replace(&row->uri, va->location, err) == -1 ||
	    replace(&row->problem, NULL, err) == -1))
		return -1;
	return replace(&row->error, va->error, err);
}

static int
report_all(struct cli *cli, const struct verify *v, struct error *err)
{
	for (size_t i = 0; i < v->naccounts; i++)
		if (report_asked(cli, &v->accounts[i], err) == -1)
			return -1;
	for (size_t i = 0; i < v->nsets; i++)
		for (size_t k = 0; k < v->sets[i].nnames; k++)
			if (cli_report_name(cli, &v->sets[i].names[k],
			    err) == -1)
				return -1;
	cli->report.changed = v->changed;
	return 0;
}

/* ---- the command -------------------------------------------------------- */

static int
options(struct work *w, const struct cli_args *a, struct error *err)
{
	const char *age = args_value(a, "max-age");
	struct verify *v = &w->verify;

	verify_init(v, w->store, w->cli->config, w->server);
	v->order = args_has(a, "no-order") ? VERIFY_ORDER_NEVER :
	    VERIFY_ORDER_UNKNOWN;
	v->fix = args_has(a, "fix");
	v->dry_run = w->cli->dry_run;
	v->max_wait = w->cli->max_wait;
	if (age != NULL && num_duration(age, "--max-age", &v->max_age,
	    err) == -1)
		return -1;
	return 0;
}

static int
choose(struct work *w, const struct cli_args *a, const struct strs *domains,
    struct error *err)
{
	w->choice = (struct account_choice){ w->server, &w->accounts,
		&w->lineages, w->cli->config, w->store, NULL };
	if (domains->n > 0 && add_domains(w, domains, err) == -1)
		return -1;
	if (args_has(a, "lineages") && add_lineages(w, err) == -1)
		return -1;
	if (domains->n == 0 && !args_has(a, "lineages"))
		return add_all(w, err);
	return 0;
}

static int
work(struct work *w, const struct cli_args *a, const struct strs *domains,
    struct error *err)
{
	struct verify *v = &w->verify;

	if (cli_store(w->cli, &w->store, err) == -1 ||
	    options(w, a, err) == -1 ||
	    store_accounts(w->store, w->server, 0, &w->accounts, err) == -1 ||
	    store_lineages(w->store, true, &w->lineages, err) == -1 ||
	    choose(w, a, domains, err) == -1)
		return -1;
	/* else what stood against asking is told */
	if (v->naccounts == 0 && w->err.code == CODE_OK)
		log_step("'%s': no %s of it in '%s', nothing to ask",
		    w->server, args_has(a, "lineages") ? "lineages" :
		    "accounts", store_config_dir(w->store));
	if (verify_run(v, err) == -1 ||
	    report_all(w->cli, v, err) == -1)
		return -1;
	if (v->result != CODE_OK)
		*err = v->err;
	if (w->err.code != CODE_OK && (v->result == CODE_OK ||
	    code_worse(v->result, w->err.code) != v->result))
		*err = w->err;
	return v->result == CODE_OK && w->err.code == CODE_OK ? 0 : -1;
}

int
cmd_verify(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct work w = { .cli = cli, .server = cli_server(cli) };
	struct strs domains = { 0 };
	int r = -1;

	error_clear(&w.err);
	cli->report.has_accounts = true;
	cli->report.has_names = true;
	if (args_domains(a, &domains, err) == 0)
		r = work(&w, a, &domains, err);
	verify_free(&w.verify);
	accounts_free(&w.accounts);
	lineages_free(&w.lineages);
	store_free(w.store);
	strs_free(&domains);
	return r;
}
