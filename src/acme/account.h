/* SPDX-License-Identifier: ISC */
#ifndef ACME_ACCOUNT_H
#define ACME_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "acme/acme.h"
#include "base/error.h"

/* The CA's view of an account, RFC 8555 sections 7.1.2 and 7.3. */

enum account_state {
	ACCOUNT_UNREACHABLE,	/* the CA could not be asked */
	ACCOUNT_VALID,
	ACCOUNT_DEACTIVATED,
	ACCOUNT_REVOKED,
	ACCOUNT_UNKNOWN,	/* no account for this key */
	ACCOUNT_MISMATCH	/* valid, but under another URL */
};
/* "valid", "unreachable", ... */
const char *account_state_text(enum account_state s);

struct acme_account {
	enum account_state state;
	char *location;		/* the account's URL at the CA; NULL: none */
};
void acme_account_free(struct acme_account *a);

/* True for what a CA says to any request of an account that is no more. */
bool acme_account_refused(const struct acme_problem *p);

/* What came back from newAccount or the account's URL is told as
 * out->state and location; -1 where it could not be asked. */
int acme_account_answer(const struct acme_answer *a, const struct error *e,
    struct acme_account *out, struct error *err) WARN_UNUSED;

/* newAccount with onlyReturnExisting, signed with the JWK. */
int acme_account_lookup(struct acme *a, acme_key_fn *key, void *key_arg,
    acme_done *done, void *arg, struct error *err) WARN_UNUSED;
/* POST-as-GET of the account's URL. */
int acme_account_fetch(struct acme *a, const char *kid, acme_key_fn *key,
    void *key_arg, acme_done *done, void *arg, struct error *err)
    WARN_UNUSED;

/*
 * The question of sync_plan(), synchronously: which URL does the CA return
 * for this key?  out->state is never ACCOUNT_MISMATCH.  -1: the CA could not
 * be asked, *err says why.
 */
int acme_account_find(struct acme *a, const struct jwk *key,
    struct acme_account *out, struct error *err) WARN_UNUSED;

#endif
