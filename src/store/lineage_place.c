/* SPDX-License-Identifier: ISC */
#include "store/lineage_install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/strs.h"
#include "base/vis.h"
#include "store/lineage_priv.h"

const char *const lineage_kinds[LINEAGE_KINDS] = {
	"cert", "privkey", "chain", "fullchain" };

void
lineage_place_free(struct lineage_place *p)
{
	free(p->live);
	free(p->archive);
	free(p->prefix);
	memset(p, 0, sizeof(*p));
}

static const char *
path_of(const struct lineage *l, size_t kind)
{
	const char *const paths[LINEAGE_KINDS] = { l->cert, l->privkey,
	    l->chain, l->fullchain };

	return paths[kind];
}

static int
odd(const char *path, const char *what, struct error *err)
{
	return error_set(err, CODE_STORE, "'%s': %s; certbot's own links are "
	    "wanted, put them back before acmeferry can go on with this "
	    "lineage", vis(path), what);
}

/* "cert12.pem" of that kind -> 12; 0: none. */
unsigned int
lineage_number(const char *file, const char *kind)
{
	size_t n = strlen(kind);
	struct error ignored;
	char digits[16];
	int64_t number;

	if (strncmp(file, kind, n) != 0 || !str_ends(file, ".pem") ||
	    strlen(file) < n + 5 || strlen(file) - n - 4 >= sizeof(digits))
		return 0;
	memcpy(digits, file + n, strlen(file) - n - 4);
	digits[strlen(file) - n - 4] = '\0';
	if (num_parse(digits, 1, 1000000000, "number", &number, &ignored) ==
	    -1)
		return 0;
	return (unsigned int)number;
}

/* One link; the first sets the prefix. */
static int
look_at_link(struct lineage_place *p, const char *path, const char *kind,
    const struct stat *archive, struct error *err)
{
	char target[PATH_MAX], *slash;
	char *dir = NULL;
	struct stat st;
	unsigned int number;
	ssize_t n;
	int rc = -1;

	n = readlink(path, target, sizeof(target) - 1);
	if (n == -1)
		return odd(path, errno == EINVAL ? "is no link" :
		    "is not there", err);
	target[n] = '\0';
	if ((slash = strrchr(target, '/')) == NULL ||
	    (number = lineage_number(slash + 1, kind)) == 0)
		return odd(path, "its target is not named as one of its kind",
		    err);
	if (stat(path, &st) == -1)
		return odd(path, "its target is not there", err);
	slash[1] = '\0';
	if (str_printf(&dir, err, "%s%s%s", target[0] == '/' ? "" : p->live,
	    target[0] == '/' ? "" : "/", target) == -1)
		return -1;
	if (stat(dir, &st) == -1 || st.st_dev != archive->st_dev ||
	    st.st_ino != archive->st_ino)
		odd(path, "leads out of the lineage's archive", err);
	else if (p->prefix != NULL && strcmp(p->prefix, target) != 0)
		odd(path, "its target is written in another way than its "
		    "neighbour's", err);
	else if (p->prefix != NULL || str_dup(&p->prefix, target, err) == 0)
		rc = 0;
	if (strcmp(kind, "privkey") == 0)
		p->current = number;
	free(dir);
	return rc;
}

/* certbot's next_free_version() */
static int
find_next(struct lineage_place *p, struct error *err)
{
	struct dirent *e = NULL;
	unsigned int n;
	DIR *d;
	int rc;

	if ((d = opendir(p->archive)) == NULL)
		return error_sys(err, CODE_ERROR, "'%s': cannot be read",
		    vis(p->archive));
	p->next = 1;
	while ((rc = io_next(d, p->archive, &e, err)) == 0 && e != NULL)
		for (size_t i = 0; i < LINEAGE_KINDS; i++) {
			n = lineage_number(e->d_name, lineage_kinds[i]);
			if (n >= p->next)
				p->next = n + 1;
		}
	(void)closedir(d);
	return rc;
}

static int
read_archive(struct store *s, const struct lineage *l,
    struct lineage_place *p, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_CONF_FILE);
	rc = io_read_file(AT_FDCWD, l->conf, LIMIT_CONF_FILE, 0, &b, NULL,
	    err);
	if (rc == 0)
		rc = conf_get(buf_str(&b), b.len, "", "archive_dir",
		    &p->archive, err);
	buf_free(&b);
	if (rc == 0 && p->archive == NULL)
		rc = str_printf(&p->archive, err, "%s/archive/%s",
		    s->config_dir, l->name);
	return rc;
}

/* The four paths of the conf are KIND.pem of one directory, no link itself. */
static int
read_live(const struct lineage *l, struct lineage_place *p,
    struct error *err)
{
	const char *slash, *path;
	struct stat st;

	for (size_t i = 0; i < LINEAGE_KINDS; i++) {
		path = path_of(l, i);
		if (path == NULL || path[0] != '/')
			return error_set(err, CODE_STORE, "'%s': %s is %s, "
			    "want an absolute path", vis(l->conf),
			    lineage_kinds[i], path == NULL ? "missing" :
			    vis(path));
		slash = strrchr(path, '/');
		if (p->live == NULL && (p->live = strndup(path,
		    (size_t)(slash - path))) == NULL)
			return error_nomem(err);
		if (strlen(p->live) != (size_t)(slash - path) ||
		    strncmp(p->live, path, strlen(p->live)) != 0 ||
		    strncmp(slash + 1, lineage_kinds[i],
		    strlen(lineage_kinds[i])) != 0 ||
		    strcmp(slash + 1 + strlen(lineage_kinds[i]), ".pem") != 0)
			return odd(path, "does not stand where the other "
			    "three do", err);
	}
	if (lstat(p->live, &st) == -1)
		return odd(p->live, "is not there", err);
	return S_ISDIR(st.st_mode) ? 0 : odd(p->live, "is no directory", err);
}

int
lineage_place(struct store *s, const struct lineage *l,
    struct lineage_place *out, struct error *err)
{
	struct stat archive;

	memset(out, 0, sizeof(*out));
	if (read_archive(s, l, out, err) == -1 ||
	    read_live(l, out, err) == -1)
		goto fail;
	if (stat(out->archive, &archive) == -1 || !S_ISDIR(archive.st_mode)) {
		odd(out->archive, "is no directory", err);
		goto fail;
	}
	for (size_t i = 0; i < LINEAGE_KINDS; i++)
		if (look_at_link(out, path_of(l, i), lineage_kinds[i],
		    &archive, err) == -1)
			goto fail;
	if (find_next(out, err) == 0)
		return 0;
fail:
	lineage_place_free(out);
	return -1;
}

int
lineage_place_new(const struct store *s, const char *name,
    struct lineage_place *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	out->next = 1;
	if (str_printf(&out->live, err, "%s/live/%s", s->config_dir, name) ==
	    -1 || str_printf(&out->archive, err, "%s/archive/%s",
	    s->config_dir, name) == -1 || str_printf(&out->prefix, err,
	    "../../archive/%s/", name) == -1) {
		lineage_place_free(out);
		return -1;
	}
	return 0;
}
