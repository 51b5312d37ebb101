/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_WEBROOT_H
#define TRANSPORT_WEBROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strs.h"

/*
 * HTTP-01 responses in a web root, DIR/.well-known/acme-challenge/TOKEN, as a
 * web server gives them out (RFC 8555, 8.3).
 *
 * The directory is opened once, from "/" on and through no symbolic link, and
 * held; all below is relative to it and follows no link either.  Web roots
 * often belong to the web server's user, who is not trusted further than with
 * what it could serve anyway.  So: every directory above must be root's or
 * ours, and writable by nobody else (unless sticky); the web root itself may
 * belong to anybody and be writable for its group, but not for all; those
 * below must be root's, ours or the web root's owner's, and as closed.
 *
 * Files are 0644, missing directories are made with 0755 (and stay); a file
 * is there whole or not at all, and never over another.  What was put goes with
 * webroot_free(), at exit, and with a signal that ends the process.
 */
struct webroot;

/* CODE_USAGE: no absolute path, no such directory; CODE_TRUST: as above. */
int webroot_open(const char *dir, struct webroot **out, struct error *err)
    WARN_UNUSED;
/* Removes what is still there of what was put; what cannot be removed is
 * tried again at exit. */
int webroot_clear(struct webroot *w, struct error *err) WARN_UNUSED;
/* The same with a warning; NULL is fine. */
void webroot_free(struct webroot *w);

/*
 * The thumbprint in TOKEN.THUMBPRINT, for this token; NULL: it is none, or
 * the token is no 22 to 128 base64url characters.
 */
const char *webroot_thumbprint(const char *token,
    const char *key_authorization);

/*
 * Puts a response; the first call removes what killed sessions left, as
 * webroot_sweep() says, of the same account.  *made false: the very same was
 * there already; unless an earlier call put it, it is somebody else's and
 * stays.  CODE_USAGE: no token or no response for it; CODE_STORE: other content
 * is there, or LIMIT_RESPONSES are; CODE_TRUST: a link, or a directory that
 * strangers can write to.
 */
int webroot_put(struct webroot *w, const char *token,
    const char *key_authorization, bool *made, struct error *err) WARN_UNUSED;
/* *removed false: it is not there any more, or was not put here. */
int webroot_remove(struct webroot *w, const char *token, bool *removed,
    struct error *err) WARN_UNUSED;

/*
 * Removes files of LIMIT_RESPONSE_AGE and older that are responses for this
 * thumbprint: a session is over long before.  Nothing else is touched; certbot
 * leaves such a file only when it was killed, and does not look at it again.
 */
int webroot_sweep(struct webroot *w, const char *thumbprint,
    struct error *err) WARN_UNUSED;

#endif
