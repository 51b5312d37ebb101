/* SPDX-License-Identifier: ISC */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The only place that asks what time it is; replaceable by tests. */

enum {
	TIME_TEXT = 32		/* room for an RFC 3339 time */
};

/* Seconds since 1970, UTC. */
int64_t clock_now(void);
/* The same in microseconds. */
int64_t clock_micros(void);
/* Milliseconds of a clock that never goes back. */
int64_t clock_mono(void);
/* Sleeps; interrupted by a signal it returns early. */
void clock_sleep(int64_t ms);

/* For tests: functions to use instead; NULL puts the real one back. */
void clock_replace(int64_t (*now)(void), int64_t (*mono)(void),
    void (*sleep_ms)(int64_t));

/* "2026-11-23T21:06:00Z" into buf (TIME_TEXT bytes); returns buf.
 * 0 and less, "not known", gives "". */
const char *time_text(int64_t t, char *buf, size_t size);

/* RFC 3339 with fractions and offsets, as pyrfc3339 reads it. */
int time_parse(const char *text, int64_t *out, struct error *err) WARN_UNUSED;

/* An HTTP date (RFC 9110 section 5.6.7, IMF-fixdate). */
int time_parse_http(const char *text, int64_t *out) WARN_UNUSED;

#endif
