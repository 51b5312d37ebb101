/* SPDX-License-Identifier: ISC */
#include "issue/renew.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/vis.h"
#include "issue/certbot_run.h"
#include "issue/renew_impl.h"

void
renew_init(struct renew *r, struct store *s, const struct config *c,
    const struct renew_options *opts)
{
	struct error ignored;

	memset(r, 0, sizeof(*r));
	r->store = s;
	r->config = c;
	r->opts = *opts;
	r->lock.fd = -1;
	/* two hosts of no name meet at the same minutes, no more */
	if (gethostname(r->host, sizeof(r->host) - 1) == -1) {
		error_sys(&ignored, CODE_ERROR, "this host's name cannot be "
		    "read");
		log_warn("%s", ignored.msg);
	}
}

static void
cert_release(struct renew_cert *c)
{
	if (c->begun)
		issue_free(&c->issue);
	free(c->name);
	free(c->server);
	free(c->account);
	strs_free(&c->peers);
	strs_free(&c->domains);
	strs_free(&c->tried);
}

void
renew_free(struct renew *r)
{
	for (size_t i = 0; i < r->ncerts; i++)
		cert_release(&r->certs[i]);
	for (size_t i = 0; i < r->npeers; i++) {
		strs_free(&r->peers[i].names);
		sync_result_free(&r->peers[i].result);
	}
	for (size_t i = 0; i < r->nlooks; i++)
		verify_free(&r->looks[i]);
	for (size_t i = 0; i < r->nshared; i++) {
		free(r->shared[i].server);
		free(r->shared[i].id);
		free(r->shared[i].client);
	}
	renew_forget(r);
	free(r->certs);
	free(r->peers);
	free(r->looks);
	free(r->shared);
	free(r->stores);
	renew_state_free(&r->state);
	memory_free(r->memory);
	lock_release(&r->lock);
	memset(r, 0, sizeof(*r));
	r->lock.fd = -1;
}

/* ---- one run at a time -------------------------------------------------- */

/* A second run has nothing to do, save that a person who names a certificate
 * waits. */
static int
take_lock(struct renew *r, struct error *err)
{
	struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	struct error why;
	char *path = NULL;
	int rc;

	if (r->opts.dry_run)
		return 0;
	error_clear(&why);
	if (atomic_mkdirs(r->config->state_dir, &attr, err) == -1 ||
	    str_printf(&path, err, "%s/renew.lock", r->config->state_dir)
	    == -1)
		return -1;
	rc = lock_acquire(&r->lock, path, r->opts.now ?
	    issue_lock_timeout(r->config) : 0, &why);
	free(path);
	if (rc == 0)
		return 0;
	if (why.code == CODE_RETRY && !r->opts.now) {
		log_verbose("%s; that run does it all", why.msg);
		r->busy = true;
		return 0;
	}
	*err = why;
	return -1;
}

/* ---- the decisions ------------------------------------------------------ */

static int
read_memory(struct renew *r, struct error *err)
{
	memory_free(r->memory);
	r->memory = NULL;
	return memory_open(r->config->state_dir, &r->memory, err);
}

static int
decide_all(struct renew *r, struct error *err)
{
	struct renew_cert *c;

	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		if (!c->planned)
			continue;
		if (renew_ask_decide(r, c, &c->decide, err) == -1)
			return -1;
		c->decided = true;
		c->next = c->decide.when;
	}
	return 0;
}

/* What a failure means so near to the end. */
static void
raise_alarm(const struct renew *r, struct renew_cert *c)
{
	struct error why = c->err;
	char end[TIME_TEXT];
	bool alarm = c->decided ? c->decide.alarm : renew_in_alarm(r, c);

	if (c->renewed || !alarm) {
		c->entry->alarm = 0;
		return;
	}
	if (c->entry->alarm == 0)
		c->entry->alarm = renew_now(r);
	if (c->result == CODE_OK || c->result == CODE_TRUST) {
		error_clear(&why);
		(void)error_set(&why, CODE_EXPIRING, "%s", c->entry->error !=
		    NULL ? c->entry->error : c->decide.reason);
	}
	c->cause = c->result != CODE_OK ? c->result : c->entry->code;
	(void)time_text(c->entry->not_after, end, sizeof(end));
	if (c->result == CODE_TRUST)
		return;
	why.code = CODE_EXPIRING;
	c->result = CODE_EXPIRING;
	c->err = why;
	error_wrap(&c->err, "'%s': ends on %s and could not be renewed",
	    vis(c->name), end);
}

/* ---- for the next run --------------------------------------------------- */

