/* SPDX-License-Identifier: ISC */
#include "base/mem.h"

#include <stdlib.h>

void *
mem_grow(void *v, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap == 0 ? 4 : *cap * 2;

	if (n < *cap)
		return v;
	if ((v = reallocarray(v, more, size)) != NULL)
		*cap = more;
	return v;
}
