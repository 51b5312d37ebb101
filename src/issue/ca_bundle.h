/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CA_BUNDLE_H
#define ISSUE_CA_BUNDLE_H

#include "base/error.h"

/*
 * certbot trusts the one file that REQUESTS_CA_BUNDLE names and then nothing
 * else, so acme.ca_file alone would take away the system's anchors.  Writes
 * STATE_DIR/ca-bundle.pem (0644, atomically, only where something changed):
 * the system's anchors and then ca_file.  *path: the caller frees.
 */
int ca_bundle_write(const char *state_dir, const char *ca_file, char **path,
    struct error *err) WARN_UNUSED;

#endif
