/* SPDX-License-Identifier: ISC */
/*
 * Which certificates, and which of them can be passed over.  What a decision
 * rests on is told apart by the times and inodes of files, so that an hourly
 * run reads none of them.
 */
#include "issue/renew_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vis.h"
#include "issue/deploy.h"
#include "issue/pending.h"
#include "issue/lineage_conf.h"
#include "store/server.h"

enum { STAT_TEXT = 128, PATH_ROOM = 4096 };

/* ---- what it rests on --------------------------------------------------- */

/* "" where it is not there. */
static void
add_stat(struct buf *b, const char *path)
{
	char text[STAT_TEXT] = "";
	struct stat st;

	if (stat(path, &st) == 0)
		(void)snprintf(text, sizeof(text), "%ju %jd %jd.%09ld",
		    (uintmax_t)st.st_ino, (intmax_t)st.st_size,
		    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	buf_adds(b, text);
	buf_addc(b, '\n');
}

void
renew_stamp(const struct renew *r, const struct renew_cert *c,
    char out[DIGEST_SHA256_HEX])
{
	const char *dir = r->config->certbot_config_dir;
	char path[PATH_ROOM];
	struct error ignored;
	struct buf b;

	out[0] = '\0';
	buf_init(&b, PATH_ROOM);
	buf_adds(&b, r->world);
	if (snprintf(path, sizeof(path), "%s/renewal/%s.conf", dir,
	    c->name) < (int)sizeof(path))
		add_stat(&b, path);
	if (snprintf(path, sizeof(path), "%s/live/%s/cert.pem", dir,
	    c->name) < (int)sizeof(path))
		add_stat(&b, path);
	if (b.failed || digest_sha256_hex(b.data, b.len, out, &ignored) == -1)
		out[0] = '\0';
	buf_free(&b);
}

static int
settings(struct renew *r, struct error *err)
{
	struct buf b;
	int rc = -1;

	if (r->settings[0] != '\0')
		return 0;
	buf_init(&b, (size_t)LIMIT_CONFIG_FILE * 64);
	buf_adds(&b, ACMEFERRY_VERSION "\n");
	if (config_dump(r->config, &b, err) == 0)
		rc = digest_sha256_hex(b.data, b.len, r->settings, err);
	buf_free(&b);
	return rc;
}

int
renew_world(struct renew *r, struct error *err)
{
	static const char *const files[] = { "ledger.jsonl", "acme.json" };
	char path[PATH_ROOM];
	struct buf b;
	int rc = -1;

	if (settings(r, err) == -1)
		return -1;
	buf_init(&b, PATH_ROOM);
	buf_adds(&b, r->settings);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (snprintf(path, sizeof(path), "%s/%s",
		    r->config->state_dir, files[i]) < (int)sizeof(path))
			add_stat(&b, path);
	if (buf_check(&b, "state", err) == 0)
		rc = digest_sha256_hex(b.data, b.len, r->world, err);
	buf_free(&b);
	return rc;
}

/* ---- accounts that came through acmeferry ------------------------------- */

static int
received(void *arg, const struct ledger_entry *e, struct error *err)
{
	struct renew *r = arg;
	struct renew_shared *v;

	if (e->operation == NULL || e->server == NULL || e->id == NULL ||
	    strcmp(e->operation, "received") != 0)
		return 0;
	for (size_t i = 0; i < r->nshared; i++)
		if (strcmp(r->shared[i].id, e->id) == 0 &&
		    server_same(r->shared[i].server, e->server))
			return 0;
	if ((v = mem_grow(r->shared, r->nshared, &r->capshared,
	    sizeof(*v))) == NULL)
		return error_nomem(err);
	r->shared = v;
	v = &v[r->nshared++];
	memset(v, 0, sizeof(*v));
	if (str_dup(&v->server, e->server, err) == -1 ||
	    str_dup(&v->id, e->id, err) == -1)
		return -1;
	return str_dup(&v->client, e->client, err);
}

static const struct renew_shared *
find_shared(const struct renew *r, const struct lineage *l)
{
	for (size_t i = 0; i < r->nshared; i++)
		if (lineage_uses(l, r->shared[i].server, r->shared[i].id))
			return &r->shared[i];
	return NULL;
}

static int
read_shared(struct renew *r, struct error *err)
{
	if (r->has_shared)
		return 0;
	r->has_shared = true;
	return store_ledger_each(r->store, received, r, NULL, err);
}

/* ---- the list ----------------------------------------------------------- */

static int
add_named(const struct renew *r, const char *name,
    const struct strs *lineages, struct strs *out, struct error *err)
{
	char *word = (char *)(uintptr_t)name;
	struct strs one = { &word, 1, 1 };
	const struct config_cert *cert = config_cert(r->config, name);

	if (cert == NULL && !strs_has(lineages, name))
		cert = config_cert_for(r->config, &one);
	if (cert != NULL)
		name = cert->name;
	else if (!strs_has(lineages, name))
		return error_set(err, CODE_USAGE, "'%s': no certificate of "
		    "this name is configured or in '%s/renewal'; "
		    "'acmeferry config --effective' shows those configured",
		    vis(name), vis(r->config->certbot_config_dir));
	return strs_has(out, name) ? 0 : strs_add(out, name, err);
}

static int
add_all(const struct renew *r, const struct strs *lineages, struct strs *out,
    struct error *err)
{
	const struct config *c = r->config;

	for (size_t i = 0; i < c->ncerts; i++)
		if (strs_add(out, c->certs[i]->name, err) == -1)
			return -1;
	for (size_t i = 0; r->opts.lineages && i < lineages->n; i++)
		if (config_cert(c, lineages->v[i]) == NULL &&
		    strs_add(out, lineages->v[i], err) == -1)
			return -1;
	return 0;
}

/* The names of all that may be looked at. */
static int
candidates(struct renew *r, struct strs *out, struct error *err)
{
	const struct strs *names = r->opts.names;
	bool named = names != NULL && names->n > 0;
	struct strs lineages = { 0 };
	int rc = 0;

	if ((named || r->opts.lineages) && store_lineage_names(r->store,
	    &lineages, err) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && named && i < names->n; i++)
		rc = add_named(r, names->v[i], &lineages, out, err);
	if (rc == 0 && !named)
		rc = add_all(r, &lineages, out, err);
	strs_free(&lineages);
	return rc;
}

/* ---- passing over ------------------------------------------------------- */

static bool
same_facts(const struct renew_cert *c)
{
	return c->stamp[0] != '\0' && c->entry->decided != 0 &&
	    strcmp(c->stamp, c->entry->stamp) == 0;
}

static bool
can_skip(const struct renew *r, const struct renew_cert *c)
{
	const struct renew_entry *e = c->entry;

	if (!r->opts.brief || r->opts.now || r->opts.dry_run || !same_facts(c))
		return false;
	return renew_now(r) < e->next && e->alarm == 0 &&
	    (c->config == NULL || c->config->served.n == 0) &&
	    !deploy_pending(r->config->state_dir, c->name) &&
	    !pending_exists(r->config->state_dir, c->name);
}

/* A lineage that is not configured: *ours tells whether it is one of ours. */
static int
look_at_lineage(struct renew *r, struct renew_cert *c, bool *ours,
    struct error *err)
{
	const struct renew_shared *s;
	const struct config_peer *p;
	struct lineage *l = NULL;
	int rc = -1;

	*ours = false;
	if (read_shared(r, err) == -1 || store_lineage(r->store, c->name,
	    false, &l, err) == -1)
		return -1;
	if (l == NULL || l->server == NULL || l->account == NULL ||
	    (r->opts.server != NULL && !server_same(r->opts.server,
	    l->server))) {
		rc = 0;
		goto out;
	}
	s = find_shared(r, l);
	*ours = s != NULL;
	if (!*ours && lineage_is_ours(l, ours, err) == -1)
		goto out;
	p = s != NULL && s->client != NULL ? config_peer(r->config,
	    s->client) : NULL;
	if (p != NULL && p->direction == DIRECTION_PULL &&
	    strs_add(&c->peers, p->name, err) == -1)
		goto out;
	rc = 0;
out:
	lineage_free(l);
	return rc;
}

/* Whether this one is to be looked at. */
static int
choose(struct renew *r, struct renew_cert *c, bool *yes, struct error *err)
{
	bool named = r->opts.names != NULL && r->opts.names->n > 0;

	renew_stamp(r, c, c->stamp);
	if (c->config != NULL || c->entry->shared) {
		*yes = !can_skip(r, c);
		if (!*yes || c->config != NULL)
			return !*yes ? 0 : strs_copy(&c->peers,
			    &c->config->peer, err);
	} else if (!named && same_facts(c)) {
		*yes = false;
		return 0;
	}
	if (look_at_lineage(r, c, yes, err) == -1)
		return -1;
	c->entry->shared = *yes;
	if (*yes)
		return 0;
	if (named)
		return error_set(err, CODE_USAGE, "'%s': is not configured, "
		    "and its account did not come through acmeferry; certbot "
		    "renews it", vis(c->name));
	r->state.dirty = true;
	c->entry->decided = clock_now();
	memcpy(c->entry->stamp, c->stamp, sizeof(c->stamp));
	return 0;
}

static int
take(struct renew *r, const char *name, struct error *err)
{
	struct renew_cert c = { 0 }, *v;
	bool yes = false;
	int rc = -1;

	c.entry = renew_state_find(&r->state, name);
	c.entry->seen = true;
	c.config = config_cert(r->config, name);
	error_clear(&c.err);
	if (str_dup(&c.name, name, err) == -1 ||
	    choose(r, &c, &yes, err) == -1)
		goto out;
	rc = 0;
	if (!yes)
		goto out;
	if ((v = mem_grow(r->certs, r->ncerts, &r->capcerts,
	    sizeof(*v))) == NULL) {
		rc = error_nomem(err);
		goto out;
	}
	r->certs = v;
	v[r->ncerts++] = c;
	return 0;
out:
	free(c.name);
	strs_free(&c.peers);
	return rc;
}

int
renew_list(struct renew *r, struct error *err)
{
	struct strs names = { 0 };
	int rc;

	rc = candidates(r, &names, err);
	/* all entries are made before one is pointed to */
	for (size_t i = 0; rc == 0 && i < names.n; i++)
		if (renew_state_get(&r->state, names.v[i], err) == NULL)
			rc = -1;
	for (size_t i = 0; rc == 0 && i < names.n; i++)
		rc = take(r, names.v[i], err);
	strs_free(&names);
	return rc;
}
