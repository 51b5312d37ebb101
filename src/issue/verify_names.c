/* SPDX-License-Identifier: ISC */
/*
 * A set of names, first part: the authorizations that we remember or that a
 * peer told of are asked for by POST-as-GET, which costs no quota; what they
 * say decides whether an order is needed.
 */
#include "issue/verify_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strs.h"
#include "issue/window.h"

enum { CANDIDATES = 4 };	/* authorizations asked for, for one name */

/* One request about one authorization. */
struct ask {
	struct verify_set *set;
	struct verify_name *name;
	char *url;
};

/* ---- small questions ---------------------------------------------------- */

int64_t
verify_now(const struct verify *v)
{
	return v->acme != NULL ? acme_now(v->acme) : clock_now() + v->skew;
}

struct verify_name *
set_name(struct verify_set *s, const char *name)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (strcmp(s->names[i].name, name) == 0)
			return &s->names[i];
	return NULL;
}

int64_t
name_usable_until(const struct verify_set *s, int64_t expires,
    int64_t validated)
{
	const struct verify *v = s->verify;
	struct window_facts f = {
		.server = v->server,
		.reuse_cutoff = v->config->reuse_cutoff,
		.order_lifetime = memory_lifetime(v->memory, v->server,
		    s->profile),
		.authz_lifetime = validated > 0 ? expires - validated : 0,
	};

	return window_usable_until(&f, expires);
}

static bool
name_hinted_since(const struct verify_set *s, const char *name, int64_t since)
{
	const struct verify *v = s->verify;

	for (size_t i = 0; i < v->nhints; i++)
		if (v->hints[i].not_before > since &&
		    strcmp(v->hints[i].name, name) == 0)
			return true;
	return false;
}

bool
set_hinted_since(const struct verify_set *s, int64_t since)
{
	for (size_t k = 0; k < s->nnames; k++)
		if (name_hinted_since(s, s->names[k].name, since))
			return true;
	return false;
}

/* How good an answer is for the administrator: the best of several counts. */
static int
rank(enum authz_status status, bool usable)
{
	switch (status) {
	case AUTHZ_VALID:
		return usable ? 4 : 3;
	case AUTHZ_PENDING:
		return 2;
	case AUTHZ_INVALID:
	case AUTHZ_DEACTIVATED:
	case AUTHZ_REVOKED:
	case AUTHZ_EXPIRED:
		return 1;
	case AUTHZ_UNKNOWN:
		break;
	}
	return 0;
}

/* ---- what is known of a name -------------------------------------------- */

static bool
is_usable(const struct verify_set *s, const struct acme_authz *z,
    int64_t until)
{
	return z->status == AUTHZ_VALID && until > verify_now(s->verify);
}

static int
keep_answer(struct verify_name *n, const struct acme_authz *z,
    const char *url, struct error *err)
{
	char *copy = NULL, *problem = NULL;

	if (str_dup(&copy, url, err) == -1 ||
	    str_dup(&problem, z->problem, err) == -1) {
		free(copy);
		return -1;
	}
	free(n->url);
	n->url = copy;
	free(n->problem);
	n->problem = problem;
	strs_free(&n->challenges);
	return strs_copy(&n->challenges, &z->challenges, err);
}

static void
remember(struct verify_set *s, const struct verify_name *n,
    const struct acme_authz *z, const char *url)
{
	struct memory_authz m = {
		.account = (char *)(uintptr_t)verify_kid(s),
		.profile = s->profile,
		.name = n->name,
		.url = (char *)(uintptr_t)url,
		.status = z->status,
		.expires = z->expires,
		.validated = z->validated,
		.checked = clock_now(),
		.challenges = z->challenges,
	};
	struct error err;

	if (memory_set_authz(s->verify->memory, &m, &err) == -1)
		log_verbose("%s", err.msg);
}

/* The better of what n says already and z, which is not asked for again. */
static void
take(struct verify_set *s, struct verify_name *n, const struct acme_authz *z,
    const char *url)
{
	int64_t until = name_usable_until(s, z->expires, z->validated);
	bool usable = is_usable(s, z, until);
	int new = rank(z->status, usable), old = rank(n->status, n->usable);
	struct error err;

	if (new < old || (new == old && n->usable_until >= until &&
	    n->url != NULL))
		return;
	error_clear(&err);
	if (keep_answer(n, z, url, &err) == -1) {
		set_fail(s, &err);
		return;
	}
	n->status = z->status;
	n->expires = z->expires;
	n->usable_until = z->status == AUTHZ_VALID ? until : 0;
	n->usable = usable;
}

