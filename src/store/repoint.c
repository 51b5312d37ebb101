/* SPDX-License-Identifier: ISC */
#include "store/store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "store/backup.h"
#include "store/server.h"

/* *yes: path leads to that directory.  What cannot be looked at is an error:
 * passing it over would leave it with a name that is gone. */
static int
same_dir(const char *path, const struct stat *dir, bool *yes,
    struct error *err)
{
	struct stat st;

	*yes = false;
	if (stat(path, &st) == 0)
		*yes = st.st_dev == dir->st_dev && st.st_ino == dir->st_ino;
	else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(path));
	return 0;
}

/* Does the lineage's account lie in that directory, whichever way it goes? */
static int
leads_to(struct store *s, const struct lineage *l, const struct stat *dir,
    bool *yes, struct error *err)
{
	char *path = NULL, *full = NULL;
	const char *reuse;
	int rc = -1;

	*yes = false;
	if (l->unreadable)
		return error_set(err, CODE_ERROR, "%s", l->problem);
	if (l->server == NULL || l->account == NULL ||
	    strchr(l->account, '/') != NULL)
		return 0;
	if (server_path(l->server, &path, err) == -1 ||
	    layout_path(s, path, l->account, &full, err) == -1 ||
	    same_dir(full, dir, yes, err) == -1)
		goto out;
	if (!*yes && (reuse = server_reuse_path(path)) != NULL) {
		free(full);
		if (layout_path(s, reuse, l->account, &full, err) == -1 ||
		    same_dir(full, dir, yes, err) == -1)
			goto out;
	}
	rc = 0;
out:
	free(path);
	free(full);
	return rc;
}

/* The conf with another account, into the journal. */
static int
rewrite(struct journal *j, const struct lineage *l, const char *id,
    struct error *err)
{
	struct buf old, new;
	int rc = -1;

	buf_init(&old, LIMIT_CONF_FILE + 1);
	buf_init(&new, LIMIT_CONF_FILE + 128);
	if (io_read_file(AT_FDCWD, l->conf, LIMIT_CONF_FILE, 0, &old, NULL,
	    err) == 0 && conf_set(buf_str(&old), old.len, "renewalparams",
	    "account", id, &new, err) == 0) {
		if (memchr(new.data, '\0', new.len) != NULL)
			error_set(err, CODE_STORE, "'%s': found a NUL byte in "
			    "it", vis(l->conf));
		else
			rc = journal_write(j, l->conf, buf_str(&new), err);
	}
	buf_free(&old);
	buf_free(&new);
	return rc;
}

int
repoint_lineages(struct store *s, struct journal *j, const char *backup,
    const char *dir, const char *id, struct strs *names, struct error *err)
{
	struct lineages ls;
	struct stat st;
	bool yes;
	int rc = 0;

	if (stat(dir, &st) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(dir));
	if (store_lineages(s, false, &ls, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < ls.n; i++) {
		rc = leads_to(s, ls.v[i], &st, &yes, err);
		if (rc == -1 || !yes || strcmp(ls.v[i]->account, id) == 0)
			continue;
		if (backup != NULL)
			rc = backup_add(s, backup, ls.v[i]->conf, err);
		if (rc == 0)
			rc = rewrite(j, ls.v[i], id, err);
		if (rc == 0 && names != NULL)
			rc = strs_add(names, ls.v[i]->name, err);
		if (rc == 0)
			log_verbose("'%s': account = %s", vis(ls.v[i]->conf),
			    id);
	}
	lineages_free(&ls);
	return rc;
}

static int
links_in(struct store *s, const struct server_dir *d, const struct stat *dir,
    struct strs *out, struct error *err)
{
	struct stat st = { 0 };
	char *full;
	bool yes;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < d->ids.n; i++) {
		if (layout_path(s, d->path, d->ids.v[i], &full, err) == -1)
			return -1;
		if (lstat(full, &st) == -1 && errno != ENOENT)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be "
			    "examined", vis(full));
		else if (S_ISLNK(st.st_mode)) {
			rc = same_dir(full, dir, &yes, err);
			if (rc == 0 && yes)
				rc = strs_add(out, full, err);
		}
		free(full);
	}
	return rc;
}

int
repoint_links(struct store *s, const char *dir, struct strs *out,
    struct error *err)
{
	struct server_dirs l;
	struct stat st;
	int rc = 0;

	if (stat(dir, &st) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(dir));
	if (layout_scan(s, &l, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < l.n; i++)
		rc = links_in(s, &l.v[i], &st, out, err);
	layout_free(&l);
	return rc;
}

int
repoint_server_links(struct store *s, const char *dir, struct strs *out,
    struct error *err)
{
	struct server_dirs l;
	struct stat st, link;
	char *full;
	bool yes;
	int rc = 0;

	if (stat(dir, &st) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(dir));
	if (layout_scan(s, &l, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < l.n; i++) {
		if ((rc = layout_path(s, l.v[i].path, NULL, &full, err)) == -1)
			break;
		yes = false;
		if (l.v[i].unreadable)
			rc = error_set(err, CODE_ERROR, "'%s': cannot be read, "
			    "so links in it to '%s' are not known", vis(full),
			    vis(dir));
		else if (lstat(full, &link) == -1)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be "
			    "examined", vis(full));
		else if (S_ISLNK(link.st_mode))
			rc = same_dir(full, &st, &yes, err);
		if (rc == 0 && yes)
			rc = strs_add(out, full, err);
		free(full);
	}
	layout_free(&l);
	return rc;
}

int
store_users(struct store *s, const struct account *a, struct strs *names,
    struct error *err)
{
	struct lineages ls;
	struct stat st;
	bool yes;
	int rc = 0;

	if (stat(a->path, &st) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(a->path));
	if (store_lineages(s, false, &ls, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < ls.n; i++) {
		rc = leads_to(s, ls.v[i], &st, &yes, err);
		if (rc == -1 && ls.v[i]->unreadable)
			err->code = CODE_STORE;
		if (rc == 0 && yes)
			rc = strs_add(names, ls.v[i]->name, err);
	}
	lineages_free(&ls);
	return rc;
}
