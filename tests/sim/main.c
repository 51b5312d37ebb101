/* SPDX-License-Identifier: ISC */
/*
 * usage: sim [-v] [--only POLICY] [--hosts MAX] [--seed N]
 *            [--windows MAX] [--rule RULE]
 *
 * Every row of the table, each policy with 1 to 1,000 hosts, for two years;
 * "lost" could not be kept (sim.h); the naive rule renews at a third left.
 * RULE is one that is wrong on purpose (naive, no-early, no-back-off,
 * no-look, no-proof), to see that it is found out.  Exit status 0 only where
 * nothing expired and no limit was hit.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START	((int64_t)1796083200)	/* 2026-12-01 */
#define YEARS2	(730 * DAY)
#define P90_30	{ 90 * DAY, 30 * DAY, 7 * DAY, true }
#define P64_10	{ 64 * DAY, 10 * DAY, 7 * DAY, true }
#define P45_7H	{ 45 * DAY, 7 * HOUR, 8 * HOUR, true }

static const struct policy policies[] = {
	{ .name = "30 d", .v = { P90_30 }, .share = 4 },
	{ .name = "10 d", .v = { P64_10 }, .share = 4 },
	{ .name = "7 h", .v = { P45_7H }, .share = 4 },
	{ .name = "7 h ARI", .v = { P45_7H }, .share = 1, .ari = true },
	{ .name = "6-day", .v = { { 160 * HOUR, 7 * HOUR, 8 * HOUR, true } },
	    .share = 1 },
	{ .name = "no reuse", .v = { { 90 * DAY, 30 * DAY, 7 * DAY, false } },
	    .share = 4 },
	/* 2027-02-10 and 2028-02-16 */
	{ .name = "calendar", .v = { P90_30, P64_10, P45_7H },
	    .from = { 0, 1802217600, 1834272000 }, .share = 4 },
};
static const int counts[] = { 1, 5, 50, 1000 };
/* these look every hour: the last takes three minutes, so it is asked for */
static const int window_counts[] = { 1, 5, 50, 200, 1000 };

static const struct {
	const char *name;
	enum rule rule;
} rules[] = {
	{ "naive", RULE_NAIVE },
	{ "no-early", RULE_NO_EARLY },
	{ "no-back-off", RULE_NO_BACK_OFF },
	{ "no-look", RULE_NO_LOOK },
	{ "no-proof", RULE_NO_PROOF },
};

struct options {
	enum rule rule;
	const char *only;
	int hosts;
	int windows;		/* the most of them without a proof */
	uint64_t seed;		/* another course of all rows */
	bool verbose;
};

struct total {
	int expired, hits;
};

static void
run(struct sim *s, const struct policy *p, int nhosts, bool provable,
    const struct options *o)
{
	memset(s, 0, sizeof(*s));
	s->policy = p;
	s->rule = o->rule;
	s->verbose = o->verbose;
	s->rng.s = o->seed;
	s->start = START;
	s->end = START + YEARS2;
	build(s, nhosts, provable);
	sim_run(s);
}

static int
hits(const struct sim *s)
{
	int n = 0;

	for (int i = 0; i < LIMIT_N; i++)
		n += s->hits[i];
	return n;
}

static void
row(const struct policy *p, int nhosts, bool provable,
    const struct options *o, struct total *t)
{
	struct options third = { RULE_NAIVE, NULL, 0, 0, o->seed, false };
	struct sim s, naive;
	int renewals = 0, proofs = 0, alarms = 0;

	run(&s, p, nhosts, provable, o);
	run(&naive, p, nhosts, provable, &third);
	for (size_t i = 0; i < s.nhosts; i++) {
		renewals += s.hosts[i].renewals;
		proofs += s.hosts[i].proofs;
		alarms += s.hosts[i].alarms;
	}
	(void)printf("%-9s %5d  %-7s %8d %5d %7d %9.1f %7d %% %7d %10d %7d\n",
	    p->name, nhosts, provable ? "prove" : "windows", s.expired,
	    s.lost, hits(&s), (double)renewals / nhosts,
	    renewals == 0 ? 0 : (proofs * 100 + renewals / 2) / renewals,
	    alarms, naive.expired + naive.lost, hits(&naive));
	if (o->verbose)
		(void)printf("# limits: orders %d, set %d, failed %d, domain "
		    "%d\n", s.hits[LIMIT_ORDERS], s.hits[LIMIT_SET],
		    s.hits[LIMIT_FAILED], s.hits[LIMIT_DOMAIN]);
	t->expired += s.expired;
	t->hits += hits(&s);
	sim_free(&s);
	sim_free(&naive);
}

static int
usage(void)
{
	(void)fputs("usage: sim [-v] [--only POLICY] [--hosts MAX] "
	    "[--windows MAX] [--seed N] "
	    "[--rule naive|no-early|no-back-off|no-look|no-proof]\n", stderr);
	return 2;
}

static bool
set_rule(struct options *o, const char *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(name, rules[i].name) == 0) {
			o->rule = rules[i].rule;
			return true;
		}
	return false;
}

static bool
parse(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			o->verbose = true;
		else if (i + 1 == argc)
			return false;
		else if (strcmp(argv[i], "--only") == 0)
			o->only = argv[++i];
		else if (strcmp(argv[i], "--hosts") == 0)
			o->hosts = (int)strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--windows") == 0)
			o->windows = (int)strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			o->seed = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--rule") != 0 ||
		    !set_rule(o, argv[++i]))
			return false;
	}
	return true;
}

static void
rows(const struct policy *p, const struct options *o, struct total *t)
{
	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
		if (counts[k] <= o->hosts)
			row(p, counts[k], true, o, t);
	for (size_t k = 0; p->v[0].reuse && k < sizeof(window_counts) /
	    sizeof(window_counts[0]); k++)
		if (window_counts[k] <= o->hosts &&
		    window_counts[k] <= o->windows)
			row(p, window_counts[k], false, o, t);
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct options o = { RULE_REAL, NULL, 1000, 200, 0, false };
	struct total t = { 0, 0 };

	if (!parse(&o, argc, argv))
		return usage();
	if (o.windows < o.hosts)
		(void)printf("# by windows alone: at most %d hosts, to be done "
		    "within a minute; --windows %d for all\n", o.windows,
		    o.hosts);
	(void)printf("%-9s %5s  %-7s %8s %5s %7s %9s %9s %7s %10s %7s\n",
	    "policy", "hosts", "way", "expired", "lost", "limits",
	    "renewals", "by proof", "alarms", "naive exp.", "limits");
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (o.only == NULL || strcmp(policies[i].name, o.only) == 0)
			rows(&policies[i], &o, &t);
	(void)printf("expired %d, limits hit %d\n", t.expired, t.hits);
	return t.expired == 0 && t.hits == 0 ? 0 : 1;
}
