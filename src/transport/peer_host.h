/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_PEER_HOST_H
#define TRANSPORT_PEER_HOST_H

#include "base/error.h"
#include "config/config.h"

/*
 * The host that a peer's URL leads to, as this host would connect to it: of
 * ssh:// what ssh's own configuration makes of it (HostName).  *out NULL: the
 * URL names none (exec:, a directory).  The caller frees.
 */
int peer_host(const struct config *c, const struct config_peer *p, char **out,
    struct error *err) WARN_UNUSED;

/* "HOST:PORT", an IPv6 literal in brackets; the caller frees. */
int host_port_text(const char *host, int port, char **out, struct error *err)
    WARN_UNUSED;

/* The hostname in what `ssh -G` prints, the caller frees; NULL: none there. */
char *ssh_show_hostname(const char *shown);

#endif
