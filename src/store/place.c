/* SPDX-License-Identifier: ISC */
#include "store/store_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "store/backup.h"

struct atomic_attr
place_attr(const struct store *s, mode_t mode)
{
	struct atomic_attr attr = { mode, (uid_t)-1, (gid_t)-1 };
	struct stat st;

	/* only root can give files away, and has the store to itself */
	if (geteuid() == 0 && stat(s->config_dir, &st) == 0) {
		attr.uid = st.st_uid;
		attr.gid = st.st_gid;
	}
	return attr;
}

/* A dangling link at this path goes to the backups. */
static int
drop_dangling(struct store *s, const char *path, struct error *err)
{
	struct stat st;
	char id[64];

	if (lstat(path, &st) == -1 || !S_ISLNK(st.st_mode) ||
	    stat(path, &st) == 0)
		return 0;
	log_step("'%s': a dangling link; a directory takes its place",
	    vis(path));
	if (backup_begin(s, "dangling link replaced", NULL, NULL, id,
	    sizeof(id), err) == -1 || backup_add(s, id, path, err) == -1)
		return -1;
	return atomic_unlink(AT_FDCWD, path, err);
}

static int
make_dirs(struct store *s, const char *path, struct error *err)
{
	struct atomic_attr attr = place_attr(s, 0700);
	size_t base = strlen(s->config_dir);
	char *copy, *p;
	int rc = 0;

	if ((copy = strdup(path)) == NULL)
		return error_nomem(err);
	for (p = copy + base + 1; rc == 0 && p != NULL; ) {
		if ((p = strchr(p, '/')) != NULL)
			*p = '\0';
		rc = drop_dangling(s, copy, err);
		if (p != NULL)
			*p++ = '/';
	}
	free(copy);
	return rc == -1 ? -1 : atomic_mkdirs(path, &attr, err);
}

int
place_server(struct store *s, const char *path, int *fd, struct error *err)
{
	char *full = NULL;
	int rc = -1;

	*fd = -1;
	if (layout_path(s, path, NULL, &full, err) == 0 &&
	    make_dirs(s, full, err) == 0)
		rc = atomic_open_dir(AT_FDCWD, full, false, fd, err);
	free(full);
	return rc;
}

int
place_accounts(struct store *s, int *fd, struct error *err)
{
	*fd = -1;
	if (make_dirs(s, s->accounts, err) == -1)
		return -1;
	return atomic_open_dir(AT_FDCWD, s->accounts, false, fd, err);
}

int
place_stage(struct store *s, int accounts, const struct account *a,
    bool verbatim, struct atomic_dir *st, struct error *err)
{
	struct atomic_attr dir = place_attr(s, 0700);
	struct atomic_attr key = place_attr(s, 0400);
	struct atomic_attr plain = place_attr(s, 0644);
	struct buf meta;
	int rc = -1;

	buf_init(&meta, LIMIT_ACCOUNT_FILE);
	if (verbatim)
		buf_add(&meta, buf_str(&a->meta_text), a->meta_text.len);
	else if (account_meta_clean(a, &meta, err) == -1)
		goto out;
	if (buf_check(&meta, account_file_names[ACCOUNT_META], err) == 0 &&
	    atomic_dir_begin(st, accounts, &dir, err) == 0 &&
	    atomic_put(st->fd, account_file_names[ACCOUNT_KEY],
	    a->key_text.data, a->key_text.len, &key, err) == 0 &&
	    atomic_put(st->fd, account_file_names[ACCOUNT_META],
	    buf_str(&meta), meta.len, &plain, err) == 0 &&
	    atomic_put(st->fd, account_file_names[ACCOUNT_REGR],
	    buf_str(&a->regr_text), a->regr_text.len, &plain, err) == 0)
		rc = 0;
out:
	buf_free(&meta);
	return rc;
}

