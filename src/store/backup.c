/* SPDX-License-Identifier: ISC */
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "base/vis.h"
#include "store/list.h"
#include "store/store_priv.h"

enum {
	KEEP_NEWEST = 20,
	KEEP_SECONDS = 30 * 24 * 3600,
	STAMP = 16,		/* 20261123T210600Z */
	TRIES = 10000
};

static const struct atomic_attr private_dir = { 0700, (uid_t)-1, (gid_t)-1 };
static const struct atomic_attr private_file = { 0600, (uid_t)-1, (gid_t)-1 };

void
backup_free(struct backup *b)
{
	if (b == NULL)
		return;
	free(b->id);
	free(b->reason);
	free(b->server);
	free(b->account);
	strs_free(&b->paths);
	strs_free(&b->copies);
	free(b);
}

void
backups_free(struct backups *l)
{
	for (size_t i = 0; i < l->n; i++)
		backup_free(l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static int
backup_path(struct store *s, const char *id, const char *name, char **out,
    struct error *err)
{
	return str_printf(out, err, "%s/backups%s%s%s%s", s->state_dir,
	    id != NULL ? "/" : "", id != NULL ? id : "",
	    name != NULL ? "/" : "", name != NULL ? name : "");
}

/* "20261123T210600Z-1" */
static bool
id_valid(const char *id)
{
	return strlen(id) > STAMP + 1 && id[8] == 'T' && id[15] == 'Z' &&
	    id[STAMP] == '-' && strspn(id, "0123456789") == 8 &&
	    strspn(id + 9, "0123456789") == 6 &&
	    strspn(id + STAMP + 1, "0123456789") == strlen(id + STAMP + 1);
}

static int
save(struct store *s, const struct backup *k, struct error *err)
{
	char *path = NULL;
	struct json_w w;
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_STATE_FILE);
	json_w_init(&w, &b, false);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", 1);
	json_w_time(&w, "time", k->time);
	json_w_str(&w, "reason", k->reason);
	json_w_str(&w, "server", k->server);
	json_w_str(&w, "account", k->account);
	json_w_arr(&w, "entries");
	for (size_t i = 0; i < k->paths.n; i++) {
		json_w_obj(&w, NULL);
		json_w_str(&w, "path", k->paths.v[i]);
		json_w_str(&w, "copy", k->copies.v[i]);
		json_w_obj_end(&w);
	}
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	buf_addc(&b, '\n');
	rc = buf_check(&b, "manifest.json", err);
	if (rc == 0)
		rc = backup_path(s, k->id, "manifest.json", &path, err);
	if (rc == 0)
		rc = atomic_write(AT_FDCWD, path, b.data, b.len, &private_file,
		    ATOMIC_REPLACE, err);
	buf_free(&b);
	free(path);
	return rc;
}

static int
load_entries(struct backup *k, const json *arr, const char *what,
    struct error *err)
{
	const char *path, *copy;

	for (size_t i = 0; i < json_len(arr); i++) {
		if (json_get_str(json_at(arr, i), "path", JSON_REQUIRED, what,
		    &path, err) == -1 ||
		    json_get_str(json_at(arr, i), "copy", JSON_REQUIRED, what,
		    &copy, err) == -1)
			return -1;
		if ((path[0] != '/' && !str_starts(path, BACKUP_ELSEWHERE)) ||
		    strchr(copy, '/') != NULL ||
		    copy[0] == '\0' || copy[0] == '.')
			return error_set(err, CODE_STORE, "'%s': found a path "
			    "that this program does not write", vis(what));
		if (strs_add(&k->paths, path, err) == -1 ||
		    strs_add(&k->copies, copy, err) == -1)
			return -1;
	}
	return 0;
}

static int
load_json(struct backup *k, const json *j, const char *what, struct error *err)
{
	const char *time, *reason, *server, *account;
	json *arr;

	if (json_get_str(j, "time", JSON_REQUIRED, what, &time, err) == -1 ||
	    time_parse(time, &k->time, err) == -1 ||
	    json_get_str(j, "reason", JSON_REQUIRED, what, &reason, err) ==
	    -1 ||
	    json_get_str(j, "server", JSON_OPTIONAL, what, &server, err) ==
	    -1 ||
	    json_get_str(j, "account", JSON_OPTIONAL, what, &account, err) ==
	    -1 ||
	    json_get_arr(j, "entries", JSON_REQUIRED, what, &arr, err) == -1)
		return -1;
	if (str_dup(&k->reason, reason, err) == -1 ||
	    str_dup(&k->server, server, err) == -1 ||
	    str_dup(&k->account, account, err) == -1)
		return -1;
	return load_entries(k, arr, what, err);
}

static int
load(struct store *s, const char *id, struct backup **out, struct error *err)
{
	struct backup *k = NULL;
	char *path = NULL;
	json *j = NULL;
	struct buf b;
	int rc = -1;

	*out = NULL;
	buf_init(&b, LIMIT_STATE_FILE);
	if ((k = calloc(1, sizeof(*k))) == NULL) {
		error_nomem(err);
		goto out;
	}
	if (str_dup(&k->id, id, err) == -1 ||
	    backup_path(s, id, "manifest.json", &path, err) == -1 ||
	    io_read_file(AT_FDCWD, path, LIMIT_STATE_FILE, IO_NOFOLLOW |
	    IO_OWNED | IO_NOT_WRITABLE, &b, NULL, err) == -1 ||
	    json_parse(buf_str(&b), b.len, path, &j, err) == -1 ||
	    load_json(k, j, path, err) == -1)
		goto out;
	*out = k;
	k = NULL;
	rc = 0;
out:
	backup_free(k);
	json_put(j);
	buf_free(&b);
	free(path);
	return rc;
}

/* A new directory of that name; err->sys EEXIST: take another. */
static int
make(struct store *s, const char *id, struct error *err)
{
	struct atomic_dir st = { -1, -1, "" };
	char *path = NULL;
	int fd = -1, rc = -1;

	if (backup_path(s, NULL, NULL, &path, err) == 0 &&
	    atomic_mkdirs(s->state_dir, &private_dir, err) == 0 &&
	    atomic_mkdirs(path, &private_dir, err) == 0 &&
	    atomic_open_dir(AT_FDCWD, path, true, &fd, err) == 0 &&
	    atomic_dir_begin(&st, fd, &private_dir, err) == 0)
		rc = atomic_dir_commit(&st, id, false, NULL, err);
	atomic_dir_abort(&st);
	if (fd != -1)
		(void)close(fd);
	free(path);
	return rc;
}

int
backup_begin(struct store *s, const char *reason, const char *server,
    const char *account, char *id, size_t size, struct error *err)
{
	char text[TIME_TEXT], stamp[TIME_TEXT];
	struct backup k;
	size_t n = 0;
	int rc = -1;

	s->expire = true;
	memset(&k, 0, sizeof(k));
	k.time = clock_now();
	time_text(k.time, text, sizeof(text));
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '-' && *p != ':')
			stamp[n++] = *p;
	stamp[n] = '\0';
	for (int i = 1; rc == -1 && i < TRIES; i++) {
		(void)snprintf(id, size, "%s-%d", stamp, i);
		rc = make(s, id, err);
		if (rc == -1 && err->sys != EEXIST)
			return -1;
	}
	if (rc == 0 && (str_dup(&k.id, id, err) == -1 ||
	    str_dup(&k.reason, reason, err) == -1 ||
	    str_dup(&k.server, server, err) == -1 ||
	    str_dup(&k.account, account, err) == -1 ||
	    save(s, &k, err) == -1))
		rc = -1;
	free(k.id);
	free(k.reason);
	free(k.server);
	free(k.account);
	return rc;
}

