/* SPDX-License-Identifier: ISC */
/* The world at its beginning, its end, and the events between. */
#include "sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum family {
	SAME,			/* hosts that share the surrogate's very set */
	WIDE,			/* three names, of two of its certificates */
	ONE,			/* one name, a certificate of its own there */
	PARTS,			/* hosts with one name each of three */
	CROWD,			/* twenty hosts that share a set, with ARI */
	FAMILIES
};

static int
add_name(struct sim *s)
{
	struct name *n;

	s->names = grow(s->names, s->nnames, &s->capnames,
	    sizeof(*s->names));
	n = &s->names[s->nnames];
	memset(n, 0, sizeof(*n));
	(void)snprintf(n->text, sizeof(n->text), "n%zu.example.com",
	    s->nnames);
	n->best = NONE;
	n->lineage = NONE;
	return (int)s->nnames++;
}

static int
add_set(struct sim *s, int first, int n)
{
	struct set *set;

	s->sets = grow(s->sets, s->nsets, &s->capsets, sizeof(*s->sets));
	set = &s->sets[s->nsets];
	memset(set, 0, sizeof(*set));
	for (int i = 0; i < n; i++)
		set->names[i] = first + i;
	set->n = n;
	return (int)s->nsets++;
}

/* The surrogate has proven the names and got a certificate so long ago. */
static void
add_lineage(struct sim *s, int which, int64_t age, bool thirty)
{
	const struct params *p = ca_params(s, s->start);
	struct set *set = &s->sets[which];
	struct lineage *l;
	struct order *o = NULL;

	s->lineages = grow(s->lineages, s->nlineages, &s->caplineages,
	    sizeof(*s->lineages));
	l = &s->lineages[s->nlineages];
	memset(l, 0, sizeof(*l));
	l->set = which;
	l->thirty = thirty;
	s->now = s->start - age;
	(void)ca_new_order(s, which, true, &o);
	(void)ca_validate(s, which);
	for (int i = 0; i < set->n; i++) {
		l->authz[i] = o->authz[i];
		s->names[set->names[i]].lineage = (int)s->nlineages;
	}
	(void)ca_finalize(s, which, o->id, true, &l->not_before,
	    &l->not_after);
	l->not_after = l->not_before + p->cert_life;
	s->now = s->start;
	s->nlineages++;
}

static void
add_host(struct sim *s, int set, bool provable)
{
	struct host *h;
	int64_t chance;

	s->hosts = grow(s->hosts, s->nhosts, &s->caphosts, sizeof(*s->hosts));
	h = &s->hosts[s->nhosts];
	memset(h, 0, sizeof(*h));
	(void)snprintf(h->text, sizeof(h->text), "host%zu", s->nhosts++);
	h->set = set;
	h->provable = provable;
	h->stateless = rng_below(&s->rng, 2) == 0;
	h->urls = rng_below(&s->rng, 2) == 0;
	h->period = rng_below(&s->rng, 10) == 0 ? 10 * MINUTE : HOUR;
	h->minute = rng_below(&s->rng, h->period);
	chance = rng_below(&s->rng, 100);
	h->skew = chance < 85 ? rng_below(&s->rng, 60) - 30 :
	    chance < 95 ? rng_below(&s->rng, 20 * MINUTE) - 10 * MINUTE :
	    rng_below(&s->rng, 72 * HOUR) - 36 * HOUR;
	outages_make(&h->self, &s->rng, s->start, s->end, 60 * DAY, HOUR,
	    10 * DAY);
	outages_make(&h->net, &s->rng, s->start, s->end, 60 * DAY, 10 *
	    MINUTE, 2 * DAY);
	outages_make(&h->link, &s->rng, s->start, s->end, 40 * DAY, 10 *
	    MINUTE, 3 * DAY);
	for (int i = 0; i < SET_NAMES; i++)
		h->known[i].own = h->known[i].hinted = NONE;
	h->ari_poll = 1;
}

/* Many hosts have been there for long, each certificate of any age; where
 * only windows help, from the surrogate's last one.  Few begin without. */
static void
start_host(struct sim *s, int who, bool many)
{
	struct host *h = &s->hosts[who];
	struct set *set = &s->sets[h->set];
	const struct params *p = ca_params(s, s->start);
	int64_t at = s->start - rng_below(&s->rng, p->cert_life / 2);

	if (!many) {
		host_schedule(s, who, s->start + h->skew +
		    rng_below(&s->rng, 7 * DAY));
		return;
	}
	for (int i = 0; !h->provable && i < set->n; i++) {
		const struct lineage *l =
		    &s->lineages[s->names[set->names[i]].lineage];

		if (i == 0 || l->not_before + HOUR > at)
			at = l->not_before + HOUR;
		h->known[i].told = h->known[i].answered =
		    surrogate_tells(s, set->names[i], &h->known[i].own);
		attempt_learn(s, h, i, h->known[i].own);
	}
	h->cert.exists = true;
	h->cert.not_before = at;
	h->cert.not_after = at + p->cert_life;
	set->issued = at;
	host_schedule(s, who, s->start + h->skew + rng_below(&s->rng, HOUR));
}

