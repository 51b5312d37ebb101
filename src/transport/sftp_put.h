/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_PUT_H
#define TRANSPORT_SFTP_PUT_H

#include "base/error.h"
#include "base/strs.h"
#include "transport/sftp_diff.h"
#include "transport/sftp_tree.h"

/*
 * Changes of a far certbot directory: everything is built in accounts/ under a
 * name of its own, with its modes before its content, looked at, and then
 * renamed.  Who dies here leaves such names, which certbot and acmeferry pass
 * over and the next session removes.
 */
struct sftp_put {
	struct sftp_tree *t;
	const char *dir;	/* "accounts": where temporary names are */
	char own[9];		/* of our temporary names: who we are */
	unsigned int serial;
};

/* state: the directory that this host keeps for that place.  What has its name
 * and this host's is of a session of ours, which must not overlap. */
int sftp_put_init(struct sftp_put *p, struct sftp_tree *t, const char *state,
    struct error *err) WARN_UNUSED;

/* Removes what earlier sessions of ours left in accounts/, and what anybody's
 * left a day ago. */
int sftp_put_sweep(struct sftp_put *p, struct error *err) WARN_UNUSED;

/* One file of the copy to a far path, with that mode ("644"); over another
 * where replace is set. */
int sftp_put_file(struct sftp_put *p, const char *local, const char *to,
    unsigned int mode, struct error *err) WARN_UNUSED;
/* An account in the copy to the same path there. */
int sftp_put_account(struct sftp_put *p, const char *path, struct error *err)
    WARN_UNUSED;
/* The same in the place of another. */
int sftp_put_exchange(struct sftp_put *p, const char *path, struct error *err)
    WARN_UNUSED;
/* A directory, made with 0700. */
int sftp_put_dir(struct sftp_put *p, const char *path, struct error *err)
    WARN_UNUSED;
/* A link, over what is there. */
int sftp_put_link(struct sftp_put *p, const char *target, const char *path,
    struct error *err) WARN_UNUSED;
/* An account's directory goes, in one step. */
int sftp_put_drop(struct sftp_put *p, const char *path, struct error *err)
    WARN_UNUSED;
/* "rm", "rmdir": one command, of which nothing but success is taken. */
int sftp_put_do(struct sftp_put *p, const char *verb, const char *path,
    struct error *err) WARN_UNUSED;

/* Fills in *err: path could not be changed for what sftp said.  Returns -1. */
int sftp_put_failed(struct sftp *s, const char *top, const char *path,
    const char *said, struct error *err);

/* ---- sftp_step.c --------------------------------------------------------- */

/* Is all that the steps replace or remove still as it was copied, and nothing
 * else there?  CODE_RETRY: no. */
int sftp_put_check(struct sftp_put *p, const struct sftp_steps *steps,
    const struct sftp_state *before, struct error *err) WARN_UNUSED;

/* Takes one step; after an error nothing half-done is left but what sweeping
 * removes. */
int sftp_put_step(struct sftp_put *p, const struct sftp_step *step,
    const struct sftp_state *before, const struct sftp_state *after,
    struct error *err) WARN_UNUSED;

#endif
