/* SPDX-License-Identifier: ISC */
/*
 * Stands between our own objects and libc (the linker's --wrap), so that a
 * test can let call number N fail or be the last one.  The variable
 * ACMEFERRY_FAULT says what to do:
 *
 *	count:FILE	writes "ALLOC SYS CHANGE\n", the calls made, to FILE
 *	alloc:N		allocation N fails
 *	sys:N:ERRNO	system call N fails with ERRNO (a number)
 *	full:N		from change N on, the disk is full (ENOSPC)
 *	crash:N		the process dies at change N; a write gets half way
 *
 * ACMEFERRY_FAULT_LOG: a file for the backtrace of the call that failed.
 * Libraries' own calls are not touched: --wrap changes only references of the
 * objects that are linked here.
 */
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum mode { MODE_OFF, MODE_COUNT, MODE_ALLOC, MODE_SYS, MODE_FULL,
	MODE_CRASH };

static enum mode mode = MODE_OFF;
static long target;
static int target_errno = EIO;
static const char *count_file;
static long allocs, calls, changes;

static long
more(long a, long b)
{
	return a > b ? a : b;
}

/* Of a copy in the background, which goes on counting, and the one that was
 * started, what is more. */
static void
report_counts(void)
{
	long a = 0, c = 0, d = 0;
	FILE *f;

	if ((f = fopen(count_file, "r")) != NULL) {
		if (fscanf(f, "%ld %ld %ld", &a, &c, &d) != 3)
			_exit(99);
		(void)fclose(f);
	}
	if ((f = fopen(count_file, "w")) == NULL ||
	    fprintf(f, "%ld %ld %ld\n", more(a, allocs), more(c, calls),
	    more(d, changes)) < 0 || fclose(f) != 0)
		_exit(99);
}

__attribute__((constructor)) static void
setup(void)
{
	const char *e = getenv("ACMEFERRY_FAULT");
	char *end;

	if (e == NULL)
		return;
	if (strncmp(e, "count:", 6) == 0) {
		count_file = e + 6;
		mode = MODE_COUNT;
		(void)atexit(report_counts);
		return;
	}
	if (strncmp(e, "alloc:", 6) == 0)
		mode = MODE_ALLOC;
	else if (strncmp(e, "sys:", 4) == 0)
		mode = MODE_SYS;
	else if (strncmp(e, "full:", 5) == 0)
		mode = MODE_FULL;
	else if (strncmp(e, "crash:", 6) == 0)
		mode = MODE_CRASH;
	else
		_exit(98);
	target = strtol(strchr(e, ':') + 1, &end, 10);
	if (*end == ':')
		target_errno = (int)strtol(end + 1, NULL, 10);
}

/* For whoever reads that a run was judged wrong. */
static void
tell_where(void)
{
	const char *path = getenv("ACMEFERRY_FAULT_LOG");
	int fd, n, old = errno;
	void *frames[16];

	if (path != NULL && (fd = creat(path, 0600)) != -1) {
		n = backtrace(frames, 16);
		backtrace_symbols_fd(frames, n, fd);
	}
	errno = old;
}

static bool
alloc_fails(void)
{
	allocs++;
	if (mode != MODE_ALLOC || allocs != target)
		return false;
	tell_where();
	errno = ENOMEM;
	return true;
}

static bool
call_fails(void)
{
	calls++;
	if (mode != MODE_SYS || calls != target)
		return false;
	tell_where();
	errno = target_errno;
	return true;
}

/* A call that changes what is on the disk. */
static bool
change_fails(void)
{
	changes++;
	if (mode == MODE_CRASH && changes == target)
		_exit(137);
	if (mode == MODE_FULL && changes >= target) {
		errno = ENOSPC;
		return true;
	}
	return call_fails();
}

#define REAL(ret, name, params) \
	ret __real_##name params; \
	ret __wrap_##name params
#define ALLOC(ret, name, params, args) \
	REAL(ret, name, params); \
	ret __wrap_##name params \
	{ \
		return alloc_fails() ? NULL : __real_##name args; \
	}
#define CALL(ret, name, params, args, bad) \
	REAL(ret, name, params); \
	ret __wrap_##name params \
	{ \
		return call_fails() ? (bad) : __real_##name args; \
	}
#define CHANGE(ret, name, params, args) \
	REAL(ret, name, params); \
	ret __wrap_##name params \
	{ \
		return change_fails() ? -1 : __real_##name args; \
	}

ALLOC(void *, malloc, (size_t n), (n))
ALLOC(void *, calloc, (size_t n, size_t m), (n, m))
ALLOC(void *, realloc, (void *p, size_t n), (p, n))
ALLOC(void *, reallocarray, (void *p, size_t n, size_t m), (p, n, m))
ALLOC(char *, strdup, (const char *s), (s))
ALLOC(char *, strndup, (const char *s, size_t n), (s, n))

CALL(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), -1)
CALL(ssize_t, pread, (int fd, void *p, size_t n, off_t o), (fd, p, n, o), -1)
CALL(int, fstat, (int fd, struct stat *st), (fd, st), -1)
CALL(int, stat, (const char *p, struct stat *st), (p, st), -1)
CALL(int, lstat, (const char *p, struct stat *st), (p, st), -1)
CALL(int, fstatat, (int fd, const char *p, struct stat *st, int f),
    (fd, p, st, f), -1)
