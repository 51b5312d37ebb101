/* SPDX-License-Identifier: ISC */
#ifndef CLI_SYNC_H
#define CLI_SYNC_H

#include "cli/cli.h"
#include "sync/pull.h"

/* What pull, push and migrate share. */
#define CLI_OPTIONS_SYNC \
	{ "all", 0, NULL, false, \
	    "every account of the server, not only the one that is needed" }, \
	{ "prefer", 0, "source|destination", false, \
	    "which side is right where they conflict" }, \
	{ "verbatim", 0, NULL, false, \
	    "keep register_to_eff of meta.json too" }, \
	{ "accept-rollback", 0, NULL, false, \
	    "take a bundle that is older than one seen before or past its " \
	    "end; push over one of this host that it does not remember" }

/* The options above and the global ones; out borrows. */
int cli_sync_options(struct cli *cli, const struct cli_args *a,
    struct sync_options *out, struct error *err) WARN_UNUSED;

typedef int cli_sync_fn(struct store *s, const struct config *c,
    const struct config_peer *peer, const struct sync_options *opts,
    struct sync_result *result, struct error *err);

/* Into the report: the accounts that a result names (for JSON), as they are in
 * the store now, and its notes. */
int cli_sync_rows(struct cli *cli, struct store *s,
    const struct sync_result *r, const char *origin, struct error *err)
    WARN_UNUSED;

/* Options, peer, store, the work (sync_pull() or sync_push()), the report.
 * origin NULL: the peer's name. */
int cli_sync(struct cli *cli, const struct cli_args *a, cli_sync_fn *work,
    const char *origin, struct error *err) WARN_UNUSED;

/*
 * The report of a result and what it comes to: -1 with *err where why says
 * that the whole failed (NULL: it did not), or where an account did not travel
 * (then the first of the worst).
 */
int cli_sync_told(struct cli *cli, struct store *s, const char *peer,
    const char *origin, const struct sync_result *r, const struct error *why,
    struct error *err) WARN_UNUSED;

/* The same for a peer and options that are made already; both stay the
 * caller's. */
int cli_sync_peer(struct cli *cli, const struct config_peer *peer,
    const struct sync_options *opts, cli_sync_fn *work, const char *origin,
    struct error *err) WARN_UNUSED;

/* A peer that is the file of a bundle, for import and export: file as it was
 * given, "-" a stream; --sender or --recipient are its certificates. */
int cli_bundle_peer(const struct cli_args *a, const char *file, bool write,
    struct config_peer **out, struct error *err) WARN_UNUSED;

#endif
