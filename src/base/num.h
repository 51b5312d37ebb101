/* SPDX-License-Identifier: ISC */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Numbers from text, strictly: decimal digits only (a '-' where min is
 * negative), no blanks, nothing behind, in [min, max].  The message is
 * CODE_USAGE and names `what`, the text and the range.
 */
int num_parse(const char *text, int64_t min, int64_t max, const char *what,
    int64_t *out, struct error *err) WARN_UNUSED;

/*
 * A duration with its unit, e.g. "90s", "15m", "24h", "30d", "2w", several in
 * descending order allowed ("1h30m"); "0" alone may stand without a unit.
 * *out is in seconds, at most 10 years.
 */
int num_duration(const char *text, const char *what, int64_t *out,
    struct error *err) WARN_UNUSED;

/* "2m", "1h30m": num_duration()'s inverse; buf of at least 32 bytes. */
const char *num_duration_text(int64_t seconds, char *buf, size_t size);

#endif
