/* SPDX-License-Identifier: ISC */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/error.h"

/*
 * The only writer to stderr.  Each message is one write() of
 * "acmeferry: TEXT\n"; control characters in it become "?".
 */
enum log_level {
	LOG_QUIET = -1,		/* errors only */
	LOG_NORMAL = 0,		/* steps and warnings too */
	LOG_VERBOSE = 1,	/* -v */
	LOG_DEBUG = 2		/* -vv: each HTTP exchange, without secrets */
};

void log_setup(enum log_level level, bool color);
enum log_level log_level(void);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);	/* not if quiet */
void log_step(const char *fmt, ...) PRINTF_LIKE(1, 2);	/* not if quiet */
void log_verbose(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * A progress line: shown only if stderr is a terminal, the level is normal or
 * above, and the work has taken half a second since log_progress_start().
 * Any other message clears it first.
 */
void log_progress_start(void);
void log_progress(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_progress_end(void);

/* For a copy of this process: messages begin with "WHO: " (it must stay), and
 * there is no progress line. */
void log_as(const char *who);

/* For the far end of a protocol and for crash paths: stderr is closed to us.
 * ident must stay. */
void log_to_syslog(const char *ident);
/* One audit line to syslog (LOG_AUTHPRIV) whatever the level. */
void log_audit(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
