/* SPDX-License-Identifier: ISC */
#include "base/strs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int PRINTF_LIKE(2, 0)
format(char **out, const char *fmt, va_list ap, struct error *err)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	*out = NULL;
	if (n < 0 || (*out = malloc((size_t)n + 1)) == NULL)
		return error_nomem(err);
	(void)vsnprintf(*out, (size_t)n + 1, fmt, ap);
	return 0;
}

/* Takes s over, also when it fails. */
static int
add_owned(struct strs *l, char *s, struct error *err)
{
	size_t cap;
	char **v;

	if (l->n + 1 >= l->cap) {
		cap = l->cap == 0 ? 8 : l->cap * 2;
		if ((v = reallocarray(l->v, cap, sizeof(*v))) == NULL) {
			free(s);
			return error_nomem(err);
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
	return 0;
}

int
strs_add(struct strs *l, const char *s, struct error *err)
{
	char *copy;

	if ((copy = strdup(s)) == NULL)
		return error_nomem(err);
	return add_owned(l, copy, err);
}

int
strs_addf(struct strs *l, struct error *err, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int rc;

	va_start(ap, fmt);
	rc = format(&s, fmt, ap, err);
	va_end(ap);
	return rc == -1 ? -1 : add_owned(l, s, err);
}

int
strs_addv(struct strs *l, struct error *err, const char *fmt, va_list ap)
{
	char *s;

	return format(&s, fmt, ap, err) == -1 ? -1 : add_owned(l, s, err);
}

int
strs_copy(struct strs *dst, const struct strs *src, struct error *err)
{
	for (size_t i = 0; i < src->n; i++)
		if (strs_add(dst, src->v[i], err) == -1)
			return -1;
	return 0;
}

bool
strs_has(const struct strs *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
strs_same_set(const struct strs *a, const struct strs *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strs_has(b, a->v[i]))
			return false;
	for (size_t i = 0; i < b->n; i++)
		if (!strs_has(a, b->v[i]))
			return false;
	return true;
}

void
strs_sort(struct strs *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), compare);
}

bool
strs_equal(const struct strs *a, const struct strs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

char *
strs_join(const struct strs *l, const char *sep)
{
	size_t len = 1, seplen = strlen(sep), n;
	char *out, *p;

	for (size_t i = 0; i < l->n; i++)
		len += strlen(l->v[i]) + seplen;
	if ((out = malloc(len)) == NULL)
		return NULL;
	p = out;
	for (size_t i = 0; i < l->n; i++) {
		if (i > 0) {
			memcpy(p, sep, seplen);
			p += seplen;
		}
		n = strlen(l->v[i]);
		memcpy(p, l->v[i], n);
		p += n;
	}
	*p = '\0';
	return out;
}

void
strs_free(struct strs *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = l->cap = 0;
}

int
str_dup(char **out, const char *s, struct error *err)
{
	*out = NULL;
	if (s != NULL && (*out = strdup(s)) == NULL)
		return error_nomem(err);
	return 0;
}

int
str_printf(char **out, struct error *err, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = format(out, fmt, ap, err);
	va_end(ap);
	return rc;
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}
