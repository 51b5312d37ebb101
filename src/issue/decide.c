/* SPDX-License-Identifier: ISC */
#include "issue/decide.h"

#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "issue/cert.h"
#include "issue/decide_impl.h"

/* How often to look whether a window has opened: it may be open for hours
 * only, and a CA may have made it shorter since the last one. */
#define LOOK_EVERY HOUR
/* five certificates a week for one set of names: one comes back every 34 h */
#define REFILL	(34 * HOUR)
#define BURST	(5 * REFILL)
/* a window that stays open so long after the due time is waited for */
#define ROOM	(10 * DAY)

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- hash ---------------------------------------------------------------- */

static uint64_t
hash_text(const char *s)
{
	uint64_t h = 0xcbf29ce484222325U;	/* FNV-1a */

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3U;
	return h;
}

static uint64_t
hash_mix(uint64_t h)
{
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;	/* splitmix64 */
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
	return h ^ (h >> 31);
}

/* The same in whatever order the names stand. */
static uint64_t
hash_set(const struct decide_input *in)
{
	uint64_t h = 0;

	for (size_t i = 0; i < in->nnames; i++)
		h += hash_mix(hash_text(in->names[i].name));
	if (in->policy.host != NULL)
		h = hash_mix(h) + hash_text(in->policy.host);
	return hash_mix(h);
}

/* A part of range, from 0 to less than all of it. */
static int64_t
part(uint64_t hash, int64_t range)
{
	int64_t h = (int64_t)(hash >> 48);

	if (range <= 0)
		return 0;
	return range / 65536 * h + range % 65536 * h / 65536;
}

/* ---- when is it due ------------------------------------------------------ */

static int64_t
due_at(const struct decide_input *in, const struct frame *f)
{
	const struct decide_cert *c = &in->cert;
	int64_t base = c->not_after - f->lead, last = base + f->spread, due;
	int64_t range, phase;

	if (in->ari.start != 0) {
		range = in->policy.host == NULL ? 0 :
		    larger(0, in->ari.end - in->ari.start);
		/* a CA that suggests too late a time is not followed */
		due = smaller(in->ari.start + part(f->hash, range), last);
	} else {
		/*
		 * Each host has its place in every period of f->spread, so
		 * that two of them never drift together.
		 */
		due = base;
		if (in->policy.host != NULL && f->spread > 0) {
			phase = (part(f->hash, f->spread) - base) % f->spread;
			due += phase < 0 ? phase + f->spread : phase;
		}
	}
	/* a CA that wants each new certificate replaced at once is not
	 * followed either */
	return larger(due, c->not_before + smaller(DAY, f->life / 6));
}

/* ---- the window ---------------------------------------------------------- */

static enum state
name_state(const struct decide_input *in, const struct decide_name *n,
    int64_t *from, int64_t *until)
{
	int64_t window = in->policy.window;

	*from = n->proven;
	*until = n->usable_until;
	if (n->status == AUTHZ_VALID && n->usable_until > in->now) {
		if (*from == 0 && window > 0)
			*from = n->usable_until - window;
		return OPEN;
	}
	/* the CA may date a certificate back by an hour; how long this window
	 * lasts is not told, and the CA may have changed that */
	if (n->hinted != 0 && (window == 0 ||
	    n->hinted + window + HOUR > in->now)) {
		*from = smaller(n->hinted, in->now);
		*until = 0;
		return MAYBE;
	}
	return n->status == AUTHZ_UNKNOWN ? UNKNOWN : SHUT;
}

static void
look_at_names(const struct decide_input *in, struct frame *f)
{
	for (size_t i = 0; i < in->nnames; i++) {
		const struct decide_name *n = &in->names[i];
		int64_t from, until;
		enum state s = name_state(in, n, &from, &until);

		if (n->provable) {
			if (s != OPEN)
				f->wants_proof = true;
			continue;
		}
		/* nobody tells: what was shut yesterday is not known today */
		if (s == SHUT && !in->policy.told)
			s = UNKNOWN;
		if (f->unprovable++ == 0 || s > f->state) {
			f->state = s;
			f->blocker = n->name;
			f->shut = n->usable_until <= in->now ?
			    n->usable_until : 0;
		}
		f->from = larger(f->from, from);
		if (until != 0)
			f->until = f->until == 0 ? until :
			    smaller(f->until, until);
	}
}

/*
 * A window that opens later than this is used, so that the certificate lives
 * about as long as the surrogate's own; not one that it was issued in.
 */
static int64_t
danger_from(const struct decide_input *in, const struct frame *f)
{
	return in->cert.not_before + f->life / 12;
}

static bool
may_order(const struct decide_input *in)
{
	int64_t pending = in->history.pending;

	return pending == 0 || pending > in->now ||
	    in->now - pending >= DAY;
}

