/* SPDX-License-Identifier: ISC */
#include "transport/sftp_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/account.h"
#include "store/server.h"
#include "transport/sftp_scan.h"

void
sftp_tree_free(struct sftp_tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->accounts[i].folder);
		free(t->accounts[i].name);
		free(t->accounts[i].why);
	}
	free(t->accounts);
	free(t->top);
	strs_free(&t->litter);
	memset(t, 0, sizeof(*t));
}

int
sftp_copy_dir(const char *copy, const char *path, struct error *err)
{
	static const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	char *full;
	int rc;

	if (str_printf(&full, err, "%s/%s", copy, path) == -1)
		return -1;
	rc = atomic_mkdirs(full, &attr, err);
	free(full);
	return rc;
}

/* ---- the far directory --------------------------------------------------- */

/* cd and pwd; *out NULL: there is none, and why tells. */
static int
enter(struct sftp_tree *t, const char *path, char **out, char *why,
    size_t size, struct error *err)
{
	struct strs commands = { 0 }, paths = { 0 };
	struct buf text, said;
	int rc = -1;

	*out = NULL;
	buf_init(&text, LIMIT_SFTP_OUTPUT);
	buf_init(&said, LIMIT_SFTP_SAID);
	if (sftp_command(&commands, "cd", path, NULL, err) == -1 ||
	    strs_add(&commands, "-pwd", err) == -1 ||
	    sftp_run(t->s, &commands, &text, &said, err) == -1 ||
	    sftp_pwd_parse(buf_str(&text), &paths, err) == -1)
		goto out;
	rc = 0;
	if (said.len > 0) {
		if (!sftp_why(buf_str(&said), path, why, size))
			vis_copy(why, size, said_last(buf_str(&said)),
			    strlen(said_last(buf_str(&said))));
	} else if (paths.n > 0 && paths.v[0][0] == '/' &&
	    strlen(paths.v[0]) < LIMIT_URL / 2)
		rc = str_dup(out, paths.v[0], err);
	else
		(void)snprintf(why, size, "has no path");
out:
	strs_free(&commands);
	strs_free(&paths);
	buf_free(&text);
	buf_free(&said);
	return rc;
}

static int
make_top(struct sftp_tree *t, const char *path, struct error *err)
{
	struct strs commands = { 0 };
	int rc = -1;

	if (sftp_command(&commands, "mkdir", path, NULL, err) == 0 &&
	    sftp_command(&commands, "chmod", "755", path, err) == 0)
		rc = sftp_run(t->s, &commands, NULL, NULL, err);
	strs_free(&commands);
	return rc;
}

const char *
sftp_below(const char *top)
{
	return strcmp(top, "/") == 0 ? "" : top;
}

/* Nothing is there, and what it would be made in is. */
static int
could_make(struct sftp_tree *t, const char *path, const char *why,
    struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *parent = NULL, *top = NULL, ignored[200];
	int rc = -1;

	if (strstr(why, "No such file") == NULL || slash == NULL)
		return 0;
	if (str_printf(&parent, err, "%.*s", slash == path ? 1 :
	    (int)(slash - path), path) == 0 &&
	    enter(t, parent, &top, ignored, sizeof(ignored), err) == 0) {
		t->missing = top != NULL;
		rc = top != NULL ? str_dup(&t->top, path, err) : 0;
	}
	free(parent);
	free(top);
	return rc;
}

int
sftp_tree_enter(struct sftp_tree *t, enum sftp_enter how, struct error *err)
{
	const char *path = sftp_url(t->s)->path;
	const char *where = sftp_where(t->s);
	char why[200] = "";

	if (enter(t, path, &t->top, why, sizeof(why), err) == -1)
		return -1;
	if (t->top == NULL && how == SFTP_MAKE &&
	    (make_top(t, path, err) == -1 ||
	    enter(t, path, &t->top, why, sizeof(why), err) == -1))
		return -1;
	if (t->top == NULL && how == SFTP_WOULD_MAKE &&
	    could_make(t, path, why, err) == -1)
		return -1;
	if (t->top != NULL)
		return 0;
	return error_set(err, strstr(why, "denied") != NULL ? CODE_TRUST :
	    CODE_ERROR, "'%s': '%s' cannot be entered (%s); want certbot's "
	    "directory as this login sees it: in a chroot its path begins "
	    "there", vis(where), vis(path), why);
}

int
sftp_tree_look(struct sftp_tree *t, struct error *err)
{
	struct sftp_listing l = { 0 };
	struct buf text, said;
	int rc = -1;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	buf_init(&said, LIMIT_SFTP_SAID);
	if (sftp_do(t->s, "ls -na", NULL, NULL, &text, &said, err) == -1 ||
	    sftp_list_parse(buf_str(&text), "", LIMIT_SFTP_ENTRIES, &l, err) ==
	    -1)
		goto out;
	t->locked = sftp_listing_find(&l, ".certbot.lock") != NULL;
	t->accounts_dir = sftp_listing_find(&l, "accounts") != NULL;
	if (l.self.name != NULL)
		(void)snprintf(t->owner, sizeof(t->owner), "%s", l.self.owner);
	rc = 0;
out:
	sftp_listing_free(&l);
	buf_free(&text);
	buf_free(&said);
	return rc;
}

/* ---- files --------------------------------------------------------------- */

static bool
below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return strncmp(path, above, n) == 0 && (path[n] == '\0' ||
	    path[n] == '/');
}

/* Where the accounts of a server lie, links followed, into out. */
static int
add_places(const struct sftp_scan *c, const char *path, struct strs *out,
    struct error *err)
{
	const char *link, *to;

