/* SPDX-License-Identifier: ISC */
#include "store/lineage_install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/journal.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/lineage_priv.h"

enum {
	KEY_MODE = 0600,
	/* what certbot keeps of a predecessor's mode */
	KEY_KEEPS = 0074
};

struct install {
	struct store *s;
	const struct lineage *old;	/* NULL: a new lineage */
	const struct lineage_files *f;
	struct lineage_place place;
	struct buf fullchain;
	char *staged_archive;	/* directory; of a continued one the prefix of
				 * the files */
	char *staged_live;
	struct journal *j;
};

/* ---- texts -------------------------------------------------------------- */

static int
write_readme(struct store *s, int dirfd, bool base, bool put,
    struct error *err)
{
	struct atomic_attr attr = place_attr(s, 0644);
	const char *p = base ? "NAME/" : "";
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_CONF_FILE);
	buf_addf(&b, "Certificates and private keys, kept by certbot and "
	    "acmeferry.\n\n"
	    "%sprivkey.pem    the private key\n"
	    "%sfullchain.pem  the certificate and its issuers': what most "
	    "servers want\n"
	    "%schain.pem      the issuers' alone\n"
	    "%scert.pem       the certificate alone; few programs want it "
	    "so\n\n"
	    "These names are links that change at each renewal.  Name them in "
	    "the\nconfiguration of servers; do not move, rename or replace "
	    "them.\n", p, p, p, p);
	rc = buf_check(&b, "README", err);
	if (rc == 0)
		rc = put ? atomic_put(dirfd, "README", b.data, b.len, &attr,
		    err) : atomic_write(dirfd, "README", b.data, b.len, &attr,
		    ATOMIC_CREATE, err);
	buf_free(&b);
	/* one that is there stays */
	return rc == -1 && !put && err->sys == EEXIST ? 0 : rc;
}

/* ---- the four files ----------------------------------------------------- */

struct content {
	const void *data;
	size_t len;
};

static struct content
content_of(const struct install *in, size_t kind)
{
	const struct content all[LINEAGE_KINDS] = {
		{ in->f->cert->data, in->f->cert->len },
		{ in->f->privkey->data, in->f->privkey->len },
		{ in->f->chain->data, in->f->chain->len },
		{ in->fullchain.data, in->fullchain.len },
	};

	return all[kind];
}

static bool
is_key(size_t kind)
{
	return strcmp(lineage_kinds[kind], "privkey") == 0;
}

/* certbot: base mode and what the predecessor gives to its group and others;
 * the predecessor's group where we may give it. */
static struct atomic_attr
key_attr(const struct install *in)
{
	struct atomic_attr attr = place_attr(in->s, KEY_MODE);
	struct stat st;

	if (in->old == NULL || stat(in->old->privkey, &st) == -1)
		return attr;
	attr.mode |= st.st_mode & KEY_KEEPS;
	if (geteuid() == 0 || group_member(st.st_gid) != 0)
		attr.gid = st.st_gid;
	return attr;
}

static int
stage_file(const struct install *in, int dirfd, const char *name,
    size_t kind, struct error *err)
{
	struct atomic_attr attr = is_key(kind) ? key_attr(in) :
	    place_attr(in->s, 0644);
	struct content c = content_of(in, kind);

	return atomic_write(dirfd, name, c.data, c.len, &attr,
	    ATOMIC_REPLACE, err);
}

/* ---- the next version of a lineage -------------------------------------- */

static int
stage_version(struct install *in, int dirfd, struct error *err)
{
	char *from = NULL, *to = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < LINEAGE_KINDS; i++) {
		rc = str_printf(&from, err, "%s/" STAGED_PREFIX "%s.pem",
		    in->place.archive, lineage_kinds[i]);
		if (rc == 0)
			rc = str_printf(&to, err, "%s/%s%u.pem",
			    in->place.archive, lineage_kinds[i],
			    in->place.next);
		if (rc == 0)
			rc = stage_file(in, dirfd, strrchr(from, '/') + 1, i,
			    err);
		if (rc == 0)
			rc = journal_rename(in->j, from, to, err);
		free(from);
		free(to);
		from = to = NULL;
	}
	return rc;
}

/* What certbot leaves when it is killed while it changes links: it would take
 * them for a change that has to be undone. */
static const char *const previous[LINEAGE_KINDS] = { "previous_cert.pem",
	"previous_privkey.pem", "previous_chain.pem",
	"previous_fullchain.pem" };

