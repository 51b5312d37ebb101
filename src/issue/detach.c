/* SPDX-License-Identifier: ISC */
#include "issue/detach.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/journal.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/vis.h"
#include "issue/certbot_argv.h"
#include "issue/certbot_run.h"
#include "issue/cron.h"
#include "issue/deploy.h"
#include "issue/lineage_conf.h"
#include "store/backup.h"

/* What is going to be done. */
struct plan {
	struct lineage *lineage;	/* NULL: none */
	const struct config_cert *cert;	/* NULL: not configured */
	bool guard;		/* its authenticator is ours to stop certbot */
	bool bare;		/* ... or certbot's own, with no hook left */
	struct buf conf;	/* the new text; empty: stays */
	struct strs remove;	/* of config.d, the certificate's first */
};

static int
note(struct detach *d, const char *path, const char *what, struct error *err)
{
	return strs_add(&d->paths, path, err) == -1 ? -1 :
	    strs_add(&d->changes, what, err);
}

/* ---- the lineage -------------------------------------------------------- */

static void
add_word(struct buf *words, const char *word)
{
	if (words->len > 0)
		buf_adds(words, ", ");
	buf_adds(words, word);
}

/* certbot's manual authenticator asks a person where it has no hook. */
static int
find_bare(struct plan *p, const struct lineage *l, unsigned int hooks,
    struct error *err)
{
	char *hook = NULL;

	if (l->authenticator == NULL || strcmp(l->authenticator, "manual") != 0)
		return 0;
	if (lineage_param(l, "manual_auth_hook", &hook, err) == -1)
		return -1;
	p->bare = hook == NULL || (hooks & LINEAGE_HOOK_AUTH) != 0;
	free(hook);
	return 0;
}

/* What acmeferry wrote goes out of the conf. */
static int
plan_conf(struct detach *d, struct plan *p, const struct lineage *l,
    struct error *err)
{
	enum lineage_auth auth = LINEAGE_AUTH_OTHER;
	unsigned int hooks = 0;
	struct buf words;
	int rc;

	if (l->unreadable)
		return error_set(err, CODE_STORE, "%s", l->problem);
	rc = lineage_auth(l, &auth, err);
	if (rc == 0)
		rc = lineage_hooks(l, &hooks, err);
	if (rc == 0)
		rc = find_bare(p, l, hooks, err);
	p->guard = auth == LINEAGE_AUTH_GUARD;
	/* else it was adopted, or is none of ours: nothing of it was set */
	if (rc == -1 || (!p->guard && hooks == 0))
		return rc;
	buf_init(&words, LIMIT_CONF_FILE);
	if (!l->autorenew)
		add_word(&words, "certbot renews it");
	if ((hooks & LINEAGE_HOOK_DEPLOY) != 0)
		add_word(&words, "the deploy hook is gone");
	if ((hooks & LINEAGE_HOOK_AUTH) != 0)
		add_word(&words, "the hooks that prove are gone");
	rc = buf_check(&words, l->conf, err);
	if (rc == 0 && words.len > 0) {
		rc = lineage_released(l, hooks, &p->conf, err);
		if (rc == 0)
			rc = note(d, l->conf, buf_str(&words), err);
	}
	buf_free(&words);
	return rc;
}

/* ---- the configuration -------------------------------------------------- */

static const struct config_cert *
other_user(const struct config *c, const char *name, const char *peer)
{
	for (size_t i = 0; i < c->ncerts; i++)
		if (strcmp(c->certs[i]->name, name) != 0 &&
		    strs_has(&c->certs[i]->peer, peer))
			return c->certs[i];
	return NULL;
}

static int
plan_peer(struct detach *d, struct plan *p, const char *name,
    struct error *err)
{
	const struct config_peer *peer = config_peer(d->config, name);
	bool own;

	if (peer == NULL || other_user(d->config, d->name, name) != NULL ||
	    strs_has(&p->remove, peer->file))
		return 0;
	if (config_peer_file(peer, &own, err) == -1)
		return -1;
	return own ? strs_add(&p->remove, peer->file, err) : 0;
}

