/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_FOR_PEER_H
#define ISSUE_FOR_PEER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/store.h"
#include "transport/transport.h"

/*
 * The far end's side of `issuer: peer` ("serve --allow issue"): orders, proves
 * and finalises for a request whose key is the client's.
 */
struct for_peer {		/* all borrowed */
	const struct config *config;
	const struct strs *names;	/* --name: that may be issued for */
	const char *account;	/* --account; NULL: as account_pick() says */
	const char *server;	/* --server, else acme.server */
	const char *webroot;	/* --webroot; NULL: nothing is delivered */
	const char *check;	/* --challenge-check: where this host's web
				 * server answers; NULL: port 80 of the
				 * loopback, and with a web root nowhere */
	int64_t max_wait;	/* seconds */
};

/* Whether a granted name is this one; "*.example.com" also stands for every
 * name one label below. */
bool for_peer_covers(const struct strs *granted, const char *name);

/*
 * A struct issuer's issue(); arg is a struct for_peer.  The names that the
 * request has must be those told, and each must be granted (CODE_TRUST).
 * STATE_DIR/issue.lock is held meanwhile; another who holds it: CODE_RETRY.
 * The order is remembered (STATE_DIR/requests/, for a day), so that the same
 * request, asked again after a broken link or a crash here, gets the very
 * certificate and costs no second one.
 */
int for_peer_issue(void *arg, struct store *s, const struct csr_request *r,
    struct buf *pem, struct error *err) WARN_UNUSED;

#endif
