/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "config/apply.h"

/* All files of one load; number 0 is the main one. */
struct load {
	struct strs files;
	struct node **trees;	/* NULL: empty or unreadable */
	bool *off;		/* disabled */
	size_t room;		/* of trees and off */
	bool found;
	struct problems early;	/* of reading: they do not change */
};

static void
load_free(struct load *l)
{
	for (size_t i = 0; i < l->room; i++)
		node_free(l->trees[i]);
	free(l->trees);
	free(l->off);
	strs_free(&l->files);
	problems_free(&l->early);
}

bool
config_is_none(const char *path)
{
	return strcmp(path, "/dev/null") == 0;
}

/* The names in config.d that count, in order. */
static int
list_dir(struct load *l, const char *dir, struct error *err)
{
	struct strs names = { 0 };
	struct dirent *e;
	int rc = 0;
	DIR *d;

	if ((d = opendir(dir)) == NULL) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_sys(err, CODE_ERROR, "'%s': cannot be opened",
		    vis(dir));
	}
	while (rc == 0 && (rc = io_next(d, dir, &e, err)) == 0 && e != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (str_ends(e->d_name, ".yaml"))
			log_warn("'%s/%s': is not read, want a name that ends "
			    "in .yml", vis(dir), vis(e->d_name));
		if (!str_ends(e->d_name, ".yml"))
			continue;
		if (names.n >= LIMIT_CONFIG_FILES)
			rc = error_set(err, CODE_USAGE, "'%s': more than %d "
			    "files, want fewer", vis(dir), LIMIT_CONFIG_FILES);
		else
			rc = strs_add(&names, e->d_name, err);
	}
	closedir(d);
	strs_sort(&names);
	for (size_t i = 0; i < names.n && rc == 0; i++)
		rc = strs_addf(&l->files, err, "%s/%s", dir, names.v[i]);
	strs_free(&names);
	return rc;
}

static int
list_files(struct load *l, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = NULL;
	int rc;

	if (strs_add(&l->files, path, err) == -1 ||
	    str_printf(&dir, err, "%.*s/config.d",
	    slash != NULL ? (int)(slash - path) : 0, path) == -1)
		return -1;
	rc = config_is_none(path) ? 0 : list_dir(l, dir, err);
	free(dir);
	if (rc == -1)
		return -1;
	l->trees = calloc(l->files.n, sizeof(struct node *));
	l->off = calloc(l->files.n, sizeof(bool));
	if (l->trees == NULL || l->off == NULL)
		return error_nomem(err);
	l->room = l->files.n;
	return 0;
}

/* Reads one file if it may be trusted; *found 0: not there. */
static int
read_text(const char *path, struct buf *b, int *found, struct error *err)
{
	if (io_read_file(AT_FDCWD, path, LIMIT_CONFIG_FILE, IO_OWNED |
	    IO_NOT_WRITABLE | IO_MISSING_OK, b, found, err) == -1)
		return -1;
	return *found != 0 ? io_check_parents(path, err) : 0;
}