void
name_take(struct verify_set *s, struct verify_name *n,
    const struct acme_authz *z, const char *url)
{
	remember(s, n, z, url);
	take(s, n, z, url);
}

/* ---- deciding ----------------------------------------------------------- */

bool
set_all_usable(const struct verify_set *s)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (!s->names[i].usable)
			return false;
	return true;
}

/* Some name's only authorization is valid but past its use: an order now
 * would hide the one that the surrogate gets next (the CA returns a pending
 * order before it looks for authorizations). */
static bool
known_shut(const struct verify_set *s)
{
	for (size_t i = 0; i < s->nnames; i++)
		if (!s->names[i].usable &&
		    s->names[i].status == AUTHZ_VALID)
			return true;
	return false;
}

/* When some name's answer was last heard, for comparison with hints. */
static int64_t
last_validated(const struct verify_set *s)
{
	const struct memory_authz *z;
	int64_t last = 0;

	for (size_t i = 0; i < s->nnames; i++)
		for (size_t k = 0; (z = memory_authz(s->verify->memory,
		    verify_kid(s), s->names[i].name, s->profile,
		    k)) != NULL; k++)
			if (z->validated > last)
				last = z->validated;
	return last;
}

/* A CA that returns pending orders again, a pending order of ours, and every
 * name that lacks something still pending in it: the answer to another order is
 * known. */
static bool
answer_known(const struct verify_set *s)
{
	const struct memory *m = s->verify->memory;

	if (memory_pending(m, s->key, NULL) == 0 ||
	    memory_order_reuse(m, s->verify->server) == 0)
		return false;
	for (size_t i = 0; i < s->nnames; i++)
		if (!s->names[i].usable && (s->names[i].told ||
		    s->names[i].status != AUTHZ_PENDING))
			return false;
	return true;
}

static bool
needs_order(const struct verify_set *s)
{
	const struct verify *v = s->verify;

	if (v->order == VERIFY_ORDER_NEVER || v->dry_run)
		return false;
	/* an order of ours that came back pending may still hide what is
	 * valid */
	if (set_all_usable(s))
		return v->order == VERIFY_ORDER_ALWAYS ||
		    memory_pending(v->memory, s->key, NULL) != 0;
	if (v->prove)
		return true;
	if (known_shut(s) && (v->order != VERIFY_ORDER_ALWAYS ||
	    v->unattended) && !set_hinted_since(s, last_validated(s) + 3600))
		return false;
	return !answer_known(s);
}

static void
decide(struct verify_set *s)
{
	int64_t pending;

	if (s->waiting > 0 || s->done)
		return;
	pending = memory_pending(s->verify->memory, s->key, NULL);
	for (size_t i = 0; i < s->nnames; i++) {
		s->names[i].known = s->names[i].usable;
		/* a certificate is dated back by an hour; within a second
		 * nobody knows what came first */
		s->names[i].told = pending != 0 && name_hinted_since(s,
		    s->names[i].name, pending - 3600 - 1);
	}
	if (needs_order(s))
		set_order(s);
	else
		s->done = true;
}

/* ---- asking ------------------------------------------------------------- */

static void
ask_free(struct ask *k)
{
	free(k->url);
	free(k);
}

static void
answered(void *arg, const struct acme_answer *r, const struct error *e)
{
	struct ask *k = arg;
	struct verify_set *s = k->set;
	struct acme_authz z = { 0 };
	struct error err;

	s->waiting--;
	error_clear(&err);
	if (e != NULL && r != NULL && (r->status == 404 || r->status == 410 ||
	    r->status == 403 || r->status == 401)) {
		/* gone, or another account's: it tells nothing */
		memory_drop_authz(s->verify->memory, k->url);
	} else if (e != NULL) {
		set_fail(s, e);
	} else if (r->body == NULL) {
		error_set(&err, CODE_ERROR, "'%s': the answer is empty, want "
		    "an authorization", r->url);
		set_fail(s, &err);
	} else if (acme_authz_parse(r->body, k->url, &z, &err) == -1) {
		set_fail(s, &err);
	} else if (strcmp(z.name, k->name->name) == 0) {
		name_take(s, k->name, &z, k->url);
	}
	acme_authz_free(&z);
	ask_free(k);
	decide(s);
}

