/* SPDX-License-Identifier: ISC */
#ifndef REPORT_GRID_H
#define REPORT_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "report/out.h"

enum {
	GRID_COLUMNS = 16
};

/*
 * An aligned table.  A column in which no row has anything is left out; cells
 * are foreign text and made printable.
 */
struct grid {
	const char *const *titles;
	size_t ncolumns;	/* at most GRID_COLUMNS */
	size_t nrows;
	const char *indent;	/* before titles and rows */
	bool color;
	const void *ctx;
	/* NULL or "": nothing */
	const char *(*cell)(const void *ctx, size_t row, size_t column);
	/* whether to show a row; NULL: all */
	bool (*shown)(const void *ctx, size_t row);
	/* lines before and behind a row; NULL: none */
	void (*before)(const void *ctx, size_t row, struct out *o);
	void (*behind)(const void *ctx, size_t row, struct out *o);
};
void grid_print(const struct grid *g, struct out *o);

/* Adds a word in the colour of its meaning ("valid", "broken", ...). */
void color_word(struct buf *b, const char *word, bool color);
/* Adds foreign text of any length, made printable; NULL: nothing. */
void add_vis(struct buf *b, const char *text);

#endif
