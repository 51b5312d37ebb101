/* SPDX-License-Identifier: ISC */
#include "transport/sftp_diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/strs.h"
#include "base/vis.h"
#include "store/account.h"

enum { DEPTH = 24 };

void
sftp_state_free(struct sftp_state *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].path);
		free(s->v[i].what);
	}
	free(s->v);
	memset(s, 0, sizeof(*s));
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct sftp_item *)a)->path,
	    ((const struct sftp_item *)b)->path);
}

const struct sftp_item *
sftp_state_find(const struct sftp_state *s, const char *path)
{
	size_t low = 0, high = s->n, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = strcmp(s->v[mid].path, path);
		if (c == 0)
			return &s->v[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* ---- taking it ----------------------------------------------------------- */

static int
file_digest(const char *full, char **out, struct error *err)
{
	char hex[DIGEST_SHA256_HEX] = "";
	struct error why;
	struct buf b;
	int rc = 0;

	/* a key may be in it */
	buf_init_sensitive(&b, LIMIT_CONF_FILE + 1);
	error_clear(&why);
	if (io_read_file(AT_FDCWD, full, LIMIT_CONF_FILE, IO_NOFOLLOW, &b,
	    NULL, &why) == 0)
		rc = digest_sha256_hex(buf_str(&b), b.len, hex, err);
	else if (why.sys == ENOMEM)
		rc = error_nomem(err);
	buf_free(&b);
	return rc == -1 ? -1 : str_dup(out, hex, err);
}

static int
link_target(const char *full, char **out, struct error *err)
{
	char text[PATH_MAX];
	ssize_t n;

	if ((n = readlink(full, text, sizeof(text) - 1)) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    vis(full));
	text[n] = '\0';
	return str_dup(out, text, err);
}

static int walk(const char *copy, const char *path, int depth,
    struct sftp_state *out, struct error *err) WARN_UNUSED;

static int
take(const char *copy, const char *path, int depth, struct sftp_state *out,
    struct error *err)
{
	struct sftp_item *v, *i;
	struct stat st;
	char *full;
	int rc = -1;

	if (str_printf(&full, err, "%s/%s", copy, path) == -1)
		return -1;
	if (lstat(full, &st) == -1) {
		rc = error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(full));
		goto out;
	}
	if ((v = mem_grow(out->v, out->n, &out->cap, sizeof(*v))) == NULL) {
		error_nomem(err);
		goto out;
	}
	out->v = v;
	i = &v[out->n];
	memset(i, 0, sizeof(*i));
	i->type = S_ISDIR(st.st_mode) ? 'd' : S_ISLNK(st.st_mode) ? 'l' : '-';
	if (str_dup(&i->path, path, err) == -1)
		goto out;
	out->n++;
	if (i->type == 'd')
		rc = walk(copy, path, depth + 1, out, err);
	else
		rc = i->type == 'l' ? link_target(full, &i->what, err) :
		    file_digest(full, &i->what, err);
out:
	free(full);
	return rc;
}

static int
walk(const char *copy, const char *path, int depth, struct sftp_state *out,
    struct error *err)
{
	struct dirent *e;
	char *full, *sub;
	int rc = 0;
	DIR *d;

	if (depth > DEPTH)
		return 0;
	if (str_printf(&full, err, "%s/%s", copy, path) == -1)
		return -1;
	if ((d = opendir(full)) == NULL) {
		rc = errno == ENOENT && depth == 0 ? 0 : error_sys(err,
		    CODE_ERROR, "'%s': cannot be read", vis(full));
		free(full);
		return rc;
	}
	while (rc == 0 && (rc = io_next(d, full, &e, err)) == 0 && e != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		if ((rc = str_printf(&sub, err, "%s/%s", path, e->d_name)) ==
		    -1)
			break;
		rc = take(copy, sub, depth, out, err);
		free(sub);
	}
	(void)closedir(d);
	free(full);
	return rc;
}

int
sftp_state_take(const char *copy, struct sftp_state *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	if (walk(copy, "accounts", 0, out, err) == -1 ||
	    walk(copy, "renewal", 0, out, err) == -1) {
		sftp_state_free(out);
		return -1;
	}
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_path);
	return 0;
}

/* ---- the steps ----------------------------------------------------------- */

void
sftp_steps_free(struct sftp_steps *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].path);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static int
step(struct sftp_steps *l, enum sftp_step_kind kind, const char *path,
    struct error *err)
{
	struct sftp_step *v;

	/* several files of one account */
	for (size_t i = 0; kind == STEP_EXCHANGE && i < l->n; i++)
		if (l->v[i].kind == kind && strcmp(l->v[i].path, path) == 0)
			return 0;
	if ((v = mem_grow(l->v, l->n, &l->cap, sizeof(*v))) == NULL)
		return error_nomem(err);
	l->v = v;
	v[l->n].kind = kind;
	if (str_dup(&v[l->n].path, path, err) == -1)
		return -1;
	l->n++;
	return 0;
}

