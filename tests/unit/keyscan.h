/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_KEYSCAN_H
#define TESTS_UNIT_KEYSCAN_H

/*
 * Looks for private members of a JWK in all writable memory of this process
 * other than the stack: as base64url text, and decoded in both byte orders.
 * The needles are kept masked.  Include after "unit.h".
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ASan's own memory cannot be read like this. */
#if defined(__SANITIZE_ADDRESS__)
#define KEYSCAN_OR_SKIP() skip()
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEYSCAN_OR_SKIP() skip()
#endif
#endif
/* valgrind's neither */
#ifndef KEYSCAN_OR_SKIP
#define KEYSCAN_OR_SKIP() do {						\
	const char *pre = getenv("LD_PRELOAD");				\
	if (pre != NULL && strstr(pre, "vgpreload") != NULL)		\
		skip();							\
} while (0)
#endif

enum { KEYSCAN_LEN = 16, KEYSCAN_MAX = 64, KEYSCAN_MASK = 0x5a };

struct keyscan {
	unsigned char needle[KEYSCAN_MAX][KEYSCAN_LEN];
	size_t n;
};

static unsigned char keyscan_text[65536];

/* Reads without stdio, whose buffers would stay behind. */
static inline size_t
keyscan_read(const char *path)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY);
	assert_true(fd != -1);
	n = read(fd, keyscan_text, sizeof(keyscan_text) - 1);
	close(fd);
	assert_true(n > 0);
	keyscan_text[n] = 0;
	return (size_t)n;
}

static inline void
keyscan_add(struct keyscan *ks, const unsigned char *p)
{
	assert_true(ks->n < KEYSCAN_MAX);
	for (size_t i = 0; i < KEYSCAN_LEN; i++)
		ks->needle[ks->n][i] = p[i] ^ KEYSCAN_MASK;
	ks->n++;
}

static inline int
keyscan_value(int c)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at;

	at = c == 0 ? NULL : strchr(abc, c);
	return at == NULL ? -1 : (int)(at - abc);
}

/* The needles of one member's text. */
static inline void
keyscan_member(struct keyscan *ks, const unsigned char *text)
{
	unsigned char bin[24], rev[24];
	unsigned int bits = 0;
	size_t n = 0, have = 0;

	keyscan_add(ks, text + 8);
	for (size_t i = 0; n < sizeof(bin); i++) {
		assert_true(keyscan_value(text[i]) >= 0);
		bits = bits << 6 | (unsigned int)keyscan_value(text[i]);
		have += 6;
		if (have >= 8) {
			have -= 8;
			bin[n++] = (unsigned char)(bits >> have);
		}
	}
	for (size_t i = 0; i < sizeof(bin); i++)
		rev[i] = bin[sizeof(bin) - 1 - i];
	keyscan_add(ks, bin + 4);
	keyscan_add(ks, rev + 4);
	explicit_bzero(bin, sizeof(bin));
	explicit_bzero(rev, sizeof(rev));
}

/* Learns the private members of the (compact, unpadded) JWK in a file. */
static inline void
keyscan_learn(struct keyscan *ks, const char *path)
{
	static const char *const names[] = { "\"d\": \"", "\"p\": \"",
	    "\"q\": \"", "\"dp\": \"", "\"dq\": \"", "\"qi\": \"" };
	unsigned char *at;
	size_t len;

	ks->n = 0;
	len = keyscan_read(path);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		at = memmem(keyscan_text, len, names[i], strlen(names[i]));
		if (at != NULL)
			keyscan_member(ks, at + strlen(names[i]));
	}
	explicit_bzero(keyscan_text, sizeof(keyscan_text));
	assert_true(ks->n > 0);
}

static inline size_t
keyscan_range(const struct keyscan *ks, const unsigned char *p, size_t len)
{
	size_t hits = 0, j;

	for (size_t i = 0; i + KEYSCAN_LEN <= len; i++)
		for (size_t k = 0; k < ks->n; k++) {
			for (j = 0; j < KEYSCAN_LEN; j++)
				if ((p[i + j] ^ KEYSCAN_MASK) !=
				    ks->needle[k][j])
					break;
			if (j == KEYSCAN_LEN)
				hits++;
		}
	return hits;
}

/* How many places hold one of them. */
static inline size_t
keyscan_count(const struct keyscan *ks)
{
	static char maps[1 << 18];
	size_t len = 0, hits = 0;
	unsigned long a, b;
	char mode[8], *line;
	ssize_t n;
	int fd;

	fd = open("/proc/self/maps", O_RDONLY);
	assert_true(fd != -1);
	while ((n = read(fd, maps + len, sizeof(maps) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	maps[len] = 0;
	for (line = maps; line != NULL && *line != 0;
	    line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (sscanf(line, "%lx-%lx %7s", &a, &b, mode) == 3 &&
		    mode[0] == 'r' && mode[1] == 'w' &&
		    memmem(line, strcspn(line, "\n"), "[stack]", 7) == NULL)
			hits += keyscan_range(ks, (const unsigned char *)a,
			    b - a);
	return hits;
}

#endif
