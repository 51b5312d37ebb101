/* SPDX-License-Identifier: ISC */
#include "store/store_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vis.h"
#include "store/backup.h"
#include "store/server.h"

/*
 * One account into its directory.  A new one is built beside and renamed into
 * place; of one that works only regr.json is replaced; one that does not work
 * is exchanged as a whole, or through the journal where the file system cannot
 * exchange.  A kill at any moment leaves the old or the new one.
 */

/* What must hold before anything is written. */
static int
check_new(const struct store *s, const struct account *a, struct error *err)
{
	if (!s->locked)
		return error_set(err, CODE_ERROR, "'%s': the store is not "
		    "locked", vis(s->config_dir));
	if (a->broken)
		return error_set(err, CODE_STORE, "'%s': the account is "
		    "broken: %s", vis(a->dirname), a->problem);
	if (a->key_text.data == NULL || a->regr_text.len == 0 ||
	    a->meta_text.len == 0)
		return error_set(err, CODE_ERROR, "'%s': the account's files "
		    "are not at hand", vis(a->dirname));
	return server_check(a->server, err);
}

/* regr.json of the account in `dir` (absolute) gets another text. */
static int
write_regr(struct store *s, const char *dir, const struct buf *text,
    struct error *err)
{
	struct atomic_attr attr = place_attr(s, 0644);
	int fd = -1, rc;

	if (atomic_open_dir(AT_FDCWD, dir, false, &fd, err) == -1)
		return -1;
	rc = atomic_write(fd, account_file_names[ACCOUNT_REGR],
	    buf_str(text), text->len, &attr, ATOMIC_REPLACE, err);
	(void)close(fd);
	return rc;
}

/* The directory itself where the account is reached through a link. */
static int
real_dir(const struct account *a, char **out, struct error *err)
{
	if ((*out = realpath(a->path, NULL)) == NULL)
		return error_sys(err, CODE_ERROR, "'%s': cannot be resolved",
		    vis(a->path));
	return 0;
}

static int
backup_regr(struct store *s, const struct account *old, const char *dir,
    const char *why, struct error *err)
{
	char *file = NULL, id[64];
	int rc = -1;

	if (!old->present[ACCOUNT_REGR])
		return 0;
	if (str_printf(&file, err, "%s/%s", dir,
	    account_file_names[ACCOUNT_REGR]) == 0 &&
	    backup_begin(s, why, old->server, old->dirname, id, sizeof(id),
	    err) == 0)
		rc = backup_add(s, id, file, err);
	free(file);
	return rc;
}

static int
update(struct store *s, const struct account *old, const struct account *a,
    bool *changed, struct error *err)
{
	char *dir = NULL;
	int rc = -1;

	if (old->uri != NULL && strcmp(old->uri, a->uri) == 0)
		return 0;
	if (real_dir(old, &dir, err) == 0 &&
	    backup_regr(s, old, dir, "account URL replaced", err) == 0)
		rc = write_regr(s, dir, &a->regr_text, err);
	free(dir);
	*changed = rc == 0;
	return rc;
}

/* For file systems that cannot exchange. */
static int
replace_by_journal(struct store *s, const char *dir, const struct account *a,
    bool verbatim, struct error *err)
{
	struct journal *j = NULL;
	char *staged = NULL;
	int rc = -1;

	if (place_stage_named(s, a, verbatim, &staged, err) == 0 &&
	    journal_new(s->state_dir, &j, err) == 0 &&
	    journal_remove(j, dir, err) == 0 &&
	    journal_rename(j, staged, dir, err) == 0)
		rc = journal_commit(j, err);
	journal_free(j);
	free(staged);
	return rc;
}

/* dir is a real directory, PARENT/ID */
static int
exchange(struct store *s, const char *dir, const struct account *a,
    bool verbatim, struct error *err)
{
	struct atomic_dir st = { -1, -1, "" };
	int accounts = -1, parent = -1, rc = -1;
	bool unsupported = false;
	char *copy, *name;

	if ((copy = strdup(dir)) == NULL)
		return error_nomem(err);
	name = strrchr(copy, '/');
	*name++ = '\0';
	if (atomic_open_dir(AT_FDCWD, copy, false, &parent, err) == -1 ||
	    place_accounts(s, &accounts, err) == -1 ||
	    place_stage(s, accounts, a, verbatim, &st, err) == -1)
		goto out;
	rc = atomic_dir_commit_at(&st, parent, name, true, &unsupported, err);
	if (rc == 0)
		/* the old one, which is in the backups */
		rc = atomic_remove_tree(accounts, st.name, err);
out:
	atomic_dir_abort(&st);
	if (accounts != -1)
		(void)close(accounts);
	if (parent != -1)
		(void)close(parent);
	free(copy);
	if (rc == -1 && unsupported)
		return replace_by_journal(s, dir, a, verbatim, err);
	return rc;
}

