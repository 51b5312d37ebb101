/* SPDX-License-Identifier: ISC */
#include "store/check_priv.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/vis.h"
#include "store/server.h"

/* Folders below accounts/: links, modes, owners, what does not belong there. */

int
check_owner_of(struct checker *c, const char *path, const struct stat *st,
    struct error *err)
{
	struct found f = { "owner", path,
		geteuid() == 0 ? FIX_OWNER : FIX_NONE, NULL, 0 };

	if (st->st_uid == c->uid)
		return 0;
	return found(c, &f, err, "belongs to uid %u, want %u as the store",
	    st->st_uid, c->uid);
}

int
check_gone(const char *path, struct error *err)
{
	if (errno == ENOENT || errno == ENOTDIR || errno == EACCES ||
	    errno == ELOOP)
		return 0;
	return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
	    vis(path));
}

int
check_dir(struct checker *c, const char *path, bool exact, struct error *err)
{
	struct found f = { "dir-mode", path, FIX_MODE, NULL, 0700 };
	unsigned int mode;
	struct stat st;

	if (lstat(path, &st) == -1)
		return check_gone(path, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	mode = st.st_mode & 07777;
	/* older certbots made those above with 0755 */
	if (exact ? mode != 0700 : (mode & 0022) != 0) {
		if (!exact)
			f.mode = mode & ~0022U;
		if (found(c, &f, err, "has mode %04o, want %04o", mode,
		    (unsigned int)f.mode) == -1)
			return -1;
	}
	return check_owner_of(c, path, &st, err);
}

/* The text that certbot would write into this link, by what it leads to. */
static int
absolute(struct checker *c, const char *path, const char *target, char **out,
    struct error *err)
{
	char *base, *real = NULL, joined[PATH_MAX];
	int n, rc = 0;

	*out = NULL;
	n = (int)(strrchr(path, '/') - path);
	if ((base = realpath(c->s->accounts, NULL)) == NULL)
		return 0;
	if (target[0] != '/' && snprintf(joined, sizeof(joined), "%.*s/%s", n,
	    path, target) < (int)sizeof(joined))
		real = realpath(joined, NULL);
	if (real != NULL && str_starts(real, base) &&
	    real[strlen(base)] == '/')
		rc = str_printf(out, err, "%s%s", c->s->accounts,
		    real + strlen(base));
	free(base);
	free(real);
	return rc;
}

static int
check_relative(struct checker *c, const char *path, const char *target,
    struct error *err)
{
	struct found f = { "link-relative", path, FIX_NONE, NULL, 0 };
	char *text = NULL;
	int rc;

	if (absolute(c, path, target, &text, err) == -1)
		return -1;
	f.text = text;
	if (text != NULL)
		f.fix = FIX_LINK;
	rc = found(c, &f, err, "is a relative link (to '%s'), want %s%s%s",
	    vis(target), text != NULL ? "'" : "an absolute one",
	    text != NULL ? vis(text) : "", text != NULL ? "'" : "");
	free(text);
	return rc;
}

/* Any name below accounts/; *link: it is a link (dangling ones are told). */
static int
check_link(struct checker *c, const char *path, bool *link, struct error *err)
{
	struct found dangling = { "link-dangling", path, FIX_DANGLING, NULL,
		0 };
	struct found foreign = { "link-foreign", path, FIX_NONE, NULL, 0 };
	size_t base = strlen(c->s->accounts);
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	*link = false;
	if (lstat(path, &st) == -1 || !S_ISLNK(st.st_mode) ||
	    (n = readlink(path, target, sizeof(target) - 1)) == -1)
		return 0;
	target[n] = '\0';
	*link = true;
	if (stat(path, &st) == -1 && (errno == ENOENT || errno == ENOTDIR ||
	    errno == ELOOP))
		return found(c, &dangling, err, "is a link to '%s', which "
		    "does not exist", vis(target));
	if (target[0] != '/')
		return check_relative(c, path, target, err);
	if (strncmp(target, c->s->accounts, base) != 0 || target[base] != '/')
		return found(c, &foreign, err, "is a link to '%s', out of "
		    "this store", vis(target));
	return 0;
}

static int
check_litter(struct checker *c, const char *path, struct error *err)
{
	struct found f = { "litter", path, FIX_LOCK, NULL, 0 };

	return found(c, &f, err, "was left by an interrupted run");
}

/* An account may be a link to the one that the older server has: certbot
 * deletes it through the text. */
static int
check_account_links(struct checker *c, const struct server_dir *d,
    struct error *err)
{
	char *path;
	bool link;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < d->ids.n; i++) {
		if (layout_path(c->s, d->path, d->ids.v[i], &path, err) == -1)
			return -1;
		rc = check_link(c, path, &link, err);
		free(path);
	}
	return rc;
}

/* What lies beside accounts and folders. */
static int
check_strays(struct checker *c, const struct server_dir *d, struct error *err)
{
	char *path;
	bool link;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < d->strays.n; i++) {
		if (str_printf(&path, err, "%s%s%s/%s", c->s->accounts,
		    d->path[0] != '\0' ? "/" : "", d->path, d->strays.v[i]) ==
		    -1)
			return -1;
		if (str_starts(d->strays.v[i], ATOMIC_PREFIX))
			rc = check_litter(c, path, err);
		else
			rc = check_link(c, path, &link, err);
		free(path);
	}
	return rc;
}

