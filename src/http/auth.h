/* SPDX-License-Identifier: ISC */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"

/*
 * Who we are to one server: Basic (RFC 7617), a bearer token (RFC 6750), a
 * signature of AWS (version 4), a client's certificate, or a certificate with
 * one of the others.  Secrets come from files, checked on the descriptor, and
 * go nowhere but to the host that they were loaded for: no redirect is
 * followed, and a proxy sees only the tunnel.
 */
enum http_auth_kind {
	HTTP_AUTH_NONE, HTTP_AUTH_BASIC, HTTP_AUTH_BEARER, HTTP_AUTH_SIGV4
};

struct http_auth {
	enum http_auth_kind kind;
	struct secret user;	/* Basic's; the id of an access key */
	struct secret password;	/* Basic's; the secret access key */
	struct secret token;	/* the bearer's; AWS' session, may be empty */
	char *sigv4;		/* "aws:amz:REGION:SERVICE" */
	struct secret cert, key;	/* PEM, the client's; empty: none */
};

/* Where it is; NULL and "": nothing. */
struct http_auth_files {
	const char *token_file, *netrc_file;
	const char *client_cert;
	const char *client_key;	/* else it is in client_cert */
	const char *sigv4;
	const char *credentials_file;	/* else AWS_ACCESS_KEY_ID and so on of
					 * the environment */
};

/*
 * Reads what the files say for `host` (without a port).  A file that is missing
 * or says nothing for us is CODE_USAGE; one of a stranger, or that others may
 * read, CODE_TRUST.  Messages name the setting and the file, never what is in
 * it.  Free in every case.
 */
int http_auth_load(struct http_auth *a, const struct http_auth_files *f,
    const char *host, struct error *err) WARN_UNUSED;
void http_auth_free(struct http_auth *a);

/*
 * netrc(5) as curl reads it: "machine HOST login NAME password WORD", words in
 * quotes, "default", "macdef" up to an empty line, "#" begins a comment.  The
 * first entry for the host (in any case) with a password counts, "default"
 * where it stands before.  -1: none, or broken: CODE_USAGE, "found X, want Y"
 * without a subject.
 */
int http_netrc(const char *text, size_t len, const char *host,
    struct secret *user, struct secret *password, struct error *err)
    WARN_UNUSED;

/* AWS' shared credentials file: aws_access_key_id, aws_secret_access_key and
 * perhaps aws_session_token of one [profile].  Errors as above. */
int http_credentials(const char *text, size_t len, const char *profile,
    struct secret *id, struct secret *key, struct secret *session,
    struct error *err) WARN_UNUSED;

#endif
