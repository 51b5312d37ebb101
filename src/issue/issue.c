/* SPDX-License-Identifier: ISC */
#include "issue/issue.h"

#include <stdlib.h>
#include <string.h>

#include "acme/acme.h"
#include "base/clock.h"
#include "base/journal.h"
#include "base/vis.h"
#include "issue/certbot.h"
#include "issue/certbot_run.h"
#include "issue/decide.h"
#include "issue/deploy.h"
#include "issue/issue_impl.h"
#include "issue/lineage_conf.h"
#include "issue/pending.h"
#include "issue/pick.h"
#include "store/server.h"

const char *
issue_decision_text(enum issue_decision d)
{
	switch (d) {
	case ISSUE_NOTHING:
		return "nothing";
	case ISSUE_NEW:
	case ISSUE_NAMES:
		return "issue";
	case ISSUE_RENEW:
		return "renew";
	}
	return "nothing";
}

void
issue_init(struct issue *is, struct store *s, const struct config *c,
    const struct issue_options *opts)
{
	memset(is, 0, sizeof(*is));
	is->store = s;
	is->config = c;
	is->opts = *opts;
	is->server = opts->server != NULL ? opts->server : c->server;
	is->lock.fd = -1;
}

void
issue_free(struct issue *is)
{
	lock_release(&is->lock);
	if (is->verified)
		verify_free(&is->verify);
	accounts_free(&is->own_accounts);
	lineages_free(&is->own_lineages);
	strs_free(&is->domains);
	free(is->name);
	free(is->reason);
	free(is->backup);
	free(is->before);
	free(is->replaces);
	acme_free(is->acme);
	if (is->pending != NULL)
		pending_free(is->pending);
	free(is->pending);
}

static bool
covers(const struct strs *a, const struct strs *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strs_has(a, b->v[i]))
			return false;
	return true;
}

/* The settings of the configuration, and all names of that certificate. */
static int
find_settings(struct issue *is, struct error *err)
{
	const struct strs *given = is->opts.domains;
	const struct config_cert *cert;

	if (is->opts.cert_name != NULL)
		cert = config_cert(is->config, is->opts.cert_name);
	else
		cert = config_cert_for(is->config, given);
	is->cert = cert;
	if (cert != NULL && is->opts.cert_name == NULL &&
	    covers(&cert->domains, given))
		given = &cert->domains;
	return strs_copy(&is->domains, given, err);
}

/* The lineage's name: as told, as configured, of the lineage that has these
 * very names, or as certbot would call it. */
static int
find_name(struct issue *is, struct error *err)
{
	const char *name = is->opts.cert_name;

	if (name == NULL && is->cert != NULL)
		name = is->cert->name;
	for (size_t i = 0; name == NULL && i < is->lineages->n; i++) {
		const struct lineage *l = is->lineages->v[i];

		if (l->server != NULL && server_same(l->server, is->server) &&
		    lineage_same_names(l, &is->domains))
			name = l->name;
	}
	if (name == NULL) {
		name = is->domains.v[0];
		if (str_starts(name, "*."))
			name += 2;
	}
	if (!lineage_name_valid(name))
		return error_set(err, CODE_USAGE, "'%s': cannot be the name "
		    "of a certificate, want one word without slashes that "
		    "does not begin with '-' or '.'", vis(name));
	if (str_dup(&is->name, name, err) == -1)
		return -1;
	for (size_t i = 0; i < is->lineages->n; i++)
		if (strcmp(is->lineages->v[i]->name, is->name) == 0)
			is->lineage = is->lineages->v[i];
	return 0;
}

static int
read_lineage(struct issue *is, struct error *err)
{
	const struct lineage *l = is->lineage;
	struct cert c;
	int rc;

	if (l->server == NULL || l->cert == NULL || l->privkey == NULL ||
	    (l->domains.n == 0 && l->problem[0] != '\0'))
		return error_set(err, CODE_STORE, "'%s': this lineage cannot "
		    "be read: %s", vis(l->conf), l->problem[0] != '\0' ?
		    l->problem : "server or paths are missing");
	if (cert_read(l->cert, &c, err) == -1)
		return error_wrap(err, "'%s'", vis(l->name));
	is->not_before = c.not_before;
	is->not_after = c.not_after;
	rc = str_dup(&is->before, c.digest, err);
	if (rc == 0 && server_same(l->server, is->server))
		rc = str_dup(&is->replaces, c.ari_id, err);
	cert_free(&c);
	return rc;
}

/* What is different of the lineage that is there, and may it be taken? */
static int
check_lineage(struct issue *is, bool same_names, bool same_account,
    struct error *err)
{
	const struct lineage *l = is->lineage;
	bool ours = false;
	char *has = NULL;

	is->set_account = !same_account;
	if (same_names && (is->opts.repoint || l->account == NULL) &&
	    lineage_is_ours(l, &ours, err) == -1)
		return -1;
	if ((same_names && same_account) || is->opts.adopt ||
	    (same_names && is->opts.repoint && (is->cert != NULL || ours)))
		return 0;
	/* one that its surrogate had issued gets an account with the first
	 * certificate of our own */
	if (same_names && l->account == NULL && ours)
		return 0;
	if (!server_same(l->server, is->server))
		return error_set(err, CODE_STORE, "'%s': this lineage is of "
		    "the server %s, not %s; pass --server %s to use that, or "
		    "--adopt to change the lineage", vis(l->name),
		    vis(l->server), is->server, vis(l->server));
	if (!same_account && l->account == NULL)
		return error_set(err, CODE_STORE, "'%s': this lineage names "
		    "no account; pass --adopt to give it %s", vis(l->name),
		    is->account->dirname);
	if (!same_account)
		return error_set(err, CODE_STORE, "'%s': this lineage uses "
		    "the account %s, not %s; pass --adopt to change the "
		    "lineage", vis(l->name), vis(l->account),
		    is->account->dirname);
	has = strs_join(&l->domains, ", ");
	error_set(err, CODE_STORE, "'%s': this lineage is for %s; pass these "
	    "names, another --cert-name, or --adopt to change the lineage",
	    vis(l->name), has == NULL ? "other names" : vis(has));
	free(has);
	return -1;
}

