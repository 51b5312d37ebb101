/* SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/vis.h"

enum {
	BUF_FIRST = 128		/* the first allocation */
};

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4;
}

void
buf_init_sensitive(struct buf *b, size_t max)
{
	buf_init(b, max);
	b->sensitive = true;
}

static void
release(struct buf *b)
{
	if (b->sensitive)
		secret_wipe(b->data, b->cap);
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

static char *
fail(struct buf *b, bool nomem)
{
	release(b);
	b->failed = true;
	b->nomem = nomem;
	return NULL;
}

char *
buf_reserve(struct buf *b, size_t len)
{
	size_t need, cap;
	char *p;

	if (b->failed)
		return NULL;
	if (len > b->max - b->len)
		return fail(b, false);
	need = b->len + len + 1;
	if (need > b->cap) {
		cap = b->cap == 0 ? BUF_FIRST : b->cap;
		while (cap < need)
			cap *= 2;
		if (cap > b->max + 1)
			cap = b->max + 1;
		/* never realloc(): it would leave a copy behind */
		if ((p = malloc(cap)) == NULL)
			return fail(b, true);
		if (b->len > 0)
			memcpy(p, b->data, b->len);
		p[b->len] = '\0';
		if (b->sensitive)
			secret_wipe(b->data, b->cap);
		free(b->data);
		b->data = p;
		b->cap = cap;
	}
	return b->data + b->len;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	char *p;

	if ((p = buf_reserve(b, len)) == NULL)
		return;
	if (len > 0)
		memcpy(p, data, len);
	p[len] = '\0';
	b->len += len;
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t len;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		fail(b, true);
		return;
	}
	len = (size_t)n;
	if ((p = buf_reserve(b, len)) == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(p, len + 1, fmt, ap);
	va_end(ap);
	b->len += len;
}

void
buf_consume(struct buf *b, size_t len)
{
	if (b->data == NULL || len == 0)
		return;
	if (len > b->len)
		len = b->len;
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
	if (b->sensitive)
		secret_wipe(b->data + b->len, len);
	b->data[b->len] = '\0';
}

void
buf_reset(struct buf *b)
{
	if (b->data != NULL) {
		if (b->sensitive)
			secret_wipe(b->data, b->cap);
		b->data[0] = '\0';
	}
	b->len = 0;
	b->failed = b->nomem = false;
}

void
buf_free(struct buf *b)
{
	release(b);
	b->failed = b->nomem = false;
}

int
buf_check(const struct buf *b, const char *what, struct error *err)
{
	if (!b->failed)
		return 0;
	if (b->nomem)
		return error_nomem(err);
	return error_set(err, CODE_ERROR, "'%s': longer than %zu bytes",
	    vis(what), b->max);
}

char *
buf_steal(struct buf *b)
{
	char *p;

	if (b->failed || buf_reserve(b, 0) == NULL)
		return NULL;
	p = b->data;
	b->data = NULL;
	b->len = b->cap = 0;
	return p;
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}
