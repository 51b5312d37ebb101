/* SPDX-License-Identifier: ISC */
/* What many authorizations have in common is kept once. */
#include "acme/memory_impl.h"

#include <string.h>

#include "base/mem.h"

/* The one of last time first. */
int
memory_word(struct memory *m, const char *s, char **out, struct error *err)
{
	for (size_t i = m->words.n; i-- > 0;)
		if (strcmp(m->words.v[i], s) == 0) {
			*out = m->words.v[i];
			return 0;
		}
	if (strs_add(&m->words, s, err) == -1)
		return -1;
	*out = m->words.v[m->words.n - 1];
	return 0;
}

/* The same as a borrowed list. */
int
memory_list(struct memory *m, const struct strs *l, struct strs *out,
    struct error *err)
{
	struct strs copy = { 0 }, *v;

	for (size_t i = m->nlists; i-- > 0;)
		if (strs_equal(&m->lists[i], l)) {
			*out = m->lists[i];
			return 0;
		}
	if (strs_copy(&copy, l, err) == -1)
		return -1;
	if ((v = mem_grow(m->lists, m->nlists, &m->caplists,
	    sizeof(*v))) == NULL) {
		strs_free(&copy);
		return error_nomem(err);
	}
	m->lists = v;
	v[m->nlists++] = copy;
	*out = copy;
	return 0;
}
