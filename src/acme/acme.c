/* SPDX-License-Identifier: ISC */
#include "acme/acme.h"

#include <stdlib.h>
#include <string.h>

#include "acme/acme_impl.h"
#include "acme/directory.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"
#include "jose/jws.h"

enum {
	PACE = 210,		/* ms, for the 5 a second of Let's Encrypt */
	JWS_MAX = 64 * 1024,
	STEP = 1000		/* ms */
};

static const char JOSE_JSON[] = "application/jose+json";

/* ---- the queue ---------------------------------------------------------- */

void
exchange_free(struct exchange *x)
{
	free(x->url);
	free(x->kid);
	free(x->payload);
	free(x);
}

void
exchange_fail(struct exchange *x, const struct error *err)
{
	x->done(x->arg, NULL, err);
	exchange_free(x);
}

void
exchange_queue(struct acme *a, struct exchange *x, bool front)
{
	if (front) {
		if ((x->next = a->queue) == NULL)
			a->queue_end = &x->next;
		a->queue = x;
	} else {
		x->next = NULL;
		*a->queue_end = x;
		a->queue_end = &x->next;
	}
	a->queued++;
	a->queued_heads += x->head;
}

static void
unqueue(struct acme *a, struct exchange **link)
{
	struct exchange *x = *link;

	if ((*link = x->next) == NULL)
		a->queue_end = link;
	x->next = NULL;
	a->queued--;
	a->queued_heads -= x->head;
}

void
acme_fail_all(struct acme *a, const struct error *err)
{
	struct exchange *x;

	/* what their owners post in return is not failed */
	for (size_t n = a->queued; n > 0 && (x = a->queue) != NULL; n--) {
		unqueue(a, &a->queue);
		exchange_fail(x, err);
	}
}

static bool
is_new_account(const struct acme *a, const struct exchange *x)
{
	return x->kid == NULL && a->dir.new_account != NULL &&
	    strcmp(x->url, a->dir.new_account) == 0;
}

/* When it may be sent, clock_mono(). */
static int64_t
due(const struct acme *a, const struct exchange *x)
{
	if (a->pace > 0 && is_new_account(a, x) &&
	    a->next_account > x->not_before)
		return a->next_account;
	return x->not_before;
}

/* The first that may be sent now; else *wait is lowered to when one may. */
static struct exchange **
next_due(struct acme *a, int64_t now, int64_t *wait)
{
	struct exchange **link;
	int64_t t;

	for (link = &a->queue; *link != NULL; link = &(*link)->next) {
		if ((t = due(a, *link)) <= now)
			return link;
		if (t - now < *wait)
			*wait = t - now;
	}
	return NULL;
}

/* ---- sending ------------------------------------------------------------ */

static struct exchange *
exchange_new(struct acme *a, const char *url, struct error *err)
{
	struct exchange *x;

	if ((x = calloc(1, sizeof(*x))) == NULL) {
		error_nomem(err);
		return NULL;
	}
	x->acme = a;
	if (str_dup(&x->url, url, err) == -1) {
		exchange_free(x);
		return NULL;
	}
	return x;
}

static void
nonce_done(void *arg, const struct acme_answer *r, const struct error *err)
{
	struct acme *a = arg;

	(void)r;
	a->heads--;
	if (err != NULL && a->nonces.n == 0)
		acme_fail_all(a, err);
}

/* Asks for one more nonce. */
static int
send_head(struct acme *a, struct error *err)
{
	struct exchange *x;

	if ((x = exchange_new(a, a->dir.new_nonce, err)) == NULL)
		return -1;
	x->head = true;
	x->done = nonce_done;
	x->arg = a;
	a->heads++;
	exchange_queue(a, x, true);
	return 0;
}

/* The key is in memory for this one signature. */
static int
sign(struct acme *a, struct exchange *x, struct error *err)
{
	struct error ignored;
	struct jwk *key = NULL;
	char *nonce;
	int r = -1;

	nonce = nonces_take(&a->nonces);
	if (x->signer != NULL || x->key(x->key_arg, &key, err) == 0)
		r = jws_request(x->signer != NULL ? x->signer : key, x->kid,
		    nonce, x->url, x->payload, &a->jws, err);
	jwk_free(key);
	/* one that was not used is not lost */
	if (r == -1 && nonces_put(&a->nonces, nonce, &ignored) == -1)
		a->nomem = true;
	free(nonce);
	return r;
}

static int
submit(struct acme *a, struct exchange *x, struct error *err)
{
	if (x->get)
		return http_submit(a->http, HTTP_GET, x->url, NULL, NULL, 0,
		    exchange_answer, x, err);
	if (x->head)
		return http_submit(a->http, HTTP_HEAD, x->url, NULL, NULL, 0,
		    exchange_answer, x, err);
	if (sign(a, x, err) == -1)
		return -1;
	return http_submit(a->http, HTTP_POST, x->url, JOSE_JSON,
	    a->jws.data, a->jws.len, exchange_answer, x, err);
}

static void
send_one(struct acme *a, struct exchange **link, int64_t now)
{
	struct exchange *x = *link;
	struct error err;

	unqueue(a, link);
	if (is_new_account(a, x))
		a->next_account = now + a->pace;
	error_clear(&err);
	a->in_flight++;
	if (submit(a, x, &err) == -1) {
		a->in_flight--;
		exchange_fail(x, &err);
	}
}

/* No more nonces are asked for than requests wait. */
static bool
want_head(const struct acme *a)
{
	return a->in_flight < a->max_in_flight &&
	    a->heads < a->queued - a->queued_heads;
}