static int
journal_links(struct install *in, struct error *err)
{
	struct atomic_link links[2 * LINEAGE_KINDS];
	char *names[LINEAGE_KINDS] = { NULL }, *to[LINEAGE_KINDS] = { NULL };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < LINEAGE_KINDS; i++) {
		rc = str_printf(&names[i], err, "%s.pem", lineage_kinds[i]);
		if (rc == 0)
			rc = str_printf(&to[i], err, "%s%s%u.pem",
			    in->place.prefix, lineage_kinds[i],
			    in->place.next);
		links[i] = (struct atomic_link){ names[i], to[i] };
		links[LINEAGE_KINDS + i] = (struct atomic_link){ previous[i],
		    NULL };
	}
	if (rc == 0)
		rc = journal_relink(in->j, in->place.live, links,
		    2 * LINEAGE_KINDS, err);
	for (size_t i = 0; i < LINEAGE_KINDS; i++) {
		free(names[i]);
		free(to[i]);
	}
	return rc;
}

static int
continue_lineage(struct install *in, struct error *err)
{
	int fd = -1, rc = -1;

	if (atomic_open_dir(AT_FDCWD, in->place.archive, false, &fd, err) ==
	    -1)
		return -1;
	if (atomic_sweep(fd, err) == 0 && stage_version(in, fd, err) == 0)
		rc = journal_links(in, err);
	(void)close(fd);
	return rc;
}

/* ---- a new lineage ------------------------------------------------------ */

/* An empty directory is in nobody's way; anything else is somebody's. */
static int
look_at_way(const char *path, const char *name, bool *there,
    struct error *err)
{
	struct dirent *e = NULL;
	struct stat st;
	size_t n = 0;
	int rc = 0;
	DIR *d;

	*there = lstat(path, &st) == 0;
	if (!*there && errno == ENOENT)
		return 0;
	if ((d = opendir(path)) != NULL) {
		while ((rc = io_next(d, path, &e, err)) == 0 && e != NULL)
			n++;
		(void)closedir(d);
	}
	if (rc == -1)
		return -1;
	if (d == NULL || n > 2)
		return error_set(err, CODE_STORE, "'%s': is there, but no "
		    "renewal/%s.conf; move it away, or choose another "
		    "--cert-name", vis(path), vis(name));
	return 0;
}

static int
clear_way(struct install *in, const char *path, struct error *err)
{
	bool there;

	if (look_at_way(path, in->f->name, &there, err) == -1)
		return -1;
	return there ? journal_remove(in->j, path, err) : 0;
}

/* A directory of that name, empty, open; its mode is certbot's, whose archive/
 * and live/ alone are shut to others. */
static int
stage_dir(struct install *in, const char *path, int *fd, struct error *err)
{
	struct atomic_attr attr = place_attr(in->s, 0755);

	if (atomic_remove_tree(AT_FDCWD, path, err) == -1 ||
	    atomic_mkdirs(path, &attr, err) == -1)
		return -1;
	return atomic_open_dir(AT_FDCWD, path, true, fd, err);
}

static int
stage_archive(struct install *in, struct error *err)
{
	char name[32];
	int fd, rc = 0;

	if (stage_dir(in, in->staged_archive, &fd, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < LINEAGE_KINDS; i++) {
		(void)snprintf(name, sizeof(name), "%s1.pem",
		    lineage_kinds[i]);
		rc = stage_file(in, fd, name, i, err);
	}
	(void)close(fd);
	return rc;
}

static int
stage_live(struct install *in, struct error *err)
{
	char name[32];
	char *to = NULL;
	int fd, rc = 0;

	if (stage_dir(in, in->staged_live, &fd, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < LINEAGE_KINDS; i++) {
		(void)snprintf(name, sizeof(name), "%s.pem",
		    lineage_kinds[i]);
		rc = str_printf(&to, err, "%s%s1.pem", in->place.prefix,
		    lineage_kinds[i]);
		if (rc == 0)
			rc = atomic_symlink(to, fd, name, err);
		free(to);
		to = NULL;
	}
	if (rc == 0)
		rc = write_readme(in->s, fd, false, true, err);
	(void)close(fd);
	return rc;
}

static int
make_tops(struct store *s, struct error *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} tops[] = { { "renewal", 0755 }, { "archive", 0700 },
		{ "live", 0700 } };
	struct atomic_attr attr;
	char *path = NULL;
	int fd = -1, rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(tops) / sizeof(*tops); i++) {
		free(path);
		path = NULL;
		attr = place_attr(s, tops[i].mode);
		rc = str_printf(&path, err, "%s/%s", s->config_dir,
		    tops[i].name);
		if (rc == 0)
			rc = atomic_mkdirs(path, &attr, err);
	}
	if (rc == 0)
		rc = atomic_open_dir(AT_FDCWD, path, false, &fd, err);
	if (rc == 0)
		rc = write_readme(s, fd, true, false, err);
	if (fd != -1)
		(void)close(fd);
	free(path);
	return rc;
}

