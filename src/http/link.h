/* SPDX-License-Identifier: ISC */
#ifndef HTTP_LINK_H
#define HTTP_LINK_H

#include <stddef.h>

#include "base/error.h"
#include "base/strs.h"

/* The Link header field, RFC 8288 section 3. */

enum { LINK_ALTERNATES = 10 };	/* of one answer that we keep */

/*
 * Appends the absolute https targets of rel="alternate" in one field value to
 * out, each once, up to LINK_ALTERNATES in all.  A link with an anchor is about
 * something else and passed over, as are other schemes and relative references;
 * what stands behind a syntax error is not read.  -1: no memory.
 */
int link_alternates(const char *value, size_t len, struct strs *out,
    struct error *err) WARN_UNUSED;

#endif