/* ---- what stands in the way ---------------------------------------------- */

/* How long to wait after the failures so far. */
static int64_t
back_off(const struct decide_input *in, const struct frame *f)
{
	const struct decide_history *h = &in->history;
	/* a little less than whole hours: cron is not that exact */
	int64_t base = h->failure == DECIDE_UNREACHABLE ? 50 * MINUTE :
	    110 * MINUTE;
	int64_t wait = base, cap = h->failure == DECIDE_UNREACHABLE ?
	    4 * HOUR : 12 * HOUR;
	uint64_t jitter = hash_mix(f->hash + h->failures);

	if (!in->cert.exists)
		cap = DAY;
	else
		cap = smaller(cap, llabs(in->cert.not_after - in->now) / 8);
	if (f->unprovable > 0 && f->until > in->now)
		cap = smaller(cap, (f->until - in->now) / 8);
	cap = larger(cap, base);
	for (unsigned i = 1; i < h->failures && wait < cap; i++)
		wait *= 2;
	wait = smaller(wait, cap);
	return wait + part(jitter, wait / 4);
}

static int
by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * When the CA would give this set one more certificate and the surrogate one
 * after that: a bucket of five that gets one back every 34 hours.
 */
static int64_t
limit_until(const struct decide_input *in, const struct frame *f)
{
	int64_t t[DECIDE_ISSUED], level = BURST, last = 0;
	int64_t want = f->alarm ? REFILL : 2 * REFILL;

	/* a CA with so short-lived certificates has no such limit */
	if (in->policy.replaces || (in->cert.exists && f->life < 5 * DAY))
		return 0;
	memcpy(t, in->history.issued, sizeof(t));
	qsort(t, DECIDE_ISSUED, sizeof(t[0]), by_time);
	for (size_t i = 0; i < DECIDE_ISSUED; i++) {
		if (t[i] <= 0 || t[i] > in->now)
			continue;
		level = smaller(BURST, level + (last == 0 ? 0 :
		    t[i] - last)) - REFILL;
		last = t[i];
	}
	if (last == 0)
		return 0;
	return level >= want ? 0 : last + want - level;
}

static enum gate
gate(const struct decide_input *in, const struct frame *f, int64_t *when)
{
	const struct decide_history *h = &in->history;
	enum gate g = GATE_OPEN;
	int64_t t;

	*when = in->now;
	if (in->policy.forced)
		return g;
	/* an attempt in the future: the clock was wrong then */
	t = h->failures > 0 && h->failure != DECIDE_OK &&
	    h->attempt <= in->now ? h->attempt + back_off(in, f) : 0;
	if (t > *when) {
		*when = t;
		g = GATE_BACK_OFF;
	}
	t = smaller(h->retry_at, in->now + 31 * DAY);
	if (t > *when) {
		*when = t;
		g = GATE_RETRY_AFTER;
	}
	if ((t = limit_until(in, f)) > *when) {
		*when = t;
		g = GATE_LIMIT;
	}
	return g;
}

/* ---- the decision -------------------------------------------------------- */

static void
set_frame(const struct decide_input *in, struct frame *f)
{
	const struct decide_cert *c = &in->cert;
	int64_t before = in->policy.alarm_before;

	memset(f, 0, sizeof(*f));
	f->hash = hash_set(in);
	f->must = !c->exists || c->differs || in->policy.forced;
	if (c->exists) {
		f->life = larger(0, c->not_after - c->not_before);
		f->lead = c->not_after - cert_due(c->not_before,
		    c->not_after);
		f->spread = f->life < 10 * DAY ? f->life / 6 : f->life / 12;
		f->due = due_at(in, f);
		f->alarm_at = c->not_after - (before < 0 ? f->life / 6 :
		    before);
	} else
		f->due = in->now;
	look_at_names(in, f);
	f->alarm = c->exists && in->now >= f->alarm_at &&
	    (f->must || in->now >= f->due);
}

static void
wait_until(const struct frame *f, struct decide *out, int64_t when)
{
	out->what = f->alarm ? DECIDE_ALARM : DECIDE_WAIT;
	out->when = when;
}

/* It is to be issued; is there a way? */
static void
decide_due(const struct decide_input *in, const struct frame *f,
    struct decide *out)
{
	char b[TIME_TEXT];
	bool blind = f->unprovable > 0 && f->state == UNKNOWN;
	int64_t when;
	enum gate g;

