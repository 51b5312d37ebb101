/* SPDX-License-Identifier: ISC */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strs.h"

/* fsck for the store, offline: one finding for each hazard that is known. */
struct store;

enum severity { SEVERITY_WARNING, SEVERITY_ERROR };

struct finding {
	const char *code;	/* stable, e.g. "account-dir-name"; static */
	enum severity severity;
	char *path;
	char *message;
	bool fixable;
	bool fixed;
};
struct findings {
	struct finding *v;
	size_t n, cap;
};

/* Every code, with what it means and what to do; ends with a NULL code.  The
 * man page is checked against it. */
struct finding_kind {
	const char *code;
	enum severity severity;
	bool fixable;
	const char *meaning;
};
extern const struct finding_kind finding_kinds[];

/* fix: mends what can be mended without losing a byte (takes the lock). */
int store_check(struct store *s, bool fix, struct findings *out,
    struct error *err) WARN_UNUSED;
/*
 * The same for a part of the store: `only` has paths below accounts/, a
 * server's folder or an account's ("HOST/directory/ID").  What is found there,
 * above it, in lineages that use it and in cli.ini is told and mended; NULL:
 * everything.
 */
int store_check_only(struct store *s, const struct strs *only, bool fix,
    struct findings *out, struct error *err) WARN_UNUSED;
void findings_free(struct findings *f);

#endif
