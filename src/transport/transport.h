/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/store.h"
#include "transport/offer.h"

/*
 * Where accounts come from and go to.  A URL chooses: ssh://, exec: (both
 * speak PROTOCOL.md with "acmeferry serve" at the far end), file:///path and
 * a plain absolute path (another certbot directory, or a sealed bundle where it
 * ends in ".cms"), https://host/path.cms (a sealed bundle on an object store).
 */
struct transport;

/* What became of one account that was sent. */
enum verdict {
	VERDICT_ADDED, VERDICT_UPDATED, VERDICT_UNCHANGED, VERDICT_CONFLICT,
	VERDICT_REFUSED
};
extern const char *const verdict_names[];	/* "added", ... */

struct verdict_ref {
	enum verdict verdict;
	char *server, *id;
	char *reason;		/* NULL: nothing to say */
	enum code code;
};
struct verdicts {
	struct verdict_ref *v;
	size_t n, cap;
};
int verdicts_add(struct verdicts *l, enum verdict verdict, enum code code,
    const char *server, const char *id, const char *reason,
    struct error *err) WARN_UNUSED;
void verdicts_free(struct verdicts *l);
/* The worst code of all. */
enum code verdicts_code(const struct verdicts *l);

enum prefer { PREFER_NONE, PREFER_SOURCE, PREFER_DESTINATION };

/*
 * Takes what came into a store, by the rules of design section 5; it is
 * sync_receive(), which comes from above because transport/ does not know
 * sync/.
 */
struct receiver {
	int (*receive)(void *arg, struct store *s, struct offer *offer,
	    enum prefer prefer, bool verbatim, struct verdicts *out,
	    struct error *err);
	void *arg;
};

/* Told of each account whose key is about to leave, before it does: the
 * ledger.  Comes from above too. */
struct recorder {
	int (*record)(void *arg, const struct offered *of, struct error *err);
	void *arg;
};

struct transport_options {
	const struct config *config;
	const struct receiver *receiver;	/* for a push to a directory */
	bool write;		/* opened to push */
	bool terminal;		/* a person can be asked by ssh */
	enum prefer prefer;	/* of a push */
	bool verbatim;
	bool dry_run;		/* nothing is written or remembered; only
				 * bundles and sftp need to know */
	bool accept_rollback;	/* of bundles: see transport/bundle.h */
	bool bundle;		/* the url is the path of a bundle, whatever
				 * it ends in; "-" is standard input (with
				 * `write` output) */
	/* of a push to what is no far end; NULL: nothing is recorded */
	const struct recorder *recorder;
	bool challenge;		/* opened to put HTTP-01 responses, and for
				 * nothing else */
	bool issue;		/* opened to have a certificate issued, and
				 * for nothing else */
};

/* A request for a certificate, for somebody who orders it: whose key it is
 * stays with whoever asks. */
struct csr_request {
	char *id;		/* of the request, the same when it is asked
				 * again: 43 base64url characters */
	struct buf csr;		/* DER */
	struct strs names;	/* that are in it */
	char *server;		/* the ACME server that is meant */
	char *profile, *preferred_chain;	/* "" and NULL: any */
};
void csr_request_free(struct csr_request *r);

/* Who obtains it; comes from above, as the receiver does. */
struct issuer {
	int (*issue)(void *arg, struct store *s, const struct csr_request *r,
	    struct buf *pem, struct error *err);
	void *arg;
};

/* Begins: a program is started, nothing is waited for.  peer and what opts
 * names are borrowed. */
int transport_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err) WARN_UNUSED;

/* Everything that is asked for, once and whole; what came is checked for form
 * only.  Messages begin with the peer's name. */
int transport_fetch(struct transport *t, const struct request *r,
    struct offer *out, struct error *err) WARN_UNUSED;

/* What the other side has of these servers, without keys: before a send; only
 * where transport_is_remote(). */
int transport_look(struct transport *t, const struct request *r,
    struct offer *out, struct error *err) WARN_UNUSED;
/* Gives it the elements that have an account; one verdict for each. */
int transport_send(struct transport *t, struct offer *offer,
    struct verdicts *out, struct error *err) WARN_UNUSED;

/*
 * HTTP-01 responses (RFC 8555, 8.3) at the other side's web server, through a
 * transport opened with `challenge`.  What was put stays until it is removed
 * or the transport is freed; when this process dies, the other side removes
 * it as well.  key_authorization is TOKEN.THUMBPRINT, with the thumbprint of
 * an account that the other side lets us answer for.
 *
 * put: 0 also where the same response is there already (it is not ours then,
 * and stays).  CODE_TRUST: not granted, or not for this account; CODE_STORE:
 * something else is there under that name, or there are too many; CODE_RETRY:
 * the link.  A response that is refused ends nothing: others may follow.
 * remove: also 0 for what is gone, or was never put.
 */
int transport_challenge_put(struct transport *t, const char *token,
    const char *key_authorization, struct error *err) WARN_UNUSED;
int transport_challenge_remove(struct transport *t, const char *token,
    struct error *err) WARN_UNUSED;
/* True where it was opened for that. */
bool transport_can_challenge(const struct transport *t);

/*
 * Has the other side obtain a certificate for a request: *pem gets what it
 * sent, of which nothing is known.  The peer's deadline is for all of it.
 * CODE_TRUST: not granted, or not these names; else what the other side says.
 */
int transport_issue(struct transport *t, const struct csr_request *r,
    struct buf *pem, struct error *err) WARN_UNUSED;

/* Ends what was begun; NULL is fine. */
void transport_free(struct transport *t);

/* True where what is sent goes into a sealed bundle: all of it each time. */
bool transport_is_sealed(const struct transport *t);

/* True where the far end is at work on its own store and keeps a ledger. */
bool transport_is_remote(const struct transport *t);

#endif
