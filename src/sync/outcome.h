/* SPDX-License-Identifier: ISC */
#ifndef SYNC_OUTCOME_H
#define SYNC_OUTCOME_H

#include "base/buf.h"
#include "base/error.h"
#include "sync/pull.h"

/*
 * What a process that served one peer tells the one that started it: the
 * result without its hints and names, and why it failed (CODE_OK: it did
 * not).  As JSON, read as if it came from outside: that process has talked to
 * somebody.
 */
enum { OUTCOME_MAX = 16 * 1024 * 1024 };

int outcome_write(const struct sync_result *r, const struct error *why,
    struct buf *out, struct error *err) WARN_UNUSED;

/* *r and *why are overwritten; free *r in both cases.  peer: for messages. */
int outcome_read(const char *text, size_t len, const char *peer,
    struct sync_result *r, struct error *why, struct error *err) WARN_UNUSED;

#endif
