/* SPDX-License-Identifier: ISC */
/*
 * A set of names, second part: an order.  What a CA does with one decides how
 * its answer is read.  Boulder returns the same pending or ready order for the
 * same set of names, and looks for it before it looks for authorizations; so a
 * pending order may hide authorizations that are valid.  Where we know such
 * ones for every pending name, the order is sent once more: another order
 * comes back from a CA that does not do so, and then it does not reuse
 * authorizations at all.  The same order: our own pending authorizations are
 * deactivated (each counts as one failed validation, so at most once a day and
 * name) and a third order tells; unless what is pending can be proven.
 */
#include "issue/verify_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"

enum {
	ORDERS_MAX = 4,		/* newOrders for one set */
	NEW_ORDER_MAX = 64 * 1024
};

#define DAY	((int64_t)24 * 3600)

struct ask {
	struct verify_set *set;
	char *url;
};

static void
ask_free(struct ask *k)
{
	free(k->url);
	free(k);
}

static void
forget_order(struct verify_set *s)
{
	free(s->order);
	free(s->finalize);
	s->order = s->finalize = NULL;
}

/* What the CA refuses by name is told by name. */
static void
blame_names(struct verify_set *s, const struct acme_problem *p)
{
	struct verify_name *n;
	struct error ignored;

	for (size_t i = 0; p != NULL && i < p->nsubs; i++) {
		if ((n = set_name(s, p->subs[i].name)) == NULL)
			continue;
		n->refused = true;
		n->usable = false;
		free(n->problem);
		if (str_printf(&n->problem, &ignored, "%s: %s",
		    vis(p->subs[i].type), vis(p->subs[i].detail)) == -1)
			n->problem = NULL;
	}
}

/* newOrder itself was refused. */
static void
order_refused(struct verify_set *s, const struct acme_answer *r,
    const struct error *e)
{
	struct error err = *e;

	if (r != NULL && r->problem != NULL) {
		s->refused = true;
		blame_names(s, r->problem);
		err.code = acme_order_refusal(r->problem, err.code);
	}
	set_fail(s, &err);
}

/* ---- the end of an order ------------------------------------------------ */

/* when 0: it is ready.  The same order twice tells what the CA does. */
static void
mark_pending(struct verify_set *s, int64_t when)
{
	struct memory *m = s->verify->memory;
	const char *before = NULL;
	struct error err;

	(void)memory_pending(m, s->key, &before);
	if (when != 0 && !s->deactivated && before != NULL &&
	    memory_set_order_reuse(m, s->verify->server,
	    strcmp(before, s->order) == 0 ? when : 0, &err) == -1)
		log_verbose("%s", err.msg);
	if (memory_set_pending(m, s->key, s->order, when, &err) == -1)
		log_verbose("%s", err.msg);
}

static void
learn_lifetime(struct verify_set *s)
{
	struct verify *v = s->verify;
	struct error err;

	if (s->order_expires <= 0)
		return;
	/* a second is lost on the way: rounded up to whole minutes */
	if (memory_set_lifetime(v->memory, v->server, s->profile,
	    (s->order_expires - acme_now(v->acme) + 59) / 60 * 60,
	    &err) == -1)
		log_verbose("%s", err.msg);
}

static bool
all_have(const struct verify_set *s, enum authz_status status)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (s->names[i].status != status)
			return false;
	return true;
}

/* Every name that the order wants proven was known to be usable; or only told
 * to be, which is less. */
static bool
hides(const struct verify_set *s, bool told)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (s->names[i].status != AUTHZ_VALID && !s->names[i].known &&
		    !(told && s->names[i].told))
			return false;
	return true;
}

static void
ready(struct verify_set *s)
{
	s->ready = true;
	s->done = true;
	mark_pending(s, 0);
	/* it counts whatever our own arithmetic says */
	for (size_t i = 0; i < s->nnames; i++)
		s->names[i].usable = true;
}

static void
deactivated(void *arg, const struct acme_answer *r, const struct error *e)
{
	struct ask *k = arg;
	struct verify_set *s = k->set;

	(void)r;
	s->waiting--;
	if (e != NULL)
		log_verbose("%s", e->msg);
	memory_drop_authz(s->verify->memory, k->url);
	ask_free(k);
	if (s->waiting == 0 && !s->done)
		set_order(s);
}

