/* SPDX-License-Identifier: ISC */
#ifndef SYNC_COMMON_H
#define SYNC_COMMON_H

#include "sync/pull.h"

/* What one run is about, from options and configuration together. */
struct scope {
	struct strs servers;	/* that may travel */
	struct strs accounts;	/* selectors */
	struct strs names;	/* domain names */
	struct strs have;	/* identities here */
	const char *peer_key;	/* as certificates name the peer; NULL: an
				 * ad-hoc one, which serves all */
};
int scope_make(const struct config *c, const struct config_peer *peer,
    const struct sync_options *o, struct scope *out, struct error *err)
    WARN_UNUSED;
void scope_free(struct scope *s);
struct request scope_request(const struct scope *s, bool all);

#endif