/* "NAME.bak", "NAME~", "NAME-old" and the like. */
static bool
is_copy(const char *path)
{
	static const char *const ends[] = { "~", ".bak", ".old", ".orig",
		".save", ".backup", "-bak", "-old", "-orig", "-backup",
		"-copy", ".copy", ".tmp", "_bak", "_old", "_backup" };
	size_t len, n;

	for (const char *p = path; *p != '\0'; p += len + (p[len] == '/')) {
		len = strcspn(p, "/");
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
			n = strlen(ends[i]);
			if (len > n && memcmp(p + len - n, ends[i], n) == 0)
				return true;
		}
	}
	return false;
}

static int
check_folder(struct checker *c, const struct server_dir *d, struct error *err)
{
	struct found unreadable = { "server-unreadable", NULL, FIX_NONE, NULL,
		0 };
	struct found copy = { "server-copy", NULL, FIX_NONE, NULL, 0 };
	struct found misplaced = { "account-misplaced", NULL, FIX_NONE, NULL,
		0 };
	bool link = false;
	char *path = NULL;
	int rc = -1;

	if (d->path[0] == '\0') {
		if (str_dup(&path, c->s->accounts, err) == -1)
			return -1;
	} else if (layout_path(c->s, d->path, NULL, &path, err) == -1)
		return -1;
	unreadable.path = copy.path = misplaced.path = path;
	if (d->unreadable) {
		rc = found(c, &unreadable, err, "cannot be read by uid %u",
		    geteuid());
		goto out;
	}
	if (d->path[0] == '\0' && d->ids.n > 0 &&
	    found(c, &misplaced, err, "holds the account directory '%s'",
	    vis(d->ids.v[0])) == -1)
		goto out;
	if (d->path[0] != '\0' && check_link(c, path, &link, err) == -1)
		goto out;
	if (d->ids.n > 0 && is_copy(d->path) && found(c, &copy, err,
	    "looks like a copy and holds %zu account%s", d->ids.n,
	    d->ids.n == 1 ? "" : "s") == -1)
		goto out;
	if (link || (d->path[0] != '\0' && !d->direct)) {
		rc = 0;
		goto out;
	}
	if (check_dir(c, path, d->ids.n > 0, err) == 0 &&
	    (d->path[0] == '\0' || check_account_links(c, d, err) == 0))
		rc = check_strays(c, d, err);
out:
	free(path);
	return rc;
}

/* A directory of which only our own litter matters. */
static int
check_plain(struct checker *c, const char *dir, struct error *err)
{
	struct dirent *e;
	char *path;
	int rc = 0;
	DIR *d;

	if ((d = opendir(dir)) == NULL)
		return check_gone(dir, err);
	while (rc == 0 && (rc = io_next(d, dir, &e, err)) == 0 && e != NULL) {
		if (!str_starts(e->d_name, ATOMIC_PREFIX))
			continue;
		rc = str_printf(&path, err, "%s/%s", dir, e->d_name);
		if (rc == 0) {
			rc = check_litter(c, path, err);
			free(path);
		}
	}
	(void)closedir(d);
	return rc;
}

/* backups/ and what lies in each. */
static int
check_backups(struct checker *c, struct error *err)
{
	char *path = NULL, *sub;
	struct dirent *e;
	int rc;
	DIR *d;

	if (str_printf(&path, err, "%s/backups", c->s->state_dir) == -1)
		return -1;
	rc = check_plain(c, path, err);
	if (rc == 0 && (d = opendir(path)) == NULL)
		rc = check_gone(path, err);
	else if (rc == 0) {
		while (rc == 0 && (rc = io_next(d, path, &e, err)) == 0 &&
		    e != NULL) {
			if (e->d_name[0] == '.')
				continue;
			rc = str_printf(&sub, err, "%s/%s", path, e->d_name);
			if (rc == 0) {
				rc = check_plain(c, sub, err);
				free(sub);
			}
		}
		(void)closedir(d);
	}
	free(path);
	return rc;
}

static int
check_state(struct checker *c, struct error *err)
{
	struct found f = { "journal", NULL, FIX_LOCK, NULL, 0 };
	char *path = NULL;
	int rc = 0;

	if (str_printf(&path, err, "%s/journal", c->s->state_dir) == -1)
		return -1;
	f.path = path;
	if (journal_pending(c->s->state_dir))
		rc = found(c, &f, err, "a change was interrupted and waits to "
		    "be finished");
	free(path);
	if (rc == 0)
		rc = check_plain(c, c->s->state_dir, err);
	return rc == 0 ? check_backups(c, err) : -1;
}

int
check_layout(struct checker *c, struct error *err)
{
	struct found owner = { "config-owner", c->s->config_dir, FIX_NONE,
		NULL, 0 };
	char *renewal = NULL;
	int rc = 0;

	if (geteuid() == 0 && c->uid != 0)
		rc = found(c, &owner, err, "belongs to uid %u, and this runs "
		    "as root: nothing will be written; run as UID %u", c->uid,
		    c->uid);
	if (rc == 0)
		rc = check_state(c, err);
	for (size_t i = 0; rc == 0 && i < c->dirs.n; i++)
		rc = check_folder(c, &c->dirs.v[i], err);
	if (rc == 0)
		rc = check_plain(c, c->s->config_dir, err);
	if (rc == 0)
		rc = str_printf(&renewal, err, "%s/renewal", c->s->config_dir);
	if (rc == 0)
		rc = check_plain(c, renewal, err);
	free(renewal);
	return rc;
}
