/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_REQUEST_H
#define ISSUE_REQUEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Which order a peer's request has become: STATE_DIR/requests/DIGEST.json, by
 * the SHA-256 of its id, 0600 in 0700.  Those of yesterday go when one is
 * saved.
 */
struct request_file {
	char *account;		/* id: the directory's name */
	char *kid;		/* the account's URL */
	char *order;		/* URL */
};
void request_file_free(struct request_file *f);

/* *found is false where there is none, or one that cannot be read. */
int request_load(const char *state_dir, const char *id,
    struct request_file *out, bool *found, struct error *err) WARN_UNUSED;
int request_save(const char *state_dir, const char *id,
    const char *account, const char *kid, const char *order,
    struct error *err) WARN_UNUSED;

#endif
