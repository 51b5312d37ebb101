/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_PROBLEM_H
#define CONFIG_PROBLEM_H

#include <stddef.h>

#include "base/error.h"
#include "base/strs.h"

/* What is wrong in configuration files, collected so that all of it can be
 * said at once. */
struct place {
	size_t file;		/* its number, 0 the main one */
	size_t line, column;	/* from 1; line 0: the file as a whole,
				 * and then text is a whole message */
};

struct problem {
	struct place at;
	enum code code;
	char *text;		/* "key: what (found X, want Y)" */
};

struct problems {
	struct problem *v;
	size_t n, cap;
	size_t more;		/* beyond LIMIT_CONFIG_PROBLEMS */
};

/* -1 only for want of memory. */
int problem_add(struct problems *p, const struct place *at, enum code code,
    struct error *err, const char *fmt, ...) PRINTF_LIKE(5, 6) WARN_UNUSED;
void problems_free(struct problems *p);

/* Each as "'FILE': line 3, column 5: text", in order of file and place;
 * files are the names by number.  The worst of their codes is *code. */
int problems_lines(struct problems *p, const struct strs *files,
    struct strs *out, enum code *code, struct error *err) WARN_UNUSED;

#endif
