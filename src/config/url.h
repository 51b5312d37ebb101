/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include <stdbool.h>
#include <stddef.h>

/* A URL's parts, borrowed from the text; RFC 3986 as far as it is used. */
struct url {
	const char *scheme, *user, *host, *rest;
	size_t scheme_len, user_len, host_len;
	bool has_user;		/* there is an "@" */
	bool password;		/* and a ":" before it */
	bool literal;		/* the host stood in brackets (not in host) */
	long port;		/* 0: none */
};

/* False where it is not SCHEME://[USER@]HOST[:PORT][/...]; rest begins with
 * "/", "?" or "#", or is "".  Also after false, password is told. */
bool url_split(const char *text, struct url *u);

#endif
