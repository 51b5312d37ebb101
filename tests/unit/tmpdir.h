/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_TMPDIR_H
#define TESTS_UNIT_TMPDIR_H

/* A temporary directory for a test, and small file helpers. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"

static char tmp_dir[64];

static inline int
tmp_setup(void **state)
{
	(void)state;
	(void)snprintf(tmp_dir, sizeof(tmp_dir), "/tmp/acmeferry-unit-XXXXXX");
	return mkdtemp(tmp_dir) == NULL ? -1 : 0;
}

static inline int
tmp_teardown(void **state)
{
	struct error err;

	(void)state;
	return atomic_remove_tree(AT_FDCWD, tmp_dir, &err);
}

/* tmp_dir/name, in one of eight static buffers. */
static inline const char *
tmp_path(const char *name)
{
	static char bufs[8][256];
	static unsigned int next;
	char *b = bufs[next++ % 8];

	(void)snprintf(b, sizeof(bufs[0]), "%s/%s", tmp_dir, name);
	return b;
}

static inline void
tmp_put(const char *name, const char *text, mode_t mode)
{
	const char *path = tmp_path(name);
	size_t len = strlen(text);
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || write(fd, text, len) != (ssize_t)len ||
	    fchmod(fd, mode) == -1 || close(fd) == -1)
		abort();
}

/* Its content, in a static buffer; NULL: not there. */
static inline const char *
tmp_get(const char *name)
{
	static char text[65536];
	ssize_t n;
	int fd;

	if ((fd = open(tmp_path(name), O_RDONLY | O_NOFOLLOW)) == -1)
		return NULL;
	if ((n = read(fd, text, sizeof(text) - 1)) == -1)
		abort();
	text[n] = '\0';
	(void)close(fd);
	return text;
}

/* Entries of a directory under tmp_dir, "." and ".." not counted. */
static inline int
tmp_count(const char *name)
{
	struct stat st;
	char cmd[300];
	FILE *p;
	int n = -1;

	if (stat(tmp_path(name), &st) == -1)
		return -1;
	(void)snprintf(cmd, sizeof(cmd), "ls -A '%s' | wc -l", tmp_path(name));
	if ((p = popen(cmd, "r")) == NULL || fscanf(p, "%d", &n) != 1)
		abort();
	(void)pclose(p);
	return n;
}

#endif
