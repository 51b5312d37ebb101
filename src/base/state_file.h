/* SPDX-License-Identifier: ISC */
#ifndef BASE_STATE_FILE_H
#define BASE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

/*
 * A file of the state directory that is a cache with a history: at most
 * LIMIT_STATE_FILE bytes of JSON, written by one atomic replacement, for the
 * owner alone; whoever reads it makes the best of what is there.
 */

/* Fills in out from a file's text; now: what has happened was before. */
typedef int state_parse_fn(void *out, const char *text, size_t len,
    int64_t now, struct error *err);

/*
 * Reads DIR/NAME and gives it to parse(); absent is fine.  One that cannot be
 * read, is writable by others or that parse() refuses counts as absent, with a
 * warning.  -1: no memory.
 */
int state_file_load(const char *dir, const char *name, state_parse_fn *parse,
    void *out, int64_t now, struct error *err) WARN_UNUSED;

/* dir is made (0700) where it is not there, and swept. */
int state_file_save(const char *dir, const char *name, const struct buf *b,
    struct error *err) WARN_UNUSED;

/* Members that may be odd: a number that is none or below 0 is 0, a string that
 * is none or has more than max bytes NULL. */
int64_t state_int(const json *j, const char *name);
const char *state_str(const json *j, const char *name, size_t max);
bool state_bool(const json *j, const char *name);
/* What has happened was not after now. */
int64_t state_past(const json *j, const char *name, int64_t now);

/* The other way: members that say nothing are left out. */
void state_put_int(struct json_w *w, const char *name, int64_t n);
void state_put_str(struct json_w *w, const char *name, const char *s);

#endif
