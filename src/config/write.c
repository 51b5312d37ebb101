/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "config/emit.h"
#include "config/tree.h"

static const struct atomic_attr file_attr = { 0600, (uid_t)-1, (gid_t)-1 };
static const struct atomic_attr dir_attr = { 0755, (uid_t)-1, (gid_t)-1 };

static bool
same_values(enum scope scope, const void *a, const void *b)
{
	const struct schema_key *k;
	char x[32], y[32];

	for (size_t i = 0; i < schema_size; i++) {
		k = &schema[i];
		if (k->scope != scope)
			continue;
		if (k->type == VALUE_LIST ?
		    !strs_equal(schema_const_slot(k, a),
		    schema_const_slot(k, b)) :
		    strcmp(schema_text(k, a, x, sizeof(x)),
		    schema_text(k, b, y, sizeof(y))) != 0)
			return false;
	}
	return true;
}

/* "peers:" or "certificates:", the name, and what is not the default. */
static int
emit_entry(struct emit *e, enum scope scope, const char *name,
    const void *obj, struct error *err)
{
	const char *top = scope == SCOPE_PEER ? "peers" : "certificates";
	const struct schema_key *k;

	if (emit_map(e, err) == -1 || emit_text(e, top, err) == -1 ||
	    emit_map(e, err) == -1 || emit_text(e, name, err) == -1 ||
	    emit_map(e, err) == -1)
		return -1;
	for (size_t i = 0; i < schema_size; i++) {
		k = &schema[i];
		if (k->scope == scope && !schema_is_default(k, obj) &&
		    emit_key(e, k, obj, err) == -1)
			return -1;
	}
	if (emit_map_end(e, 3, err) == -1)
		return -1;
	return emit_finish(e, err);
}

static int
entry_yaml(enum scope scope, const char *name, const void *obj,
    struct buf *b, struct error *err)
{
	struct emit *e = NULL;
	int rc;

	buf_adds(b, "# written by acmeferry\n");
	rc = emit_begin(b, &e, err);
	if (rc == 0)
		rc = emit_entry(e, scope, name, obj, err);
	emit_free(e);
	return rc == 0 ? buf_check(b, name, err) : -1;
}

static int
conf_dir(const struct config *c, char **out, struct error *err)
{
	const char *slash = strrchr(c->path, '/');

	return str_printf(out, err, "%.*s/config.d",
	    slash != NULL ? (int)(slash - c->path) : 0, c->path);
}

static int
put_file(const char *dir, const char *name, const struct buf *b,
    struct error *err)
{
	int fd = -1, rc;

	if (atomic_mkdirs(dir, &dir_attr, err) == -1 ||
	    atomic_open_dir(AT_FDCWD, dir, false, &fd, err) == -1)
		return -1;
	rc = atomic_sweep(fd, err);
	if (rc == 0)
		rc = atomic_write(fd, name, b->data, b->len, &file_attr,
		    ATOMIC_REPLACE, err);
	(void)close(fd);
	return rc == -1 ? error_wrap(err, "'%s'", vis(dir)) : 0;
}

static int
write_entry(const struct config *c, enum scope scope, const char *file,
    const char *name, const void *obj, bool dry_run, struct error *err)
{
	char *dir = NULL;
	struct buf b;
	int rc;

	if (config_is_none(c->path))
		return error_set(err, CODE_USAGE, "'%s': is an empty "
		    "configuration for good, want a file beside which "
		    "config.d/%s can be written; name one with '-c'",
		    vis(c->path), vis(file));
	buf_init(&b, LIMIT_CONFIG_FILE);
	rc = entry_yaml(scope, name, obj, &b, err);
	if (rc == 0 && !dry_run) {
		rc = conf_dir(c, &dir, err);
		if (rc == 0)
			rc = put_file(dir, file, &b, err);
	}
	free(dir);
	buf_free(&b);
	return rc;
}

/* A name that no other peer has. */
static int
free_name(const struct config *c, const char *name, char **out,
    struct error *err)
{
	if (str_dup(out, name, err) == -1)
		return -1;
	for (int i = 2; config_peer(c, *out) != NULL; i++) {
		free(*out);
		if (str_printf(out, err, "%s-%d", name, i) == -1)
			return -1;
	}
	return 0;
}

static const struct config_peer *
find_same(const struct config *c, const struct config_peer *p)
{
	const struct config_peer *o;

	for (size_t i = 0; i < c->npeers; i++) {
		o = c->peers[i];
		if (strcmp(o->url, p->url) == 0 &&
		    strs_equal(&o->command, &p->command))
			return o;
	}
	return NULL;
}

