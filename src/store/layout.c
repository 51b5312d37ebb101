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
#include "base/vis.h"
#include "store/list.h"
#include "store/server.h"

/*
 * The depth of a server's folder is not known and server folders may nest, so
 * every directory below accounts/ is looked at: one that holds any of the
 * three files is an account of the folder that it lies in, any other may be a
 * server's folder itself.
 */
enum {
	DEPTH_MAX = 16,
	/* a link may lead anywhere, "/" too: this far below it, and through
	 * no second one (accounts/HOST may be one: HOST/directory follows) */
	LINK_DEPTH = 3
};

struct walk {
	struct store *s;
	struct server_dirs *out;
	struct error *err;
	/* the directories above, so that a link cannot lead round */
	struct {
		dev_t dev;
		ino_t ino;
	} above[DEPTH_MAX];
};

void
layout_free(struct server_dirs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].path);
		strs_free(&l->v[i].ids);
		strs_free(&l->v[i].strays);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

int
layout_path(const struct store *s, const char *path, const char *name,
    char **out, struct error *err)
{
	if (name == NULL)
		return str_printf(out, err, "%s/%s", s->accounts, path);
	return str_printf(out, err, "%s/%s/%s", s->accounts, path, name);
}

bool
layout_is_account(int dirfd, const char *name)
{
	struct stat st;
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return false;
	for (int f = 0; f < ACCOUNT_FILES; f++)
		if (fstatat(fd, account_file_names[f], &st,
		    AT_SYMLINK_NOFOLLOW) == 0) {
			(void)close(fd);
			return true;
		}
	(void)close(fd);
	return false;
}

static struct server_dir *
new_dir(struct server_dirs *l, const char *path, struct error *err)
{
	struct server_dir *v;

	v = list_room(l->v, l->n, &l->cap, sizeof(*v), err);
	if (v == NULL)
		return NULL;
	l->v = v;
	v += l->n;
	memset(v, 0, sizeof(*v));
	if (str_dup(&v->path, path, err) == -1)
		return NULL;
	l->n++;
	return v;
}

/* A directory, links followed; a dangling link is none. */
static bool
is_dir(int fd, const struct dirent *e, bool *link)
{
	struct stat st;

	*link = e->d_type == DT_LNK;
	if (e->d_type == DT_DIR)
		return true;
	if (e->d_type != DT_LNK && e->d_type != DT_UNKNOWN)
		return false;
	if (e->d_type == DT_UNKNOWN && fstatat(fd, e->d_name, &st,
	    AT_SYMLINK_NOFOLLOW) == 0)
		*link = S_ISLNK(st.st_mode);
	if (fstatat(fd, e->d_name, &st, 0) == 0)
		return S_ISDIR(st.st_mode);
	/* what cannot be examined is opened, which tells */
	return errno != ENOENT && errno != ENOTDIR && errno != ELOOP &&
	    errno != EACCES;
}

struct below {
	struct strs dirs, links;
};

/* Sorts an entry into accounts, folders to look into, and strays. */
static int
entry(int fd, const struct dirent *e, struct server_dir *d,
    struct below *below, struct error *err)
{
	bool link;

	if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
		return 0;
	if (!is_dir(fd, e, &link) || str_starts(e->d_name, ATOMIC_PREFIX))
		return strs_add(&d->strays, e->d_name, err);
	if (account_id_valid(e->d_name) || layout_is_account(fd, e->d_name))
		return strs_add(&d->ids, e->d_name, err);
	return strs_add(link ? &below->links : &below->dirs, e->d_name, err);
}

static int
read_dir(int fd, struct server_dir *d, struct below *below, struct error *err)
{
	struct dirent *e = NULL;
	int copy, rc = 0;
	DIR *dir;

	if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 3)) == -1 ||
	    (dir = fdopendir(copy)) == NULL) {
		error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    vis(d->path));
		if (copy != -1)
			(void)close(copy);
		return -1;
	}
	while (rc == 0 && (rc = io_next(dir, d->path, &e, err)) == 0 &&
	    e != NULL)
		rc = entry(fd, e, d, below, err);
	(void)closedir(dir);
	strs_sort(&d->ids);
	strs_sort(&d->strays);
	return rc;
}

