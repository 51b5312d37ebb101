/* SPDX-License-Identifier: ISC */
#include "store/lineage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/cert.h"
#include "store/list.h"
#include "store/server.h"
#include "store/store_priv.h"

#define V01	"https://acme-v01.api.letsencrypt.org/directory"
#define V02	"https://acme-v02.api.letsencrypt.org/directory"

void
lineage_free(struct lineage *l)
{
	if (l == NULL)
		return;
	free(l->name);
	free(l->conf);
	free(l->server);
	free(l->account);
	free(l->authenticator);
	free(l->cert);
	free(l->privkey);
	free(l->chain);
	free(l->fullchain);
	free(l->renew_hook);
	strs_free(&l->domains);
	free(l);
}

void
lineages_free(struct lineages *l)
{
	for (size_t i = 0; i < l->n; i++)
		lineage_free(l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static void
problem(struct lineage *l, const char *what)
{
	if (l->problem[0] == '\0')
		vis_copy(l->problem, sizeof(l->problem), what, strlen(what));
}

/* certbot writes None for what is not set. */
static int
get(const struct buf *b, const char *section, const char *key, char **out,
    struct error *err)
{
	if (conf_get(buf_str(b), b->len, section, key, out, err) == -1)
		return -1;
	if (*out != NULL && (strcmp(*out, "None") == 0 || **out == '\0')) {
		free(*out);
		*out = NULL;
	}
	return 0;
}

/* ConfigObj's as_bool() */
static bool
is_false(const char *text)
{
	return text != NULL && (strcasecmp(text, "false") == 0 ||
	    strcasecmp(text, "off") == 0 || strcasecmp(text, "no") == 0 ||
	    strcmp(text, "0") == 0);
}

static int
read_conf(struct lineage *l, const struct buf *b, struct error *err)
{
	static const char params[] = "renewalparams";
	char *autorenew = NULL;

	if (get(b, "", "cert", &l->cert, err) == -1 ||
	    get(b, "", "privkey", &l->privkey, err) == -1 ||
	    get(b, "", "chain", &l->chain, err) == -1 ||
	    get(b, "", "fullchain", &l->fullchain, err) == -1 ||
	    get(b, params, "server", &l->server, err) == -1 ||
	    get(b, params, "account", &l->account, err) == -1 ||
	    get(b, params, "authenticator", &l->authenticator, err) == -1 ||
	    get(b, params, "renew_hook", &l->renew_hook, err) == -1)
		return -1;
	if (get(b, params, "autorenew", &autorenew, err) == -1)
		return -1;
	l->autorenew = !is_false(autorenew);
	free(autorenew);
	if (l->server != NULL && strcmp(l->server, V01) == 0) {
		free(l->server);
		l->server = NULL;
		if (str_dup(&l->server, V02, err) == -1)
			return -1;
	}
	if (l->cert == NULL || l->privkey == NULL || l->chain == NULL ||
	    l->fullchain == NULL)
		problem(l, "cert, privkey, chain or fullchain is missing in "
		    "it");
	return 0;
}

static int
read_cert(struct lineage *l, struct error *err)
{
	struct error why;

	error_clear(&why);
	if (l->cert == NULL)
		return 0;
	if (leaf_read(l->cert, &l->domains, &l->not_before, &l->not_after,
	    &why) == -1) {
		if (why.sys == ENOMEM)
			return error_nomem(err);
		problem(l, why.msg);
	}
	return 0;
}

/* *out NULL: the conf went away. */
static int
read_lineage(struct store *s, const char *name, bool with_cert,
    struct lineage **out, struct error *err)
{
	struct lineage *l;
	struct error why;
	struct buf b;
	int found, rc = -1;

	*out = NULL;
	error_clear(&why);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return error_nomem(err);
	l->autorenew = true;
	buf_init(&b, LIMIT_CONF_FILE + 1);
	if (str_dup(&l->name, name, err) == -1 || str_printf(&l->conf, err,
	    "%s/renewal/%s.conf", s->config_dir, name) == -1)
		goto out;
	if (io_read_file(AT_FDCWD, l->conf, LIMIT_CONF_FILE, IO_MISSING_OK,
	    &b, &found, &why) == -1) {
		if (why.sys == ENOMEM) {
			error_nomem(err);
			goto out;
		}
		l->unreadable = true;
		problem(l, why.msg);
	} else if (found == 0) {
		rc = 0;
		goto out;
	} else if (read_conf(l, &b, err) == -1 ||
	    (with_cert && read_cert(l, err) == -1))
		goto out;
	*out = l;
	l = NULL;
	rc = 0;
out:
	buf_free(&b);
	lineage_free(l);
	return rc;
}

int
store_lineage_names(struct store *s, struct strs *out, struct error *err)
{
	char *dir = NULL, *name;
	struct dirent *e;
	size_t len;
	int rc = 0;
	DIR *d;

	if (str_printf(&dir, err, "%s/renewal", s->config_dir) == -1)
		return -1;
	if ((d = opendir(dir)) == NULL) {
		if (errno != ENOENT && errno != ENOTDIR)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be read",
			    vis(dir));
		free(dir);
		return rc;
	}
	while (rc == 0 && (rc = io_next(d, dir, &e, err)) == 0 && e != NULL) {
		len = strlen(e->d_name);
		if (e->d_name[0] == '.' || len <= 5 ||
		    strcmp(e->d_name + len - 5, ".conf") != 0)
			continue;
		if ((name = strndup(e->d_name, len - 5)) == NULL) {
			rc = error_nomem(err);
			break;
		}
		rc = strs_add(out, name, err);
		free(name);
	}
	(void)closedir(d);
	free(dir);
	strs_sort(out);
	return rc;
}

int
store_lineages(struct store *s, bool with_cert, struct lineages *out,
    struct error *err)
{
	struct strs all = { NULL, 0, 0 };
	struct lineage *l, **v;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = store_lineage_names(s, &all, err);
	for (size_t i = 0; rc == 0 && i < all.n; i++) {
		rc = read_lineage(s, all.v[i], with_cert, &l, err);
		if (rc == -1 || l == NULL)
			continue;
		v = list_room(out->v, out->n, &out->cap,
		    sizeof(struct lineage *), err);
		if (v == NULL) {
			lineage_free(l);
			rc = -1;
			continue;
		}
		out->v = v;
		out->v[out->n++] = l;
	}
	strs_free(&all);
	if (rc == -1)
		lineages_free(out);
	return rc;
}

int
store_lineage(struct store *s, const char *name, bool with_cert,
    struct lineage **out, struct error *err)
{
	*out = NULL;
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return 0;
	return read_lineage(s, name, with_cert, out, err);
}

bool
lineage_uses(const struct lineage *l, const char *server, const char *id)
{
	return l->server != NULL && l->account != NULL &&
	    server_same(l->server, server) && strcmp(l->account, id) == 0;
}

bool
lineage_same_names(const struct lineage *l, const struct strs *domains)
{
	size_t n = 0;

	for (size_t i = 0; i < domains->n; i++)
		if (!strs_has(&l->domains, domains->v[i]))
			return false;
	for (size_t i = 0; i < l->domains.n; i++)
		n += strs_has(domains, l->domains.v[i]) ? 1 : 0;
	return l->domains.n > 0 && n == l->domains.n;
}

/* "*.example.com" covers one label. */
static bool
covers(const struct lineage *l, const char *name)
{
	const char *dot = strchr(name, '.'), *san;

	for (size_t i = 0; i < l->domains.n; i++) {
		san = l->domains.v[i];
		if (strcasecmp(san, name) == 0)
			return true;
		if (dot != NULL && dot != name && name[0] != '*' &&
		    san[0] == '*' && strcasecmp(san + 1, dot) == 0)
			return true;
	}
	return false;
}

const struct lineage *
lineages_for_name(const struct lineages *ls, const char *server,
    const char *name)
{
	const struct lineage *best = NULL, *l;

	for (size_t i = 0; i < ls->n; i++) {
		l = ls->v[i];
		if (server != NULL && (l->server == NULL ||
		    !server_same(l->server, server)))
			continue;
		if (covers(l, name) &&
		    (best == NULL || l->not_before > best->not_before))
			best = l;
	}
	return best;
}
