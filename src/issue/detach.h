/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_DETACH_H
#define ISSUE_DETACH_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "store/store.h"

/*
 * Undoes a migration of one certificate: certbot alone renews it afterwards.
 * In one step through the journal, after a backup: the conf of a lineage that
 * acmeferry made loses `autorenew = False` and our hooks;
 * config.d/cert-NAME.yml goes, and config.d/peer-NAME.yml where no other
 * certificate uses the peer.  The certificate, its key and the account stay,
 * and so does the guard: without it certbot would ask the CA in vain.  Holds
 * issue.lock and certbot's; done already is success.
 */
struct detach {
	/* set by the caller, borrowed */
	struct store *store;
	const struct config *config;
	const char *name;	/* the lineage's */
	bool dry_run;
	/* what was (would be) done: files, and the words for each */
	struct strs paths, changes;
	struct strs todo;	/* sentences: what is left to the user */
	char *backup;		/* its id; NULL: nothing changed */
};

/* CODE_STORE: neither a lineage nor a certificate of that name. */
int detach_run(struct detach *d, struct error *err) WARN_UNUSED;
void detach_free(struct detach *d);

#endif
