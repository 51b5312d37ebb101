/* SPDX-License-Identifier: ISC */
#include "transport/webroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acme/challenge.h"
#include "base/atomic.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"

enum {
	THUMBPRINT = 43,	/* of SHA-256 */
	/* a response and a newline, which some servers' hooks add */
	RESPONSE_MAX = CHALLENGE_TOKEN_MAX + 1 + THUMBPRINT + 1
};

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-_";

struct response {
	char *token;
	int lent;
};

struct webroot {
	char *dir;		/* for messages */
	int fd;			/* of dir */
	int responses;		/* of .well-known/acme-challenge; -1: not yet */
	uid_t uid;		/* dir's owner and group */
	gid_t gid;
	struct response put[LIMIT_RESPONSES];
	size_t n;
};

const char *
webroot_thumbprint(const char *token, const char *key_authorization)
{
	size_t len = strlen(token);
	const char *p = key_authorization + len + 1;

	if (!acme_token_ok(token) ||
	    strncmp(key_authorization, token, len) != 0 ||
	    key_authorization[len] != '.' || strlen(p) != THUMBPRINT ||
	    strspn(p, base64url) != THUMBPRINT)
		return NULL;
	return p;
}

/* ---- directories --------------------------------------------------------- */

enum place { ABOVE, ROOT, BELOW };

static int
check(const struct webroot *w, enum place place, const char *path,
    const struct stat *st, struct error *err)
{
	uid_t me = geteuid();
	mode_t bits = st->st_mode & 022;
	const char *p = vis(path);

	if (place != ROOT && st->st_uid != 0 && st->st_uid != me &&
	    (place == ABOVE || st->st_uid != w->uid))
		return error_set(err, CODE_TRUST, "'%s': on the way to the "
		    "web root's responses; the directory belongs to uid %u, "
		    "want %suid %u", p, (unsigned int)st->st_uid,
		    me == 0 ? "" : "uid 0 or ", (unsigned int)me);
	if (place == ABOVE && (st->st_mode & S_ISVTX) != 0)
		return 0;
	/* the web server's group may write where it may anyway */
	if (place == ROOT || (place == BELOW && st->st_gid == w->gid))
		bits &= S_IWOTH;
	if (bits != 0)
		return error_set(err, CODE_TRUST, "'%s': on the way to the "
		    "web root's responses; the directory has mode %04o, want "
		    "it writable by its owner only; 'chmod %s %s' sets it", p,
		    (unsigned int)st->st_mode & 07777,
		    place == ROOT ? "o-w" : "go-w", p);
	return 0;
}

static int
open_failed(const char *path, int sys, struct error *err)
{
	const char *p = vis(path);

	errno = sys;
	if (sys == ELOOP || sys == ENOTDIR)
		return error_set(err, CODE_TRUST, "'%s': is a symbolic link or "
		    "no directory, want the real path of a directory", p);
	if (sys == ENOENT)
		return error_set(err, CODE_USAGE, "'%s': no such directory; "
		    "the web root must exist", p);
	return error_sys(err, CODE_ERROR, "'%s': cannot be opened", p);
}

/* One directory deeper; *fd becomes that. */
static int
descend(const struct webroot *w, enum place place, const char *name,
    const char *path, int *fd, struct stat *st, struct error *err)
{
	int next;

	/* a sandbox may forbid to read what is above */
	next = openat(*fd, name, (place == ABOVE ? O_PATH : O_RDONLY) |
	    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next == -1)
		return open_failed(path, errno, err);
	(void)close(*fd);
	*fd = next;
	if (fstat(next, st) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(path));
	return check(w, place, path, st, err);
}

/* From "/" to w->dir, into w->fd. */
static int
walk(struct webroot *w, struct error *err)
{
	char *path = NULL, *name, *end, old;
	struct stat st;
	int rc = -1;

	w->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->fd == -1 || fstat(w->fd, &st) == -1)
		return error_sys(err, CODE_ERROR, "'/': cannot be opened");
	if (check(w, ABOVE, "/", &st, err) == -1 ||
	    str_dup(&path, w->dir, err) == -1)
		return -1;
	for (name = path + 1; *name != '\0'; name = end) {
		end = name + strcspn(name, "/");
		old = *end;
		*end = '\0';
		if (descend(w, old == '\0' ? ROOT : ABOVE, name, path, &w->fd,
		    &st, err) == -1)
			goto out;
		*end = old;
		end += strspn(end, "/");
	}
	w->uid = st.st_uid;
	w->gid = st.st_gid;
	rc = 0;
out:
	free(path);
	return rc;
}

