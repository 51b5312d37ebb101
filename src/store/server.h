/* SPDX-License-Identifier: ISC */
#ifndef STORE_SERVER_H
#define STORE_SERVER_H

#include <stdbool.h>

#include "base/error.h"

/* ACME directory URLs and their folders under accounts/. */

/*
 * Checks a server URL as design section 5 says: https, host with optional
 * port (IPv6 in brackets), path segments of [A-Za-z0-9._~-] without "." and
 * "..", no user, query or fragment, no last segment of 32 hex digits.
 * CODE_USAGE; the caller may change the code.
 */
int server_check(const char *url, struct error *err) WARN_UNUSED;

/* "host/path" below accounts/, as certbot builds it (layout section 1.1),
 * without trailing slashes; the caller frees.  url was checked. */
int server_path(const char *url, char **out, struct error *err) WARN_UNUSED;

/* "https://" and a path below accounts/; the caller frees. */
int server_from_path(const char *path, char **out, struct error *err)
    WARN_UNUSED;

/* True where two URLs name one directory of accounts. */
bool server_same(const char *a, const char *b);

/* The path that certbot also looks in (Let's Encrypt's v01 for v02), NULL for
 * none; static. */
const char *server_reuse_path(const char *path);

/* 32 lower-case hex digits */
bool account_id_valid(const char *id);

/* The host (no brackets, no port) of a URL; the caller frees. */
int url_host(const char *url, char **host, struct error *err) WARN_UNUSED;

/* True where an account's uri may belong to the server: https and the same
 * host and port (Let's Encrypt's v01 and v02 hosts count as one). */
bool server_owns_uri(const char *server, const char *uri);
/* Compares account URLs; Let's Encrypt's v01 reg/N equals v02 acct/N. */
bool account_uri_same(const char *a, const char *b);

#endif
