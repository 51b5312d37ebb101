/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_BUILTIN_CONF_H
#define ISSUE_BUILTIN_CONF_H

#include "base/buf.h"
#include "base/error.h"
#include "issue/certbot_argv.h"
#include "store/lineage_install.h"

/*
 * The text of renewal/NAME.conf, such that certbot takes the lineage for one
 * that our own `certbot certonly` (certbot_argv_certonly()) has made.  Pure.
 */

/* A new one.  CODE_USAGE where a value cannot stand in such a file. */
int builtin_conf_new(const struct certbot_job *job,
    const struct lineage_place *place, struct buf *out, struct error *err)
    WARN_UNUSED;

/*
 * `old` with the settings of the job: every other line stays as it is.  What is
 * NULL or false in the job stays too; with job->new_names authenticator, guard
 * and autorenew become ours.
 */
int builtin_conf_change(const char *old, size_t len,
    const struct certbot_job *job, struct buf *out, struct error *err)
    WARN_UNUSED;

#endif
