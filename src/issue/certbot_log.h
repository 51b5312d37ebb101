/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERTBOT_LOG_H
#define ISSUE_CERTBOT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Why certbot failed.  What it prints is not enough (2.1.0 on Python 3.11
 * says "AttributeError: can't set attribute" for every problem of the CA), but
 * its log has every answer.
 */

/* Remembers which log is there before certbot runs (st_ino 0: none). */
void certbot_log_mark(const char *logs_dir, struct stat *mark);

/* Appends the end of letsencrypt.log (at most LIMIT_CERTBOT_LOG) to b,
 * nothing where it is still the one of the mark or cannot be read. */
void certbot_log_tail(const char *logs_dir, const struct stat *mark,
    struct buf *b);

/*
 * Fills in *err and returns -1: from the log of the last run in `log`, else
 * from what certbot printed.  The CA's last problem document (badNonce only if
 * there is no other) wins: rateLimited is CODE_RETRY with retry_after,
 * accountDoesNotExist CODE_ACCOUNT, the rest CODE_ISSUANCE.  A stop by the
 * guard is CODE_UNAUTHORIZED, an account that is not in the store CODE_STORE,
 * a CA that was not reached CODE_RETRY, one that was not trusted CODE_TRUST.
 */
int certbot_reason(const char *log, size_t len, const char *printed,
    int64_t now, struct error *err);

/* "Another instance of Certbot is already running." */
bool certbot_says_locked(const char *printed);

#endif
