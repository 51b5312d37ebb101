/* SPDX-License-Identifier: ISC */
#include "store/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vis.h"
#include "store/check_priv.h"
#include "store/list.h"

enum {
	MESSAGE = 1024
};

static void
finding_free(struct finding *f)
{
	free(f->path);
	free(f->message);
}

void
findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		finding_free(&f->v[i]);
	free(f->v);
	memset(f, 0, sizeof(*f));
}

static int
add_todo(struct checker *c, const struct found *f, struct error *err)
{
	struct todo *v;

	v = list_room(c->todo, c->ntodo, &c->captodo, sizeof(*v), err);
	if (v == NULL)
		return -1;
	c->todo = v;
	v += c->ntodo++;
	memset(v, 0, sizeof(*v));
	v->fix = f->fix;
	v->mode = f->mode;
	if (str_dup(&v->path, f->path, err) == -1)
		return -1;
	return str_dup(&v->text, f->text, err);
}

/* a is b, or a directory above it */
static bool
above(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == 0 || (strncmp(a, b, len) == 0 &&
	    (b[len] == '\0' || b[len] == '/'));
}

/* Is it about what was asked for? */
static bool
wanted(const struct checker *c, const char *path)
{
	size_t len = strlen(c->s->accounts);

	if (c->only == NULL || !above(c->s->accounts, path))
		return true;
	path += path[len] == '/' ? len + 1 : len;
	for (size_t i = 0; i < c->only->n; i++)
		if (above(path, c->only->v[i]) || above(c->only->v[i], path))
			return true;
	return false;
}

int
found(struct checker *c, const struct found *f, struct error *err,
    const char *fmt, ...)
{
	const struct finding_kind *kind = finding_kind(f->code);
	char message[MESSAGE];
	struct finding *v;
	va_list ap;

	if (!wanted(c, f->path))
		return 0;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	v = list_room(c->out->v, c->out->n, &c->out->cap, sizeof(*v), err);
	if (v == NULL)
		return -1;
	c->out->v = v;
	v += c->out->n++;
	memset(v, 0, sizeof(*v));
	v->code = kind->code;
	v->severity = kind->severity;
	v->fixable = f->fix != FIX_NONE;
	if (str_dup(&v->path, f->path, err) == -1 ||
	    str_dup(&v->message, message, err) == -1)
		return -1;
	return f->fix != FIX_NONE ? add_todo(c, f, err) : 0;
}

static void
checker_free(struct checker *c)
{
	layout_free(&c->dirs);
	lineages_free(&c->lineages);
	free(c->seen);
	for (size_t i = 0; i < c->ntodo; i++) {
		free(c->todo[i].path);
		free(c->todo[i].text);
	}
	free(c->todo);
	memset(c, 0, sizeof(*c));
}

/* Looks at everything; nothing is changed. */
static int
look(struct store *s, const struct strs *only, struct checker *c,
    struct findings *out, struct error *err)
{
	struct stat st;

	memset(c, 0, sizeof(*c));
	c->s = s;
	c->only = only;
	c->out = out;
	c->uid = geteuid();
	c->gid = getegid();
	if (stat(s->config_dir, &st) == 0) {
		c->uid = st.st_uid;
		c->gid = st.st_gid;
	}
	if (layout_scan(s, &c->dirs, err) == -1 ||
	    store_lineages(s, false, &c->lineages, err) == -1 ||
	    check_layout(c, err) == -1 || check_accounts(c, err) == -1 ||
	    check_servers(c, err) == -1 || check_cli(c, err) == -1)
		return -1;
	return check_lineages(c, err);
}

static bool
same(const struct finding *a, const struct finding *b)
{
	return a->code == b->code && strcmp(a->path, b->path) == 0;
}

/*
 * The one that is still f, NULL: there is none; once each, since several may
 * have one code and path: `fixed` says here that it was returned.  The same
 * words go first.
 */
static struct finding *
find(struct findings *l, const struct finding *f)
{
	struct finding *hit = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].fixed || !same(&l->v[i], f))
			continue;
		if (strcmp(l->v[i].message, f->message) == 0) {
			hit = &l->v[i];
			break;
		}
		if (hit == NULL)
			hit = &l->v[i];
	}
	if (hit != NULL)
		hit->fixed = true;
	return hit;
}

/* Moves the findings that are new, none of the old ones, behind those. */
static int
add_new(struct findings *old, struct findings *now, struct error *err)
{
	struct finding *v;

	for (size_t i = 0; i < now->n; i++) {
		if (now->v[i].fixed)
			continue;
		v = list_room(old->v, old->n, &old->cap, sizeof(*v), err);
		if (v == NULL)
			return -1;
		old->v = v;
		v[old->n] = now->v[i];
		v[old->n].path = v[old->n].message = NULL;
		if (str_dup(&v[old->n].path, now->v[i].path, err) == -1)
			return -1;
		v[old->n++].message = now->v[i].message;
		now->v[i].message = NULL;
	}
	return 0;
}

/* Not mended, only elsewhere since its directory was renamed. */
static bool
moved(const struct findings *l, size_t from, const struct finding *f)
{
	for (size_t i = from; i < l->n && !f->fixable; i++)
		if (l->v[i].code == f->code)
			return true;
	return false;
}

/* What is no longer found was fixed; what is new is added. */
static int
compare(struct findings *old, struct findings *now, struct error *err)
{
	size_t kept = 0, before = old->n;
	struct finding *f;
	char *message;

	for (size_t i = 0; i < before; i++) {
		f = find(now, &old->v[i]);
		old->v[i].fixed = f == NULL;
		if (f == NULL)
			continue;
		/* as it is now: what it names may have another name */
		message = old->v[i].message;
		old->v[i].message = f->message;
		f->message = message;
	}
	if (add_new(old, now, err) == -1)
		return -1;
	for (size_t i = 0; i < old->n; i++) {
		if (i < before && old->v[i].fixed &&
		    moved(old, before, &old->v[i]))
			finding_free(&old->v[i]);
		else
			old->v[kept++] = old->v[i];
	}
	old->n = kept;
	return 0;
}

static int
mend(struct store *s, struct checker *c, struct findings *out,
    struct error *err)
{
	bool mine = !s->locked;
	struct findings now;
	struct checker again;
	int rc;

	memset(&now, 0, sizeof(now));
	if (store_lock(s, err) == -1)
		return -1;
	rc = check_fix(c, err);
	memset(&again, 0, sizeof(again));
	if (rc == 0)
		rc = look(s, c->only, &again, &now, err);
	if (mine)
		store_unlock(s);
	if (rc == 0)
		rc = compare(out, &now, err);
	checker_free(&again);
	findings_free(&now);
	return rc;
}

int
store_check_only(struct store *s, const struct strs *only, bool fix,
    struct findings *out, struct error *err)
{
	struct checker c;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = look(s, only, &c, out, err);
	if (rc == 0 && fix && c.ntodo > 0)
		rc = mend(s, &c, out, err);
	checker_free(&c);
	if (rc == -1)
		findings_free(out);
	return rc;
}

int
store_check(struct store *s, bool fix, struct findings *out,
    struct error *err)
{
	return store_check_only(s, NULL, fix, out, err);
}
