/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_WIRE_H
#define TRANSPORT_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

/*
 * Lines and frames of PROTOCOL.md over two descriptors, with deadlines.  What
 * is kept here is wiped: frames carry private keys.
 *
 *	client                                       server
 *	acmeferry 1\n {"op": "read", ...}  ------->
 *	                  <-------  acmeferry 1\n {"account": ...} ...
 *	                            {"lineages": [...]} {"end": n}
 *
 *	acmeferry 1\n {"op": "write", ...} ------->
 *	                  <-------  acmeferry 1\n {"account": ...} {"end": n}
 *	{"account": ...} {"lineages": [...]} {"end": n}  ------->
 *	                  <-------  {"verdict": ...} ... {"end": n}
 */
#define WIRE_VERSION 1

enum wire_result {
	WIRE_OK,
	WIRE_EOF,		/* the other side ended, between two frames */
	WIRE_FAIL		/* err says why */
};

struct wire {
	int in, out;		/* borrowed */
	const char *what;	/* the other side, for messages; borrowed */
	int64_t deadline;	/* clock_mono() of all; 0: none */
	int64_t idle;		/* ms without a byte; 0: any */
	void (*tick)(void *arg);	/* called while waiting, NULL */
	void *arg;
	struct buf got;		/* read and not used yet */
	bool eof;
	bool broken;		/* the other side no longer reads */
};

void wire_init(struct wire *w, int in, int out, const char *what);
void wire_free(struct wire *w);

/* Appends our first line. */
void wire_hello(struct buf *b);

/*
 * Reads the other side's first line, after at most `banner` bytes of other
 * lines.  A line of another version is CODE_ERROR that names both; WIRE_EOF:
 * it ended before.
 */
enum wire_result wire_get_hello(struct wire *w, size_t banner,
    struct error *err) WARN_UNUSED;

/*
 * Builds a frame at the end of a buffer, which may hold others: begin keeps
 * room for the length, end fills it in and checks it.  Between the two one
 * JSON object is added.
 */
size_t wire_begin(struct buf *b);
int wire_end(const struct wire *w, struct buf *b, size_t begin,
    struct error *err) WARN_UNUSED;

/* Writes the buffer and empties it.  A side that no longer reads is no error
 * here: what it said, or that it ended, comes from the next read. */
int wire_flush(struct wire *w, struct buf *b, struct error *err) WARN_UNUSED;

/* The next frame's object, to be put back with json_put_secret().  An error
 * frame is WIRE_FAIL with its code and message. */
enum wire_result wire_get(struct wire *w, json **out, struct error *err)
    WARN_UNUSED;

/* Bytes that came and were not used, printable, for messages. */
const char *wire_rest(const struct wire *w);

#endif
