/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_OFFER_H
#define TRANSPORT_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"
#include "store/store.h"

/*
 * What one side asks for and what the other side offers, as data: the same
 * structures for every transport and for both ends.
 */

/* One authorization that a peer remembers for its account. */
struct hint_authz {
	char *name;
	char *url;
	int64_t expires;	/* 0: not known */
};

/* What a peer tells about one of its lineages (design section 6). */
struct hint {
	char *server;
	char *uri;		/* of the account that the lineage uses */
	char *name;		/* the lineage's */
	struct strs domains;
	int64_t not_before;	/* 0: not known */
	struct hint_authz *authz;
	size_t nauthz, capauthz;
};
struct hints {
	struct hint *v;
	size_t n, cap;
};

/* A new zeroed one at the end, valid until the next call; NULL: no memory. */
struct hint *hints_add(struct hints *l);
int hint_add_authz(struct hint *h, const char *name, const char *url,
    int64_t expires, struct error *err) WARN_UNUSED;
/* Frees what it holds and empties it. */
void hint_free(struct hint *h);
void hints_free(struct hints *l);

/* The newest hint of that server whose certificate has this very name; server
 * NULL: any.  NULL: none. */
const struct hint *hints_for_name(const struct hints *l, const char *server,
    const char *name);

/* Hints of a store: its lineages whose account is there and has a uri, with the
 * authorizations that are remembered in its state directory as valid, of each
 * name the one that lasts longest. */
int hints_of_store(struct store *s, const struct accounts *accounts,
    struct hints *out, struct error *err) WARN_UNUSED;
/* Whether one of them tells an authorization. */
bool hints_have_authz(const struct hints *l);

enum offered_state {
	OFFERED_SENT,		/* with its three files */
	OFFERED_HAVE,		/* the asking side said that it has it */
	OFFERED_LISTED,		/* exists, was not chosen: no files */
	OFFERED_BROKEN		/* exists, cannot travel: problem says why */
};

/* One account of the offering side. */
struct offered {
	enum offered_state state;
	char *server, *id;	/* id: the directory's name there */
	char *uri;		/* this and those below: NULL where not known */
	char *key;		/* "RSA 2048" */
	char *thumbprint;
	char *identity;		/* account_identity() */
	char *problem;
	char *digest;		/* of what is there (answers to a push) */
	char *replaces;		/* digest of what this one is to replace */
	struct account *account;	/* SENT: its texts and what they say */
};
struct offer {
	struct offered **v;
	size_t n, cap;
	struct hints hints;
	struct strs servers;	/* that may be sent there (answers to a push,
				 * empty where that is not told) */
};

/* A new zeroed one in the list; NULL: no memory. */
struct offered *offer_add(struct offer *o);
/* Fills in an element from an account, which it takes (also on failure): the
 * account is kept where state is OFFERED_SENT, else wiped and freed. */
int offered_set(struct offered *of, struct account *a,
    enum offered_state state, struct error *err) WARN_UNUSED;
void offer_free(struct offer *o);

/*
 * Hex SHA-256 over what an account's three files hold (65 bytes): names what
 * is replaced, broken accounts too.  Needs the texts.
 */
int offer_digest(const struct account *a, char out[65], struct error *err)
    WARN_UNUSED;

/* What is asked for; all borrowed. */
struct request {
	const struct strs *servers;	/* only these */
	const struct strs *accounts;	/* selectors; NULL, empty: any */
	const struct strs *names;	/* domain names; NULL, empty: any */
	const struct strs *have;	/* identities that we have */
	bool all;			/* every account of the servers */
};

/*
 * Which accounts travel (design section 5): fills in chosen[i] for each
 * element.  Those named; else those that the lineages for the names use; else
 * the only one that works; else all with r->all.  Several: CODE_STORE with
 * the list, each with its lineages.  None: CODE_STORE.  Pure.
 * Elements that are broken are chosen by name, and with them all where
 * nothing is named.  `where` is the offering side's name for the messages.
 */
int offer_choose(const struct offer *o, const struct request *r,
    const char *where, bool *chosen, struct error *err) WARN_UNUSED;

/* True where the request names that server. */
bool request_server(const struct request *r, const char *server);

#endif
