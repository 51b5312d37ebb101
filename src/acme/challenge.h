/* SPDX-License-Identifier: ISC */
#ifndef ACME_CHALLENGE_H
#define ACME_CHALLENGE_H

#include <stdbool.h>

#include "acme/problem.h"
#include "base/error.h"
#include "base/json.h"

/* Challenges, RFC 8555 sections 7.1.5, 8.1 and 8.3. */

enum {
	/* base64url characters; 128 bits of entropy have 22 */
	CHALLENGE_TOKEN_MIN = 22,
	CHALLENGE_TOKEN_MAX = 128
};

enum challenge_status {
	CHALLENGE_PENDING,
	CHALLENGE_PROCESSING,
	CHALLENGE_VALID,
	CHALLENGE_INVALID
};

struct acme_challenge {
	char *type;		/* NULL: there is none */
	char *url, *token;
	enum challenge_status status;
	struct acme_problem problem;	/* why it is invalid */
	bool has_problem;
};
void acme_challenge_free(struct acme_challenge *c);

/* Only a token that fits may become a file's name or part of a URL. */
bool acme_token_ok(const char *token);

/*
 * The first challenge of this type ("http-01") in an authorization object.
 * None: 0, and out->type is NULL.  A required member that is missing or
 * mistyped, or a token that is none, is CODE_ERROR and named.
 */
int acme_challenge_find(const json *authz, const char *type,
    const char *what, struct acme_challenge *out, struct error *err)
    WARN_UNUSED;

/* TOKEN "." THUMBPRINT, what the web server answers; the caller frees. */
int acme_key_authorization(const char *token, const char *thumbprint,
    char **out, struct error *err) WARN_UNUSED;

/* The payload that tells the CA to look. */
#define CHALLENGE_ANSWER "{}"

#endif
