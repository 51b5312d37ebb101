/* SPDX-License-Identifier: ISC */
#include "issue/decide_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/vis.h"

const char *
decide_text(enum decide_what what)
{
	switch (what) {
	case DECIDE_NOTHING:
		return "nothing";
	case DECIDE_RENEW:
		return "renew";
	case DECIDE_EARLY:
		return "early";
	case DECIDE_PROVE:
		return "prove";
	case DECIDE_WAIT:
		return "wait";
	case DECIDE_ALARM:
		return "alarm";
	}
	return "nothing";
}

void
decide_say(struct decide *d, const char *fmt, ...)
{
	size_t len = strlen(d->reason);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(d->reason + len, sizeof(d->reason) - len, fmt, ap);
	va_end(ap);
}

const char *
decide_at(int64_t t, char buf[TIME_TEXT])
{
	(void)time_text(t, buf, TIME_TEXT);
	if (strlen(buf) > 16) {
		buf[10] = ' ';
		buf[16] = '\0';
	}
	return buf;
}

void
decide_say_span(struct decide *d, int64_t t)
{
	const char *unit = "minute";
	int64_t n = t / MINUTE;

	if (t >= 2 * DAY) {
		unit = "day";
		n = t / DAY;
	} else if (t >= 2 * HOUR) {
		unit = "hour";
		n = t / HOUR;
	}
	decide_say(d, "%lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
}

void
decide_say_due(const struct decide_input *in, const struct frame *f,
    struct decide *out)
{
	char b[TIME_TEXT];

	if (in->cert.exists && in->now >= in->cert.not_after)
		decide_say(out, "expired on %s",
		    decide_at(in->cert.not_after, b));
	else if (!in->cert.exists)
		decide_say(out, "there is no certificate");
	else if (in->cert.differs)
		decide_say(out, "the certificate is not as configured");
	else if (in->now < f->due)
		decide_say(out, "forced");
	else if (f->alarm) {
		decide_say(out, "expires in ");
		decide_say_span(out, in->cert.not_after - in->now);
		decide_say(out, ", due since %s", decide_at(f->due, b));
	} else
		decide_say(out, "due since %s", decide_at(f->due, b));
}

void
decide_say_shut(const struct frame *f, struct decide *out)
{
	char b[TIME_TEXT];

	if (f->blocker == NULL)
		return;
	if (f->state == SHUT && f->shut != 0)
		decide_say(out, "'%s' is not authorised since %s",
		    vis(f->blocker), decide_at(f->shut, b));
	else
		decide_say(out, "'%s' is not known to be authorised",
		    vis(f->blocker));
	decide_say(out, " and nothing here can prove it");
}

void
decide_say_gate(const struct decide_input *in, struct decide *out, enum gate g)
{
	char b[TIME_TEXT];

	switch (g) {
	case GATE_OPEN:
		break;
	case GATE_BACK_OFF:
		decide_say(out, "%u attempt%s failed, ", in->history.failures,
		    in->history.failures == 1 ? "" : "s");
		break;
	case GATE_RETRY_AFTER:
		decide_say(out, "the CA wants no request before that, ");
		break;
	case GATE_LIMIT:
		decide_say(out, "these names have got too many certificates "
		    "this week, ");
		break;
	}
	decide_say(out, "next try on %s", decide_at(out->when, b));
}