static int
plan_config(struct detach *d, struct plan *p, struct error *err)
{
	bool own;

	if (config_cert_file(p->cert, &own, err) == -1)
		return -1;
	if (!own)
		return strs_addf(&d->todo, err, "'%s': the certificate is "
		    "configured there, in a file that is not acmeferry's "
		    "alone; take its entry out", vis(p->cert->file));
	if (strs_add(&p->remove, p->cert->file, err) == -1)
		return -1;
	for (size_t i = 0; i < p->cert->peer.n; i++)
		if (plan_peer(d, p, p->cert->peer.v[i], err) == -1)
			return -1;
	return 0;
}

/* ---- what is left to the user ------------------------------------------- */

/* A command that gives the lineage an authenticator. */
static int
example(const struct detach *d, const struct plan *p, const struct lineage *l,
    char **out, struct error *err)
{
	struct strs argv = { 0 };
	bool wildcard = false;
	char *hook = NULL;
	int rc;

	rc = strs_addf(&argv, err, "%s", d->config->certbot_program);
	if (rc == 0)
		rc = strs_add(&argv, "certonly", err);
	if (rc == 0)
		rc = strs_add(&argv, "--force-renewal", err);
	if (rc == 0 && l->server != NULL)
		rc = strs_addf(&argv, err, "--server=%s", l->server);
	if (rc == 0 && l->account != NULL)
		rc = strs_addf(&argv, err, "--account=%s", l->account);
	if (rc == 0)
		rc = strs_addf(&argv, err, "--cert-name=%s", l->name);
	for (size_t i = 0; rc == 0 && i < l->domains.n; i++) {
		wildcard |= str_starts(l->domains.v[i], "*.");
		rc = strs_addf(&argv, err, "--domain=%s", l->domains.v[i]);
	}
	if (rc == 0 && p->cert != NULL && p->cert->deploy_hook.n > 0) {
		if ((hook = shell_join(&p->cert->deploy_hook)) == NULL)
			rc = error_nomem(err);
		else
			rc = strs_addf(&argv, err, "--deploy-hook=%s", hook);
	}
	if (rc == 0 && (*out = shell_join(&argv)) == NULL)
		rc = error_nomem(err);
	free(hook);
	hook = NULL;
	if (rc == 0 && str_printf(&hook, err, "%s %s", *out, wildcard ?
	    "--dns-PLUGIN" : "--webroot -w DIRECTORY") == 0) {
		free(*out);
		*out = hook;
	} else
		rc = -1;
	strs_free(&argv);
	return rc;
}

static int
say_unable(struct detach *d, const struct plan *p, const struct lineage *l,
    struct error *err)
{
	char *command = NULL;
	int rc;

	rc = example(d, p, l, &command, err);
	if (rc == 0)
		rc = strs_addf(&d->todo, err, "'%s': certbot renews it from "
		    "now on but cannot prove its names: %s; give it one that "
		    "can, such as: %s", d->name, p->guard ?
		    "the authenticator is acmeferry's guard, which stops "
		    "certbot before it asks the CA" : "its authenticator is "
		    "'manual' without a hook", command);
	free(command);
	return rc;
}

/* A line of cron would go on. */
static int
say_cron(struct detach *d, const struct strs *names, struct error *err)
{
	const struct cron_cert cert = { d->name, names, true };
	char *where = NULL;
	int rc;

	if (names->n == 0)
		return 0;
	rc = cron_find("", &cert, &where, err);
	if (rc == 0 && where != NULL)
		rc = strs_addf(&d->todo, err, "'%s': has a line of acmeferry; "
		    "where it names %s, take it out", vis(where),
		    names->v[0]);
	free(where);
	return rc;
}

/* ---- doing it ----------------------------------------------------------- */

