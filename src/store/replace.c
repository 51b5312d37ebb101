/* SPDX-License-Identifier: ISC */
#include "store/store_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/backup.h"
#include "store/server.h"

/*
 * Changes of several steps: a directory goes or gets another name, and the
 * lineages and links that name it follow.  All of it is backed up first and
 * then carried out from the journal.
 */
struct change {
	struct store *s;
	struct journal *j;
	char id[64];		/* the backup's */
	char *dir;		/* the account's own directory */
	char *parent;		/* the server's folder that it lies in */
	struct strs links;	/* per-account links to it */
};

static int
begin(struct change *c, struct store *s, const struct account *a,
    const char *why, struct error *err)
{
	memset(c, 0, sizeof(*c));
	c->s = s;
	if (!s->locked || a->path == NULL)
		return error_set(err, CODE_ERROR, "'%s': not an account of a "
		    "locked store", vis(a->dirname));
	if ((c->dir = realpath(a->path, NULL)) == NULL)
		return error_sys(err, CODE_ERROR, "'%s': cannot be resolved",
		    vis(a->path));
	if ((c->parent = strdup(c->dir)) == NULL)
		return error_nomem(err);
	*strrchr(c->parent, '/') = '\0';
	if (repoint_links(s, c->dir, &c->links, err) == -1 ||
	    journal_new(s->state_dir, &c->j, err) == -1 ||
	    backup_begin(s, why, a->server, a->dirname, c->id, sizeof(c->id),
	    err) == -1)
		return -1;
	for (size_t i = 0; i < c->links.n; i++)
		if (backup_add(s, c->id, c->links.v[i], err) == -1)
			return -1;
	return backup_add(s, c->id, c->dir, err);
}

static void
end(struct change *c)
{
	journal_free(c->j);
	free(c->dir);
	free(c->parent);
	strs_free(&c->links);
}

/* The directory and the links to it go. */
static int
go(struct change *c, struct error *err)
{
	for (size_t i = 0; i < c->links.n; i++)
		if (journal_remove(c->j, c->links.v[i], err) == -1)
			return -1;
	return journal_remove(c->j, c->dir, err);
}

/* Each link gets the new name and, absolute, the new target. */
static int
relink(struct change *c, const char *target, const char *id,
    struct error *err)
{
	struct stat st;
	char *link;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->links.n; i++) {
		const char *old = c->links.v[i];

		if (str_printf(&link, err, "%.*s/%s",
		    (int)(strrchr(old, '/') - old), old, id) == -1)
			return -1;
		rc = journal_remove(c->j, old, err);
		if (rc == 0 && lstat(link, &st) == -1)
			rc = journal_symlink(c->j, link, target, err);
		free(link);
	}
	return rc;
}

/* Adds the new account to the journal, unless it is there already. */
static int
put_new(struct change *c, const struct account *install, bool verbatim,
    struct error *err)
{
	struct account *there = NULL;
	char *path = NULL, *staged = NULL, *final = NULL;
	int fd = -1, rc = -1;

	if (server_path(install->server, &path, err) == -1 ||
	    place_server(c->s, path, &fd, err) == -1 ||
	    layout_path(c->s, path, install->key.id, &final, err) == -1 ||
	    read_account(c->s, install->server, path, install->key.id,
	    STORE_VERIFY, &there, err) == -1)
		goto out;
	if (there != NULL) {
		rc = store_install(c->s, install, verbatim, NULL, err);
		goto out;
	}
	if (place_stage_named(c->s, install, verbatim, &staged, err) == 0)
		rc = journal_rename(c->j, staged, final, err);
out:
	if (fd != -1)
		(void)close(fd);
	account_free(there);
	free(path);
	free(staged);
	free(final);
	return rc;
}

int
store_replace(struct store *s, const struct account *old,
    const struct account *install, const char *new_id, bool verbatim,
    struct error *err)
{
	struct change c;
	int rc = -1;

	if (begin(&c, s, old, install != NULL ? "account replaced" :
	    "account removed", err) == -1)
		goto out;
	if (install != NULL && install->broken) {
		error_set(err, CODE_STORE, "'%s': the account is broken: %s",
		    vis(install->dirname), install->problem);
		goto out;
	}
	/* at each step every lineage names an account that is there */
	if (install != NULL && put_new(&c, install, verbatim, err) == -1)
		goto out;
	if (new_id != NULL && repoint_lineages(s, c.j, c.id, c.dir, new_id,
	    NULL, err) == -1)
		goto out;
	if (go(&c, err) == 0)
		rc = journal_commit(c.j, err);
out:
	end(&c);
	return rc;
}

/* Does the folder hold what goes and nothing else? */
static int
would_be_empty(const struct change *c, bool *yes, struct error *err)
{
	struct dirent *e = NULL;
	char *full;
	DIR *d;
	int rc;

	*yes = true;
	if ((d = opendir(c->parent)) == NULL)
		return error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    vis(c->parent));
	while ((rc = io_next(d, c->parent, &e, err)) == 0 && e != NULL &&
	    *yes) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		rc = str_printf(&full, err, "%s/%s", c->parent, e->d_name);
		if (rc == -1)
			break;
		*yes = strcmp(full, c->dir) == 0 || strs_has(&c->links, full);
		free(full);
	}
	(void)closedir(d);
	return rc;
}

