/* SPDX-License-Identifier: ISC */
#include "store/check_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vis.h"
#include "store/backup.h"
#include "store/server.h"

/*
 * What --fix does.  The store may have changed since it was looked at without
 * the lock, so each step looks again; whether it helped is found out by
 * looking at everything anew.
 */

/* Modes and owners change no byte, so nothing is backed up. */
static int
fix_mode(struct checker *c, const struct todo *t, struct error *err)
{
	struct atomic_attr attr = { t->mode, (uid_t)-1, (gid_t)-1 };
	struct stat st;

	(void)c;
	if (lstat(t->path, &st) == -1 || S_ISLNK(st.st_mode))
		return 0;
	return atomic_set_attr(AT_FDCWD, t->path, &attr, err);
}

static int
fix_owner(struct checker *c, const struct todo *t, struct error *err)
{
	struct atomic_attr attr = { 0, c->uid, c->gid };
	struct stat st;

	if (lstat(t->path, &st) == -1 || S_ISLNK(st.st_mode))
		return 0;
	attr.mode = st.st_mode & 07777;
	return atomic_set_attr(AT_FDCWD, t->path, &attr, err);
}

static int
fix_link(struct checker *c, const struct todo *t, struct error *err)
{
	struct stat st;
	char id[64];

	if (lstat(t->path, &st) == -1 || !S_ISLNK(st.st_mode) ||
	    stat(t->text, &st) == -1)
		return 0;
	if (backup_begin(c->s, "link made absolute", NULL, NULL, id,
	    sizeof(id), err) == -1 || backup_add(c->s, id, t->path, err) == -1)
		return -1;
	return atomic_symlink(t->text, AT_FDCWD, t->path, err);
}

static int
fix_dangling(struct checker *c, const struct todo *t, struct error *err)
{
	struct stat st;
	char id[64];

	if (lstat(t->path, &st) == -1 || !S_ISLNK(st.st_mode) ||
	    stat(t->path, &st) == 0)
		return 0;
	if (backup_begin(c->s, "dangling link removed", NULL, NULL, id,
	    sizeof(id), err) == -1 || backup_add(c->s, id, t->path, err) == -1)
		return -1;
	return atomic_unlink(AT_FDCWD, t->path, err);
}

/* The account as it is now; *out NULL: gone. */
static int
again(struct checker *c, const struct todo *t, struct account **out,
    struct error *err)
{
	char *path = NULL;
	int rc;

	*out = NULL;
	if (server_path(t->text, &path, err) == -1)
		return -1;
	rc = read_account(c->s, t->text, path, strrchr(t->path, '/') + 1, 0,
	    out, err);
	free(path);
	return rc;
}

static int
fix_stash(struct checker *c, const struct todo *t, struct error *err)
{
	struct account *a;
	int rc;

	if ((rc = again(c, t, &a, err)) == 0 && a != NULL &&
	    (a->flaw == FLAW_MISSING || a->flaw == FLAW_CRASH))
		rc = store_replace(c->s, a, NULL, NULL, false, err);
	account_free(a);
	return rc;
}

static int
fix_rename(struct checker *c, const struct todo *t, struct error *err)
{
	struct account *a;
	int rc;

	if ((rc = again(c, t, &a, err)) == 0 && a != NULL)
		rc = store_rename(c->s, a, err);
	account_free(a);
	return rc;
}

static int
carry_out(struct checker *c, const struct todo *t, struct error *err)
{
	switch (t->fix) {
	case FIX_MODE:
		return fix_mode(c, t, err);
	case FIX_OWNER:
		return fix_owner(c, t, err);
	case FIX_LINK:
		return fix_link(c, t, err);
	case FIX_DANGLING:
		return fix_dangling(c, t, err);
	case FIX_STASH:
		return fix_stash(c, t, err);
	case FIX_RENAME:
		return fix_rename(c, t, err);
	case FIX_NONE:
	case FIX_LOCK:
	case FIXES:
		break;
	}
	return 0;
}

int
check_fix(struct checker *c, struct error *err)
{
	struct error why;

	for (int fix = FIX_NONE + 1; fix < FIXES; fix++)
		for (size_t i = 0; i < c->ntodo; i++) {
			if ((int)c->todo[i].fix != fix)
				continue;
			error_clear(&why);
			if (carry_out(c, &c->todo[i], &why) == 0)
				continue;
			/* an unfinished journal is in the way of the rest */
			if (why.sys == ENOMEM || why.sys == ENOSPC ||
			    journal_pending(c->s->state_dir)) {
				*err = why;
				return -1;
			}
			log_warn("%s", why.msg);
		}
	return 0;
}
