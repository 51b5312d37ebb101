/* SPDX-License-Identifier: ISC */
#include "transport/sftp_webroot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "acme/challenge.h"
#include "base/atomic.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "transport/webroot.h"

#define WELL_KNOWN ".well-known"
#define RESPONSES WELL_KNOWN "/acme-challenge"

enum {
	RESPONSE_MAX = 256,	/* of what may be a response */
	SWEPT = 20		/* old files that are looked at */
};

struct sftp_webroot {
	struct sftp_tree tree;	/* top is the web root */
	struct sftp_put put;
	const char *dir;
	bool ready;		/* the folders are there, and as they must be */
	struct strs tokens;	/* that were put */
	bool failed;		/* the session ended, with why */
	struct error why;
};

int
sftp_webroot_new(struct sftp *s, const char *dir, const char *local,
    struct sftp_webroot **out, struct error *err)
{
	struct sftp_webroot *w;

	*out = NULL;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return error_nomem(err);
	w->tree.s = s;
	w->tree.copy = local;
	w->dir = dir;
	/* several sessions may be at one web root: by the name of ours */
	if (sftp_put_init(&w->put, &w->tree, local, err) == -1) {
		sftp_webroot_free(w);
		return -1;
	}
	w->put.dir = RESPONSES;
	*out = w;
	return 0;
}

void
sftp_webroot_free(struct sftp_webroot *w)
{
	struct error err;

	if (w == NULL)
		return;
	error_clear(&err);
	while (w->tokens.n > 0 && sftp_alive(w->tree.s) &&
	    sftp_webroot_remove(w, w->tokens.v[0], &err) == 0)
		;
	if (w->tokens.n > 0)
		log_warn("'%s': '%s/" RESPONSES "/%s' stays: %s",
		    vis(sftp_where(w->tree.s)), vis(w->dir), w->tokens.v[0],
		    err.msg[0] != '\0' ? err.msg : "link broken");
	strs_free(&w->tokens);
	sftp_tree_free(&w->tree);
	free(w);
}

/* ---- folders ------------------------------------------------------------- */

/* A directory as "cd" and "pwd" spell it, and back to the web root. */
static int
check_path(struct sftp_webroot *w, const char *below, struct error *err)
{
	struct strs commands = { 0 }, paths = { 0 };
	char *want = NULL;
	struct buf text, said;
	int rc = -1;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	buf_init(&said, LIMIT_SFTP_SAID);
	if (str_printf(&want, err, "%s%s%s", w->dir, below[0] != '\0' ? "/" :
	    "", below) == -1 ||
	    sftp_command(&commands, "cd", want, NULL, err) == -1 ||
	    strs_add(&commands, "-pwd", err) == -1 ||
	    sftp_command(&commands, "cd", w->dir, NULL, err) == -1 ||
	    sftp_run(w->tree.s, &commands, &text, &said, err) == -1 ||
	    sftp_pwd_parse(buf_str(&text), &paths, err) == -1)
		goto out;
	if (said.len > 0)
		error_set(err, below[0] == '\0' ? CODE_USAGE : CODE_ERROR,
		    "'%s': '%s' cannot be entered (%s); the web root must "
		    "exist, as this login sees it",
		    vis(sftp_where(w->tree.s)), vis(want),
		    said_last(buf_str(&said)));
	else if (paths.n == 0 || strcmp(paths.v[0], want) != 0)
		error_set(err, CODE_TRUST, "'%s': '%s' leads over a symbolic "
		    "link to '%s', want the real path of the web root",
		    vis(sftp_where(w->tree.s)), vis(want), paths.n > 0 ?
		    vis(paths.v[0]) : "");
	else
		rc = 0;
out:
	strs_free(&commands);
	strs_free(&paths);
	buf_free(&text);
	buf_free(&said);
	free(want);
	return rc;
}

static int
list(struct sftp_webroot *w, const char *path, struct sftp_listing *l,
    struct error *err)
{
	char *prefix = NULL;
	struct buf text;
	int rc = -1;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	if (str_printf(&prefix, err, "%s%s", path != NULL ? path : "",
	    path != NULL ? "/" : "") == 0 && sftp_do(w->tree.s, "ls -na", path,
	    NULL, &text, NULL, err) == 0)
		rc = sftp_list_parse(buf_str(&text), prefix,
		    LIMIT_SFTP_ENTRIES, l, err);
	buf_free(&text);
	free(prefix);
	return rc;
}

static int
check_mode(const struct sftp_webroot *w, const struct sftp_listing *l,
    const char *path, struct error *err)
{
	if (l->self.name == NULL || (l->self.mode & 02) == 0)
		return 0;
	return error_set(err, CODE_TRUST, "'%s': '%s%s%s' has mode %04o, want "
	    "it writable by its owner only; 'chmod o-w' there sets it",
	    vis(sftp_where(w->tree.s)), vis(w->dir), path[0] != '\0' ? "/" :
	    "", path, l->self.mode);
}

