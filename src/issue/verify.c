/* SPDX-License-Identifier: ISC */
#include "issue/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strs.h"
#include "issue/verify_impl.h"

enum { MAX_WAIT = 120 };	/* seconds */

void
verify_init(struct verify *v, struct store *s, const struct config *c,
    const char *server)
{
	memset(v, 0, sizeof(*v));
	v->store = s;
	v->config = c;
	v->server = server;
	v->max_wait = MAX_WAIT;
	error_clear(&v->err);
}

static void
name_free(struct verify_name *n)
{
	free(n->name);
	strs_free(&n->challenges);
	free(n->error);
	free(n->url);
	free(n->problem);
}

static void
set_free(struct verify_set *s)
{
	for (size_t i = 0; i < s->nnames; i++)
		name_free(&s->names[i]);
	free(s->names);
	free(s->profile);
	free(s->order);
	free(s->finalize);
	free(s->before);
	free(s->error);
	free(s->key);
}

void
verify_free(struct verify *v)
{
	/* first: it ends what still waits for an answer */
	acme_free(v->acme);
	for (size_t i = 0; i < v->naccounts; i++) {
		free(v->accounts[i].location);
		free(v->accounts[i].error);
	}
	for (size_t i = 0; i < v->nsets; i++)
		set_free(&v->sets[i]);
	for (size_t i = 0; i < v->nhints; i++) {
		free(v->hints[i].name);
		free(v->hints[i].url);
	}
	free(v->accounts);
	free(v->sets);
	free(v->hints);
	memory_free(v->memory);
	memset(v, 0, sizeof(*v));
}

/* ---- what to ask -------------------------------------------------------- */

int
verify_add_account(struct verify *v, const struct account *a, size_t *index,
    struct error *err)
{
	struct verify_account *p;
	size_t i;

	/* the newest first: callers add an account's sets behind it */
	for (i = v->naccounts; i-- > 0;)
		if (v->accounts[i].account == a)
			break;
	if (i == (size_t)-1) {
		if ((p = mem_grow(v->accounts, v->naccounts, &v->capaccounts,
		    sizeof(*p))) == NULL)
			return error_nomem(err);
		v->accounts = p;
		i = v->naccounts++;
		memset(&p[i], 0, sizeof(p[i]));
		p[i].account = a;
		p[i].retry_after = -1;
	}
	if (index != NULL)
		*index = i;
	return 0;
}