/* *yes where the directory is one of those above it, or too deep. */
static int
circular(struct walk *w, int fd, const char *path, int depth, bool *yes)
{
	struct stat st;

	*yes = true;
	if (depth >= DEPTH_MAX)
		return 0;
	if (fstat(fd, &st) == -1)
		return error_sys(w->err, CODE_ERROR, "'%s/%s': cannot be "
		    "examined", vis(w->s->accounts), vis(path));
	for (int i = 0; i < depth; i++)
		if (w->above[i].dev == st.st_dev &&
		    w->above[i].ino == st.st_ino)
			return 0;
	w->above[depth].dev = st.st_dev;
	w->above[depth].ino = st.st_ino;
	*yes = false;
	return 0;
}

static int visit(struct walk *w, int parent, const char *name,
    const char *path, int depth, int left) WARN_UNUSED;

/* left: see visit() */
static int
descend(struct walk *w, int fd, const char *path, const struct strs *names,
    int depth, int left)
{
	char *sub = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < names->n; i++) {
		if (str_printf(&sub, w->err, "%s%s%s", path,
		    path[0] != '\0' ? "/" : "", names->v[i]) == -1)
			return -1;
		rc = visit(w, fd, names->v[i], sub, depth + 1, left);
		free(sub);
	}
	return rc;
}

/* path "" is accounts/ itself.  left: how many levels below it are looked at;
 * DEPTH_MAX: no link was followed so far. */
static int
visit(struct walk *w, int parent, const char *name, const char *path,
    int depth, int left)
{
	struct below below;
	struct server_dir *d;
	bool around;
	int fd, rc = -1;

	memset(&below, 0, sizeof(below));
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR ||
	    errno == ELOOP))
		return 0;
	if ((d = new_dir(w->out, path, w->err)) == NULL)
		goto out;
	d->direct = left == DEPTH_MAX;
	if (fd == -1) {
		/* certbot takes it for empty */
		d->unreadable = true;
		return 0;
	}
	if (circular(w, fd, path, depth, &around) == -1)
		goto out;
	if (around) {
		rc = 0;
		goto out;
	}
	if (read_dir(fd, d, &below, w->err) == -1)
		goto out;
	strs_sort(&below.dirs);
	strs_sort(&below.links);
	rc = 0;
	if (left > 0)
		rc = descend(w, fd, path, &below.dirs, depth,
		    left == DEPTH_MAX ? left : left - 1);
	if (rc == 0 && left == DEPTH_MAX)
		rc = descend(w, fd, path, &below.links, depth, LINK_DEPTH);
out:
	strs_free(&below.dirs);
	strs_free(&below.links);
	if (fd != -1)
		(void)close(fd);
	return rc;
}

static int
by_path(const void *a, const void *b)
{
	const struct server_dir *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int
layout_scan(struct store *s, struct server_dirs *out, struct error *err)
{
	struct walk w = { .s = s, .out = out, .err = err };

	memset(out, 0, sizeof(*out));
	if (visit(&w, AT_FDCWD, s->accounts, "", 0, DEPTH_MAX) == -1) {
		layout_free(out);
		return -1;
	}
	if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_path);
	return 0;
}

int
layout_one(struct store *s, const char *path, struct server_dirs *out,
    struct error *err)
{
	struct walk w = { .s = s, .out = out, .err = err };
	char *full = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (layout_path(s, path, NULL, &full, err) == -1)
		return -1;
	rc = visit(&w, AT_FDCWD, full, path, 0, 0);
	free(full);
	if (rc == -1)
		layout_free(out);
	return rc;
}