CALL(int, access, (const char *p, int m), (p, m), -1)
CALL(DIR *, opendir, (const char *p), (p), NULL)
CALL(struct dirent *, readdir, (DIR *d), (d), NULL)
CALL(int, dup2, (int a, int b), (a, b), -1)
CALL(int, waitid, (idtype_t t, id_t i, siginfo_t *s, int o), (t, i, s, o), -1)
CALL(int, close_range, (unsigned int a, unsigned int b, int f), (a, b, f), -1)
CALL(int, chdir, (const char *p), (p), -1)
CALL(int, execve, (const char *p, char *const a[], char *const e[]),
    (p, a, e), -1)
CALL(int, gethostname, (char *p, size_t n), (p, n), -1)
CALL(DIR *, fdopendir, (int fd), (fd), NULL)
CALL(ssize_t, readlink, (const char *p, char *b, size_t n), (p, b, n), -1)
CALL(ssize_t, readlinkat, (int fd, const char *p, char *b, size_t n),
    (fd, p, b, n), -1)
CALL(char *, realpath, (const char *p, char *r), (p, r), NULL)
CALL(int, dup3, (int a, int b, int f), (a, b, f), -1)
CALL(int, pipe2, (int p[2], int f), (p, f), -1)
CALL(pid_t, fork, (void), (), -1)
CALL(int, poll, (struct pollfd *p, nfds_t n, int t), (p, n, t), -1)
CALL(int, setpgid, (pid_t p, pid_t g), (p, g), -1)
CALL(char *, getcwd, (char *b, size_t n), (b, n), NULL)
CALL(ssize_t, getdents64, (int fd, void *b, size_t n), (fd, b, n), -1)
CALL(ssize_t, getrandom, (void *b, size_t n, unsigned int f), (b, n, f), -1)
CALL(pid_t, waitpid, (pid_t p, int *s, int o), (p, s, o), -1)
CALL(int, faccessat, (int fd, const char *p, int m, int f), (fd, p, m, f), -1)
CALL(off_t, lseek, (int fd, off_t o, int w), (fd, o, w), -1)
CALL(int, setrlimit, (__rlimit_resource_t r, const struct rlimit *l), (r, l),
    -1)
CALL(int, getrlimit, (__rlimit_resource_t r, struct rlimit *l), (r, l), -1)

CHANGE(int, fsync, (int fd), (fd))
CHANGE(int, renameat, (int a, const char *p, int b, const char *q),
    (a, p, b, q))
CHANGE(int, renameat2,
    (int a, const char *p, int b, const char *q, unsigned int f),
    (a, p, b, q, f))
CHANGE(int, linkat, (int a, const char *p, int b, const char *q, int f),
    (a, p, b, q, f))
CHANGE(int, symlinkat, (const char *t, int fd, const char *p), (t, fd, p))
CHANGE(int, unlinkat, (int fd, const char *p, int f), (fd, p, f))
CHANGE(int, mkdirat, (int fd, const char *p, mode_t m), (fd, p, m))
CHANGE(int, fchmod, (int fd, mode_t m), (fd, m))
CHANGE(int, fchmodat, (int fd, const char *p, mode_t m, int f), (fd, p, m, f))
CHANGE(int, fchown, (int fd, uid_t u, gid_t g), (fd, u, g))
CHANGE(int, fchownat, (int fd, const char *p, uid_t u, gid_t g, int f),
    (fd, p, u, g, f))
CHANGE(int, ftruncate, (int fd, off_t n), (fd, n))
CHANGE(int, futimens, (int fd, const struct timespec t[2]), (fd, t))
CHANGE(int, utimensat,
    (int fd, const char *p, const struct timespec t[2], int f), (fd, p, t, f))

REAL(ssize_t, write, (int fd, const void *p, size_t n));
ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	/* what goes to a person or a peer is no change of the disk */
	if (fd <= 2)
		return call_fails() ? -1 : __real_write(fd, p, n);
	if (mode == MODE_CRASH && changes + 1 == target)
		(void)!__real_write(fd, p, n / 2);
	return change_fails() ? -1 : __real_write(fd, p, n);
}

/* A close that fails has closed all the same. */
REAL(int, close, (int fd));
int
__wrap_close(int fd)
{
	if (call_fails()) {
		(void)__real_close(fd);
		errno = target_errno;
		return -1;
	}
	return __real_close(fd);
}

int __real_openat(int, const char *, int, ...);
int __wrap_openat(int, const char *, int, ...);
int
__wrap_openat(int dir, const char *path, int flags, ...)
{
	mode_t m = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & O_CREAT) != 0)
		m = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_CREAT) != 0 ? change_fails() : call_fails())
		return -1;
	return __real_openat(dir, path, flags, m);
}

int __real_open(const char *, int, ...);
int __wrap_open(const char *, int, ...);
int
__wrap_open(const char *path, int flags, ...)
{
	mode_t m = 0;
	va_list ap;

	va_start(ap, flags);
	if ((flags & O_CREAT) != 0)
		m = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_CREAT) != 0 ? change_fails() : call_fails())
		return -1;
	return __real_open(path, flags, m);
}

int __real_fcntl(int, int, ...);
int __wrap_fcntl(int, int, ...);
int
__wrap_fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return call_fails() ? -1 : __real_fcntl(fd, cmd, arg);
}

/* pidfd_open and Landlock: no more arguments than four */
long __real_syscall(long, ...);
long __wrap_syscall(long, ...);
long
__wrap_syscall(long number, ...)
{
	unsigned long a[4];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return call_fails() ? -1 : __real_syscall(number, a[0], a[1], a[2],
	    a[3]);
}

int __real_prctl(int, ...);
int __wrap_prctl(int, ...);
int
__wrap_prctl(int op, ...)
{
	unsigned long a[4];
	va_list ap;

	va_start(ap, op);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return call_fails() ? -1 : __real_prctl(op, a[0], a[1], a[2], a[3]);
}
