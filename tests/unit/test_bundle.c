/* SPDX-License-Identifier: ISC */
/*
 * Bundles in a place that a test makes up: what is sent is fetched, what is
 * remembered keeps old ones out, and what breaks in the middle is made good by
 * the next run.
 */
#include "unit.h"

#include "bundletest.h"

/* ---- there and back ------------------------------------------------------ */

static void
test_there_and_back(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_ERROR);
	assert_non_null(strstr(err.msg, "'https://x/a.cms': nothing is there; "
	    "is that its place, and has its sender"));
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_ADDED);
	assert_int_equal(recorded, 1);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.v[0]->state, OFFERED_SENT);
	assert_string_equal(got.v[0]->identity, o.v[0]->identity);
	assert_int_equal(got.v[0]->account->key_text.len,
	    o.v[0]->account->key_text.len);
	assert_memory_equal(got.v[0]->account->key_text.data,
	    o.v[0]->account->key_text.data,
	    o.v[0]->account->key_text.len);
	assert_int_equal(got.hints.n, 1);
	assert_string_equal(got.hints.v[0].domains.v[0], "app.example.com");
	/* nothing new: nothing is written, by neither */
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_UNCHANGED);
	assert_int_equal(place.puts, 1);
	assert_int_equal(recorded, 1);
	assert_int_equal(fetch(&in, o.v[0]->identity, &got, &err), CODE_OK);
	assert_int_equal(got.v[0]->state, OFFERED_HAVE);
	assert_null(got.v[0]->account);
	/* no recipient, no sender of ours */
	pin(&third.peer.senders, &www);
	assert_int_equal(fetch(&third, NULL, &got, &err), CODE_TRUST);
	strs_free(&in.peer.senders);
	pin(&in.peer.senders, &third);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_TRUST);
	strs_free(&in.peer.senders);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_USAGE);
	offer_free(&o);
	offer_free(&got);
}

/* Why it is sealed anew, and whose key leaves then. */
static void
test_changes(void **state)
{
	struct offer o = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	now += 7 * DAY - 1;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(place.puts, 1);
	now += 1;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_UPDATED);
	assert_int_equal(place.puts, 2);
	assert_int_equal(recorded, 1);
	/* a newer hint */
	o.hints.v[0].not_before++;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(place.puts, 3);
	assert_int_equal(recorded, 1);
	/* one more account, one more recipient */
	add(&o, "ec-p256", "https://ca.example.com/acct/2");
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(place.puts, 4);
	assert_int_equal(recorded, 2);
	pin(&www.peer.recipients, &third);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(place.puts, 5);
	assert_int_equal(recorded, 4);
	/* somebody took it away */
	place.has = false;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_ADDED);
	/* the clock went back: what is there looks as if from the future */
	now -= 20 * DAY;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(place.puts, 7);
	assert_int_equal(place.tidied, 0);
	strs_free(&www.peer.recipients);
	assert_int_equal(send(&www, &o, &v, &err), CODE_USAGE);
	offer_free(&o);
}

static void
test_dry_run(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	www.o.dry_run = true;
	www.o.recorder = NULL;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_ADDED);
	assert_int_equal(place.puts, 0);
	assert_int_equal(tmp_count("www/bundles"), -1);
	www.o.dry_run = false;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	in.o.dry_run = true;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	assert_int_equal(tmp_count("in/bundles"), -1);
	offer_free(&o);
	offer_free(&got);
}

/* ---- older ones ---------------------------------------------------------- */

static void
test_rollback(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	struct buf first;
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	buf_init(&first, LIMIT_BUNDLE);
	buf_add(&first, place.there.data, place.there.len);
	o.hints.v[0].not_before++;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	buf_reset(&place.there);
	buf_add(&place.there, first.data, first.len);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_TRUST);
	assert_string_equal(err.msg, "'https://x/a.cms': is older than one "
	    "that came from the same sender before; if that is right (its "
	    "sender was restored from a backup, its clock was wrong), take it "
	    "with --accept-rollback");
	/* one who never saw the newer one cannot know */
	pin(&www.peer.recipients, &third);
	in.o.dry_run = true;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_TRUST);
	in.o.dry_run = false;
	in.o.accept_rollback = true;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	in.o.accept_rollback = false;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	/* past its end */
	now += 90 * DAY - 1;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	now++;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_TRUST);
	assert_string_equal(err.msg, "'https://x/a.cms': is too old, it was "
	    "to be used until 2027-04-15T08:00:00Z; its sender has not pushed "
	    "since (or take it with --accept-rollback)");
	in.o.accept_rollback = true;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	buf_free(&first);
	offer_free(&o);
	offer_free(&got);
}

/* However wrong the clock, what a sender remembers keeps it going up. */
static void
test_sequence(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	for (int i = 0; i < 4; i++) {
		o.hints.v[0].not_before++;
		assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
		assert_int_equal(place.puts, i + 1);
		assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
		now -= DAY / 2;
	}
	offer_free(&o);
	offer_free(&got);
}

/* A sender that forgot what it sent: a disk image from before. */
static void
test_restored(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("www/bundles"),
	    &err), 0);
	assert_int_equal(send(&www, &o, &v, &err), CODE_STORE);
	assert_non_null(strstr(err.msg, "that this host does not remember"));
	assert_int_equal(place.puts, 1);
	/* with the clock right its readers go along */
	now++;
	www.o.accept_rollback = true;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	www.o.accept_rollback = false;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	/* and with a clock from then they do not */
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("www/bundles"),
	    &err), 0);
	now -= DAY;
	www.o.accept_rollback = true;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_TRUST);
	offer_free(&o);
	offer_free(&got);
}

