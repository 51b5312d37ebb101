/* SPDX-License-Identifier: ISC */
#include "report/out.h"

#include "base/io.h"

enum {
	CHUNK = 64 * 1024,
	/* between two steps: one row with all that belongs to it */
	OUT_MAX = 64 * 1024 * 1024
};

static const char subject[] = "standard output";

void
out_begin(struct out *o, int fd)
{
	o->fd = fd;
	o->failed = false;
	error_clear(&o->err);
	buf_init(&o->b, OUT_MAX);
}

static void
flush(struct out *o)
{
	if (!o->failed && buf_check(&o->b, subject, &o->err) == -1)
		o->failed = true;
	if (!o->failed && o->b.len > 0 && io_write(o->fd, o->b.data, o->b.len,
	    0, subject, &o->err) == -1)
		o->failed = true;
	buf_reset(&o->b);
}

void
out_step(struct out *o)
{
	if (o->b.failed || o->b.len >= CHUNK)
		flush(o);
}

int
out_end(struct out *o, struct error *err)
{
	flush(o);
	buf_free(&o->b);
	if (!o->failed)
		return 0;
	*err = o->err;
	return -1;
}
