/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_SERVED_H
#define ISSUE_SERVED_H

#include "base/error.h"
#include "config/config.h"

/*
 * Does every place of the certificate's `served` show what is in the PEM file
 * (live/NAME/cert.pem)?  Connects to each with the certificate's first name
 * that is no wildcard.  *state: "ok"; "mismatch", CODE_ERROR; "unreachable",
 * CODE_RETRY; the worst of all, and what to do.
 */
int served_check(const struct config_cert *cert, const char *pem_path,
    const char **state, struct error *err) WARN_UNUSED;

#endif
