/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_TREE_H
#define TRANSPORT_SFTP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"
#include "transport/sftp_list.h"
#include "transport/sftp_session.h"

/*
 * A far certbot directory, copied into a local one (base/atomic_scratch.h) as
 * far as accounts and hints need it, so that the store's own reader and writer
 * work on it: accounts/ with all its folders, renewal/NAME.conf, and
 * live/NAME/cert.pem of the lineages of the servers that are asked for.  No
 * key of another server is read, and no certificate's key at all.
 *
 * Links are followed by the far end, as it does for certbot.  sftp cannot say
 * where one leads, but `cd` and `pwd` do for directories: one that leads to a
 * folder below accounts/ is a link to the copy of that here; of one that
 * leads elsewhere the content is here; one that leads nowhere is a dangling
 * link here too.  No link here leads out of the copy, and a conf here names
 * no file outside of it, unless it is asked for verbatim: `cert` is the copy's,
 * and the far conf as it was is in orig/NAME.conf.
 *
 * Names that the far end made up are names in our copy only where
 * sftp_list_parse() lets them pass.
 */

/* A directory that holds an account. */
struct sftp_account {
	char *folder;		/* "host/directory", below accounts/ */
	char *name;		/* the directory's */
	bool key;		/* with its key */
	char *why;		/* a file that cannot be read there, NULL */
};

struct sftp_tree {
	struct sftp *s;		/* borrowed */
	const char *copy;	/* borrowed; absolute */
	const struct strs *servers;	/* borrowed: whose keys are read */
	char *top;		/* the far directory, as it is spelt there */
	struct sftp_account *accounts;
	size_t n, cap;
	struct strs litter;	/* in accounts/: what sftp sessions left */
	char owner[32];		/* of the far directory, as ls shows it */
	bool locked;		/* .certbot.lock is there */
	bool accounts_dir;	/* accounts/ is there */
	bool missing;		/* it is not there, and could be made */
	bool verbatim;		/* the confs as they are, and no certificates:
				 * nobody reads what they name */
	int64_t bytes;
};

/* What a path below a far directory begins with: "" where that is "/". */
const char *sftp_below(const char *top);

enum sftp_enter {
	SFTP_IS_THERE,
	SFTP_MAKE,		/* made, where its parent is there */
	SFTP_WOULD_MAKE		/* a dry run: then `missing`, and empty */
};
/* Enters the far directory.  CODE_ERROR: there is none. */
int sftp_tree_enter(struct sftp_tree *t, enum sftp_enter how,
    struct error *err) WARN_UNUSED;
/* What is in it: locked, accounts_dir and owner. */
int sftp_tree_look(struct sftp_tree *t, struct error *err) WARN_UNUSED;
/* Copies it.  CODE_TRUST: a folder cannot be read. */
int sftp_tree_copy(struct sftp_tree *t, struct error *err) WARN_UNUSED;
/* Frees what it holds; the copy stays. */
void sftp_tree_free(struct sftp_tree *t);

/* Gets files, named relative to top and to the copy, in as few steps as there
 * can be; what cannot be got is told in said only.  sum: adds their sizes. */
int sftp_get_all(struct sftp *s, const char *copy, const struct strs *from,
    const struct strs *to, struct buf *said, int64_t *sum, struct error *err)
    WARN_UNUSED;

/* A directory in the copy, with those above it. */
int sftp_copy_dir(const char *copy, const char *path, struct error *err)
    WARN_UNUSED;

/* ---- sftp_confs.c: renewal/ and live/ ------------------------------------ */

/* listed: what "ls -la renewal" printed. */
int sftp_confs_copy(struct sftp_tree *t, const char *listed,
    struct error *err) WARN_UNUSED;

#endif
