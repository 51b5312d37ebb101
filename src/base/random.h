/* SPDX-License-Identifier: ISC */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

#include "base/error.h"

/* The kernel's random bytes; waits until it has any. */
int random_bytes(void *out, size_t len, struct error *err) WARN_UNUSED;

#endif