/* Is it the directory of an account in this state? */
static bool
holds_account(const struct sftp_state *s, const char *dir)
{
	size_t n = strlen(dir);
	const char *p;

	for (size_t i = 0; i < s->n; i++) {
		p = s->v[i].path;
		if (strncmp(p, dir, n) != 0 || p[n] != '/')
			continue;
		for (int f = 0; f < ACCOUNT_FILES; f++)
			if (strcmp(p + n + 1, account_file_names[f]) == 0)
				return true;
	}
	return false;
}

static bool
same(const struct sftp_item *a, const struct sftp_item *b)
{
	return a != NULL && b != NULL && a->type == b->type &&
	    (a->type == 'd' || strcmp(a->what, b->what) == 0);
}

/* A file of an account that is other, new or gone; dir is the account's. */
static int
file_step(const struct sftp_state *before, const char *dir, const char *name,
    struct sftp_steps *out, struct error *err)
{
	char *path;
	int rc;

	/* a new directory comes as a whole */
	if (sftp_state_find(before, dir) == NULL ||
	    sftp_state_find(before, dir)->type != 'd')
		return 0;
	if (strcmp(name, account_file_names[ACCOUNT_REGR]) != 0)
		return step(out, STEP_EXCHANGE, dir, err);
	if (str_printf(&path, err, "%s/%s", dir, name) == -1)
		return -1;
	rc = step(out, STEP_FILE, path, err);
	free(path);
	return rc;
}

static int
file_changed(const struct sftp_state *before, const char *path,
    struct sftp_steps *out, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	if (str_starts(path, "renewal/"))
		return step(out, STEP_CONF, path, err);
	if (str_printf(&dir, err, "%.*s", (int)(slash - path), path) == -1)
		return -1;
	rc = file_step(before, dir, slash + 1, out, err);
	free(dir);
	return rc;
}

static int
came(const struct sftp_state *before, const struct sftp_state *after,
    const struct sftp_item *now, struct sftp_steps *out, struct error *err)
{
	const struct sftp_item *was = sftp_state_find(before, now->path);

	if (same(was, now))
		return 0;
	if (now->type == '-')
		return file_changed(before, now->path, out, err);
	if (was != NULL && was->type == 'l' && now->type == 'd' &&
	    step(out, STEP_UNLINK, now->path, err) == -1)
		return -1;
	if (now->type == 'l')
		return step(out, STEP_LINK, now->path, err);
	return step(out, holds_account(after, now->path) ? STEP_ACCOUNT :
	    STEP_MKDIR, now->path, err);
}

static int
went(const struct sftp_state *after, const struct sftp_item *was,
    struct sftp_steps *out, struct error *err)
{
	const char *slash = strrchr(was->path, '/');
	const struct sftp_item *parent;
	char *dir;
	int rc;

	if (sftp_state_find(after, was->path) != NULL)
		return 0;
	if (was->type == 'l')
		return step(out, STEP_DROP_LINK, was->path, err);
	if (was->type == 'd')
		return step(out, STEP_DROP, was->path, err);
	if (str_printf(&dir, err, "%.*s", (int)(slash - was->path),
	    was->path) == -1)
		return -1;
	parent = sftp_state_find(after, dir);
	rc = parent == NULL || parent->type != 'd' ||
	    str_starts(was->path, "renewal/") ? 0 :
	    step(out, STEP_EXCHANGE, dir, err);
	free(dir);
	return rc;
}

/* By kind, then as they are, but the deeper first among those that go. */
static int
by_kind(const void *a, const void *b)
{
	const struct sftp_step *x = a, *y = b;
	int c;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	c = strcmp(x->path, y->path);
	return x->kind == STEP_DROP ? -c : c;
}

/* Of an account that is exchanged as a whole. */
static bool
is_part(const struct sftp_steps *l, size_t i)
{
	size_t n = (size_t)(strrchr(l->v[i].path, '/') - l->v[i].path);

	for (size_t k = 0; k < l->n; k++)
		if (l->v[k].kind == STEP_EXCHANGE &&
		    strlen(l->v[k].path) == n &&
		    strncmp(l->v[k].path, l->v[i].path, n) == 0)
			return true;
	return false;
}

int
sftp_steps_make(const struct sftp_state *before,
    const struct sftp_state *after, struct sftp_steps *out,
    struct error *err)
{
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < after->n; i++)
		if (came(before, after, &after->v[i], out, err) == -1)
			goto fail;
	for (size_t i = 0; i < before->n; i++)
		if (went(after, &before->v[i], out, err) == -1)
			goto fail;
	/* with the whole account regr.json comes too */
	for (size_t i = 0; i < out->n; i++)
		if (out->v[i].kind == STEP_FILE && is_part(out, i)) {
			free(out->v[i].path);
			out->v[i].path = NULL;
		}
	for (size_t i = 0; i < out->n; i++)
		if (out->v[i].path != NULL)
			out->v[n++] = out->v[i];
	out->n = n;
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_kind);
	return 0;
fail:
	sftp_steps_free(out);
	return -1;
}
