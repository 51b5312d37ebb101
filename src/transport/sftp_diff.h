/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_DIFF_H
#define TRANSPORT_SFTP_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * What the store's writer has changed in the copy of a far directory
 * (transport/sftp_tree.h), as steps that sftp can take there.
 */

/* accounts/ and renewal/ of a copy. */
struct sftp_item {
	char *path;		/* "accounts/...", "renewal/..." */
	char type;		/* 'd', '-', 'l' */
	char *what;		/* SHA-256 of a file in hex, a link's target */
};
struct sftp_state {
	struct sftp_item *v;	/* sorted by path */
	size_t n, cap;
};
int sftp_state_take(const char *copy, struct sftp_state *out,
    struct error *err) WARN_UNUSED;
void sftp_state_free(struct sftp_state *s);
/* NULL: nothing of that path. */
const struct sftp_item *sftp_state_find(const struct sftp_state *s,
    const char *path);

/* In the order in which they are taken, so that every conf names an account
 * that is there at any moment. */
enum sftp_step_kind {
	STEP_UNLINK,		/* a link in the way of what follows */
	STEP_MKDIR,		/* a folder */
	STEP_ACCOUNT,		/* a whole account */
	STEP_FILE,		/* regr.json of an account */
	STEP_EXCHANGE,		/* an account in the place of another */
	STEP_LINK,		/* a link, new or with another target */
	STEP_CONF,		/* renewal/NAME.conf */
	STEP_DROP_LINK,		/* a link goes */
	STEP_DROP,		/* an account or an empty folder goes */
	STEP_KINDS
};
struct sftp_step {
	enum sftp_step_kind kind;
	char *path;
};
struct sftp_steps {
	struct sftp_step *v;
	size_t n, cap;
};
/* Pure. */
int sftp_steps_make(const struct sftp_state *before,
    const struct sftp_state *after, struct sftp_steps *out,
    struct error *err) WARN_UNUSED;
void sftp_steps_free(struct sftp_steps *l);

#endif
