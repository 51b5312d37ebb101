/* SPDX-License-Identifier: ISC */
#ifndef STORE_LINEAGE_PRIV_H
#define STORE_LINEAGE_PRIV_H

#include "store/lineage_install.h"
#include "store/store_priv.h"

/* Shared by lineage_place.c and lineage_install.c. */
enum { LINEAGE_KINDS = 4 };
extern const char *const lineage_kinds[LINEAGE_KINDS];

/* "cert12.pem" of that kind -> 12; 0: none. */
unsigned int lineage_number(const char *file, const char *kind);

#endif
