/* SPDX-License-Identifier: ISC */
#include "sync/backoff.h"

enum { SPREAD = 8 };		/* an eighth */

/* FNV-1a */
static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261U;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

int64_t
backoff_next(enum code code, unsigned int failures, int64_t began,
    int64_t retry_after, const char *name)
{
	int64_t wait = BACKOFF_FIRST;

	if (code != CODE_RETRY || failures == 0)
		return 0;
	for (unsigned int i = 1; i < failures && wait < BACKOFF_MOST; i++)
		wait *= 2;
	if (wait > BACKOFF_MOST)
		wait = BACKOFF_MOST;
	wait -= (int64_t)(hash(name) % (uint32_t)(wait / SPREAD));
	if (retry_after > BACKOFF_ASKED)
		retry_after = BACKOFF_ASKED;
	return began + (wait > retry_after ? wait : retry_after);
}
