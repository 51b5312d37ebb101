/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_H
#define TRANSPORT_SFTP_H

#include "base/atomic_scratch.h"
#include "transport/impl.h"
#include "transport/sftp_session.h"
#include "transport/sftp_tree.h"
#include "transport/sftp_webroot.h"

/*
 * sftp://: a certbot directory of a host where nothing of ours is installed.
 * What is there is copied here (transport/sftp_tree.h) and looked at as any
 * other store.
 */
struct sftp_transport {
	struct transport base;
	const struct config_peer *peer;
	struct transport_options opts;
	struct scratch scratch;	/* the copy */
	struct sftp *s;
	struct sftp_tree tree;
	struct store *store;	/* of the copy */
	struct sftp_webroot *webroot;	/* opened to put responses */
};

/* What the store says of the copy is about the far end: changes the paths in a
 * text in memory of that size. */
void sftp_retell(const struct sftp_transport *t, char *text, size_t size);

/* ---- sftp_push.c --------------------------------------------------------- */

/*
 * The rules are applied to a copy, by this process, as to a directory; then
 * the difference is carried over.  What is replaced there is in the backups
 * here before: state_dir/directories/DIGEST/backups.  sftp cannot hold
 * certbot's lock: it waits while that is there, and looks once more right
 * before it changes something.
 */
int sftp_send(struct transport *t, struct offer *offer, struct verdicts *out,
    struct error *err) WARN_UNUSED;

#endif
