/* SPDX-License-Identifier: ISC */
#include "report/grid.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vis.h"

static const struct {
	const char *word, *start;
} colors[] = {
	{ "ok", "\033[32m" },
	{ "valid", "\033[32m" },
	{ "warning", "\033[33m" },
	{ "pending", "\033[33m" },
	{ "unknown", "\033[33m" },
	{ "unreachable", "\033[33m" },
	{ "error", "\033[31m" },
	{ "broken", "\033[31m" },
	{ "invalid", "\033[31m" },
	{ "deactivated", "\033[31m" },
	{ "revoked", "\033[31m" },
	{ "expired", "\033[31m" },
	{ "mismatch", "\033[31m" },
};

void
color_word(struct buf *b, const char *word, bool color)
{
	for (size_t i = 0; color && i < sizeof(colors) / sizeof(colors[0]); i++)
		if (strcmp(colors[i].word, word) == 0) {
			buf_adds(b, colors[i].start);
			buf_adds(b, word);
			buf_adds(b, "\033[0m");
			return;
		}
	buf_adds(b, word);
}

void
add_vis(struct buf *b, const char *text)
{
	size_t len;
	char *p;

	if (text == NULL || *text == '\0')
		return;
	len = strlen(text);
	if ((p = malloc(len + 4)) == NULL) {
		/* as much as fits the static buffers is better than nothing */
		buf_adds(b, vis(text));
		return;
	}
	buf_adds(b, vis_copy(p, len + 4, text, len));
	free(p);
}

/* Characters, not bytes; vis() has made it valid UTF-8. */
static size_t
width(const char *s)
{
	size_t len = strlen(s), n = 0, k;

	for (size_t i = 0; i < len; i += k, n++)
		if ((k = utf8_decode(s + i, len - i, NULL)) == 0)
			k = 1;
	return n;
}

static const char *
text(const struct grid *g, size_t row, size_t column)
{
	const char *s = g->cell(g->ctx, row, column);

	return s == NULL ? "" : vis(s);
}

static bool
shown(const struct grid *g, size_t row)
{
	return g->shown == NULL || g->shown(g->ctx, row);
}

static void
pad(struct buf *b, size_t n)
{
	for (; n > 0; n--)
		buf_addc(b, ' ');
}

static void
put_titles(const struct grid *g, const size_t *widths, size_t last,
    struct out *o)
{
	buf_adds(&o->b, g->indent);
	for (size_t k = 0; k <= last; k++) {
		if (widths[k] == 0)
			continue;
		for (const char *p = g->titles[k]; *p != '\0'; p++)
			buf_addc(&o->b, *p == '_' ? ' ' :
			    (char)toupper((unsigned char)*p));
		if (k < last)
			pad(&o->b, widths[k] - strlen(g->titles[k]) + 2);
	}
	buf_addc(&o->b, '\n');
}

static void
put_row(const struct grid *g, size_t row, const size_t *widths, size_t last,
    struct out *o)
{
	size_t blanks = 0;
	const char *s;

	buf_adds(&o->b, g->indent);
	for (size_t k = 0; k <= last; k++) {
		if (widths[k] == 0)
			continue;
		s = text(g, row, k);
		if (*s != '\0') {
			/* blanks only before something, none at the end */
			pad(&o->b, blanks);
			blanks = 0;
			color_word(&o->b, s, g->color);
		}
		blanks += widths[k] - width(s) + 2;
	}
	buf_addc(&o->b, '\n');
}

void
grid_print(const struct grid *g, struct out *o)
{
	size_t widths[GRID_COLUMNS] = { 0 }, last = 0, n;
	bool any = false;

	for (size_t i = 0; i < g->nrows; i++) {
		if (!shown(g, i))
			continue;
		any = true;
		for (size_t k = 0; k < g->ncolumns; k++)
			if ((n = width(text(g, i, k))) > widths[k])
				widths[k] = n;
	}
	if (!any)
		return;
	for (size_t k = 0; k < g->ncolumns; k++) {
		if (widths[k] == 0)
			continue;
		last = k;
		if ((n = strlen(g->titles[k])) > widths[k])
			widths[k] = n;
	}
	put_titles(g, widths, last, o);
	for (size_t i = 0; i < g->nrows; i++) {
		if (!shown(g, i))
			continue;
		if (g->before != NULL)
			g->before(g->ctx, i, o);
		put_row(g, i, widths, last, o);
		if (g->behind != NULL)
			g->behind(g->ctx, i, o);
		out_step(o);
	}
}
