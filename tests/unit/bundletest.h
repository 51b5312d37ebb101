/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_BUNDLETEST_H
#define TESTS_UNIT_BUNDLETEST_H

/*
 * Two senders or readers of bundles and a place that a test makes up, with a
 * clock that stands still.  For one test; include after "unit.h".
 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "fixture.h"
#include "tmpdir.h"
#include "sealtest.h"
#include "transport/bundle.h"

#define SERVER	"https://ca.example.com/directory"

enum { DAY = 24 * 3600, START = 1800000000 };

/* What lies there, and what goes wrong there. */
struct place {
	struct bundle_place p;
	struct buf there;
	bool has, tags;
	int version;		/* its tag */
	int gets, bodies, puts, tidied;
	bool fail_get, fail_put, lose_put, spoil_put;
};

struct end {			/* one end's view of it */
	struct host host;
	struct config c;
	struct config_peer peer;
	struct transport_options o;
};

static struct end www, in, third;
static struct place place;
static int64_t now;
static int recorded;

static inline int64_t
get_now(void)
{
	return now;
}

static inline int
place_get(void *arg, const char *tag, struct buf *der, enum bundle_got *got,
    char **newtag, struct error *err)
{
	struct place *p = arg;
	char text[16];

	*newtag = NULL;
	p->gets++;
	if (p->fail_get)
		return error_set(err, CODE_RETRY, "cannot be reached");
	if (!p->has) {
		*got = BUNDLE_NONE;
		return 0;
	}
	(void)snprintf(text, sizeof(text), "\"%d\"", p->version);
	if (p->tags && str_dup(newtag, text, err) == -1)
		return -1;
	if (tag != NULL && strcmp(tag, text) == 0) {
		*got = BUNDLE_SAME;
		return 0;
	}
	*got = BUNDLE_BYTES;
	p->bodies++;
	buf_add(der, p->there.data, p->there.len);
	return 0;
}

static inline int
place_put(void *arg, const char *tag, const struct buf *der,
    struct error *err)
{
	struct place *p = arg;

	(void)tag;
	p->puts++;
	if (p->fail_put)
		return error_set(err, CODE_RETRY, "cannot be reached");
	buf_reset(&p->there);
	buf_add(&p->there, der->data, der->len);
	if (p->spoil_put)
		p->there.data[10] = (char)(p->there.data[10] ^ 1);
	p->has = true;
	p->version++;
	/* it is there, but nobody says so */
	if (p->lose_put)
		return error_set(err, CODE_RETRY, "the answer was lost");
	return 0;
}

static inline void
place_tidy(void *arg)
{
	struct place *p = arg;

	p->tidied++;
}

static inline int
record(void *arg, const struct offered *of, struct error *err)
{
	(void)arg;
	(void)err;
	assert_non_null(of->account);
	recorded++;
	return 0;
}
static const struct recorder recorder = { record, NULL };

static inline void
end_new(struct end *e, const char *name)
{
	host_new(&e->host, name);
	e->c.state_dir = e->host.dir;
	e->peer.name = e->host.dir;
	e->o.config = &e->c;
	e->o.recorder = &recorder;
}

static inline void
end_free(struct end *e)
{
	strs_free(&e->peer.senders);
	strs_free(&e->peer.recipients);
	host_end(&e->host);
	memset(e, 0, sizeof(*e));
}

static inline void
pin(struct strs *l, const struct end *e)
{
	struct error err;

	assert_int_equal(strs_add(l, host_pem(&e->host), &err), 0);
}

static inline int
setup(void **state)
{
	if (tmp_setup(state) != 0)
		return -1;
	log_setup(LOG_QUIET, false);
	now = START;
	clock_replace(get_now, NULL, NULL);
	memset(&place, 0, sizeof(place));
	place.p = (struct bundle_place){ .name = "https://x/a.cms",
		.channel = "a.cms", .get = place_get, .put = place_put,
		.tidy = place_tidy,
		.arg = &place };
	buf_init(&place.there, LIMIT_BUNDLE);
	recorded = 0;
	end_new(&www, "www");
	end_new(&in, "in");
	end_new(&third, "third");
	pin(&www.peer.recipients, &in);
	pin(&in.peer.senders, &www);
	return 0;
}

