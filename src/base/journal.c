/* SPDX-License-Identifier: ISC */
#include "base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/strs.h"
#include "base/utf8.h"
#include "base/vis.h"

#define JOURNAL "journal"

enum op {
	OP_RENAME,		/* a -> b */
	OP_WRITE,		/* a: file, b: text */
	OP_REMOVE,		/* a */
	OP_SYMLINK,		/* a: link, b: target */
	OP_RELINK,		/* a: directory, b: "NAME=TARGET\n"... */
	NOPS
};

/* The names in the file, and those of a and b. */
static const struct {
	const char *name, *a, *b;
} ops[NOPS] = {
	[OP_RENAME] = { "rename", "from", "to" },
	[OP_WRITE] = { "write", "path", "text" },
	[OP_REMOVE] = { "remove", "path", NULL },
	[OP_SYMLINK] = { "symlink", "path", "target" },
	[OP_RELINK] = { "relink", "path", "links" },
};

struct step {
	enum op op;
	char *a, *b;
};

struct journal {
	char *file;		/* DIR/journal, for messages */
	int dirfd;
	struct step *steps;
	size_t n, cap;
	size_t done;
};

static const struct atomic_attr private_dir = { 0700, (uid_t)-1, (gid_t)-1 };
static const struct atomic_attr private_file = { 0600, (uid_t)-1, (gid_t)-1 };

int
journal_new(const char *dir, struct journal **out, struct error *err)
{
	struct journal *j;

	*out = NULL;
	if ((j = calloc(1, sizeof(*j))) == NULL)
		return error_nomem(err);
	j->dirfd = -1;
	if (str_printf(&j->file, err, "%s/" JOURNAL, dir) == -1 ||
	    atomic_mkdirs(dir, &private_dir, err) == -1 ||
	    atomic_open_dir(AT_FDCWD, dir, false, &j->dirfd, err) == -1) {
		journal_free(j);
		return -1;
	}
	*out = j;
	return 0;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	for (size_t i = 0; i < j->n; i++) {
		free(j->steps[i].a);
		free(j->steps[i].b);
	}
	free(j->steps);
	free(j->file);
	if (j->dirfd != -1)
		(void)close(j->dirfd);
	free(j);
}

static int
grow(struct journal *j, struct error *err)
{
	size_t cap = j->cap == 0 ? 8 : j->cap * 2;
	struct step *s;

	if (j->n < j->cap)
		return 0;
	if ((s = reallocarray(j->steps, cap, sizeof(*s))) == NULL)
		return error_nomem(err);
	j->steps = s;
	j->cap = cap;
	return 0;
}

/* What JSON could not bring back as it was is refused. */
static int
check_text(const struct journal *j, const char *s, struct error *err)
{
	if (utf8_valid_len(s, strlen(s)) == strlen(s))
		return 0;
	return error_set(err, CODE_STORE, "'%s': found bytes in '%s' that are "
	    "not UTF-8", vis(j->file), vis(s));
}

static int
add(struct journal *j, enum op op, const char *a, const char *b,
    struct error *err)
{
	struct step s = { op, NULL, NULL };

	if (a[0] != '/' || (op == OP_RENAME && (b == NULL || b[0] != '/')))
		return error_set(err, CODE_ERROR, "'%s': found the relative "
		    "path '%s', want an absolute one", vis(j->file),
		    vis(a[0] != '/' ? a : b));
	if (check_text(j, a, err) == -1 ||
	    (b != NULL && check_text(j, b, err) == -1) ||
	    grow(j, err) == -1)
		return -1;
	if (str_dup(&s.a, a, err) == -1 || str_dup(&s.b, b, err) == -1) {
		free(s.a);
		return -1;
	}
	j->steps[j->n++] = s;
	return 0;
}

int
journal_rename(struct journal *j, const char *from, const char *to,
    struct error *err)
{
	return add(j, OP_RENAME, from, to, err);
}

int
journal_write(struct journal *j, const char *path, const char *text,
    struct error *err)
{
	return add(j, OP_WRITE, path, text, err);
}

int
journal_remove(struct journal *j, const char *path, struct error *err)
{
	return add(j, OP_REMOVE, path, NULL, err);
}

int
journal_symlink(struct journal *j, const char *path, const char *target,
    struct error *err)
{
	return add(j, OP_SYMLINK, path, target, err);
}

int
journal_relink(struct journal *j, const char *dir,
    const struct atomic_link *links, size_t n, struct error *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, LIMIT_STATE_FILE);
	for (size_t i = 0; i < n; i++) {
		const char *to = links[i].target == NULL ? "" :
		    links[i].target;

		if (strpbrk(links[i].name, "=\n") != NULL ||
		    strpbrk(to, "=\n") != NULL) {
			rc = error_set(err, CODE_STORE, "'%s': the link "
			    "'%s' has an equals sign or a newline in it",
			    vis(dir), vis(to));
			break;
		}
		buf_adds(&b, links[i].name);
		buf_addc(&b, '=');
		buf_adds(&b, to);
		buf_addc(&b, '\n');
	}
	if (rc == 0)
		rc = buf_check(&b, j->file, err);
	if (rc == 0)
		rc = add(j, OP_RELINK, dir, buf_str(&b), err);
	buf_free(&b);
	return rc;
}

