/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERTBOT_ARGV_H
#define ISSUE_CERTBOT_ARGV_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "issue/certbot.h"

/*
 * What certbot is called with (design section 8).  Pure: nothing is started
 * or looked at here.
 */

/* The address that no certbot can listen on: a name with an empty label is
 * refused by libc without asking DNS, so that a certbot that would have to
 * prove a name stops before it asks the CA. */
#define CERTBOT_GUARD	"acmeferry..invalid"

/* Who answers when the CA asks for a proof. */
enum certbot_auth {
	CERTBOT_AUTH_KEEP,	/* renew: as the lineage has it */
	CERTBOT_AUTH_GUARD,	/* nobody: certbot stops before it asks */
	CERTBOT_AUTH_HOOK	/* `acmeferry hook auth` */
};

struct certbot_job {
	const char *name;		/* the lineage's */
	const struct strs *domains;
	const char *server;
	const char *account;		/* id */
	const char *config_dir, *work_dir, *logs_dir;
	/* NULL or "": certbot's own default */
	const char *key_type;		/* "ecdsa-p256", "rsa-2048" ... */
	bool reuse_key;
	bool fresh_key;			/* not so, though a lineage has it;
					 * for builtin_conf.h */
	const char *preferred_chain;
	const char *profile;
	/* shell text that certbot keeps in the lineage; NULL: none */
	const char *deploy_hook, *pre_hook, *post_hook;
	bool new_names;			/* an existing lineage gets others */
	enum certbot_auth auth;
	/* shell text, for CERTBOT_AUTH_HOOK */
	const char *auth_hook, *cleanup_hook;
};

/*
 * `certbot certonly` with the guard or our hooks: a new lineage, or other
 * names for an existing one.  CODE_ERROR where this certbot lacks what is asked
 * for (with the version that has it); a key type that it does not know falls
 * back to RSA 2048 and sets *rsa_only.
 */
int certbot_argv_certonly(const struct certbot *cb,
    const struct certbot_job *job, struct strs *argv, bool *rsa_only,
    struct error *err) WARN_UNUSED;

/* `certbot renew --cert-name N --force-renewal`: none of the settings of the
 * lineage is touched but the authenticator, where job->auth says so. */
int certbot_argv_renew(const struct certbot *cb,
    const struct certbot_job *job, struct strs *argv, struct error *err)
    WARN_UNUSED;

/*
 * The text of --deploy-hook: "test ! -x SELF || SELF OPTIONS hook deploy",
 * quoted for /bin/sh.  CODE_USAGE where a word has a control character or
 * "%(", which certbot's configuration file cannot hold.
 */
int certbot_hook_text(const char *self, const struct strs *options,
    char **out, struct error *err) WARN_UNUSED;

/*
 * The text of --manual-auth-hook and --manual-cleanup-hook: "SELF OPTIONS hook
 * auth".  With no "test ! -x" before it: certbot refuses to begin where the
 * program is not there, as it must, since it would ask the CA otherwise.
 * which: "auth", "cleanup".
 */
int certbot_manual_text(const char *self, const struct strs *options,
    const char *which, char **out, struct error *err) WARN_UNUSED;

/* Appends a word for /bin/sh, in single quotes where it needs them. */
void shell_quote(struct buf *b, const char *word);
/* A whole argv, for a person to copy; the caller frees; NULL: no memory. */
char *shell_join(const struct strs *argv);

#endif
