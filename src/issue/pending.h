/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_PENDING_H
#define ISSUE_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/strs.h"

/*
 * An issuance under way: what the next run needs to go on with the very order
 * and key, so that a crash between any two requests costs no certificate.  It
 * is in STATE_DIR/pending/NAME/ (0700): privkey.pem, then order.json, both
 * 0600 and there as a whole or not at all; without order.json there is none.
 * All of it happens under STATE_DIR/issue.lock.
 */
struct pending {
	char *server;		/* directory URL */
	char *account;		/* id: the directory's name */
	char *kid;		/* the account's URL */
	char *profile;		/* "" : none */
	char *order;		/* URL */
	struct strs names;
	int64_t since;
	struct secret key;	/* PEM */
};
void pending_free(struct pending *p);

/* STATE_DIR/pending/NAME; the caller frees. */
int pending_path(const char *state_dir, const char *name, char **out,
    struct error *err) WARN_UNUSED;
/* Costs one system call. */
bool pending_exists(const char *state_dir, const char *name);

/* *found is false where there is none, or one that cannot be read (which is
 * said): then pending_drop() is right.  out is {0} or the caller frees. */
int pending_load(const char *state_dir, const char *name,
    struct pending *out, bool *found, struct error *err) WARN_UNUSED;

/* The key is written only where it is not there yet (key_too). */
int pending_save(const char *state_dir, const char *name,
    const struct pending *p, bool key_too, struct error *err) WARN_UNUSED;

int pending_drop(const char *state_dir, const char *name, struct error *err)
    WARN_UNUSED;

#endif
