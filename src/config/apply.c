/* SPDX-License-Identifier: ISC */
#include "config/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "config/entry.h"
#include "config/suggest.h"

enum {
	PATH_TEXT = 768		/* "certificates.NAME.deploy_hook" */
};

/* Where a map's keys go. */
struct target {
	enum scope scope;
	const char *section;	/* "certbot", ... or NULL */
	void *obj;
	const struct node **set;
	const char *prefix;	/* "acme.", "peers.NAME.", "" */
};

static bool
same_section(const struct schema_key *k, const struct target *t)
{
	if (k->section == NULL || t->section == NULL)
		return k->section == t->section;
	return strcmp(k->section, t->section) == 0;
}

static int
bad_key(struct apply *a, const struct node *key, const char *prefix,
    struct error *err)
{
	char text[640];

	return problem_add(a->problems, &key->at, CODE_USAGE, err, "%s: found "
	    "%s as a key, want a name", *prefix != '\0' ? prefix : "top level",
	    node_text(key, text, sizeof(text)));
}

static int
compare_keys(const void *x, const void *y)
{
	const struct node *a = *(const struct node *const *)x;
	const struct node *b = *(const struct node *const *)y;
	int rc = strcmp(a->text, b->text);

	if (rc != 0)
		return rc;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return a->at.column < b->at.column ? -1 : 1;
}

/* Keys of one map that are there twice; the map may be large. */
static int
check_duplicates(struct apply *a, const struct node *map, const char *prefix,
    struct error *err)
{
	const struct node **keys;
	size_t n = 0;
	int rc = 0;

	if ((keys = calloc(map->n / 2 + 1, sizeof(struct node *))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < map->n; i += 2)
		if (map->items[i]->type == NODE_SCALAR && !map->items[i]->bad)
			keys[n++] = map->items[i];
	qsort(keys, n, sizeof(struct node *), compare_keys);
	for (size_t i = 1; i < n && rc == 0; i++) {
		if (strcmp(keys[i - 1]->text, keys[i]->text) != 0)
			continue;
		rc = problem_add(a->problems, &keys[i]->at, CODE_USAGE, err,
		    "%s%s: is there twice, before that in line %zu", prefix,
		    vis(keys[i]->text), keys[i - 1]->at.line);
	}
	free(keys);
	return rc;
}

static int
unknown_key(struct apply *a, const struct target *t, const struct node *key,
    struct error *err)
{
	const struct schema_key *k;
	const char *elsewhere = NULL;
	struct suggest s;

	suggest_begin(&s, key->text);
	for (size_t i = 0; i < schema_size; i++) {
		k = &schema[i];
		if (k->scope == t->scope && same_section(k, t))
			suggest_offer(&s, k->name);
		else if (k->scope == SCOPE_TOP && t->scope == SCOPE_TOP &&
		    strcmp(k->name, key->text) == 0)
			elsewhere = k->section != NULL ? k->section : "";
	}
	if (t->scope == SCOPE_TOP && t->section == NULL) {
		suggest_offer(&s, "certbot");
		suggest_offer(&s, "acme");
		suggest_offer(&s, "peers");
		suggest_offer(&s, "certificates");
	}
	if (elsewhere != NULL)
		return problem_add(a->problems, &key->at, CODE_USAGE, err,
		    "%s%s: unknown key, it belongs %s%s%s", t->prefix,
		    vis(key->text), *elsewhere != '\0' ? "into '" : "",
		    *elsewhere != '\0' ? elsewhere : "to the top level",
		    *elsewhere != '\0' ? "'" : "");
	if (s.best != NULL)
		return problem_add(a->problems, &key->at, CODE_USAGE, err,
		    "%s%s: unknown key, did you mean '%s'", t->prefix,
		    vis(key->text), s.best);
	return problem_add(a->problems, &key->at, CODE_USAGE, err,
	    "%s%s: unknown key", t->prefix, vis(key->text));
}

/* What YAML makes of the value is not what the key takes. */
static int
wrong_type(struct apply *a, const char *name, const struct node *v,
    const char *want, struct error *err)
{
	bool quote = v->type == NODE_SCALAR && strcmp(want, "a text") == 0 &&
	    scalar_kind(v->text) != SCALAR_NULL;
	char text[640];

	return problem_add(a->problems, &v->at, CODE_USAGE, err, "%s: found "
	    "%s, want %s%s", name, node_text(v, text, sizeof(text)), want,
	    quote ? ", so put it in quotes" : "");
}

/* The check's own words, unless memory ran out. */
static int
bad_value(struct apply *a, const char *name, const struct node *v,
    struct error *err)
{
	char msg[ERROR_MSG_MAX];

