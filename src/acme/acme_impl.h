/* SPDX-License-Identifier: ISC */
#ifndef ACME_ACME_IMPL_H
#define ACME_ACME_IMPL_H

#include "acme/acme.h"
#include "acme/nonce.h"
#include "base/buf.h"
#include "http/http.h"

/* Shared by acme.c, which queues and sends, and exchange.c, which reads. */

struct exchange {
	struct exchange *next;
	struct acme *acme;
	char *url, *kid, *payload;	/* kid, payload: NULL as in a request */
	const struct jwk *signer;
	acme_key_fn *key;
	void *key_arg;
	const char *media;
	acme_done *done;
	void *arg;
	bool get;		/* no signature */
	bool head;		/* newNonce: HEAD, no signature */
	int bad_nonces;
	int64_t not_before;	/* clock_mono(), 0: at once */
	int64_t waited;		/* seconds, of max_wait */
};

enum {
	IN_FLIGHT = 32,
	/* Let's Encrypt: 20 newNonce and 5 newAccount a second and address */
	IN_FLIGHT_PACED = 12,
	/* HTTP/1.1: one is signed while the other is under way */
	IN_FLIGHT_SINGLE = 2
};

struct acme {
	char *server;
	int64_t max_wait;
	struct http *http;
	struct acme_directory dir;
	struct nonces nonces;
	struct buf jws;		/* reused for each request */
	int64_t skew;		/* the CA's clock minus ours */
	bool has_skew;
	struct exchange *queue, **queue_end;
	size_t queued, in_flight;
	size_t heads, queued_heads;	/* newNonce not answered; of queued */
	size_t max_in_flight;
	int64_t pace;		/* ms between two newAccounts, 0: none */
	int64_t next_account;	/* clock_mono() */
	int broken;		/* transport failures in a row */
	bool nomem;		/* acme_run() will fail */
	bool closing;		/* no more requests */
};

/* Does what an answer asks for; frees or queues x again. */
void exchange_answer(void *arg, const struct http_response *r,
    const struct error *err);
/* Tells its owner that x failed, and frees it. */
void exchange_fail(struct exchange *x, const struct error *err);
void exchange_free(struct exchange *x);
/* In front of, or behind, what waits. */
void exchange_queue(struct acme *a, struct exchange *x, bool front);
/* Fails everything that waits. */
void acme_fail_all(struct acme *a, const struct error *err);

#endif
