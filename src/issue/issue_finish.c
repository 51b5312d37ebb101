/* SPDX-License-Identifier: ISC */
#include "issue/issue_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vis.h"
#include "issue/builtin.h"
#include "issue/by_peer.h"
#include "issue/certbot.h"
#include "issue/certbot_argv.h"
#include "issue/certbot_run.h"
#include "issue/cli_ini.h"
#include "issue/deploy.h"
#include "issue/hook_auth.h"
#include "issue/lineage_conf.h"
#include "issue/prove.h"

static int
make_argv(const struct issue *is, const struct certbot *cb,
    struct strs *argv, struct error *err)
{
	struct issue_job j;
	bool rsa_only = false;
	int rc = -1;

	if (issue_job_make(is, &j, err) == -1)
		goto out;
	if (is->decision == ISSUE_RENEW)
		rc = certbot_argv_renew(cb, &j.job, argv, err);
	else
		rc = certbot_argv_certonly(cb, &j.job, argv, &rsa_only, err);
	if (rc == 0 && rsa_only)
		log_warn("'%s': certbot %s makes RSA keys only, so key_type "
		    "%s becomes rsa-2048", is->name, cb->text, j.job.key_type);
out:
	issue_job_free(&j);
	return rc;
}

/* Before it costs a certificate: what certbot would find there. */
int
issue_take_over(struct issue *is, struct error *err)
{
	bool point = is->set_account && is->decision != ISSUE_NAMES;

	if (is->lineage == NULL ||
	    (!is->set_account && is->decision != ISSUE_NAMES))
		return 0;
	if (lineage_adopt(is->store, is->lineage, point ? is->server : NULL,
	    point ? is->account->dirname : NULL, &is->backup, err) == -1)
		return -1;
	is->changed = true;
	log_verbose("'%s': the lineage as it was is in backup %s", is->name,
	    is->backup);
	return 0;
}

/* Reads what is on disk now; *fresh tells whether there is a new one. */
int
issue_look(struct issue *is, struct lineage **l, bool *fresh,
    struct error *err)
{
	struct cert c;

	*fresh = false;
	if (store_lineage(is->store, is->name, true, l, err) == -1)
		return -1;
	if (*l == NULL || (*l)->cert == NULL || (*l)->privkey == NULL)
		return 0;
	if (cert_read((*l)->cert, &c, err) == -1)
		return -1;
	*fresh = is->before == NULL || strcmp(is->before, c.digest) != 0;
	if (*fresh) {
		is->not_before = c.not_before;
		is->not_after = c.not_after;
		is->next = cert_due(c.not_before, c.not_after);
		if (!cert_same_names(&c, &is->domains)) {
			cert_free(&c);
			return error_set(err, CODE_ISSUANCE, "'%s': %s "
			    "saved a certificate for other names than were "
			    "asked for", vis((*l)->cert), is->builtin ?
			    "acmeferry" : "certbot");
		}
	}
	cert_free(&c);
	return *fresh ? cert_check_key((*l)->cert, (*l)->privkey, err) : 0;
}

/* What certbot keeps may not be what it was told: cli.ini, a directory whose
 * name is not the account's id. */
static void
check_conf(const struct issue *is, const struct lineage *l)
{
	if (!lineage_uses(l, is->server, is->account->dirname))
		log_warn("'%s': certbot wrote the account %s into this "
		    "lineage, not %s; run 'acmeferry check'", vis(l->name),
		    l->account == NULL ? "(none)" : vis(l->account),
		    is->account->dirname);
}

/* certbot has run the hook where the lineage has it; what became of it is
 * only known from the mark that it left. */
static int
deploy(struct issue *is, const struct lineage *l, bool by_certbot,
    struct error *err)
{
	char *dir = NULL, *domains = NULL;
	const char *slash = strrchr(l->cert, '/');
	int rc = 0;

	if (deploy_expected(is->config->state_dir, is->name))
		by_certbot = false;	/* it did not come to it */
	if (!by_certbot) {
		domains = strs_join(&is->domains, " ");
		if (domains == NULL)
			rc = error_nomem(err);
		else
			rc = str_printf(&dir, err, "%.*s", slash == NULL ? 0 :
			    (int)(slash - l->cert), l->cert);
		if (rc == 0)
			rc = deploy_run(is->config, is->name, dir, domains,
			    err);
		free(dir);
		free(domains);
	}
	is->deploy_pending = deploy_pending(is->config->state_dir, is->name);
	if (rc == 0 && by_certbot && is->deploy_pending)
		rc = error_set(err, CODE_ERROR, "'%s': the certificate is "
		    "new, but its deploy hook failed; what it said is in "
		    "'%s'", is->name, vis(is->config->certbot_logs_dir));
	return rc;
}

/* certbot is about to write, or we are: not as root in somebody else's store,
 * and not before what an earlier run left undone. */
