/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_DELIVER_H
#define ISSUE_DELIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"

/*
 * The web servers that answer a CA's HTTP-01 challenges for the names of one
 * certificate: its peers.  One may answer without us (statelessly, or since
 * another host has put the response there), or the response is delivered there
 * (`challenge: true`), or it has no part in this.
 *
 * Whether a server answers is looked at before the CA is told
 * (`challenge_check`, http/http_check.h).  auto: port 80 of the host of an
 * ssh:// url; exec: and directories have none, so there nothing is looked at.
 */
struct delivery;

/* Starts nothing.  peers are borrowed; terminal: ssh may ask a person. */
int delivery_new(const struct config *c, const struct config_peer *const *v,
    size_t n, bool terminal, struct delivery **out, struct error *err)
    WARN_UNUSED;

/* Removes everywhere what was delivered; NULL is fine. */
void delivery_free(struct delivery *d);

/* True where one of the peers may be delivered to. */
bool delivery_may_put(const struct delivery *d);

/*
 * *yes: some server answers for the name with no delivery.  Asks with a token
 * that no CA has given, so it tells a server that answers any.  thumbprint: of
 * the account.
 */
int delivery_is_stateless(struct delivery *d, const char *name,
    const char *thumbprint, bool *yes, struct error *err) WARN_UNUSED;

/*
 * Has every server answer http://NAME/.well-known/acme-challenge/TOKEN with the
 * key authorization.  0: the CA may be told.  -1: it must not, since
 *
 *	a server answers something else, or nothing, though the response was
 *	put there (CODE_UNAUTHORIZED), or could not be put there though its web
 *	server is up (the transport's code);
 *	no server could be reached (CODE_RETRY), or none of several answers for
 *	sure while another cannot be reached;
 *	there is none (CODE_UNAUTHORIZED).
 *
 * A redirect, or no answer from here, only warns: the CA may see it otherwise.
 * What was put stays for delivery_remove() and delivery_free().
 */
int delivery_serve(struct delivery *d, const char *name, const char *token,
    const char *key_authorization, struct error *err) WARN_UNUSED;

/* Also where it was never put; what fails is only logged, as the far end
 * removes it at the end of the session in any case. */
void delivery_remove(struct delivery *d, const char *token);

/* A token as CAs make them: 32 random bytes in base64url. */
enum { DELIVERY_TOKEN = 44 };
int delivery_token(char out[DELIVERY_TOKEN], struct error *err) WARN_UNUSED;

/* The peers that take part, for messages: "surrogate, other". */
void delivery_who(const struct delivery *d, struct buf *out);

#endif
