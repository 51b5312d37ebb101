/* SPDX-License-Identifier: ISC */
/*
 * The surrogate: certbot renew, twice a day after a random delay; a lineage is
 * due when a third of its lifetime is left (half below ten days; thirty days
 * at an old certbot), or when the CA suggests it.  certbot sends no `replaces`.
 */
#include "sim.h"

static bool
due(struct sim *s, const struct lineage *l)
{
	int64_t life = l->not_after - l->not_before, from, until;

	if (s->policy->ari) {
		ca_ari(s, l->not_before, l->not_after, &from, &until);
		if (s->now >= from + rng_below(&s->rng, until - from))
			return true;
	}
	if (l->thirty)
		return l->not_after - s->now < 30 * DAY;
	return l->not_after - s->now < (life < 10 * DAY ? life / 2 :
	    life / 3);
}

static void
renew(struct sim *s, struct lineage *l)
{
	struct order *o;

	if (ca_new_order(s, l->set, false, &o) > 0)
		return;
	if (!o->ready && !ca_validate(s, l->set))
		return;
	for (int i = 0; i < s->sets[l->set].n; i++)
		l->authz[i] = o->authz[i];
	(void)ca_finalize(s, l->set, o->id, false, &l->not_before,
	    &l->not_after);
}

void
surrogate_run(struct sim *s)
{
	int64_t half = s->now / (12 * HOUR) * (12 * HOUR);

	if (outages_up(&s->surrogate, s->now) && ca_up(s))
		for (size_t i = 0; i < s->nlineages; i++)
			if (due(s, &s->lineages[i]))
				renew(s, &s->lineages[i]);
	heap_add(&s->heap, half + 12 * HOUR + rng_below(&s->rng, 12 * HOUR),
	    EVENT_SURROGATE, 0);
}

int64_t
surrogate_tells(const struct sim *s, int name, int *authz)
{
	const struct lineage *l = &s->lineages[s->names[name].lineage];
	const struct set *set = &s->sets[l->set];

	*authz = NONE;
	for (int i = 0; i < set->n; i++)
		if (set->names[i] == name)
			*authz = l->authz[i];
	return l->not_before;
}