static size_t
add_family(struct sim *s, enum family f, size_t left, bool provable)
{
	int64_t age = rng_below(&s->rng, ca_params(s, s->start)->cert_life /
	    2);
	bool thirty = rng_below(&s->rng, 2) == 0 &&
	    ca_params(s, s->end)->cert_life > 40 * DAY;
	size_t n = f == SAME ? (size_t)s->policy->share : f == PARTS ? 3 :
	    f == CROWD ? 20 : 1;
	int first = add_name(s), wanted = f == ONE ? 1 : f == WIDE ? 3 :
	    f == PARTS ? 3 : 2, set;
	/* with ARI two certificates of the surrogate are not renewed in one
	 * run; windows of both at once are then luck */
	bool apart = (f == WIDE || f == CROWD) && !(s->policy->ari &&
	    !provable);

	for (int i = 1; i < wanted; i++)
		(void)add_name(s);
	set = add_set(s, first, wanted);
	if (apart) {
		add_lineage(s, add_set(s, first, wanted - 1), age, thirty);
		add_lineage(s, add_set(s, first + wanted - 1, 1), age,
		    thirty);
	} else if (f == WIDE || f == CROWD) {
		(void)add_name(s);
		add_lineage(s, add_set(s, first, wanted + 1), age, thirty);
	} else
		add_lineage(s, set, age, thirty);
	if (n > left)
		n = left;
	for (size_t i = 0; i < n; i++)
		add_host(s, f == PARTS ? add_set(s, first + (int)i, 1) : set,
		    provable);
	return n;
}

void
build(struct sim *s, int nhosts, bool provable)
{
	size_t left = (size_t)nhosts;
	int f = SAME;

	s->rng.s += (uint64_t)nhosts * 2 + provable;
	for (const char *c = s->policy->name; *c != '\0'; c++)
		s->rng.s = s->rng.s * 131 + (unsigned char)*c;
	outages_make(&s->ca, &s->rng, s->start, s->end, 60 * DAY, 10 * MINUTE,
	    DAY);
	outages_make(&s->surrogate, &s->rng, s->start, s->end, 90 * DAY, HOUR,
	    5 * DAY);
	outages_make(&s->validation, &s->rng, s->start, s->end, 90 * DAY,
	    HOUR, 3 * DAY);
	if (s->policy->ari)
		s->revocation = s->start + 300 * DAY +
		    rng_below(&s->rng, 200 * DAY);
	for (; left > 0; f = (f + 1) % FAMILIES)
		if (f != CROWD || (s->policy->ari && left >= 30 && nhosts > 50))
			left -= add_family(s, f, left, provable);
	for (size_t i = 0; i < s->nhosts; i++)
		start_host(s, (int)i, nhosts > 50);
	memset(s->hits, 0, sizeof(s->hits));
	memset(&s->account, 0, sizeof(s->account));
	memset(&s->domain, 0, sizeof(s->domain));
	surrogate_run(s);
}

void
sim_free(struct sim *s)
{
	for (size_t i = 0; i < s->nhosts; i++) {
		free(s->hosts[i].self.v);
		free(s->hosts[i].net.v);
		free(s->hosts[i].link.v);
	}
	for (size_t i = 0; i < s->nnames; i++)
		free(s->names[i].windows);
	free(s->hosts);
	free(s->names);
	free(s->sets);
	free(s->lineages);
	free(s->authzs);
	free(s->heap.v);
	free(s->ca.v);
	free(s->surrogate.v);
	free(s->validation.v);
}

void
sim_run(struct sim *s)
{
	struct event e;

	while (s->heap.n > 0) {
		e = heap_take(&s->heap);
		if (e.at > s->end)
			break;
		s->now = e.at;
		switch (e.kind) {
		case EVENT_SURROGATE:
			surrogate_run(s);
			break;
		case EVENT_CRON:
			host_cron(s, e.who);
			break;
		case EVENT_VALIDATE:
			attempt_validate(s, e.who);
			break;
		case EVENT_FINALIZE:
			attempt_finalize(s, e.who);
			break;
		}
	}
	s->now = s->end;
	for (size_t i = 0; i < s->nhosts; i++)
		judge(s, &s->hosts[i]);
}
