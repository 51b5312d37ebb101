/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SSH_H
#define TRANSPORT_SSH_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strs.h"
#include "config/config.h"

/* How the system's ssh and sftp are called, and what their words mean. */

/* ssh://[user@]host[:port] or sftp://[user@]host[:port]/path */
struct ssh_url {
	char *user;		/* NULL: ssh decides */
	char *host;		/* without brackets */
	char *port;		/* NULL: ssh decides */
	char *path;		/* NULL: ssh://; else absolute, no "." or ".."
				 * in it, no '/' at its end, "/" for the top */
};
/* Refuses (CODE_USAGE) what ssh could take for an option, blanks, control
 * characters, a password, and a path for ssh://. */
int ssh_url_parse(const char *url, struct ssh_url *out, struct error *err)
    WARN_UNUSED;
void ssh_url_free(struct ssh_url *u);

enum ssh_use {
	SSH_SERVE,		/* run the far end */
	SSH_PROBE,		/* the same, to see which host key it offers */
	SSH_SHOW		/* only print ssh's configuration (-G) */
};

/* What the far end is asked to allow; SSH_SFTP: its sftp subsystem. */
enum ssh_right { SSH_READ, SSH_WRITE, SSH_CHALLENGE, SSH_ISSUE, SSH_SFTP };

/*
 * The complete argv: our options first, since ssh takes the first value of
 * each, then the peer's; "--" before the host.  The remote command is one of
 * four constants.  terminal: a person can be asked for a passphrase.
 */
int ssh_argv(const struct config_peer *peer, const struct ssh_url *u,
    enum ssh_right right, bool terminal, enum ssh_use use, struct strs *out,
    struct error *err) WARN_UNUSED;

/* The same of "sftp -b -", which has the same options reach its ssh. */
int sftp_argv(const struct config_peer *peer, const struct ssh_url *u,
    bool terminal, struct strs *out, struct error *err) WARN_UNUSED;

/* A private key file that others can read is refused (CODE_TRUST): ssh says so
 * in other words, and an agent would hide it. */
int ssh_check_identity(const struct config_peer *peer, struct error *err)
    WARN_UNUSED;

/* What ssh said about host keys. */
struct ssh_hostkey {
	char type[16];		/* "ED25519", "RSA", "ECDSA"; "" unknown */
	char fingerprint[64];	/* "SHA256:...", "" unknown */
};
/* Finds the offered key in ssh's stderr, also in that of a probe. */
void ssh_hostkey(const char *said, struct ssh_hostkey *out);

/* True where ssh's stderr tells that the host key was not accepted. */
bool ssh_is_hostkey(const char *said);

/* Fills in *err for an ssh that ended with 255; known_hosts names the file
 * for the message; key may be empty.  Returns -1. */
int ssh_error(const char *host, const char *said, const char *known_hosts,
    const struct ssh_hostkey *key, struct error *err);

/* The line of ssh's that tells that it was not let in, printable, static;
 * NULL: none does. */
const char *ssh_denied(const char *said);

/*
 * ssh itself failed: fills in *err with why, for a host key with the file it
 * is looked for in and what was offered, which ssh is run for again.  env: the
 * children's environment.  Returns -1.
 */
int ssh_failed(const struct config_peer *peer, const struct ssh_url *u,
    char *const *env, const char *said, struct error *err);

/* The last line of what a program said, without our own prefix; for
 * messages, printable, static. */
const char *said_last(const char *said);

#endif
