/* SPDX-License-Identifier: ISC */
/*
 * For LD_PRELOAD: when the program ends, after everything of its own was
 * freed, looks for private members of keys in all of its writable memory,
 * freed memory and dead stack included.
 *
 *	HEAPSCAN_NEEDLES	file of lines "NAME TEXT", TEXT base64url
 *	HEAPSCAN_OUT		file to which it appends: "scanned PROGRAM
 *				PID BYTES FOUND" and, for each place, "found
 *				NAME FORM REGION PROGRAM PID"
 *
 * FORM is text (as it stands), raw (decoded) or limbs (decoded, little-endian).
 * Each is cut into pieces of PIECE bytes, so that what free() overwrites at
 * the beginning hides nothing.  Files are opened before main(), because a
 * program in its sandbox can open none; everything learnt lies in one mapping
 * of its own, which is left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PIECE = 16,
	PIECES = 1 << 14,
	SLOTS = 1 << 16,
	FILE_MAX = 1 << 17,
	MAPS_MAX = 1 << 19,
	NAME_MAX_LEN = 32,
	BINARY_MAX = 2048,
	AWAY = 100		/* descriptors that nobody else uses */
};

struct piece {
	unsigned char bytes[PIECE];
	char name[NAME_MAX_LEN];
	const char *form;
};

static struct ours {
	struct piece pieces[PIECES];
	size_t n;
	uint32_t slots[SLOTS];		/* number of a piece + 1, by its head */
	char file[FILE_MAX];
	char maps[MAPS_MAX];
	unsigned char binary[BINARY_MAX];
	unsigned char limbs[BINARY_MAX];
} *ours;

static int needles_fd = -1, maps_fd = -1, out_fd = -1;
static size_t bytes, found;

static void
die(const char *what)
{
	fprintf(stderr, "heapscan: %s: %s\n", what, strerror(errno));
	_exit(96);
}

static int
open_away(const char *path, int flags)
{
	int fd, far;

	if (path == NULL || (fd = open(path, flags | O_CLOEXEC, 0600)) == -1)
		die(path != NULL ? path : "not told which file");
	if ((far = fcntl(fd, F_DUPFD_CLOEXEC, AWAY)) == -1)
		die(path);
	close(fd);
	return far;
}

static void
open_files(void)
{
	needles_fd = open_away(getenv("HEAPSCAN_NEEDLES"), O_RDONLY);
	out_fd = open_away(getenv("HEAPSCAN_OUT"),
	    O_WRONLY | O_CREAT | O_APPEND);
	maps_fd = open_away("/proc/self/maps", O_RDONLY);
}

__attribute__((constructor)) static void
begin(void)
{
	open_files();
}

static size_t
slurp(int fd, char *to, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, to + used, size - 1 - used)) > 0)
		used += (size_t)n;
	if (n == -1 || used == size - 1)
		die("read");
	to[used] = '\0';
	return used;
}

static uint64_t
head_of(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static size_t
slot_of(uint64_t v)
{
	return (size_t)((v * UINT64_C(0x9e3779b97f4a7c15)) >> 48) % SLOTS;
}

static void
add_pieces(const char *name, size_t name_len, const char *form,
    const unsigned char *p, size_t len)
{
	struct piece *q;
	size_t slot;

	for (; len >= PIECE; p += PIECE, len -= PIECE) {
		if (ours->n == PIECES || name_len >= NAME_MAX_LEN) {
			errno = E2BIG;
			die("needles");
		}
		q = &ours->pieces[ours->n++];
		memcpy(q->bytes, p, PIECE);
		memcpy(q->name, name, name_len);
		q->form = form;
		slot = slot_of(head_of(p));
		while (ours->slots[slot] != 0)
			slot = (slot + 1) % SLOTS;
		ours->slots[slot] = (uint32_t)ours->n;
	}
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	return c == '_' || c == '/' ? 63 : -1;
}

static void
learn(const char *name, size_t name_len, const char *text, size_t len)
{
	unsigned int bits = 0, have = 0;
	size_t n = 0;
	int v;

	for (size_t i = 0; i < len && n < BINARY_MAX; i++) {
		if ((v = value_of(text[i])) == -1)
			break;
		bits = bits << 6 | (unsigned int)v;
		if ((have += 6) >= 8) {
			have -= 8;
			ours->binary[n++] = (unsigned char)(bits >> have);
		}
	}
	for (size_t i = 0; i < n; i++)
		ours->limbs[i] = ours->binary[n - 1 - i];
	add_pieces(name, name_len, "text", (const unsigned char *)text, len);
	add_pieces(name, name_len, "raw", ours->binary, n);
	add_pieces(name, name_len, "limbs", ours->limbs, n);
}

static void
learn_all(void)
{
	char *line, *end, *blank;

	(void)slurp(needles_fd, ours->file, sizeof(ours->file));
	for (line = ours->file; *line != '\0'; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL ||
		    (blank = memchr(line, ' ', (size_t)(end - line))) == NULL)
			break;
		learn(line, (size_t)(blank - line), blank + 1,
		    (size_t)(end - blank - 1));
	}
}

static void
tell(const struct piece *q, const char *region)
{
	found++;
	dprintf(out_fd, "found %s %s %s %s %d\n", q->name, q->form,
	    *region != '\0' ? region : "anonymous",
	    program_invocation_short_name, (int)getpid());
}

/* The sanitizers would stop at memory that is not theirs. */
static void
scan(const unsigned char *from, const unsigned char *to, const char *region)
{
	const struct piece *q;
	size_t slot;

	bytes += (size_t)(to - from);
	for (; to - from >= PIECE; from++)
		for (slot = slot_of(head_of(from)); ours->slots[slot] != 0;
		    slot = (slot + 1) % SLOTS) {
			q = &ours->pieces[ours->slots[slot] - 1];
			if (memcmp(q->bytes, from, PIECE) == 0) {
				tell(q, region);
				break;
			}
		}
}

static void
scan_all(void)
{
	const unsigned char *us = (const unsigned char *)ours;
	char *line, *end, mode[8];
	unsigned long from, to;
	int at;

	(void)slurp(maps_fd, ours->maps, sizeof(ours->maps));
	for (line = ours->maps; *line != '\0'; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			break;
		*end = '\0';
		at = 0;
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %n", &from, &to,
		    mode, &at) < 3)
			continue;
		if (mode[0] != 'r' || mode[1] != 'w' || from == (uintptr_t)us ||
		    strncmp(line + at, "[v", 2) == 0)
			continue;
		scan((const unsigned char *)from, (const unsigned char *)to,
		    line + at);
	}
}

__attribute__((destructor)) static void
end(void)
{
	/* a copy in the background has closed them, and has maps of its own */
	if (fcntl(needles_fd, F_GETFD) == -1)
		open_files();
	/* shared, so that the kernel joins it with no other mapping */
	ours = mmap(NULL, sizeof(*ours), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ours == MAP_FAILED)
		die("mmap");
	learn_all();
	scan_all();
	dprintf(out_fd, "scanned %s %d %zu %zu\n",
	    program_invocation_short_name, (int)getpid(), bytes, found);
}