/* A name with nothing behind it; one that went meanwhile is none. */
static bool
is_dangling(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static int
read_one(struct load *l, size_t i, struct error *err)
{
	struct place at = { i, 0, 0 };
	struct error why;
	struct buf b;
	int found = 0, rc = 0;

	buf_init(&b, LIMIT_CONFIG_FILE);
	if (config_is_none(l->files.v[i])) {
		found = 1;
	} else if (read_text(l->files.v[i], &b, &found, &why) == -1) {
		/* too large or no file at all is the file's fault */
		if (why.code == CODE_STORE)
			why.code = CODE_USAGE;
		rc = why.sys == ENOMEM ? error_nomem(err) :
		    problem_add(&l->early, &at, why.code, err, "%s", why.msg);
	} else if (found != 0)
		rc = tree_read(buf_str(&b), b.len, i, &l->trees[i], &l->early,
		    err);
	else if (i > 0 && is_dangling(l->files.v[i]))
		rc = problem_add(&l->early, &at, CODE_USAGE, err, "'%s': found "
		    "a link to a file that is not there; remove it",
		    vis(l->files.v[i]));
	if (i == 0)
		l->found = found != 0;
	buf_free(&b);
	return rc;
}

static int
new_config(const char *path, bool found, struct config **out,
    struct error *err)
{
	struct config *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return error_nomem(err);
	c->found = found;
	if (str_dup(&c->path, path, err) == -1 ||
	    schema_defaults(SCOPE_TOP, c, err) == -1) {
		config_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

/* The configuration of all files that are not off, and what is wrong. */
static int
build(struct load *l, struct problems *problems, struct config **out,
    struct error *err)
{
	struct apply a = { .files = &l->files, .problems = problems };
	struct config *c = NULL;
	int rc;

	if (new_config(l->files.v[0], l->found, &c, err) == -1)
		return -1;
	a.config = c;
	rc = 0;
	for (size_t i = 0; i < l->files.n && rc == 0; i++)
		if (!l->off[i])
			rc = apply_tree(&a, l->trees[i], err);
	if (rc == 0)
		rc = apply_check(&a, err);
	apply_free(&a);
	if (rc == 0)
		rc = strs_add(&c->default_servers, c->server, err);
	if (rc == -1) {
		config_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

/* Switches off the files of config.d that problems name; each with its first
 * problem goes into bad.  False: the main file has one, or none is left. */
static int
switch_off(struct load *l, struct problems *problems, struct strs *bad,
    bool *go_on, struct error *err)
{
	struct strs lines = { 0 };
	enum code code;
	size_t file;
	int rc;

	*go_on = false;
	rc = problems_lines(problems, &l->files, &lines, &code, err);
	for (size_t i = 0; i < problems->n && rc == 0; i++) {
		file = problems->v[i].at.file;
		if (file == 0) {
			*go_on = false;
			break;
		}
		if (l->off[file])
			continue;
		l->off[file] = true;
		*go_on = true;
		rc = strs_add(bad, lines.v[i], err);
	}
	strs_free(&lines);
	return rc;
}

/* As many of the lines as fit a message. */
static void
set_message(struct error *err, enum code code, const struct strs *lines)
{
	size_t used = 0, len;

	error_clear(err);
	err->code = code;
	for (size_t i = 0; i < lines->n; i++) {
		len = strlen(lines->v[i]);
		if (used + len + 2 > sizeof(err->msg))
			break;
		if (used > 0)
			err->msg[used++] = '\n';
		memcpy(err->msg + used, lines->v[i], len + 1);
		used += len;
	}
}

static int
give_up(struct load *l, struct problems *p, struct strs *problems,
    struct error *err)
{
	struct strs lines = { 0 };
	enum code code;
	int rc;

	rc = problems_lines(p, &l->files, &lines, &code, err);
	if (rc == 0)
		set_message(err, code, &lines);
	if (rc == 0 && problems != NULL) {
		struct error full = *err;

		if (strs_copy(problems, &lines, err) == 0)
			*err = full;
	}
	strs_free(&lines);
	return -1;
}

/* Adds what was wrong with reading (of files that are not off). */
static int
add_early(struct load *l, struct problems *to, struct error *err)
{
	const struct problem *p;

	for (size_t i = 0; i < l->early.n; i++) {
		p = &l->early.v[i];
		if (!l->off[p->at.file] && problem_add(to, &p->at, p->code,
		    err, "%s", p->text) == -1)
			return -1;
	}
	return 0;
}

static int
build_all(struct load *l, bool lenient, struct config **out,
    struct strs *problems, struct error *err)
{
	struct problems p = { 0 };
	struct config *c = NULL;
	struct strs bad = { 0 };
	bool go_on = true;
	int rc = 0;

	while (rc == 0 && go_on) {
		config_free(c);
		c = NULL;
		problems_free(&p);
		rc = add_early(l, &p, err);
		if (rc == 0)
			rc = build(l, &p, &c, err);
		if (rc == -1 || p.n == 0)
			break;
		go_on = false;
		if (lenient)
			rc = switch_off(l, &p, &bad, &go_on, err);
		if (rc == 0 && !go_on)
			rc = give_up(l, &p, problems, err);
	}
	problems_free(&p);
	if (rc == -1 || c == NULL) {
		config_free(c);
		strs_free(&bad);
		return -1;
	}
	c->bad_files = bad;
	*out = c;
	return 0;
}

int
config_load_all(const char *path, bool required, bool lenient,
    struct config **out, struct strs *problems, struct error *err)
{
	struct load l;
	int rc;

	memset(&l, 0, sizeof(l));
	*out = NULL;
	rc = list_files(&l, path, err);
	for (size_t i = 0; i < l.room && rc == 0; i++)
		rc = read_one(&l, i, err);
	if (rc == 0 && required && !l.found && l.early.n == 0)
		rc = error_set(err, CODE_USAGE, "'%s': no such file",
		    vis(path));
	if (rc == 0)
		rc = build_all(&l, lenient, out, problems, err);
	load_free(&l);
	return rc;
}

int
config_load(const char *path, bool required, bool lenient,
    struct config **out, struct error *err)
{
	return config_load_all(path, required, lenient, out, NULL, err);
}
