/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_FAKEHTTP_H
#define TESTS_UNIT_FAKEHTTP_H

/*
 * In place of http/http.c: a CA at https://ca whose answers are a script.
 * Directory and nonces answer by themselves.  A request that is not the
 * script's next one fails the test.  Time stands still but for the sleeps,
 * which are added up.  Include after "unit.h" in one file of a program.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/strs.h"
#include "http/http.h"
#include "jose/b64url.h"

struct fake_row {
	const char *ask;	/* "POST /order PAYLOAD", "GET /ari/x" */
	long status;		/* 0: no answer, CODE_RETRY */
	const char *body;	/* NULL: none */
	int64_t retry_after;	/* 0: none, as -1 */
	const char *location, *type, *link;	/* NULL: none; type: JSON */
};

static struct {
	const struct fake_row *rows;
	size_t n, at;
	bool ari;		/* the directory has renewalInfo */
	int64_t now;		/* ms */
	int64_t slept;		/* ms */
	int sleeps;
	int64_t longest;	/* ms */
} fake;

struct http {
	struct fake_transfer *first, **end;
	size_t pending;
};

struct fake_transfer {
	struct fake_transfer *next;
	char *ask;
	http_done *done;
	void *arg;
};

static const char FAKE_DIR[] = "{\"newNonce\": \"https://ca/nonce\", "
    "\"newAccount\": \"https://ca/account\", "
    "\"newOrder\": \"https://ca/order\"";

static int64_t
fake_now(void)
{
	return 1795467960 + fake.now / 1000;
}

static int64_t
fake_mono(void)
{
	return fake.now;
}

static void
fake_sleep(int64_t ms)
{
	fake.now += ms;
	fake.slept += ms;
	fake.sleeps++;
	if (ms > fake.longest)
		fake.longest = ms;
}

static void
fake_script(const struct fake_row *rows, size_t n, bool ari)
{
	memset(&fake, 0, sizeof(fake));
	fake.rows = rows;
	fake.n = n;
	fake.ari = ari;
	clock_replace(fake_now, fake_mono, fake_sleep);
}

/* Everything that was to be asked was asked. */
static void
fake_done(void)
{
	if (fake.at != fake.n)
		fail_msg("asked %zu of %zu; next: %s", fake.at, fake.n,
		    fake.rows[fake.at].ask);
	clock_replace(NULL, NULL, NULL);
}

int
http_new(const struct http_options *opts, struct http **out,
    struct error *err)
{
	(void)opts;
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return error_nomem(err);
	(*out)->end = &(*out)->first;
	return 0;
}

static struct fake_transfer *
fake_take(struct http *h)
{
	struct fake_transfer *t = h->first;

	if ((h->first = t->next) == NULL)
		h->end = &h->first;
	h->pending--;
	return t;
}

void
http_free(struct http *h)
{
	struct fake_transfer *t;
	struct error err;

	while (h != NULL && h->first != NULL) {
		t = fake_take(h);
		error_clear(&err);
		error_set(&err, CODE_ERROR, "given up");
		t->done(t->arg, NULL, &err);
		free(t->ask);
		free(t);
	}
	free(h);
}

size_t
http_pending(const struct http *h)
{
	return h->pending;
}

/* What the JWS carries. */
static void
fake_payload(const char *jws, struct secret *out)
{
	static const char mark[] = "\"payload\":\"";
	const char *p = strstr(jws, mark);
	struct error err;

	assert_non_null(p);
	p += strlen(mark);
	if (b64url_decode(p, strcspn(p, "\""), out, &err) == -1)
		fail_msg("payload: %s", err.msg);
}

int
http_submit(struct http *h, enum http_method method, const char *url,
    const char *content_type, const char *body, size_t body_len,
    http_done *done, void *arg, struct error *err)
{
	static const char *const names[] = { "GET", "HEAD", "POST" };
	struct fake_transfer *t;
	struct secret payload = { 0 };

	(void)content_type;
	(void)body_len;
	assert_true(str_starts(url, "https://ca/"));
	if (body != NULL)
		fake_payload(body, &payload);
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return error_nomem(err);
	if (str_printf(&t->ask, err, "%s %s%s%s", names[method],
	    url + strlen("https://ca"), payload.len > 0 ? " " : "",
	    payload.len > 0 ? (char *)payload.data : "") == -1)
		fail();
	secret_free(&payload);
	t->done = done;
	t->arg = arg;
	*h->end = t;
	h->end = &t->next;
	h->pending++;
	return 0;
}

static void
fake_answer(const struct fake_transfer *t, const struct fake_row *row)
{
	struct strs links = { 0 };
	struct http_response r = { .status = row->status,
		.body = row->body == NULL ? "" : row->body,
		.content_type = row->type == NULL ? "application/json" :
		    row->type,
		.location = row->location, .nonce = "nonce",
		.retry_after = row->retry_after > 0 ? row->retry_after : -1,
		.alternates = &links, .multiplexed = true };
	struct error err;

	error_clear(&err);
	if (row->status == 0) {
		error_set(&err, CODE_RETRY, "'https://ca': the connection "
		    "was cut");
		t->done(t->arg, NULL, &err);
		return;
	}
	r.body_len = strlen(r.body);
	if (row->link != NULL)
		assert_int_equal(strs_add(&links, row->link, &err), 0);
	t->done(t->arg, &r, NULL);
	strs_free(&links);
}

static void
fake_serve(const struct fake_transfer *t)
{
	struct fake_row row = { .status = 200 };
	char text[512];

	if (strcmp(t->ask, "GET /dir") == 0) {
		snprintf(text, sizeof(text), "%s%s}", FAKE_DIR, fake.ari ?
		    ", \"renewalInfo\": \"https://ca/ari\"" : "");
		row.body = text;
		fake_answer(t, &row);
		return;
	}
	if (strcmp(t->ask, "HEAD /nonce") == 0) {
		fake_answer(t, &row);
		return;
	}
	if (fake.at == fake.n)
		fail_msg("asked behind the end: %s", t->ask);
	if (strcmp(t->ask, fake.rows[fake.at].ask) != 0)
		fail_msg("asked: %s\nwant: %s", t->ask,
		    fake.rows[fake.at].ask);
	fake_answer(t, &fake.rows[fake.at++]);
}

int
http_step(struct http *h, int64_t ms, struct error *err)
{
	struct fake_transfer *t;

	(void)ms;
	(void)err;
	if (h->pending == 0)
		return 0;
	t = fake_take(h);
	fake_serve(t);
	free(t->ask);
	free(t);
	return 0;
}

#endif
