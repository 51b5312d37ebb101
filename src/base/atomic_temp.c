/* SPDX-License-Identifier: ISC */
#include "base/atomic_temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/atomic_impl.h"
#include "base/proc_live.h"

enum {
	SLOTS = TEMP_SLOTS + ATOMIC_LENT,
	NAME_ROOM = ATOMIC_LENT_NAME + 1,
	PID_LETTERS = 5,	/* 26^5 is above the kernel's 2^22 */
	RANDOM_LETTERS = 7,
	PREFIX = sizeof(ATOMIC_PREFIX) - 1
};

/* owner is set last and cleared first: a handler may come at any moment.  A
 * forked child has another PID, so it clears nothing of ours. */
static struct {
	volatile sig_atomic_t owner;	/* PID, 0: free */
	int dirfd;
	bool lent;			/* a file under a name of its own */
	char name[NAME_ROOM];
} slots[SLOTS];
static int nlent;

static bool installed;

static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE,
	SIGALRM, SIGXCPU, SIGXFSZ };

static bool
any(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].owner == (int)getpid())
			return true;
	return false;
}

static void
clear(void)
{
	int me = (int)getpid();

	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].owner != me)
			continue;
		slots[i].owner = 0;
		if (slots[i].lent)
			(void)unlinkat(slots[i].dirfd, slots[i].name, 0);
		else
			(void)temp_remove(slots[i].dirfd, slots[i].name, 0);
	}
}

