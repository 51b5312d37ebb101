/* SPDX-License-Identifier: ISC */
#include "issue/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"

#define HOUR	((int64_t)3600)

/* *.letsencrypt.org, with or without a port */
static bool
is_lets_encrypt(const char *server)
{
	static const char suffix[] = ".letsencrypt.org";
	const char *host = strstr(server, "://");
	size_t len;

	host = host == NULL ? server : host + 3;
	len = strcspn(host, ":/");
	return len > sizeof(suffix) - 1 && strncasecmp(host + len -
	    (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1) == 0;
}

static int64_t
boulder(const struct window_facts *f)
{
	int64_t cutoff = f->order_lifetime / 8;

	if (f->order_lifetime <= 0)
		return f->authz_lifetime > 0 && f->authz_lifetime <=
		    24 * HOUR ? HOUR : 24 * HOUR;
	/* orders were long once, but no cutoff is longer than what it cuts */
	if (cutoff < HOUR || (f->authz_lifetime > 0 &&
	    cutoff >= f->authz_lifetime))
		return HOUR;
	return cutoff > 24 * HOUR ? 24 * HOUR : cutoff;
}

int64_t
window_cutoff(const struct window_facts *f)
{
	if (f->reuse_cutoff == CUTOFF_BOULDER)
		return boulder(f);
	if (f->reuse_cutoff == CUTOFF_AUTO)
		return is_lets_encrypt(f->server) ? boulder(f) : 0;
	return f->reuse_cutoff;
}

int64_t
window_usable_until(const struct window_facts *f, int64_t expires)
{
	return expires <= 0 ? 0 : expires - window_cutoff(f);
}