/* The whole file anew: the steps and how many are done. */
static int
save(const struct journal *j, struct error *err)
{
	struct json_w w;
	struct buf b;
	int rc;

	buf_init_sensitive(&b, LIMIT_STATE_FILE);
	json_w_init(&w, &b, false);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", 1);
	json_w_int(&w, "done", (int64_t)j->done);
	json_w_arr(&w, "steps");
	for (size_t i = 0; i < j->n; i++) {
		const struct step *s = &j->steps[i];

		json_w_obj(&w, NULL);
		json_w_str(&w, "op", ops[s->op].name);
		json_w_str(&w, ops[s->op].a, s->a);
		if (ops[s->op].b != NULL)
			json_w_str(&w, ops[s->op].b, s->b);
		json_w_obj_end(&w);
	}
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	buf_addc(&b, '\n');
	rc = buf_check(&b, j->file, err);
	if (rc == 0)
		rc = atomic_write(j->dirfd, JOURNAL, b.data, b.len,
		    &private_file, ATOMIC_REPLACE, err);
	buf_free(&b);
	return rc;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* The file keeps its mode and owner; where it is a link, its target is
 * written. */
static int
do_write(const char *path, const char *text, struct error *err)
{
	struct atomic_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	struct stat st;
	char *real;
	int rc;

	if ((real = realpath(path, NULL)) == NULL && errno != ENOENT)
		return error_sys(err, CODE_ERROR, "'%s': cannot be resolved",
		    vis(path));
	if (real != NULL && stat(real, &st) == 0) {
		attr.mode = st.st_mode & 07777;
		attr.uid = st.st_uid;
		attr.gid = st.st_gid;
	}
	rc = atomic_write(AT_FDCWD, real != NULL ? real : path, text,
	    strlen(text), &attr, ATOMIC_REPLACE, err);
	free(real);
	return rc;
}

enum { RELINK_MAX = 16 };

static int
do_relink(const char *dir, const char *text, struct error *err)
{
	struct atomic_link links[RELINK_MAX];
	size_t n = 0;
	char *copy = NULL, *p, *eq, *nl;
	int rc;

	if (str_dup(&copy, text, err) == -1)
		return -1;
	for (p = copy; *p != '\0' && n < RELINK_MAX; p = nl + 1) {
		if ((nl = strchr(p, '\n')) == NULL ||
		    (eq = memchr(p, '=', (size_t)(nl - p))) == NULL)
			break;
		*nl = *eq = '\0';
		links[n].name = p;
		links[n++].target = eq[1] == '\0' ? NULL : eq + 1;
	}
	if (*p != '\0')
		rc = error_set(err, CODE_STORE, "'%s': cannot be read as "
		    "links", vis(p));
	else
		rc = atomic_relink(dir, links, n, err);
	free(copy);
	return rc;
}

static int
carry_out(const struct step *s, struct error *err)
{
	switch (s->op) {
	case OP_RENAME:
		if (!exists(s->a) && exists(s->b))
			return 0;
		return atomic_move(AT_FDCWD, s->a, AT_FDCWD, s->b, err);
	case OP_WRITE:
		return do_write(s->a, s->b, err);
	case OP_REMOVE:
		return atomic_remove_tree(AT_FDCWD, s->a, err);
	case OP_SYMLINK:
		return atomic_symlink(s->b, AT_FDCWD, s->a, err);
	case OP_RELINK:
		return do_relink(s->a, s->b, err);
	case NOPS:
		break;
	}
	return error_set(err, CODE_ERROR, "'journal': unknown step");
}

/*
 * Between two renames with paths of their own nothing has to be written: who
 * finds the first one done passes it over.
 */
static bool
moves_on(const struct journal *j)
{
	const struct step *next = &j->steps[j->done], *s;

	if (next->op != OP_RENAME || next[-1].op != OP_RENAME)
		return false;
	for (s = j->steps; s < next; s++)
		if (strcmp(s->a, next->a) == 0 || strcmp(s->a, next->b) == 0 ||
		    (s->op == OP_RENAME && (strcmp(s->b, next->a) == 0 ||
		    strcmp(s->b, next->b) == 0)))
			return false;
	return true;
}

/*
 * One done step is written down before the next begins: otherwise, after
 * "A to B, C to A", the first would find A again and not know whose it is.
 */
static int
run(struct journal *j, struct error *err)
{
	while (j->done < j->n) {
		if (carry_out(&j->steps[j->done], err) == -1)
			return error_wrap(err, "'%s': step %zu of %zu",
			    vis(j->file), j->done + 1, j->n);
		j->done++;
		if (j->done < j->n && !moves_on(j) && save(j, err) == -1)
			return -1;
	}
	return atomic_unlink(j->dirfd, JOURNAL, err);
}

int
journal_commit(struct journal *j, struct error *err)
{
	if (j->n == 0)
		return 0;
	if (faccessat(j->dirfd, JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, CODE_STORE, "'%s': an unfinished change "
		    "is there, want none; it has to be finished first",
		    vis(j->file));
	j->done = 0;
	if (save(j, err) == -1)
		return -1;
	return run(j, err);
}

bool
journal_pending(const char *dir)
{
	struct error err;
	bool there;
	char *file;

	if (str_printf(&file, &err, "%s/" JOURNAL, dir) == -1)
		return false;
	there = exists(file);
	free(file);
	return there;
}

static int
load_step(struct journal *j, const json *o, struct error *err)
{
	const char *op, *a, *b = NULL;
	int i;

	if (json_get_str(o, "op", JSON_REQUIRED, j->file, &op, err) == -1)
		return -1;
	for (i = 0; i < NOPS; i++)
		if (strcmp(op, ops[i].name) == 0)
			break;
	if (i == NOPS)
		return error_set(err, CODE_STORE, "'%s': unknown step '%s'",
		    vis(j->file), vis(op));
	if (json_get_str(o, ops[i].a, JSON_REQUIRED, j->file, &a, err) == -1)
		return -1;
	if (ops[i].b != NULL && json_get_str(o, ops[i].b, JSON_REQUIRED,
	    j->file, &b, err) == -1)
		return -1;
	return add(j, (enum op)i, a, b, err);
}

static int
load(struct journal *j, const char *text, size_t len, struct error *err)
{
	json *root = NULL, *steps;
	int64_t version, done;
	int rc = -1;

	if (json_parse(text, len, j->file, &root, err) == -1 ||
	    json_get_int(root, "version", JSON_REQUIRED, j->file, &version,
	    err) == -1 ||
	    json_get_int(root, "done", JSON_REQUIRED, j->file, &done, err) ==
	    -1 ||
	    json_get_arr(root, "steps", JSON_REQUIRED, j->file, &steps, err) ==
	    -1)
		goto out;
	if (version != 1) {
		error_set(err, CODE_STORE, "'%s': found a journal of version "
		    "%lld, want 1; another version of acmeferry must finish "
		    "it", vis(j->file), (long long)version);
		goto out;
	}
	for (size_t i = 0; i < json_len(steps); i++)
		if (load_step(j, json_at(steps, i), err) == -1)
			goto out;
	if (done < 0 || (uint64_t)done > j->n) {
		error_set(err, CODE_STORE, "'%s': found %lld steps done, want "
		    "at most %zu", vis(j->file), (long long)done, j->n);
		goto out;
	}
	j->done = (size_t)done;
	rc = 0;
out:
	json_put(root);
	return rc;
}

/* What the killed run left beside the files that it changed. */
static int
sweep_beside(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd, rc;

	if ((dir = strndup(path, (size_t)(slash - path + 1))) == NULL)
		return error_nomem(err);
	rc = atomic_open_dir(AT_FDCWD, dir, false, &fd, err);
	free(dir);
	if (rc == -1)
		return err->sys == ENOENT ? 0 : -1;
	rc = atomic_sweep(fd, err);
	(void)close(fd);
	return rc;
}

static int
sweep(const struct journal *j, struct error *err)
{
	for (size_t i = 0; i < j->n; i++) {
		if (sweep_beside(j->steps[i].a, err) == -1)
			return -1;
		if (j->steps[i].op == OP_RENAME &&
		    sweep_beside(j->steps[i].b, err) == -1)
			return -1;
	}
	return 0;
}

int
journal_replay(const char *dir, bool *replayed, struct error *err)
{
	struct journal *j = NULL;
	struct buf b;
	struct stat st;
	int found = 0, rc = -1;

	if (replayed != NULL)
		*replayed = false;
	if (stat(dir, &st) == -1 && errno == ENOENT)
		return 0;
	buf_init_sensitive(&b, LIMIT_STATE_FILE);
	if (journal_new(dir, &j, err) == -1 ||
	    atomic_sweep(j->dirfd, err) == -1 ||
	    io_read_file(j->dirfd, JOURNAL, LIMIT_STATE_FILE, IO_NOFOLLOW |
	    IO_OWNED | IO_NOT_WRITABLE | IO_MISSING_OK, &b, &found, err) == -1)
		goto out;
	if (found == 0) {
		rc = 0;
		goto out;
	}
	if (load(j, buf_str(&b), b.len, err) == -1 || sweep(j, err) == -1 ||
	    run(j, err) == -1)
		goto out;
	if (replayed != NULL)
		*replayed = true;
	rc = 0;
out:
	buf_free(&b);
	journal_free(j);
	return rc;
}
