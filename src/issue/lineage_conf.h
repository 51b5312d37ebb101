/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_LINEAGE_CONF_H
#define ISSUE_LINEAGE_CONF_H

#include <stdbool.h>

#include "base/error.h"
#include "store/lineage.h"
#include "store/store.h"

/* What issuing reads from and writes to a lineage's renewal/NAME.conf. */

/* A key of [renewalparams]; NULL: none.  The caller frees. */
int lineage_param(const struct lineage *l, const char *key, char **out,
    struct error *err) WARN_UNUSED;

/* Who proves for the lineage. */
enum lineage_auth {
	LINEAGE_AUTH_OTHER,	/* certbot's own */
	LINEAGE_AUTH_GUARD,	/* nobody: its address is the guard */
	LINEAGE_AUTH_HOOK	/* "acmeferry hook auth" */
};
int lineage_auth(const struct lineage *l, enum lineage_auth *auth,
    struct error *err) WARN_UNUSED;

/* *ours: acmeferry made the lineage, it has one of our two. */
int lineage_is_ours(const struct lineage *l, bool *ours, struct error *err)
    WARN_UNUSED;

/* True where certbot runs "acmeferry hook deploy" for it. */
bool lineage_has_hook(const struct lineage *l);

/* Which hooks of it call us, whole. */
enum lineage_hook {
	LINEAGE_HOOK_DEPLOY = 1,
	LINEAGE_HOOK_AUTH = 2	/* `manual`'s two */
};
int lineage_hooks(const struct lineage *l, unsigned int *hooks,
    struct error *err) WARN_UNUSED;

/* Its conf without these hooks and without `autorenew`, so that certbot renews
 * it; every other byte stays. */
int lineage_released(const struct lineage *l, unsigned int hooks,
    struct buf *out, struct error *err) WARN_UNUSED;

/*
 * Takes a lineage over, under certbot's lock: backs up its conf; then sets
 * server and account, through the journal.  With account NULL (certbot is about
 * to give it other names) live/NAME and archive/NAME are backed up too and
 * nothing is set.  backup: the id, which the caller frees.
 */
int lineage_adopt(struct store *s, const struct lineage *l,
    const char *server, const char *account, char **backup,
    struct error *err) WARN_UNUSED;

#endif
