/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

/* Small helpers for tests that read fixtures; include after "unit.h". */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A whole file, NUL behind; the caller frees.  NULL where it is absent. */
static inline char *
slurp(const char *path, size_t *len)
{
	char *text;
	FILE *f;

	*len = 0;
	if ((f = fopen(path, "rb")) == NULL)
		return NULL;
	text = calloc(1, 65537);
	assert_non_null(text);
	*len = fread(text, 1, 65536, f);
	fclose(f);
	return text;
}

/* Wipes before freeing: the tests scan the heap for private members. */
static inline void
drop(char *text, size_t len)
{
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
}

/* One line of tests/fixtures/accounts/INDEX. */
struct fixture_row {
	char name[64], id[64], loads[8], signs[8];
};

static inline size_t
fixture_index(struct fixture_row *rows, size_t max)
{
	char line[256];
	size_t n = 0;
	FILE *f;

	f = fopen(FIXTURE("accounts/INDEX"), "r");
	assert_non_null(f);
	while (n < max && fgets(line, sizeof(line), f) != NULL)
		if (line[0] != '#' && sscanf(line, "%63s %63s %7s %7s",
		    rows[n].name, rows[n].id, rows[n].loads,
		    rows[n].signs) == 4)
			n++;
	fclose(f);
	assert_true(n > 60);
	return n;
}

#endif
