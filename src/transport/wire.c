/* SPDX-License-Identifier: ISC */
#include "transport/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/vis.h"

enum {
	HEADER = 4,		/* a frame's length */
	READ_SIZE = 64 * 1024,
	SLICE = 1000,		/* ms between two calls of tick */
	GREETING_MAX = 16	/* bytes of a first line, at most */
};

#define GREETING "acmeferry "

void
wire_init(struct wire *w, int in, int out, const char *what)
{
	memset(w, 0, sizeof(*w));
	w->in = in;
	w->out = out;
	w->what = what;
	buf_init_sensitive(&w->got, LIMIT_FRAME + LIMIT_BANNER + READ_SIZE);
}

void
wire_free(struct wire *w)
{
	buf_free(&w->got);
}

void
wire_hello(struct buf *b)
{
	buf_addf(b, GREETING "%d\n", WIRE_VERSION);
}

static int
too_late(const struct wire *w, bool idle, struct error *err)
{
	char text[32];

	error_set(err, CODE_RETRY, "'%s': sent nothing for %s; is it "
	    "overloaded, or the link broken?", vis(w->what), idle ?
	    num_duration_text(w->idle / 1000, text, sizeof(text)) :
	    "the whole deadline");
	err->sys = ETIMEDOUT;
	return -1;
}

/* Reads some more; at the end of input w->eof is set. */
static int
fill(struct wire *w, struct error *err)
{
	int64_t since = clock_mono(), now, until;
	char *data;
	size_t got;

	for (;;) {
		now = clock_mono();
		if (w->deadline != 0 && now >= w->deadline)
			return too_late(w, false, err);
		if (w->idle != 0 && now - since >= w->idle)
			return too_late(w, true, err);
		until = now + SLICE;
		if (w->deadline != 0 && w->deadline < until)
			until = w->deadline;
		if (w->idle != 0 && since + w->idle < until)
			until = since + w->idle;
		if ((data = buf_reserve(&w->got, READ_SIZE)) == NULL)
			return buf_check(&w->got, w->what, err);
		if (io_read(w->in, data, READ_SIZE, until, &got, w->what,
		    err) == 0)
			break;
		if (err->sys != ETIMEDOUT)
			return -1;
		if (w->tick != NULL)
			w->tick(w->arg);
	}
	w->eof = got == 0;
	w->got.len += got;
	w->got.data[w->got.len] = '\0';
	return 0;
}

const char *
wire_rest(const struct wire *w)
{
	static char text[128];

	return vis_copy(text, sizeof(text), buf_str(&w->got), w->got.len);
}

/* "acmeferry N": the number, else -1. */
static long
greeting(const char *line, size_t len)
{
	size_t skip = sizeof(GREETING) - 1;
	long n = 0;

	if (len <= skip || len >= GREETING_MAX ||
	    memcmp(line, GREETING, skip) != 0)
		return -1;
	for (size_t i = skip; i < len; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -1;
		n = n * 10 + (line[i] - '0');
	}
	return n;
}

enum wire_result
wire_get_hello(struct wire *w, size_t banner, struct error *err)
{
	size_t skipped = 0, len;
	const char *nl;
	long version;

	for (;;) {
		nl = w->got.len == 0 ? NULL :
		    memchr(w->got.data, '\n', w->got.len);
		len = nl == NULL ? w->got.len : (size_t)(nl - w->got.data);
		version = nl == NULL ? -1 : greeting(w->got.data, len);
		if (version == WIRE_VERSION && skipped <= banner) {
			buf_consume(&w->got, len + 1);
			return WIRE_OK;
		}
		if (version != -1 && version != WIRE_VERSION) {
			error_set(err, CODE_ERROR, "'%s': speaks version %ld "
			    "of the protocol, this acmeferry (%s) speaks "
			    "version %d; install the same acmeferry at both "
			    "ends", vis(w->what), version, ACMEFERRY_VERSION,
			    WIRE_VERSION);
			return WIRE_FAIL;
		}
		if (skipped > banner || skipped + len > banner +
		    (nl == NULL ? GREETING_MAX : 0)) {
			error_set(err, CODE_ERROR, "'%s': found '%s', want "
			    "the line 'acmeferry %d'; something else than "
			    "acmeferry answers there", vis(w->what),
			    wire_rest(w), WIRE_VERSION);
			return WIRE_FAIL;
		}
		if (nl != NULL) {
			skipped += len + 1;
			buf_consume(&w->got, len + 1);
			continue;
		}
		if (w->eof)
			return WIRE_EOF;
		if (fill(w, err) == -1)
			return WIRE_FAIL;
	}
}

