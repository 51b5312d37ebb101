/* SPDX-License-Identifier: ISC */
#ifndef CLI_MIGRATE_H
#define CLI_MIGRATE_H

#include <stdbool.h>

#include "cli/cli.h"
#include "issue/issue.h"
#include "sync/pull.h"

/*
 * The steps of migrate, in their order; each says one line when it has
 * succeeded, finds what an earlier run did already, and may be cut off
 * anywhere.  In a dry run each says what it would do.
 */
struct migrate {
	struct cli *cli;
	struct store *store;
	struct strs domains;
	struct config_peer *peer;
	struct config_cert *cert;	/* what config.d is to have */
	struct issue_options opts;
	struct issue issue;
	bool planned;
	struct sync_options sync;
	struct sync_result pulled;
	bool has_pulled;
	char *account;		/* the id that the names are issued with */
	bool rehearsal;		/* in a place of its own (rehearse.h) */
	bool here;		/* it is in the store (not so in a dry run of
				 * a first migration) */
};

void migrate_init(struct migrate *m, struct cli *cli);
void migrate_free(struct migrate *m);

/* Everything of the command line; that config.d can take the entries. */
int migrate_begin(struct migrate *m, const struct cli_args *a,
    struct error *err) WARN_UNUSED;
int migrate_pull(struct migrate *m, struct error *err) WARN_UNUSED;
/* Errors of the store that concern this account or lineage: CODE_STORE. */
int migrate_check(struct migrate *m, struct error *err) WARN_UNUSED;
int migrate_verify(struct migrate *m, struct error *err) WARN_UNUSED;
int migrate_prove(struct migrate *m, struct error *err) WARN_UNUSED;
int migrate_issue(struct migrate *m, struct error *err) WARN_UNUSED;
/* config.d, and whether cron or a timer runs it. */
int migrate_renewal(struct migrate *m, struct error *err) WARN_UNUSED;

/* Fills the report; rc and err: how the steps ended, handed through. */
int migrate_report(struct migrate *m, int rc, struct error *err);

#endif
