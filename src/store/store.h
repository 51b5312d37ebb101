/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/account.h"
#include "store/lineage.h"

/*
 * A certbot configuration directory and our state beside it.  Readers take no
 * lock; writers hold certbot's for milliseconds (store_lock()).
 */
struct store;

struct store_options {
	const char *config_dir;	/* absolute */
	const char *state_dir;	/* absolute */
	int64_t lock_timeout;	/* ms */
	const char *original;	/* NULL; else config_dir is a copy of this,
				 * "sftp://HOST/DIRECTORY", and manifests of
				 * backups name that */
};

/* Opens; a directory that is absent is fine until something is written.
 * Warns (log) of a journal that awaits replay. */
int store_open(const struct store_options *opts, struct store **out,
    struct error *err) WARN_UNUSED;
void store_free(struct store *s);
const char *store_config_dir(const struct store *s);
const char *store_state_dir(const struct store *s);

/* ---- reading ---------------------------------------------------------- */

enum store_read {
	STORE_TEXTS = 1,	/* keep the three files in the account */
	STORE_VERIFY = 2	/* check keys for consistency (slower) */
};

/*
 * Calls fn for every account directory (also half and broken ones) of a
 * server, or of all with server NULL, in order of server and id.  An account
 * that is reached through two server directories comes once for each.  The
 * account is freed after the call unless fn takes it by setting *a to NULL.
 * fn returns 0 to go on, -1 with *err to stop.  CODE_TRUST, after those that
 * can be read, where a folder cannot be.
 */
typedef int store_each_fn(void *arg, struct account **a, struct error *err);
int store_each(struct store *s, const char *server, unsigned int flags,
    store_each_fn *fn, void *arg, struct error *err) WARN_UNUSED;

/* All of them in a list that the caller frees. */
struct accounts {
	struct account **v;
	size_t n, cap;
};
int store_accounts(struct store *s, const char *server, unsigned int flags,
    struct accounts *out, struct error *err) WARN_UNUSED;
/* Takes a, also on failure. */
int accounts_add(struct accounts *l, struct account *a, struct error *err)
    WARN_UNUSED;
void accounts_free(struct accounts *l);

/* Exactly one, as certbot would load it by id: the directory `id` of the
 * server or of the one it re-uses.  *out NULL: none. */
int store_account(struct store *s, const char *server, const char *id,
    unsigned int flags, struct account **out, struct error *err) WARN_UNUSED;

/* ---- writing ---------------------------------------------------------- */

/* Takes certbot's lock (waits lock_timeout), refuses root in somebody else's
 * store, creates config_dir (0755) if absent, replays the journal, sweeps. */
int store_lock(struct store *s, struct error *err) WARN_UNUSED;
void store_unlock(struct store *s);
/* True where a killed run left a journal or temporary files that
 * store_lock() would finish and remove; takes no lock. */
bool store_unfinished(struct store *s);

/*
 * Installs an account (with its texts) under its right id; under
 * store_lock().  Absent: a staged directory is renamed into place.  There
 * already with the same key: only regr.json is replaced, if its uri
 * differs.  There but broken: exchanged as a whole.  What is replaced goes to
 * the backups first.  verbatim: keep register_to_eff.  changed may be NULL.
 */
int store_install(struct store *s, const struct account *a, bool verbatim,
    bool *changed, struct error *err) WARN_UNUSED;

/* Replaces regr.json's uri (verify --fix), after a backup. */
int store_set_uri(struct store *s, const struct account *a, const char *uri,
    struct error *err) WARN_UNUSED;

/*
 * Through the journal: moves the account `old` to the backups, installs
 * `install` (may be NULL) and rewrites `account =` of the lineages of that
 * server from old->dirname to new_id (NULL: leaves them).
 */
int store_replace(struct store *s, const struct account *old,
    const struct account *install, const char *new_id, bool verbatim,
    struct error *err) WARN_UNUSED;

/*
 * Moves an account to the backups (*backup: its id there, which the caller
 * frees), through the journal, with the links that lead to it, and with the
 * folder of its server where that is empty then.  Nobody is told, and nobody
 * asked: see store_users().
 */
int store_forget(struct store *s, const struct account *a, char **backup,
    struct error *err) WARN_UNUSED;
/* The reason of that backup. */
#define STORE_FORGOTTEN	"account forgotten"

/* Adds the names of the lineages that use the account, whichever way they
 * reach it; a conf that cannot be read is CODE_STORE. */
int store_users(struct store *s, const struct account *a, struct strs *names,
    struct error *err) WARN_UNUSED;

/* Renames a directory to its right id and rewrites `account =`; through the
 * journal.  Where the right name exists already, the wrong one goes to the
 * backups. */
int store_rename(struct store *s, const struct account *a, struct error *err)
    WARN_UNUSED;

/* Sets `account =` (and nothing else) of one lineage, after a backup. */
int store_lineage_account(struct store *s, const struct lineage *l,
    const char *id, struct error *err) WARN_UNUSED;

/* ---- the ledger ------------------------------------------------------- */

struct ledger_entry {
	int64_t time;		/* 0 when adding: now */
	const char *client;	/* whom we talked with: peer or --client */
	const char *connection;	/* SSH_CONNECTION or NULL */
	const char *server, *id;	/* NULL where it is about none */
	const char *operation;	/* "received", "gave", "refused",
				 * "forgot" */
	const char *result;	/* a code's name */
};
int store_ledger_add(struct store *s, const struct ledger_entry *e,
    struct error *err) WARN_UNUSED;
typedef int store_ledger_fn(void *arg, const struct ledger_entry *e,
    struct error *err);
/* Every entry in order; lines that are none are skipped and counted. */
int store_ledger_each(struct store *s, store_ledger_fn *fn, void *arg,
    size_t *skipped, struct error *err) WARN_UNUSED;

#endif
