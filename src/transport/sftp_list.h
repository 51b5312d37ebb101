/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_LIST_H
#define TRANSPORT_SFTP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"

/*
 * What the system's sftp takes and prints.  It prints names as the server
 * sends them, newlines too: a hostile one can make up entries, which it could
 * anyway, but no sentinel of ours (transport/sftp_session.h).
 */

/* One entry of "ls -la", with times in UTC; in the order of the listing. */
struct sftp_entry {
	char *name;		/* never with a '/', a control character, "." or
				 * ".." */
	char type;		/* '-', 'd', 'l' or what else ls shows */
	unsigned int mode;	/* permission bits, 07777 */
	int64_t size;
	int64_t time;		/* of its last change as it is shown, to the
				 * minute or the day; 0: not known */
	char owner[32];		/* as it is shown, a name or a number */
};
struct sftp_listing {
	struct sftp_entry *v;
	size_t n, cap;
	struct sftp_entry self;	/* of "."; name NULL: it was not shown */
};

/*
 * The lines of text whose names begin with prefix ("", or "a/b/") and go on
 * without another '/'.  Lines that are no entries are passed over.  -1: no
 * memory, or CODE_STORE for more than max entries.
 */
int sftp_list_parse(const char *text, const char *prefix, size_t max,
    struct sftp_listing *out, struct error *err) WARN_UNUSED;
void sftp_listing_free(struct sftp_listing *l);
/* NULL: none of that name. */
const struct sftp_entry *sftp_listing_find(const struct sftp_listing *l,
    const char *name);

/* The paths in "Remote working directory: PATH" lines, in order. */
int sftp_pwd_parse(const char *text, struct strs *out, struct error *err)
    WARN_UNUSED;

/* Appends an argument: sftp's parser and its patterns take it as it is.  It is
 * in quotes, so that a line that breaks off is no command. */
void sftp_quote(struct buf *b, const char *arg);

/* Adds "-VERB ARG..." (up to 2 arguments, NULL: none) to a list of commands;
 * the '-' has sftp go on where it fails. */
int sftp_command(struct strs *l, const char *verb, const char *a,
    const char *b, struct error *err) WARN_UNUSED;

/*
 * Why the command about path failed, of what sftp said on stderr: the rest of
 * the line that names it, into buf; false: no line does.  path as the messages
 * have it: absolute.
 */
bool sftp_why(const char *said, const char *path, char *buf, size_t size);

#endif