static void
on_signal(int sig)
{
	/* or a child could put something where we have just removed it */
	if (any())
		proc_live_end();
	clear();
	/* the default action follows when we return: it is blocked now */
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
install(void)
{
	struct sigaction sa, old;

	if (installed)
		return;
	installed = true;
	(void)atexit(clear);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	(void)sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		/* ignored ones (nohup, a pipe's end) stay ignored */
		if (sigaction(fatal[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_DFL)
			(void)sigaction(fatal[i], &sa, NULL);
	}
}

static int
make_name(char name[TEMP_NAME], struct error *err)
{
	unsigned char r[RANDOM_LETTERS];
	unsigned long pid = (unsigned long)getpid();
	char *p = name + PREFIX;
	ssize_t n;

	do
		n = getrandom(r, sizeof(r), 0);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(r))
		return error_sys(err, CODE_ERROR, "random numbers: none");
	memcpy(name, ATOMIC_PREFIX, PREFIX);
	for (int i = 0; i < PID_LETTERS; i++, pid /= 26)
		*p++ = (char)('a' + pid % 26);
	for (int i = 0; i < RANDOM_LETTERS; i++)
		*p++ = (char)('a' + r[i] % 26);
	*p = '\0';
	return 0;
}

int
temp_new(int dirfd, char name[TEMP_NAME], int *slot, struct error *err)
{
	int i;

	*slot = -1;
	if (make_name(name, err) == -1)
		return -1;
	install();
	for (i = 0; i < SLOTS; i++)
		if (slots[i].owner == 0 || slots[i].owner != (int)getpid())
			break;
	if (i == SLOTS)
		return error_set(err, CODE_ERROR, "temporary files: found %d "
		    "in use, want fewer", SLOTS);
	slots[i].dirfd = dirfd;
	slots[i].lent = false;
	memcpy(slots[i].name, name, TEMP_NAME);
	temp_keep(i);
	*slot = i;
	return 0;
}

void
temp_keep(int slot)
{
	if (slot == -1)
		return;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	slots[slot].owner = (sig_atomic_t)getpid();
}

void
temp_done(int slot)
{
	if (slot != -1) {
		slots[slot].owner = 0;
		nlent -= slots[slot].lent ? 1 : 0;
		slots[slot].lent = false;
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

int
temp_lend(int slot, const char *name)
{
	sigset_t all, old;
	int rc;

	if (nlent >= ATOMIC_LENT || strlen(name) >= NAME_ROOM) {
		errno = nlent >= ATOMIC_LENT ? EMFILE : ENAMETOOLONG;
		return -1;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	rc = rename_noreplace(slots[slot].dirfd, slots[slot].name,
	    slots[slot].dirfd, name);
	if (rc == 0) {
		memcpy(slots[slot].name, name, strlen(name) + 1);
		slots[slot].lent = true;
		nlent++;
	}
	rc = rc == 0 ? 0 : errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = rc;
	return rc == 0 ? 0 : -1;
}

const char *
temp_lent(int slot, int *dirfd)
{
	if (slot < 0 || slot >= SLOTS || !slots[slot].lent ||
	    slots[slot].owner != (int)getpid())
		return NULL;
	*dirfd = slots[slot].dirfd;
	return slots[slot].name;
}

int
temp_find(int dirfd, const char *name)
{
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].owner == (int)getpid() &&
		    slots[i].dirfd == dirfd && strcmp(slots[i].name, name) == 0)
			return i;
	return -1;
}

bool
temp_is_name(const char *name)
{
	size_t n = PREFIX + PID_LETTERS + RANDOM_LETTERS;

	return strlen(name) == n && memcmp(name, ATOMIC_PREFIX, PREFIX) == 0 &&
	    strspn(name + PREFIX, "abcdefghijklmnopqrstuvwxyz") == n - PREFIX;
}

/* A killed process stays in the table until its parent has asked for it; in
 * a container that may be never. */
static bool
is_zombie(long pid)
{
	char path[32], text[512];
	const char *p;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* "PID (NAME) STATE ...", and NAME may have anything in it */
	p = strrchr(text, ')');
	return p != NULL && (strncmp(p, ") Z", 3) == 0 ||
	    strncmp(p, ") X", 3) == 0);
}

bool
temp_is_stale(const char *name)
{
	long pid = 0;

	if (!temp_is_name(name))
		return false;
	for (int i = PID_LETTERS - 1; i >= 0; i--)
		pid = pid * 26 + (name[PREFIX + i] - 'a');
	if (pid == (long)getpid()) {
		for (int i = 0; i < SLOTS; i++)
			if (slots[i].owner == (int)pid &&
			    strcmp(slots[i].name, name) == 0)
				return false;
		return true;
	}
	return pid <= 0 || (kill((pid_t)pid, 0) == -1 && errno == ESRCH) ||
	    is_zombie(pid);
}

/* Empties a directory; names may be skipped while others go, so it is read
 * again until there is none. */
static int
remove_entries(int fd, int depth)
{
	union {
		char bytes[2048];
		struct dirent64 align;
	} u;
	struct dirent64 *d;
	ssize_t n, pos;
	int sys, gone;

	do {
		if (lseek(fd, 0, SEEK_SET) == -1)
			return errno;
		gone = 0;
		while ((n = getdents64(fd, u.bytes, sizeof(u.bytes))) > 0) {
			for (pos = 0; pos < n; pos += d->d_reclen) {
				d = (struct dirent64 *)(void *)(u.bytes + pos);
				if (strcmp(d->d_name, ".") == 0 ||
				    strcmp(d->d_name, "..") == 0)
					continue;
				sys = temp_remove(fd, d->d_name, depth + 1);
				if (sys != 0)
					return sys;
				gone++;
			}
		}
		if (n == -1)
			return errno;
	} while (gone > 0);
	return 0;
}

int
temp_remove(int dirfd, const char *name, int depth)
{
	struct stat st;
	int fd, sys;

	if (depth > TEMP_DEPTH)
		return ELOOP;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(dirfd, name, 0) == -1 && errno != ENOENT)
			return errno;
		return 0;
	}
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return errno == ENOENT ? 0 : errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1)
		return errno;
	sys = remove_entries(fd, depth);
	(void)close(fd);
	if (sys != 0)
		return sys;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == -1 && errno != ENOENT)
		return errno;
	return 0;
}
