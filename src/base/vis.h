/* SPDX-License-Identifier: ISC */
#ifndef BASE_VIS_H
#define BASE_VIS_H

#include <stddef.h>

/*
 * Makes foreign text fit to print on one line: valid printable UTF-8 stays,
 * control characters (C0, DEL, C1), bidirectional overrides and bytes that are
 * not UTF-8 become "?"; what is longer than the room ends in "...".
 * Returns dst.  size >= 4.
 */
char *vis_copy(char *dst, size_t size, const char *src, size_t len);

/*
 * The same for use in an argument list: the text is in one of 16 static
 * buffers of 512 bytes that are used in turn.  NULL gives "(null)".
 */
const char *vis(const char *s);
const char *vis_n(const char *s, size_t len);

#endif
