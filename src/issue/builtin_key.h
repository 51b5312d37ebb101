/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_BUILTIN_KEY_H
#define ISSUE_BUILTIN_KEY_H

#include "base/error.h"
#include "base/secret.h"
#include "issue/issue_impl.h"

/* With which settings the built-in issuer issues. */

/*
 * As issue_job_make(); of a lineage that is renewed only what the configuration
 * says in so many words is in it, since the rest stays as it is.  preferred:
 * the chain to choose, NULL: the CA's choice; the caller frees both.
 */
int builtin_job(const struct issue *is, struct issue_job *j,
    char **preferred, struct error *err) WARN_UNUSED;

/* The key: the lineage's where it is to be kept, else a new one of the type
 * configured or, of a lineage, of its own. */
int builtin_key(const struct issue *is, const struct certbot_job *job,
    struct secret *pem, struct error *err) WARN_UNUSED;

#endif
