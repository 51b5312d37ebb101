/* SPDX-License-Identifier: ISC */
/* Was a certificate's end reached, and could it have been kept?  See sim.h. */
#include "sim.h"

#include <inttypes.h>
#include <stdio.h>

#define SAMPLE	(10 * MINUTE)

/* When the newest window that is open at t began; 0: none is. */
static int64_t
window_open(const struct name *n, int64_t t)
{
	for (size_t i = n->nwindows; i >= 2; i -= 2)
		if (n->windows[i - 2] <= t && n->windows[i - 1] > t)
			return n->windows[i - 2];
	return 0;
}

/* Every name has one, and the certificate was not issued in it. */
static bool
all_open(const struct sim *s, const struct host *h, int64_t t)
{
	const struct set *set = &s->sets[h->set];
	int64_t from, last = 0;

	for (int i = 0; i < set->n; i++) {
		from = window_open(&s->names[set->names[i]], t);
		if (from == 0)
			return false;
		if (from > last)
			last = from;
	}
	return last > h->cert.not_before + (h->cert.not_after -
	    h->cert.not_before) / 12;
}

static bool
works(const struct sim *s, const struct host *h, int64_t t)
{
	bool surrogate = outages_up(&s->surrogate, t);
	bool link = outages_up(&h->link, t);

	if (!outages_up(&h->self, t) || !outages_up(&h->net, t) ||
	    !outages_up(&s->ca, t))
		return false;
	if (h->provable && surrogate && (link || h->stateless) &&
	    outages_up(&s->validation, t))
		return true;
	return surrogate && link && all_open(s, h, t);
}

static int64_t
stretch(const struct sim *s, const struct host *h, bool revoked, int64_t t)
{
	const struct params *p = ca_params(s, t);
	int64_t half = (p->authz_life - ca_cutoff(p)) / 2;

	if (!h->provable)
		return half < 26 * HOUR ? half : 26 * HOUR;
	if (revoked)
		return 26 * HOUR;
	return h->cert.not_after - h->cert.not_before < 10 * DAY ? 8 * HOUR :
	    16 * HOUR;
}

static int64_t
chance_from(const struct host *h)
{
	int64_t life = h->cert.not_after - h->cert.not_before;

	if (!h->provable)
		return h->cert.not_before + life / 12;
	return h->cert.not_after - (life < 10 * DAY ? life / 3 : life / 4);
}

void
judge(struct sim *s, const struct host *h)
{
	int64_t end = h->cert.not_after, from = chance_from(h), run = 0;
	bool revoked = s->revocation != 0 && s->now >= s->revocation &&
	    h->cert.not_before + HOUR < s->revocation &&
	    end > s->revocation + REVOKED_AFTER;

	if (revoked) {
		end = s->revocation + REVOKED_AFTER;
		from = s->revocation;
	}
	if (!h->cert.exists || s->now <= end)
		return;
	for (int64_t t = from < s->start ? s->start : from; t < end;
	    t += SAMPLE) {
		run = works(s, h, t) ? run + SAMPLE : 0;
		if (run < stretch(s, h, revoked, t))
			continue;
		s->expired++;
		if (s->verbose)
			(void)printf("# %s: not kept from %" PRId64 " to %"
			    PRId64 " h though it could at %" PRId64 " h\n",
			    h->text, (h->cert.not_before - s->start) / HOUR,
			    (end - s->start) / HOUR, (t - s->start) / HOUR);
		return;
	}
	s->lost++;
}
