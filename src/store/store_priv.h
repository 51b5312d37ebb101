/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_PRIV_H
#define STORE_STORE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/journal.h"
#include "base/lock.h"
#include "base/strs.h"
#include "store/store.h"

/* Private to store/. */
struct store {
	char *config_dir;
	char *state_dir;
	char *original;		/* NULL: config_dir is no copy */
	char *accounts;		/* config_dir/accounts */
	int64_t lock_timeout;
	struct lock lock;
	bool locked;
	bool expire;		/* a backup was made: old ones may go */
};

/*
 * What is staged for a journal has this prefix and the final name behind it:
 * it outlives the process, unlike base/atomic.h's temporary names; store_lock()
 * removes what no journal needs.
 */
#define STAGED_PREFIX ATOMIC_PREFIX "new-"

/* ---- layout.c: which folders there are -------------------------------- */

/* A folder below accounts/ that may hold accounts. */
struct server_dir {
	char *path;		/* relative to accounts/ */
	struct strs ids;	/* account directories, sorted */
	struct strs strays;	/* what else lies there, sorted */
	bool unreadable;
	bool direct;		/* no link leads there, else it is another
				 * name of a folder; by layout_scan() only */
};
struct server_dirs {
	struct server_dir *v;
	size_t n, cap;
};
/* All of them, sorted by path; a folder without accounts and without strays is
 * there too (an empty server directory).  Links are followed. */
int layout_scan(struct store *s, struct server_dirs *out, struct error *err)
    WARN_UNUSED;
/* One; *out->n is 0 where it does not exist. */
int layout_one(struct store *s, const char *path, struct server_dirs *out,
    struct error *err) WARN_UNUSED;
void layout_free(struct server_dirs *l);

/* accounts/PATH[/NAME], absolute; the caller frees. */
int layout_path(const struct store *s, const char *path, const char *name,
    char **out, struct error *err) WARN_UNUSED;

/* True for directories that hold at least one of the three files. */
bool layout_is_account(int dirfd, const char *name);

/* ---- read.c ----------------------------------------------------------- */

/* The account in accounts/PATH/NAME; server: its URL, NULL: from path.  *out
 * NULL: there is no such directory. */
int read_account(struct store *s, const char *server, const char *path,
    const char *name, unsigned int flags, struct account **out,
    struct error *err) WARN_UNUSED;

/* ---- place.c: where things are written -------------------------------- */

/* Mode and the owner of config_dir (as root). */
struct atomic_attr place_attr(const struct store *s, mode_t mode);
/* Makes accounts/PATH where it is absent (a dangling link on the way is
 * replaced after a backup), 0700, and opens it. */
int place_server(struct store *s, const char *path, int *fd,
    struct error *err) WARN_UNUSED;
int place_accounts(struct store *s, int *fd, struct error *err) WARN_UNUSED;
/* Builds the account's directory in accounts/ under a temporary name. */
int place_stage(struct store *s, int accounts, const struct account *a,
    bool verbatim, struct atomic_dir *st, struct error *err) WARN_UNUSED;
/* The same for a journal: *out is its absolute path (STAGED_PREFIX id). */
int place_stage_named(struct store *s, const struct account *a, bool verbatim,
    char **out, struct error *err) WARN_UNUSED;
/* Removes what killed runs left; under the lock, with no journal. */
int place_sweep(struct store *s, struct error *err) WARN_UNUSED;

/* ---- repoint.c: `account =` of lineages and links --------------------- */

/*
 * Adds to the journal, after backing up: each lineage whose account is in the
 * directory `dir` (absolute, any of the ways to reach it) gets `account = id`.
 * names: the lineages changed, may be NULL.
 */
int repoint_lineages(struct store *s, struct journal *j, const char *backup,
    const char *dir, const char *id, struct strs *names, struct error *err)
    WARN_UNUSED;
/* Absolute paths of per-account links that lead to the directory. */
int repoint_links(struct store *s, const char *dir, struct strs *out,
    struct error *err) WARN_UNUSED;
/* The same of links in the place of a server's folder that lead to `dir`. */
int repoint_server_links(struct store *s, const char *dir, struct strs *out,
    struct error *err) WARN_UNUSED;

#endif
