/* SPDX-License-Identifier: ISC */
#include "transport/sftp_scan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vis.h"
#include "store/account.h"
#include "store/server.h"

enum {
	LINK_DEPTH = 3		/* as store/layout.c */
};

void
sftp_scan_free(struct sftp_scan *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].path);
	free(c->v);
	strs_free(&c->links);
	strs_free(&c->aliases);
	strs_free(&c->alias_of);
}

/* ---- folders ------------------------------------------------------------- */

static int
add_folder(struct sftp_scan *c, const char *path, int left, struct error *err)
{
	struct sftp_folder *v;
	int depth = 0;

	for (const char *p = path; (p = strchr(p, '/')) != NULL; p++)
		depth++;
	if (depth > SFTP_DEPTH || left < 0)
		return 0;
	if (c->n >= LIMIT_SFTP_FOLDERS)
		return error_set(err, CODE_STORE, "'%s': more than %d folders "
		    "below accounts/", vis(sftp_where(c->t->s)),
		    LIMIT_SFTP_FOLDERS);
	if ((v = mem_grow(c->v, c->n, &c->cap, sizeof(*v))) == NULL)
		return error_nomem(err);
	c->v = v;
	v[c->n].left = left;
	v[c->n].depth = depth;
	v[c->n].path = NULL;
	if (str_dup(&v[c->n].path, path, err) == -1)
		return -1;
	c->n++;
	return sftp_copy_dir(c->t->copy, path, err);
}

static int
add_account(struct sftp_tree *t, const char *folder, const char *name,
    struct error *err)
{
	struct sftp_account *v, *a;

	if (t->n >= LIMIT_SFTP_ACCOUNTS)
		return error_set(err, CODE_STORE, "'%s': more than %d "
		    "accounts", vis(sftp_where(t->s)), LIMIT_SFTP_ACCOUNTS);
	if ((v = mem_grow(t->accounts, t->n, &t->cap, sizeof(*v))) == NULL)
		return error_nomem(err);
	t->accounts = v;
	a = &v[t->n++];
	memset(a, 0, sizeof(*a));
	/* without "accounts/" */
	folder = strchr(folder, '/');
	if (str_dup(&a->folder, folder != NULL ? folder + 1 : "", err) == -1)
		return -1;
	return str_dup(&a->name, name, err);
}

static bool
is_account(const struct sftp_listing *l)
{
	for (int f = 0; f < ACCOUNT_FILES; f++)
		if (sftp_listing_find(l, account_file_names[f]) != NULL)
			return true;
	return false;
}

/* One that turned out to be an account's: of the folder above. */
static int
as_account(struct sftp_scan *c, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int rc;

	if (str_printf(&folder, err, "%.*s", (int)(slash - path), path) == -1)
		return -1;
	rc = strchr(folder, '/') == NULL ? 0 :
	    add_account(c->t, folder, slash + 1, err);
	free(folder);
	return rc;
}

static int
sort_entry(struct sftp_scan *c, const struct sftp_folder *f,
    const struct sftp_entry *e, struct error *err)
{
	char *path = NULL;
	int rc = -1;

	if (str_starts(e->name, ATOMIC_PREFIX))
		return strcmp(f->path, "accounts") == 0 ?
		    strs_add(&c->t->litter, e->name, err) : 0;
	if (e->type != 'd' && e->type != 'l')
		return 0;
	if (str_printf(&path, err, "%s/%s", f->path, e->name) == -1)
		return -1;
	if (e->type == 'l')
		rc = f->left == SFTP_DEPTH || account_id_valid(e->name) ?
		    strs_add(&c->links, path, err) : 0;
	else if (account_id_valid(e->name) && f->depth > 0) {
		rc = add_account(c->t, f->path, e->name, err);
		if (rc == 0)
			rc = sftp_copy_dir(c->t->copy, path, err);
	} else
		rc = add_folder(c, path, f->left == SFTP_DEPTH ? SFTP_DEPTH :
		    f->left - 1, err);
	free(path);
	return rc;
}

/* What was listed of the folder with this index. */
static int
take_folder(struct sftp_scan *c, size_t i, const char *text, const char *said,
    struct error *err)
{
	struct sftp_tree *t = c->t;
	struct sftp_listing l = { 0 };
	struct sftp_folder f = c->v[i];
	char *prefix = NULL, *full = NULL, why[128];
	int rc = -1;

	if (str_printf(&prefix, err, "%s/", f.path) == -1 ||
	    str_printf(&full, err, "%s/%s", sftp_below(t->top), f.path) == -1 ||
	    sftp_list_parse(text, prefix, LIMIT_SFTP_ENTRIES, &l, err) == -1)
		goto out;
	if (l.self.name == NULL && l.n == 0 && (sftp_why(said, prefix, why,
	    sizeof(why)) || sftp_why(said, full, why, sizeof(why)) ||
	    strstr(said, prefix) != NULL)) {
		rc = 0;
		/* accounts/ may be absent, others may go meanwhile */
		if (strstr(said, "ermission denied") != NULL)
			rc = error_set(err, CODE_TRUST, "'%s': '%s' cannot be "
			    "read (Permission denied); log in as its owner",
			    vis(sftp_where(t->s)), vis(full));
		goto out;
	}
	if (f.depth > 1 && is_account(&l)) {
		rc = as_account(c, f.path, err);
		goto out;
	}
	rc = 0;
	for (size_t k = 0; rc == 0 && k < l.n; k++)
		rc = sort_entry(c, &f, &l.v[k], err);
out:
	sftp_listing_free(&l);
	free(prefix);
	free(full);
	return rc;
}