/* Sends what may be sent now; returns ms until something else may. */
static int64_t
pump(struct acme *a, struct error *err)
{
	int64_t now = clock_mono(), wait = STEP;
	struct exchange **link;

	while (a->in_flight < a->max_in_flight &&
	    (link = next_due(a, now, &wait)) != NULL) {
		if ((*link)->get || (*link)->head || a->nonces.n > 0) {
			send_one(a, link, now);
			continue;
		}
		if (!want_head(a))
			break;
		if (send_head(a, err) == -1)
			return -1;
	}
	return wait;
}

/* No more requests; those that are not answered fail. */
static void
give_up(struct acme *a)
{
	struct error err;

	a->closing = true;
	error_clear(&err);
	error_set(&err, CODE_ERROR, "'%s': given up", vis(a->server));
	http_free(a->http);
	a->http = NULL;
	acme_fail_all(a, &err);
}

static int
work(struct acme *a, struct error *err)
{
	int64_t wait;

	while (a->queued > 0 || a->in_flight > 0) {
		if ((wait = pump(a, err)) == -1)
			return -1;
		if (a->in_flight > 0) {
			if (http_step(a->http, wait, err) == -1)
				return -1;
		} else if (a->queued > 0)
			clock_sleep(wait);
		if (a->nomem)
			return error_nomem(err);
	}
	return 0;
}

int
acme_run(struct acme *a, struct error *err)
{
	if (work(a, err) == 0)
		return 0;
	/* their owners may be on the stack of our caller */
	give_up(a);
	return -1;
}

int
acme_post(struct acme *a, const struct acme_request *r, struct error *err)
{
	struct exchange *x;

	if (a->closing)
		return error_set(err, CODE_ERROR, "'%s': given up",
		    vis(a->server));
	if (!acme_owns_url(a, r->url))
		return error_set(err, CODE_ERROR, "'%s': not on the host of "
		    "'%s'; it is not asked", vis(r->url), vis(a->server));
	if ((x = exchange_new(a, r->url, err)) == NULL)
		return -1;
	if (str_dup(&x->kid, r->kid, err) == -1 ||
	    str_dup(&x->payload, r->payload, err) == -1) {
		exchange_free(x);
		return -1;
	}
	x->get = r->get;
	x->media = r->media;
	x->signer = r->signer;
	x->key = r->key;
	x->key_arg = r->key_arg;
	x->done = r->done;
	x->arg = r->arg;
	exchange_queue(a, x, false);
	return 0;
}

/* ---- the session -------------------------------------------------------- */

struct opening {
	struct acme *acme;
	struct error err;
	bool ok;
};

static void
directory_done(void *arg, const struct acme_answer *r,
    const struct error *err)
{
	struct opening *o = arg;
	const char *url = o->acme->server;

	if (err != NULL) {
		o->err = *err;
		return;
	}
	if (r->body == NULL) {
		error_set(&o->err, CODE_ERROR, "'%s': the answer is empty; is "
		    "this an ACME directory?", vis(url));
		return;
	}
	if (acme_directory_parse(r->body, url, &o->acme->dir, &o->err) == -1)
		return;
	o->ok = true;
}

static int
read_directory(struct acme *a, struct error *err)
{
	struct opening o = { a, { 0 }, false };
	struct exchange *x;

	error_clear(&o.err);
	if ((x = exchange_new(a, a->server, err)) == NULL)
		return -1;
	x->get = true;
	x->done = directory_done;
	x->arg = &o;
	exchange_queue(a, x, false);
	if (acme_run(a, err) == -1)
		return -1;
	if (!o.ok)
		*err = o.err;
	return o.ok ? 0 : -1;
}

static bool
is_lets_encrypt(const char *server)
{
	char host[LIMIT_NAME + 16];

	if (!url_origin(server, host, sizeof(host)))
		return false;
	host[strcspn(host, ":")] = '\0';
	return str_ends(host, ".letsencrypt.org");
}

int
acme_open(const struct acme_options *opts, struct acme **out,
    struct error *err)
{
	struct http_options ho = { opts->ca_file, opts->proxy };
	struct acme *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return error_nomem(err);
	a->queue_end = &a->queue;
	a->max_wait = opts->max_wait;
	a->max_in_flight = IN_FLIGHT;
	buf_init(&a->jws, JWS_MAX);
	if (is_lets_encrypt(opts->server)) {
		a->pace = PACE;
		a->max_in_flight = IN_FLIGHT_PACED;
	}
	if (str_dup(&a->server, opts->server, err) == -1 ||
	    http_new(&ho, &a->http, err) == -1 ||
	    read_directory(a, err) == -1) {
		acme_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

void
acme_free(struct acme *a)
{
	if (a == NULL)
		return;
	give_up(a);
	acme_directory_free(&a->dir);
	nonces_free(&a->nonces);
	buf_free(&a->jws);
	free(a->server);
	free(a);
}

const struct acme_directory *
acme_directory(const struct acme *a)
{
	return &a->dir;
}

const char *
acme_server(const struct acme *a)
{
	return a->server;
}

int64_t
acme_now(const struct acme *a)
{
	return clock_now() + a->skew;
}

bool
acme_owns_url(const struct acme *a, const char *url)
{
	return url_same_origin(url, a->server) ||
	    (a->dir.new_order != NULL &&
	    (url_same_origin(url, a->dir.new_order) ||
	    url_same_origin(url, a->dir.new_account)));
}

bool
acme_has_profile(const struct acme *a, const char *profile)
{
	return *profile == '\0' || !a->dir.has_profiles ||
	    strs_has(&a->dir.profiles, profile);
}
