/* SPDX-License-Identifier: ISC */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * The one error convention.  A function that can fail returns 0, or -1 with
 * *err filled in, and takes `struct error *err` (never NULL) as its last
 * parameter.  Whoever detects a failure first fills it in; callers may put
 * context in front with error_wrap().  Nothing below cli/ prints an error.
 *
 * Messages: lower case, subject first in single quotes, what was found, what
 * was wanted, what to do; no full stop.  Foreign text in an argument goes
 * through vis() (base/vis.h) first.
 */

#define WARN_UNUSED	__attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum {
	ERROR_MSG_MAX = 2048	/* bytes of a message, with its NUL */
};

/* The values are the exit statuses. */
enum code {
	CODE_OK = 0,
	CODE_ERROR = 1,
	CODE_USAGE = 2,
	CODE_RETRY = 3,
	CODE_STORE = 4,
	CODE_ACCOUNT = 5,
	CODE_UNAUTHORIZED = 6,
	CODE_ISSUANCE = 7,
	CODE_TRUST = 8,
	CODE_EXPIRING = 9
};

struct error {
	enum code code;
	int sys;		/* errno of a system failure, else 0 */
	long retry_after;	/* seconds, -1 where not known */
	char msg[ERROR_MSG_MAX];
};

/* An error that says nothing yet. */
void error_clear(struct error *err);

/* Fills in *err and returns -1.  A longer message ends in "...". */
int error_set(struct error *err, enum code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same for a failed system call: ": " and strerror(errno) follow.  A
 * permission that is missing is CODE_TRUST in the place of CODE_ERROR. */
int error_sys(struct error *err, enum code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Out of memory: CODE_ERROR; returns -1. */
int error_nomem(struct error *err);

/* Puts "context: " before the message; code and the rest stay; returns -1. */
int error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts text behind the message; none of it may point into the message. */
void error_append(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "ok", "usage", ...: the names of the exit status table. */
const char *code_name(enum code code);

/* 0 and *out, or -1 for a name that is none of them. */
int code_from_name(const char *name, enum code *out) WARN_UNUSED;

/* Of two, the one that wins: 2 8 9 1 5 4 7 6 3 0. */
enum code code_worse(enum code a, enum code b);

#endif