int
webroot_open(const char *dir, struct webroot **out, struct error *err)
{
	struct webroot *w;
	size_t len;

	*out = NULL;
	if (dir[0] != '/' || dir[strspn(dir, "/")] == '\0')
		return error_set(err, CODE_USAGE, "'%s': want the absolute "
		    "path of a web root", vis(dir));
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return error_nomem(err);
	w->fd = w->responses = -1;
	if (str_dup(&w->dir, dir + strspn(dir, "/") - 1, err) == -1)
		goto fail;
	for (len = strlen(w->dir); w->dir[len - 1] == '/'; len--)
		w->dir[len - 1] = '\0';
	if (walk(w, err) == -1)
		goto fail;
	*out = w;
	return 0;
fail:
	webroot_free(w);
	return -1;
}

int
webroot_clear(struct webroot *w, struct error *err)
{
	struct error first;
	size_t left = 0;

	for (size_t i = 0; i < w->n; i++) {
		error_clear(err);
		if (atomic_drop(w->put[i].lent, err) == -1) {
			if (left == 0)
				first = *err;
			w->put[left++] = w->put[i];
		} else
			free(w->put[i].token);
	}
	w->n = left;
	if (left > 0)
		*err = first;
	return left > 0 ? -1 : 0;
}

void
webroot_free(struct webroot *w)
{
	struct error err;

	if (w == NULL)
		return;
	error_clear(&err);
	if (webroot_clear(w, &err) == -1)
		log_warn("%s", err.msg);
	/* at exit it is needed once more */
	if (w->responses != -1 && w->n == 0)
		(void)close(w->responses);
	for (size_t i = 0; i < w->n; i++)
		free(w->put[i].token);
	if (w->fd != -1)
		(void)close(w->fd);
	free(w->dir);
	free(w);
}

/* There as a whole, with its mode, or not at all. */
static int
make_dir(int parent, const char *name, struct error *err)
{
	static const struct atomic_attr attr = { 0755, (uid_t)-1, (gid_t)-1 };
	struct atomic_dir st = { -1, -1, "" };
	int rc;

	/* one that was killed here has left its own behind */
	rc = atomic_sweep(parent, err);
	if (rc == 0)
		rc = atomic_dir_begin(&st, parent, &attr, err);
	if (rc == 0)
		rc = atomic_dir_commit(&st, name, false, NULL, err);
	/* somebody else was faster */
	if (rc == -1 && err->sys == EEXIST) {
		error_clear(err);
		rc = 0;
	}
	atomic_dir_abort(&st);
	return rc;
}

/* w->responses; what is missing on the way is made. */
static int
open_responses(struct webroot *w, struct error *err)
{
	static const char *const names[] = { ".well-known",
		"acme-challenge" };
	char *path = NULL, *longer;
	struct stat st;
	int fd, rc = -1;

	if (w->responses != -1)
		return 0;
	if ((fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 3)) == -1)
		return error_sys(err, CODE_ERROR, "'%s': cannot be opened",
		    vis(w->dir));
	if (str_dup(&path, w->dir, err) == -1)
		goto out;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_printf(&longer, err, "%s/%s", path, names[i]) == -1)
			goto out;
		free(path);
		path = longer;
		if (fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == -1 &&
		    errno == ENOENT && make_dir(fd, names[i], err) == -1)
			goto out;
		if (descend(w, BELOW, names[i], path, &fd, &st, err) == -1)
			goto out;
	}
	w->responses = fd;
	fd = -1;
	rc = atomic_sweep(w->responses, err);
out:
	free(path);
	if (fd != -1)
		(void)close(fd);
	return rc;
}

/* ---- responses ----------------------------------------------------------- */

/* *there: with this very content; other content is CODE_STORE. */
static int
look(struct webroot *w, const char *token, const char *text, int *there,
    struct error *err)
{
	struct buf b;
	size_t len;
	int rc;

	buf_init(&b, RESPONSE_MAX + 1);
	rc = io_read_file(w->responses, token, RESPONSE_MAX, IO_NOFOLLOW |
	    IO_MISSING_OK, &b, there, err);
	if (rc == -1) {
		if (err->code != CODE_TRUST)
			err->code = CODE_STORE;
		error_wrap(err, "'%s/.well-known/acme-challenge'",
		    vis(w->dir));
	} else if (*there) {
		len = b.len;
		if (len > 0 && buf_str(&b)[len - 1] == '\n')
			len--;
		if (len != strlen(text) ||
		    memcmp(buf_str(&b), text, len) != 0)
			rc = error_set(err, CODE_STORE, "'%s/.well-known/"
			    "acme-challenge/%s': is there already, with "
			    "another content", vis(w->dir), token);
	}
	buf_free(&b);
	return rc;
}