static inline int
teardown(void **state)
{
	end_free(&www);
	end_free(&in);
	end_free(&third);
	buf_free(&place.there);
	clock_replace(NULL, NULL, NULL);
	return tmp_teardown(state);
}

/* An account of a fixture, with a uri. */
static inline void
add(struct offer *o, const char *fixture, const char *uri)
{
	struct account_texts t = { 0 };
	char path[128], regr[128], *text[2];
	struct account *a = NULL;
	struct offered *of;
	struct error err;

	(void)snprintf(path, sizeof(path), FIXTURE("accounts/%s/"
	    "private_key.json"), fixture);
	text[0] = slurp(path, &t.len[ACCOUNT_KEY]);
	(void)snprintf(path, sizeof(path), FIXTURE("accounts/%s/meta.json"),
	    fixture);
	text[1] = slurp(path, &t.len[ACCOUNT_META]);
	(void)snprintf(regr, sizeof(regr), "{\"body\": {}, \"uri\": \"%s\"}",
	    uri);
	t.text[ACCOUNT_KEY] = text[0];
	t.text[ACCOUNT_META] = text[1];
	t.text[ACCOUNT_REGR] = regr;
	t.len[ACCOUNT_REGR] = strlen(regr);
	assert_int_equal(account_parse(SERVER,
	    "00000000000000000000000000000000", &t, true, true, &a, &err), 0);
	assert_false(a->broken);
	free(a->dirname);
	assert_int_equal(str_dup(&a->dirname, a->key.id, &err), 0);
	of = offer_add(o);
	assert_non_null(of);
	assert_int_equal(offered_set(of, a, OFFERED_SENT, &err), 0);
	drop(text[0], t.len[ACCOUNT_KEY]);
	free(text[1]);
}

/* What www has. */
static inline void
fill(struct offer *o)
{
	struct hint *h;
	struct error err;

	add(o, "rsa2048", "https://ca.example.com/acct/1");
	h = hints_add(&o->hints);
	assert_non_null(h);
	assert_int_equal(str_dup(&h->server, SERVER, &err), 0);
	assert_int_equal(str_dup(&h->uri, "https://ca.example.com/acct/1",
	    &err), 0);
	assert_int_equal(str_dup(&h->name, "app", &err), 0);
	assert_int_equal(strs_add(&h->domains, "app.example.com", &err), 0);
	h->not_before = START - DAY;
}

/* Sends it; returns the code, and what became of the first account. */
static inline enum code
send(struct end *e, struct offer *o, enum verdict *first, struct error *err)
{
	struct verdicts l = { 0 };
	enum code code = CODE_OK;

	error_clear(err);
	if (bundle_send(&place.p, &e->peer, &e->o, o, &l, err) == -1)
		code = err->code;
	else
		assert_int_equal(l.n, o->n);
	*first = l.n > 0 ? l.v[0].verdict : VERDICT_REFUSED;
	verdicts_free(&l);
	return code;
}

/* Fetches; out has what came.  have: an identity, NULL. */
static inline enum code
fetch(struct end *e, const char *have, struct offer *out, struct error *err)
{
	struct strs servers = { 0 }, haves = { 0 };
	struct request r = { .servers = &servers, .have = &haves,
		.all = true };
	enum code code;

	error_clear(err);
	offer_free(out);
	assert_int_equal(strs_add(&servers, SERVER, err), 0);
	if (have != NULL)
		assert_int_equal(strs_add(&haves, have, err), 0);
	code = bundle_fetch(&place.p, &e->peer, &e->o, &r, out, err) == -1 ?
	    err->code : CODE_OK;
	strs_free(&servers);
	strs_free(&haves);
	return code;
}

#endif