	if (strs_addf(out, err, "accounts/%s", path) == -1)
		return -1;
	/* a link may lead to where another begins */
	for (size_t k = 0; k < out->n && k < SFTP_DEPTH; k++)
		for (size_t i = 0; i < c->aliases.n; i++) {
			link = c->alias_of.v[i];
			to = c->aliases.v[i];
			if (below(out->v[k], link)) {
				if (strs_addf(out, err, "%s%s", to,
				    out->v[k] + strlen(link)) == -1)
					return -1;
			} else if (below(link, out->v[k]) &&
			    strs_add(out, to, err) == -1)
				return -1;
			if (out->n > LIMIT_SFTP_ACCOUNTS)
				return 0;
		}
	return 0;
}

/* All those of the servers that are asked for. */
static int
wanted_places(const struct sftp_scan *c, struct strs *out, struct error *err)
{
	const struct strs *servers = c->t->servers;
	const char *reuse;
	char *path;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < servers->n; i++) {
		if (server_path(servers->v[i], &path, err) == -1)
			return -1;
		rc = add_places(c, path, out, err);
		if (rc == 0 && (reuse = server_reuse_path(path)) != NULL)
			rc = add_places(c, reuse, out, err);
		free(path);
	}
	return rc;
}

static int
add_up(const char *copy, const char *path, int64_t *sum, struct error *err)
{
	struct stat st;
	char *full;

	if (str_printf(&full, err, "%s/%s", copy, path) == -1)
		return -1;
	if (lstat(full, &st) == 0)
		*sum += (int64_t)st.st_size;
	free(full);
	return 0;
}

int
sftp_get_all(struct sftp *s, const char *copy, const struct strs *from,
    const struct strs *to, struct buf *said, int64_t *sum, struct error *err)
{
	struct strs commands = { 0 };
	size_t end;
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < from->n; at = end) {
		strs_free(&commands);
		end = at + SFTP_BATCH < from->n ? at + SFTP_BATCH : from->n;
		for (size_t i = at; rc == 0 && i < end; i++)
			rc = sftp_command(&commands, "get -p", from->v[i],
			    to->v[i], err);
		if (rc == 0)
			rc = sftp_run(s, &commands, NULL, said, err);
		for (size_t i = at; rc == 0 && i < end; i++)
			rc = add_up(copy, to->v[i], sum, err);
		if (rc == 0 && *sum > LIMIT_SFTP_BYTES)
			rc = error_set(err, CODE_STORE, "'%s': more than %d "
			    "bytes of accounts and lineages",
			    vis(sftp_where(s)), LIMIT_SFTP_BYTES);
		if (rc == 0 && strstr(buf_str(said), "local ") != NULL &&
		    strstr(buf_str(said), "No space left") != NULL)
			rc = error_set(err, CODE_ERROR, "'%s': no space left; "
			    "the far accounts are kept there while they are "
			    "read", vis(copy));
	}
	strs_free(&commands);
	return rc;
}

/* What could not be read of an account. */
static int
note_why(struct sftp_tree *t, struct sftp_account *a, const char *said,
    struct error *err)
{
	char *path, why[128];
	int rc = 0;

	for (int f = 0; rc == 0 && a->why == NULL && f < ACCOUNT_FILES; f++) {
		if (f == ACCOUNT_KEY && !a->key)
			continue;
		if (str_printf(&path, err, "%s/accounts/%s/%s/%s",
		    sftp_below(t->top), a->folder, a->name,
		    account_file_names[f]) == -1)
			return -1;
		if (sftp_why(said, path, why, sizeof(why)) &&
		    strstr(why, "not found") == NULL &&
		    strstr(why, "No such file") == NULL)
			rc = str_printf(&a->why, err, "'%s': cannot be read "
			    "there: %s", account_file_names[f], why);
		free(path);
	}
	return rc;
}

static int
get_accounts(struct sftp_scan *c, struct error *err)
{
	struct strs places = { 0 }, paths = { 0 };
	struct sftp_tree *t = c->t;
	struct sftp_account *a;
	char *dir = NULL;
	struct buf said;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	if (wanted_places(c, &places, err) == -1)
		goto out;
	for (size_t i = 0; i < t->n; i++) {
		a = &t->accounts[i];
		free(dir);
		dir = NULL;
		if (str_printf(&dir, err, "accounts/%s/%s", a->folder,
		    a->name) == -1)
			goto out;
		for (size_t k = 0; k < places.n && !a->key; k++)
			a->key = strcmp(dir, places.v[k]) == 0 ||
			    (below(dir, places.v[k]) &&
			    strchr(dir + strlen(places.v[k]) + 1, '/') ==
			    NULL);
		for (int f = 0; f < ACCOUNT_FILES; f++)
			if ((f != ACCOUNT_KEY || a->key) && strs_addf(&paths,
			    err, "%s/%s", dir, account_file_names[f]) == -1)
				goto out;
	}
	if (sftp_get_all(t->s, t->copy, &paths, &paths, &said, &t->bytes,
	    err) == -1)
		goto out;
	rc = 0;
	for (size_t i = 0; rc == 0 && said.len > 0 && i < t->n; i++)
		rc = note_why(t, &t->accounts[i], buf_str(&said), err);
out:
	free(dir);
	strs_free(&places);
	strs_free(&paths);
	buf_free(&said);
	return rc;
}

int
sftp_tree_copy(struct sftp_tree *t, struct error *err)
{
	struct sftp_scan c = { .t = t };
	struct buf text;
	int rc = -1;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	if (sftp_scan(&c, err) == 0 &&
	    get_accounts(&c, err) == 0 &&
	    sftp_do(t->s, "ls -na", "renewal", NULL, &text, NULL, err) == 0)
		rc = sftp_confs_copy(t, buf_str(&text), err);
	buf_free(&text);
	sftp_scan_free(&c);
	return rc;
}
