/* SPDX-License-Identifier: ISC */
/*
 * An internal host: hourly cron, which does nothing before the time that the
 * last decision named; what it knows it has been told or asked.
 */
#include "sim.h"

#include <string.h>

#include "config/config.h"
#include "issue/cert.h"
#include "issue/window.h"

bool
host_net(const struct sim *s, const struct host *h)
{
	return outages_up(&h->self, s->now) && outages_up(&h->net, s->now);
}

bool
host_can_deliver(const struct sim *s, const struct host *h)
{
	return outages_up(&s->surrogate, s->now) && (h->stateless ||
	    outages_up(&h->link, s->now));
}

static int64_t
host_now(const struct sim *s, const struct host *h)
{
	return s->now + h->skew + h->corrected;
}

/* The first run of its cron at or after a time of its own clock. */
void
host_schedule(struct sim *s, int who, int64_t next)
{
	const struct host *h = &s->hosts[who];
	int64_t t = next - h->skew - h->corrected;

	if (t <= s->now)
		t = s->now + 1;
	if (t > s->end)
		return;
	t = outages_end(&h->self, t);
	t += (h->minute - t % h->period + h->period) % h->period;
	if (outages_up(&h->self, t)) {
		heap_add(&s->heap, t, EVENT_CRON, who);
		return;
	}
	/* down just then: the first one after that */
	t = outages_end(&h->self, t);
	t += (h->minute - t % h->period + h->period) % h->period;
	heap_add(&s->heap, t, EVENT_CRON, who);
}

/* ---- what it knows ------------------------------------------------------- */

/* One authorization of a name, as the CA has just told it. */
void
attempt_learn(struct sim *s, struct host *h, int i, int id)
{
	struct authz z = ca_authz(s, id);
	struct known *k = &h->known[i];
	struct window_facts f = {
		.server = "https://acme-v02.api.letsencrypt.org/directory",
		.reuse_cutoff = CUTOFF_AUTO, .order_lifetime = h->order_life,
		.authz_lifetime = z.validated == 0 ? 0 :
		    z.expires - z.validated };
	int64_t until = window_usable_until(&f, z.expires);

	if (z.status == AUTHZ_VALID && (k->status != AUTHZ_VALID ||
	    until >= k->usable_until)) {
		k->proven = z.validated;
		k->usable_until = until;
		h->window = until - z.validated;
		k->status = z.status;
	} else if (z.status != AUTHZ_VALID &&
	    (k->status != AUTHZ_VALID || k->usable_until <= s->now))
		k->status = z.status;
}

/* Pull, and the URLs that are known. */
static void
look(struct sim *s, struct host *h)
{
	const struct set *set = &s->sets[h->set];
	bool way = host_net(s, h) && outages_up(&h->link, s->now) &&
	    outages_up(&s->surrogate, s->now);
	bool ca = host_net(s, h) && ca_up(s);

	for (int i = 0; i < set->n; i++) {
		struct known *k = &h->known[i];
		int id = NONE;

		if (way) {
			k->told = surrogate_tells(s, set->names[i], &id);
			if (h->urls)
				k->hinted = id;
		}
		if (!ca)
			continue;
		if (k->own != NONE)
			attempt_learn(s, h, i, k->own);
		if (k->hinted != NONE) {
			attempt_learn(s, h, i, k->hinted);
			k->answered = k->told;
		}
	}
	if (ca)
		h->corrected = -h->skew;
	h->history.looked = host_now(s, h);
}

static void
ask_ari(struct sim *s, struct host *h)
{
	if (host_net(s, h) && ca_up(s)) {
		ca_ari(s, h->cert.not_before, h->cert.not_after,
		    &h->ari_start, &h->ari_end);
		h->corrected = -h->skew;
	}
	h->ari_poll = host_now(s, h) + 6 * HOUR;
}

/* ---- the decision -------------------------------------------------------- */

static void
naive(const struct host *h, const struct decide_input *in, struct decide *out)
{
	int64_t due = h->cert.exists ? cert_due(h->cert.not_before,
	    h->cert.not_after) : 0;

	memset(out, 0, sizeof(*out));
	out->act = in->now >= due;
	out->next = out->act ? in->now + HOUR / 2 : due;
	out->what = out->act ? DECIDE_RENEW : DECIDE_NOTHING;
}

/* Rules that are wrong on purpose: the simulation has to find them out. */
static void
spoil(enum rule rule, struct decide_input *in)
{
	if (rule == RULE_NO_BACK_OFF) {
		in->history.failures = 0;
		in->history.retry_at = 0;
	}
	if (rule == RULE_NO_LOOK)
		in->history.looked = in->now;
}

void
host_decide(const struct sim *s, const struct host *h, struct decide *out)
{
	const struct set *set = &s->sets[h->set];
	struct decide_name names[SET_NAMES];
	struct decide_input in = { .now = host_now(s, h), .cert = h->cert,
		.names = names, .nnames = (size_t)set->n,
		.history = h->history };

	memset(names, 0, sizeof(names));
	for (int i = 0; i < set->n; i++) {
		const struct known *k = &h->known[i];

		names[i].name = s->names[set->names[i]].text;
		names[i].status = k->status;
		names[i].proven = k->proven;
		names[i].usable_until = k->usable_until;
		names[i].hinted = k->told > k->answered ? k->told : 0;
		names[i].provable = h->provable;
	}
	in.policy.host = h->text;
	in.policy.alarm_before = DECIDE_AUTO;
	in.policy.told = true;
	in.policy.window = h->window;
	in.policy.replaces = s->policy->ari && h->cert.exists;
	in.ari.start = h->ari_start;
	in.ari.end = h->ari_end;
	in.ari.poll_at = s->policy->ari ? h->ari_poll : 0;
	spoil(s->rule, &in);
	if (s->rule == RULE_NAIVE) {
		naive(h, &in, out);
		return;
	}
	renew_decide(&in, out);
	if (s->rule == RULE_NO_EARLY && out->what == DECIDE_EARLY) {
		out->what = DECIDE_NOTHING;
		out->act = false;
		out->next = out->due > in.now ? out->due : in.now + HOUR;
	}
}

void
host_cron(struct sim *s, int who)
{
	struct host *h = &s->hosts[who];
	struct decide d;

	/* renew.json keeps only what a clock is late */
	if (h->corrected < 0)
		h->corrected = 0;
	host_decide(s, h, &d);
	if (d.ask_ari) {
		ask_ari(s, h);
		host_decide(s, h, &d);
	}
	if (d.look && s->rule != RULE_NO_LOOK) {
		look(s, h);
		host_decide(s, h, &d);
	}
	if (d.alarm && !h->alarm)
		h->alarms++;
	h->alarm = d.alarm;
	if (d.act)
		attempt_begin(s, who);
	else
		host_schedule(s, who, d.next > host_now(s, h) ? d.next :
		    host_now(s, h) + 1);
}