static int
deactivate(struct verify_set *s, struct verify_name *n, struct error *err)
{
	struct verify *v = s->verify;
	struct ask *k;
	struct acme_request r = {
		.kid = verify_kid(s), .payload = AUTHZ_DEACTIVATE,
		.key = verify_key, .key_arg = &v->accounts[s->account],
		.done = deactivated,
	};

	if (memory_set_deactivated(v->memory, verify_kid(s), n->name,
	    clock_now(), err) == -1)
		return -1;
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return error_nomem(err);
	k->set = s;
	if (str_dup(&k->url, n->url, err) == -1)
		goto fail;
	r.url = k->url;
	r.arg = k;
	log_step("'%s': the pending authorization '%s' hides a valid one; "
	    "deactivating it", vis(n->name), vis(k->url));
	if (acme_post(v->acme, &r, err) == -1)
		goto fail;
	s->waiting++;
	return 0;
fail:
	ask_free(k);
	return -1;
}

/* False where one was deactivated less than a day ago. */
static bool
may_deactivate(const struct verify_set *s)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (s->names[i].status == AUTHZ_PENDING &&
		    memory_deactivated(s->verify->memory, verify_kid(s),
		    s->names[i].name) > clock_now() - DAY)
			return false;
	return true;
}

static void
uncover(struct verify_set *s)
{
	struct error err;

	s->deactivated = true;
	error_clear(&err);
	for (size_t i = 0; i < s->nnames; i++)
		if (s->names[i].status == AUTHZ_PENDING &&
		    deactivate(s, &s->names[i], &err) == -1) {
			set_fail(s, &err);
			return;
		}
	if (s->waiting == 0)
		s->done = true;
}

/* The order is pending; `before` is the URL of the one before it, or NULL. */
static void
pending(struct verify_set *s, const char *before)
{
	if (all_have(s, AUTHZ_PENDING))
		learn_lifetime(s);
	mark_pending(s, clock_now());
	if (!hides(s, true)) {
		s->done = true;
		return;
	}
	if (before == NULL) {
		set_order(s);
		return;
	}
	if (strcmp(before, s->order) != 0) {
		s->no_reuse = hides(s, false);
		s->done = true;
	} else if (!s->verify->prove && !s->deactivated && may_deactivate(s))
		uncover(s);
	else
		s->done = true;
}

static void
order_complete(struct verify_set *s)
{
	char *before;

	if (s->waiting > 0 || s->done)
		return;
	s->ordered = true;
	if (s->is_ready || all_have(s, AUTHZ_VALID)) {
		ready(s);
		return;
	}
	before = s->before;
	s->before = NULL;
	pending(s, before);
	free(before);
}

/* ---- an order's authorizations ------------------------------------------ */

static void
authz_answered(void *arg, const struct acme_answer *r, const struct error *e)
{
	struct ask *k = arg;
	struct verify_set *s = k->set;
	struct verify_name *n = NULL;
	struct acme_authz z = { 0 };
	struct error err;

	s->waiting--;
	error_clear(&err);
	if (e != NULL)
		set_fail(s, e);
	else if (r->body == NULL) {
		error_set(&err, CODE_ERROR, "'%s': the answer is empty, want "
		    "an authorization", vis(k->url));
		set_fail(s, &err);
	} else if (acme_authz_parse(r->body, k->url, &z, &err) == -1)
		set_fail(s, &err);
	else if ((n = set_name(s, z.name)) == NULL) {
		error_set(&err, CODE_ERROR, "'%s': found an authorization for "
		    "'%s', which was not ordered", vis(k->url), vis(z.name));
		set_fail(s, &err);
	}
	if (n != NULL) {
		/* what the order holds is what counts now */
		n->status = AUTHZ_UNKNOWN;
		n->usable = false;
		n->usable_until = 0;
		name_take(s, n, &z, k->url);
		if (z.status == AUTHZ_VALID)
			n->usable = true;
	}
	acme_authz_free(&z);
	ask_free(k);
	order_complete(s);
}

static int
ask_authz(struct verify_set *s, const char *url, struct error *err)
{
	struct ask *k;
	struct acme_request r = {
		.kid = verify_kid(s), .key = verify_key,
		.key_arg = &s->verify->accounts[s->account],
		.done = authz_answered,
	};

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return error_nomem(err);
	k->set = s;
	if (str_dup(&k->url, url, err) == -1)
		goto fail;
	r.url = k->url;
	r.arg = k;
	if (acme_post(s->verify->acme, &r, err) == -1)
		goto fail;
	s->waiting++;
	return 0;
fail:
	ask_free(k);
	return -1;
}

/* The CA said a moment ago that it is valid. */
static bool
heard_valid(const struct verify_set *s, const char *url)
{
	const struct verify_name *n;

	for (size_t i = 0; i < s->nnames; i++) {
		n = &s->names[i];
		if (n->url != NULL && strcmp(n->url, url) == 0)
			return n->status == AUTHZ_VALID && !n->young;
	}
	return false;
}

