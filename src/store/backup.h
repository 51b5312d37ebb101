/* SPDX-License-Identifier: ISC */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"

/*
 * state_dir/backups/<UTC time>-<n>/: what was replaced or removed, with a
 * manifest.json.  Kept: the newest 20 and all under 30 days.
 */
struct store;

/* How the path of what was on another host begins. */
#define BACKUP_ELSEWHERE "sftp://"

struct backup {
	char *id;		/* the directory's name */
	int64_t time;
	char *reason;		/* "replaced by pull", ... */
	char *server, *account;	/* NULL where it is about no account */
	struct strs paths;	/* originals, absolute or BACKUP_ELSEWHERE... */
	struct strs copies;	/* their names in the directory */
};
struct backups {
	struct backup **v;
	size_t n, cap;
};

/* Begins one, under store_lock(); id of at least 64 bytes.  store_unlock() then
 * removes old ones that the rule above no longer keeps. */
int backup_begin(struct store *s, const char *reason, const char *server,
    const char *account, char *id, size_t size, struct error *err)
    WARN_UNUSED;
/* Copies a file, link or directory into it, durably. */
int backup_add(struct store *s, const char *id, const char *path,
    struct error *err) WARN_UNUSED;

int backup_list(struct store *s, struct backups *out, struct error *err)
    WARN_UNUSED;
void backups_free(struct backups *l);

void backup_free(struct backup *b);

/* Removes what is beyond the rule above; failures are only logged. */
void backup_expire(struct store *s);

/*
 * Puts a backup (id or unique prefix) back, after backing up the present;
 * refuses without force what would make a second account for a server.
 * Through the journal, under store_lock() (a dry run needs none).  CODE_STORE
 * for no such id.  restored: the paths.
 */
int backup_restore(struct store *s, const char *id, bool force,
    bool dry_run, struct strs *restored, struct error *err) WARN_UNUSED;

#endif
