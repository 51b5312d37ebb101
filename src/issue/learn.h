/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_LEARN_H
#define ISSUE_LEARN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "store/store.h"

/*
 * For a surrogate, whose certbot has just renewed a lineage of its own: which
 * authorizations stand behind the certificate.  An order for the same names is
 * born ready and names them; it costs nothing and is left alone.  Their URLs go
 * into what is remembered of the CA, and from there into the hints that every
 * answer and every push carries.
 *
 * A lineage that is configured here or that acmeferry made is none of these:
 * nothing is asked.  *learned: every name's is known now.  A CA that reuses no
 * authorizations is no failure.
 */
int learn_authorizations(struct store *s, const struct config *c,
    const char *name, int64_t max_wait, bool *learned, struct error *err)
    WARN_UNUSED;

#endif
