/* SPDX-License-Identifier: ISC */
/*
 * One attempt of a host, as issue, prove and finish make it: an order; where
 * it is pending a delivery and the CA's visit ten seconds later; ten seconds
 * after that the certificate.  In between another host may be faster.
 */
#include "sim.h"

#include <string.h>

#include "issue/window.h"

#define STEP	((int64_t)10)

/* As renew: the next run of cron decides, with what was learnt. */
static void
again(struct sim *s, int who)
{
	struct host *h = &s->hosts[who];
	struct decide d;

	h->order = 0;
	host_decide(s, h, &d);
	host_schedule(s, who, d.next);
}

static void
failed(struct sim *s, int who, enum decide_failure why, int64_t wait)
{
	struct host *h = &s->hosts[who];
	struct decide_history *y = &h->history;
	int64_t now = s->now + h->skew + h->corrected;

	y->attempt = now;
	y->failure = why;
	y->failures++;
	y->retry_at = wait > 0 ? now + wait : 0;
	again(s, who);
}

/* What the order holds is what is known now. */
static void
learn_order(struct sim *s, struct host *h, const struct order *o)
{
	const struct set *set = &s->sets[h->set];
	bool fresh = true;

	for (int i = 0; i < set->n; i++) {
		struct known *k = &h->known[i];

		k->own = o->authz[i];
		k->answered = k->told;
		if (ca_authz(s, k->own).status != AUTHZ_PENDING)
			fresh = false;
		attempt_learn(s, h, i, k->own);
	}
	if (fresh && o->expires - s->now > h->order_life)
		h->order_life = o->expires - s->now;
}

/* Valid as far as is known, or proven since our order came back pending. */
static bool
hidden(const struct sim *s, const struct host *h, int i)
{
	const struct known *k = &h->known[i];

	if (k->deactivated > s->now - DAY)
		return false;
	return (k->status == AUTHZ_VALID && k->usable_until > s->now) ||
	    (k->told > k->answered && h->history.pending != 0 &&
	    k->told + HOUR > h->history.pending);
}

/*
 * A pending order that hides valid authorizations (verify_order.c): its own
 * are deactivated, at most once a day, and the next order is ready.
 */
static bool
uncover(struct sim *s, struct host *h, const struct order *o)
{
	const struct set *set = &s->sets[h->set];

	for (int i = 0; i < set->n; i++)
		if (s->authzs[o->authz[i]].status == AUTHZ_PENDING &&
		    !hidden(s, h, i))
			return false;
	for (int i = 0; i < set->n; i++)
		if (s->authzs[o->authz[i]].status == AUTHZ_PENDING)
			h->known[i].deactivated = s->now;
	ca_deactivate(s, h->set);
	return true;
}

static void
prove(struct sim *s, int who)
{
	if (!host_can_deliver(s, &s->hosts[who]) || s->rule == RULE_NO_PROOF) {
		failed(s, who, DECIDE_UNREACHABLE, 0);
		return;
	}
	s->hosts[who].proved = true;
	heap_add(&s->heap, s->now + STEP, EVENT_VALIDATE, who);
}

static void
order(struct sim *s, int who)
{
	struct host *h = &s->hosts[who];
	struct order *o;
	int64_t wait;

	if (!host_net(s, h) || !ca_up(s)) {
		failed(s, who, DECIDE_UNREACHABLE, 0);
		return;
	}
	h->corrected = -h->skew;
	wait = ca_new_order(s, h->set, s->policy->ari && h->cert.exists, &o);
	if (wait > 0) {
		failed(s, who, DECIDE_REFUSED, wait);
		return;
	}
	if (!o->ready && s->rule != RULE_NAIVE && !h->provable &&
	    uncover(s, h, o) && h->tries++ < 4) {
		order(s, who);
		return;
	}
	learn_order(s, h, o);
	h->order = o->id;
	if (o->ready) {
		h->history.pending = 0;
		heap_add(&s->heap, s->now + STEP, EVENT_FINALIZE, who);
		return;
	}
	h->history.pending = s->now;
	if (h->provable && s->rule != RULE_NAIVE)
		prove(s, who);
	else
		failed(s, who, DECIDE_REFUSED, 0);
}

void
attempt_begin(struct sim *s, int who)
{
	struct host *h = &s->hosts[who];

	h->tries = 0;
	h->proved = false;
	order(s, who);
}

void
attempt_validate(struct sim *s, int who)
{
	struct host *h = &s->hosts[who];
	struct set *set = &s->sets[h->set];

	if (!host_net(s, h) || !ca_up(s)) {
		failed(s, who, DECIDE_UNREACHABLE, 0);
		return;
	}
	if (set->order.id == h->order && !set->order.ready) {
		if (!ca_validate(s, h->set)) {
			failed(s, who, DECIDE_UNPROVEN, 0);
			return;
		}
		h->history.pending = 0;
	}
	heap_add(&s->heap, s->now + STEP, EVENT_FINALIZE, who);
}

static void
renewed(struct sim *s, int who, int64_t not_before, int64_t not_after)
{
	struct host *h = &s->hosts[who];

	judge(s, h);
	h->cert.exists = true;
	h->cert.not_before = not_before;
	h->cert.not_after = not_after;
	h->ari_start = h->ari_end = 0;
	h->ari_poll = 1;
	h->renewals++;
	h->proofs += h->proved;
	memmove(h->history.issued + 1, h->history.issued,
	    sizeof(h->history.issued) - sizeof(h->history.issued[0]));
	h->history.issued[0] = s->now;
	h->history.attempt = s->now;
	h->history.failure = DECIDE_OK;
	h->history.failures = 0;
	h->history.retry_at = 0;
	again(s, who);
}

void
attempt_finalize(struct sim *s, int who)
{
	struct host *h = &s->hosts[who];
	int64_t from, until;

	if (!host_net(s, h) || !ca_up(s)) {
		failed(s, who, DECIDE_UNREACHABLE, 0);
		return;
	}
	if (!ca_finalize(s, h->set, h->order, s->policy->ari &&
	    h->cert.exists, &from, &until)) {
		if (h->tries++ < 4)
			order(s, who);
		else
			failed(s, who, DECIDE_REFUSED, 0);
		return;
	}
	for (int i = 0; i < s->sets[h->set].n; i++)
		attempt_learn(s, h, i, h->known[i].own);
	renewed(s, who, from, until);
}
