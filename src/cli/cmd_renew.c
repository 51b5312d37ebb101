/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "acme/memory.h"
#include "base/log.h"
#include "base/vis.h"
#include "cli/quiet.h"
#include "cli/report_sync.h"
#include "cli/sync_all.h"
#include "issue/renew.h"

const struct cli_option renew_options[] = {
	{ "now", 0, NULL, false, "renew these though not due, by every way, "
	    "and say what to do next" },
	{ "lineages", 0, NULL, false, "certbot's lineages too, whose account "
	    "came through acmeferry" },
	{ .name = NULL }
};

/* ---- the report --------------------------------------------------------- */

static int
add_name(struct cli *cli, const struct renew *r, const struct renew_cert *c,
    const char *name, struct error *err)
{
	struct report_name *row = report_name(&cli->report);
	const struct memory_authz *z;
	int64_t until;

	if (row == NULL)
		return error_nomem(err);
	z = renew_name(r, c, name, &until);
	if (str_dup(&row->name, name, err) == -1 ||
	    str_dup(&row->status, authz_status_text(z == NULL ?
	    AUTHZ_UNKNOWN : z->status), err) == -1)
		return -1;
	if (z == NULL)
		return 0;
	row->expires = z->expires;
	row->usable_until = until;
	return strs_copy(&row->challenges, &z->challenges, err);
}

static int
add_certificate(struct cli *cli, const struct renew_cert *c,
    struct error *err)
{
	struct report_certificate *row = report_certificate(&cli->report);
	const char *decision = c->decided ? decide_text(c->decide.what) :
	    NULL;

	if (row == NULL)
		return error_nomem(err);
	row->not_before = c->planned ? c->issue.not_before : 0;
	row->not_after = c->planned ? c->issue.not_after : 0;
	row->next = c->next;
	row->deploy_pending = c->deploy_pending;
	row->result = c->result;
	row->held = c->held;
	if (str_dup(&row->name, c->name, err) == -1 ||
	    str_dup(&row->served, c->served, err) == -1 ||
	    str_dup(&row->decision, decision, err) == -1 ||
	    (c->decided && str_dup(&row->reason, c->decide.reason, err)
	    == -1) || (c->result != CODE_OK &&
	    str_dup(&row->error, c->err.msg, err) == -1))
		return -1;
	return strs_copy(&row->domains, &c->domains, err);
}

/* Each account that a certificate uses, once. */
static int
add_account(struct cli *cli, const struct renew_cert *c, struct error *err)
{
	struct report *r = &cli->report;

	if (!c->planned || c->issue.account == NULL)
		return 0;
	for (size_t i = 0; i < r->naccounts; i++)
		if (strcmp(r->accounts[i].id, c->account) == 0 &&
		    strcmp(r->accounts[i].server, c->issue.account->server)
		    == 0)
			return 0;
	return cli_report_account(cli, c->issue.account, c->peers.n > 0 ?
	    c->peers.v[0] : "local", err);
}

/* With --now: each way with what came of it, and what to type next. */
static int
say_tried(struct cli *cli, const struct renew *r,
    const struct renew_cert *c, struct error *err)
{
	char *next = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->tried.n; i++)
		rc = report_line(&cli->report, err, "%s: tried: %s",
		    vis(c->name), c->tried.v[i]);
	if (rc == -1 || c->result == CODE_OK)
		return rc;
	if (renew_advice(r, c, &next, err) == -1)
		return -1;
	rc = report_line(&cli->report, err, "%s: next: %s", vis(c->name),
	    next);
	free(next);
	return rc;
}

static int
add_rows(struct cli *cli, const struct renew *r, struct error *err)
{
	const struct renew_cert *c;

	for (size_t i = 0; i < r->npeers; i++) {
		if (cli_report_sync(cli, r->peers[i].peer->name,
		    &r->peers[i].result, r->peers[i].err.code != CODE_OK ?
		    &r->peers[i].err : NULL, err) == -1)
			return -1;
		cli->report.peers[i].held = r->peers[i].held;
	}
	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		for (size_t k = 0; cli->json && k < c->domains.n; k++)
			if (add_name(cli, r, c, c->domains.v[k], err) == -1)
				return -1;
		if (add_certificate(cli, c, err) == -1 || (cli->json &&
		    add_account(cli, c, err) == -1) ||
		    say_tried(cli, r, c, err) == -1)
			return -1;
	}
	cli->report.changed = cli->report.changed || r->changed;
	return 0;
}

