/* SPDX-License-Identifier: ISC */
#ifndef STORE_CERT_H
#define STORE_CERT_H

#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"

/*
 * The first certificate of a PEM file (links followed, LIMIT_PEM_FILE): its
 * subject alternative names, lower case, IP addresses as text, and its times.
 * The caller frees domains.
 */
int leaf_read(const char *path, struct strs *domains, int64_t *not_before,
    int64_t *not_after, struct error *err) WARN_UNUSED;

#endif
