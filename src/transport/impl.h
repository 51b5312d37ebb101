/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_IMPL_H
#define TRANSPORT_IMPL_H

#include "transport/transport.h"

/* Only for transport/: what a kind of transport is. */
struct transport_ops {
	int (*fetch)(struct transport *t, const struct request *r,
	    struct offer *out, struct error *err);
	/* NULL where nobody there can be asked: transport_is_remote() */
	int (*look)(struct transport *t, const struct request *r,
	    struct offer *out, struct error *err);
	int (*send)(struct transport *t, struct offer *offer,
	    struct verdicts *out, struct error *err);
	/* NULL where it cannot; called only where it was opened for it */
	int (*challenge_put)(struct transport *t, const char *token,
	    const char *key_authorization, struct error *err);
	int (*challenge_remove)(struct transport *t, const char *token,
	    struct error *err);
	int (*issue)(struct transport *t, const struct csr_request *r,
	    struct buf *pem, struct error *err);
	void (*free)(struct transport *t);
	bool sealed;		/* transport_is_sealed() */
};

/* The beginning of every kind's own structure. */
struct transport {
	const struct transport_ops *ops;
	bool challenge;		/* opened to put responses */
};

int remote_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err) WARN_UNUSED;
int directory_open(const struct config_peer *peer, const char *path,
    const struct transport_options *opts,
    struct transport **out, struct error *err) WARN_UNUSED;
/* A file with a sealed bundle; "-" as in struct transport_options. */
int bundle_file_open(const struct config_peer *peer, const char *path,
    const struct transport_options *opts,
    struct transport **out, struct error *err) WARN_UNUSED;
int object_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err) WARN_UNUSED;
int sftp_transport_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err) WARN_UNUSED;

/* Where the journal, backups and ledger of a store that is not ours are kept
 * with ours: state_dir/directories/DIGEST-OF-NAME. */
int transport_state_dir(const struct config *c, const char *name, char **out,
    struct error *err) WARN_UNUSED;

#endif
