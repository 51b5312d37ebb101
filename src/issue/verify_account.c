/* SPDX-License-Identifier: ISC */
#include "issue/verify_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"
#include "store/server.h"

static const char *
subject(const struct account *a)
{
	return a->path != NULL ? a->path : a->dirname;
}

/* The sets of an account that is usable. */
static void
sets_begin(struct verify_account *va)
{
	struct verify *v = va->verify;

	for (size_t i = 0; i < v->nsets; i++)
		if (&v->accounts[v->sets[i].account] == va &&
		    !v->sets[i].done)
			set_ask_known(&v->sets[i]);
}

static void
sets_fail(struct verify_account *va, const struct error *err)
{
	struct verify *v = va->verify;

	for (size_t i = 0; i < v->nsets; i++)
		if (&v->accounts[v->sets[i].account] == va)
			set_fail(&v->sets[i], err);
}

void
account_fail(struct verify_account *va, const struct error *err)
{
	struct error ignored;

	va->done = true;
	va->result = err->code;
	va->retry_after = err->retry_after;
	free(va->error);
	va->error = NULL;
	if (str_dup(&va->error, err->msg, &ignored) == -1)
		va->error = NULL;
	sets_fail(va, err);
}

static void
remember(struct verify_account *va, int64_t when)
{
	const struct account *a = va->account;
	struct error err;

	if (a->uri != NULL && memory_set_account(va->verify->memory, a->uri,
	    a->key.thumbprint, when, &err) == -1)
		log_verbose("%s", err.msg);
}

static void
valid(struct verify_account *va)
{
	va->state = ACCOUNT_VALID;
	va->done = true;
	sets_begin(va);
}

static void
mismatch(struct verify_account *va)
{
	const struct account *a = va->account;
	struct error err;

	va->state = ACCOUNT_MISMATCH;
	va->fixable = true;
	error_clear(&err);
	error_set(&err, CODE_ACCOUNT, "'%s': found uri '%s', but the CA's URL "
	    "for this key is '%s'; 'acmeferry verify --fix' repairs it",
	    vis(subject(a)), a->uri == NULL ? "" : vis(a->uri),
	    vis(va->location));
	account_fail(va, &err);
}

/* The key's account at the CA is known: is it the one of the store? */
static void
compare(struct verify_account *va)
{
	const struct account *a = va->account;
	struct verify *v = va->verify;
	struct error err;

	error_clear(&err);
	if (va->location == NULL || !server_owns_uri(v->server,
	    va->location)) {
		error_set(&err, CODE_ERROR, "'%s': found %s%s%s as the "
		    "account's URL (Location), want one on its own host",
		    vis(v->server), va->location == NULL ? "none" : "'",
		    va->location == NULL ? "" : vis(va->location),
		    va->location == NULL ? "" : "'");
		free(va->location);
		va->location = NULL;
		account_fail(va, &err);
		return;
	}
	if (a->uri == NULL || !account_uri_same(a->uri, va->location)) {
		mismatch(va);
		return;
	}
	remember(va, clock_now());
	valid(va);
}

static void
not_valid(struct verify_account *va)
{
	const struct account *a = va->account;
	struct error err;

	error_clear(&err);
	remember(va, 0);
	if (va->state == ACCOUNT_UNKNOWN)
		error_set(&err, CODE_ACCOUNT, "'%s': the CA at '%s' knows no "
		    "account for this key, want '%s'; is that the server it "
		    "was registered with?", vis(subject(a)),
		    vis(va->verify->server), a->uri == NULL ? "" :
		    vis(a->uri));
	else
		error_set(&err, CODE_ACCOUNT, "'%s': the CA says that account "
		    "'%s' is %s, want valid; that is for ever: register a new "
		    "one where it came from, then copy that", vis(subject(a)),
		    a->uri == NULL ? "" : vis(a->uri),
		    account_state_text(va->state));
	account_fail(va, &err);
}

static void
looked_up(void *arg, const struct acme_answer *r, const struct error *e)
{
	struct verify_account *va = arg;
	struct acme_account found;
	struct error err;

	error_clear(&err);
	if (acme_account_answer(r, e, &found, &err) == -1) {
		account_fail(va, &err);
		return;
	}
	va->state = found.state;
	free(va->location);
	va->location = found.location;
	if (found.state == ACCOUNT_VALID)
		compare(va);
	else
		not_valid(va);
}

