/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_HEAPSCAN_H
#define TESTS_UNIT_HEAPSCAN_H

/*
 * Looks for a secret in this process's memory: heap, anonymous maps and the
 * programs' writable data, freed memory included; not in the stack.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	HEAPSCAN_CHUNK = 1 << 20,
	HEAPSCAN_MAPS = 1 << 18
};

/* One region; own: where occurrences do not count. */
static inline size_t
heap_find_in(uintptr_t from, uintptr_t to, const void *needle, size_t len)
{
	static unsigned char chunk[HEAPSCAN_CHUNK];
	uintptr_t own = (uintptr_t)needle, ours = (uintptr_t)chunk, at;
	unsigned char *hit, *p;
	size_t n, found = 0;
	ssize_t got;

	while (from < to && to - from >= len) {
		n = to - from < HEAPSCAN_CHUNK ? to - from : HEAPSCAN_CHUNK;
		struct iovec l = { chunk, n }, r = { (void *)from, n };
		got = process_vm_readv(getpid(), &l, 1, &r, 1, 0);
		if (got < (ssize_t)len)
			break;
		n = (size_t)got;
		for (p = chunk; (hit = memmem(p, n - (size_t)(p - chunk),
		    needle, len)) != NULL; p = hit + 1) {
			at = from + (uintptr_t)(hit - chunk);
			if (at + len > own && at < own + len)
				continue;
			if (at + len > ours && at < ours + HEAPSCAN_CHUNK)
				continue;
			found++;
		}
		from += n == HEAPSCAN_CHUNK ? n - len + 1 : n;
	}
	memset(chunk, 0, sizeof(chunk));
	return found;
}

/* How often needle lies in writable memory besides its own place. */
static inline size_t
heap_find(const void *needle, size_t len)
{
	static char maps[HEAPSCAN_MAPS];
	unsigned long from, to;
	size_t used = 0, found = 0;
	char perms[8], *line, *save = NULL;
	ssize_t n;
	int fd;

	if ((fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) == -1)
		abort();
	while ((n = read(fd, maps + used, sizeof(maps) - 1 - used)) > 0)
		used += (size_t)n;
	(void)close(fd);
	maps[used] = '\0';
	for (line = strtok_r(maps, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) != 3)
			abort();
		/* the last: a sanitizer's shadow memory */
		if (perms[0] != 'r' || perms[1] != 'w' ||
		    strstr(line, "[stack") != NULL ||
		    strstr(line, "[v") != NULL || to - from > 1UL << 30)
			continue;
		found += heap_find_in(from, to, needle, len);
	}
	return found;
}

#endif