/* ---- the failure of the whole ------------------------------------------- */

/* A `retry` that has not lasted long is no news; --now wants to know. */
static void
hold(struct cli *cli, struct renew *r, bool now)
{
	struct renew_peer *p;
	struct renew_cert *c;

	for (size_t i = 0; i < r->npeers && !now; i++) {
		p = &r->peers[i];
		p->held = quiet_hold_row(cli, "renew", "peer",
		    p->peer->name, p->err.code);
	}
	for (size_t i = 0; i < r->ncerts && !now; i++) {
		c = &r->certs[i];
		c->held = quiet_hold_row(cli, "renew", "certificate",
		    c->name, c->result);
	}
}

static void
count(struct report *report, struct error *worst, const struct error *e,
    bool held)
{
	if (e->code == CODE_OK)
		return;
	report->held = report->held && held;
	if (worst->code == CODE_OK ||
	    code_worse(worst->code, e->code) != worst->code)
		*worst = *e;
}

/* The worst of all, certificates first; *held: nothing of it is said yet. */
static int
failure(struct cli *cli, const struct renew *r, struct error *err)
{
	struct report *report = &cli->report;
	struct error worst;

	error_clear(&worst);
	report->held = true;
	/* what is said goes before what is held */
	for (int held = 0; held < 2; held++) {
		for (size_t i = 0; i < r->ncerts; i++)
			if (r->certs[i].held == (held != 0))
				count(report, &worst, &r->certs[i].err,
				    held != 0);
		for (size_t i = 0; i < r->npeers; i++)
			if (r->peers[i].held == (held != 0))
				count(report, &worst, &r->peers[i].err,
				    held != 0);
	}
	report->held = report->held && worst.code != CODE_OK;
	if (worst.code == CODE_OK)
		return 0;
	*err = worst;
	return -1;
}

/* ---- the command -------------------------------------------------------- */

static int
options(struct cli *cli, const struct cli_args *a, struct renew_options *o,
    struct error *err)
{
	memset(o, 0, sizeof(*o));
	o->names = &a->words;
	o->lineages = args_has(a, "lineages");
	o->now = args_has(a, "now");
	o->dry_run = cli->dry_run;
	o->brief = cli->quiet && !cli->json;
	o->server = cli->server;
	o->max_wait = cli->max_wait;
	o->terminal = cli->terminal && !cli->quiet;
	o->self = cli->self;
	o->self_options = &cli->self_options;
	if (o->now && a->words.n == 0)
		return error_set(err, CODE_USAGE, "'--now': needs the names "
		    "of certificates, such as 'acmeferry renew app.example.com "
		    "--now'");
	cli_lock_patiently(cli);
	return 0;
}

int
cmd_renew(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct renew_options opts;
	struct store *store = NULL;
	struct renew r;
	int rc = -1;

	if (options(cli, a, &opts, err) == -1 ||
	    cli_store(cli, &store, err) == -1)
		return -1;
	renew_init(&r, store, cli->config, &opts);
	rc = renew_run(&r, err);
	if (rc == 0 && r.ncerts == 0 && !r.busy)
		log_step("'%s': there are no certificates to renew; "
		    "'acmeferry migrate' sets one up%s", vis(cli->config->path),
		    opts.lineages ? "" : ", and --lineages takes certbot's");
	if (rc == 0) {
		hold(cli, &r, opts.now);
		rc = add_rows(cli, &r, err);
	}
	if (rc == 0)
		rc = failure(cli, &r, err);
	if (!cli->dry_run && !r.busy)
		rc = cli_sync_owed(cli, store, false, rc, err);
	renew_free(&r);
	store_free(store);
	return rc;
}
