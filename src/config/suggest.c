/* SPDX-License-Identifier: ISC */
#include "config/suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	WORD_MAX = 40		/* longer ones are no slip of the finger */
};

void
suggest_begin(struct suggest *s, const char *typed)
{
	s->typed = typed;
	s->best = NULL;
	s->distance = SIZE_MAX;
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/* Edits from a to b: insert, remove, replace, swap two neighbours. */
static size_t
edits(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t row[3][WORD_MAX + 1], *two, *one = row[0], *now = row[1], *t;

	two = row[2];
	for (size_t j = 0; j <= blen; j++)
		one[j] = two[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		now[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			now[j] = min3(one[j] + 1, now[j - 1] + 1,
			    one[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
		t = two;
		two = one;
		one = now;
		now = t;
	}
	return one[blen];
}

void
suggest_offer(struct suggest *s, const char *word)
{
	size_t len = strlen(s->typed), wlen = strlen(word), d;

	if (len == 0 || len > WORD_MAX || wlen > WORD_MAX)
		return;
	if (len >= 3 && strncmp(word, s->typed, len) == 0)
		d = 1;
	else
		d = edits(s->typed, len, word, wlen);
	/* a third of the word wrong is another word */
	if (d > 2 || d * 3 > wlen + 1 || d >= s->distance)
		return;
	s->best = word;
	s->distance = d;
}
