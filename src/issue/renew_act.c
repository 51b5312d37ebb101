/* SPDX-License-Identifier: ISC */
/* Order, proof, certificate; deploy hooks; what is served. */
#include "issue/renew_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"
#include "issue/issue_impl.h"
#include "issue/prove.h"
#include "issue/served.h"

/* ---- issuing ------------------------------------------------------------ */

static int
merge_hints(const struct renew *r, const struct renew_cert *c,
    struct hints *out, struct error *err)
{
	const struct hints *l;
	struct hint *h;

	for (size_t k = 0; k < c->peers.n; k++) {
		l = renew_hints(r, c->peers.v[k]);
		for (size_t i = 0; l != NULL && i < l->n; i++) {
			if ((h = hints_add(out)) == NULL)
				return error_nomem(err);
			/* borrowed: only the list itself is freed */
			*h = l->v[i];
		}
	}
	return 0;
}

/* The steps of one certificate, which holds issue.lock meanwhile. */
static int
steps(const struct renew_cert *c, struct issue *is, struct error *why)
{
	if (issue_plan(is, why) == -1)
		return -1;
	log_progress("'%s': asking %s", vis(c->name), vis(is->server));
	if (issue_verify(is, why) == -1 || issue_prove(is, why) == -1)
		return -1;
	log_progress("'%s': issuing", vis(c->name));
	return issue_finish(is, why);
}

static const struct verify_set *
set_of(const struct issue *is)
{
	return is->verified && is->verify.nsets > 0 ? &is->verify.sets[0] :
	    NULL;
}

static int
try(const struct renew *r, const struct renew_cert *c,
    const struct issue_options *opts, struct issue *is, struct error *why)
{
	int rc;

	issue_init(is, r->store, r->config, opts);
	rc = steps(c, is, why);
	if (rc == -1 && issue_came_late(is, why)) {
		log_verbose("%s; once more", why->msg);
		issue_free(is);
		error_clear(why);
		issue_init(is, r->store, r->config, opts);
		rc = steps(c, is, why);
	}
	lock_release(&is->lock);
	/* what was tried on the way and mended is no reason */
	if (rc == 0)
		error_clear(why);
	return rc;
}

/* The CA tried to validate in vain: that is counted, for all holders. */
static bool
is_invalid(const struct issue *is)
{
	const struct verify_set *s = set_of(is);

	for (size_t i = 0; s != NULL && i < s->nnames; i++)
		if (s->names[i].status == AUTHZ_INVALID)
			return true;
	return false;
}

/* Is another certificate there than before? */
static bool
is_new(const struct renew *r, const struct issue *is)
{
	struct error ignored;
	struct lineage *l = NULL;
	struct cert now = { 0 };
	bool yes = false;

	if (is->name == NULL || !is->changed || store_lineage(r->store,
	    is->name, false, &l, &ignored) == -1)
		return false;
	if (l != NULL && l->cert != NULL &&
	    cert_read(l->cert, &now, &ignored) == 0)
		yes = is->before == NULL || strcmp(is->before, now.digest) != 0;
	cert_free(&now);
	lineage_free(l);
	return yes;
}

static int
say_order(const struct renew *r, struct renew_cert *c,
    const struct issue *is, const struct error *why, struct error *err)
{
	const struct verify_set *s = set_of(is);

	if (s != NULL && renew_tried(r, c, err, "order: %s", s->ready ?
	    "ready, every name is authorised" : why->code != CODE_OK ?
	    why->msg : "pending") == -1)
		return -1;
	if (s != NULL && !s->ready)
		return 0;
	return renew_tried(r, c, err, "issue: %s", why->code == CODE_OK ?
	    "ok" : why->msg);
}

/* A run that failed, or succeeded, in the history. */
static int
remember(struct renew *r, struct renew_cert *c, const struct error *why,
    struct error *err)
{
	struct renew_entry *e = c->entry;
	int64_t now = renew_now(r);

	e->attempt = now;
	free(e->error);
	e->error = NULL;
	e->code = c->renewed ? CODE_OK : why->code;
	e->unproven = false;
	e->retry_after = 0;
	if (c->renewed) {
		e->success = now;
		e->failures = 0;
		e->failing = 0;
		e->answered = e->told;
		/* the CA's advice was about the one before */
		e->ari_start = e->ari_end = e->ari_poll = 0;
		free(e->ari_why);
		e->ari_why = NULL;
		return 0;
	}
	if (e->failures++ == 0)
		e->failing = now;
	if (why->retry_after > 0)
		e->retry_after = now + why->retry_after;
	return str_dup(&e->error, why->msg, err);
}

/* What the renewed (or not) certificate is now; takes *is. */
static int
take_over(struct renew_cert *c, struct issue *is, struct error *err)
{
	const struct verify_set *s = set_of(is);

	if (s != NULL && s->ordered)
		c->entry->answered = c->entry->told;
	/* one that could not even be planned tells less than the one before */
	if (is->account == NULL && !is->by_peer) {
		issue_free(is);
		return 0;
	}
	c->deploy_pending = is->deploy_pending;
	issue_free(&c->issue);
	c->issue = *is;
	c->issue.opts.domains = &c->domains;
	c->issue.accounts = &c->issue.own_accounts;
	c->issue.lineages = &c->issue.own_lineages;
	free(c->account);
	c->account = NULL;
	return c->issue.account == NULL ? 0 :
	    str_dup(&c->account, c->issue.account->dirname, err);
}

int
renew_act(struct renew *r, struct renew_cert *c, struct error *err)
{
	struct issue_options opts = c->issue.opts;
	struct hints hints = { 0 };
	struct issue is;
	struct error why;
	bool invalid;
	int rc = -1;

	error_clear(&why);
	if (merge_hints(r, c, &hints, err) == -1) {
		free(hints.v);
		return -1;
	}
	opts.peek = false;
	opts.lineages = NULL;
	opts.accounts = NULL;
	opts.hints = &hints;
	opts.force = true;
	opts.why = c->decide.reason;
	c->acted = true;
	c->result = CODE_OK;
	error_clear(&c->err);
	if (try(r, c, &opts, &is, &why) == -1)
		renew_fail(c, &why);
	invalid = is_invalid(&is);
	c->renewed = is_new(r, &is);
	r->changed = r->changed || is.changed;
	rc = say_order(r, c, &is, &why, err);
	is.opts.hints = NULL;
	is.opts.why = NULL;
	if (take_over(c, &is, err) == -1 || remember(r, c, &why, err) == -1)
		rc = -1;
	c->entry->unproven = invalid && !c->renewed;
	free(hints.v);
	/* what others read of the store may be out of date */
	if (c->renewed)
		renew_forget(r);
	return rc;
}

/* ---- deploying ---------------------------------------------------------- */

static void
compare(struct renew_cert *c)
{
	struct error why;

	error_clear(&why);
	if (c->config == NULL || c->config->served.n == 0 ||
	    !c->planned || c->issue.lineage == NULL)
		return;
	if (served_check(c->config, c->issue.lineage->cert, &c->served, &why)
	    == -1)
		renew_fail(c, &why);
}

int
renew_deploy(struct renew *r, struct renew_cert *c, struct error *err)
{
	struct error why;

	error_clear(&why);
	(void)err;
	/* one that has just failed has its say already */
	if (c->deploy_pending && !c->renewed && c->planned &&
	    c->issue.lineage != NULL) {
		if (issue_deploy(&c->issue, &why) == -1)
			renew_fail(c, &why);
		else
			r->changed = true;
		c->deploy_pending = c->issue.deploy_pending;
	}
	compare(c);
	return 0;
}