static int
ask_one(struct verify_set *s, struct verify_name *n, const char *url,
    struct error *err)
{
	struct ask *k;
	struct acme_request r = {
		.kid = verify_kid(s), .key = verify_key,
		.key_arg = &s->verify->accounts[s->account],
		.done = answered,
	};

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return error_nomem(err);
	k->set = s;
	k->name = n;
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

/* What was told but is not on the CA's host is passed over: no URL learned
 * from a peer alone leads anywhere else. */
static int
ask_hints(struct verify_set *s, struct verify_name *n, size_t *asked,
    struct error *err)
{
	const struct verify *v = s->verify;
	const struct verify_hint *h;

	for (size_t i = 0; i < v->nhints && *asked < CANDIDATES; i++) {
		h = &v->hints[i];
		if (h->url == NULL || strcmp(h->name, n->name) != 0 ||
		    !acme_owns_url(v->acme, h->url))
			continue;
		if (ask_one(s, n, h->url, err) == -1)
			return -1;
		++*asked;
	}
	return 0;
}

static bool
hinted_url(const struct verify *v, const char *url)
{
	for (size_t i = 0; i < v->nhints; i++)
		if (v->hints[i].url != NULL &&
		    strcmp(v->hints[i].url, url) == 0)
			return true;
	return false;
}

static int
ask_name(struct verify_set *s, struct verify_name *n, struct error *err)
{
	const struct verify *v = s->verify;
	const struct memory_authz *z;
	size_t asked = 0;

	if (n->young)
		return 0;
	if (ask_hints(s, n, &asked, err) == -1)
		return -1;
	for (size_t i = 0; asked < CANDIDATES && (z = memory_authz(v->memory,
	    verify_kid(s), n->name, s->profile, i)) != NULL; i++) {
		if (hinted_url(v, z->url) || !acme_owns_url(v->acme, z->url))
			continue;
		if (ask_one(s, n, z->url, err) == -1)
			return -1;
		asked++;
	}
	return 0;
}

/* The set's profile must be one that the CA has. */
static int
check_profile(const struct verify_set *s, struct error *err)
{
	const struct acme *a = s->verify->acme;
	char *list;

	if (acme_has_profile(a, s->profile))
		return 0;
	list = strs_join(&acme_directory(a)->profiles, ", ");
	error_set(err, CODE_USAGE, "profile '%s': '%s' has none of that name, "
	    "only: %s", s->profile, s->verify->server,
	    list == NULL ? "" : list);
	free(list);
	return -1;
}

void
set_ask_known(struct verify_set *s)
{
	struct error err;

	error_clear(&err);
	if (check_profile(s, &err) == -1) {
		set_fail(s, &err);
		return;
	}
	for (size_t i = 0; i < s->nnames; i++)
		if (ask_name(s, &s->names[i], &err) == -1) {
			set_fail(s, &err);
			return;
		}
	decide(s);
}

/* ---- from memory alone -------------------------------------------------- */

bool
set_from_memory(struct verify_set *s)
{
	const struct verify *v = s->verify;
	const struct memory_authz *m;
	struct verify_name *n;
	struct acme_authz z;
	size_t young = 0;

	if (v->max_age <= 0)
		return false;
	for (size_t i = 0; i < s->nnames; i++) {
		n = &s->names[i];
		for (size_t k = 0; (m = memory_authz(v->memory, verify_kid(s),
		    n->name, s->profile, k)) != NULL; k++) {
			if (m->checked < clock_now() - v->max_age)
				continue;
			z = (struct acme_authz){ .status = m->status,
				.expires = m->expires,
				.validated = m->validated,
				.challenges = m->challenges };
			take(s, n, &z, m->url);
			n->young = true;
		}
		young += n->young;
	}
	return young == s->nnames;
}
