/* SPDX-License-Identifier: ISC */
#include "store/check_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/vis.h"
#include "store/list.h"
#include "store/server.h"

/* One account directory after the other: its files and what they say. */

static int
check_regular(struct checker *c, const char *path, enum account_file f,
    const struct stat *st, struct error *err)
{
	struct found key = { "key-mode", path, FIX_MODE, NULL, 0400 };
	struct found plain = { "file-mode", path, FIX_MODE, NULL, 0644 };
	struct found links = { "file-links", path, FIX_NONE, NULL, 0 };
	unsigned int mode = st->st_mode & 07777;

	if (f == ACCOUNT_KEY && (mode & 0077) != 0) {
		if (found(c, &key, err, "has mode %04o, want 0400", mode) ==
		    -1)
			return -1;
	} else if (f != ACCOUNT_KEY && ((mode & 0022) != 0 ||
	    (mode & 0600) != 0600)) {
		if (found(c, &plain, err, "has mode %04o, want 0644", mode) ==
		    -1)
			return -1;
	}
	if (st->st_nlink > 1 && found(c, &links, err, "has %ju hard links",
	    (uintmax_t)st->st_nlink) == -1)
		return -1;
	return check_owner_of(c, path, st, err);
}

static int
check_files(struct checker *c, const struct account *a, struct error *err)
{
	struct found symlink = { "file-symlink", NULL, FIX_NONE, NULL, 0 };
	struct found litter = { "litter", NULL, FIX_LOCK, NULL, 0 };
	struct dirent *e;
	struct stat st;
	char *path = NULL;
	int rc = 0;
	DIR *d;

	if ((d = opendir(a->path)) == NULL)
		return check_gone(a->path, err);
	while (rc == 0 && (rc = io_next(d, a->path, &e, err)) == 0 &&
	    e != NULL) {
		int f = 0;

		while (f < ACCOUNT_FILES &&
		    strcmp(e->d_name, account_file_names[f]) != 0)
			f++;
		if (f == ACCOUNT_FILES &&
		    !str_starts(e->d_name, ATOMIC_PREFIX))
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
		    -1) {
			rc = check_gone(a->path, err);
			continue;
		}
		if (str_printf(&path, err, "%s/%s", a->path, e->d_name) == -1)
			rc = -1;
		symlink.path = litter.path = path;
		if (rc == 0 && f == ACCOUNT_FILES)
			rc = found(c, &litter, err, "was left by an "
			    "interrupted run");
		else if (rc == 0 && S_ISLNK(st.st_mode))
			rc = found(c, &symlink, err, "is a symbolic link");
		else if (rc == 0 && S_ISREG(st.st_mode))
			rc = check_regular(c, path, (enum account_file)f, &st,
			    err);
		free(path);
		path = NULL;
	}
	(void)closedir(d);
	return rc;
}

/* Does a lineage name this directory? */
static bool
used(const struct checker *c, const struct account *a)
{
	for (size_t i = 0; i < c->lineages.n; i++)
		if (lineage_uses(c->lineages.v[i], a->server, a->dirname))
			return true;
	return false;
}

/* Why certbot could not use it. */
static int
check_broken(struct checker *c, const struct account *a, struct error *err)
{
	struct found f = { NULL, a->path, FIX_STASH, a->server, 0 };

	switch (a->flaw) {
	case FLAW_NONE:
		return 0;
	case FLAW_MISSING:
		f.code = "account-half";
		if (used(c, a)) {
			f.fix = FIX_NONE;
			return found(c, &f, err, "%s; a lineage uses it, so "
			    "it stays", a->problem);
		}
		return found(c, &f, err, "%s", a->problem);
	case FLAW_UNREADABLE:
		f.code = "account-unreadable";
		f.fix = FIX_NONE;
		return found(c, &f, err, "%s", a->problem);
	case FLAW_CRASH:
		f.code = a->regr_empty ? "regr-empty" : "account-crash";
		return found(c, &f, err, "%s", a->problem);
	case FLAW_PUBLIC:
		f.code = "key-public";
		f.fix = FIX_NONE;
		return found(c, &f, err, "%s", a->problem);
	case FLAW_URI:
		f.code = "uri-null";
		f.fix = FIX_NONE;
		return found(c, &f, err, "%s", a->problem);
	}
	return 0;
}

