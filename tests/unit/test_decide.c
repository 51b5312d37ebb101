/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>

#include "issue/cert.h"
#include "issue/decide.h"

#define H	((int64_t)3600)
#define D	(24 * H)
/* 2026-10-01 00:00 */
#define T0	((int64_t)1790812800)

/* names: one that nothing can prove, by what is known of it */
#define NAME(...)	(const struct decide_name[]){ \
			    { .name = "app.example.com", __VA_ARGS__ } }, \
			.nnames = 1
#define VALID(p, u)	NAME(.status = AUTHZ_VALID, .proven = T0 + (p), \
			    .usable_until = T0 + (u))
#define GONE(u)		NAME(.status = AUTHZ_EXPIRED, \
			    .usable_until = T0 + (u))
#define PENDING		NAME(.status = AUTHZ_PENDING)
#define STRANGE		NAME(.status = AUTHZ_UNKNOWN)
#define HINTED(t)	NAME(.status = AUTHZ_EXPIRED, .hinted = T0 + (t))
/* certificates */
#define C90		{ .exists = true, .not_before = T0, \
			    .not_after = T0 + 90 * D }
#define C64		{ .exists = true, .not_before = T0, \
			    .not_after = T0 + 64 * D }
#define C6		{ .exists = true, .not_before = T0, \
			    .not_after = T0 + 160 * H }
#define TOLD		{ .alarm_before = DECIDE_AUTO, .told = true }
#define TOLD9		{ .alarm_before = DECIDE_AUTO, .told = true, \
			    .window = 9 * D }
#define FORCED		{ .alarm_before = DECIDE_AUTO, .told = true, \
			    .forced = true }