static int
decide(struct issue *is, struct error *err)
{
	const struct lineage *l = is->lineage;
	struct decide_input in = { .now = clock_now() };
	struct decide d;
	bool same_names;

	if (l == NULL) {
		is->decision = ISSUE_NEW;
		return str_dup(&is->reason, "there was no certificate", err);
	}
	if (read_lineage(is, err) == -1)
		return -1;
	same_names = lineage_same_names(l, &is->domains);
	if (check_lineage(is, same_names, is->by_peer || lineage_uses(l,
	    is->server, is->account->dirname), err) == -1)
		return -1;
	if (!same_names) {
		is->decision = ISSUE_NAMES;
		return str_dup(&is->reason, "the certificate was for "
		    "other names", err);
	}
	/* the window is issue_verify()'s: here only whether it is due */
	in.cert.exists = true;
	in.cert.not_before = is->not_before;
	in.cert.not_after = is->not_after;
	in.policy.alarm_before = DECIDE_AUTO;
	in.policy.forced = is->opts.force;
	renew_decide(&in, &d);
	is->next = d.due;
	is->decision = d.act ? ISSUE_RENEW : ISSUE_NOTHING;
	return str_dup(&is->reason, is->opts.force && is->opts.why != NULL ?
	    is->opts.why : d.reason, err);
}

/* What the store has. */
static int
read_store(struct issue *is, struct error *err)
{
	is->lineages = is->opts.lineages;
	is->accounts = is->opts.accounts;
	if (is->lineages == NULL) {
		is->lineages = &is->own_lineages;
		if (store_lineages(is->store, true, &is->own_lineages, err)
		    == -1)
			return -1;
	}
	if (is->accounts != NULL)
		return 0;
	is->accounts = &is->own_accounts;
	return store_accounts(is->store, is->server, 0, &is->own_accounts,
	    err);
}

/* What an earlier run was killed in the middle of is finished first: that of
 * the store, or a lineage may be half there. */
static int
settle_store(struct issue *is, struct error *err)
{
	if (is->opts.dry_run || is->opts.peek ||
	    !journal_pending(is->config->state_dir))
		return 0;
	return issue_settle(is, err);
}

static int
load_pending(struct issue *is, bool *found, struct error *err)
{
	if ((is->pending = calloc(1, sizeof(*is->pending))) == NULL)
		return error_nomem(err);
	if (pending_load(is->config->state_dir, is->name, is->pending, found,
	    err) == -1)
		return -1;
	if (*found)
		return 0;
	free(is->pending);
	is->pending = NULL;
	is->interrupted = false;
	return pending_drop(is->config->state_dir, is->name, err);
}

/* An order that the CA may have finished meanwhile is worth a look though the
 * certificate that is there is not due. */
static int
find_pending(struct issue *is, struct error *err)
{
	bool found;

	is->interrupted = is->builtin && !is->opts.dry_run &&
	    pending_exists(is->config->state_dir, is->name);
	if (!is->interrupted)
		return 0;
	if (!is->opts.peek && load_pending(is, &found, err) == -1)
		return -1;
	if (!is->interrupted || is->decision != ISSUE_NOTHING)
		return 0;
	is->decision = ISSUE_RENEW;
	free(is->reason);
	is->reason = NULL;
	return str_dup(&is->reason, "an interrupted issuance goes on", err);
}

static bool
uses_builtin(const struct issue *is)
{
	enum cert_issuer issuer = is->cert == NULL ? ISSUER_AUTO :
	    is->cert->issuer;

	return issuer == ISSUER_BUILTIN || (issuer == ISSUER_AUTO &&
	    !certbot_installed(is->config->certbot_program));
}

static int
pick(struct issue *is, struct error *err)
{
	const struct account_choice c = { is->server, is->accounts,
		is->lineages, is->config, is->store, is->opts.offered };

	if (account_pick(&c, is->opts.account, &is->domains, &is->account,
	    err) == -1)
		return -1;
	if (is->account->broken)
		return error_set(err, CODE_STORE, "'%s': the account cannot "
		    "be used: %s", vis(is->account->path),
		    is->account->problem);
	return 0;
}

int
issue_plan(struct issue *is, struct error *err)
{
	if (find_settings(is, err) == -1 ||
	    (!is->opts.dry_run && !is->opts.peek &&
	    issue_lock(is->config, &is->lock, err) == -1) ||
	    settle_store(is, err) == -1 || read_store(is, err) == -1 ||
	    find_name(is, err) == -1)
		return -1;
	is->by_peer = is->cert != NULL && is->cert->issuer == ISSUER_PEER;
	if (!is->by_peer && pick(is, err) == -1)
		return -1;
	if (decide(is, err) == -1)
		return -1;
	is->builtin = is->by_peer || uses_builtin(is);
	if (find_pending(is, err) == -1)
		return -1;
	is->deploy_pending = deploy_pending(is->config->state_dir, is->name);
	is->changed = is->opts.dry_run && (is->decision != ISSUE_NOTHING ||
	    is->set_account);
	return 0;
}