static int
new_lineage(struct install *in, struct error *err)
{
	if (make_tops(in->s, err) == -1 ||
	    clear_way(in, in->place.archive, err) == -1 ||
	    clear_way(in, in->place.live, err) == -1 ||
	    stage_archive(in, err) == -1 || stage_live(in, err) == -1)
		return -1;
	/* live/ last: its links lead somewhere from the first moment */
	if (journal_rename(in->j, in->staged_archive, in->place.archive,
	    err) == -1)
		return -1;
	return journal_rename(in->j, in->staged_live, in->place.live, err);
}

/* ---- the whole ---------------------------------------------------------- */

static int
staged_paths(const struct store *s, const char *name, char **archive,
    char **live, struct error *err)
{
	if (str_printf(archive, err, "%s/archive/" STAGED_PREFIX "%s",
	    s->config_dir, name) == -1)
		return -1;
	return str_printf(live, err, "%s/live/" STAGED_PREFIX "%s",
	    s->config_dir, name);
}

static int
begin(struct install *in, struct error *err)
{
	const struct lineage_files *f = in->f;

	if (!in->s->locked)
		return error_set(err, CODE_ERROR, "'%s': not a locked store",
		    vis(in->s->config_dir));
	buf_add(&in->fullchain, f->cert->data, f->cert->len);
	buf_add(&in->fullchain, f->chain->data, f->chain->len);
	if (buf_check(&in->fullchain, "fullchain.pem", err) == -1 ||
	    staged_paths(in->s, f->name, &in->staged_archive,
	    &in->staged_live, err) == -1 ||
	    journal_new(in->s->state_dir, &in->j, err) == -1)
		return -1;
	return in->old == NULL ? lineage_place_new(in->s, f->name,
	    &in->place, err) : lineage_place(in->s, in->old, &in->place, err);
}

static int
journal_rest(struct install *in, struct error *err)
{
	const struct lineage_files *f = in->f;
	char *conf = NULL;
	int rc;

	if (in->old != NULL)
		rc = journal_write(in->j, in->old->conf, f->conf, err);
	else if ((rc = str_printf(&conf, err, "%s/renewal/%s.conf",
	    in->s->config_dir, f->name)) == 0)
		rc = journal_write(in->j, conf, f->conf, err);
	free(conf);
	if (rc == 0 && f->mark != NULL)
		rc = journal_write(in->j, f->mark, f->mark_text, err);
	if (rc == 0 && f->done != NULL)
		rc = journal_remove(in->j, f->done, err);
	return rc;
}

int
store_lineage_install(struct store *s, const struct lineage *old,
    const struct lineage_files *f, struct error *err)
{
	struct install in = { .s = s, .old = old, .f = f };
	int rc = -1;

	buf_init(&in.fullchain, 2 * LIMIT_PEM_FILE);
	if (begin(&in, err) == -1)
		goto out;
	if ((old == NULL ? new_lineage(&in, err) :
	    continue_lineage(&in, err)) == -1)
		goto out;
	if (journal_rest(&in, err) == 0)
		rc = journal_commit(in.j, err);
out:
	journal_free(in.j);
	lineage_place_free(&in.place);
	buf_free(&in.fullchain);
	free(in.staged_archive);
	free(in.staged_live);
	return rc;
}

int
store_lineage_check(struct store *s, const struct lineage *old,
    const char *name, struct error *err)
{
	struct lineage_place p;
	bool there;
	int rc;

	if (old != NULL)
		rc = lineage_place(s, old, &p, err);
	else
		rc = lineage_place_new(s, name, &p, err);
	if (rc == -1)
		return -1;
	if (old == NULL && (look_at_way(p.archive, name, &there, err) == -1 ||
	    look_at_way(p.live, name, &there, err) == -1))
		rc = -1;
	lineage_place_free(&p);
	return rc;
}

int
store_lineage_unstage(struct store *s, const char *name, struct error *err)
{
	char *archive = NULL, *live = NULL, *file = NULL;
	int rc = staged_paths(s, name, &archive, &live, err);

	if (rc == 0)
		rc = atomic_remove_tree(AT_FDCWD, archive, err);
	if (rc == 0)
		rc = atomic_remove_tree(AT_FDCWD, live, err);
	for (size_t i = 0; rc == 0 && i < LINEAGE_KINDS; i++) {
		free(file);
		file = NULL;
		rc = str_printf(&file, err, "%s/archive/%s/" STAGED_PREFIX
		    "%s.pem", s->config_dir, name, lineage_kinds[i]);
		if (rc == 0)
			rc = atomic_unlink(AT_FDCWD, file, err);
	}
	free(archive);
	free(live);
	free(file);
	return rc;
}