size_t
wire_begin(struct buf *b)
{
	size_t at = b->len;

	buf_add(b, "\0\0\0\0", HEADER);
	return at;
}

int
wire_end(const struct wire *w, struct buf *b, size_t begin,
    struct error *err)
{
	size_t len;

	if (buf_check(b, w->what, err) == -1)
		return -1;
	len = b->len - begin - HEADER;
	if (len > LIMIT_FRAME)
		return error_set(err, CODE_ERROR, "'%s': a frame of %zu bytes "
		    "would be sent, at most %d are allowed", vis(w->what), len,
		    LIMIT_FRAME);
	for (size_t i = 0; i < HEADER; i++)
		b->data[begin + i] = (char)(len >> (8 * (HEADER - 1 - i)) &
		    0xff);
	return 0;
}

int
wire_flush(struct wire *w, struct buf *b, struct error *err)
{
	int rc = 0;

	/* what was emptied for want of memory must not pass for said */
	if (buf_check(b, w->what, err) == -1)
		return -1;
	if (!w->broken && io_write(w->out, buf_str(b), b->len, w->deadline,
	    w->what, err) == -1) {
		w->broken = err->sys == EPIPE;
		rc = w->broken ? 0 : -1;
	}
	buf_reset(b);
	return rc;
}

static enum wire_result
link_broken(const struct wire *w, struct error *err)
{
	error_set(err, CODE_RETRY, "'%s': link broken in the middle of a "
	    "frame; nothing was changed here", vis(w->what));
	return WIRE_FAIL;
}

/* Until n bytes are there; the end before the first is WIRE_EOF. */
static enum wire_result
need(struct wire *w, size_t n, struct error *err)
{
	while (w->got.len < n) {
		if (w->eof && w->got.len == 0)
			return WIRE_EOF;
		if (w->eof)
			return link_broken(w, err);
		if (fill(w, err) == -1)
			return WIRE_FAIL;
	}
	return WIRE_OK;
}

/* {"error": {"code": "trust", "message": "..."}} */
static enum wire_result
told(const struct wire *w, const json *e, struct error *err)
{
	const char *name = NULL, *message = NULL;
	enum code code = CODE_ERROR;

	if (json_get_str(e, "code", JSON_REQUIRED, w->what, &name,
	    err) == -1 || json_get_str(e, "message", JSON_REQUIRED, w->what,
	    &message, err) == -1)
		return WIRE_FAIL;
	if (code_from_name(name, &code) == -1 || code == CODE_OK ||
	    code == CODE_USAGE)
		code = CODE_ERROR;
	error_set(err, code, "'%s': the far end says: %s", vis(w->what),
	    vis(message));
	return WIRE_FAIL;
}

enum wire_result
wire_get(struct wire *w, json **out, struct error *err)
{
	const unsigned char *h;
	enum wire_result rc;
	json *j = NULL, *e = NULL;
	size_t len;

	*out = NULL;
	if ((rc = need(w, HEADER, err)) != WIRE_OK)
		return rc;
	h = (const unsigned char *)w->got.data;
	len = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 |
	    h[3];
	if (len == 0 || len > LIMIT_FRAME) {
		error_set(err, CODE_ERROR, "'%s': found a frame of %zu bytes, "
		    "want 1 to %d", vis(w->what), len, LIMIT_FRAME);
		return WIRE_FAIL;
	}
	if ((rc = need(w, HEADER + len, err)) != WIRE_OK)
		return rc;
	if (json_parse_secret(w->got.data + HEADER, len, w->what, &j,
	    err) == -1)
		return WIRE_FAIL;
	buf_consume(&w->got, HEADER + len);
	if (!json_is_obj(j)) {
		error_set(err, CODE_ERROR, "'%s': found a frame with %s, want "
		    "an object", vis(w->what), json_type_text(j));
		rc = WIRE_FAIL;
	} else if (json_has(j, "error")) {
		rc = WIRE_FAIL;
		if (json_get_obj(j, "error", JSON_REQUIRED, w->what, &e,
		    err) == 0)
			rc = told(w, e, err);
	}
	if (rc == WIRE_OK)
		*out = j;
	else
		json_put_secret(j);
	return rc;
}
