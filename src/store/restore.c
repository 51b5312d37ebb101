/* SPDX-License-Identifier: ISC */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/vis.h"
#include "store/server.h"
#include "store/store_priv.h"

/*
 * A backup put back.  A directory that is there is exchanged in one step;
 * everything else (files, links, directories that are gone) goes through the
 * journal.
 */
struct restoring {
	struct store *s;
	const struct backup *k;
	struct journal *j;
	bool force;
};

static int
find(const struct backups *l, const char *id, const struct backup **out,
    struct error *err)
{
	const struct backup *hit = NULL;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i]->id, id) == 0) {
			*out = l->v[i];
			return 0;
		}
		if (id[0] != '\0' && str_starts(l->v[i]->id, id)) {
			hit = l->v[i];
			n++;
		}
	}
	if (n == 0)
		return error_set(err, CODE_STORE, "'%s': no such backup; "
		    "'acmeferry backups' lists them", vis(id));
	if (n > 1)
		return error_set(err, CODE_STORE, "'%s': %zu backups begin "
		    "like this; 'acmeferry backups' lists them", vis(id), n);
	*out = hit;
	return 0;
}

static int
copy_path(const struct restoring *r, size_t i, char **out, struct error *err)
{
	return str_printf(out, err, "%s/backups/%s/%s", r->s->state_dir,
	    r->k->id, r->k->copies.v[i]);
}

/* accounts/SERVER/NAME: the server's part, NULL where path is none such. */
static int
server_part(const struct store *s, const char *path, char **out,
    struct error *err)
{
	char *real = realpath(s->accounts, NULL);
	const char *roots[2] = { s->accounts, real }, *rest, *slash;
	size_t n;
	int rc = 0;

	*out = NULL;
	for (int i = 0; i < 2 && *out == NULL && rc == 0; i++) {
		n = roots[i] != NULL ? strlen(roots[i]) : 0;
		if (n == 0 || strncmp(path, roots[i], n) != 0 ||
		    path[n] != '/')
			continue;
		rest = path + n + 1;
		slash = strrchr(rest, '/');
		if (slash != NULL && (*out = strndup(rest,
		    (size_t)(slash - rest))) == NULL)
			rc = error_nomem(err);
	}
	free(real);
	return rc;
}

/* Would this account be one more beside another that certbot can load? */
static int
check_second(const struct restoring *r, const char *path, struct error *err)
{
	const char *name = strrchr(path, '/') + 1;
	struct account *a = NULL;
	struct server_dirs l;
	char *server = NULL;
	bool here = false;
	size_t others = 0;
	int rc = 0;

	memset(&l, 0, sizeof(l));
	if (server_part(r->s, path, &server, err) == -1)
		return -1;
	if (server != NULL)
		rc = layout_one(r->s, server, &l, err);
	for (size_t i = 0; rc == 0 && l.n > 0 && i < l.v[0].ids.n; i++) {
		rc = read_account(r->s, NULL, server, l.v[0].ids.v[i], 0, &a,
		    err);
		if (rc == 0 && a != NULL && !a->broken) {
			if (strcmp(a->dirname, name) == 0)
				here = true;
			else
				others++;
		}
		account_free(a);
		a = NULL;
	}
	layout_free(&l);
	if (rc == 0 && others > 0 && !here)
		rc = error_set(err, CODE_STORE, "'%s': would be another "
		    "account beside %zu that certbot can use for 'https://%s', "
		    "and it would ask which to choose; --force restores it",
		    vis(path), others, vis(server));
	free(server);
	return rc;
}

/* A file goes back only into a directory that is there. */
static int
check_parent(const struct restoring *r, const char *path, struct error *err)
{
	char *server = NULL, *dir;
	struct stat st;
	int rc = 0;

	if ((dir = strndup(path, (size_t)(strrchr(path, '/') - path))) == NULL)
		return error_nomem(err);
	if (server_part(r->s, path, &server, err) == -1)
		rc = -1;
	else if (server != NULL && stat(dir, &st) == -1)
		rc = error_set(err, CODE_STORE, "'%s': the account's directory "
		    "is gone; restore that first", vis(dir));
	free(server);
	free(dir);
	return rc;
}

