/* SPDX-License-Identifier: ISC */
#include "cli/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/vis.h"
#include "cli/report_issue.h"
#include "cli/report_sync.h"
#include "issue/prove.h"
#include "store/check.h"
#include "store/server.h"

void
migrate_init(struct migrate *m, struct cli *cli)
{
	memset(m, 0, sizeof(*m));
	m->cli = cli;
	cli->report.has_accounts = true;
	cli->report.has_peers = true;
	cli->report.has_names = true;
	cli->report.has_certificates = true;
	cli->report.brief = true;
}

void
migrate_free(struct migrate *m)
{
	if (m->planned)
		issue_free(&m->issue);
	if (m->has_pulled)
		sync_result_free(&m->pulled);
	config_peer_free(m->peer);
	config_cert_free(m->cert);
	strs_free(&m->domains);
	free(m->account);
	store_free(m->store);
}

static const char *
server_of(const struct migrate *m)
{
	return m->cli->server != NULL ? m->cli->server :
	    m->cli->config->server;
}

static void
count_change(struct migrate *m, bool changed)
{
	if (changed)
		m->cli->report.changed = true;
}

/* ---- pull ------------------------------------------------------------- */

/* The account that the peer itself uses for the name, else the one that
 * serves it here now. */
static int
find_account(struct migrate *m, struct error *err)
{
	const char *server = server_of(m);
	const struct hint *h = hints_for_name(&m->pulled.hints, server,
	    m->domains.v[0]);
	struct accounts list = {0};
	int rc = -1;

	if (store_accounts(m->store, server, 0, &list, err) == -1)
		goto out;
	for (size_t i = 0; m->cli->account == NULL && h != NULL &&
	    h->uri != NULL && m->account == NULL && i < list.n; i++)
		if (list.v[i]->uri != NULL && !list.v[i]->broken &&
		    account_uri_same(list.v[i]->uri, h->uri) &&
		    str_dup(&m->account, list.v[i]->dirname, err) == -1)
			goto out;
	if (m->account == NULL && m->pulled.nnames > 0 &&
	    str_dup(&m->account, m->pulled.names[0].id, err) == -1)
		goto out;
	for (size_t i = 0; m->account != NULL && i < list.n; i++)
		if (strcmp(list.v[i]->dirname, m->account) == 0)
			m->here = true;
	rc = 0;
out:
	accounts_free(&list);
	return rc;
}

static void
say_pulled(const struct migrate *m)
{
	const struct sync_result *r = &m->pulled;

	for (size_t i = 0; i < r->refs.n; i++) {
		const struct verdict_ref *ref = &r->refs.v[i];

		if (ref->verdict == VERDICT_REFUSED)
			log_verbose("pull: account %s of %s was refused: %s",
			    vis(ref->id), vis(ref->server), ref->reason ==
			    NULL ? "" : vis(ref->reason));
		else
			log_step("pull: account %s from '%s' %s%s",
			    vis(ref->id), m->peer->name,
			    ref->verdict == VERDICT_UNCHANGED ?
			    "is already here" : m->cli->dry_run ?
			    "would be " : "was ", ref->verdict ==
			    VERDICT_UNCHANGED ? "" :
			    verdict_names[ref->verdict]);
	}
	for (size_t i = 0; i < r->notes.n; i++)
		log_step("pull: %s", r->notes.v[i]);
}

int
migrate_pull(struct migrate *m, struct error *err)
{
	const struct verdict_ref *ref;

	log_progress("pulling from '%s'", m->peer->name);
	m->has_pulled = true;
	memset(&m->pulled, 0, sizeof(m->pulled));
	if (sync_pull(m->store, m->cli->config, m->peer, &m->sync,
	    &m->pulled, err) == -1)
		return -1;
	count_change(m, m->pulled.changed);
	if (find_account(m, err) == -1)
		return -1;
	/* what was refused on its own does not stop another account */
	for (size_t i = 0; i < m->pulled.refs.n; i++) {
		ref = &m->pulled.refs.v[i];
		if (ref->code != CODE_OK && (m->account == NULL ||
		    (ref->id != NULL && strcmp(ref->id, m->account) == 0)))
			return error_set(err, ref->code, "'%s': account %s: "
			    "%s", m->peer->name, vis(ref->id),
			    ref->reason == NULL ? "was refused" :
			    ref->reason);
	}
	if (m->account == NULL)
		return error_set(err, CODE_STORE, "'%s': gave no account for "
		    "%s", m->peer->name, vis(m->domains.v[0]));
	say_pulled(m);
	if (!m->here) {
		if (!m->cli->dry_run)
			return error_set(err, CODE_STORE, "'%s': the account "
			    "%s did not come into the store", m->peer->name,
			    vis(m->account));
		log_step("check: would look at the store with this account");
		log_step("verify: would ask %s about it and the names",
		    server_of(m));
		log_step("issue: would have the certificate issued");
	}
	return 0;
}

/* ---- check ------------------------------------------------------------ */

/* Below the directory that a file of the lineage is in? */
static bool
beside(const char *path, const char *file)
{
	const char *slash = file == NULL ? NULL : strrchr(file, '/');

	return slash != NULL && strncmp(path, file, (size_t)(slash - file)) ==
	    0;
}

