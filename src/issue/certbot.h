/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CERTBOT_H
#define ISSUE_CERTBOT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strs.h"

/*
 * Which certbot this host has.  Versions are compared as
 * CERTBOT_V(major, minor); what each one brought is in certbot_argv.c.
 */
#define CERTBOT_V(major, minor)	((major) * 1000 + (minor))

struct certbot {
	char *path;		/* absolute */
	int version;		/* CERTBOT_V() */
	char text[32];		/* "2.1.0", as it calls itself */
};

/*
 * Finds `program` (a name is looked up in PATH and then where pip, snap and
 * packages put certbot, since cron's PATH is short) and asks its version.
 * CODE_ERROR with what to do where there is none (CODE_ISSUANCE: says none),
 * or where it is older than 0.29 and so cannot talk to any CA of today
 * (POST-as-GET, RFC 8555 section 6.3).  The caller frees.
 */
int certbot_find(const char *program, const struct strs *environment,
    struct certbot *out, struct error *err) WARN_UNUSED;
void certbot_free(struct certbot *cb);

/* Whether there is such a program, where certbot_find() would look; nothing is
 * started, and a path is taken at its word. */
bool certbot_installed(const char *program);

/* Finds "certbot 2.1.0" (or "letsencrypt 0.4.1") in what `--version` printed
 * among warnings of its libraries; -1: not there. */
int certbot_version_parse(const char *text, struct certbot *out) WARN_UNUSED;

/* The environment of every certbot that we start: proc_env() with the
 * configured names and what its DNS plugins read (AWS_* and the like). */
int certbot_env(const struct strs *environment, struct strs *out,
    struct error *err) WARN_UNUSED;

#endif
