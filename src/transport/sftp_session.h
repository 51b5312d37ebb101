/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_SESSION_H
#define TRANSPORT_SFTP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"
#include "transport/ssh.h"

/*
 * One "sftp -b -" for everything: commands go to its stdin as they are needed,
 * a dialogue over one connection.  sftp echoes each line that it reads, so a
 * comment with a number that nobody else knows tells that what stood before it
 * is done, and its messages are on stderr by then.  Each command begins with
 * '-': one that fails ends nothing.  There is no other exit status of a command
 * than sftp's words, so who writes looks afterwards at what is there.
 */
struct sftp;

/*
 * Starts it, in the local directory cwd, and waits for nothing.  file_max: what
 * a file may grow to that a server sends.
 */
int sftp_open(const struct config_peer *peer, const struct config *c,
    bool terminal, const char *cwd, struct sftp **out, struct error *err)
    WARN_UNUSED;
/* Says goodbye where it answers, else ends it; NULL is fine. */
void sftp_close(struct sftp *s);

/*
 * Runs commands (sftp_command()) one after the other.  out gets what they
 * print, said what they complain about; both may be NULL, are appended to, and
 * have ceilings of their own.  -1: the link is broken (CODE_RETRY), ssh
 * failed (as it says), or a deadline passed; nothing can be run after that.
 */
int sftp_run(struct sftp *s, const struct strs *commands, struct buf *out,
    struct buf *said, struct error *err) WARN_UNUSED;

/* One command, with up to two arguments. */
int sftp_do(struct sftp *s, const char *verb, const char *a, const char *b,
    struct buf *out, struct buf *said, struct error *err) WARN_UNUSED;

/* False after sftp_run() has failed. */
bool sftp_alive(const struct sftp *s);

/* The time for all that follows starts anew. */
void sftp_more_time(struct sftp *s);

/* What the URL says. */
const struct ssh_url *sftp_url(const struct sftp *s);
/* The host, for messages. */
const char *sftp_where(const struct sftp *s);

#endif
