/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_DECIDE_H
#define ISSUE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acme/authz.h"

/*
 * What is to be done about one certificate, and when (design section 8).  Pure:
 * no clock, no file, no network; the same input gives the same answer.  Times
 * are seconds since 1970 by the CA's clock (the host's own one corrected by
 * what the CA's Date said last), 0 where not known.
 *
 * The rule, in words (for acmeferry(1)):
 *
 * A certificate is due at a moment inside the window that the CA suggests
 * (ARI), else when a third of its lifetime is left, half for one that lives
 * less than ten days.  Hosts that share a set of names are spread: each adds
 * up to a twelfth of the lifetime (a sixth for the short ones), by a hash of
 * its own name and the set.  Where every name can be proven through the
 * surrogate, it is renewed when it is due: by a window that is open, else by a
 * proof.
 *
 * Where a name cannot be proven, only a window helps: the time from the
 * surrogate's own proof until the CA counts it no more.  A window that closes
 * before the certificate is due, or within ten days after that, is used early:
 * in its first quarter, at most its first day, unless the certificate is
 * younger than a twelfth of its lifetime when the window opens; so none is
 * issued twice in one window.  With the window shut nothing is ordered; what
 * peers tell and the known authorizations are looked at between every hour and
 * twice a day, as short as windows are.
 *
 * After a failure the next try waits an hour (two where the CA said no or had
 * tried to validate in vain), then twice as long each time, up to four hours
 * (twelve; a day where there is no certificate yet), an eighth of what the
 * certificate has to live where that is less, and never less than the CA asked
 * for.  Of the five certificates a week that CAs allow for a set of names one
 * is left for the surrogate.  A person's `--now` goes before all of this.
 */

enum {
	DECIDE_REASON = 512,	/* room for a reason with its NUL */
	DECIDE_ISSUED = 8,	/* issuances of the set that are remembered */
	DECIDE_AUTO = -1	/* alarm_before: a sixth of the lifetime */
};

struct decide_cert {
	bool exists;
	int64_t not_before, not_after;
	bool differs;		/* names or key are not as configured: issue
				 * though not due */
};

/* The account's newest authorization for one name. */
struct decide_name {
	const char *name;
	/* AUTHZ_UNKNOWN: never asked, or the answer is too old to mean a
	 * thing; AUTHZ_VALID counts until usable_until */
	enum authz_status status;
	int64_t proven;		/* when it was validated */
	int64_t usable_until;	/* window.h; 0: not known */
	/*
	 * A peer says that its certificate for this name began then, and
	 * neither an order nor the authorization's URL has been asked since
	 * that was told first.  0: nothing new.
	 */
	int64_t hinted;
	/* a peer with `challenge`, a stateless responder, DNS: the name can
	 * be proven whenever it is wanted */
	bool provable;
};

struct decide_ari {
	int64_t start, end;	/* the suggested window; 0: none */
	const char *explanation;	/* the CA's URL; NULL */
	int64_t poll_at;	/* ask again then; 0: this CA has no ARI */
};

struct decide_policy {
	const char *host;	/* this host's name, for the spread; NULL: no
				 * spread (a person is waiting) */
	int64_t alarm_before;	/* seconds before the end, or DECIDE_AUTO */
	bool forced;		/* --now, --force: though not due, no back-off,
				 * no spread, no limit */
	bool told;		/* a peer tells (hints) when it has proven the
				 * names; false: only an order can tell */
	/* how long an authorization was usable, from its proof, when last
	 * seen; 0: not known */
	int64_t window;
	bool replaces;		/* orders will carry `replaces` (ARI) */
};

enum decide_failure {
	DECIDE_OK,
	DECIDE_UNREACHABLE,	/* a link, the surrogate or the CA is down: it
				 * cost nobody anything */
	DECIDE_REFUSED,		/* the CA or certbot said no */
	DECIDE_UNPROVEN		/* the CA tried to validate in vain: five an
				 * hour and name, shared by all holders */
};

struct decide_history {
	int64_t attempt;	/* the last one, whatever became of it */
	enum decide_failure failure;	/* of the last attempt */
	unsigned failures;	/* in a row */
	int64_t retry_at;	/* before that the CA wants no request */
	int64_t looked;		/* peers and known authorizations were last
				 * asked */
	int64_t pending;	/* the set was last ordered and came back
				 * pending; 0: or ready since */
	/* certificates for exactly this set, this host's and those that peers
	 * tell of, in any order; 0: none */
	int64_t issued[DECIDE_ISSUED];
};

struct decide_input {
	int64_t now;
	struct decide_cert cert;
	const struct decide_name *names;	/* all of the certificate's;
						 * none: all provable */
	size_t nnames;
	struct decide_ari ari;
	struct decide_policy policy;
	struct decide_history history;
};

enum decide_what {
	DECIDE_NOTHING,		/* not before `when` */
	DECIDE_RENEW,		/* now: it is due, and no proof is wanted as
				 * far as is known */
	DECIDE_EARLY,		/* now or at `when`: the window closes before
				 * it is due */
	DECIDE_PROVE,		/* now: it is due, and must be proven */
	DECIDE_WAIT,		/* it is due, but there is nothing to try
				 * before `when` */
	DECIDE_ALARM		/* the same, and it is inside alarm_before */
};

struct decide {
	enum decide_what what;
	bool act;		/* order now */
	int64_t due;		/* when it is due, spread included */
	int64_t when;		/* when to act: at most now where act is set;
				 * WAIT: the next try or look */
	int64_t next;		/* run the decision again then, or when the
				 * certificate or a hint is newer; now where
				 * act, look or ask_ari is set */
	/*
	 * It is inside alarm_before and due: unless it is renewed in this
	 * run, the result is CODE_EXPIRING.
	 */
	bool alarm;
	/*
	 * What costs no quota and may change the decision: pull from the
	 * peers, ask the known authorizations' URLs; then set history.looked
	 * and decide again.
	 */
	bool look;
	bool ask_ari;
	bool network;		/* act, look or ask_ari; false: this run needs
				 * no socket */
	char reason[DECIDE_REASON];
};

void renew_decide(const struct decide_input *in, struct decide *out);

/* "nothing", "renew", "early", "prove", "wait", "alarm" */
const char *decide_text(enum decide_what what);

#endif
