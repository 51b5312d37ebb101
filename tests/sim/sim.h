/* SPDX-License-Identifier: ISC */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "issue/decide.h"

/*
 * Two years of a CA, a surrogate and N internal hosts, event by event, with
 * the real renew_decide() in every host.  Deterministic: the same row of the
 * table in main.c always takes the same course.
 *
 * What counts as expired: a certificate that reached its end (or, after a mass
 * revocation, the day of it) although it could have been kept.  That is:
 *
 *  - where the names can be proven: in the last quarter of its lifetime (the
 *    last third below ten days) there was a stretch of 16 hours (8 below ten
 *    days) in which the host, its network, the CA, the surrogate, the way to
 *    it and the CA's way to it all worked at once;
 *  - where only windows help: there was such a stretch of 26 hours, or of half
 *    the window where that is shorter, in which besides every name's window
 *    was open, one that opened after a twelfth of its lifetime;
 *  - after a mass revocation: one of 26 hours between the day on which the CA
 *    told of it and the revocation.
 *
 * The others are told as "lost".  Limits that are hit are counted whoever hits
 * them.  No row asks for more than the CA allows: at most four hosts share a
 * set with the surrogate.  One where certificates live six days, and where the
 * CA has ARI: orders with `replaces` pass every limit but still use up the five
 * a week that the surrogate, which never sends it, needs for its own, and after
 * a mass revocation all want one at once.  Twenty share a set that the
 * surrogate has not.
 */

#define MINUTE	((int64_t)60)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)

enum {
	SET_NAMES = 4,		/* names of one set, at most */
	NONE = -1
};

/* ---- world.c: chance, time, outages ------------------------------------- */

struct rng {
	uint64_t s;
};
uint64_t rng_next(struct rng *r);
/* 0 to n - 1 */
int64_t rng_below(struct rng *r, int64_t n);

struct outages {
	int64_t *v;		/* from, until, from, until, ... */
	size_t n;
};
/* About every so often, between shortest and longest each. */
void outages_make(struct outages *o, struct rng *r, int64_t from,
    int64_t until, int64_t every, int64_t shortest, int64_t longest);
bool outages_up(const struct outages *o, int64_t t);
/* When it is up again; t where it is. */
int64_t outages_end(const struct outages *o, int64_t t);

enum event_kind { EVENT_SURROGATE, EVENT_CRON, EVENT_VALIDATE, EVENT_FINALIZE };
struct event {
	int64_t at;
	uint64_t order;		/* first come, first served */
	enum event_kind kind;
	int who;
};
struct heap {
	struct event *v;
	size_t n, cap;
	uint64_t count;
};
void heap_add(struct heap *h, int64_t at, enum event_kind kind, int who);
struct event heap_take(struct heap *h);

void *grow(void *v, size_t n, size_t *cap, size_t size);

/* ---- the world ----------------------------------------------------------- */

struct params {			/* what the CA does at a time */
	int64_t cert_life, authz_life, order_life;
	bool reuse;		/* counts authorizations of earlier orders */
};

struct policy {
	const char *name;
	struct params v[3];	/* the second and third: from then on */
	int64_t from[3];
	bool ari;		/* renewalInfo, and orders carry `replaces` */
	int share;		/* hosts that share a set with the surrogate */
};

struct bucket {
	int64_t tat;
};
struct authz {
	int name;
	enum authz_status status;
	int64_t expires, validated;
};
struct order {
	uint64_t id;		/* 0: none */
	bool ready;
	int64_t expires;
	int authz[SET_NAMES];
};
struct name {
	char text[32];
	struct bucket failed;
	int best;		/* its newest valid authorization; NONE */
	int lineage;		/* the surrogate's for it */
	int64_t *windows;	/* from, until: for the judgement */
	size_t nwindows, capwindows;
};
struct set {
	int names[SET_NAMES];
	int n;
	struct order order;	/* the pending or ready one */
	struct bucket certs;
	int64_t issued;		/* last; 0: never */
};
struct lineage {		/* of the surrogate */
	int set;
	int64_t not_before, not_after;
	bool thirty;		/* an old certbot: thirty days before */
	int authz[SET_NAMES];
};

