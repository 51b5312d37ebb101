/* SPDX-License-Identifier: ISC */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"

/* mem_grow() that fills in *err. */
static inline void *
list_room(void *v, size_t n, size_t *cap, size_t size, struct error *err)
{
	void *room = mem_grow(v, n, cap, size);

	if (room == NULL)
		error_nomem(err);
	return room;
}

#endif
