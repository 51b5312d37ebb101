/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_BUILTIN_STORE_H
#define ISSUE_BUILTIN_STORE_H

#include "base/error.h"
#include "issue/cert_chain.h"
#include "issue/issue_impl.h"

/* Where the built-in issuer puts a certificate. */

/* Before it costs one: CODE_STORE where the lineage, or what stands in the way
 * of a new one, would make builtin_store() fail. */
int builtin_can_store(const struct issue *is, struct error *err) WARN_UNUSED;

/* The chain and is->pending's key as the lineage's next version, with the
 * settings of the job; ends is->pending on disk in the same step. */
int builtin_store(const struct issue *is, const struct certbot_job *job,
    const struct cert_chain *c, struct error *err) WARN_UNUSED;

#endif
