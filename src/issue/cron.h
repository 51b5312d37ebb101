/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_CRON_H
#define ISSUE_CRON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strs.h"

/* Is something set up that renews a certificate, and if not, what would? */

struct cron_cert {
	const char *name;	/* the lineage's */
	const struct strs *domains;
	bool by_name;		/* a line for all certificates does not count */
};

/*
 * Looks in cron.d (names that cron reads), crontab, the users' crontabs and
 * the enabled timers of systemd below root ("" for this host) for a line that
 * runs "acmeferry renew" for all certificates or for this one, or "acmeferry
 * issue" with all its domains.  *where: the file, freed by the caller; NULL:
 * none.  What cannot be read is passed over.
 */
int cron_find(const char *root, const struct cron_cert *cert, char **where,
    struct error *err) WARN_UNUSED;

/* Pure: has a text such a line, comments left aside? */
bool cron_covers(const char *text, size_t len, const struct cron_cert *cert);

/*
 * The line: "acmeferry renew -q" once an hour, at a minute that comes from the
 * host's name, so that hosts do not all ask at once.  user: with the user
 * field of /etc/cron.d.  The caller frees.
 */
int cron_line(const char *self, const struct strs *options, bool user,
    char **out, struct error *err) WARN_UNUSED;

#endif
