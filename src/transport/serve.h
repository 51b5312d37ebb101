/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SERVE_H
#define TRANSPORT_SERVE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strs.h"
#include "store/store.h"
#include "transport/source.h"
#include "transport/transport.h"

/*
 * The far end: one session of PROTOCOL.md on stdin and stdout, with exactly
 * the rights that its flags give.
 */
enum serve_right {
	SERVE_READ = 1,		/* gives accounts and hints */
	SERVE_WRITE = 2		/* installs accounts; never gives a key */
};

/* A comma-separated list of --allow into flags that are added to *rights;
 * CODE_USAGE for a right that does not exist. */
int serve_rights(const char *text, unsigned int *rights, struct error *err)
    WARN_UNUSED;

struct serve_options {
	unsigned int rights;
	struct grant grant;	/* --name, --account, --server */
	struct strs write_servers;	/* for write: --server, else
					 * acme.server here */
	const char *client;	/* --client, NULL */
	const struct receiver *receiver;	/* for write */
	int in, out;
};

/*
 * The sandbox: no core, no new privileges, rlimits, Landlock on the store and
 * the state directory as the rights need them.  Makes the state directory
 * (and, to write, the store's) first.  Connects to syslog first.
 */
int serve_sandbox(struct store *s, unsigned int rights, struct error *err)
    WARN_UNUSED;

/* Serves; what fails is told to the other side, to syslog and to the ledger,
 * and returned. */
int serve_run(struct store *s, const struct serve_options *o,
    struct error *err) WARN_UNUSED;

#endif
