/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_SUGGEST_H
#define CONFIG_SUGGEST_H

#include <stddef.h>

/*
 * "Did you mean": of the words offered the one that is nearest to what
 * somebody typed, if it is near enough to be a slip of the finger or a
 * beginning of it.
 */
struct suggest {
	const char *typed;
	const char *best;	/* borrowed; NULL: none is near */
	size_t distance;
};
void suggest_begin(struct suggest *s, const char *typed);
void suggest_offer(struct suggest *s, const char *word);

#endif