int
config_write_peer(const struct config *c, const struct config_peer *p,
    bool dry_run, char **name, bool *changed, struct error *err)
{
	const struct config_peer *same = find_same(c, p);
	char *file = NULL, *own = NULL, *normal = NULL;
	int rc;

	*name = NULL;
	*changed = false;
	if (same != NULL)
		return str_dup(name, same->name, err);
	if (value_peer_name(p->name, &normal, err) == -1)
		return error_wrap(err, "'%s'", vis(p->name));
	rc = free_name(c, p->name, &own, err);
	if (rc == 0)
		rc = str_printf(&file, err, "peer-%s.yml", own);
	if (rc == 0)
		rc = write_entry(c, SCOPE_PEER, file, own, p, dry_run, err);
	free(file);
	if (rc == -1) {
		free(own);
		return -1;
	}
	*name = own;
	*changed = true;
	return 0;
}

static int
cert_file(const char *name, char **out, struct error *err)
{
	return str_starts(name, "*.") ?
	    str_printf(out, err, "cert-_wildcard.%s.yml", name + 2) :
	    str_printf(out, err, "cert-%s.yml", name);
}

/* Whether an entry of `path` stands in that very file of config.d. */
static bool
is_ours(const char *path, const char *file)
{
	const char *slash;

	if (path == NULL || (slash = strrchr(path, '/')) == NULL)
		return false;
	return strcmp(slash + 1, file) == 0 &&
	    slash - path >= 9 &&
	    strncmp(slash - 9, "/config.d", 9) == 0;
}

int
config_write_cert(const struct config *c, const struct config_cert *cert,
    bool dry_run, bool *changed, struct error *err)
{
	const struct config_cert *old = config_cert(c, cert->name);
	char *file = NULL, *normal = NULL;
	int rc;

	*changed = false;
	if (old != NULL && same_values(SCOPE_CERT, old, cert))
		return 0;
	if (value_lineage_name(cert->name, &normal, err) == -1)
		return error_wrap(err, "'%s'", vis(cert->name));
	if (cert_file(cert->name, &file, err) == -1)
		return -1;
	if (old != NULL && !is_ours(old->file, file))
		rc = error_set(err, CODE_USAGE, "'%s': certificate '%s' is "
		    "configured there with other values; change it there",
		    vis(old->file), vis(cert->name));
	else
		rc = write_entry(c, SCOPE_CERT, file, cert->name, cert,
		    dry_run, err);
	free(file);
	*changed = rc == 0;
	return rc;
}

/* One key in each of two maps: "certificates:", the name. */
static bool
says_only(const struct node *root, const char *top, const char *name)
{
	const struct node *entries;

	if (root == NULL || root->type != NODE_MAP || root->n != 2 ||
	    root->items[0]->type != NODE_SCALAR ||
	    strcmp(root->items[0]->text, top) != 0)
		return false;
	entries = root->items[1];
	return entries->type == NODE_MAP && entries->n == 2 &&
	    entries->items[0]->type == NODE_SCALAR &&
	    strcmp(entries->items[0]->text, name) == 0;
}

static int
own_file(const char *path, const char *file, const char *top,
    const char *name, bool *own, struct error *err)
{
	struct problems problems = { 0 };
	struct node *root = NULL;
	struct buf b;
	int found, rc = -1;

	*own = false;
	if (!is_ours(path, file))
		return 0;
	buf_init(&b, LIMIT_CONFIG_FILE);
	if (io_read_file(AT_FDCWD, path, LIMIT_CONFIG_FILE, IO_MISSING_OK, &b,
	    &found, err) == -1 || (found != 0 && tree_read(buf_str(&b), b.len,
	    0, &root, &problems, err) == -1))
		goto out;
	*own = problems.n == 0 && says_only(root, top, name);
	rc = 0;
out:
	node_free(root);
	problems_free(&problems);
	buf_free(&b);
	return rc;
}

int
config_cert_file(const struct config_cert *cert, bool *own,
    struct error *err)
{
	char *file = NULL;
	int rc;

	if (cert_file(cert->name, &file, err) == -1)
		return -1;
	rc = own_file(cert->file, file, "certificates", cert->name, own, err);
	free(file);
	return rc;
}

int
config_peer_file(const struct config_peer *p, bool *own, struct error *err)
{
	char *file = NULL;
	int rc;

	if (str_printf(&file, err, "peer-%s.yml", p->name) == -1)
		return -1;
	rc = own_file(p->file, file, "peers", p->name, own, err);
	free(file);
	return rc;
}
