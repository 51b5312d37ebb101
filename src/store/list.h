/* SPDX-License-Identifier: ISC */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include <stddef.h>

#include "base/error.h"

/*
 * Makes room for one more element in an array of n elements of which cap fit:
 * returns the array, perhaps elsewhere, or NULL (then the old one stays).
 */
void *list_room(void *v, size_t n, size_t *cap, size_t size,
    struct error *err);

#endif
