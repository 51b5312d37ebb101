/* SPDX-License-Identifier: ISC */
#ifndef ACME_ACME_H
#define ACME_ACME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acme/problem.h"
#include "base/error.h"
#include "base/json.h"
#include "base/strs.h"
#include "jose/jwk.h"

/*
 * A session with one ACME server (RFC 8555): its directory, its nonces, signed
 * requests, many in flight on one connection.
 *
 * badNonce is answered with the nonce it brings, LIMIT_BAD_NONCE times.  429
 * and 503 are obeyed: the request is sent again after Retry-After where that
 * is within max_wait, else it fails with CODE_RETRY and retry_after.
 * newAccount is paced for Let's Encrypt (5 a second and address).
 */
struct acme;

struct acme_options {
	const char *server;	/* the directory's URL */
	const char *ca_file;	/* NULL or "" */
	const char *proxy;	/* NULL or "" */
	int64_t max_wait;	/* seconds */
};

/* What the directory names; "" for an optional one that is absent. */
struct acme_directory {
	char *new_nonce, *new_account, *new_order, *key_change;
	char *renewal_info;
	bool has_profiles;	/* meta has a list of them */
	struct strs profiles;
};

/* Connects and reads the directory.  Errors are about the server. */
int acme_open(const struct acme_options *opts, struct acme **out,
    struct error *err) WARN_UNUSED;
/* Requests that are not answered yet fail, and no new ones are taken; NULL is
 * fine. */
void acme_free(struct acme *a);

const struct acme_directory *acme_directory(const struct acme *a);
const char *acme_server(const struct acme *a);
/* What time it is by the CA's own Date. */
int64_t acme_now(const struct acme *a);
/* True where a URL is https and on the host and port of the directory or of
 * one of the URLs in it: only such are ever contacted. */
bool acme_owns_url(const struct acme *a, const char *url);
/* False where the directory lists profiles and this is none of them; "" is
 * always fine. */
bool acme_has_profile(const struct acme *a, const char *profile);

/* Gives a private key right before a signature; it is freed right after. */
typedef int acme_key_fn(void *arg, struct jwk **out, struct error *err);

/* An answer; valid only during the callback. */
struct acme_answer {
	long status;
	const char *url;	/* that was asked */
	const char *location;	/* NULL: none */
	const json *body;	/* NULL: none; an object */
	const char *text;	/* where `media` was asked for: NUL-terminated,
				 * text_len bytes; else NULL */
	size_t text_len;
	const struct strs *alternates;	/* Link rel="alternate"; unchecked */
	int64_t retry_after;	/* seconds, -1 */
	const struct acme_problem *problem;	/* NULL: none */
};

/*
 * err is NULL for 2xx.  Else err says what is wrong: with a the CA's own
 * refusal (a->problem where it gave one), without a the transport's failure.
 * The callback may post further requests.
 */
typedef void acme_done(void *arg, const struct acme_answer *a,
    const struct error *err);

struct acme_request {
	const char *url;
	bool get;		/* GET without signature; the next five are
				 * not used */
	const char *kid;	/* the account's URL; NULL: send the JWK */
	const char *payload;	/* NULL: POST-as-GET */
	const struct jwk *signer;	/* kept by the caller, or NULL: */
	acme_key_fn *key;
	void *key_arg;
	const char *media;	/* static: the media type that 2xx must bring;
				 * NULL: JSON */
	acme_done *done;
	void *arg;
};

/* Queues a request; strings are copied.  done is called once, from
 * acme_run(). */
int acme_post(struct acme *a, const struct acme_request *r, struct error *err)
    WARN_UNUSED;

/* Until every request is answered.  Fails for want of memory only; then the
 * session is at its end, and whatever was not answered has failed. */
int acme_run(struct acme *a, struct error *err) WARN_UNUSED;

#endif