static const struct row {
	struct decide_input in;
	int64_t at;		/* now - T0 */
	enum decide_what what;
	bool act, look, network, alarm;
	int64_t when, next;	/* - T0; -1: not looked at */
	const char *reason;
} rows[] = {
	/* provable: when it is due, and no network before */
	{ { .cert = C90, .policy = TOLD }, 59 * D, DECIDE_NOTHING,
	    .when = 60 * D, .next = 60 * D,
	    .reason = "not due before 2026-11-30 00:00" },
	{ { .cert = C90, .policy = TOLD }, 60 * D, DECIDE_RENEW, .act = true,
	    .look = true, .network = true, .when = 60 * D, .next = 60 * D,
	    .reason = "due since 2026-11-30 00:00" },
	{ { .cert = C90, .policy = TOLD, .names = NAME(.status =
	    AUTHZ_EXPIRED, .provable = true) }, 61 * D, DECIDE_PROVE,
	    .act = true, .look = true, .network = true, .when = 61 * D,
	    .next = 61 * D, .reason = "due since 2026-11-30 00:00; prove the "
	    "names through the surrogate" },
	{ { .cert = C90, .policy = TOLD, .names = NAME(.status = AUTHZ_VALID,
	    .usable_until = T0 + 62 * D, .provable = true) }, 61 * D,
	    DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = 61 * D, .next = 61 * D,
	    .reason = "due since 2026-11-30 00:00" },
	/* a window that closes is nothing to a name that can be proven */
	{ { .cert = C90, .policy = TOLD, .names = NAME(.status = AUTHZ_VALID,
	    .usable_until = T0 + 57 * D, .provable = true) }, 56 * D,
	    DECIDE_NOTHING, .when = 60 * D, .next = 60 * D,
	    .reason = "not due before" },
	{ { .cert = C6, .policy = TOLD }, 79 * H, DECIDE_NOTHING,
	    .when = 80 * H, .next = 80 * H, .reason = "not due" },
	{ { .cert = C6, .policy = TOLD }, 80 * H, DECIDE_RENEW, .act = true,
	    .look = true, .network = true, .when = 80 * H, .next = 80 * H,
	    .reason = "due" },
	/* alarm_before; an attempt in it is still an attempt */
	{ { .cert = C90, .policy = TOLD }, 80 * D, DECIDE_RENEW, .act = true,
	    .look = true, .network = true, .alarm = true, .when = 80 * D,
	    .next = 80 * D,
	    .reason = "expires in 10 days, due since 2026-11-30 00:00" },
	{ { .cert = C90, .policy = { .alarm_before = 5 * D } }, 80 * D,
	    DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = 80 * D, .next = 80 * D, .reason = "due since" },
	/* not before it is due, whatever alarm_before is */
	{ { .cert = C90, .policy = { .alarm_before = 50 * D } }, 50 * D,
	    DECIDE_NOTHING, .when = 60 * D, .next = 60 * D,
	    .reason = "not due" },
	{ { .cert = C90, .policy = TOLD }, 91 * D, DECIDE_RENEW, .act = true,
	    .look = true, .network = true, .alarm = true, .when = 91 * D,
	    .next = 91 * D, .reason = "expired on 2026-12-30 00:00" },
	/* nothing there, or something else */
	{ { .policy = TOLD }, D, DECIDE_RENEW, .act = true, .look = true,
	    .network = true, .when = D, .next = D,
	    .reason = "there is no certificate" },
	{ { .policy = TOLD, .names = GONE(0) }, D, DECIDE_WAIT, .look = true,
	    .network = true, .when = D + H, .next = D,
	    .reason = "there is no certificate; 'app.example.com' is not "
	    "authorised since 2026-10-01 00:00 and nothing here can prove "
	    "it; next look on 2026-10-02 01:00" },
	{ { .cert = { .exists = true, .not_before = T0, .not_after =
	    T0 + 90 * D, .differs = true }, .policy = TOLD }, D, DECIDE_RENEW,
	    .act = true, .look = true, .network = true, .when = D, .next = D,
	    .reason = "the certificate is not as configured" },
	{ { .cert = C90, .policy = FORCED, .names = PENDING }, D,
	    DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = D, .next = D, .reason = "forced" },
	/* a window that is open when it is due */
	{ { .cert = C64, .policy = TOLD9, .names = VALID(42 * D, 53 * D) },
	    42 * D, DECIDE_NOTHING, .look = true, .network = true,
	    .when = 42 * D + 16 * H, .next = 42 * D,
	    .reason = "not due before 2026-11-12 16:00" },
	{ { .cert = C64, .policy = TOLD9, .names = VALID(42 * D, 51 * D) },
	    43 * D, DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = 43 * D, .next = 43 * D, .reason = "due since 2026-11-12 "
	    "16:00, the window is open until 2026-11-21 00:00" },
	/* one that closes before it is due: early, without a host at once */
	{ { .cert = C64, .policy = TOLD9, .names = VALID(33 * D, 42 * D),
	    .history = { .looked = T0 + 33 * D } }, 33 * D + H, DECIDE_EARLY,
	    .act = true, .look = true, .network = true, .when = 33 * D + H,
	    .next = 33 * D + H, .reason = "renew now because the window "
	    "closes 16 hours before the certificate is due" },
	/* not long after it: there would be no time for a second try */
	{ { .cert = C64, .policy = TOLD9, .names = VALID(35 * D, 44 * D),
	    .history = { .looked = T0 + 35 * D } }, 35 * D, DECIDE_EARLY,
	    .act = true, .network = true, .when = 35 * D, .next = 35 * D,
	    .reason = "renew now because the window closes 32 hours after "
	    "the certificate is due" },
	/* the certificate of this very window, and one from shortly before:
	 * it lives as long as the surrogate's */
	{ { .cert = C64, .policy = TOLD9, .names = VALID(-D, 8 * D) },
	    D, DECIDE_NOTHING, .when = 42 * D + 16 * H,
	    .next = 5 * D + 8 * H, .reason = "not due" },
	{ { .cert = C64, .policy = TOLD9, .names = VALID(5 * D, 14 * D),
	    .history = { .looked = T0 + 11 * D } },
	    11 * D, DECIDE_NOTHING, .when = 42 * D + 16 * H,
	    .next = 11 * D + H, .reason = "not due" },
	{ { .cert = C64, .policy = TOLD9, .names = VALID(11 * D, 20 * D),
	    .history = { .looked = T0 + 11 * D } },
	    11 * D, DECIDE_EARLY, .act = true, .network = true,
	    .when = 11 * D, .next = 11 * D,
	    .reason = "renew now because the window closes 22 days before" },
	/* shut: look, never order */
	{ { .cert = C64, .policy = TOLD9, .names = GONE(20 * D) },
	    25 * D, DECIDE_NOTHING, .look = true, .network = true,
	    .when = 42 * D + 16 * H, .next = 25 * D, .reason = "not due" },
	{ { .cert = C64, .policy = TOLD9, .names = GONE(20 * D),
	    .history = { .looked = T0 + 25 * D } },
	    25 * D + H / 2, DECIDE_NOTHING, .when = 42 * D + 16 * H,
	    .next = 25 * D + H, .reason = "not due" },
	{ { .cert = C64, .policy = TOLD9, .names = GONE(20 * D),
	    .history = { .looked = T0 + 44 * D } },
	    44 * D + H / 2, DECIDE_WAIT, .when = 44 * D + H + H / 2,
	    .next = 44 * D + H, .reason = "due since 2026-11-12 16:00; "
	    "'app.example.com' is not authorised since 2026-10-21 00:00 and "
	    "nothing here can prove it; next look on 2026-11-14 01:30" },
	{ { .cert = C64, .policy = TOLD9, .names = PENDING,
	    .history = { .looked = T0 + 60 * D } },
	    60 * D, DECIDE_ALARM, .alarm = true, .when = 60 * D + H,
	    .next = 60 * D + H, .reason = "expires in 4 days, due since "
	    "2026-11-12 16:00; 'app.example.com' is not known to be "
	    "authorised and nothing here can prove it" },
	/* a hint opens it, as long as windows last */
	{ { .cert = C64, .policy = TOLD9, .names = HINTED(44 * D) },
	    44 * D, DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = 44 * D, .next = 44 * D, .reason = "due since" },
	{ { .cert = C64, .policy = TOLD9, .names = HINTED(34 * D) },
	    44 * D, DECIDE_WAIT, .look = true, .network = true, .when = -1,
	    .next = -1, .reason = "nothing here can prove it" },
	{ { .cert = C64, .policy = TOLD, .names = HINTED(20 * D) },
	    20 * D, DECIDE_EARLY, .act = true, .look = true, .network = true,
	    .when = 20 * D, .next = 20 * D, .reason = "renew now because "
	    "'app.example.com' was proven lately, and nothing here can prove "
	    "it later" },
	/* not known at all: one order a day, once it is due */
	{ { .cert = C64, .policy = TOLD, .names = STRANGE },
	    42 * D, DECIDE_NOTHING, .look = true, .network = true,
	    .when = -1, .next = -1, .reason = "not due" },
	{ { .cert = C64, .policy = TOLD, .names = STRANGE },
	    43 * D, DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = 43 * D, .next = -1, .reason = "; ask whether it can be "
	    "issued" },
	{ { .cert = C64, .policy = TOLD, .names = STRANGE, .history =
	    { .pending = T0 + 43 * D } }, 43 * D + 23 * H, DECIDE_WAIT,
	    .look = true, .network = true, .when = -1, .next = -1,
	    .reason = "not known to be authorised" },
	/* nobody tells: from the time on when a window would matter */
	{ { .cert = C64, .policy = { .alarm_before = DECIDE_AUTO },
	    .names = PENDING }, 11 * D, DECIDE_EARLY, .act = true,
	    .look = true, .network = true, .when = 11 * D, .next = 11 * D,
	    .reason = "renew now because nobody tells when "
	    "'app.example.com' is proven next" },
	{ { .cert = C64, .policy = { .alarm_before = DECIDE_AUTO },
	    .names = PENDING, .history = { .pending = T0 + 11 * D } },
	    11 * D + H, DECIDE_NOTHING, .look = true, .network = true,
	    .when = -1, .next = -1, .reason = "not due" },
	/* ARI */
	{ { .cert = C90, .policy = TOLD, .ari = { T0 + 40 * D, T0 + 41 * D,
	    NULL, T0 + 45 * D } }, 39 * D, DECIDE_NOTHING, .when = 40 * D,
	    .next = 40 * D, .reason = "not due before 2026-11-10" },
	{ { .cert = C90, .policy = TOLD, .ari = { T0 + 40 * D, T0 + 41 * D,
	    "https://ca.example.com/why", T0 + 30 * D } }, 39 * D,
	    DECIDE_NOTHING, .network = true, .when = 40 * D, .next = 39 * D,
	    .reason = "(the CA's reason: https://ca.example.com/why)" },
	{ { .cert = C90, .policy = TOLD, .ari = { T0 + 40 * D, T0 + 41 * D,
	    NULL, T0 + 45 * D } }, 40 * D, DECIDE_RENEW, .act = true,
	    .look = true, .network = true, .when = 40 * D, .next = 40 * D,
	    .reason = "due since 2026-11-10 00:00" },
	/* too late a suggestion, and one that never ends */
	{ { .cert = C90, .policy = TOLD, .ari = { T0 + 95 * D, T0 + 96 * D,
	    NULL, T0 + 80 * D } }, 68 * D, DECIDE_RENEW, .act = true,
	    .look = true, .network = true, .when = 68 * D, .next = 68 * D,
	    .reason = "due since 2026-12-07 12:00" },
	{ { .cert = C90, .policy = TOLD, .ari = { T0 - 2 * D, T0 - D, NULL,
	    T0 + 7 * H } }, 6 * H, DECIDE_NOTHING, .when = D, .next = 7 * H,
	    .reason = "not due before 2026-10-02 00:00" },
	/* failures */
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 61 * D,
	    .failures = 1, .failure = DECIDE_UNREACHABLE } }, 61 * D + H / 2,
	    DECIDE_WAIT, .when = -1, .next = -1,
	    .reason = "due since 2026-11-30 00:00; 1 attempt failed, next "
	    "try on 2026-12-01 00:5" },
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 61 * D,
	    .failures = 1, .failure = DECIDE_UNREACHABLE } },
	    61 * D + 64 * 60, DECIDE_RENEW, .act = true, .look = true,
	    .network = true, .when = -1, .next = -1, .reason = "due" },
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 61 * D,
	    .failures = 1, .failure = DECIDE_UNPROVEN } }, 61 * D + 109 * 60,
	    DECIDE_WAIT, .when = -1, .next = -1, .reason = "failed" },
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 61 * D,
	    .failures = 9, .failure = DECIDE_UNPROVEN } }, 61 * D + 11 * H,
	    DECIDE_WAIT, .when = -1, .next = -1, .reason = "9 attempts "
	    "failed" },
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 61 * D,
	    .failures = 9, .failure = DECIDE_UNPROVEN } }, 61 * D + 16 * H,
	    DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = -1, .next = -1, .reason = "due" },
	/* ... sooner at the end of its life, and always when forced */
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 89 * D,
	    .failures = 9, .failure = DECIDE_UNPROVEN } }, 89 * D + 4 * H,
	    DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .alarm = true, .when = -1, .next = -1, .reason = "expires in 20 "
	    "hours" },
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 89 * D,
	    .failures = 9, .failure = DECIDE_UNPROVEN } }, 89 * D + H,
	    DECIDE_ALARM, .alarm = true, .when = -1, .next = -1,
	    .reason = "9 attempts failed, next try" },
	{ { .cert = C90, .policy = FORCED, .history = { .attempt =
	    T0 + 61 * D, .failures = 9, .failure = DECIDE_UNPROVEN,
	    .retry_at = T0 + 70 * D } }, 61 * D + 60, DECIDE_RENEW,
	    .act = true, .look = true, .network = true, .when = -1,
	    .next = -1, .reason = "due since" },
	/* the clock was ahead at the last attempt */
	{ { .cert = C90, .policy = TOLD, .history = { .attempt = T0 + 70 * D,
	    .failures = 3, .failure = DECIDE_REFUSED } }, 61 * D,
	    DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = -1, .next = -1, .reason = "due" },
	{ { .cert = C90, .policy = TOLD, .history = { .retry_at =
	    T0 + 63 * D } }, 62 * D, DECIDE_WAIT, .when = 63 * D,
	    .next = 63 * D, .reason = "; the CA wants no request before that, "
	    "next try on 2026-12-03 00:00" },
	/* five a week, one of them the surrogate's */
	{ { .cert = C90, .policy = TOLD, .history = { .issued = {
	    T0 + 60 * D, T0 + 60 * D + 3, T0 + 60 * D + 2 } } }, 60 * D + 9,
	    DECIDE_RENEW, .act = true, .look = true, .network = true,
	    .when = -1, .next = -1, .reason = "due" },
	{ { .cert = C90, .policy = TOLD, .history = { .issued = {
	    T0 + 60 * D, T0 + 60 * D + 3, T0 + 60 * D + 2, T0 + 60 * D + 1 }
	    } }, 60 * D + 9, DECIDE_WAIT, .when = 60 * D + 34 * H,
	    .next = 60 * D + 34 * H, .reason = "these names have got too "
	    "many certificates this week, next try on 2026-12-01 10:00" },
	{ { .cert = C90, .policy = { .alarm_before = DECIDE_AUTO, .replaces =
	    true }, .history = { .issued = { T0 + 60 * D, T0 + 60 * D + 3,
	    T0 + 60 * D + 2, T0 + 60 * D + 1 } } }, 60 * D + 9, DECIDE_RENEW,
	    .act = true, .look = true, .network = true, .when = -1,
	    .next = -1, .reason = "due" },
};

