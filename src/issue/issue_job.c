/* SPDX-License-Identifier: ISC */
#include "issue/issue_impl.h"

#include <stdlib.h>
#include <string.h>

#include "issue/certbot_argv.h"
#include "issue/lineage_conf.h"

void
issue_job_free(struct issue_job *j)
{
	free(j->hook);
	free(j->pre);
	free(j->post);
	free(j->key_type);
	free(j->auth);
	free(j->cleanup);
}

/* The key type that a lineage has, in our words; old confs: RSA 2048. */
int
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
keep_hooks(const struct lineage *l, struct issue_job *j, struct error *err)
{
	if (lineage_has_hook(l))
		return 0;
	if (lineage_param(l, "pre_hook", &j->pre, err) == -1 ||
	    lineage_param(l, "post_hook", &j->post, err) == -1 ||
	    lineage_param(l, "renew_hook", &j->hook, err) == -1)
		return -1;
	return j->hook != NULL ? 0 :
	    lineage_param(l, "deploy_hook", &j->hook, err);
}

/* The authenticator: of a new lineage as it is configured; of one that is
 * there only where it is one of ours, or is told to become it. */
static int
choose_auth(const struct issue *is, struct issue_job *j, struct error *err)
{
	enum lineage_auth has = LINEAGE_AUTH_OTHER;
	bool renew = is->decision == ISSUE_RENEW;

	if (renew && lineage_auth(is->lineage, &has, err) == -1)
		return -1;
	if (!issue_by_hook(is)) {
		j->job.auth = !renew || (is->cert != NULL &&
		    has == LINEAGE_AUTH_HOOK) ? CERTBOT_AUTH_GUARD :
		    CERTBOT_AUTH_KEEP;
		return 0;
	}
	if (certbot_manual_text(is->opts.self, is->opts.self_options, "auth",
	    &j->auth, err) == -1 || certbot_manual_text(is->opts.self,
	    is->opts.self_options, "cleanup", &j->cleanup, err) == -1)
		return -1;
	j->job.auth = has == LINEAGE_AUTH_HOOK ? CERTBOT_AUTH_KEEP :
	    CERTBOT_AUTH_HOOK;
	j->job.auth_hook = j->auth;
	j->job.cleanup_hook = j->cleanup;
	return 0;
}

int
issue_job_make(const struct issue *is, struct issue_job *j,
    struct error *err)
{
	const struct config *c = is->config;
	const struct config_cert *cert = is->cert;
	struct certbot_job *job = &j->job;

	memset(j, 0, sizeof(*j));

	*job = (struct certbot_job){ .name = is->name,
	    .domains = &is->domains, .server = is->server,
	    .account = is->account != NULL ? is->account->dirname : NULL,
	    .config_dir = c->certbot_config_dir,
	    .work_dir = c->certbot_work_dir,
	    .logs_dir = c->certbot_logs_dir,
	    .new_names = is->decision == ISSUE_NAMES };
	if (choose_auth(is, j, err) == -1)
		return -1;
	if (is->decision == ISSUE_RENEW)
		return 0;
	if (is->lineage != NULL && keep_hooks(is->lineage, j, err) == -1)
		return -1;
	if (j->hook == NULL && certbot_hook_text(is->opts.self,
	    is->opts.self_options, &j->hook, err) == -1)
		return -1;
	job->deploy_hook = j->hook;
	job->pre_hook = j->pre;
	job->post_hook = j->post;
	job->profile = cert != NULL && cert->profile[0] != '\0' ?
	    cert->profile : c->profile;
	if (cert != NULL) {
		job->reuse_key = cert->reuse_key;
		job->preferred_chain = cert->preferred_chain;
		job->key_type = cert->key_type;
		return 0;
	}
	if (is->lineage != NULL && lineage_key_type(is->lineage,
	    &j->key_type, err) == -1)
		return -1;
	job->key_type = j->key_type != NULL ? j->key_type : "ecdsa-p256";
	return 0;
}