static int
make(struct sftp_webroot *w, const char *path, struct error *err)
{
	struct strs commands = { 0 };
	struct buf said;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	if (sftp_command(&commands, "mkdir", path, NULL, err) == 0 &&
	    sftp_command(&commands, "chmod", "755", path, err) == 0 &&
	    sftp_run(w->tree.s, &commands, NULL, &said, err) == 0)
		rc = said.len == 0 ? 0 : sftp_put_failed(w->tree.s, w->dir,
		    path, buf_str(&said), err);
	strs_free(&commands);
	buf_free(&said);
	return rc;
}

/* One of the two folders, made where it is missing. */
static int
folder(struct sftp_webroot *w, const char *parent, const char *path,
    struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	struct sftp_listing l = { 0 };
	const struct sftp_entry *e;
	int rc = -1;

	if (list(w, parent, &l, err) == -1 || check_mode(w, &l,
	    parent != NULL ? parent : "", err) == -1)
		goto out;
	if ((e = sftp_listing_find(&l, name)) == NULL)
		rc = make(w, path, err);
	else if (e->type != 'd')
		error_set(err, CODE_TRUST, "'%s': '%s/%s' is a symbolic link "
		    "or no directory", vis(sftp_where(w->tree.s)),
		    vis(w->dir), path);
	else
		rc = 0;
out:
	sftp_listing_free(&l);
	return rc;
}

/* ---- responses ----------------------------------------------------------- */

/* What a file there holds, into b; *there false: it cannot be got. */
static int
get(struct sftp_webroot *w, const char *token, struct buf *b, bool *there,
    struct error *err)
{
	struct error why;
	char *far = NULL, *full = NULL;
	int found = 0, rc = -1;

	*there = false;
	error_clear(&why);
	if (str_printf(&far, err, RESPONSES "/%s", token) == -1 ||
	    str_printf(&full, err, "%s/got", w->tree.copy) == -1 ||
	    atomic_unlink(AT_FDCWD, full, err) == -1 ||
	    sftp_do(w->tree.s, "get", far, "got", NULL, NULL, err) == -1)
		goto out;
	rc = 0;
	if (io_read_file(AT_FDCWD, full, RESPONSE_MAX, IO_NOFOLLOW |
	    IO_MISSING_OK, b, &found, &why) == 0)
		*there = found != 0;
out:
	free(far);
	free(full);
	return rc;
}

static int
sweep_one(struct sftp_webroot *w, const char *token, const char *thumbprint,
    struct error *err)
{
	const char *found;
	struct buf b;
	char *path;
	bool there;
	int rc;

	buf_init(&b, RESPONSE_MAX + 1);
	rc = get(w, token, &b, &there, err);
	found = rc == 0 && there ? webroot_thumbprint(token, buf_str(&b)) :
	    NULL;
	if (found != NULL && strcmp(found, thumbprint) == 0) {
		log_verbose("'%s': an old response '%s' is removed",
		    vis(sftp_where(w->tree.s)), token);
		if ((rc = str_printf(&path, err, RESPONSES "/%s", token)) ==
		    0) {
			rc = sftp_do(w->tree.s, "rm", path, NULL, NULL, NULL,
			    err);
			free(path);
		}
	}
	buf_free(&b);
	return rc;
}

/* What killed sessions left, of the same account. */
static int
sweep(struct sftp_webroot *w, const struct sftp_listing *l,
    const char *thumbprint, struct error *err)
{
	int rc = 0, n = 0;

	for (size_t i = 0; rc == 0 && n < SWEPT && i < l->n; i++) {
		const struct sftp_entry *e = &l->v[i];

		if (e->type != '-' || e->size > RESPONSE_MAX ||
		    e->time == 0 ||
		    e->time > clock_now() - LIMIT_RESPONSE_AGE ||
		    !acme_token_ok(e->name) || strs_has(&w->tokens, e->name))
			continue;
		n++;
		rc = sweep_one(w, e->name, thumbprint, err);
	}
	return rc;
}

