/* SPDX-License-Identifier: ISC */
#include "store/check_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vis.h"
#include "store/server.h"

/* What the accounts of one folder are together: names, copies, how many. */
enum {
	SHOWN = 4		/* ids in a message */
};

static const char *
name_of(const struct checker *c, const struct seen *v)
{
	return c->dirs.v[v->dir].ids.v[v->name];
}

/* Is there another directory for this key that is in its right place, or that
 * comes before this one? */
static bool
is_copy(const struct checker *c, size_t from, size_t to, size_t at)
{
	const struct seen *me = &c->seen[at], *v;

	for (size_t i = from; i < to; i++) {
		v = &c->seen[i];
		if (i == at || !v->loads || strcmp(v->id, me->id) != 0)
			continue;
		if (strcmp(name_of(c, v), v->id) == 0 || i < at)
			return true;
	}
	return false;
}

static int
check_name(struct checker *c, size_t from, size_t to, size_t at,
    struct error *err)
{
	const struct seen *v = &c->seen[at];
	const struct server_dir *d = &c->dirs.v[v->dir];
	struct found f = { "account-dir-name", NULL, FIX_RENAME, NULL, 0 };
	char *path = NULL, *url = NULL;
	struct stat st;
	bool copy;
	int rc = -1;

	if (!v->loads || v->id[0] == '\0' || strcmp(name_of(c, v), v->id) == 0)
		return 0;
	if (layout_path(c->s, d->path, name_of(c, v), &path, err) == -1 ||
	    server_from_path(d->path, &url, err) == -1)
		goto out;
	/* a link follows its directory */
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		rc = 0;
		goto out;
	}
	f.path = path;
	f.text = url;
	copy = is_copy(c, from, to, at);
	if (copy)
		f.code = "account-twice";
	rc = copy ? found(c, &f, err, "is a second copy of the account '%s'",
	    v->id) : found(c, &f, err, "want the name '%s', that of its key",
	    v->id);
out:
	free(path);
	free(url);
	return rc;
}

static int
check_count(struct checker *c, size_t from, size_t to, struct error *err)
{
	struct found f = { "account-several", NULL, FIX_NONE, NULL, 0 };
	char *path = NULL;
	size_t n = 0;
	struct buf ids;
	int rc = 0;

	buf_init(&ids, 1024);
	for (size_t i = from; i < to; i++) {
		if (!c->seen[i].loads)
			continue;
		if (++n <= SHOWN) {
			buf_adds(&ids, n > 1 ? ", " : "");
			buf_adds(&ids, vis(name_of(c, &c->seen[i])));
		} else if (n == SHOWN + 1)
			buf_adds(&ids, ", ...");
	}
	if (n > 1 && (rc = buf_check(&ids, "accounts", err)) == 0) {
		rc = layout_path(c->s, c->dirs.v[c->seen[from].dir].path, NULL,
		    &path, err);
		f.path = path;
		if (rc == 0)
			rc = found(c, &f, err, "holds %zu accounts (%s); "
			    "'certbot certonly -n' fails with \"Please choose "
			    "an account\": pass --account ID", n,
			    buf_str(&ids));
	}
	buf_free(&ids);
	free(path);
	return rc;
}

size_t
check_loadable(const struct checker *c, const char *server)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nseen; i++)
		if (c->seen[i].loads &&
		    server_same(c->dirs.v[c->seen[i].dir].path, server))
			n++;
	return n;
}

static bool
none_loads(const struct checker *c, size_t dir)
{
	for (size_t i = 0; i < c->nseen; i++)
		if (c->seen[i].dir == dir && c->seen[i].loads)
			return false;
	return true;
}

/* certbot removes the empty folder of the newer server and links it; one that
 * is not empty stays, and hides the accounts of the older server. */
static int
check_reuse(struct checker *c, size_t dir, struct error *err)
{
	const struct server_dir *d = &c->dirs.v[dir];
	struct found f = { "reuse-blocked", NULL, FIX_NONE, NULL, 0 };
	const char *old = server_reuse_path(d->path);
	char *path = NULL;
	int rc;

	if (old == NULL || !d->direct ||
	    d->ids.n + d->strays.n == 0 || !none_loads(c, dir) ||
	    check_loadable(c, old) == 0)
		return 0;
	if (layout_path(c->s, d->path, NULL, &path, err) == -1)
		return -1;
	f.path = path;
	rc = found(c, &f, err, "is not empty ('%s'), so certbot does not find "
	    "the accounts of 'https://%s'", vis(d->strays.n > 0 ?
	    d->strays.v[0] : d->ids.v[0]), old);
	free(path);
	return rc;
}

int
check_servers(struct checker *c, struct error *err)
{
	size_t from, to;
	int rc = 0;

	for (from = 0; rc == 0 && from < c->nseen; from = to) {
		bool direct = c->dirs.v[c->seen[from].dir].direct;

		for (to = from; to < c->nseen &&
		    c->seen[to].dir == c->seen[from].dir; to++)
			continue;
		for (size_t i = from; direct && rc == 0 && i < to; i++)
			rc = check_name(c, from, to, i, err);
		if (rc == 0)
			rc = check_count(c, from, to, err);
	}
	for (size_t i = 0; rc == 0 && i < c->dirs.n; i++)
		rc = check_reuse(c, i, err);
	return rc;
}
