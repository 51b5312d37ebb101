/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/atomic.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/account.h"
#include "transport/sftp_put.h"

static int
changed(const struct sftp_put *p, const char *path, struct error *err)
{
	return error_set(err, CODE_RETRY, "'%s': '%s/%s' changed meanwhile; "
	    "nothing was changed there, run it again", vis(sftp_where(p->t->s)),
	    vis(sftp_below(p->t->top)), vis(path));
}

/* ---- what is there, once more -------------------------------------------- */

/* A file as it was when it was copied? */
static int
compare(struct sftp_put *p, const char *path, const char *local,
    const char *digest, struct error *err)
{
	char hex[DIGEST_SHA256_HEX] = "";
	struct error why;
	char *full;
	struct buf b;
	int rc = -1;

	buf_init_sensitive(&b, LIMIT_CONF_FILE + 1);
	error_clear(&why);
	if (str_printf(&full, err, "%s/%s", p->t->copy, local) == -1)
		return -1;
	if (io_read_file(AT_FDCWD, full, LIMIT_CONF_FILE, IO_NOFOLLOW, &b,
	    NULL, &why) == 0 && digest_sha256_hex(buf_str(&b), b.len, hex,
	    err) == -1)
		goto out;
	rc = strcmp(hex, digest) == 0 ? 0 : changed(p, path, err);
out:
	buf_free(&b);
	free(full);
	return rc;
}

static bool
below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' ||
	    path[n] == '\0');
}

/* Does the step replace or remove it? */
static bool
concerns(const struct sftp_steps *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		switch (l->v[i].kind) {
		case STEP_EXCHANGE:
		case STEP_DROP:
			if (below(path, l->v[i].path))
				return true;
			break;
		case STEP_FILE:
		case STEP_CONF:
			if (strcmp(path, l->v[i].path) == 0)
				return true;
			break;
		default:
			break;
		}
	return false;
}

/* Of a directory that goes, everything is in the backups. */
static int
only_known(struct sftp_put *p, const char *dir,
    const struct sftp_state *before, struct error *err)
{
	struct sftp_listing l = { 0 };
	char *prefix = NULL, *path;
	struct buf text;
	int rc = -1;

	buf_init(&text, LIMIT_SFTP_OUTPUT);
	if (str_printf(&prefix, err, "%s/", dir) == -1 ||
	    sftp_do(p->t->s, "ls -na", dir, NULL, &text, NULL, err) == -1 ||
	    sftp_list_parse(buf_str(&text), prefix, LIMIT_SFTP_ENTRIES, &l,
	    err) == -1)
		goto out;
	rc = 0;
	for (size_t i = 0; rc == 0 && i < l.n; i++) {
		if ((rc = str_printf(&path, err, "%s%s", prefix,
		    l.v[i].name)) == -1)
			break;
		if (sftp_state_find(before, path) == NULL &&
		    !str_starts(l.v[i].name, ATOMIC_PREFIX))
			rc = error_set(err, CODE_STORE, "'%s': '%s/%s' is in "
			    "the way: of what is to be replaced there is no "
			    "backup of it; move it elsewhere",
			    vis(sftp_where(p->t->s)), vis(p->t->top),
			    vis(path));
		free(path);
	}
out:
	sftp_listing_free(&l);
	buf_free(&text);
	free(prefix);
	return rc;
}

int
sftp_put_check(struct sftp_put *p, const struct sftp_steps *steps,
    const struct sftp_state *before, struct error *err)
{
	struct strs from = { 0 }, to = { 0 };
	const struct sftp_item *item;
	struct buf said;
	int64_t sum = 0;
	size_t n = 0;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	for (size_t i = 0; i < steps->n; i++)
		if ((steps->v[i].kind == STEP_EXCHANGE ||
		    steps->v[i].kind == STEP_DROP) &&
		    only_known(p, steps->v[i].path, before, err) == -1)
			goto out;
	for (size_t i = 0; i < before->n; i++)
		if (before->v[i].type == '-' &&
		    concerns(steps, before->v[i].path) &&
		    (strs_add(&from, before->v[i].path, err) == -1 ||
		    strs_addf(&to, err, "again/%zu", from.n) == -1))
			goto out;
	if (sftp_copy_dir(p->t->copy, "again", err) == -1 ||
	    sftp_get_all(p->t->s, p->t->copy, &from, &to, &said, &sum, err) ==
	    -1)
		goto out;
	rc = 0;
	for (; rc == 0 && n < from.n; n++) {
		item = sftp_state_find(before, from.v[n]);
		rc = compare(p, from.v[n], to.v[n], item->what, err);
	}
out:
	strs_free(&from);
	strs_free(&to);
	buf_free(&said);
	return rc;
}

/* ---- the steps ----------------------------------------------------------- */

/* The copy's link, with a target at the far end. */
static int
put_link(struct sftp_put *p, const char *path, const char *target,
    struct error *err)
{
	size_t n = strlen(p->t->copy);
	char *far;
	int rc;

	if (strncmp(target, p->t->copy, n) != 0 || target[n] != '/')
		return error_set(err, CODE_ERROR, "'%s': a link out of the "
		    "copy", vis(path));
	if (str_printf(&far, err, "%s%s", sftp_below(p->t->top),
	    target + n) == -1)
		return -1;
	rc = sftp_put_link(p, far, path, err);
	free(far);
	return rc;
}

/* The mode that it had there, which the copy has kept. */
static int
put_conf(struct sftp_put *p, const char *path, struct error *err)
{
	struct stat st;
	char *full;
	int rc;

	if (str_printf(&full, err, "%s/%s", p->t->copy, path) == -1)
		return -1;
	rc = stat(full, &st) == -1 ? error_sys(err, CODE_ERROR, "'%s': cannot "
	    "be examined", vis(full)) :
	    sftp_put_file(p, path, path, st.st_mode & 0777, err);
	free(full);
	return rc;
}

static int
drop(struct sftp_put *p, const char *path, const struct sftp_state *before,
    struct error *err)
{
	size_t n = strlen(path);

	/* an empty folder by now, or an account's directory */
	for (size_t i = 0; i < before->n; i++)
		if (before->v[i].type == '-' &&
		    below(before->v[i].path, path) &&
		    strchr(before->v[i].path + n + 1, '/') == NULL)
			return sftp_put_drop(p, path, err);
	return sftp_put_do(p, "rmdir", path, err);
}

int
sftp_put_step(struct sftp_put *p, const struct sftp_step *step,
    const struct sftp_state *before, const struct sftp_state *after,
    struct error *err)
{
	const struct sftp_item *item = sftp_state_find(after, step->path);

	switch (step->kind) {
	case STEP_UNLINK:
	case STEP_DROP_LINK:
		return sftp_put_do(p, "rm", step->path, err);
	case STEP_MKDIR:
		return sftp_put_dir(p, step->path, err);
	case STEP_ACCOUNT:
		return sftp_put_account(p, step->path, err);
	case STEP_EXCHANGE:
		return sftp_put_exchange(p, step->path, err);
	case STEP_FILE:
		return sftp_put_file(p, step->path, step->path, 0644, err);
	case STEP_LINK:
		return put_link(p, step->path, item->what, err);
	case STEP_CONF:
		return put_conf(p, step->path, err);
	case STEP_DROP:
		return drop(p, step->path, before, err);
	case STEP_KINDS:
		break;
	}
	return error_set(err, CODE_ERROR, "'%s': a step that is none",
	    vis(step->path));
}
