/* SPDX-License-Identifier: ISC */
#include "base/vis.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

enum {
	VIS_SLOTS = 16,
	VIS_SLOT = 512
};

/* What would move the cursor, reverse the line, or show nothing at all. */
static bool
is_unfit(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||
	    c == 0xad ||			/* soft hyphen */
	    c == 0x61c ||			/* Arabic letter mark */
	    (c >= 0x200b && c <= 0x200f) ||	/* zero width, LRM, RLM */
	    (c >= 0x2028 && c <= 0x202e) ||	/* separators, overrides */
	    (c >= 0x2060 && c <= 0x206f) ||	/* isolates */
	    c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe007f) ||	/* tags */
	    (c & 0xfffe) == 0xfffe;		/* no characters */
}

char *
vis_copy(char *dst, size_t size, const char *src, size_t len)
{
	size_t i = 0, o = 0, n, w, dots = 0;
	const char *from;
	uint32_t c;

	while (i < len) {
		n = utf8_decode(src + i, len - i, &c);
		if (n == 0 || is_unfit(c)) {
			n = n == 0 ? 1 : n;
			w = 1;
			from = "?";
		} else {
			w = n;
			from = src + i;
		}
		if (o + w >= size) {
			memcpy(dst + dots, "...", 4);
			return dst;
		}
		memcpy(dst + o, from, w);
		o += w;
		i += n;
		/* the last place from which "..." still fits */
		if (o + 4 <= size)
			dots = o;
	}
	dst[o] = '\0';
	return dst;
}

const char *
vis_n(const char *s, size_t len)
{
	static char slots[VIS_SLOTS][VIS_SLOT];
	static unsigned int next;

	if (s == NULL)
		return "(null)";
	next = (next + 1) % VIS_SLOTS;
	return vis_copy(slots[next], VIS_SLOT, s, len);
}

const char *
vis(const char *s)
{
	return vis_n(s, s == NULL ? 0 : strlen(s));
}
