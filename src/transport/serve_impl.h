/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SERVE_IMPL_H
#define TRANSPORT_SERVE_IMPL_H

#include "base/buf.h"
#include "transport/serve.h"
#include "transport/wire.h"

/* What the files serve*.c share, and nobody else uses. */

/* One session. */
struct session {
	struct store *store;
	const struct serve_options *o;
	struct wire wire;
	struct buf out;
	const char *operation;	/* for the ledger and syslog */
	size_t given;		/* accounts that went out or came in,
				 * responses that were put */
};

/* --client, "unknown" where it is not known. */
const char *serve_client(const struct session *s);
/* A line of the ledger. */
int serve_note(const struct session *s, const char *operation,
    const char *server, const char *id, const char *result,
    struct error *err) WARN_UNUSED;

/* Puts and removes responses until the other side closes. */
int serve_challenge(struct session *s, struct error *err) WARN_UNUSED;

#endif
