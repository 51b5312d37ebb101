/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_ISSUE_IMPL_H
#define ISSUE_ISSUE_IMPL_H

#include "issue/certbot_argv.h"
#include "issue/issue.h"

/* Shared by the files that carry an issuance out: issue_verify.c, prove.c,
 * issue_finish.c (certbot, and what both have in common), issue_job.c,
 * builtin*.c. */

/* What is to be issued; a job's pointers, and what stands behind some. */
struct issue_job {
	struct certbot_job job;
	char *hook, *pre, *post, *key_type, *auth, *cleanup;
};
/* For ISSUE_RENEW only names, account and directories: the lineage has its
 * settings.  To be freed also after a failure. */
int issue_job_make(const struct issue *is, struct issue_job *j,
    struct error *err) WARN_UNUSED;
void issue_job_free(struct issue_job *j);

/* The key type that a lineage has, in our words; old confs: RSA 2048. */
int lineage_key_type(const struct lineage *l, char **out, struct error *err)
    WARN_UNUSED;

/* Finishes what an earlier run left in the store; refuses somebody else's. */
int issue_settle(struct issue *is, struct error *err) WARN_UNUSED;
/* Before it costs a certificate: backs up and changes account or names. */
int issue_take_over(struct issue *is, struct error *err) WARN_UNUSED;
/* Reads what is on disk now; *fresh tells whether there is a new one. */
int issue_look(struct issue *is, struct lineage **l, bool *fresh,
    struct error *err) WARN_UNUSED;
/* Runs all hooks of a lineage (deploy_lineage()). */
int issue_deploy_all(struct issue *is, const struct lineage *l,
    struct error *err) WARN_UNUSED;

/* issue_verify.c: exit 6, which names, who must prove them, how long there is
 * time; returns -1. */
int issue_not_authorised(const struct issue *is,
    const struct verify_set *set, struct error *err);

/* prove.c: certbot's own hooks are to prove the names. */
bool issue_by_hook(const struct issue *is);
/* There is a peer that a response may be put at. */
bool issue_may_put(const struct issue *is);
/* There is a peer at all; its web server may answer by itself. */
bool issue_has_peer(const struct issue *is);

/*
 * The order was ready, and then it could not be finished: certbot found the
 * names not authorised all the same, or an authorization has ended meanwhile,
 * which every CA says in words of its own.  Once more from the beginning, where
 * the names can be proven.
 */
bool issue_came_late(const struct issue *is, const struct error *why);

#endif