static void
decisions(void **state)
{
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct decide_input in = r->in;
		struct decide d;

		in.now = T0 + r->at;
		renew_decide(&in, &d);
		if (d.what != r->what || d.act != r->act ||
		    d.look != r->look || d.network != r->network ||
		    d.alarm != r->alarm || strstr(d.reason, r->reason) ==
		    NULL || (r->when != -1 && d.when != T0 + r->when) ||
		    (r->next != -1 && d.next != T0 + r->next)) {
			print_error("row %zu: found %s%s%s%s%s when %lld next "
			    "%lld '%s'\n", i, decide_text(d.what),
			    d.act ? " act" : "", d.look ? " look" : "",
			    d.network ? " network" : "",
			    d.alarm ? " alarm" : "",
			    (long long)(d.when - T0), (long long)(d.next - T0),
			    d.reason);
			bad++;
		}
		assert_true(d.next >= in.now);
	}
	assert_int_equal(bad, 0);
}

/* A name's order and case of hosts must not matter; hosts do. */
static void
spread(void **state)
{
	struct decide_name ab[] = { { .name = "a" }, { .name = "b" } };
	struct decide_name ba[] = { { .name = "b" }, { .name = "a" } };
	struct decide_input in = { .cert = C90, .policy = TOLD };
	char host[32];
	struct decide d, e;
	int64_t low = INT64_MAX, high = 0;

	(void)state;
	in.now = T0;
	in.nnames = 2;
	ab[0].provable = ab[1].provable = true;
	ba[0].provable = ba[1].provable = true;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(host, sizeof(host), "host%d.example", i);
		in.policy.host = host;
		in.names = ab;
		renew_decide(&in, &d);
		in.names = ba;
		renew_decide(&in, &e);
		assert_int_equal(d.due, e.due);
		if (d.due < low)
			low = d.due;
		if (d.due > high)
			high = d.due;
	}
	/* a twelfth of 90 days */
	assert_true(low >= T0 + 60 * D && low < T0 + 61 * D);
	assert_true(high < T0 + 60 * D + 180 * H && high > T0 + 66 * D);
}

