/* SPDX-License-Identifier: ISC */
#include "store/store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/list.h"
#include "store/server.h"

/*
 * certbot rewrites regr.json and meta.json in place, so a file that was
 * written just now may be half of itself: it is read again a few times, and
 * then once more while certbot is locked out.
 */
enum {
	FRESH = 3	/* s: how old a file may be to be in the making */
};

struct texts {
	struct buf b[ACCOUNT_FILES];
	char why[ACCOUNT_FILES][256];
	struct account_texts t;
	bool fresh;
};

static bool
is_fresh(const struct stat *st)
{
	int64_t age = clock_now() - (int64_t)st->st_mtime;

	return age <= FRESH && age >= -FRESH;
}

static void
texts_init(struct texts *x)
{
	memset(x, 0, sizeof(*x));
	for (int f = 0; f < ACCOUNT_FILES; f++) {
		if (f == ACCOUNT_KEY)
			buf_init_sensitive(&x->b[f], LIMIT_ACCOUNT_FILE + 1);
		else
			buf_init(&x->b[f], LIMIT_ACCOUNT_FILE + 1);
	}
}

static void
texts_free(struct texts *x)
{
	for (int f = 0; f < ACCOUNT_FILES; f++)
		buf_free(&x->b[f]);
}

/* -1 only without memory: a file that cannot be read is a flaw. */
static int
read_text(int fd, enum account_file f, struct texts *x, struct error *err)
{
	struct stat st;
	int found;

	x->t.text[f] = NULL;
	x->t.why[f] = NULL;
	x->t.len[f] = 0;
	buf_reset(&x->b[f]);
	if (io_read_file_stat(fd, account_file_names[f], LIMIT_ACCOUNT_FILE,
	    IO_MISSING_OK, &x->b[f], &st, &found, err) == -1) {
		if (err->sys == ENOMEM)
			return -1;
		x->fresh |= err->sys == EAGAIN;
		vis_copy(x->why[f], sizeof(x->why[f]), err->msg,
		    strlen(err->msg));
		x->t.why[f] = x->why[f];
		return 0;
	}
	if (found == 0)
		return 0;
	x->fresh |= is_fresh(&st);
	x->t.text[f] = buf_str(&x->b[f]);
	x->t.len[f] = x->b[f].len;
	return 0;
}

static int
read_once(int fd, const char *server, const char *name, unsigned int flags,
    struct texts *x, struct account **out, struct error *err)
{
	x->fresh = false;
	for (int f = 0; f < ACCOUNT_FILES; f++)
		if (read_text(fd, (enum account_file)f, x, err) == -1)
			return -1;
	return account_parse(server, name, &x->t, (flags & STORE_TEXTS) != 0,
	    (flags & STORE_VERIFY) != 0, out, err);
}

static bool
torn(const struct texts *x, const struct account *a)
{
	return x->fresh && a->broken &&
	    (a->flaw == FLAW_CRASH || a->flaw == FLAW_UNREADABLE);
}

/* With certbot locked out, if it can be had at once. */
static int
read_locked(struct store *s, int fd, const char *server, const char *name,
    unsigned int flags, struct texts *x, struct account **out,
    struct error *err)
{
	struct lock l = LOCK_NONE;
	struct error ignored;
	struct account *a = NULL;
	char *path;

	error_clear(&ignored);
	if (s->locked)
		return 0;
	if (str_printf(&path, err, "%s/.certbot.lock", s->config_dir) == -1)
		return -1;
	if (lock_acquire(&l, path, 0, &ignored) == 0 &&
	    read_once(fd, server, name, flags, x, &a, &ignored) == 0) {
		account_free(*out);
		*out = a;
	}
	lock_release(&l);
	free(path);
	return 0;
}

static int
read_fd(struct store *s, int fd, const char *server, const char *name,
    unsigned int flags, struct account **out, struct error *err)
{
	struct texts x;
	int rc;

	texts_init(&x);
	rc = read_once(fd, server, name, flags, &x, out, err);
	for (int i = 1; rc == 0 && i < LIMIT_TORN_TRIES && torn(&x, *out);
	    i++) {
		account_free(*out);
		*out = NULL;
		clock_sleep(LIMIT_TORN_PAUSE);
		rc = read_once(fd, server, name, flags, &x, out, err);
	}
	if (rc == 0 && torn(&x, *out))
		rc = read_locked(s, fd, server, name, flags, &x, out, err);
	if (rc == -1) {
		/* what the torn one said is nobody's any more */
		account_free(*out);
		*out = NULL;
	}
	texts_free(&x);
	return rc;
}

/* A directory that may not be entered: certbot skips it. */
static int
unreadable(const char *server, const char *name, struct account **out,
    struct error *err)
{
	struct account_texts t;
	char why[300];

	memset(&t, 0, sizeof(t));
	(void)snprintf(why, sizeof(why), "'%s': cannot be opened: %s",
	    vis(name), strerror(errno));
	for (int f = 0; f < ACCOUNT_FILES; f++)
		t.why[f] = why;
	return account_parse(server, name, &t, false, false, out, err);
}