static int
check_uri(struct checker *c, const struct account *a, struct error *err)
{
	struct found relative = { "uri-relative", a->path, FIX_NONE, NULL, 0 };
	struct found foreign = { "uri-foreign", a->path, FIX_NONE, NULL, 0 };

	if (a->uri == NULL || a->flaw == FLAW_CRASH)
		return 0;
	if (!str_starts(a->uri, "https://"))
		return found(c, &relative, err, "the account URL '%s' is not "
		    "an https URL", vis(a->uri));
	if (!server_owns_uri(a->server, a->uri))
		return found(c, &foreign, err, "the account URL '%s' is not "
		    "on the host of '%s'", vis(a->uri), vis(a->server));
	return 0;
}

static int
check_key(struct checker *c, const struct account *a, struct error *err)
{
	struct found ec = { "key-ec", a->path, FIX_NONE, NULL, 0 };
	struct found size = { "key-size", a->path, FIX_NONE, NULL, 0 };
	struct error ignored;
	int64_t bits;

	error_clear(&ignored);
	if (str_starts(a->key.name, "EC "))
		return found(c, &ec, err, "has an %s key, which needs certbot "
		    "1.23 or later", a->key.name);
	if (str_starts(a->key.name, "RSA ") && num_parse(a->key.name + 4, 0,
	    65536, "bits", &bits, &ignored) == 0 &&
	    (bits < 2048 || bits > 4096))
		return found(c, &size, err, "has an %s key; most CAs take "
		    "2048 to 4096 bits", a->key.name);
	return 0;
}

static int
check_content(struct checker *c, const struct account *a, struct error *err)
{
	struct found body = { "body-key", a->path, FIX_NONE, NULL, 0 };
	struct found eff = { "eff-pending", a->path, FIX_NONE, NULL, 0 };

	if (check_broken(c, a, err) == -1 || check_uri(c, a, err) == -1 ||
	    check_key(c, a, err) == -1)
		return -1;
	if (a->body_key_differs && found(c, &body, err, "regr.json has "
	    "another key in its body than private_key.json") == -1)
		return -1;
	if (a->has_eff)
		return found(c, &eff, err, "certbot will subscribe to the "
		    "EFF's mailing list with the next certificate");
	return 0;
}

static int
remember(struct checker *c, size_t dir, size_t name, const struct account *a,
    struct error *err)
{
	struct seen *v;

	v = list_room(c->seen, c->nseen, &c->capseen, sizeof(*v), err);
	if (v == NULL)
		return -1;
	c->seen = v;
	v += c->nseen++;
	memset(v, 0, sizeof(*v));
	v->dir = dir;
	v->name = name;
	v->broken = a->broken;
	v->loads = a->flaw == FLAW_NONE || a->flaw == FLAW_PUBLIC ||
	    a->flaw == FLAW_URI;
	memcpy(v->id, a->key.id, sizeof(v->id));
	return 0;
}

/* direct: its folder is reached without a link; else it is looked at there,
 * where it really is. */
static int
check_one(struct checker *c, size_t dir, size_t name, bool direct,
    struct error *err)
{
	const struct server_dir *d = &c->dirs.v[dir];
	struct account *a = NULL;
	struct stat st;
	int rc = -1;

	if (read_account(c->s, NULL, d->path, d->ids.v[name], 0, &a, err) ==
	    -1)
		return -1;
	if (a == NULL)
		return 0;
	if (remember(c, dir, name, a, err) == -1)
		goto out;
	if (!direct || (lstat(a->path, &st) == 0 && S_ISLNK(st.st_mode))) {
		rc = 0;
		goto out;
	}
	if (check_content(c, a, err) == 0 &&
	    check_dir(c, a->path, true, err) == 0)
		rc = check_files(c, a, err);
out:
	account_free(a);
	return rc;
}

int
check_accounts(struct checker *c, struct error *err)
{
	bool direct;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->dirs.n; i++) {
		if (c->dirs.v[i].path[0] == '\0' || c->dirs.v[i].ids.n == 0)
			continue;
		direct = c->dirs.v[i].direct;
		for (size_t k = 0; rc == 0 && k < c->dirs.v[i].ids.n; k++)
			rc = check_one(c, i, k, direct, err);
	}
	return rc;
}