int
issue_settle(struct issue *is, struct error *err)
{
	if (store_lock(is->store, err) == -1)
		return -1;
	store_unlock(is->store);
	return 0;
}

/* Our own hook may have stopped it, with a better reason than its log has; else
 * it may have been the CA, that looked and did not find. */
static void
hook_failed(struct issue *is, struct error *why)
{
	struct verify_set *set = &is->verify.sets[0];

	if (hook_failure(is->config, why)) {
		error_wrap(why, "certbot was stopped before it asked the CA");
		return;
	}
	if (why->code != CODE_ISSUANCE)
		return;
	for (size_t i = 0; i < set->nnames; i++)
		if (!set->names[i].usable)
			verify_disproven(set, i);
	verify_save(&is->verify);
}

static int
run_certbot(struct issue *is, struct error *err)
{
	struct strs argv = {0};
	struct certbot cb = {0};
	struct lineage *l = NULL;
	struct error why, failed;
	bool fresh = false, expect = false;
	int ran, rc = -1;

	error_clear(&why);
	if (is->decision == ISSUE_RENEW && cli_ini_check(is->server,
	    is->account->dirname, err) == -1)
		goto out;
	if (issue_settle(is, err) == -1 ||
	    certbot_find(is->config->certbot_program,
	    &is->config->environment, &cb, err) == -1 ||
	    make_argv(is, &cb, &argv, err) == -1 ||
	    issue_take_over(is, err) == -1 ||
	    deploy_expect(is->config, is->name, &expect, err) == -1)
		goto out;
	log_progress("'%s': certbot is at work", is->name);
	(void)hook_failure(is->config, &why);
	ran = certbot_run(is->config, &argv, &why);
	if (ran == -1 && issue_by_hook(is))
		hook_failed(is, &why);
	if (issue_look(is, &l, &fresh, err) == -1)
		goto out;
	/* one that stays does no harm: the hook runs once more; and certbot may
	 * go on where it could not be waited for */
	if (!fresh && expect && why.sys == 0 &&
	    (l == NULL || l->problem[0] == '\0') &&
	    deploy_forget(is->config, is->name, &failed) == -1)
		log_warn("%s", failed.msg);
	if (!fresh && ran == -1) {
		*err = why;
		error_wrap(err, "'%s'", is->name);
		goto out;
	}
	if (!fresh) {
		error_set(err, CODE_ISSUANCE, "'%s': certbot reported "
		    "success, but %s", is->name, l != NULL &&
		    l->problem[0] != '\0' ? l->problem :
		    "there is no new certificate");
		goto out;
	}
	is->changed = true;
	if (ran == -1)
		log_warn("'%s': there is a new certificate, though %s",
		    is->name, why.msg);
	check_conf(is, l);
	rc = deploy(is, l, lineage_has_hook(l), err);
out:
	lineage_free(l);
	strs_free(&argv);
	certbot_free(&cb);
	return rc;
}

int
issue_deploy_all(struct issue *is, const struct lineage *l,
    struct error *err)
{
	int rc = deploy_lineage(is->config, l, &is->domains, err);

	is->deploy_pending = deploy_pending(is->config->state_dir, is->name);
	return rc;
}

int
issue_deploy(struct issue *is, struct error *err)
{
	if (is->lineage == NULL || is->lineage->cert == NULL)
		return 0;
	return deploy_all_pending(is->config->state_dir, is->name) ?
	    issue_deploy_all(is, is->lineage, err) :
	    deploy(is, is->lineage, false, err);
}

static const struct verify_set *
ready_set(const struct issue *is)
{
	if (!is->verified || is->verify.nsets == 0 ||
	    !is->verify.sets[0].ready)
		return NULL;
	return &is->verify.sets[0];
}

/* Of an order's name, while it was being finished; to the second on both
 * sides. */
static bool
has_ended(const struct issue *is)
{
	const struct verify_set *s = ready_set(is);
	int64_t now = is->acme != NULL ? acme_now(is->acme) :
	    verify_now(&is->verify);

	for (size_t i = 0; s != NULL && i < s->nnames; i++)
		if (s->names[i].expires != 0 &&
		    s->names[i].expires <= now + 1)
			return true;
	return false;
}

bool
issue_came_late(const struct issue *is, const struct error *why)
{
	if (ready_set(is) == NULL || is->changed || !issue_may_put(is))
		return false;
	return why->code == CODE_UNAUTHORIZED ||
	    (why->code == CODE_ISSUANCE && has_ended(is));
}

int
issue_finish(struct issue *is, struct error *err)
{
	if (is->opts.dry_run)
		return 0;
	if (is->decision != ISSUE_NOTHING)
		return is->by_peer ? by_peer_issue(is, err) :
		    is->builtin ? builtin_issue(is, err) :
		    run_certbot(is, err);
	if (issue_take_over(is, err) == -1)
		return -1;
	/* an hourly run is the chance of a hook that failed */
	return is->deploy_pending ? issue_deploy(is, err) : 0;
}
