/* SPDX-License-Identifier: ISC */
/*
 * A CA as Boulder is one: the same pending or ready order for the same set,
 * looked for before authorizations are; authorizations counted while they have
 * more than a cutoff left; limits as token buckets.
 */
#include "sim.h"

enum { BURST_ORDERS = 300, BURST_SET = 5, BURST_FAILED = 5, BURST_DOMAIN = 50 };
#define EVERY_ORDER	(3 * HOUR / BURST_ORDERS)
#define EVERY_SET	(7 * DAY / BURST_SET)
#define EVERY_FAILED	(HOUR / BURST_FAILED)
#define EVERY_DOMAIN	(7 * DAY / BURST_DOMAIN)

const struct params *
ca_params(const struct sim *s, int64_t t)
{
	const struct policy *p = s->policy;
	int i = 0;

	while (i + 1 < 3 && p->from[i + 1] != 0 && t >= p->from[i + 1])
		i++;
	return &p->v[i];
}

int64_t
ca_cutoff(const struct params *p)
{
	int64_t t = p->order_life / 8;

	return t < HOUR ? HOUR : t > DAY ? DAY : t;
}

bool
ca_up(const struct sim *s)
{
	return outages_up(&s->ca, s->now);
}

/* ---- limits -------------------------------------------------------------- */

/* 0, or how long until there is room for one. */
static int64_t
bucket_wait(const struct bucket *b, int64_t now, int64_t burst, int64_t every)
{
	int64_t t = b->tat - (now + (burst - 1) * every);

	return t > 0 ? t : 0;
}

static void
bucket_spend(struct bucket *b, int64_t now, int64_t burst, int64_t every)
{
	if (bucket_wait(b, now, burst, every) > 0)
		return;
	b->tat = (b->tat > now ? b->tat : now) + every;
}

/* A set that was issued in the last 120 days is a renewal. */
static bool
renewal(const struct sim *s, const struct set *set)
{
	return set->issued != 0 && s->now - set->issued < 120 * DAY;
}

static int64_t
limited(struct sim *s, struct set *set)
{
	int64_t t;

	if ((t = bucket_wait(&set->certs, s->now, BURST_SET, EVERY_SET)) > 0) {
		s->hits[LIMIT_SET]++;
		return t;
	}
	for (int i = 0; i < set->n; i++)
		if ((t = bucket_wait(&s->names[set->names[i]].failed, s->now,
		    BURST_FAILED, EVERY_FAILED)) > 0) {
			s->hits[LIMIT_FAILED]++;
			return t;
		}
	if (renewal(s, set))
		return 0;
	if ((t = bucket_wait(&s->account, s->now, BURST_ORDERS, EVERY_ORDER))
	    > 0) {
		s->hits[LIMIT_ORDERS]++;
		return t;
	}
	if ((t = bucket_wait(&s->domain, s->now, BURST_DOMAIN, EVERY_DOMAIN))
	    > 0) {
		s->hits[LIMIT_DOMAIN]++;
		return t;
	}
	bucket_spend(&s->account, s->now, BURST_ORDERS, EVERY_ORDER);
	return 0;
}

/* ---- orders -------------------------------------------------------------- */

static int
new_authz(struct sim *s, int name, int64_t expires)
{
	struct authz *z;

	s->authzs = grow(s->authzs, s->nauthzs, &s->capauthzs,
	    sizeof(*s->authzs));
	z = &s->authzs[s->nauthzs];
	z->name = name;
	z->status = AUTHZ_PENDING;
	z->expires = expires;
	z->validated = 0;
	return (int)s->nauthzs++;
}

static bool
counts(const struct sim *s, int id, const struct params *p)
{
	return id != NONE && p->reuse &&
	    s->authzs[id].status == AUTHZ_VALID &&
	    s->authzs[id].expires > s->now + ca_cutoff(p);
}

