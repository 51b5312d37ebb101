/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SERVE_H
#define TRANSPORT_SERVE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strs.h"
#include "store/store.h"
#include "transport/source.h"
#include "transport/transport.h"
#include "transport/webroot.h"

/*
 * The far end: one session of PROTOCOL.md on stdin and stdout, with exactly
 * the rights that its flags give.
 */
enum serve_right {
	SERVE_READ = 1,		/* gives accounts and hints */
	SERVE_WRITE = 2,	/* installs accounts; never gives a key */
	SERVE_CHALLENGE = 4,	/* puts HTTP-01 responses into a web root */
	SERVE_ISSUE = 8		/* obtains certificates for requests */
};
enum {
	SERVE_RIGHTS_TEXT = 32	/* room for all their names */
};

/* A comma-separated list of --allow into flags that are added to *rights;
 * CODE_USAGE for a right that does not exist. */
int serve_rights(const char *text, unsigned int *rights, struct error *err)
    WARN_UNUSED;

/* "read,challenge" into buf, which is returned: as serve_rights() reads it. */
const char *serve_rights_text(unsigned int rights,
    char buf[SERVE_RIGHTS_TEXT]);

struct serve_options {
	unsigned int rights;
	struct grant grant;	/* --name, --account, --server */
	struct strs write_servers;	/* for write: --server, else
					 * acme.server here */
	const char *client;	/* --client, NULL */
	const struct receiver *receiver;	/* for write */
	struct webroot *webroot;	/* for challenge; NULL where it cannot
					 * be opened, and then why not */
	const struct error *webroot_error;
	const struct issuer *issuer;	/* for issue */
	int in, out;
};

/*
 * The sandbox: no core, no new privileges, rlimits, Landlock on the store and
 * the state directory as the rights need them, and on the web root (NULL:
 * none) with the right to challenge or to issue; to issue, also on what it
 * takes to find and trust a CA (the resolver's files, system trust, ca_file,
 * "" for none, libraries that are loaded late), and outbound TCP.  Makes the
 * state directory (and, to write, the store's) first.  Connects to syslog
 * first.
 */
int serve_sandbox(struct store *s, unsigned int rights, const char *webroot,
    const char *ca_file, struct error *err) WARN_UNUSED;

/* Serves; what fails is told to the other side, to syslog and to the ledger,
 * and returned. */
int serve_run(struct store *s, const struct serve_options *o,
    struct error *err) WARN_UNUSED;

#endif
