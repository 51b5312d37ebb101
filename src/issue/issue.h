/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_ISSUE_H
#define ISSUE_ISSUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/strs.h"
#include "config/config.h"
#include "issue/cert.h"
#include "issue/verify.h"
#include "store/lineage.h"
#include "store/store.h"
#include "transport/offer.h"

struct acme;
struct pending;

/*
 * One certificate, as design section 8 has it:
 *
 *	issue_init(&is, store, config, &opts);
 *	issue_plan(&is, &err);		what is there, which account, is it due
 *	issue_verify(&is, &err);	would the CA ask for a proof
 *	issue_prove(&is, &err);		prove it (issue/prove.h)
 *	issue_finish(&is, &err);	certbot, and what it left on disk; or
 *					the built-in issuer (builtin.h), or a
 *					peer (by_peer.h)
 *	issue_free(&is);
 *
 * After each step, also one that failed, what is known is in the struct.
 * From issue_plan() to issue_free() STATE_DIR/issue.lock is held (not in a
 * dry run or with peek), so that two runs never issue one certificate twice;
 * certbot's own lock is only held for the moment in which a conf is changed.
 */

enum issue_decision {
	ISSUE_NOTHING,		/* is there and not due */
	ISSUE_NEW,		/* certonly: a new lineage */
	ISSUE_RENEW,		/* renew: the lineage as it is */
	ISSUE_NAMES		/* certonly: other names for a lineage */
};
/* "nothing", "issue", "renew", "issue" */
const char *issue_decision_text(enum issue_decision d);

struct issue_options {		/* all borrowed */
	const struct strs *domains;	/* -d; several: one certificate */
	const char *cert_name;		/* --cert-name; NULL */
	const char *server;		/* --server; NULL: acme.server */
	const char *account;		/* --account; NULL */
	const char *peer;		/* who proves, for messages; NULL: the
					 * configured peers */
	/* the same as its settings are in this run, where its names can be
	 * proven; NULL: the configured ones alone */
	const struct config_peer *prove_peer;
	const struct hints *hints;	/* what a pull brought; NULL */
	bool adopt;		/* take over a lineage of another account or
				 * with other names */
	bool repoint;		/* the same without --adopt where acmeferry
				 * made the lineage (migrate to another peer) */
	bool force;		/* though not due */
	const char *offered;	/* the account that the peers use for the names:
				 * pick.h; NULL */
	const char *why;	/* ... because of this, in words; NULL */
	bool peek;		/* issue_finish() is not called: no lock */
	/* what the store has, read by the caller; NULL: read here */
	const struct lineages *lineages;
	const struct accounts *accounts;	/* of that server */
	bool dry_run;
	bool unattended;	/* see verify.h */
	bool terminal;		/* ssh may ask a person */
	int64_t max_wait;	/* seconds */
	/* how certbot's hook calls us */
	const char *self;
	const struct strs *self_options;
};

struct issue {
	struct store *store;
	const struct config *config;
	struct issue_options opts;
	/* issue_plan() */
	char *name;		/* the lineage's */
	struct strs domains;
	const struct config_cert *cert;	/* its settings; NULL: none */
	const char *server;
	const struct accounts *accounts;	/* the caller's, or ours */
	const struct lineages *lineages;
	const struct account *account;	/* borrowed from accounts; NULL: by_peer
					 */
	const struct lineage *lineage;	/* borrowed from lineages; NULL */
	enum issue_decision decision;
	char *reason;		/* of the decision, in words */
	bool set_account;	/* the lineage's account is to be changed */
	/* of the certificate; 0: there is none */
	int64_t not_before, not_after, next;
	bool builtin;		/* the issuer; else certbot */
	bool by_peer;		/* the issuer is a peer (by_peer.h): account is
				 * NULL, and no CA is asked; builtin is set */
	/* an issuance that an earlier run began and this one goes on with,
	 * due or not; NULL: none, or peek */
	bool interrupted;
	struct pending *pending;
	/* issue_verify() */
	struct verify verify;
	bool verified;		/* verify holds results */
	bool unproven;		/* ... and issue_prove() has to do something */
	bool resumed;		/* the order of `pending` lives: nothing was
				 * asked of the names, nothing is to be proven,
				 * and verify holds nothing */
	/* issue_finish() */
	bool changed;		/* or would be */
	bool deploy_pending;	/* a deploy hook still has to succeed */
	char *backup;		/* id, where one was made; NULL */
	/* internal */
	enum { PROOF_NONE, PROOF_BEGUN, PROOF_DONE, PROOF_CANNOT } proof;
	struct lock lock;
	struct accounts own_accounts;
	struct lineages own_lineages;
	char *before;		/* digest of the certificate that was there */
	char *replaces;		/* its id at the CA (acme/ari.h); NULL */
	struct acme *acme;	/* a session where verify has none */
};

void issue_init(struct issue *is, struct store *s, const struct config *c,
    const struct issue_options *opts);
void issue_free(struct issue *is);

/*
 * Which lineage, account and settings; whether it is due.  CODE_STORE for a
 * lineage of another account, of another server or with other names (without
 * adopt), or one that cannot be read; what account_pick() says for accounts.
 */
int issue_plan(struct issue *is, struct error *err) WARN_UNUSED;

/*
 * Asks the CA about the account and the names.  Where something is to be
 * issued: orders (not in a dry run); where the order is not ready and there is
 * a peer through which the names may be proven, sets is->unproven, else fails
 * with CODE_UNAUTHORIZED, naming who must prove and until when the certificate
 * lives.  Where nothing is to be issued: only the account has to be right.
 * With `authenticator: hook` nothing is ordered, as certbot does that.
 */
int issue_verify(struct issue *is, struct error *err) WARN_UNUSED;

/* Does what issue_plan() found.  Success is a new certificate on disk that
 * matches key, names and account, whatever certbot says.  The built-in issuer
 * finalises the very order that issue_verify() left ready. */
int issue_finish(struct issue *is, struct error *err) WARN_UNUSED;

/* Runs the deploy hook that an earlier run left pending; no lock is needed. */
int issue_deploy(struct issue *is, struct error *err) WARN_UNUSED;

#endif
