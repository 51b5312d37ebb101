/* SPDX-License-Identifier: ISC */
#ifndef ACME_DIRECTORY_H
#define ACME_DIRECTORY_H

#include <stdbool.h>

#include "acme/acme.h"
#include "base/error.h"
#include "base/json.h"

/* The directory object, RFC 8555 section 7.1.1. */

/* Every URL must be https; newNonce, newAccount, newOrder are required. */
int acme_directory_parse(const json *j, const char *what,
    struct acme_directory *out, struct error *err) WARN_UNUSED;
void acme_directory_free(struct acme_directory *d);

/* True where both are https URLs of one host and port. */
bool url_same_origin(const char *a, const char *b);
/* The host and port in lower case ("ca.example", "ca.example:8443") of an https
 * URL into buf; false where it is none, or has a user part. */
bool url_origin(const char *url, char *buf, size_t size);

#endif