	if (err->code != CODE_USAGE)
		return -1;
	memcpy(msg, err->msg, sizeof(msg));
	return problem_add(a->problems, &v->at, CODE_USAGE, err, "%s: %s",
	    name, msg);
}

static bool
is_text(const struct node *v)
{
	return v->type == NODE_SCALAR &&
	    (!v->plain || scalar_kind(v->text) == SCALAR_TEXT);
}

static int
set_list(struct apply *a, const struct schema_key *k, void *obj,
    const char *name, const struct node *v, struct error *err)
{
	const struct node *item;
	int rc = 0;

	if (v->type != NODE_LIST)
		return wrong_type(a, name, v, "a list such as [one, two]",
		    err);
	if (v->n == 0 && (k->flags & SCHEMA_REQUIRED) != 0)
		return problem_add(a->problems, &v->at, CODE_USAGE, err,
		    "%s: found an empty list, want at least one", name);
	for (size_t i = 0; i < v->n && rc == 0; i++) {
		item = v->items[i];
		if (item->bad)
			continue;
		if (!is_text(item))
			rc = wrong_type(a, name, item, "a text", err);
		else if (schema_add(k, obj, item->text, err) == -1)
			rc = bad_value(a, name, item, err);
	}
	return rc;
}

static int
set_value(struct apply *a, const struct schema_key *k, void *obj,
    const char *name, const struct node *v, struct error *err)
{
	const char *want = "a text";
	bool ok = is_text(v);

	if (k->type == VALUE_LIST)
		return set_list(a, k, obj, name, v, err);
	if (k->type == VALUE_DURATION) {
		want = "a duration such as 90s, 15m, 24h or 30d";
		ok = ok || (v->type == NODE_SCALAR &&
		    scalar_kind(v->text) == SCALAR_NUMBER);
	} else if (k->type == VALUE_COUNT) {
		want = "a number";
		ok = v->type == NODE_SCALAR && v->plain &&
		    scalar_kind(v->text) == SCALAR_NUMBER;
	} else if (k->type == VALUE_BOOL) {
		want = "true or false";
		ok = v->type == NODE_SCALAR && v->plain &&
		    (strcmp(v->text, "true") == 0 ||
		    strcmp(v->text, "false") == 0);
	} else if ((k->flags & SCHEMA_PLAIN) != 0)
		ok = v->type == NODE_SCALAR && (ok || scalar_kind(v->text) !=
		    SCALAR_NULL);
	if (!ok)
		return wrong_type(a, name, v, want, err);
	if (schema_set(k, obj, v->text, err) == -1)
		return bad_value(a, name, v, err);
	return 0;
}

/* Where it matters that a value was not just the default. */
static void
note_given(const struct target *t, const struct schema_key *k)
{
	struct config_cert *cert = t->obj;

	if (t->scope != SCOPE_CERT)
		return;
	if (strcmp(k->name, "key_type") == 0)
		cert->key_type_given = true;
	if (strcmp(k->name, "reuse_key") == 0)
		cert->reuse_key_given = true;
}

static int
apply_key(struct apply *a, const struct target *t, size_t index,
    const struct node *v, struct error *err)
{
	const struct schema_key *k = &schema[index];
	const struct node *old = t->set[index];
	char name[PATH_TEXT];

	(void)snprintf(name, sizeof(name), "%s%s", t->prefix, k->name);
	if (old == NULL) {
		t->set[index] = v;
		note_given(t, k);
		return v->bad ? 0 : set_value(a, k, t->obj, name, v, err);
	}
	/* twice in one file was said already */
	if (v->bad || old->bad || old->at.file == v->at.file ||
	    node_same(old, v))
		return 0;
	return problem_add(a->problems, &v->at, CODE_USAGE, err, "%s: found "
	    "another value than in '%s', line %zu, column %zu; want it once",
	    name, vis(a->files->v[old->at.file]), old->at.line,
	    old->at.column);
}

static bool
is_null(const struct node *v)
{
	return v->type == NODE_SCALAR && v->plain &&
	    scalar_kind(v->text) == SCALAR_NULL;
}

/* A map of keys: a section, a peer, a certificate. */
static int
apply_keys(struct apply *a, const struct target *t, const struct node *map,
    struct error *err)
{
	const struct schema_key *k;
	const struct node *key;
	size_t i, j;
	int rc;

