/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_RENEW_H
#define ISSUE_RENEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/strs.h"
#include "config/config.h"
#include "issue/decide.h"
#include "issue/issue.h"
#include "issue/renew_state.h"
#include "store/store.h"
#include "sync/pull.h"

/*
 * All certificates, each for itself (design section 8):
 *
 *	renew_init(&r, store, config, &opts);
 *	renew_run(&r, &err);		look at r.certs and r.peers
 *	renew_free(&r);
 *
 * 1. Which: those configured, with `lineages` also certbot's whose account
 *    came through acmeferry (the ledger, or a lineage that we made).
 * 2. With `brief`, one for which nothing can have changed since it was
 *    decided last, and whose time has not come, is passed over: no file of it
 *    is read, nothing is asked (renew_state.h), it is not in r->certs.
 * 3. renew_decide() with what is known.
 * 4. Where that wants to know more: each peer is pulled from once, and the
 *    known authorizations are asked for, side by side; decided again.  A pull
 *    that fails stops nothing.
 * 5. What is to be renewed is: order, proof, issue, deploy.
 * 6. Deploy hooks that failed are run again; `served` is compared.
 * 7. Decided once more, for the next run.
 *
 * STATE_DIR/renew.lock is held: one run at a time.
 */
struct renew_options {			/* all borrowed */
	const struct strs *names;	/* NAME...; none: all */
	bool lineages;
	bool now;		/* though not due, by every way */
	bool dry_run;		/* only 1 to 3 */
	bool brief;		/* who is passed over needs no facts */
	const char *server;	/* only of this one; NULL */
	int64_t max_wait;	/* seconds */
	bool terminal;
	const char *self;	/* how certbot's hook calls us */
	const struct strs *self_options;
};

struct renew_cert {
	char *name;		/* the lineage's */
	const struct config_cert *config;	/* NULL: not configured */
	struct strs peers;	/* names of peers to pull from */
	struct strs domains;
	char *server, *account;	/* account: an id; these: NULL */
	bool planned;		/* issue_plan() succeeded: */
	struct issue issue;
	bool begun;		/* ... was called */
	struct decide decide;	/* the one that was acted on */
	bool decided;
	int64_t next;		/* when it will be acted on; 0: not known */
	bool looked;		/* peers and known authorizations were asked */
	bool acted;		/* an order was tried ... */
	bool renewed;		/* ... and there is a new certificate */
	bool deploy_pending;
	const char *served;	/* "ok", "mismatch", "unreachable"; NULL */
	struct strs tried;	/* with `now`: each way with what came of it */
	enum code result;
	struct error err;	/* where it is not CODE_OK */
	enum code cause;	/* of CODE_EXPIRING */
	bool held;		/* for the caller: nothing is said of it */
	/* internal */
	struct renew_entry *entry;
	struct verify_set *answers;	/* of the look; borrowed */
	char stamp[DIGEST_SHA256_HEX];	/* of its files */
};

struct renew_peer {
	const struct config_peer *peer;
	struct strs names;	/* domains that it is asked for */
	struct sync_result result;
	bool asked;
	struct error err;	/* CODE_OK: it answered */
	bool held;
};

struct renew {
	struct store *store;
	const struct config *config;
	struct renew_options opts;
	struct renew_cert *certs;
	size_t ncerts, capcerts;
	struct renew_peer *peers;
	size_t npeers, cappeers;
	bool busy;		/* another run holds the lock: nothing done */
	bool changed;		/* or would be */
	/* internal */
	struct lock lock;
	struct renew_state state;
	struct memory *memory;
	bool concluding;	/* it is decided for the next run */
	int64_t skew;		/* the CA's clock minus ours */
	char host[256];
	char settings[DIGEST_SHA256_HEX], world[DIGEST_SHA256_HEX];
	struct lineages lineages;
	bool has_lineages;
	struct renew_store {
		char *server;
		struct accounts list;
	} *stores;		/* accounts, by server */
	size_t nstores, capstores;
	struct renew_shared {
		char *server, *id, *client;
	} *shared;		/* accounts that came through acmeferry */
	size_t nshared, capshared;
	bool has_shared;
	struct verify *looks;	/* one for each server */
	size_t nlooks, caplooks;
};

void renew_init(struct renew *r, struct store *s, const struct config *c,
    const struct renew_options *opts);
void renew_free(struct renew *r);

/* -1: nothing was done (a NAME that is none: CODE_USAGE); what became of each
 * certificate is in r->certs, and 0 is returned. */
int renew_run(struct renew *r, struct error *err) WARN_UNUSED;

/* What the CA said last of a name, and until when that counts; NULL: nothing
 * is known. */
struct memory_authz;
const struct memory_authz *renew_name(const struct renew *r,
    const struct renew_cert *c, const char *name, int64_t *usable_until);

/* The one command to type next for a certificate that failed, in words. */
int renew_advice(const struct renew *r, const struct renew_cert *c,
    char **out, struct error *err) WARN_UNUSED;

#endif
