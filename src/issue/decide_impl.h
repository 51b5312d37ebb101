/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_DECIDE_IMPL_H
#define ISSUE_DECIDE_IMPL_H

#include "base/clock.h"
#include "base/error.h"
#include "issue/decide.h"

/* Inside of decide.h: what decide.c finds out and decide_text.c puts in
 * words. */

#define MINUTE	((int64_t)60)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)

enum state {			/* the later, the worse */
	OPEN,			/* every name that cannot be proven is usable */
	MAYBE,			/* a peer says that it was proven lately */
	UNKNOWN,
	SHUT
};

/* What follows from the input and is used in several places. */
struct frame {
	uint64_t hash;		/* of host and set */
	int64_t life;		/* of the certificate */
	int64_t lead;		/* it is due so long before its end */
	int64_t spread;		/* and up to so much later */
	int64_t due;
	int64_t alarm_at;
	bool must;		/* to be issued whatever its age */
	bool alarm;
	/* of the names that cannot be proven */
	size_t unprovable;
	enum state state;
	const char *blocker;	/* the name that is worst */
	int64_t shut;		/* since when it is; 0 */
	int64_t from, until;	/* the window they have in common; 0 */
	bool wants_proof;	/* a name that can be proven has no window */
};

enum gate { GATE_OPEN, GATE_BACK_OFF, GATE_RETRY_AFTER, GATE_LIMIT };

/* Appends to the reason; what does not fit is lost. */
void decide_say(struct decide *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "2026-12-20 08:00" */
const char *decide_at(int64_t t, char buf[TIME_TEXT]);
/* "3 days", "40 hours", "1 minute" */
void decide_say_span(struct decide *d, int64_t t);
/* Why it is to be issued; which name has no way; what stands in the way until
 * out->when. */
void decide_say_due(const struct decide_input *in, const struct frame *f,
    struct decide *out);
void decide_say_shut(const struct frame *f, struct decide *out);
void decide_say_gate(const struct decide_input *in, struct decide *out,
    enum gate g);

#endif