static int
check(const struct restoring *r, struct error *err)
{
	char *copy = NULL;
	struct stat st;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->k->paths.n; i++) {
		if (copy_path(r, i, &copy, err) == -1)
			return -1;
		if (r->k->paths.v[i][0] != '/')
			rc = error_set(err, CODE_STORE, "'%s': was on another "
			    "host; put it back there by hand, from '%s'",
			    vis(r->k->paths.v[i]), vis(copy));
		else if (lstat(copy, &st) == -1)
			rc = error_sys(err, CODE_STORE, "'%s': the backup is "
			    "not whole", vis(copy));
		else if (S_ISDIR(st.st_mode) && !r->force)
			rc = check_second(r, r->k->paths.v[i], err);
		else if (S_ISREG(st.st_mode))
			rc = check_parent(r, r->k->paths.v[i], err);
		free(copy);
	}
	return rc;
}

static int
backup_present(const struct restoring *r, struct error *err)
{
	char id[64], why[96];
	struct stat st;

	(void)snprintf(why, sizeof(why), "before the restore of %s",
	    r->k->id);
	if (backup_begin(r->s, why, r->k->server, r->k->account, id,
	    sizeof(id), err) == -1)
		return -1;
	for (size_t i = 0; i < r->k->paths.n; i++)
		if (lstat(r->k->paths.v[i], &st) == 0 &&
		    backup_add(r->s, id, r->k->paths.v[i], err) == -1)
			return -1;
	return 0;
}

/* Makes the folder that path lies in. */
static int
make_parent(const struct restoring *r, const char *path, struct error *err)
{
	struct atomic_attr attr = place_attr(r->s, 0755);
	char *server = NULL, *dir;
	int fd = -1, rc;

	if (server_part(r->s, path, &server, err) == -1)
		return -1;
	if (server != NULL) {
		rc = place_server(r->s, server, &fd, err);
		if (fd != -1)
			(void)close(fd);
		free(server);
		return rc;
	}
	if ((dir = strndup(path, (size_t)(strrchr(path, '/') - path))) == NULL)
		return error_nomem(err);
	rc = atomic_mkdirs(dir, &attr, err);
	free(dir);
	return rc;
}

/* A copy in accounts/, which is the same file system. */
static int
stage_copy(const struct restoring *r, size_t i, const char *copy,
    char **staged, struct error *err)
{
	int fd = -1;

	if (str_printf(staged, err, "%s/" STAGED_PREFIX "%s", r->s->accounts,
	    r->k->copies.v[i]) == -1 ||
	    place_accounts(r->s, &fd, err) == -1)
		return -1;
	(void)close(fd);
	if (atomic_remove_tree(AT_FDCWD, *staged, err) == -1)
		return -1;
	return atomic_copy_tree(AT_FDCWD, copy, AT_FDCWD, *staged, err);
}

/* The staged directory and the one at path change places; 1: this file system
 * cannot. */
static int
exchange(const struct restoring *r, const char *staged, const char *path,
    struct error *err)
{
	struct atomic_dir st = { -1, -1, "" };
	bool unsupported = false;
	int parent = -1, rc = -1;
	char *dir;

	if ((dir = strndup(path, (size_t)(strrchr(path, '/') - path))) == NULL)
		return error_nomem(err);
	(void)snprintf(st.name, sizeof(st.name), "%s",
	    strrchr(staged, '/') + 1);
	if (place_accounts(r->s, &st.parent, err) == 0 &&
	    atomic_open_dir(st.parent, st.name, true, &st.fd, err) == 0 &&
	    atomic_open_dir(AT_FDCWD, dir, false, &parent, err) == 0)
		rc = atomic_dir_commit_at(&st, parent, strrchr(path, '/') + 1,
		    true, &unsupported, err);
	if (st.fd != -1)
		(void)close(st.fd);
	if (st.parent != -1)
		(void)close(st.parent);
	if (parent != -1)
		(void)close(parent);
	free(dir);
	if (rc == -1 && unsupported)
		return 1;
	return rc == -1 ? -1 : atomic_remove_tree(AT_FDCWD, staged, err);
}

static int
put_dir(const struct restoring *r, size_t i, const char *copy,
    struct error *err)
{
	const char *path = r->k->paths.v[i];
	char *staged = NULL;
	struct stat st;
	int rc = -1;

	if (stage_copy(r, i, copy, &staged, err) == -1)
		goto out;
	/* a name too long for struct atomic_dir goes through the journal */
	if (lstat(path, &st) == 0) {
		rc = S_ISDIR(st.st_mode) && strlen(strrchr(staged, '/')) < 64 ?
		    exchange(r, staged, path, err) : 1;
		if (rc != 1)
			goto out;
		rc = journal_remove(r->j, path, err);
		if (rc == -1)
			goto out;
	}
	rc = journal_rename(r->j, staged, path, err);
out:
	free(staged);
	return rc;
}

