/* SPDX-License-Identifier: ISC */
#ifndef BASE_STRS_H
#define BASE_STRS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A growing list of strings that it owns, with a NULL behind the last, so
 * that v serves as an argv.  {0} is an empty list (v is then NULL). */
struct strs {
	char **v;
	size_t n;
	size_t cap;
};

/* Appends a copy. */
int strs_add(struct strs *l, const char *s, struct error *err) WARN_UNUSED;
int strs_addf(struct strs *l, struct error *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4) WARN_UNUSED;
int strs_addv(struct strs *l, struct error *err, const char *fmt, va_list ap)
    PRINTF_LIKE(3, 0) WARN_UNUSED;
int strs_copy(struct strs *dst, const struct strs *src, struct error *err)
    WARN_UNUSED;
bool strs_has(const struct strs *l, const char *s);
/* True for the same strings in any order, however often each. */
bool strs_same_set(const struct strs *a, const struct strs *b);
void strs_sort(struct strs *l);
/* True for the same strings in the same order. */
bool strs_equal(const struct strs *a, const struct strs *b);
/* The strings with sep between; the caller frees; NULL: no memory. */
char *strs_join(const struct strs *l, const char *sep);
void strs_free(struct strs *l);

/* A copy of s (NULL stays NULL); -1: no memory.  *out is not freed first. */
int str_dup(char **out, const char *s, struct error *err) WARN_UNUSED;
/* printf into memory that the caller frees. */
int str_printf(char **out, struct error *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4) WARN_UNUSED;
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

#endif