int64_t
ca_new_order(struct sim *s, int which, bool replaces, struct order **out)
{
	const struct params *p = ca_params(s, s->now);
	struct set *set = &s->sets[which];
	struct order *o = &set->order;
	int64_t wait;

	if (!replaces && (wait = limited(s, set)) > 0)
		return wait;
	*out = o;
	if (o->id != 0 && o->expires > s->now)
		return 0;
	o->id = ++s->orders;
	o->expires = s->now + p->order_life;
	o->ready = true;
	for (int i = 0; i < set->n; i++) {
		int best = s->names[set->names[i]].best;

		if (counts(s, best, p)) {
			o->authz[i] = best;
			continue;
		}
		o->authz[i] = new_authz(s, set->names[i], o->expires);
		o->ready = false;
	}
	return 0;
}

struct authz
ca_authz(const struct sim *s, int id)
{
	struct authz z = s->authzs[id];

	if (z.expires <= s->now)
		z.status = AUTHZ_EXPIRED;
	return z;
}

static void
proven(struct sim *s, int id, const struct params *p)
{
	struct authz *z = &s->authzs[id];
	struct name *n = &s->names[z->name];

	z->status = AUTHZ_VALID;
	z->validated = s->now;
	z->expires = s->now + p->authz_life;
	n->best = id;
	if (!p->reuse)
		return;
	n->windows = grow(n->windows, n->nwindows + 1, &n->capwindows,
	    sizeof(*n->windows));
	n->windows[n->nwindows++] = s->now;
	n->windows[n->nwindows++] = z->expires - ca_cutoff(p);
}

/* Pending ones that fail or are deactivated take the order with them. */
static void
spoil(struct sim *s, struct set *set, enum authz_status status)
{
	for (int i = 0; i < set->n; i++) {
		struct authz *z = &s->authzs[set->order.authz[i]];

		if (z->status != AUTHZ_PENDING)
			continue;
		z->status = status;
		bucket_spend(&s->names[z->name].failed, s->now, BURST_FAILED,
		    EVERY_FAILED);
	}
	set->order.id = 0;
}

bool
ca_validate(struct sim *s, int which)
{
	struct set *set = &s->sets[which];

	if (!outages_up(&s->surrogate, s->now) ||
	    !outages_up(&s->validation, s->now)) {
		spoil(s, set, AUTHZ_INVALID);
		return false;
	}
	for (int i = 0; i < set->n; i++)
		if (s->authzs[set->order.authz[i]].status == AUTHZ_PENDING)
			proven(s, set->order.authz[i], ca_params(s, s->now));
	set->order.ready = true;
	return true;
}

void
ca_deactivate(struct sim *s, int which)
{
	spoil(s, &s->sets[which], AUTHZ_DEACTIVATED);
}

bool
ca_finalize(struct sim *s, int which, uint64_t id, bool replaces,
    int64_t *not_before, int64_t *not_after)
{
	struct set *set = &s->sets[which];

	if (set->order.id != id || !set->order.ready ||
	    set->order.expires <= s->now)
		return false;
	set->order.id = 0;
	bucket_spend(&set->certs, s->now, BURST_SET, EVERY_SET);
	if (!replaces && !renewal(s, set))
		bucket_spend(&s->domain, s->now, BURST_DOMAIN, EVERY_DOMAIN);
	set->issued = s->now;
	*not_before = s->now - HOUR;
	*not_after = *not_before + ca_params(s, s->now)->cert_life;
	return true;
}

void
ca_ari(const struct sim *s, int64_t not_before, int64_t not_after,
    int64_t *from, int64_t *until)
{
	int64_t life = not_after - not_before;
	int64_t ideal = not_after - (life < 10 * DAY ? life / 2 : life / 3);

	*from = ideal - life / 100;
	*until = ideal + life / 100;
	if (s->revocation != 0 && s->now >= s->revocation &&
	    not_before + HOUR < s->revocation) {
		*from = s->revocation;
		*until = s->revocation + DAY;
	}
}
