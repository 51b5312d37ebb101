/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_GRANT_H
#define TRANSPORT_GRANT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strs.h"

/*
 * What gives a host exactly some rights here: the flags of "serve" as a forced
 * command, and the lines that carry it.
 */
struct recipe {
	const char *host;	/* who gets the rights */
	const char *key;	/* its public key, one checked line */
	const char *rights;	/* "read", "read,write,challenge" */
	const struct strs *names;	/* --name */
	const char *account;	/* --account, NULL */
	const char *server;	/* --server, NULL */
	const char *webroot;	/* --webroot, NULL */
	const struct strs *from;	/* addresses, empty: any */
	bool sudo;
	const char *user;	/* whom it logs in as */
	const char *self;	/* absolute path of acmeferry */
	const struct strs *self_options;	/* -c and so on */
};

/* The user that "--as sudo" is about. */
#define RECIPE_USER "acmeferry"

/* The text of a public key file: one line with type, key and perhaps a
 * comment, as ssh-keygen writes it.  *out: that line, printable; the caller
 * frees.  CODE_USAGE; a private key is told to be one, and never shown. */
int recipe_key(const char *text, size_t len, const char *file, char **out,
    struct error *err) WARN_UNUSED;
/* Of HOST and --from: only what can stand in the lines. */
int recipe_check(const struct recipe *r, struct error *err) WARN_UNUSED;

/* Each gives the caller a string to free. */
/* /usr/bin/acmeferry serve --allow read ..., quoted for the user's shell */
int recipe_command(const struct recipe *r, char **out, struct error *err)
    WARN_UNUSED;
/* restrict,command="...",from="..." ssh-ed25519 AAAA... comment */
int recipe_authorized_keys(const struct recipe *r, char **out,
    struct error *err) WARN_UNUSED;
/* Two lines for /etc/sudoers.d, with a newline between. */
int recipe_sudoers(const struct recipe *r, char **out, struct error *err)
    WARN_UNUSED;

#endif
