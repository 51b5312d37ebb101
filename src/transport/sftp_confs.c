/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "store/lineage.h"
#include "store/server.h"
#include "transport/sftp_tree.h"

static const struct atomic_attr private_file = { 0600, (uid_t)-1,
	(gid_t)-1 };

/* The part of a path from "live/" on that can be a path of ours: two names
 * below it; NULL: another kind of path. */
static const char *
live_part(const char *cert)
{
	const char *p = NULL, *name;
	size_t len;

	for (const char *q = cert; (q = strstr(q, "/live/")) != NULL; q++)
		p = q + 1;
	if (p == NULL)
		return NULL;
	name = p + strlen("live/");
	len = strcspn(name, "/");
	if (len == 0 || name[0] == '.' || name[len] != '/' ||
	    name[len + 1] == '.' || name[len + 1] == '\0' ||
	    strchr(name + len + 1, '/') != NULL)
		return NULL;
	return p;
}

/* Is it of a server whose accounts are asked for? */
static bool
asked(const struct sftp_tree *t, const char *text, size_t len)
{
	struct error ignored;
	char *server = NULL;
	bool yes = false;

	error_clear(&ignored);
	if (conf_get(text, len, "renewalparams", "server", &server,
	    &ignored) == -1 || server == NULL)
		return false;
	for (size_t i = 0; !yes && i < t->servers->n; i++)
		yes = server_same(server, t->servers->v[i]);
	/* v01's is v02's, as the store reads it */
	yes = yes || strstr(server, "acme-v01") != NULL;
	free(server);
	return yes;
}

/* renewal/NAME.conf of the copy, of the far one: with a `cert` in the copy.
 * Where that cannot be made sure of there is none. */
static int
localise(struct sftp_tree *t, const char *name, const struct buf *far,
    const char *cert, struct error *err)
{
	char *path = NULL, *to = NULL, *now = NULL;
	struct error ignored;
	struct buf near;
	int rc = -1;

	buf_init(&near, LIMIT_CONF_FILE + LIMIT_URL);
	error_clear(&ignored);
	if (str_printf(&path, err, "%s/renewal/%s", t->copy, name) == -1 ||
	    str_printf(&to, err, "%s/%s", t->copy, cert) == -1)
		goto out;
	rc = 0;
	if (conf_set(buf_str(far), far->len, "", "cert", to, &near,
	    &ignored) == -1 || conf_get(buf_str(&near), near.len, "", "cert",
	    &now, &ignored) == -1 || now == NULL || strcmp(now, to) != 0)
		log_verbose("'%s': 'renewal/%s' is passed over: its 'cert' "
		    "cannot be read", vis(sftp_where(t->s)), vis(name));
	else
		rc = atomic_write(AT_FDCWD, path, near.data, near.len,
		    &private_file, ATOMIC_REPLACE, err);
out:
	buf_free(&near);
	free(path);
	free(to);
	free(now);
	return rc;
}

/* One conf that was got; its certificate is put on the list. */
static int
take_conf(struct sftp_tree *t, const char *name, struct strs *certs,
    struct error *err)
{
	char *path = NULL, *cert = NULL, *dir = NULL;
	const char *part = NULL;
	struct error why;
	struct buf far;
	int found = 0, rc = -1;

	error_clear(&why);
	buf_init(&far, LIMIT_CONF_FILE + 1);
	if (str_printf(&path, err, "%s/orig/%s", t->copy, name) == -1)
		goto out;
	if (io_read_file(AT_FDCWD, path, LIMIT_CONF_FILE, IO_NOFOLLOW |
	    IO_MISSING_OK, &far, &found, &why) == -1 || !found) {
		log_verbose("'%s': 'renewal/%s' is passed over: %s",
		    vis(sftp_where(t->s)), vis(name), found ? why.msg :
		    "it cannot be got");
		rc = why.sys == ENOMEM ? error_nomem(err) : 0;
		goto out;
	}
	if (asked(t, buf_str(&far), far.len) && conf_get(buf_str(&far),
	    far.len, "", "cert", &cert, &why) == 0 && cert != NULL)
		part = live_part(cert);
	if (part != NULL && (str_printf(&dir, err, "%.*s",
	    (int)(strrchr(part, '/') - part), part) == -1 ||
	    sftp_copy_dir(t->copy, dir, err) == -1 ||
	    strs_add(certs, part, err) == -1))
		goto out;
	rc = localise(t, name, &far, part != NULL ? part : "none", err);
out:
	buf_free(&far);
	free(path);
	free(cert);
	free(dir);
	return rc;
}

int
sftp_confs_copy(struct sftp_tree *t, const char *listed, struct error *err)
{
	struct strs names = { 0 }, from = { 0 }, to = { 0 }, certs = { 0 };
	struct sftp_listing l = { 0 };
	const struct sftp_entry *e;
	struct buf said;
	int rc = -1;

	buf_init(&said, LIMIT_SFTP_SAID);
	if (sftp_list_parse(listed, "renewal/", LIMIT_SFTP_ENTRIES, &l, err) ==
	    -1 || sftp_copy_dir(t->copy, "renewal", err) == -1 ||
	    sftp_copy_dir(t->copy, "orig", err) == -1)
		goto out;
	for (size_t i = 0; i < l.n; i++) {
		e = &l.v[i];
		if (!str_ends(e->name, ".conf") || e->name[0] == '.' ||
		    (e->type != '-' && e->type != 'l') ||
		    (e->type == '-' && e->size > LIMIT_CONF_FILE))
			continue;
		if (strs_add(&names, e->name, err) == -1 ||
		    strs_addf(&from, err, "renewal/%s", e->name) == -1 ||
		    strs_addf(&to, err, "%s/%s", t->verbatim ? "renewal" :
		    "orig", e->name) == -1)
			goto out;
	}
	if (sftp_get_all(t->s, t->copy, &from, &to, &said, &t->bytes, err) ==
	    -1)
		goto out;
	for (size_t i = 0; i < names.n && !t->verbatim; i++)
		if (take_conf(t, names.v[i], &certs, err) == -1)
			goto out;
	rc = sftp_get_all(t->s, t->copy, &certs, &certs, &said, &t->bytes,
	    err);
out:
	sftp_listing_free(&l);
	strs_free(&names);
	strs_free(&from);
	strs_free(&to);
	strs_free(&certs);
	buf_free(&said);
	return rc;
}
