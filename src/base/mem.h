/* SPDX-License-Identifier: ISC */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/*
 * Room for one more element of `size` bytes in a growing array of n elements
 * with room for *cap: the array, perhaps elsewhere, or NULL for want of
 * memory, and then the old one is as it was.  Use it so:
 *	if ((v = mem_grow(l->v, l->n, &l->cap, sizeof(*v))) == NULL)
 *		return error_nomem(err);
 *	l->v = v;
 * Not for secrets: what it moves is not wiped.
 */
void *mem_grow(void *v, size_t n, size_t *cap, size_t size);

#endif
