/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_ENTRY_H
#define CONFIG_ENTRY_H

#include "config/apply.h"

/* The peer or certificate named by key, a new one with defaults if need be;
 * *entry and *obj are valid until the next call. */
int entry_find(struct apply *a, enum scope scope, const struct node *key,
    struct entry **entry, void **obj, struct error *err) WARN_UNUSED;

#endif
