/* SPDX-License-Identifier: ISC */
#ifndef STORE_CHECK_PRIV_H
#define STORE_CHECK_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/check.h"
#include "store/lineage.h"
#include "store/store_priv.h"

/* Private to store/check*.c. */

/* One account directory, small: there may be ten thousand. */
struct seen {
	size_t dir, name;	/* dirs.v[dir].ids.v[name] */
	char id[JWK_ID];	/* "" : the key cannot be read */
	bool loads;		/* certbot counts it as an account */
	bool broken;
};

/* What --fix does, in the order of the enumeration. */
enum fix {
	FIX_NONE,
	FIX_LOCK,		/* taking the lock is enough */
	FIX_MODE,
	FIX_OWNER,
	FIX_LINK,		/* text: the absolute target */
	FIX_DANGLING,
	FIX_STASH,		/* the account goes to the backups */
	FIX_RENAME,
	FIXES
};

struct todo {
	enum fix fix;
	char *path;
	char *text;		/* FIX_LINK; FIX_STASH, FIX_RENAME: server */
	mode_t mode;		/* FIX_MODE */
};

struct checker {
	struct store *s;
	struct findings *out;
	const struct strs *only;	/* see store_check_only() */
	struct server_dirs dirs;
	struct lineages lineages;
	struct seen *seen;
	size_t nseen, capseen;
	struct todo *todo;
	size_t ntodo, captodo;
	uid_t uid;		/* config_dir's owner */
	gid_t gid;
};

/* A finding of that code; fix FIX_NONE: nothing can be done.  path and text
 * are copied. */
struct found {
	const char *code, *path;
	enum fix fix;
	const char *text;
	mode_t mode;
};
int found(struct checker *c, const struct found *f, struct error *err,
    const char *fmt, ...) PRINTF_LIKE(4, 5) WARN_UNUSED;

const struct finding_kind *finding_kind(const char *code);

/* check_layout.c: folders, links, strays, litter, journal */
int check_layout(struct checker *c, struct error *err) WARN_UNUSED;
/* A look at path failed: what has gone meanwhile or may not be read is told
 * of elsewhere, the rest (errno) is an error. */
int check_gone(const char *path, struct error *err) WARN_UNUSED;
/* A directory of the store: mode (exact: 0700 it must be) and owner. */
int check_dir(struct checker *c, const char *path, bool exact,
    struct error *err) WARN_UNUSED;
int check_owner_of(struct checker *c, const char *path,
    const struct stat *st, struct error *err) WARN_UNUSED;

/* check_account.c: every account directory; fills in seen */
int check_accounts(struct checker *c, struct error *err) WARN_UNUSED;
/* check_server.c: what the accounts of one server are together */
int check_servers(struct checker *c, struct error *err) WARN_UNUSED;
/* check_lineage.c */
int check_lineages(struct checker *c, struct error *err) WARN_UNUSED;
/* check_cli.c: cli.ini */
int check_cli(struct checker *c, struct error *err) WARN_UNUSED;
/* How many accounts of the server certbot can load. */
size_t check_loadable(const struct checker *c, const char *server);

/* check_fix.c: carries out c->todo, under the lock */
int check_fix(struct checker *c, struct error *err) WARN_UNUSED;

#endif
