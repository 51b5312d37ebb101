/* SPDX-License-Identifier: ISC */
#include "issue/issue.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vis.h"
#include "issue/certbot.h"
#include "issue/certbot_argv.h"
#include "issue/certbot_run.h"
#include "issue/cli_ini.h"
#include "issue/deploy.h"
#include "issue/lineage_conf.h"

/* What stands behind a job's pointers. */
struct job_texts {
	char *hook, *pre, *post, *key_type;
};

static void
job_free(struct job_texts *t)
{
	free(t->hook);
	free(t->pre);
	free(t->post);
	free(t->key_type);
}

/* The key type that a lineage has, in our words; old confs: RSA 2048. */
static int
lineage_key_type(const struct lineage *l, char **out, struct error *err)
{
	char *type = NULL, *curve = NULL, *bits = NULL;
	int rc = -1;

	if (lineage_param(l, "key_type", &type, err) == -1 ||
	    lineage_param(l, "elliptic_curve", &curve, err) == -1 ||
	    lineage_param(l, "rsa_key_size", &bits, err) == -1)
		goto out;
	if (type != NULL && strcmp(type, "ecdsa") == 0)
		rc = str_printf(out, err, "ecdsa-p%.3s", curve != NULL &&
		    str_starts(curve, "secp") ? curve + 4 : "256");
	else
		rc = str_printf(out, err, "rsa-%s", bits != NULL ? bits :
		    "2048");
out:
	free(type);
	free(curve);
	free(bits);
	return rc;
}

/* Hooks that an adopted lineage has stay; else ours. */
static int
keep_hooks(const struct lineage *l, struct job_texts *t, struct error *err)
{
	if (lineage_has_hook(l))
		return 0;
	if (lineage_param(l, "pre_hook", &t->pre, err) == -1 ||
	    lineage_param(l, "post_hook", &t->post, err) == -1 ||
	    lineage_param(l, "renew_hook", &t->hook, err) == -1)
		return -1;
	return t->hook != NULL ? 0 :
	    lineage_param(l, "deploy_hook", &t->hook, err);
}

static int
make_job(const struct issue *is, struct certbot_job *job,
    struct job_texts *t, struct error *err)
{
	const struct config *c = is->config;
	const struct config_cert *cert = is->cert;

	*job = (struct certbot_job){ .name = is->name,
	    .domains = &is->domains, .server = is->server,
	    .account = is->account->dirname,
	    .config_dir = c->certbot_config_dir,
	    .work_dir = c->certbot_work_dir,
	    .logs_dir = c->certbot_logs_dir,
	    .new_names = is->decision == ISSUE_NAMES };
	if (is->decision == ISSUE_RENEW)
		return 0;
	if (is->lineage != NULL && keep_hooks(is->lineage, t, err) == -1)
		return -1;
	if (t->hook == NULL && certbot_hook_text(is->opts.self,
	    is->opts.self_options, &t->hook, err) == -1)
		return -1;
	job->deploy_hook = t->hook;
	job->pre_hook = t->pre;
	job->post_hook = t->post;
	job->profile = cert != NULL && cert->profile[0] != '\0' ?
	    cert->profile : c->profile;
	if (cert != NULL) {
		job->reuse_key = cert->reuse_key;
		job->preferred_chain = cert->preferred_chain;
		job->key_type = cert->key_type;
		return 0;
	}
	if (is->lineage != NULL && lineage_key_type(is->lineage,
	    &t->key_type, err) == -1)
		return -1;
	job->key_type = t->key_type != NULL ? t->key_type : "ecdsa-p256";
	return 0;
}

static int
make_argv(const struct issue *is, const struct certbot *cb,
    struct strs *argv, struct error *err)
{
	struct job_texts texts = {0};
	struct certbot_job job;
	bool rsa_only = false;
	int rc = -1;

	if (make_job(is, &job, &texts, err) == -1)
		goto out;
	if (is->decision == ISSUE_RENEW)
		rc = certbot_argv_renew(cb, &job, argv, err);
	else
		rc = certbot_argv_certonly(cb, &job, argv, &rsa_only, err);
	if (rc == 0 && rsa_only)
		log_warn("'%s': certbot %s makes RSA keys only, so key_type "
		    "%s becomes rsa-2048", is->name, cb->text, job.key_type);
out:
	job_free(&texts);
	return rc;
}

/* Before it costs a certificate: what certbot would find there. */
static int
take_over(struct issue *is, struct error *err)
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
static int
look(struct issue *is, struct lineage **l, bool *fresh, struct error *err)
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
			return error_set(err, CODE_ISSUANCE, "'%s': certbot "
			    "saved a certificate for other names than were "
			    "asked for", vis((*l)->cert));
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

/* certbot is about to write: not as root in somebody else's store, and not
 * before what an earlier run left undone. */
static int
settle(struct issue *is, struct error *err)
{
	if (store_lock(is->store, err) == -1)
		return -1;
	store_unlock(is->store);
	return 0;
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
	if (settle(is, err) == -1 ||
	    certbot_find(is->config->certbot_program,
	    &is->config->environment, &cb, err) == -1 ||
	    make_argv(is, &cb, &argv, err) == -1 ||
	    take_over(is, err) == -1 ||
	    deploy_expect(is->config, is->name, &expect, err) == -1)
		goto out;
	log_progress("'%s': certbot is at work", is->name);
	ran = certbot_run(is->config, &argv, &why);
	if (look(is, &l, &fresh, err) == -1)
		goto out;
	/* one that stays does no harm: the hook runs once more */
	if (!fresh && expect && deploy_forget(is->config, is->name, &failed)
	    == -1)
		log_warn("%s", failed.msg);
	if (!fresh && ran == -1) {
		*err = why;
		error_wrap(err, "'%s'", is->name);
		goto out;
	}
	if (!fresh) {
		error_set(err, CODE_ISSUANCE, "'%s': certbot reported "
		    "success, but there is no new certificate", is->name);
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
issue_deploy(struct issue *is, struct error *err)
{
	return is->lineage == NULL || is->lineage->cert == NULL ? 0 :
	    deploy(is, is->lineage, false, err);
}

int
issue_finish(struct issue *is, struct error *err)
{
	if (is->opts.dry_run)
		return 0;
	if (is->decision != ISSUE_NOTHING)
		return run_certbot(is, err);
	if (take_over(is, err) == -1)
		return -1;
	/* an hourly run is the chance of a hook that failed */
	return is->deploy_pending ? issue_deploy(is, err) : 0;
}
