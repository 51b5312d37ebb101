/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/error.h"

/*
 * Checks of single values.  0, or -1 with "found X, want Y" (no subject) in
 * err->msg and CODE_USAGE.  *normal, NULL before the call, may get another
 * spelling to use instead, which the caller frees.
 */
typedef int value_check(const char *value, char **normal, struct error *err);

value_check value_path;		/* absolute; slashes at its end go */
value_check value_program;	/* a name, or an absolute path */
value_check value_server;	/* an ACME directory URL (design section 5) */
value_check value_proxy;
value_check value_peer_url;	/* ssh://, https://, exec:, file://, *.cms */
value_check value_challenge_check;	/* auto, off, HOST:PORT */
value_check value_account;	/* URL, id, or its beginning */
value_check value_domain;	/* to lower-case A-labels */
value_check value_variable;	/* of the environment, "*" at its end */
value_check value_ssh_option;
value_check value_peer_name;
value_check value_lineage_name;
value_check value_host_port;	/* HOST:PORT, [ADDRESS]:PORT */
value_check value_sigv4;		/* aws:amz:REGION:SERVICE */
value_check value_line;		/* no control characters */

/* Names of values that may not be used as the name of a file or a peer. */
int value_name_of_url(const char *url, char **out, struct error *err)
    WARN_UNUSED;

#endif
