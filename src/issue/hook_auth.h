/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_HOOK_AUTH_H
#define ISSUE_HOOK_AUTH_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

/*
 * What certbot calls as --manual-auth-hook and --manual-cleanup-hook for a
 * certificate with `authenticator: hook`.
 *
 * certbot does not look at the exit status of the first: it tells the CA to
 * look whatever it was.  So where a response cannot be served, certbot itself
 * is ended (hook_stop()).
 *
 * The response is to stay until the CA has looked, and goes with the session
 * that put it; so a copy of the process holds the session in the background,
 * until the other hook rings (base/background.h), the certbot that asked is
 * gone, or LIMIT_CERTBOT has passed.
 *
 * Neither takes a lock: they run inside of certbot.
 */
struct hook_ask {		/* certbot's CERTBOT_*; NULL: not set */
	const char *domain, *token, *validation;
	const char *all_domains;	/* with commas */
};

/* Serves the response; 0: certbot may go on.  CODE_USAGE for what is missing,
 * is no token, or a name that is in no configured certificate with a peer;
 * else as delivery_serve(). */
int hook_auth(const struct config *c, const struct hook_ask *ask,
    struct error *err) WARN_UNUSED;
/* Has it removed, and waits for that. */
int hook_cleanup(const struct config *c, const struct hook_ask *ask,
    struct error *err) WARN_UNUSED;

/*
 * After hook_auth() has failed: the certbot that we run ourselves
 * (certbot_run.c says so in the environment) is ended with TERM, upon which
 * it calls the cleanup hooks; the reason is left for hook_failure().  False:
 * it is somebody else's, and must be stopped by other means.
 */
bool hook_stop(const struct config *c, const struct error *why);
#define HOOK_RUNNER "ACMEFERRY_RUNNER"

/* Why the certbot that was just run was stopped; false: it was not.  What is
 * kept of that is forgotten then. */
bool hook_failure(const struct config *c, struct error *why);

#endif
