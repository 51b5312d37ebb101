/* SPDX-License-Identifier: ISC */
#include "store/list.h"

#include <stdlib.h>
#include <string.h>

void *
list_room(void *v, size_t n, size_t *cap, size_t size, struct error *err)
{
	size_t want;
	void *new;

	if (n < *cap)
		return v;
	want = *cap == 0 ? 8 : *cap * 2;
	if ((new = calloc(want, size)) == NULL) {
		error_nomem(err);
		return NULL;
	}
	if (n > 0)
		memcpy(new, v, n * size);
	free(v);
	*cap = want;
	return new;
}
