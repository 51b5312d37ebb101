/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_SFTP_SCAN_H
#define TRANSPORT_SFTP_SCAN_H

#include "transport/sftp_tree.h"

/* Only for sftp_tree.c: all folders and links below a far accounts/. */
enum {
	SFTP_DEPTH = 16,	/* as store/layout.c */
	SFTP_BATCH = 32		/* commands in one step */
};

/* A folder below accounts/ that is looked at. */
struct sftp_folder {
	char *path;		/* "accounts", "accounts/host" */
	int left;		/* levels below; SFTP_DEPTH: no link so far */
	int depth;
};
struct sftp_scan {
	struct sftp_tree *t;
	struct sftp_folder *v;
	size_t n, cap;
	struct strs links;	/* paths of links that may be directories */
	struct strs aliases;	/* "accounts/..." that links lead to ... */
	struct strs alias_of;	/* ... and the links */
};

/* In rounds: links bring new folders, which have no links to more.  Accounts
 * are added to the tree. */
int sftp_scan(struct sftp_scan *c, struct error *err) WARN_UNUSED;
void sftp_scan_free(struct sftp_scan *c);

#endif
