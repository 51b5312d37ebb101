/* SPDX-License-Identifier: ISC */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The character at the start of len bytes, as RFC 3629 has it (no overlong
 * forms, no surrogates, nothing above U+10FFFF): its length in bytes, or 0
 * where there is none.  cp may be NULL.
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp);

/* Writes cp (no surrogate, at most U+10FFFF) to out; returns 1 to 4. */
size_t utf8_encode(uint32_t cp, char out[4]);

/* Offset of the first byte that is not UTF-8; len where all is. */
size_t utf8_valid_len(const char *s, size_t len);

/* The largest n <= len at which s is not cut inside a character. */
size_t utf8_cut(const char *s, size_t len);

#endif