int
read_account(struct store *s, const char *server, const char *path,
    const char *name, unsigned int flags, struct account **out,
    struct error *err)
{
	char *full = NULL, *url = NULL;
	int fd = -1, rc = -1;

	*out = NULL;
	if (layout_path(s, path, name, &full, err) == -1)
		goto out;
	if (server == NULL) {
		if (server_from_path(path, &url, err) == -1)
			goto out;
		server = url;
	}
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR)) {
		rc = 0;
		goto out;
	}
	if (fd == -1)
		rc = unreadable(server, name, out, err);
	else
		rc = read_fd(s, fd, server, name, flags, out, err);
	if (rc == 0) {
		(*out)->path = full;
		full = NULL;
	}
out:
	if (fd != -1)
		(void)close(fd);
	free(full);
	free(url);
	return rc;
}

static int
each_of(struct store *s, const char *server, const struct server_dir *d,
    unsigned int flags, store_each_fn *fn, void *arg, struct error *err)
{
	struct account *a;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < d->ids.n; i++) {
		a = NULL;
		rc = read_account(s, server, d->path, d->ids.v[i], flags, &a,
		    err);
		/* gone meanwhile */
		if (rc == 0 && a == NULL)
			continue;
		if (rc == 0)
			rc = fn(arg, &a, err);
		account_free(a);
	}
	return rc;
}

/* certbot takes such a folder for empty, and may register a new account. */
static int
folder_shut(const struct store *s, const struct server_dir *d,
    struct error *err)
{
	return error_set(err, CODE_TRUST, "'%s%s%s': cannot be read by uid "
	    "%u; run as its owner", vis(s->accounts),
	    d->path[0] != '\0' ? "/" : "", vis(d->path), geteuid());
}

/* One server; where it has no account, those of the one it re-uses, as
 * certbot would find them. */
static int
each_one(struct store *s, const char *server, unsigned int flags,
    store_each_fn *fn, void *arg, struct error *err)
{
	struct server_dirs l;
	const char *reuse;
	char *path = NULL;
	int rc;

	memset(&l, 0, sizeof(l));
	if ((rc = server_path(server, &path, err)) == 0)
		rc = layout_one(s, path, &l, err);
	if (rc == 0 && (l.n == 0 || l.v[0].ids.n == 0) &&
	    (reuse = server_reuse_path(path)) != NULL) {
		layout_free(&l);
		rc = layout_one(s, reuse, &l, err);
	}
	if (rc == 0 && l.n > 0)
		rc = l.v[0].unreadable ? folder_shut(s, &l.v[0], err) :
		    each_of(s, server, &l.v[0], flags, fn, arg, err);
	layout_free(&l);
	free(path);
	return rc;
}

int
store_each(struct store *s, const char *server, unsigned int flags,
    store_each_fn *fn, void *arg, struct error *err)
{
	struct server_dirs l;
	int rc = 0;

	if (server != NULL)
		return each_one(s, server, flags, fn, arg, err);
	if (layout_scan(s, &l, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < l.n; i++)
		if (l.v[i].path[0] != '\0')
			rc = each_of(s, NULL, &l.v[i], flags, fn, arg, err);
	for (size_t i = 0; rc == 0 && i < l.n; i++)
		if (l.v[i].unreadable)
			rc = folder_shut(s, &l.v[i], err);
	layout_free(&l);
	return rc;
}

int
accounts_add(struct accounts *l, struct account *a, struct error *err)
{
	struct account **v;

	v = list_room(l->v, l->n, &l->cap, sizeof(struct account *), err);
	if (v == NULL) {
		account_free(a);
		return -1;
	}
	l->v = v;
	l->v[l->n++] = a;
	return 0;
}

void
accounts_free(struct accounts *l)
{
	for (size_t i = 0; i < l->n; i++)
		account_free(l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static int
collect(void *arg, struct account **a, struct error *err)
{
	struct account *mine = *a;

	*a = NULL;
	return accounts_add(arg, mine, err);
}

int
store_accounts(struct store *s, const char *server, unsigned int flags,
    struct accounts *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (store_each(s, server, flags, collect, out, err) == -1) {
		accounts_free(out);
		return -1;
	}
	return 0;
}

int
store_account(struct store *s, const char *server, const char *id,
    unsigned int flags, struct account **out, struct error *err)
{
	const char *reuse;
	char *path = NULL;
	int rc = -1;

	*out = NULL;
	if (id[0] == '\0' || id[0] == '.' || strchr(id, '/') != NULL)
		return 0;
	if (server_path(server, &path, err) == -1)
		return -1;
	rc = read_account(s, server, path, id, flags, out, err);
	if (rc == 0 && *out == NULL &&
	    (reuse = server_reuse_path(path)) != NULL)
		rc = read_account(s, server, reuse, id, flags, out, err);
	free(path);
	return rc;
}
