/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "transport/transport.h"

const char *const verdict_names[] = {
	[VERDICT_ADDED] = "added",
	[VERDICT_UPDATED] = "updated",
	[VERDICT_UNCHANGED] = "unchanged",
	[VERDICT_CONFLICT] = "conflict",
	[VERDICT_REFUSED] = "refused"
};

int
verdicts_add(struct verdicts *l, enum verdict verdict, enum code code,
    const char *server, const char *id, const char *reason,
    struct error *err)
{
	struct verdict_ref *v, *r;

	if ((v = mem_grow(l->v, l->n, &l->cap, sizeof(*v))) == NULL)
		return error_nomem(err);
	l->v = v;
	r = &l->v[l->n++];
	memset(r, 0, sizeof(*r));
	r->verdict = verdict;
	r->code = code;
	if (str_dup(&r->server, server, err) == -1 ||
	    str_dup(&r->id, id, err) == -1)
		return -1;
	return str_dup(&r->reason, reason, err);
}

void
verdicts_free(struct verdicts *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].server);
		free(l->v[i].id);
		free(l->v[i].reason);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

enum code
verdicts_code(const struct verdicts *l)
{
	enum code worst = CODE_OK;

	for (size_t i = 0; i < l->n; i++)
		worst = code_worse(worst, l->v[i].code);
	return worst;
}