static int
plan_lineage(struct detach *d, struct plan *p, const struct lineage *l,
    struct error *err)
{
	if (plan_conf(d, p, l, err) == -1)
		return -1;
	if (l->domains.n == 0 && l->problem[0] != '\0' &&
	    strs_addf(&d->todo, err, "'%s': its names are not known: %s",
	    d->name, l->problem) == -1)
		return -1;
	if ((p->guard || p->bare) && say_unable(d, p, l, err) == -1)
		return -1;
	return p->cert == NULL ? say_cron(d, &l->domains, err) : 0;
}

static int
make_plan(struct detach *d, struct plan *p, struct error *err)
{
	p->cert = config_cert(d->config, d->name);
	if (store_lineage(d->store, d->name, true, &p->lineage, err) == -1)
		return -1;
	if (p->lineage != NULL) {
		if (plan_lineage(d, p, p->lineage, err) == -1)
			return -1;
	} else if (p->cert == NULL)
		return error_set(err, CODE_STORE, "'%s': neither a lineage in "
		    "the store nor a configured certificate has this name; "
		    "'certbot certificates' and 'acmeferry config "
		    "--effective' show them", vis(d->name));
	if (p->cert == NULL)
		return 0;
	if (plan_config(d, p, err) == -1)
		return -1;
	for (size_t i = 0; i < p->remove.n; i++)
		if (note(d, p->remove.v[i], "removed", err) == -1)
			return -1;
	return say_cron(d, &p->cert->domains, err);
}

/*
 * At each step the configuration can be read: a certificate whose peer is gone
 * could not.  Restoring goes through the backup in its order, so the peers
 * come first in that.
 */
static int
carry_out(struct detach *d, const struct plan *p, struct error *err)
{
	const struct lineage *l = p->lineage;
	struct journal *j = NULL;
	char id[64];
	int rc = -1;

	if (backup_begin(d->store, "detached", l != NULL ? l->server : NULL,
	    l != NULL ? l->account : NULL, id, sizeof(id), err) == -1 ||
	    journal_new(store_state_dir(d->store), &j, err) == -1)
		goto out;
	for (size_t i = p->remove.n; i-- > 0;)
		if (backup_add(d->store, id, p->remove.v[i], err) == -1)
			goto out;
	if (l != NULL && p->conf.len > 0 &&
	    (backup_add(d->store, id, l->conf, err) == -1 ||
	    journal_write(j, l->conf, buf_str(&p->conf), err) == -1))
		goto out;
	for (size_t i = 0; i < p->remove.n; i++)
		if (journal_remove(j, p->remove.v[i], err) == -1)
			goto out;
	if (str_dup(&d->backup, id, err) == 0)
		rc = journal_commit(j, err);
out:
	journal_free(j);
	return rc;
}

static int
detach_locked(struct detach *d, struct error *err)
{
	struct plan p = { 0 };
	int rc;

	buf_init(&p.conf, LIMIT_CONF_FILE);
	rc = make_plan(d, &p, err);
	if (rc == 0 && d->paths.n > 0 && !d->dry_run)
		rc = carry_out(d, &p, err);
	lineage_free(p.lineage);
	buf_free(&p.conf);
	strs_free(&p.remove);
	return rc;
}

int
detach_run(struct detach *d, struct error *err)
{
	struct lock lock = LOCK_NONE;
	int rc = -1;

	if (!lineage_name_valid(d->name))
		return error_set(err, CODE_USAGE, "'%s': cannot be the name "
		    "of a certificate, want one that 'certbot certificates' "
		    "shows", vis(d->name));
	if (d->dry_run)
		return detach_locked(d, err);
	if (issue_lock(d->config, &lock, err) == 0 &&
	    store_lock(d->store, err) == 0) {
		rc = detach_locked(d, err);
		store_unlock(d->store);
	}
	lock_release(&lock);
	return rc;
}

void
detach_free(struct detach *d)
{
	strs_free(&d->paths);
	strs_free(&d->changes);
	strs_free(&d->todo);
	free(d->backup);
}