static struct response *
find(struct webroot *w, const char *token)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->put[i].token, token) == 0)
			return &w->put[i];
	return NULL;
}

/* A new one; sys EEXIST: somebody was faster. */
static int
make(struct webroot *w, const char *token, const char *text,
    struct error *err)
{
	static const struct atomic_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	struct response *r = &w->put[w->n];

	if (w->n == LIMIT_RESPONSES)
		return error_set(err, CODE_STORE, "'%s': %d responses of this "
		    "session are there, and more are not allowed",
		    vis(w->dir), LIMIT_RESPONSES);
	if (str_dup(&r->token, token, err) == -1)
		return -1;
	if (atomic_lend(w->responses, token, text, strlen(text), &attr,
	    &r->lent, err) == -1) {
		free(r->token);
		r->token = NULL;
		return -1;
	}
	w->n++;
	return 0;
}

int
webroot_remove(struct webroot *w, const char *token, bool *removed,
    struct error *err)
{
	struct response *r;

	*removed = false;
	if ((r = find(w, token)) == NULL)
		return 0;
	if (atomic_drop(r->lent, err) == -1)
		return -1;
	free(r->token);
	*r = w->put[--w->n];
	*removed = true;
	return 0;
}

int
webroot_put(struct webroot *w, const char *token,
    const char *key_authorization, bool *made, struct error *err)
{
	const char *thumbprint;
	bool first = w->responses == -1, gone;
	int there = 0;

	*made = false;
	thumbprint = webroot_thumbprint(token, key_authorization);
	if (thumbprint == NULL)
		return error_set(err, CODE_USAGE, "'%s': want a token of %d to "
		    "%d base64url characters, and the response TOKEN."
		    "THUMBPRINT", vis(token), CHALLENGE_TOKEN_MIN,
		    CHALLENGE_TOKEN_MAX);
	if (open_responses(w, err) == -1 ||
	    (first && webroot_sweep(w, thumbprint, err) == -1) ||
	    look(w, token, key_authorization, &there, err) == -1)
		return -1;
	if (there)
		return 0;
	/* one of ours that somebody else has removed */
	if (webroot_remove(w, token, &gone, err) == -1)
		return -1;
	if (make(w, token, key_authorization, err) == 0) {
		*made = true;
		return 0;
	}
	if (err->sys != EEXIST)
		return -1;
	error_clear(err);
	if (look(w, token, key_authorization, &there, err) == -1)
		return -1;
	return there ? 0 : error_set(err, CODE_RETRY, "'%s': comes and goes; "
	    "somebody else proves the same name", vis(token));
}

/* ---- what killed sessions left ------------------------------------------- */

static int
sweep_one(struct webroot *w, const char *name, const char *thumbprint,
    struct error *err)
{
	struct error ignored;
	struct stat st;
	struct buf b;
	int there = 0, rc = 0;
	const char *found;

	if (!acme_token_ok(name) || fstatat(w->responses, name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_nlink != 1 || st.st_size > RESPONSE_MAX ||
	    st.st_mtime > clock_now() - LIMIT_RESPONSE_AGE ||
	    find(w, name) != NULL)
		return 0;
	error_clear(&ignored);
	buf_init(&b, RESPONSE_MAX + 1);
	if (io_read_file(w->responses, name, RESPONSE_MAX, IO_NOFOLLOW |
	    IO_MISSING_OK, &b, &there, &ignored) == 0 && there) {
		found = webroot_thumbprint(name, buf_str(&b));
		if (found != NULL && strcmp(found, thumbprint) == 0) {
			log_verbose("'%s': an old response '%s' is removed",
			    vis(w->dir), name);
			rc = atomic_unlink(w->responses, name, err);
		}
	}
	buf_free(&b);
	return rc;
}

int
webroot_sweep(struct webroot *w, const char *thumbprint, struct error *err)
{
	struct dirent *e = NULL;
	int copy, rc = 0;
	DIR *dir;

	if (open_responses(w, err) == -1)
		return -1;
	/* with a position of its own */
	copy = openat(w->responses, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy == -1 || (dir = fdopendir(copy)) == NULL) {
		error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    vis(w->dir));
		if (copy != -1)
			(void)close(copy);
		return -1;
	}
	for (int i = 0; i < LIMIT_RESPONSE_FILES && rc == 0 &&
	    (rc = io_next(dir, w->dir, &e, err)) == 0 && e != NULL; i++)
		rc = sweep_one(w, e->d_name, thumbprint, err);
	(void)closedir(dir);
	return rc;
}