/* Lists folders from `at` on, those found meanwhile too. */
static int
list_folders(struct sftp_scan *c, size_t *at, struct error *err)
{
	struct strs commands = { 0 };
	struct buf text, said;
	size_t end;
	int rc = 0;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	buf_init(&said, LIMIT_SFTP_SAID);
	while (rc == 0 && *at < c->n) {
		strs_free(&commands);
		buf_reset(&text);
		buf_reset(&said);
		end = *at + SFTP_BATCH < c->n ? *at + SFTP_BATCH : c->n;
		for (size_t i = *at; rc == 0 && i < end; i++)
			rc = sftp_command(&commands, "ls -na", c->v[i].path,
			    NULL, err);
		if (rc == 0)
			rc = sftp_run(c->t->s, &commands, &text, &said, err);
		for (; rc == 0 && *at < end; (*at)++)
			rc = take_folder(c, *at, buf_str(&text),
			    buf_str(&said), err);
	}
	strs_free(&commands);
	buf_free(&text);
	buf_free(&said);
	return rc;
}

/* ---- links --------------------------------------------------------------- */

/* Below accounts/ of the far directory: the rest, from "accounts" on. */
static const char *
inside(const struct sftp_tree *t, const char *path)
{
	size_t len = strlen(sftp_below(t->top));

	if (strncmp(path, t->top, len) != 0 || path[len] != '/')
		return NULL;
	path += len + 1;
	if (!str_starts(path, "accounts") || (path[8] != '/' &&
	    path[8] != '\0'))
		return NULL;
	/* it becomes a path here */
	for (const char *p = path; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f ||
		    (p[0] == '/' && p[1] == '.' && (p[2] == '/' ||
		    p[2] == '\0' || (p[2] == '.' && (p[3] == '/' ||
		    p[3] == '\0')))))
			return NULL;
	return path;
}

/* A link in the copy, to a path in the copy. */
static int
local_link(const struct sftp_tree *t, const char *path, const char *target,
    struct error *err)
{
	char *from = NULL, *to = NULL;
	int rc = -1;

	if (str_printf(&from, err, "%s/%s", t->copy, path) == 0 &&
	    str_printf(&to, err, "%s/%s", t->copy, target) == 0)
		rc = atomic_symlink(to, AT_FDCWD, from, err);
	free(from);
	free(to);
	return rc;
}

/* Where a link leads: to, NULL where to no directory. */
static int
take_link(struct sftp_scan *c, const char *path, const char *to,
    struct error *err)
{
	const char *name = strrchr(path, '/') + 1, *in;
	char *folder;
	int rc;

	if (to == NULL)
		return local_link(c->t, path, "dangling", err);
	if ((in = inside(c->t, to)) != NULL) {
		if (strs_add(&c->aliases, in, err) == -1 ||
		    strs_add(&c->alias_of, path, err) == -1)
			return -1;
		return local_link(c->t, path, in, err);
	}
	if (!account_id_valid(name))
		return add_folder(c, path, LINK_DEPTH, err);
	if (str_printf(&folder, err, "%.*s", (int)(name - 1 - path), path) ==
	    -1)
		return -1;
	rc = add_account(c->t, folder, name, err);
	free(folder);
	return rc == -1 ? -1 : sftp_copy_dir(c->t->copy, path, err);
}

/* cd to each, pwd, and back: one that cannot be entered says "top" again. */
static int
ask_links(struct sftp_scan *c, size_t from, size_t end, struct error *err)
{
	struct strs commands = { 0 }, paths = { 0 };
	struct buf text;
	int rc = -1;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	for (size_t i = from; i < end; i++)
		if (sftp_command(&commands, "cd", c->links.v[i], NULL, err) ==
		    -1 || strs_add(&commands, "-pwd", err) == -1 ||
		    sftp_command(&commands, "cd", c->t->top, NULL, err) == -1)
			goto out;
	if (sftp_run(c->t->s, &commands, &text, NULL, err) == -1 ||
	    sftp_pwd_parse(buf_str(&text), &paths, err) == -1)
		goto out;
	rc = 0;
	for (size_t i = from; rc == 0 && i < end; i++) {
		const char *to = i - from < paths.n ? paths.v[i - from] : NULL;

		if (to != NULL && strcmp(to, c->t->top) == 0)
			to = NULL;
		rc = take_link(c, c->links.v[i], to, err);
	}
out:
	strs_free(&commands);
	strs_free(&paths);
	buf_free(&text);
	return rc;
}

int
sftp_scan(struct sftp_scan *c, struct error *err)
{
	size_t at = 0, asked = 0, end;

	if (add_folder(c, "accounts", SFTP_DEPTH, err) == -1)
		return -1;
	do {
		if (list_folders(c, &at, err) == -1)
			return -1;
		for (; asked < c->links.n; asked = end) {
			end = asked + SFTP_BATCH;
			if (end > c->links.n)
				end = c->links.n;
			if (ask_links(c, asked, end, err) == -1)
				return -1;
		}
	} while (at < c->n);
	return 0;
}