/* The server's folder and the links to it go, as certbot has it: an empty one
 * would hide what certbot finds for an older server. */
static int
go_empty(struct change *c, struct error *err)
{
	struct strs links = { NULL, 0, 0 };
	bool empty;
	int rc = -1;

	if (would_be_empty(c, &empty, err) == -1)
		return -1;
	if (!empty)
		return 0;
	if (repoint_server_links(c->s, c->parent, &links, err) == -1)
		goto out;
	for (size_t i = 0; i < links.n; i++)
		if (backup_add(c->s, c->id, links.v[i], err) == -1 ||
		    journal_remove(c->j, links.v[i], err) == -1)
			goto out;
	rc = journal_remove(c->j, c->parent, err);
out:
	strs_free(&links);
	return rc;
}

int
store_forget(struct store *s, const struct account *a, char **backup,
    struct error *err)
{
	struct change c;
	int rc = -1;

	*backup = NULL;
	if (begin(&c, s, a, STORE_FORGOTTEN, err) == 0 &&
	    go(&c, err) == 0 && go_empty(&c, err) == 0 &&
	    str_dup(backup, c.id, err) == 0)
		rc = journal_commit(c.j, err);
	end(&c);
	return rc;
}

/* What has the right name already: another account, or a shell of one. */
static int
make_room(struct change *c, const struct account *a, const char *target,
    bool *keep, struct error *err)
{
	struct account *there = NULL;
	char *path = NULL;
	struct stat st;
	int rc = -1;

	*keep = false;
	if (lstat(target, &st) == -1)
		return 0;
	if (server_path(a->server, &path, err) == -1 ||
	    read_account(c->s, a->server, path, a->key.id, STORE_VERIFY,
	    &there, err) == -1)
		goto out;
	if (there != NULL && !there->broken) {
		*keep = true;
		rc = strcmp(there->key.id, a->key.id) == 0 ? 0 :
		    error_set(err, CODE_STORE, "'%s': holds another key than "
		    "its name says", vis(target));
		goto out;
	}
	if (backup_add(c->s, c->id, target, err) == 0)
		rc = journal_remove(c->j, target, err);
out:
	account_free(there);
	free(path);
	return rc;
}

int
store_rename(struct store *s, const struct account *a, struct error *err)
{
	char *target = NULL;
	struct change c;
	bool keep;
	int rc = -1;

	if (a->key.id[0] == '\0')
		return error_set(err, CODE_STORE, "'%s': the right name is "
		    "not known: %s", vis(a->path), a->problem);
	if (strcmp(a->dirname, a->key.id) == 0)
		return 0;
	if (begin(&c, s, a, "directory renamed to the account's id", err) ==
	    -1 || str_printf(&target, err, "%s/%s", c.parent, a->key.id) ==
	    -1 || make_room(&c, a, target, &keep, err) == -1)
		goto out;
	if (keep) {
		if (repoint_lineages(s, c.j, c.id, c.dir, a->key.id, NULL,
		    err) == -1 || go(&c, err) == -1)
			goto out;
	} else if (journal_rename(c.j, c.dir, target, err) == -1 ||
	    relink(&c, target, a->key.id, err) == -1 ||
	    repoint_lineages(s, c.j, c.id, c.dir, a->key.id, NULL, err) == -1)
		goto out;
	rc = journal_commit(c.j, err);
out:
	end(&c);
	free(target);
	return rc;
}

int
store_lineage_account(struct store *s, const struct lineage *l,
    const char *id, struct error *err)
{
	struct atomic_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	struct buf old, new;
	struct stat st;
	char *real = NULL, backup[64];
	int rc = -1;

	buf_init(&old, LIMIT_CONF_FILE + 1);
	buf_init(&new, LIMIT_CONF_FILE + 128);
	if (!s->locked) {
		error_set(err, CODE_ERROR, "'%s': the store is not locked",
		    vis(s->config_dir));
		goto out;
	}
	if ((real = realpath(l->conf, NULL)) == NULL) {
		error_sys(err, CODE_ERROR, "'%s': cannot be resolved",
		    vis(l->conf));
		goto out;
	}
	if (io_read_file_stat(AT_FDCWD, real, LIMIT_CONF_FILE, 0, &old, &st,
	    NULL, err) == -1 || conf_set(buf_str(&old), old.len,
	    "renewalparams", "account", id, &new, err) == -1)
		goto out;
	if (old.len == new.len && memcmp(old.data, new.data, new.len) == 0) {
		rc = 0;
		goto out;
	}
	attr.mode = st.st_mode & 07777;
	attr.uid = st.st_uid;
	attr.gid = st.st_gid;
	if (backup_begin(s, "account of a lineage changed", l->server,
	    l->account, backup, sizeof(backup), err) == 0 &&
	    backup_add(s, backup, real, err) == 0)
		rc = atomic_write(AT_FDCWD, real, new.data, new.len, &attr,
		    ATOMIC_REPLACE, err);
out:
	buf_free(&old);
	buf_free(&new);
	free(real);
	return rc;
}
