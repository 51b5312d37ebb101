/* SPDX-License-Identifier: ISC */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Landlock, no_new_privs and rlimits.  Fails soft where the kernel has no
 * Landlock (sandbox_text() says so), never where it has.
 */

/* Every start: descriptors 0 to 2 open, no core, not dumpable, umask 077,
 * SIGPIPE ignored. */
int sandbox_init(struct error *err) WARN_UNUSED;

/* For a child before exec: the umask that sandbox_init() found. */
void sandbox_restore_umask(void);

enum sandbox_access {
	SANDBOX_READ = 1,	/* files and directories below */
	SANDBOX_WRITE = 2,	/* and create, rename, remove there */
	SANDBOX_EXEC = 4
};

struct sandbox_path {
	const char *path;	/* one that cannot be reached is left out */
	unsigned int access;
};

/*
 * From here on: no new privileges, and only these paths; no outbound TCP
 * where the kernel can forbid it and net is false.  Children inherit it.
 * With a SANDBOX_WRITE path Landlock is used from its ABI 2 on, which can let
 * files be moved between directories.
 */
int sandbox_enter(const struct sandbox_path *paths, size_t n, bool net,
    struct error *err) WARN_UNUSED;

/* One line for --version: "landlock ABI 7, no_new_privs, rlimits". */
const char *sandbox_text(void);

#endif