int
place_stage_named(struct store *s, const struct account *a, bool verbatim,
    char **out, struct error *err)
{
	struct atomic_dir st = { -1, -1, "" };
	int fd = -1, rc = -1;
	const char *name;

	*out = NULL;
	if (str_printf(out, err, "%s/" STAGED_PREFIX "%s", s->accounts,
	    a->key.id) == -1)
		return -1;
	name = strrchr(*out, '/') + 1;
	if (place_accounts(s, &fd, err) == 0 &&
	    place_stage(s, fd, a, verbatim, &st, err) == 0 &&
	    atomic_remove_tree(fd, name, err) == 0)
		rc = atomic_dir_commit(&st, name, false, NULL, err);
	atomic_dir_abort(&st);
	if (fd != -1)
		(void)close(fd);
	if (rc == -1) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

/* Staged for a journal that is not there any more. */
static int
sweep_staged(int fd, const struct strs *strays, struct error *err)
{
	for (size_t i = 0; i < strays->n; i++)
		if (str_starts(strays->v[i], STAGED_PREFIX) &&
		    atomic_remove_tree(fd, strays->v[i], err) == -1)
			return -1;
	return 0;
}

/* A directory of ours or of certbot's that may not be there. */
static int
sweep_dir(int at, const char *path, struct error *err)
{
	int fd, rc;

	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR || errno == EACCES ||
		    errno == ELOOP)
			return 0;
		return error_sys(err, CODE_ERROR, "'%s': cannot be opened",
		    vis(path));
	}
	rc = atomic_sweep(fd, err);
	(void)close(fd);
	return rc;
}

static int
sweep_server(struct store *s, const struct server_dir *d, struct error *err)
{
	char *full = NULL;
	int fd = -1, rc = -1;

	/* a folder that a link leads to may have nothing to do with us */
	if (d->unreadable || (d->ids.n == 0 && (d->strays.n == 0 ||
	    !d->direct)))
		return 0;
	if (layout_path(s, d->path, NULL, &full, err) == -1)
		return -1;
	if (atomic_open_dir(AT_FDCWD, full, false, &fd, err) == -1)
		goto out;
	if (d->strays.n > 0 && (atomic_sweep(fd, err) == -1 ||
	    sweep_staged(fd, &d->strays, err) == -1))
		goto out;
	for (size_t i = 0; i < d->ids.n; i++)
		if (sweep_dir(fd, d->ids.v[i], err) == -1)
			goto out;
	rc = 0;
out:
	if (fd != -1)
		(void)close(fd);
	free(full);
	return rc;
}

/* backups/ and what lies in each. */
static int
sweep_backups(struct store *s, struct error *err)
{
	struct dirent *e;
	char *path = NULL;
	int rc = 0;
	DIR *d;

	if (str_printf(&path, err, "%s/backups", s->state_dir) == -1)
		return -1;
	if ((d = opendir(path)) != NULL) {
		rc = sweep_dir(AT_FDCWD, path, err);
		while (rc == 0 && (rc = io_next(d, path, &e, err)) == 0 &&
		    e != NULL)
			if (e->d_name[0] != '.')
				rc = sweep_dir(dirfd(d), e->d_name, err);
		(void)closedir(d);
	}
	free(path);
	return rc;
}

int
place_sweep(struct store *s, struct error *err)
{
	struct server_dirs l;
	char *renewal = NULL;
	int rc = 0;

	if (layout_scan(s, &l, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < l.n; i++)
		rc = sweep_server(s, &l.v[i], err);
	layout_free(&l);
	if (rc == 0)
		rc = sweep_dir(AT_FDCWD, s->config_dir, err);
	if (rc == 0)
		rc = str_printf(&renewal, err, "%s/renewal", s->config_dir);
	if (rc == 0)
		rc = sweep_dir(AT_FDCWD, renewal, err);
	if (rc == 0)
		rc = sweep_backups(s, err);
	free(renewal);
	return rc;
}
