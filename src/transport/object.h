/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_OBJECT_H
#define TRANSPORT_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "http/http.h"

/* Shared by the files of the transport of https:// alone. */

/* An ETag may be kept when the object was so many seconds old: younger ones of
 * servers that make it of size and second (nginx) may be followed by another
 * bundle with the very same (RFC 9110 section 8.8.2.2). */
enum { OBJECT_SETTLED = 60 };

/* What came back of one request. */
struct object_answer {
	bool done, failed;	/* failed: err says why there is none */
	long status;
	char *etag;		/* NULL: none */
	char *location;
	int64_t date, modified, retry_after;
	bool html;
	bool wants_cert;	/* a 400 that speaks of a client certificate */
	char code[64];		/* of S3's error document, "" */
	struct error err;
};
void object_answer_take(struct object_answer *a,
    const struct http_response *r, const struct error *err);
void object_answer_free(struct object_answer *a);

/*
 * What a status that is no success means, by the table of exit statuses: 401
 * and 403 CODE_TRUST, 409 and 412 CODE_STORE, 429 and 5xx CODE_RETRY with what
 * Retry-After says, others CODE_ERROR.  put: of a PUT, else of a GET.  kind:
 * how we said who we are.  Returns -1.
 */
int object_status(const char *url, bool put, enum http_auth_kind kind,
    bool cert, const struct object_answer *a, struct error *err);

/* Whether the ETag of an answer names these bytes and no others. */
bool object_etag_settled(const struct object_answer *a);

#endif