/* How the manifest names it: in a copy of a far directory as it is there. */
static int
original(const struct store *s, const char *path, char **out,
    struct error *err)
{
	size_t n = strlen(s->config_dir);

	if (s->original != NULL && strncmp(path, s->config_dir, n) == 0 &&
	    path[n] == '/')
		return str_printf(out, err, "%s%s", s->original, path + n);
	return str_dup(out, path, err);
}

int
backup_add(struct store *s, const char *id, const char *path,
    struct error *err)
{
	const char *base = strrchr(path, '/');
	char *copy = NULL, *name = NULL;
	struct backup *k = NULL;
	int rc = -1;

	if (path[0] != '/')
		return error_set(err, CODE_ERROR, "'%s': found a relative "
		    "path, want an absolute one", vis(path));
	if (original(s, path, &name, err) == -1 ||
	    load(s, id, &k, err) == -1)
		goto out;
	if (strs_has(&k->paths, name)) {
		rc = 0;
		goto out;
	}
	if (strs_add(&k->paths, name, err) == -1 ||
	    strs_addf(&k->copies, err, "%zu-%s", k->paths.n, base + 1) == -1 ||
	    backup_path(s, id, k->copies.v[k->copies.n - 1], &copy, err) == -1)
		goto out;
	/* the manifest last: what it names is there */
	if (atomic_copy_tree(AT_FDCWD, path, AT_FDCWD, copy, err) == 0)
		rc = save(s, k, err);
out:
	if (rc == -1)
		error_wrap(err, "backup %s", id);
	free(copy);
	free(name);
	backup_free(k);
	return rc;
}