static void
test_memory(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;
	char cmd[400];

	(void)state;
	fill(&o);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	(void)snprintf(cmd, sizeof(cmd), "for f in %s/*/bundles/*.json; do "
	    "echo '{\"version\": 1}' >$f; done", tmp_dir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_STORE);
	assert_non_null(strstr(err.msg, "member 'sequence': found none"));
	assert_int_equal(send(&www, &o, &v, &err), CODE_STORE);
	(void)snprintf(cmd, sizeof(cmd), "for f in %s/*/bundles/*.json; do "
	    "chmod 666 $f; done", tmp_dir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_TRUST);
	offer_free(&o);
	offer_free(&got);
}

/* ---- places -------------------------------------------------------------- */

/* With a tag an hourly look at the same thing moves no body. */
static void
test_tags(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;
	int bodies;

	(void)state;
	place.tags = true;
	fill(&o);
	add(&o, "ec-p256", "https://ca.example.com/acct/2");
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	bodies = place.bodies;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_UNCHANGED);
	assert_int_equal(place.bodies, bodies);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	assert_int_equal(place.bodies, bodies + 1);
	/* one of two is not enough */
	assert_int_equal(fetch(&in, o.v[0]->identity, &got, &err), CODE_OK);
	assert_int_equal(place.bodies, bodies + 2);
	assert_int_equal(got.v[0]->state, OFFERED_HAVE);
	assert_int_equal(got.v[1]->state, OFFERED_SENT);
	account_free(o.v[1]->account);
	o.v[1]->account = NULL;
	o.n = 1;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	bodies = place.bodies;
	assert_int_equal(fetch(&in, o.v[0]->identity, &got, &err), CODE_OK);
	assert_int_equal(place.bodies, bodies);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.v[0]->state, OFFERED_HAVE);
	assert_string_equal(got.v[0]->uri, "https://ca.example.com/acct/1");
	assert_int_equal(got.hints.n, 1);
	/* also what is not moved grows old */
	now += 90 * DAY;
	assert_int_equal(fetch(&in, o.v[0]->identity, &got, &err),
	    CODE_TRUST);
	o.n = 2;
	offer_free(&o);
	offer_free(&got);
}

static void
test_foreign(void **state)
{
	struct offer o = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	pin(&third.peer.recipients, &in);
	assert_int_equal(send(&third, &o, &v, &err), CODE_STORE);
	assert_string_equal(err.msg, "'https://x/a.cms': another sender's "
	    "bundle is there, signed in the name of 'www'; each sender needs "
	    "a place of its own");
	third.o.accept_rollback = true;
	assert_int_equal(send(&third, &o, &v, &err), CODE_STORE);
	place.there.data[5] = 'x';
	assert_int_equal(send(&third, &o, &v, &err), CODE_STORE);
	assert_non_null(strstr(err.msg, "move it away first"));
	assert_int_equal(place.puts, 1);
	offer_free(&o);
}

/* Whatever breaks, the next run goes on. */
static void
test_breaks(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	fill(&o);
	place.fail_get = true;
	assert_int_equal(send(&www, &o, &v, &err), CODE_RETRY);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_RETRY);
	place.fail_get = false;
	place.fail_put = true;
	assert_int_equal(send(&www, &o, &v, &err), CODE_RETRY);
	place.fail_put = false;
	assert_int_equal(place.tidied, 0);
	place.lose_put = true;
	assert_int_equal(send(&www, &o, &v, &err), CODE_RETRY);
	assert_int_equal(place.tidied, 1);
	o.hints.v[0].not_before++;
	assert_int_equal(send(&www, &o, &v, &err), CODE_RETRY);
	place.lose_put = false;
	/* what it says of it is not what was remembered to the end */
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(place.puts, 4);
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_UNCHANGED);
	/* what was not moved by a lost answer and then set back by hand */
	o.hints.v[0].not_before++;
	place.fail_put = true;
	assert_int_equal(send(&www, &o, &v, &err), CODE_RETRY);
	place.fail_put = false;
	o.hints.v[0].not_before--;
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	assert_int_equal(v, VERDICT_UNCHANGED);
	/* a place that changes what it is given */
	o.hints.v[0].not_before++;
	place.spoil_put = true;
	assert_int_equal(send(&www, &o, &v, &err), CODE_STORE);
	assert_non_null(strstr(err.msg, "is not what was written"));
	offer_free(&o);
	offer_free(&got);
}

static void
test_channel(void **state)
{
	struct offer o = { 0 }, got = { 0 };
	enum verdict v;
	struct error err;

	(void)state;
	assert_string_equal(bundle_channel("https://h/b/c.cms"), "c.cms");
	assert_string_equal(bundle_channel("c.cms"), "c.cms");
	fill(&o);
	assert_int_equal(send(&www, &o, &v, &err), CODE_OK);
	place.p.channel = "b.cms";
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_TRUST);
	assert_non_null(strstr(err.msg, "the name 'a.cms'"));
	place.p.channel = NULL;
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_OK);
	place.p.channel = "a\nb.cms";
	assert_int_equal(fetch(&in, NULL, &got, &err), CODE_USAGE);
	assert_int_equal(send(&www, &o, &v, &err), CODE_USAGE);
	place.p.channel = "a\xff.cms";
	assert_int_equal(send(&www, &o, &v, &err), CODE_USAGE);
	offer_free(&o);
	offer_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_there_and_back, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_dry_run, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_rollback, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_sequence, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_restored, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_breaks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_channel, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