/* Does a finding concern what we are about to use? */
static bool
concerns(const struct issue *is, const struct finding *f)
{
	const struct lineage *l = is->lineage;
	const struct account *a = is->account;

	if (f->path == NULL || str_ends(f->path, "/cli.ini") ||
	    (a->path != NULL && str_starts(f->path, a->path)))
		return true;
	if (l == NULL)
		return false;
	/* a wrong account is what adopting mends */
	return beside(f->path, l->cert) || (!is->set_account &&
	    strcmp(f->path, l->conf) == 0);
}

int
migrate_check(struct migrate *m, struct error *err)
{
	struct findings found = {0};
	const struct finding *f;
	size_t others = 0;
	int rc = -1;

	m->opts.account = m->account;
	m->opts.hints = &m->pulled.hints;
	m->planned = true;
	issue_init(&m->issue, m->store, m->cli->config, &m->opts);
	if (issue_plan(&m->issue, err) == -1 ||
	    store_check(m->store, false, &found, err) == -1)
		goto out;
	for (size_t i = 0; i < found.n; i++) {
		f = &found.v[i];
		if (f->severity == SEVERITY_ERROR && concerns(&m->issue, f)) {
			error_set(err, CODE_STORE, "check: %s: %s; see "
			    "'acmeferry check'", f->code, f->message);
			goto out;
		}
		/* the last step says more of that */
		if (strcmp(f->code, "renewal-unattended") == 0)
			continue;
		log_step("check: %s %s: %s", f->severity == SEVERITY_ERROR ?
		    "error" : "warning", f->code, f->message);
		others++;
	}
	log_step(others == 0 ? "check: the store is in order" :
	    "check: nothing that stops this certificate");
	rc = 0;
out:
	findings_free(&found);
	return rc;
}

/* ---- verify, issue ---------------------------------------------------- */

static void
say_names(const struct issue *is)
{
	const struct verify_set *set = &is->verify.sets[0];
	char until[TIME_TEXT];

	for (size_t i = 0; i < set->nnames; i++) {
		if (!set->names[i].usable)
			continue;
		(void)time_text(set->names[i].usable_until, until,
		    sizeof(until));
		log_step("verify: '%s' is authorised%s%s",
		    set->names[i].name, until[0] != '\0' ?
		    ", usable until " : "", until);
	}
}

int
migrate_verify(struct migrate *m, struct error *err)
{
	struct issue *is = &m->issue;

	log_progress("asking %s", is->server);
	if (issue_verify(is, err) == -1)
		return -1;
	if (is->resumed)
		log_step("verify: an interrupted issuance goes on");
	else
		log_step("verify: account %s is valid",
		    is->account->uri == NULL ? is->account->dirname :
		    vis(is->account->uri));
	if (is->decision == ISSUE_NOTHING || is->verify.nsets == 0)
		return 0;
	say_names(is);
	return 0;
}

int
migrate_prove(struct migrate *m, struct error *err)
{
	if (m->issue.decision == ISSUE_NOTHING)
		return 0;
	return issue_prove(&m->issue, err);
}

int
migrate_issue(struct migrate *m, struct error *err)
{
	struct issue *is = &m->issue;
	char until[TIME_TEXT];

	if (issue_finish(is, err) == -1)
		return -1;
	count_change(m, is->changed);
	(void)time_text(is->not_after, until, sizeof(until));
	if (is->set_account && is->decision != ISSUE_NAMES)
		log_step("issue: '%s' %s the account %s", is->name,
		    m->cli->dry_run ? "would now use" : "now uses",
		    is->account->dirname);
	if (is->decision == ISSUE_NOTHING)
		log_step("issue: '%s' is already there, %s, valid until %s",
		    is->name, is->reason, until);
	else if (m->cli->dry_run)
		log_step("issue: '%s' would be issued (%s)", is->name,
		    is->reason);
	else
		log_step("issue: '%s' was issued, valid until %s", is->name,
		    until);
	return 0;
}

/* ---- report ----------------------------------------------------------- */

/* The account, with what the CA said of it if it was asked. */
static int
report_used(struct migrate *m, struct error *err)
{
	struct report *r = &m->cli->report;
	const struct verify *v = &m->issue.verify;
	struct report_account *row;

	if (cli_report_account(m->cli, m->issue.account, m->peer->name, err)
	    == -1)
		return -1;
	if (!m->issue.verified || v->naccounts == 0 || r->naccounts == 0)
		return 0;
	row = &r->accounts[r->naccounts - 1];
	free(row->state);
	row->state = NULL;
	return str_dup(&row->state, account_state_text(v->accounts[0].state),
	    err);
}

int
migrate_report(struct migrate *m, int rc, struct error *err)
{
	struct error why = *err, second;

	error_clear(&second);
	if (m->has_pulled && cli_report_sync(m->cli, m->peer->name,
	    &m->pulled, m->here || rc == 0 ? NULL : &why, &second) == -1)
		goto fail;
	if (!m->planned)
		return rc;
	if (m->cli->json && m->issue.account != NULL &&
	    report_used(m, &second) == -1)
		goto fail;
	if (cli_report_issue(m->cli, &m->issue, rc == -1 ? &why : NULL,
	    &second) == -1)
		goto fail;
	return rc;
fail:
	if (rc == 0)
		*err = second;
	return -1;
}