static int
set_text(char **slot, const char *text, struct error *err)
{
	free(*slot);
	*slot = NULL;
	return str_dup(slot, text, err);
}

/* The new certificate; what became of the old one stays. */
static int
plan_again(struct renew *r, struct renew_cert *c, struct error *err)
{
	enum code result = c->result;
	struct error why = c->err;

	if (renew_plan(r, c, err) == -1)
		return -1;
	c->result = result;
	c->err = why;
	return 0;
}

/* Decides again: what was done, and what it cost, counts for the next time. */
static int
conclude(struct renew *r, struct renew_cert *c, struct error *err)
{
	struct renew_entry *e = c->entry;
	struct decide d;

	e->decided = renew_now(r);
	e->next = 0;
	if (!c->planned)
		return set_text(&e->decision, NULL, err);
	/* only what e->asked says: a look that failed is to be repeated */
	c->looked = false;
	if (renew_ask_decide(r, c, &d, err) == -1)
		return -1;
	c->next = d.when;
	e->next = d.next;
	memcpy(e->stamp, c->stamp, sizeof(c->stamp));
	if (set_text(&e->decision, decide_text(d.what), err) == -1)
		return -1;
	return set_text(&e->reason, d.reason, err);
}

/* Those of a lineage that is still there stay: it may be looked at again. */
static void
prune(struct renew *r)
{
	struct strs names = { 0 };
	struct error ignored;

	if ((r->opts.names != NULL && r->opts.names->n > 0) ||
	    store_lineage_names(r->store, &names, &ignored) == -1) {
		strs_free(&names);
		return;
	}
	for (size_t i = 0; i < r->state.n; i++)
		if (!r->state.v[i].seen)
			r->state.v[i].seen = strs_has(&names,
			    r->state.v[i].name);
	renew_state_prune(&r->state);
	strs_free(&names);
}

static int
finish(struct renew *r, struct error *err)
{
	struct renew_cert *c;

	if (read_memory(r, err) == -1)
		return -1;
	r->concluding = true;
	for (size_t i = 0; i < r->ncerts; i++)
		if (r->certs[i].renewed &&
		    plan_again(r, &r->certs[i], err) == -1)
			return -1;
	if (renew_ask_ari(r, true, err) == -1)
		return -1;
	for (size_t i = 0; i < r->ncerts; i++)
		if (conclude(r, &r->certs[i], err) == -1)
			return -1;
	if (renew_world(r, err) == -1)
		return -1;
	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		renew_stamp(r, c, c->entry->stamp);
		/* what could not be planned is looked at every time */
		if (!c->planned)
			c->entry->stamp[0] = '\0';
		c->entry = NULL;
	}
	prune(r);
	return renew_state_save(&r->state, r->config->state_dir,
	    clock_now(), err);
}

/* ---- the run ------------------------------------------------------------ */

static int
act(struct renew *r, struct error *err)
{
	struct renew_cert *c;

	for (size_t i = 0; i < r->ncerts; i++) {
		c = &r->certs[i];
		if (c->planned && c->decided && c->decide.act &&
		    (c->result == CODE_OK || c->result == CODE_RETRY ||
		    r->opts.now) && renew_act(r, c, err) == -1)
			return -1;
		if (renew_deploy(r, c, err) == -1)
			return -1;
		raise_alarm(r, c);
	}
	return 0;
}

int
renew_run(struct renew *r, struct error *err)
{
	if (take_lock(r, err) == -1)
		return -1;
	if (r->busy)
		return 0;
	if (renew_state_load(r->config->state_dir, clock_now(), &r->state,
	    err) == -1)
		return -1;
	r->skew = r->state.skew;
	if (renew_world(r, err) == -1 || renew_list(r, err) == -1)
		return -1;
	if (r->ncerts == 0 && !r->state.dirty)
		return 0;
	if (read_memory(r, err) == -1)
		return -1;
	for (size_t i = 0; i < r->ncerts; i++)
		if (renew_plan(r, &r->certs[i], err) == -1)
			return -1;
	if (decide_all(r, err) == -1)
		return -1;
	if (r->opts.dry_run) {
		for (size_t i = 0; i < r->ncerts; i++)
			r->changed = r->changed || (r->certs[i].decided &&
			    r->certs[i].decide.act);
		return 0;
	}
	log_progress_start();
	if (renew_look(r, err) == -1 || renew_ask_ari(r, false, err) == -1 ||
	    read_memory(r, err) == -1 || decide_all(r, err) == -1 ||
	    act(r, err) == -1)
		return -1;
	return finish(r, err);
}