	if (check_duplicates(a, map, t->prefix, err) == -1)
		return -1;
	for (i = 0; i < map->n; i += 2) {
		key = map->items[i];
		if (key->bad)
			continue;
		if (key->type != NODE_SCALAR) {
			if (bad_key(a, key, t->prefix, err) == -1)
				return -1;
			continue;
		}
		for (j = 0; j < schema_size; j++) {
			k = &schema[j];
			if (k->scope == t->scope && same_section(k, t) &&
			    strcmp(k->name, key->text) == 0)
				break;
		}
		rc = j == schema_size ? unknown_key(a, t, key, err) :
		    apply_key(a, t, j, map->items[i + 1], err);
		if (rc == -1)
			return -1;
	}
	return 0;
}

static int
apply_entry(struct apply *a, enum scope scope, const struct node *key,
    const struct node *v, struct error *err)
{
	char prefix[PATH_TEXT], *normal = NULL;
	struct target t = { scope, NULL, NULL, NULL, prefix };
	struct entry *entry = NULL;
	int rc;

	(void)snprintf(prefix, sizeof(prefix), "%s%s.", scope == SCOPE_PEER ?
	    "peers." : "certificates.", vis(key->text));
	rc = scope == SCOPE_PEER ? value_peer_name(key->text, &normal, err) :
	    value_lineage_name(key->text, &normal, err);
	if (rc == -1)
		return bad_value(a, scope == SCOPE_PEER ? "peers" :
		    "certificates", key, err);
	if (v->bad)
		return 0;
	if (v->type != NODE_MAP && !is_null(v)) {
		prefix[strlen(prefix) - 1] = '\0';
		return wrong_type(a, prefix, v, "a map of keys", err);
	}
	if (entry_find(a, scope, key, &entry, &t.obj, err) == -1)
		return -1;
	t.set = entry->set;
	return is_null(v) ? 0 : apply_keys(a, &t, v, err);
}

static int
apply_entries(struct apply *a, enum scope scope, const struct node *v,
    struct error *err)
{
	const char *name = scope == SCOPE_PEER ? "peers" : "certificates";
	const char *prefix = scope == SCOPE_PEER ? "peers." : "certificates.";
	const struct node *key;
	int rc = 0;

	if (v->bad || is_null(v))
		return 0;
	if (v->type != NODE_MAP)
		return wrong_type(a, name, v, "a map of names", err);
	if (check_duplicates(a, v, prefix, err) == -1)
		return -1;
	for (size_t i = 0; i < v->n && rc == 0; i += 2) {
		key = v->items[i];
		if (key->bad)
			continue;
		rc = key->type != NODE_SCALAR ? bad_key(a, key, name, err) :
		    apply_entry(a, scope, key, v->items[i + 1], err);
	}
	return rc;
}

static int
apply_section(struct apply *a, const char *section, const struct node *v,
    struct error *err)
{
	char prefix[32];
	struct target t = { SCOPE_TOP, section, a->config, a->set, prefix };

	if (v->bad || is_null(v))
		return 0;
	if (v->type != NODE_MAP)
		return wrong_type(a, section, v, "a map of keys", err);
	(void)snprintf(prefix, sizeof(prefix), "%s.", section);
	return apply_keys(a, &t, v, err);
}

/* The section a name of the top level is, as the schema spells it. */
static const char *
find_section(const char *name)
{
	for (size_t i = 0; i < schema_size; i++)
		if (schema[i].section != NULL &&
		    strcmp(schema[i].section, name) == 0)
			return schema[i].section;
	return NULL;
}

int
apply_tree(struct apply *a, const struct node *root, struct error *err)
{
	struct target t = { SCOPE_TOP, NULL, a->config, a->set, "" };
	const struct node *key, *v;
	struct node plain = { 0 };
	const char *section;
	int rc = 0;

	if (root == NULL || root->bad || is_null(root))
		return 0;
	if (root->type != NODE_MAP)
		return wrong_type(a, "top level", root, "a map of keys", err);
	if (check_duplicates(a, root, "", err) == -1)
		return -1;
	for (size_t i = 0; i < root->n && rc == 0; i += 2) {
		key = root->items[i];
		v = root->items[i + 1];
		if (key->bad || key->type != NODE_SCALAR)
			rc = key->bad ? 0 : bad_key(a, key, "", err);
		else if ((section = find_section(key->text)) != NULL)
			rc = apply_section(a, section, v, err);
		else if (strcmp(key->text, "peers") == 0)
			rc = apply_entries(a, SCOPE_PEER, v, err);
		else if (strcmp(key->text, "certificates") == 0)
			rc = apply_entries(a, SCOPE_CERT, v, err);
		else {
			struct node *pair[2] = { root->items[i],
				root->items[i + 1] };

			plain.type = NODE_MAP;
			plain.items = pair;
			plain.n = 2;
			rc = apply_keys(a, &t, &plain, err);
		}
	}
	return rc;
}
