/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_VERIFY_H
#define ISSUE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acme/account.h"
#include "acme/authz.h"
#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/store.h"

/*
 * Asks one ACME server about accounts and names (design, section 7), all on
 * one connection:
 *
 *	verify_init(&v, store, config, server);
 *	verify_add_account(...); verify_add_set(...); verify_add_hint(...);
 *	verify_run(&v, &err); look at v.accounts and v.sets;
 *	verify_free(&v);
 *
 * It never starts a challenge, never registers, never deactivates anything
 * but a pending authorization of a set that is being ordered (see
 * verify_order.c), at most once a day and name.
 */

enum verify_order {
	VERIFY_ORDER_UNKNOWN,	/* only where what is known does not decide */
	VERIFY_ORDER_NEVER,	/* --no-order, --dry-run */
	VERIFY_ORDER_ALWAYS	/* before an issuance: certbot will order too,
				 * so learn what it will get */
};

struct verify_account {
	const struct account *account;	/* borrowed */
	enum account_state state;
	bool broken;		/* no usable key: it was not asked about */
	char *location;		/* the CA's URL for the key; NULL */
	bool fixed;		/* the store's uri was repaired */
	bool fixable;		/* ... or would be, in a dry run */
	enum code result;
	char *error;		/* NULL: none */
	long retry_after;	/* -1 */
	struct verify *verify;	/* internal */
	bool done;
};

struct verify_name {
	char *name;
	enum authz_status status;
	int64_t expires, usable_until;	/* 0: not known */
	struct strs challenges;
	bool usable;		/* an order would be born with it valid */
	bool refused;		/* newOrder was refused, for this name */
	enum code result;
	char *error;		/* NULL: none */
	/* internal */
	char *url;		/* of the authorization meant; NULL */
	char *problem;		/* the CA's own words; NULL */
	bool known;		/* a usable one was known before an order */
	bool told;		/* ... or a peer told of a proof that is newer
				 * than our pending order */
	bool young;		/* answered from memory */
};

struct verify_set {
	size_t account;		/* index into v->accounts */
	char *profile;		/* "" : none */
	struct verify_name *names;
	size_t nnames;
	bool usable;		/* every name is */
	bool ordered;		/* newOrder was sent and answered */
	bool ready;		/* ... and the order is `ready` */
	bool refused;		/* newOrder was refused: error says why */
	bool no_reuse;		/* this CA makes a new authorization though a
				 * usable one exists */
	char *order;		/* its URL; NULL */
	char *finalize;		/* and where it is finalised */
	enum code result;	/* the worst of its account, order, names */
	char *error;		/* NULL: none; the first that says why */
	long retry_after;	/* -1 */
	/* internal */
	struct verify *verify;
	char *key;		/* in the memory */
	size_t waiting;		/* requests that are not answered */
	int orders;		/* newOrders sent */
	char *before;		/* the order before this one; NULL */
	bool deactivated;
	bool no_replaces;	/* the CA does not want it */
	bool is_ready;		/* what the newest order is */
	int64_t order_expires;
	bool done;
};

/* What a peer told: an authorization, or only that its certificate for the
 * name began at not_before. */
struct verify_hint {
	char *name;
	char *url;		/* NULL: none told */
	int64_t expires;
	int64_t not_before;	/* 0 */
};

struct verify {
	struct store *store;
	const struct config *config;
	const char *server;
	/* set by the caller between verify_init() and verify_run() */
	enum verify_order order;
	bool fix;		/* repair a wrong uri in the store */
	bool dry_run;		/* change nothing, send no newOrder */
	bool unattended;	/* cron: no order while the window is known
				 * shut, unless a hint is newer */
	bool prove;		/* what is pending will be proven: order though
				 * the window is shut, and deactivate nothing */
	bool keep;		/* the session stays open, in acme, for who goes
				 * on with an order; verify_free() ends it */
	int64_t max_wait;	/* seconds; verify_init() sets 120 */
	const char *replaces;	/* id of the certificate (acme/ari.h) that
				 * every order of this run replaces; NULL */
	int64_t max_age;	/* accept remembered answers so old; 0: none */
	/* results */
	struct verify_account *accounts;
	size_t naccounts, capaccounts;
	struct verify_set *sets;
	size_t nsets, capsets;
	int64_t now;		/* the CA's clock */
	int64_t skew;		/* ... against ours, seconds */
	bool changed;		/* the store was (in a dry run: would be) */
	enum code result;	/* the worst of all */
	struct error err;	/* of the worst; CODE_OK: none */
	struct acme *acme;	/* with keep: the session; NULL: none came up */
	/* internal */
	struct verify_hint *hints;
	size_t nhints, caphints;
	struct memory *memory;
};

void verify_init(struct verify *v, struct store *s, const struct config *c,
    const char *server);
void verify_free(struct verify *v);

/* An account twice is one; index may be NULL.  a is borrowed until
 * verify_free(). */
int verify_add_account(struct verify *v, const struct account *a,
    size_t *index, struct error *err) WARN_UNUSED;
/* One order; adds the account too.  Strings are copied.  profile NULL or "":
 * the configuration's acme.profile. */
int verify_add_set(struct verify *v, const struct account *a,
    const struct strs *names, const char *profile, struct error *err)
    WARN_UNUSED;
/* url NULL: only not_before is told. */
int verify_add_hint(struct verify *v, const char *name, const char *url,
    int64_t expires, int64_t not_before, struct error *err) WARN_UNUSED;

/* 0: everything was asked, results are in v (v->result may be any code);
 * -1: it could not even begin (no memory). */
int verify_run(struct verify *v, struct error *err) WARN_UNUSED;

/*
 * After verify_run(): name i of a set was proven since, in the order that the
 * set has; when all are, the set is ready.  Remembered by verify_save().
 */
void verify_proven(struct verify_set *s, size_t i,
    const struct acme_authz *z, const char *url);
/* Names that are not usable will be proven by somebody else, later: they are
 * no failure of this set's. */
void verify_excuse(struct verify_set *s);
/* They could not be proven, for this reason. */
void verify_blame(struct verify_set *s, const struct error *why);
/* The CA was told to look and found the name invalid. */
void verify_disproven(struct verify_set *s, size_t i);
/* When the CA may be told of this name again, by this host's clock; 0: now. */
int64_t verify_not_before(const struct verify_set *s, size_t i);
/* What verify_run() and the above have learned goes into the state
 * directory; what fails is only said. */
void verify_save(struct verify *v);

/* What time it is by the CA's own clock, as far as it is known. */
int64_t verify_now(const struct verify *v);

#endif
