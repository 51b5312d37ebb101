/* SPDX-License-Identifier: ISC */
#ifndef ACME_PROBLEM_H
#define ACME_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

/* Problem documents, RFC 7807 and RFC 8555 section 6.7. */

enum { PROBLEM_SUBS = 100 };	/* that we keep; names of a certificate */

struct acme_subproblem {
	char *name;		/* the identifier's value */
	char *type, *detail;
};

struct acme_problem {
	char *type;		/* without "urn:ietf:params:acme:error:" */
	char *detail;		/* foreign text: vis() before printing */
	struct acme_subproblem *subs;
	size_t nsubs;
};

/* Members of a wrong type are as if absent: an error must not hide another.
 * Only lack of memory fails. */
int acme_problem_parse(const json *j, struct acme_problem *out,
    struct error *err) WARN_UNUSED;
void acme_problem_free(struct acme_problem *p);
bool acme_problem_is(const struct acme_problem *p, const char *type);

/* Adds "TYPE: DETAIL; 'NAME': TYPE: DETAIL" to a message. */
void acme_problem_append(const struct acme_problem *p, struct error *err);

/*
 * The error that an HTTP status and problem (NULL: none) mean; returns -1.
 * CODE_RETRY for 429, 5xx and rateLimited, CODE_ACCOUNT for
 * accountDoesNotExist, CODE_TRUST for 401 and 403, CODE_ERROR else.
 * "'URL': the CA answers 403 unauthorized: DETAIL".
 */
int acme_problem_error(const struct acme_problem *p, long status,
    const char *url, long retry_after, struct error *err);

#endif
