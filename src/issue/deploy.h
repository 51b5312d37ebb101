/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_DEPLOY_H
#define ISSUE_DEPLOY_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "store/lineage.h"

/*
 * Runs the deploy_hook of the certificate `name` with RENEWED_LINEAGE and
 * RENEWED_DOMAINS, as certbot gives them.  No such certificate or no hook:
 * success.  One that fails or is killed (also we ourselves) is remembered in
 * STATE_DIR/deploy-pending/NAME until one succeeds.  CODE_ERROR with what the
 * hook said.  Takes no lock: it may run inside of certbot.
 */
int deploy_run(const struct config *c, const char *name, const char *lineage,
    const char *domains, struct error *err) WARN_UNUSED;

/*
 * Before a certificate is made: its hook, where it has one, counts as pending
 * from now on, so that it runs though we are killed behind that or certbot
 * cannot run us as its own hook.  *made: it was not pending before.
 */
int deploy_expect(const struct config *c, const char *name, bool *made,
    struct error *err) WARN_UNUSED;
/* Nobody has run it since. */
bool deploy_expected(const char *state_dir, const char *name);
/* There is no new certificate: nothing has to be deployed. */
int deploy_forget(const struct config *c, const char *name,
    struct error *err) WARN_UNUSED;

/* Whether a certificate's deploy hook still has to succeed. */
bool deploy_pending(const char *state_dir, const char *name);

/*
 * For a lineage that no certbot has written, so that nobody runs its hooks:
 * those of CONFIG_DIR/renewal-hooks/deploy, its renew_hook, then deploy_run().
 * The first two as certbot: executables in order of their bytes, none whose
 * name ends in "~"; a renew_hook that is one of them runs once, one that calls
 * acmeferry not at all; what fails is said and undoes nothing.
 */
int deploy_lineage(const struct config *c, const struct lineage *l,
    const struct strs *domains, struct error *err) WARN_UNUSED;

/*
 * That all of these are still to be run is remembered by a file with this
 * content, which belongs into the very journal that installs the certificate;
 * makes its folder.  The caller frees *path.
 */
#define DEPLOY_ALL	"all hooks\n"
int deploy_mark(const char *state_dir, const char *name, char **path,
    struct error *err) WARN_UNUSED;
bool deploy_all_pending(const char *state_dir, const char *name);

/* True for what can be a lineage's name: one component of a path, without
 * control characters, that is no option. */
bool lineage_name_valid(const char *name);

#endif
