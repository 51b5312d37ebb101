/* SPDX-License-Identifier: ISC */
#ifndef SYNC_MERGE_H
#define SYNC_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/store.h"
#include "sync/plan.h"
#include "transport/offer.h"

/*
 * Plans an offer against a store, asks the CA what the plan asks, then locks
 * the store, plans again (it may have changed meanwhile) and carries it out.
 */
struct merge {
	const struct config *config;
	const char *peer;	/* the source's name */
	const char *peer_key;	/* its name in the configuration: only
				 * certificates of this peer; NULL: all */
	const struct strs *servers;
	const bool *chosen;
	enum prefer prefer;
	bool verbatim, dry_run;
	bool ask;		/* the CA */
	bool check_digest;	/* of what is replaced */
	int64_t max_wait;
	struct store *giver;	/* of a push: in whose ledger it is, before it
				 * happens, that the key went to ... */
	const char *to;		/* ... this peer; NULL, NULL: nobody's */
};

int sync_merge(struct store *s, struct offer *offer, const struct merge *m,
    struct verdicts *out, struct strs *notes, bool *changed,
    struct error *err) WARN_UNUSED;

/* Finishes what a killed run left in a store that is about to be written;
 * locks it only where there is something. */
int sync_finish(struct store *s, struct error *err) WARN_UNUSED;

/* What a peer told of authorizations goes into the memory of this host
 * (acme.json), as hearsay; only of these servers, of accounts that are here,
 * and of names that a certificate or a lineage here has. */
int sync_remember(struct store *s, const struct config *c,
    const struct hints *l, const struct strs *servers, struct error *err)
    WARN_UNUSED;

/* True where the certificate is to be had with accounts of that peer. */
bool cert_of_peer(const struct config_cert *cert, const char *peer_key);

/* ---- what the destination has, as the plan sees it --------------------- */

struct view {
	struct accounts accounts;
	struct lineages lineages;
	struct plan_account *plan_accounts;
	struct plan_lineage *plan_lineages;
	struct plan_cert *plan_certs;
	size_t ncerts;
};
/* with_ledger: fills in `received`. */
int view_load(struct store *s, const struct merge *m, bool with_ledger,
    struct view *out, struct error *err) WARN_UNUSED;
void view_free(struct view *v);

/* ---- the CA ------------------------------------------------------------ */

struct answers {
	struct plan_answer *v;	/* with strings of their own */
	size_t n, cap;
};
/* Answers every question of the plan; a CA that cannot be asked is an answer
 * too. */
int ask_all(const struct merge *m, const struct plan *p,
    const struct offer *offer, const struct view *view, struct answers *out,
    struct error *err) WARN_UNUSED;
void answers_free(struct answers *l);

#endif
