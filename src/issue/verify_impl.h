/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_VERIFY_IMPL_H
#define ISSUE_VERIFY_IMPL_H

#include "acme/acme.h"
#include "acme/memory.h"
#include "acme/order.h"
#include "issue/verify.h"

/*
 * Shared by the files of verify: verify.c (the whole), verify_account.c,
 * verify_names.c (what is known of a set of names), verify_order.c (what an
 * order tells).  Callbacks run inside acme_run() and cannot fail: what goes
 * wrong is put into the account, set or name that it is about.
 */

/* verify.c */
const char *verify_kid(const struct verify_set *s);
int verify_key(void *account, struct jwk **out, struct error *err);
/* Opens v->acme, where it is not open. */
int verify_session(struct verify *v, struct error *err) WARN_UNUSED;
/* A result of the whole. */
void verify_count(struct verify *v, enum code code, const char *msg,
    long retry_after);
/* The set cannot be decided; the first error stays. */
void set_fail(struct verify_set *s, const struct error *err);

/* verify_account.c: asks about one; its sets follow when it is valid. */
void account_ask(struct verify_account *va);
/* Without the CA, where the memory is young enough. */
bool account_from_memory(struct verify_account *va);
void account_fail(struct verify_account *va, const struct error *err);
/* Repairs what account_ask() found; takes the store's lock. */
int accounts_fix(struct verify *v, struct error *err) WARN_UNUSED;

/* verify_names.c */
void set_ask_known(struct verify_set *s);
/* True where every name has an answer young enough. */
bool set_from_memory(struct verify_set *s);
/* What the CA says of a name's authorization, kept and remembered. */
void name_take(struct verify_set *s, struct verify_name *n,
    const struct acme_authz *z, const char *url);
struct verify_name *set_name(struct verify_set *s, const char *name);
bool set_all_usable(const struct verify_set *s);
/* When the authorization stops to count. */
int64_t name_usable_until(const struct verify_set *s, int64_t expires,
    int64_t validated);
/* A peer told of something newer than `since`. */
bool set_hinted_since(const struct verify_set *s, int64_t since);

/* verify_order.c */
void set_order(struct verify_set *s);

/* verify_text.c: results and messages, when everything was asked */
void verify_conclude(struct verify *v);

#endif
