/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERTBOT_RUN_H
#define ISSUE_CERTBOT_RUN_H

#include "base/error.h"
#include "base/lock.h"
#include "base/strs.h"
#include "config/config.h"

/*
 * Runs certbot with an argument vector of certbot_argv.h.  Never call it with
 * certbot's lock held: certbot takes it itself.  Its environment is
 * certbot_env(), with acme.proxy and, if there is an acme.ca_file, a bundle as
 * REQUESTS_CA_BUNDLE.
 *
 * 0: certbot ended with status 0.  -1: the reason (certbot_reason()) and
 * where the log is; CODE_RETRY when another certbot held the lock for
 * lock_timeout, or when it was stopped after LIMIT_CERTBOT.  Either way what
 * counts is what is on disk afterwards.
 */
int certbot_run(const struct config *c, const struct strs *argv,
    struct error *err) WARN_UNUSED;

/* STATE_DIR/issue.lock, which everything that issues holds; lock_release()
 * frees it. */
int issue_lock(const struct config *c, struct lock *l, struct error *err)
    WARN_UNUSED;
/* How long to wait for locks: the configuration's, else 30 s; milliseconds. */
int64_t issue_lock_timeout(const struct config *c);

#endif
