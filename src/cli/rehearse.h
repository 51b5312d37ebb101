/* SPDX-License-Identifier: ISC */
#ifndef CLI_REHEARSE_H
#define CLI_REHEARSE_H

#include "base/atomic.h"
#include "base/lock.h"
#include "cli/cli.h"

/*
 * migrate --rehearse: every step against the CA's staging directory, in a
 * store, a state and a config.d of its own below STATE_DIR/rehearsal, which
 * goes when the rehearsal ends, also by a signal; what a killed one left goes
 * with the next.  The real store is neither read nor written.
 *
 * The staging directory of Let's Encrypt is known; another CA's is --server,
 * else CODE_USAGE.  The account is the peer's for that server.  Hooks of the
 * configured certificates are not run.
 */
struct rehearsal {
	struct lock lock;
	struct atomic_dir dir;
	int parent;		/* STATE_DIR/rehearsal; -1 */
	char *state_dir;	/* the real one */
};

/* cli->config, cli->server and cli->self_options are the rehearsal's from then
 * on, for the rest of the run. */
int rehearse_begin(struct rehearsal *r, struct cli *cli, struct error *err)
    WARN_UNUSED;
/* Fine after a begin that failed. */
void rehearse_end(struct rehearsal *r);
/* What a failure of the pull means here. */
void rehearse_explain(const struct cli *cli, struct error *err);

#endif
