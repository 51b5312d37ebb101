/* SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_CHECK_H
#define HTTP_HTTP_CHECK_H

#include "base/error.h"

/*
 * What a web server answers to a CA that asks for an HTTP-01 response (RFC
 * 8555 section 8.3), fetched before the CA is told to ask: plain HTTP, the
 * name in Host, but connected to an address that is given, since DNS in here
 * may tell another one than the CA gets.  No proxy, no redirect, nothing but
 * http; LIMIT_CHECK_BODY and LIMIT_CHECK_* of time.
 */
enum http_check_verdict {
	HTTP_CHECK_RIGHT,	/* 200 and the body that was wanted */
	HTTP_CHECK_WRONG,	/* 200 and another one */
	HTTP_CHECK_MISSING,	/* 404, or any other status */
	HTTP_CHECK_REDIRECT,	/* 3xx: the CA would follow, we do not */
	HTTP_CHECK_UNREACHABLE	/* no answer: the CA may have another way */
};
/* "right", "wrong", "missing", "redirect", "unreachable" */
const char *http_check_text(enum http_check_verdict v);

struct http_check {
	enum http_check_verdict verdict;
	long status;		/* 0: no answer */
	/* in words, printable, without a subject: "answers 404 Not Found" */
	char detail[256];
};

/*
 * Fetches http://NAME/.well-known/acme-challenge/TOKEN from `address`
 * ("HOST:PORT", an IPv6 literal in brackets) and compares it with `want`;
 * white space behind it does not count.  -1 only where it could not be tried
 * (no memory, a name or token that fits into no URL: CODE_ERROR).
 */
int http_check(const char *address, const char *name, const char *token,
    const char *want, struct http_check *out, struct error *err) WARN_UNUSED;

#endif