/* Within the window that the CA suggests every host has its own moment, and
 * in the first day of one that closes. */
static void
within(void **state)
{
	struct decide_input in = { .cert = C64, .policy = TOLD9,
		.names = VALID(33 * D, 41 * D) };
	char host[32];
	struct decide d;
	int later = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(host, sizeof(host), "host%d.example", i);
		in.policy.host = host;
		in.now = T0 + 33 * D;
		in.ari.start = in.ari.end = 0;
		renew_decide(&in, &d);
		assert_int_equal(d.what, DECIDE_EARLY);
		assert_true(d.when >= in.now && d.when < in.now + D);
		later += d.when > in.now + D / 2;
		if (!d.act)
			assert_true(strncmp(d.reason, "renew on 2026-11-0",
			    18) == 0);
		in.now = T0;
		in.ari.start = T0 + 20 * D;
		in.ari.end = T0 + 22 * D;
		renew_decide(&in, &d);
		assert_true(d.due >= T0 + 20 * D && d.due < T0 + 22 * D);
	}
	assert_true(later > 60 && later < 140);
}

/* issue and renew have one rule. */
static void
one_rule(void **state)
{
	struct decide_input in = { .cert = C90, .policy = TOLD };
	struct decide d;

	(void)state;
	for (int64_t life = 0; life < 100 * D; life += 5 * D + 7) {
		in.cert.not_after = T0 + life;
		renew_decide(&in, &d);
		assert_int_equal(d.due, cert_due(T0, T0 + life));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions),
		cmocka_unit_test(spread),
		cmocka_unit_test(within),
		cmocka_unit_test(one_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
