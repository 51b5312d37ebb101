/* SPDX-License-Identifier: ISC */
/* What was proven after everything was asked. */
#include "issue/verify_impl.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strs.h"

static void
forgive(struct verify_name *n)
{
	n->result = CODE_OK;
	free(n->error);
	n->error = NULL;
}

/* The whole says again what its parts say, this set that all is well. */
static void
count_again(struct verify_set *s)
{
	struct verify *v = s->verify;

	s->result = CODE_OK;
	free(s->error);
	s->error = NULL;
	v->result = CODE_OK;
	error_clear(&v->err);
	for (size_t i = 0; i < v->naccounts; i++)
		verify_count(v, v->accounts[i].result, v->accounts[i].error,
		    v->accounts[i].retry_after);
	for (size_t i = 0; i < v->nsets; i++)
		verify_count(v, v->sets[i].result, v->sets[i].error,
		    v->sets[i].retry_after);
}

void
verify_proven(struct verify_set *s, size_t i, const struct acme_authz *z,
    const char *url)
{
	struct verify_name *n = &s->names[i];
	struct error err;

	n->status = AUTHZ_UNKNOWN;
	n->usable_until = 0;
	name_take(s, n, z, url);
	/* it counts for this order whatever our own arithmetic says */
	n->usable = true;
	forgive(n);
	if (!set_all_usable(s))
		return;
	s->usable = s->ready = true;
	error_clear(&err);
	if (memory_set_pending(s->verify->memory, s->key, s->order, 0,
	    &err) == -1)
		log_verbose("%s", err.msg);
	count_again(s);
}

void
verify_excuse(struct verify_set *s)
{
	for (size_t i = 0; i < s->nnames; i++)
		forgive(&s->names[i]);
	count_again(s);
}

void
verify_blame(struct verify_set *s, const struct error *why)
{
	struct verify_name *n;
	struct error ignored;

	count_again(s);
	s->result = why->code;
	s->retry_after = why->retry_after;
	if (str_dup(&s->error, why->msg, &ignored) == -1)
		s->error = NULL;
	for (size_t i = 0; i < s->nnames; i++) {
		n = &s->names[i];
		if (n->usable)
			continue;
		forgive(n);
		n->result = why->code;
		if (str_dup(&n->error, why->msg, &ignored) == -1)
			n->error = NULL;
	}
	verify_count(s->verify, s->result, s->error, s->retry_after);
}

void
verify_disproven(struct verify_set *s, size_t i)
{
	struct error err;

	error_clear(&err);
	if (memory_set_failed(s->verify->memory, verify_kid(s),
	    s->names[i].name, clock_now(), &err) == -1)
		log_warn("%s", err.msg);
	s->names[i].status = AUTHZ_INVALID;
}

int64_t
verify_not_before(const struct verify_set *s, size_t i)
{
	return memory_failed(s->verify->memory, verify_kid(s),
	    s->names[i].name, clock_now());
}
