/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_WINDOW_H
#define ISSUE_WINDOW_H

#include <stdint.h>

/*
 * Until when can an authorization still be used?  Pure; seconds throughout.
 * A CA counts an authorization only while it has more than a cutoff left; at
 * Boulder an eighth of the order's lifetime, at least 1 h, at most 24 h.
 */
struct window_facts {
	const char *server;	/* the directory's URL */
	int64_t reuse_cutoff;	/* config.reuse_cutoff: seconds, CUTOFF_* */
	int64_t order_lifetime;	/* longest seen for server and profile; 0 */
	int64_t authz_lifetime;	/* expires minus validated; 0: not known */
};

int64_t window_cutoff(const struct window_facts *f);

/* expires minus the cutoff; 0 where expires is not known (0). */
int64_t window_usable_until(const struct window_facts *f, int64_t expires);

#endif