static int
add_names(struct verify_set *s, const struct strs *names, struct error *err)
{
	if ((s->names = calloc(names->n, sizeof(*s->names))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < names->n; i++) {
		if (str_dup(&s->names[i].name, names->v[i], err) == -1)
			return -1;
		s->nnames++;
	}
	return 0;
}

int
verify_add_set(struct verify *v, const struct account *a,
    const struct strs *names, const char *profile, struct error *err)
{
	struct verify_set s = { 0 }, *p;

	if (names->n == 0)
		return error_set(err, CODE_USAGE, "there is no name to verify");
	if (profile == NULL || *profile == '\0')
		profile = v->config->profile == NULL ? "" : v->config->profile;
	if (verify_add_account(v, a, &s.account, err) == -1)
		return -1;
	s.retry_after = -1;
	if (str_dup(&s.profile, profile, err) == -1 ||
	    add_names(&s, names, err) == -1 ||
	    memory_order_key(a->uri == NULL ? "" : a->uri, profile, names,
	    &s.key, err) == -1)
		goto fail;
	if ((p = mem_grow(v->sets, v->nsets, &v->capsets,
	    sizeof(*p))) == NULL) {
		error_nomem(err);
		goto fail;
	}
	v->sets = p;
	p[v->nsets++] = s;
	return 0;
fail:
	set_free(&s);
	return -1;
}

int
verify_add_hint(struct verify *v, const char *name, const char *url,
    int64_t expires, int64_t not_before, struct error *err)
{
	struct verify_hint h = { NULL, NULL, expires, not_before }, *p;

	if ((p = mem_grow(v->hints, v->nhints, &v->caphints,
	    sizeof(*p))) == NULL)
		return error_nomem(err);
	v->hints = p;
	if (str_dup(&h.name, name, err) == -1 ||
	    str_dup(&h.url, url, err) == -1) {
		free(h.name);
		return -1;
	}
	p[v->nhints++] = h;
	return 0;
}

/* ---- asking ------------------------------------------------------------- */

const char *
verify_kid(const struct verify_set *s)
{
	const struct verify_account *va = &s->verify->accounts[s->account];

	/* the CA's own spelling, once it is known to be the same account */
	if (va->state == ACCOUNT_VALID && va->location != NULL)
		return va->location;
	return va->account->uri == NULL ? "" : va->account->uri;
}

int
verify_key(void *arg, struct jwk **out, struct error *err)
{
	const struct verify_account *va = arg;

	return account_key(va->account, out, err);
}

void
verify_count(struct verify *v, enum code code, const char *msg,
    long retry_after)
{
	enum code worse = code_worse(v->result, code);

	if (code == CODE_OK || (worse == v->result &&
	    v->err.code != CODE_OK))
		return;
	v->result = worse;
	error_set(&v->err, code, "%s", msg == NULL ? "out of memory" : msg);
	v->err.retry_after = retry_after;
}

void
set_fail(struct verify_set *s, const struct error *err)
{
	struct error ignored;

	s->done = true;
	if (s->error != NULL)
		return;
	s->result = err->code;
	s->retry_after = err->retry_after;
	if (str_dup(&s->error, err->msg, &ignored) == -1)
		s->error = NULL;
}

/* True where nothing is left that only the CA can answer. */
static bool
answered_from_memory(struct verify *v)
{
	bool all = true;

	for (size_t i = 0; i < v->naccounts; i++)
		all = account_from_memory(&v->accounts[i]) && all;
	for (size_t i = 0; i < v->nsets; i++) {
		v->sets[i].done = set_from_memory(&v->sets[i]);
		all = all && v->sets[i].done;
	}
	return all;
}

int
verify_session(struct verify *v, struct error *err)
{
	struct acme_options o = {
		.server = v->server,
		.ca_file = v->config->ca_file,
		.proxy = v->config->proxy,
		.max_wait = v->max_wait,
	};

	if (v->acme != NULL)
		return 0;
	return acme_open(&o, &v->acme, err);
}

static void
progress(const struct verify *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->naccounts; i++)
		n += v->accounts[i].done;
	log_progress("verify: %zu of %zu accounts", n, v->naccounts);
}

static void
ask_all(struct verify *v)
{
	struct verify_account *va;

	for (size_t i = 0; i < v->naccounts; i++) {
		va = &v->accounts[i];
		if (!va->done) {
			account_ask(va);
			continue;
		}
		for (size_t k = 0; k < v->nsets; k++)
			if (v->sets[k].account == i && !v->sets[k].done)
				set_ask_known(&v->sets[k]);
	}
	progress(v);
}

/* No session: every account is unreachable, for this reason. */
static void
unreachable(struct verify *v, const struct error *err)
{
	for (size_t i = 0; i < v->naccounts; i++)
		if (!v->accounts[i].done)
			account_fail(&v->accounts[i], err);
	for (size_t i = 0; i < v->nsets; i++)
		if (!v->sets[i].done)
			set_fail(&v->sets[i], err);
}

static int
ask_ca(struct verify *v, struct error *err)
{
	struct error why;

	error_clear(&why);
	if (verify_session(v, &why) == -1) {
		unreachable(v, &why);
		return 0;
	}
	ask_all(v);
	if (acme_run(v->acme, err) == -1)
		return -1;
	if (!v->fix)
		return 0;
	if (accounts_fix(v, &why) == -1)
		verify_count(v, why.code, why.msg, why.retry_after);
	return acme_run(v->acme, err);
}

void
verify_save(struct verify *v)
{
	struct error err;

	error_clear(&err);
	if (!v->dry_run && memory_save(v->memory, &err) == -1)
		log_warn("what the CA said is not remembered: %s", err.msg);
}

int
verify_run(struct verify *v, struct error *err)
{
	if (memory_open(store_state_dir(v->store), &v->memory, err) == -1)
		return -1;
	for (size_t i = 0; i < v->naccounts; i++)
		v->accounts[i].verify = v;
	for (size_t i = 0; i < v->nsets; i++)
		v->sets[i].verify = v;
	log_progress_start();
	if (!answered_from_memory(v) && v->naccounts > 0 &&
	    ask_ca(v, err) == -1)
		return -1;
	log_progress_end();
	v->now = verify_now(v);
	v->skew = v->now - clock_now();
	if (!v->keep) {
		acme_free(v->acme);
		v->acme = NULL;
	}
	verify_conclude(v);
	verify_save(v);
	return 0;
}
