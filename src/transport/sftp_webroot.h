/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_WEBROOT_H
#define TRANSPORT_SFTP_WEBROOT_H

#include "base/error.h"
#include "transport/sftp_put.h"

/*
 * HTTP-01 responses in a far web root, by sftp: as transport/webroot.h has it,
 * as far as sftp can tell.  The far end must spell the web root as it is
 * configured, so there is no link on the way; neither it nor the two below may
 * be writable for all.  A file is there whole or not at all; what somebody
 * else puts there under the same name at the same moment is replaced.  When
 * we are killed, a response stays until a later session of the same account
 * finds it to be old.
 */
struct sftp_webroot;

/* dir is borrowed; nothing is asked yet.  local: the directory that sftp runs
 * in. */
int sftp_webroot_new(struct sftp *s, const char *dir, const char *local,
    struct sftp_webroot **out, struct error *err) WARN_UNUSED;
/* Removes what was put, with a warning where it cannot; NULL is fine. */
void sftp_webroot_free(struct sftp_webroot *w);

/* As webroot_put() and webroot_remove(). */
int sftp_webroot_put(struct sftp_webroot *w, const char *token,
    const char *key_authorization, struct error *err) WARN_UNUSED;
int sftp_webroot_remove(struct sftp_webroot *w, const char *token,
    struct error *err) WARN_UNUSED;

#endif