	decide_say_due(in, f, out);
	if (!in->policy.forced && f->unprovable > 0 && (f->state == SHUT ||
	    (blind && !may_order(in)))) {
		wait_until(f, out, in->now + LOOK_EVERY);
		decide_say(out, "; ");
		decide_say_shut(f, out);
		decide_say(out, "; next look on %s", decide_at(out->when, b));
		return;
	}
	if ((g = gate(in, f, &when)) != GATE_OPEN) {
		wait_until(f, out, when);
		decide_say(out, "; ");
		decide_say_gate(in, out, g);
		return;
	}
	out->act = true;
	out->when = in->now;
	out->what = DECIDE_RENEW;
	if (f->unprovable > 0 && f->state == OPEN)
		decide_say(out, ", the window is open until %s",
		    decide_at(f->until, b));
	else if (blind)
		decide_say(out, "; ask whether it can be issued");
	else if (f->wants_proof) {
		out->what = DECIDE_PROVE;
		decide_say(out, "; prove the names through the surrogate");
	}
}

/* It is not due. Will the window be shut when it is? True: out is filled in. */
static bool
decide_early(const struct decide_input *in, const struct frame *f,
    struct decide *out)
{
	bool blind = f->state == UNKNOWN && !in->policy.told;
	int64_t from = f->from != 0 ? f->from : in->now, when = in->now;
	int64_t room = 0;
	char b[TIME_TEXT];

	if (f->unprovable == 0 || f->state == SHUT ||
	    (f->state == UNKNOWN && !(blind && may_order(in))))
		return false;
	if (blind)
		from = in->now;
	else if (f->until != 0) {
		if (f->due <= f->until - ROOM)
			return false;
		room = smaller(DAY, larger(0, f->until - from) / 4);
	}
	if (from <= danger_from(in, f))
		return false;
	out->what = DECIDE_EARLY;
	if (gate(in, f, &when) == GATE_OPEN)
		when = larger(in->now, in->policy.host == NULL ? 0 :
		    from + part(f->hash, room));
	out->when = when;
	out->act = when <= in->now;
	decide_say(out, "renew %s%s because ", out->act ? "now" : "on ",
	    out->act ? "" : decide_at(when, b));
	if (blind)
		decide_say(out, "nobody tells when '%s' is proven next",
		    vis(f->blocker));
	else if (f->until == 0)
		decide_say(out, "'%s' was proven lately, and nothing here can "
		    "prove it later", vis(f->blocker));
	else {
		decide_say(out, "the window closes ");
		decide_say_span(out, llabs(f->due - f->until));
		decide_say(out, " %s the certificate is due",
		    f->until < f->due ? "before" : "after");
	}
	return true;
}

static void
decide_later(const struct decide_input *in, const struct frame *f,
    struct decide *out)
{
	char b[TIME_TEXT];

	out->what = DECIDE_NOTHING;
	out->when = f->due;
	decide_say(out, "not due before %s", decide_at(f->due, b));
	if (in->ari.start != 0 && in->ari.explanation != NULL)
		decide_say(out, " (the CA's reason: %s)",
		    vis(in->ari.explanation));
}

static void
sooner(int64_t *next, int64_t now, int64_t t)
{
	if (t > now && t < *next)
		*next = t;
}

/* Whether to look, and when to decide again. */
static void
look_ahead(const struct decide_input *in, const struct frame *f,
    struct decide *out)
{
	int64_t looked = in->history.looked;
	int64_t since = looked > in->now || looked == 0 ? INT64_MAX :
	    in->now - looked;
	int64_t danger = danger_from(in, f);

	/* as with back_off(): a little less than the whole time */
	if (f->unprovable > 0 && (f->must || in->now >= f->due ||
	    in->now >= danger))
		out->look = since >= LOOK_EVERY - 10 * MINUTE;
	if (out->act && since >= HOUR - 10 * MINUTE)
		out->look = true;
	out->ask_ari = in->cert.exists && in->ari.poll_at != 0 &&
	    in->now >= in->ari.poll_at;
	out->network = out->act || out->look || out->ask_ari;

	out->next = out->network ? in->now : out->when;
	if (out->network)
		return;
	if (f->unprovable > 0) {
		if (in->cert.exists && !f->must && in->now < f->due &&
		    in->now < danger)
			sooner(&out->next, in->now, danger);
		else
			sooner(&out->next, in->now, LOOK_EVERY +
			    (looked + LOOK_EVERY > in->now ? looked :
			    in->now));
	}
	sooner(&out->next, in->now, in->ari.poll_at);
	if (in->cert.exists)
		sooner(&out->next, in->now, f->alarm_at);
}

void
renew_decide(const struct decide_input *in, struct decide *out)
{
	struct frame f;

	memset(out, 0, sizeof(*out));
	set_frame(in, &f);
	out->due = f.due;
	out->alarm = f.alarm;
	if (f.must || in->now >= f.due)
		decide_due(in, &f, out);
	else if (!decide_early(in, &f, out))
		decide_later(in, &f, out);
	look_ahead(in, &f, out);
}
