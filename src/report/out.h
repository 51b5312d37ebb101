/* SPDX-License-Identifier: ISC */
#ifndef REPORT_OUT_H
#define REPORT_OUT_H

#include "base/buf.h"
#include "base/error.h"

/*
 * What the writers write into: a buffer that goes to a descriptor whenever
 * it holds a chunk, so that a report of any length costs little memory.  The
 * first failure stays and out_end() returns it.
 */
struct out {
	int fd;
	struct buf b;		/* append to it, then call out_step() */
	bool failed;
	struct error err;
};

void out_begin(struct out *o, int fd);
/* Between two rows: writes if a chunk is full. */
void out_step(struct out *o);
/* Writes the rest, frees; 0, or -1 with the first failure. */
int out_end(struct out *o, struct error *err) WARN_UNUSED;

#endif
