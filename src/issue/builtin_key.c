/* SPDX-License-Identifier: ISC */
#include "issue/builtin_key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "issue/cert_key.h"
#include "issue/lineage_conf.h"

/* certbot keeps its key although the configuration says nothing. */
static int
lineage_reuses(const struct lineage *l, bool *yes, struct error *err)
{
	char *text = NULL;

	*yes = false;
	if (lineage_param(l, "reuse_key", &text, err) == -1)
		return -1;
	*yes = text != NULL && strcasecmp(text, "true") == 0;
	free(text);
	return 0;
}

static int
renewal_settings(const struct issue *is, struct certbot_job *job,
    struct error *err)
{
	const struct config_cert *cert = is->cert;
	bool reuses;

	if (lineage_reuses(is->lineage, &reuses, err) == -1)
		return -1;
	job->reuse_key = reuses;
	if (cert == NULL)
		return 0;
	if (cert->reuse_key_given) {
		job->reuse_key = cert->reuse_key;
		job->fresh_key = !cert->reuse_key;
	}
	if (cert->key_type_given)
		job->key_type = cert->key_type;
	job->preferred_chain = cert->preferred_chain;
	job->profile = cert->profile;
	return 0;
}

int
builtin_job(const struct issue *is, struct issue_job *j, char **preferred,
    struct error *err)
{
	struct certbot_job *job = &j->job;

	if (issue_job_make(is, j, err) == -1)
		return -1;
	if (is->decision == ISSUE_RENEW && is->lineage != NULL &&
	    renewal_settings(is, job, err) == -1)
		return -1;
	/* other names for a lineage are no reason for another kind of key */
	if (is->decision == ISSUE_NAMES && is->cert != NULL &&
	    !is->cert->key_type_given) {
		if (lineage_key_type(is->lineage, &j->key_type, err) == -1)
			return -1;
		job->key_type = j->key_type;
	}
	if (job->preferred_chain != NULL && job->preferred_chain[0] != '\0')
		return str_dup(preferred, job->preferred_chain, err);
	return is->lineage == NULL ? 0 : lineage_param(is->lineage,
	    "preferred_chain", preferred, err);
}

/* *kept is false where another type is asked for. */
static int
keep_key(const struct issue *is, const struct certbot_job *job,
    struct secret *pem, bool *kept, struct error *err)
{
	char *type = NULL;
	int rc = -1;

	*kept = false;
	if (cert_key_read(is->lineage->privkey, pem, err) == -1 ||
	    cert_key_type(pem, &type, err) == -1)
		goto out;
	rc = 0;
	if (type == NULL)
		log_warn("'%s': its key is of a kind that no CA takes, so a "
		    "new one is made", is->name);
	else if (job->key_type != NULL && strcmp(type, job->key_type) != 0)
		log_step("'%s': its key is %s, so a new one is made, %s",
		    is->name, type, job->key_type);
	else
		*kept = true;
out:
	if (!*kept)
		secret_free(pem);
	free(type);
	return rc;
}

int
builtin_key(const struct issue *is, const struct certbot_job *job,
    struct secret *pem, struct error *err)
{
	char *type = NULL;
	bool kept = false;
	int rc;

	if (job->reuse_key && is->lineage != NULL &&
	    keep_key(is, job, pem, &kept, err) == -1)
		return -1;
	if (kept)
		return 0;
	if (job->key_type != NULL)
		return cert_key_new(job->key_type, pem, err);
	if (is->lineage == NULL)
		return cert_key_new("ecdsa-p256", pem, err);
	rc = lineage_key_type(is->lineage, &type, err);
	if (rc == 0)
		rc = cert_key_new(type, pem, err);
	free(type);
	return rc;
}