struct known {			/* what a host knows about a name */
	enum authz_status status;
	int64_t proven, usable_until;
	int64_t told, answered;	/* the surrogate's not_before */
	int own, hinted;	/* authorizations whose URL is known */
	int64_t deactivated;
};
struct host {
	char text[32];
	int set;
	bool provable;
	bool stateless;		/* no way to the surrogate needed for it */
	bool urls;		/* hints carry authorizations */
	int64_t skew, corrected;
	int64_t period, minute;	/* of its cron: every hour, at some every ten
				 * minutes */
	struct outages self, net, link;
	struct known known[SET_NAMES];
	int64_t window, order_life;
	struct decide_history history;
	struct decide_cert cert;
	int64_t ari_poll, ari_start, ari_end;
	uint64_t order;		/* under way */
	int tries;
	bool proved;
	int renewals, proofs, alarms;
	bool alarm;
};

enum rule { RULE_REAL, RULE_NAIVE, RULE_NO_EARLY, RULE_NO_BACK_OFF,
	RULE_NO_LOOK, RULE_NO_PROOF };

enum limit { LIMIT_ORDERS, LIMIT_SET, LIMIT_FAILED, LIMIT_DOMAIN, LIMIT_N };

struct sim {
	const struct policy *policy;
	enum rule rule;
	bool verbose;
	int64_t now, start, end;
	struct rng rng;
	struct heap heap;
	struct name *names;
	size_t nnames, capnames;
	struct set *sets;
	size_t nsets, capsets;
	struct lineage *lineages;
	size_t nlineages, caplineages;
	struct host *hosts;
	size_t nhosts, caphosts;
	struct authz *authzs;
	size_t nauthzs, capauthzs;
	uint64_t orders;
	struct bucket account, domain;
	struct outages ca, surrogate, validation;
	int64_t revocation;	/* the CA tells of it; 0: none */
	/* results */
	int expired, lost, hits[LIMIT_N];
};

#define REVOKED_AFTER	(5 * DAY)

/* ---- ca.c ---------------------------------------------------------------- */

const struct params *ca_params(const struct sim *s, int64_t t);
int64_t ca_cutoff(const struct params *p);
bool ca_up(const struct sim *s);
/* 0: *out is the set's order; else a limit is hit: seconds to wait. */
int64_t ca_new_order(struct sim *s, int set, bool replaces,
    struct order **out);
/* What its URL says now. */
struct authz ca_authz(const struct sim *s, int id);
/* Every pending authorization of the set's order; false: the CA came in vain,
 * and the order is gone. */
bool ca_validate(struct sim *s, int set);
void ca_deactivate(struct sim *s, int set);
/* False: another one was faster. */
bool ca_finalize(struct sim *s, int set, uint64_t order, bool replaces,
    int64_t *not_before, int64_t *not_after);
void ca_ari(const struct sim *s, int64_t not_before, int64_t not_after,
    int64_t *from, int64_t *until);

/* ---- surrogate.c, host.c, attempt.c, judge.c, build.c -------------------- */

void surrogate_run(struct sim *s);
/* Where the surrogate's certificate begins and its authorization. */
int64_t surrogate_tells(const struct sim *s, int name, int *authz);

void host_cron(struct sim *s, int who);
bool host_net(const struct sim *s, const struct host *h);
/* Everything works that a proof takes. */
bool host_can_deliver(const struct sim *s, const struct host *h);
void host_decide(const struct sim *s, const struct host *h,
    struct decide *out);
void host_schedule(struct sim *s, int who, int64_t next);

void attempt_begin(struct sim *s, int who);
void attempt_validate(struct sim *s, int who);
void attempt_finalize(struct sim *s, int who);
void attempt_learn(struct sim *s, struct host *h, int i, int authz);

/* Another certificate comes, or the simulation ends: was it too late? */
void judge(struct sim *s, const struct host *h);

void build(struct sim *s, int nhosts, bool provable);
void sim_free(struct sim *s);
void sim_run(struct sim *s);

#endif
