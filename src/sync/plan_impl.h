/* SPDX-License-Identifier: ISC */
#ifndef SYNC_PLAN_IMPL_H
#define SYNC_PLAN_IMPL_H

#include "sync/plan.h"

/* What plan.c and the files with its rules share. */
struct planning {
	const struct plan_input *in;
	struct plan *out;
	bool *gone;		/* accounts here that a step moves away */
	size_t capactions, capquestions;
};

/* Adds a step; it belongs to the next verdict. */
int plan_act(struct planning *p, enum plan_do what, long source, long dest,
    long lineage, const char *id, const char *uri, struct error *err)
    WARN_UNUSED;
/* Adds a verdict; fmt NULL: no reason. */
int plan_say(struct planning *p, enum verdict verdict, enum code code,
    const char *server, const char *id, struct error *err, const char *fmt,
    ...) PRINTF_LIKE(7, 8) WARN_UNUSED;
/* What the CA said about a key; NULL: not asked. */
const struct plan_answer *plan_answer(const struct planning *p,
    const char *server, const char *thumbprint);
/* Asks, unless it was answered or asked. */
int plan_ask(struct planning *p, long source, long dest, const char *server,
    const char *thumbprint, struct error *err) WARN_UNUSED;

/* The table of design section 5, for one element of the source that may
 * travel. */
int plan_merge(struct planning *p, long source, struct error *err)
    WARN_UNUSED;

/* Once the account is there: points the lineages of configured certificates
 * to it.  *reason (freed by the caller) is what to say, NULL: nothing was
 * pointed. */
int plan_point(struct planning *p, long source, char **reason,
    struct error *err) WARN_UNUSED;

/* Accounts that were replaced go to the backups: acmeferry brought them, no
 * lineage uses them any more, and the source does not have them. */
int plan_retire(struct planning *p, struct error *err) WARN_UNUSED;

/* The peer's newest lineages for this certificate's names use the account: all
 * of those that it has, and at least one. */
bool plan_serves(const struct planning *p, const struct offered *of,
    const struct plan_cert *cert);
/* The id that the element has, or will have, here. */
const char *plan_id(const struct offered *of);

/* Notes about several accounts for one server. */
int plan_warn(struct planning *p, struct error *err) WARN_UNUSED;

#endif
