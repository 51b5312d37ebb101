/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_PROVE_H
#define ISSUE_PROVE_H

#include "issue/issue.h"

/*
 * Proves the names of an order through the certificate's peers (design section
 * 8, step 2), between issue_verify() and issue_finish().
 *
 * For each name that is pending: the response is served (issue/deliver.h),
 * which is looked at; only then is the CA told, and waited for; then the
 * response is removed, whatever happened.  LIMIT_PROVE names at a time.
 * Afterwards the order that issue_verify() left is ready, and its names say so;
 * where certbot is to finish, a further order has told that it will find them
 * authorised.
 *
 * With `authenticator: hook` the CA is not told: a response that no CA asked
 * for shows that the peers can be delivered to, and certbot is run at all.
 *
 * Nothing is done where issue_verify() did not set is->unproven, and in a dry
 * run; there it is said.
 *
 * CODE_UNAUTHORIZED: nothing can prove a name (a wildcard's, or with no peer
 * that answers), or the CA found one invalid; CODE_RETRY: a peer or the CA is
 * not reached, or the CA found the name invalid MEMORY_FAILED times within an
 * hour, which is remembered; else what the transport says.
 */
int issue_prove(struct issue *is, struct error *err) WARN_UNUSED;

#endif
