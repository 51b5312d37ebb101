/* SPDX-License-Identifier: ISC */
#ifndef ACME_MEMORY_H
#define ACME_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acme/authz.h"
#include "base/error.h"
#include "base/strs.h"

/*
 * What CAs said, in state_dir/acme.json: authorization URLs, accounts once
 * seen valid, order lifetimes, pending orders of ours.  It is a cache: a file
 * that is absent, damaged or too large is as if empty.  Several processes may
 * use it; memory_save() merges with what others wrote meanwhile.
 * Of an authorization 40 bytes are in memory until it is asked for: the file
 * stays open, and goes through a window when it is read and written.
 */
struct memory;

enum {
	MEMORY_AUTHZ = 10000,	/* entries kept: the newest */
	MEMORY_ACCOUNTS = 10000,
	MEMORY_MARKS = 1000,	/* pending orders, deactivations */
	MEMORY_LIFETIMES = 100,
	/* failed validations of one name that we risk in an hour; all who
	 * share the account have five */
	MEMORY_FAILED = 2
};

struct memory_authz {
	char *account;		/* the account's URL */
	char *profile;		/* "" : none */
	char *name;
	char *url;
	enum authz_status status;
	int64_t expires, validated;
	int64_t checked;	/* when the CA said so; 0: only hinted */
	int64_t first;		/* when we first heard of it */
	struct strs challenges;
	bool dirty;
};

/* state_dir absolute; a damaged file is only logged. */
int memory_open(const char *state_dir, struct memory **out,
    struct error *err) WARN_UNUSED;
/* Writes where something changed (one lock, one atomic replacement). */
int memory_save(struct memory *m, struct error *err) WARN_UNUSED;
void memory_free(struct memory *m);

/* The i-th authorization known for account, name and profile (NULL: any),
 * newest first; NULL: no more.  It is m's, until it is set or dropped. */
const struct memory_authz *memory_authz(struct memory *m,
    const char *account, const char *name, const char *profile, size_t i);
/* 0, or -1 where there was no memory for what memory_authz() was to find, and
 * said that it does not know it; memory_save() says so, too. */
int memory_check(const struct memory *m, struct error *err) WARN_UNUSED;
/* Adds or replaces (by url); strings are copied. */
int memory_set_authz(struct memory *m, const struct memory_authz *z,
    struct error *err) WARN_UNUSED;
/* The CA does not know it any more. */
void memory_drop_authz(struct memory *m, const char *url);

/* When this account was last seen valid with this key; 0: never. */
int64_t memory_account(const struct memory *m, const char *uri,
    const char *thumbprint);
/* when 0: forget it. */
int memory_set_account(struct memory *m, const char *uri,
    const char *thumbprint, int64_t when, struct error *err) WARN_UNUSED;

/* The longest lifetime of a fresh order, seconds; 0: none seen. */
int64_t memory_lifetime(const struct memory *m, const char *server,
    const char *profile);
int memory_set_lifetime(struct memory *m, const char *server,
    const char *profile, int64_t seconds, struct error *err) WARN_UNUSED;

/* When this set of names was last ordered and came back pending, and that
 * order's URL (NULL is fine); 0: never, or it has come back ready since.
 * key: memory_order_key(). */
int64_t memory_pending(const struct memory *m, const char *key,
    const char **url);
int memory_set_pending(struct memory *m, const char *key, const char *url,
    int64_t when, struct error *err) WARN_UNUSED;
/* When the server was last seen to return the same pending order for the same
 * names; 0: never. */
int64_t memory_order_reuse(const struct memory *m, const char *server);
int memory_set_order_reuse(struct memory *m, const char *server,
    int64_t when, struct error *err) WARN_UNUSED;
/* When a pending authorization for a name was last deactivated; 0: never. */
int64_t memory_deactivated(const struct memory *m, const char *account,
    const char *name);
int memory_set_deactivated(struct memory *m, const char *account,
    const char *name, int64_t when, struct error *err) WARN_UNUSED;

/* A name was found invalid by the CA after we had told it to look.  When the
 * next try may be made, by this clock; 0: now. */
int64_t memory_failed(const struct memory *m, const char *account,
    const char *name, int64_t now);
int memory_set_failed(struct memory *m, const char *account,
    const char *name, int64_t when, struct error *err) WARN_UNUSED;

/* "ACCOUNT PROFILE NAME NAME..." in sorted order; the caller frees. */
int memory_order_key(const char *account, const char *profile,
    const struct strs *names, char **out, struct error *err) WARN_UNUSED;

#endif
