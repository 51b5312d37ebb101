/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/vis.h"
#include "transport/sftp.h"
#include "transport/sftp_diff.h"
#include "transport/sftp_put.h"

enum {
	LOCK_TIMEOUT = 30,	/* s, as for the store here */
	LOCK_PAUSE = 1000	/* ms between looks at certbot's lock */
};

/* One push. */
struct push {
	struct sftp_transport *t;
	struct sftp_put put;
	struct strs servers;
	char *state;		/* for journal, backups and ledger */
	char *original;		/* the URL without the user, for backups */
	struct lock lock;	/* of sessions of ours to this place */
	struct sftp_state before, after;
	struct sftp_steps steps;
};

static int64_t
lock_timeout(const struct push *p)
{
	int64_t s = p->t->opts.config->lock_timeout;

	return s == CONFIG_AUTO ? LOCK_TIMEOUT : s;
}

/* Where the state is kept, and nobody else at it. */
static int
begin(struct push *p, const struct offer *offer, struct error *err)
{
	static const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	const struct config *c = p->t->opts.config;
	const struct ssh_url *u = sftp_url(p->t->s);
	bool literal = strchr(u->host, ':') != NULL;
	char *file = NULL;
	int rc = -1;

	for (size_t i = 0; i < offer->n; i++)
		if (offer->v[i]->account != NULL &&
		    !strs_has(&p->servers, offer->v[i]->server) &&
		    strs_add(&p->servers, offer->v[i]->server, err) == -1)
			return -1;
	if (transport_state_dir(c, p->t->peer->url, &p->state, err) == -1 ||
	    str_printf(&p->original, err, "sftp://%s%s%s%s",
	    literal ? "[" : "", u->host, literal ? "]" : "",
	    strcmp(u->path, "/") == 0 ? "" : u->path) == -1)
		return -1;
	if (p->t->opts.dry_run)
		return 0;
	if (str_printf(&file, err, "%s/lock", p->state) == 0 &&
	    atomic_mkdirs(p->state, &attr, err) == 0 &&
	    lock_acquire(&p->lock, file, lock_timeout(p) * 1000, err) == 0)
		rc = 0;
	free(file);
	return rc;
}

static void
end(struct push *p)
{
	lock_release(&p->lock);
	strs_free(&p->servers);
	free(p->state);
	free(p->original);
	sftp_state_free(&p->before);
	sftp_state_free(&p->after);
	sftp_steps_free(&p->steps);
}

/* certbot takes its file away when it ends; what stays is of one that was
 * killed, or of one that runs. */
static int
wait_lock(struct push *p, struct error *err)
{
	int64_t until = clock_mono() + lock_timeout(p) * 1000;
	struct sftp_tree *tree = &p->t->tree;

	for (;;) {
		if (sftp_tree_look(tree, err) == -1)
			return -1;
		if (!tree->locked || p->t->opts.dry_run)
			return 0;
		if (clock_mono() >= until)
			return error_set(err, CODE_RETRY, "'%s': '%s%s' is "
			    "there: certbot is at work; if no certbot runs "
			    "there, one was killed: then remove the file",
			    vis(sftp_where(p->t->s)),
			    vis(sftp_below(tree->top)), "/.certbot.lock");
		log_progress("waiting for certbot at %s",
		    sftp_where(p->t->s));
		clock_sleep(LOCK_PAUSE);
		sftp_more_time(p->t->s);
	}
}

/* The rules, on the copy; the journal of a killed run was about another. */
static int
apply_here(struct push *p, struct offer *offer, struct verdicts *out,
    struct error *err)
{
	struct store_options so = { .config_dir = p->t->scratch.path,
		.state_dir = p->state, .original = p->original,
		.lock_timeout = (int64_t)LOCK_TIMEOUT * 1000 };
	const struct receiver *r = p->t->opts.receiver;
	char *journal = NULL;
	int rc = -1;

	if (str_printf(&journal, err, "%s/journal", p->state) == -1 ||
	    (!p->t->opts.dry_run &&
	    atomic_remove_tree(AT_FDCWD, journal, err) == -1) ||
	    sftp_state_take(p->t->scratch.path, &p->before, err) == -1 ||
	    store_open(&so, &p->t->store, err) == -1)
		goto out;
	if (r->receive(r->arg, p->t->store, offer, p->t->opts.prefer,
	    p->t->opts.verbatim, out, err) == -1 ||
	    sftp_state_take(p->t->scratch.path, &p->after, err) == -1)
		goto out;
	rc = sftp_steps_make(&p->before, &p->after, &p->steps, err);
out:
	if (rc == -1)
		sftp_retell(p->t, err->msg, sizeof(err->msg));
	free(journal);
	return rc;
}

static int
carry_over(struct push *p, struct error *err)
{
	size_t done;

	if (p->steps.n == 0)
		return 0;
	if (wait_lock(p, err) == -1 || sftp_put_check(&p->put, &p->steps,
	    &p->before, err) == -1)
		return -1;
	if (!p->t->tree.accounts_dir &&
	    sftp_put_dir(&p->put, "accounts", err) == -1)
		return -1;
	for (done = 0; done < p->steps.n; done++) {
		/* many accounts take their time */
		sftp_more_time(p->t->s);
		if (sftp_put_step(&p->put, &p->steps.v[done], &p->before,
		    &p->after, err) == 0)
			continue;
		if (done > 0)
			log_step("'%s': %zu of %zu changes were made; the next "
			    "push goes on from there",
			    vis(sftp_where(p->t->s)), done, p->steps.n);
		return -1;
	}
	return 0;
}

int
sftp_send(struct transport *transport, struct offer *offer,
    struct verdicts *out, struct error *err)
{
	struct sftp_transport *t = (struct sftp_transport *)transport;
	struct push p = { .t = t, .lock = { -1, NULL } };
	bool write = !t->opts.dry_run;
	int rc = -1;

	t->tree.s = t->s;
	t->tree.copy = t->scratch.path;
	t->tree.servers = &p.servers;
	t->tree.verbatim = true;
	if (begin(&p, offer, err) == 0 &&
	    sftp_put_init(&p.put, &t->tree, p.state, err) == 0 &&
	    sftp_tree_enter(&t->tree, write ? SFTP_MAKE : SFTP_WOULD_MAKE,
	    err) == 0 && (t->tree.missing || (wait_lock(&p, err) == 0 &&
	    sftp_tree_copy(&t->tree, err) == 0)) &&
	    (!write || sftp_put_sweep(&p.put, err) == 0) &&
	    apply_here(&p, offer, out, err) == 0)
		rc = carry_over(&p, err);
	t->tree.servers = NULL;
	end(&p);
	return rc;
}