/* What the order's authorizations say; of a ready one only those that the CA
 * was not asked about yet. */
static int
ask_order(struct verify_set *s, const struct acme_order *o,
    struct error *err)
{
	const char *url;

	for (size_t i = 0; i < o->authorizations.n; i++) {
		url = o->authorizations.v[i];
		if (!(s->is_ready && heard_valid(s, url)) &&
		    ask_authz(s, url, err) == -1)
			return -1;
	}
	order_complete(s);
	return 0;
}

/* ---- the order ---------------------------------------------------------- */

static bool
same_names(const struct verify_set *s, const struct acme_order *o)
{
	if (o->names.n != s->nnames || o->authorizations.n != s->nnames)
		return false;
	for (size_t i = 0; i < s->nnames; i++)
		if (!strs_has(&o->names, s->names[i].name))
			return false;
	return true;
}

static int
take_order(struct verify_set *s, const struct acme_answer *r,
    struct acme_order *o, struct error *err)
{
	if (r->body == NULL || r->location == NULL ||
	    !acme_owns_url(s->verify->acme, r->location))
		return error_set(err, CODE_ERROR, "'%s': found an order "
		    "without body or URL (Location), want both", vis(r->url));
	if (acme_order_parse(r->body, r->location, o, err) == -1)
		return -1;
	if (!same_names(s, o))
		return error_set(err, CODE_ERROR, "'%s': found an order for "
		    "other names than those asked for", vis(r->location));
	free(s->before);
	s->before = s->order;
	s->order = NULL;
	free(s->finalize);
	s->finalize = NULL;
	if (str_dup(&s->finalize, o->finalize, err) == -1)
		return -1;
	return str_dup(&s->order, r->location, err);
}

/* The certificate that an order replaces; NULL: it does not say. */
static const char *
replaces(const struct verify_set *s)
{
	const struct acme_directory *d = acme_directory(s->verify->acme);

	return s->no_replaces || *d->renewal_info == '\0' ? NULL :
	    s->verify->replaces;
}

static void
ordered(void *arg, const struct acme_answer *r, const struct error *e)
{
	struct verify_set *s = arg;
	struct acme_order o = { 0 };
	struct error err;

	s->waiting--;
	error_clear(&err);
	if (e != NULL && r != NULL && replaces(s) != NULL &&
	    acme_order_blames_replaces(r->problem, r->status)) {
		log_verbose("%s; ordering without 'replaces'", e->msg);
		s->no_replaces = true;
		s->orders--;
		set_order(s);
		return;
	}
	if (e != NULL) {
		order_refused(s, r, e);
		return;
	}
	if (take_order(s, r, &o, &err) == -1) {
		set_fail(s, &err);
		goto out;
	}
	/* another host that shares the account was faster with this very
	 * order: the next one is ours */
	if (o.status != ORDER_READY && o.status != ORDER_PENDING) {
		forget_order(s);
		set_order(s);
		goto out;
	}
	s->is_ready = o.status == ORDER_READY;
	s->order_expires = o.expires;
	if (ask_order(s, &o, &err) == -1)
		set_fail(s, &err);
out:
	acme_order_free(&o);
}

static int
payload(const struct verify_set *s, struct buf *b, struct error *err)
{
	struct strs names = { 0 };
	struct acme_order_new want = { .names = &names,
		.profile = s->profile, .replaces = replaces(s) };
	int r = -1;

	for (size_t i = 0; i < s->nnames; i++)
		if (strs_add(&names, s->names[i].name, err) == -1)
			goto out;
	r = acme_order_payload(&want, b, err);
out:
	strs_free(&names);
	return r;
}

void
set_order(struct verify_set *s)
{
	struct verify *v = s->verify;
	struct acme_request r = {
		.url = acme_directory(v->acme)->new_order,
		.kid = verify_kid(s), .key = verify_key,
		.key_arg = &v->accounts[s->account],
		.done = ordered, .arg = s,
	};
	struct error err;
	struct buf b;

	error_clear(&err);
	buf_init(&b, NEW_ORDER_MAX);
	if (s->orders++ == ORDERS_MAX) {
		error_set(&err, CODE_RETRY, "'%s': another host finishes each "
		    "order for these names before we can", vis(v->server));
		set_fail(s, &err);
	} else if (payload(s, &b, &err) == -1)
		set_fail(s, &err);
	else {
		r.payload = b.data;
		if (acme_post(v->acme, &r, &err) == -1)
			set_fail(s, &err);
		else
			s->waiting++;
	}
	buf_free(&b);
}