static int
repair(struct store *s, const struct account *old, const struct account *a,
    bool verbatim, struct error *err)
{
	char *dir = NULL, id[64];
	int rc = -1;

	if (real_dir(old, &dir, err) == 0 &&
	    backup_begin(s, "broken account replaced", old->server,
	    old->dirname, id, sizeof(id), err) == 0 &&
	    backup_add(s, id, dir, err) == 0)
		rc = exchange(s, dir, a, verbatim, err);
	free(dir);
	return rc;
}

static int
add(struct store *s, const char *path, const struct account *a, bool verbatim,
    struct error *err)
{
	struct atomic_dir st = { -1, -1, "" };
	int accounts = -1, fd = -1, rc = -1;

	if (place_server(s, path, &fd, err) == 0 &&
	    place_accounts(s, &accounts, err) == 0 &&
	    place_stage(s, accounts, a, verbatim, &st, err) == 0)
		rc = atomic_dir_commit_at(&st, fd, a->key.id, false, NULL,
		    err);
	atomic_dir_abort(&st);
	if (accounts != -1)
		(void)close(accounts);
	if (fd != -1)
		(void)close(fd);
	return rc;
}

/* A link named as the account that leads nowhere would be in the way. */
static int
drop_link(struct store *s, const char *path, const char *id, struct error *err)
{
	char *full = NULL, backup[64];
	struct stat st;
	int rc = 0;

	if (layout_path(s, path, id, &full, err) == -1)
		return -1;
	if (lstat(full, &st) == 0 && !S_ISDIR(st.st_mode) &&
	    stat(full, &st) == -1) {
		rc = backup_begin(s, "dangling link replaced", NULL, id,
		    backup, sizeof(backup), err);
		if (rc == 0)
			rc = backup_add(s, backup, full, err);
		if (rc == 0)
			rc = atomic_unlink(AT_FDCWD, full, err);
	}
	free(full);
	return rc;
}

int
store_install(struct store *s, const struct account *a, bool verbatim,
    bool *changed, struct error *err)
{
	struct account *old = NULL;
	char *path = NULL;
	bool ignored;
	int rc = -1;

	if (changed == NULL)
		changed = &ignored;
	*changed = false;
	if (check_new(s, a, err) == -1 ||
	    server_path(a->server, &path, err) == -1 ||
	    drop_link(s, path, a->key.id, err) == -1 ||
	    read_account(s, a->server, path, a->key.id, STORE_VERIFY, &old,
	    err) == -1)
		goto out;
	if (old == NULL)
		rc = add(s, path, a, verbatim, err);
	else if (old->key.id[0] != '\0' &&
	    strcmp(old->key.id, a->key.id) != 0) {
		error_set(err, CODE_STORE, "'%s': the directory holds another "
		    "key than its name says; 'acmeferry check --fix' names it "
		    "rightly", vis(old->path));
		goto out;
	} else if (old->broken && old->flaw != FLAW_URI)
		rc = repair(s, old, a, verbatim, err);
	else {
		rc = update(s, old, a, changed, err);
		goto out;
	}
	*changed = rc == 0;
out:
	account_free(old);
	free(path);
	return rc;
}

int
store_set_uri(struct store *s, const struct account *a, const char *uri,
    struct error *err)
{
	struct account *now = NULL;
	char *path = NULL, *dir = NULL;
	struct buf text;
	int rc = -1;

	buf_init(&text, LIMIT_ACCOUNT_FILE);
	if (a->path == NULL || !s->locked) {
		error_set(err, CODE_ERROR, "'%s': not an account of a locked "
		    "store", vis(a->dirname));
		goto out;
	}
	/* as it is now, not as it was when the CA was asked */
	path = strndup(a->path + strlen(s->accounts) + 1,
	    strlen(a->path) - strlen(s->accounts) - 2 - strlen(a->dirname));
	if (path == NULL) {
		error_nomem(err);
		goto out;
	}
	if (read_account(s, a->server, path, a->dirname, STORE_TEXTS, &now,
	    err) == -1)
		goto out;
	if (now == NULL || strcmp(now->key.id, a->key.id) != 0) {
		error_set(err, CODE_STORE, "'%s': the account has changed "
		    "meanwhile", vis(a->path));
		goto out;
	}
	if (account_regr_with_uri(now, uri, &text, err) == 0 &&
	    real_dir(now, &dir, err) == 0 &&
	    backup_regr(s, now, dir, "account URL corrected", err) == 0)
		rc = write_regr(s, dir, &text, err);
out:
	buf_free(&text);
	account_free(now);
	free(path);
	free(dir);
	return rc;
}