static void
look_up(struct verify_account *va)
{
	struct error err;

	error_clear(&err);
	if (acme_account_lookup(va->verify->acme, verify_key, va, looked_up,
	    va, &err) == -1)
		account_fail(va, &err);
}

/* Its own URL answers "valid": the key, the URL and the account are one.
 * Anything else that the CA says, newAccount says more exactly. */
static void
fetched(void *arg, const struct acme_answer *r, const struct error *e)
{
	struct verify_account *va = arg;
	struct acme_account found;
	struct error err, ignored;
	int rc;

	error_clear(&err);
	rc = acme_account_answer(r, e, &found, &err);
	free(found.location);
	if (rc == 0 && found.state == ACCOUNT_VALID) {
		if (str_dup(&va->location, va->account->uri, &ignored) == -1)
			va->location = NULL;
		remember(va, clock_now());
		valid(va);
	} else if (r == NULL)
		account_fail(va, &err);
	else
		look_up(va);
}

void
account_ask(struct verify_account *va)
{
	const struct account *a = va->account;
	struct verify *v = va->verify;
	struct error err;

	error_clear(&err);
	if (a->key.name[0] == '\0' || !a->key.has_private) {
		va->broken = true;
		error_set(&err, CODE_STORE, "'%s': %s; the CA cannot be asked",
		    vis(subject(a)), a->problem[0] != '\0' ? vis(a->problem) :
		    "it has no private key");
		account_fail(va, &err);
		return;
	}
	if (a->uri == NULL || memory_account(v->memory, a->uri,
	    a->key.thumbprint) == 0 || !acme_owns_url(v->acme, a->uri)) {
		look_up(va);
		return;
	}
	if (acme_account_fetch(v->acme, a->uri, verify_key, va, fetched, va,
	    &err) == -1)
		account_fail(va, &err);
}

bool
account_from_memory(struct verify_account *va)
{
	const struct account *a = va->account;
	const struct verify *v = va->verify;
	struct error ignored;
	int64_t when;

	if (v->max_age <= 0 || a->uri == NULL || a->broken)
		return false;
	when = memory_account(v->memory, a->uri, a->key.thumbprint);
	if (when == 0 || when < clock_now() - v->max_age)
		return false;
	va->state = ACCOUNT_VALID;
	va->done = true;
	if (str_dup(&va->location, a->uri, &ignored) == -1)
		va->location = NULL;
	return true;
}

/* ---- verify --fix ------------------------------------------------------- */

static void
fixed(struct verify_account *va)
{
	struct verify *v = va->verify;
	struct error err;

	v->changed = true;
	va->fixed = true;
	va->fixable = false;
	va->state = ACCOUNT_VALID;
	va->result = CODE_OK;
	va->retry_after = -1;
	free(va->error);
	va->error = NULL;
	if (memory_set_account(v->memory, va->location,
	    va->account->key.thumbprint, clock_now(), &err) == -1)
		log_verbose("%s", err.msg);
	log_step("'%s': its uri is now '%s'", vis(subject(va->account)),
	    vis(va->location));
}

/* Sets that failed with their account are asked after all. */
static void
sets_again(struct verify_account *va)
{
	struct verify *v = va->verify;
	struct verify_set *s;

	for (size_t i = 0; i < v->nsets; i++) {
		s = &v->sets[i];
		if (&v->accounts[s->account] != va)
			continue;
		s->done = false;
		s->result = CODE_OK;
		s->retry_after = -1;
		free(s->error);
		s->error = NULL;
	}
	sets_begin(va);
}

int
accounts_fix(struct verify *v, struct error *err)
{
	struct verify_account *va;
	bool locked = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->naccounts; i++) {
		va = &v->accounts[i];
		if (va->state != ACCOUNT_MISMATCH || va->broken)
			continue;
		if (v->dry_run) {
			v->changed = true;
			va->result = CODE_OK;
			continue;
		}
		if (!locked && (r = store_lock(v->store, err)) == -1)
			break;
		locked = true;
		if ((r = store_set_uri(v->store, va->account, va->location,
		    err)) == 0)
			fixed(va);
	}
	if (locked)
		store_unlock(v->store);
	/* the network only now that the lock is gone */
	for (size_t i = 0; i < v->naccounts; i++)
		if (v->accounts[i].fixed)
			sets_again(&v->accounts[i]);
	return r;
}
