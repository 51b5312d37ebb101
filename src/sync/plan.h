/* SPDX-License-Identifier: ISC */
#ifndef SYNC_PLAN_H
#define SYNC_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "transport/offer.h"
#include "transport/transport.h"

/*
 * The merge rules of design section 5 as a pure function: no clock, no file,
 * no network.  What only the CA can answer comes back as questions; ask them,
 * put the answers into the input, and run it again.
 */

/* An account of the destination; strings are borrowed, NULL: not known. */
struct plan_account {
	const char *server, *dirname;
	const char *id;		/* the right one, by its key */
	const char *thumbprint, *uri;
	bool broken;
	bool received;		/* acmeferry brought it (the ledger) */
	bool from_peer;		/* and it was this peer that gave it */
};

/* A lineage of the destination. */
struct plan_lineage {
	const char *name, *server, *account;
};

/* A certificate configured at the destination for this peer. */
struct plan_cert {
	const char *name;	/* the lineage's */
	const struct strs *domains;
	const char *account;	/* configured selector, "" or NULL: none */
};

enum plan_answer_kind {
	ANSWER_URI,		/* the CA knows the key under this uri */
	ANSWER_NONE,		/* the CA does not know the key */
	ANSWER_UNREACHABLE	/* it could not be asked */
};
struct plan_answer {
	const char *server, *thumbprint;
	enum plan_answer_kind kind;
	const char *uri;	/* ANSWER_URI */
	const char *why;	/* ANSWER_UNREACHABLE: in words */
};

struct plan_input {
	const struct offer *source;
	const bool *chosen;	/* by offer_choose(), one for each element */
	const struct strs *servers;	/* those the receiver names */
	const char *peer;	/* the source's name, for reasons */
	const struct plan_account *accounts;
	size_t naccounts;
	const struct plan_lineage *lineages;
	size_t nlineages;
	const struct plan_cert *certs;
	size_t ncerts;
	const struct plan_answer *answers;
	size_t nanswers;
	enum prefer prefer;
};

enum plan_do {
	PLAN_INSTALL,		/* store_install(source) */
	PLAN_SET_URI,		/* store_set_uri(dest, uri) */
	PLAN_RENAME,		/* store_rename(dest) */
	PLAN_REPLACE,		/* store_replace(dest, source or none, id) */
	PLAN_POINT		/* store_lineage_account(lineage, id) */
};

enum { PLAN_NO = -1 };

struct plan_action {
	enum plan_do what;
	long source;		/* index into source, PLAN_NO */
	long dest;		/* index into accounts, PLAN_NO */
	long lineage;		/* index into lineages, PLAN_NO */
	char *id;		/* the new id, NULL */
	char *uri;		/* NULL */
	size_t verdict;		/* which verdict it brings about */
};

/* "Under which uri does this CA know this key?" */
struct plan_question {
	long source;		/* the key: of this source element ... */
	long dest;		/* ... or of this destination account */
	char *server, *thumbprint;
};

struct plan {
	struct plan_action *actions;	/* in the order to carry them out */
	size_t nactions;
	struct plan_question *questions;
	size_t nquestions;
	struct verdicts verdicts;	/* one for each account looked at */
	struct strs notes;	/* for a person: new CAA accounturi, ... */
	bool ledger;		/* `received` would decide something */
};

/* Also refuses, with the reason, what must not travel. */
int sync_plan(const struct plan_input *in, struct plan *out,
    struct error *err) WARN_UNUSED;
void plan_free(struct plan *p);

#endif
