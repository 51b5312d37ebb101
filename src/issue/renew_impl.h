/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_RENEW_IMPL_H
#define ISSUE_RENEW_IMPL_H

#include "acme/memory.h"
#include "issue/renew.h"

/*
 * Shared by the files of renew: renew.c (the whole), renew_list.c (which
 * certificates), renew_facts.c (what is known, and the decision), renew_look.c
 * (peers and authorizations), renew_ari.c (the CA's advice), renew_act.c
 * (issuing, deploying).
 */

/* renew_list.c: r->certs; their state's entries. */
int renew_list(struct renew *r, struct error *err) WARN_UNUSED;
/* What its decision rests on besides r->world, as it is on disk now. */
void renew_stamp(const struct renew *r, const struct renew_cert *c,
    char out[DIGEST_SHA256_HEX]);
/* The digest of configuration, ledger and what the CAs said. */
int renew_world(struct renew *r, struct error *err) WARN_UNUSED;

/* renew_facts.c.  -1: no memory; what is wrong with the certificate is its
 * result. */
int renew_plan(struct renew *r, struct renew_cert *c, struct error *err)
    WARN_UNUSED;
/* Reads anew what others may have changed. */
void renew_forget(struct renew *r);
/* Needs r->memory; out: the answer. */
int renew_ask_decide(struct renew *r, const struct renew_cert *c,
    struct decide *out, struct error *err) WARN_UNUSED;
int64_t renew_now(const struct renew *r);
/* True where it has no longer to live than alarm_before. */
bool renew_in_alarm(const struct renew *r, const struct renew_cert *c);

/* The failure becomes the certificate's result; the worse of two stays. */
void renew_fail(struct renew_cert *c, const struct error *why);
/* With `now`: a line of what was tried. */
int renew_tried(const struct renew *r, struct renew_cert *c,
    struct error *err, const char *fmt, ...) PRINTF_LIKE(4, 5) WARN_UNUSED;

/* renew_look.c */
int renew_look(struct renew *r, struct error *err) WARN_UNUSED;
/* The hints of its peers that answered. */
const struct hints *renew_hints(const struct renew *r, const char *peer);

/* renew_ari.c: after: of what has just been renewed. */
int renew_ask_ari(struct renew *r, bool after, struct error *err)
    WARN_UNUSED;

/* renew_act.c */
int renew_act(struct renew *r, struct renew_cert *c, struct error *err)
    WARN_UNUSED;
int renew_deploy(struct renew *r, struct renew_cert *c, struct error *err)
    WARN_UNUSED;

#endif