/* By time, then by number. */
static int
by_id(const void *a, const void *b)
{
	const struct backup *const *x = a, *const *y = b;
	int c = strncmp((*x)->id, (*y)->id, STAMP);
	size_t nx = strlen((*x)->id), ny = strlen((*y)->id);

	if (c != 0)
		return c;
	if (nx != ny)
		return nx < ny ? -1 : 1;
	return strcmp((*x)->id, (*y)->id);
}

static int
add(struct store *s, const char *id, struct backups *out, struct error *err)
{
	struct backup *k = NULL, **v;
	struct error why;

	error_clear(&why);
	if (load(s, id, &k, &why) == -1) {
		if (why.sys == ENOMEM)
			return error_nomem(err);
		if (why.sys != 0 && why.sys != ENOENT) {
			*err = why;
			return -1;
		}
		/* killed before its first manifest */
		log_verbose("'%s/backups/%s': %s", vis(s->state_dir), id,
		    why.msg);
		return 0;
	}
	v = list_room(out->v, out->n, &out->cap, sizeof(struct backup *), err);
	if (v == NULL) {
		backup_free(k);
		return -1;
	}
	out->v = v;
	out->v[out->n++] = k;
	return 0;
}

int
backup_list(struct store *s, struct backups *out, struct error *err)
{
	struct dirent *e;
	char *path = NULL;
	int rc = 0;
	DIR *d;

	memset(out, 0, sizeof(*out));
	if (backup_path(s, NULL, NULL, &path, err) == -1)
		return -1;
	if ((d = opendir(path)) == NULL) {
		if (errno != ENOENT)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be read",
			    vis(path));
		free(path);
		return rc;
	}
	while (rc == 0 && (rc = io_next(d, path, &e, err)) == 0 && e != NULL)
		if (id_valid(e->d_name))
			rc = add(s, e->d_name, out, err);
	(void)closedir(d);
	free(path);
	if (rc == -1)
		backups_free(out);
	else if (out->n > 1)
		qsort(out->v, out->n, sizeof(struct backup *), by_id);
	return rc;
}

void
backup_expire(struct store *s)
{
	int64_t limit = clock_now() - KEEP_SECONDS;
	struct backups l;
	struct error err;
	char *path;

	error_clear(&err);
	if (backup_list(s, &l, &err) == -1) {
		log_verbose("old backups: %s", err.msg);
		return;
	}
	for (size_t i = 0; i + KEEP_NEWEST < l.n; i++) {
		if (l.v[i]->time >= limit ||
		    backup_path(s, l.v[i]->id, NULL, &path, &err) == -1)
			continue;
		if (atomic_remove_tree(AT_FDCWD, path, &err) == -1)
			log_verbose("old backups: %s", err.msg);
		free(path);
	}
	backups_free(&l);
}
