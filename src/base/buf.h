/* SPDX-License-Identifier: ISC */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * A growing byte buffer with a ceiling.  An append that would pass the
 * ceiling or finds no memory wipes and empties the buffer and marks it failed;
 * every later append is then ignored, so that only buf_check() at the end
 * needs a test.  There is always a NUL behind the last byte of a buffer that
 * holds any.  A sensitive buffer wipes what it frees or moves.
 */
struct buf {
	char *data;		/* NULL while empty */
	size_t len;		/* bytes in use, without the NUL */
	size_t cap;
	size_t max;		/* ceiling for len */
	bool sensitive;
	bool failed;
	bool nomem;		/* failed for want of memory */
};

/* Sets up an empty buffer of at most max bytes; allocates nothing. */
void buf_init(struct buf *b, size_t max);
void buf_init_sensitive(struct buf *b, size_t max);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
/* Never for secrets: printf's own buffers are not wiped. */
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes room for len more bytes and returns where they go; NULL: failed.
 * The caller then adds what it wrote to b->len and sets the NUL. */
char *buf_reserve(struct buf *b, size_t len);

/* Removes the first len bytes (at most all). */
void buf_consume(struct buf *b, size_t len);

/* Empties (and wipes, if sensitive) but keeps the memory; clears failed. */
void buf_reset(struct buf *b);

/* Wipes if sensitive, frees; b may be used again as after buf_init(). */
void buf_free(struct buf *b);

/* 0, or -1 where an append failed: "'what': longer than MAX bytes", or out of
 * memory. */
int buf_check(const struct buf *b, const char *what, struct error *err)
    WARN_UNUSED;

/* Gives the NUL-terminated string to the caller, who frees it; the buffer is
 * empty then.  "" for an empty buffer.  NULL: failed or no memory. */
char *buf_steal(struct buf *b);

/* b->data or "" */
const char *buf_str(const struct buf *b);

#endif