/* The web root, once, and what is in the way of the response. */
static int
prepare(struct sftp_webroot *w, const char *token, const char *text,
    bool *there, struct error *err)
{
	struct sftp_listing l = { 0 };
	const struct sftp_entry *e;
	struct buf b;
	int rc = -1;

	buf_init(&b, RESPONSE_MAX + 1);
	if (w->tree.top == NULL && str_dup(&w->tree.top, w->dir, err) == -1)
		goto out;
	if (!w->ready && (check_path(w, "", err) == -1 ||
	    folder(w, NULL, WELL_KNOWN, err) == -1 ||
	    folder(w, WELL_KNOWN, RESPONSES, err) == -1 ||
	    check_path(w, RESPONSES, err) == -1))
		goto out;
	if (list(w, RESPONSES, &l, err) == -1 ||
	    check_mode(w, &l, RESPONSES, err) == -1 ||
	    (!w->ready && sweep(w, &l, webroot_thumbprint(token, text), err) ==
	    -1))
		goto out;
	w->ready = true;
	rc = 0;
	if ((e = sftp_listing_find(&l, token)) == NULL)
		goto out;
	if (e->type == '-' && (rc = get(w, token, &b, there, err)) == -1)
		goto out;
	/* some hooks add a newline */
	if (b.len > 0 && buf_str(&b)[b.len - 1] == '\n')
		b.len--;
	if (!*there || b.len != strlen(text) ||
	    memcmp(buf_str(&b), text, b.len) != 0)
		rc = error_set(err, CODE_STORE, "'%s': '%s/" RESPONSES "/%s' "
		    "is there already, with another content",
		    vis(sftp_where(w->tree.s)), vis(w->dir), token);
out:
	sftp_listing_free(&l);
	buf_free(&b);
	return rc;
}

static int
put(struct sftp_webroot *w, const char *token, const char *text,
    struct error *err)
{
	static const struct atomic_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	char *full = NULL, *path = NULL;
	int rc = -1;

	if (w->tokens.n >= LIMIT_RESPONSES)
		return error_set(err, CODE_STORE, "'%s': %d responses of this "
		    "session are there, and more are not allowed",
		    vis(w->dir), LIMIT_RESPONSES);
	if (str_printf(&full, err, "%s/response", w->tree.copy) == -1 ||
	    str_printf(&path, err, RESPONSES "/%s", token) == -1 ||
	    atomic_write(AT_FDCWD, full, text, strlen(text), &attr,
	    ATOMIC_REPLACE, err) == -1 ||
	    /* it may get there though we do not hear of it */
	    strs_add(&w->tokens, token, err) == -1)
		goto out;
	rc = sftp_put_file(&w->put, "response", path, 0644, err);
out:
	free(full);
	free(path);
	return rc;
}

/* What ended the session is said again for all that follow. */
static int
ended(struct sftp_webroot *w, struct error *err)
{
	if (!w->failed && !sftp_alive(w->tree.s)) {
		w->failed = true;
		w->why = *err;
	}
	return -1;
}

int
sftp_webroot_put(struct sftp_webroot *w, const char *token,
    const char *key_authorization, struct error *err)
{
	bool there = false;

	if (w->failed) {
		*err = w->why;
		return -1;
	}
	if (webroot_thumbprint(token, key_authorization) == NULL)
		return error_set(err, CODE_USAGE, "'%s': want a token of %d to "
		    "%d base64url characters, and the response TOKEN."
		    "THUMBPRINT", vis(token), CHALLENGE_TOKEN_MIN,
		    CHALLENGE_TOKEN_MAX);
	sftp_more_time(w->tree.s);
	if (prepare(w, token, key_authorization, &there, err) == -1)
		return ended(w, err);
	if (!there && put(w, token, key_authorization, err) == -1)
		return ended(w, err);
	return 0;
}

/* s may be the list's own. */
static void
forget(struct strs *l, const char *s)
{
	size_t i = 0;

	while (i < l->n && strcmp(l->v[i], s) != 0)
		i++;
	if (i == l->n)
		return;
	free(l->v[i]);
	l->n--;
	/* with the NULL behind the last */
	for (; i <= l->n; i++)
		l->v[i] = l->v[i + 1];
}

int
sftp_webroot_remove(struct sftp_webroot *w, const char *token,
    struct error *err)
{
	struct buf said;
	char *path = NULL;
	int rc = -1;

	if (!strs_has(&w->tokens, token))
		return 0;
	if (w->failed) {
		*err = w->why;
		return -1;
	}
	buf_init(&said, LIMIT_SFTP_SAID);
	sftp_more_time(w->tree.s);
	if (str_printf(&path, err, RESPONSES "/%s", token) == -1 ||
	    sftp_do(w->tree.s, "rm", path, NULL, NULL, &said, err) == -1)
		goto out;
	if (said.len > 0 && strstr(buf_str(&said), "No such file") == NULL &&
	    strstr(buf_str(&said), "not found") == NULL) {
		sftp_put_failed(w->tree.s, w->dir, path, buf_str(&said), err);
		goto out;
	}
	forget(&w->tokens, token);
	rc = 0;
out:
	buf_free(&said);
	free(path);
	return rc == 0 ? 0 : ended(w, err);
}