static int
put_link(const struct restoring *r, const char *copy, const char *path,
    struct error *err)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if ((n = readlink(copy, target, sizeof(target) - 1)) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    vis(copy));
	target[n] = '\0';
	if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode) &&
	    journal_remove(r->j, path, err) == -1)
		return -1;
	return journal_symlink(r->j, path, target, err);
}

static int
put_file(const struct restoring *r, const char *copy, const char *path,
    struct error *err)
{
	struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct stat st;
	struct buf b;
	int rc;

	buf_init_sensitive(&b, LIMIT_STATE_FILE);
	rc = io_read_file_stat(AT_FDCWD, copy, LIMIT_STATE_FILE, IO_NOFOLLOW,
	    &b, &st, NULL, err);
	if (rc == -1)
		goto out;
	attr.mode = st.st_mode & 07777;
	if (geteuid() == 0) {
		attr.uid = st.st_uid;
		attr.gid = st.st_gid;
	}
	/* several steps belong together, but the journal holds text only */
	if (r->k->paths.n > 1 && utf8_valid_len(buf_str(&b), b.len) == b.len &&
	    memchr(buf_str(&b), '\0', b.len) == NULL)
		rc = journal_write(r->j, path, buf_str(&b), err);
	else
		rc = atomic_write(AT_FDCWD, path, buf_str(&b), b.len, &attr,
		    ATOMIC_REPLACE, err);
out:
	buf_free(&b);
	return rc;
}

static int
put(const struct restoring *r, size_t i, struct error *err)
{
	const char *path = r->k->paths.v[i];
	char *copy = NULL;
	struct stat st;
	int rc = -1;

	if (copy_path(r, i, &copy, err) == -1)
		return -1;
	if (lstat(copy, &st) == -1)
		error_sys(err, CODE_STORE, "'%s': cannot be examined",
		    vis(copy));
	else if (make_parent(r, path, err) == 0) {
		if (S_ISDIR(st.st_mode))
			rc = put_dir(r, i, copy, err);
		else if (S_ISLNK(st.st_mode))
			rc = put_link(r, copy, path, err);
		else
			rc = put_file(r, copy, path, err);
	}
	free(copy);
	return rc;
}

/* The journal knows no modes: files that it made anew get theirs. */
static int
settle(const struct restoring *r, struct error *err)
{
	struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct stat st, now;
	char *copy = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->k->paths.n; i++) {
		if (copy_path(r, i, &copy, err) == -1)
			return -1;
		if (lstat(copy, &st) == 0 && S_ISREG(st.st_mode) &&
		    lstat(r->k->paths.v[i], &now) == 0 &&
		    S_ISREG(now.st_mode) &&
		    (now.st_mode & 07777) != (st.st_mode & 07777)) {
			attr.mode = st.st_mode & 07777;
			rc = atomic_set_attr(AT_FDCWD, r->k->paths.v[i],
			    &attr, err);
		}
		free(copy);
	}
	return rc;
}

static int
carry_out(struct restoring *r, struct error *err)
{
	int rc = 0;

	if (!r->s->locked)
		return error_set(err, CODE_ERROR, "'%s': the store is not "
		    "locked", vis(r->s->config_dir));
	if (backup_present(r, err) == -1 ||
	    journal_new(r->s->state_dir, &r->j, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < r->k->paths.n; i++)
		rc = put(r, i, err);
	if (rc == 0)
		rc = journal_commit(r->j, err);
	if (rc == 0)
		rc = settle(r, err);
	journal_free(r->j);
	return rc;
}

int
backup_restore(struct store *s, const char *id, bool force, bool dry_run,
    struct strs *restored, struct error *err)
{
	struct restoring r = { s, NULL, NULL, force };
	struct backups l;
	int rc = -1;

	if (backup_list(s, &l, err) == -1)
		return -1;
	if (find(&l, id, &r.k, err) == -1 || check(&r, err) == -1)
		goto out;
	if (!dry_run && carry_out(&r, err) == -1)
		goto out;
	rc = restored != NULL ? strs_copy(restored, &r.k->paths, err) : 0;
out:
	backups_free(&l);
	return rc;
}
