/* SPDX-License-Identifier: ISC */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/vis.h"

/*
 * Landlock's numbers as the kernel's documentation has them; the headers of
 * Debian 12 lack the newer ones.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
	CREATE_VERSION = 1 << 0,
	RULE_PATH_BENEATH = 1
};

#define FS_EXECUTE	(UINT64_C(1) << 0)
#define FS_WRITE_FILE	(UINT64_C(1) << 1)
#define FS_READ_FILE	(UINT64_C(1) << 2)
#define FS_READ_DIR	(UINT64_C(1) << 3)
#define FS_REMOVE_DIR	(UINT64_C(1) << 4)
#define FS_REMOVE_FILE	(UINT64_C(1) << 5)
#define FS_MAKE_DIR	(UINT64_C(1) << 7)
#define FS_MAKE_REG	(UINT64_C(1) << 8)
#define FS_MAKE_SYM	(UINT64_C(1) << 12)
#define FS_REFER	(UINT64_C(1) << 13)	/* ABI 2 */
#define FS_TRUNCATE	(UINT64_C(1) << 14)	/* ABI 3 */
#define FS_IOCTL_DEV	(UINT64_C(1) << 15)	/* ABI 5 */
#define FS_ALL_ABI1	((UINT64_C(1) << 13) - 1)
#define NET_BIND_TCP	(UINT64_C(1) << 0)	/* ABI 4 */
#define NET_CONNECT_TCP	(UINT64_C(1) << 1)

/* What may be said of something that is no directory. */
#define FS_FILE	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | \
		    FS_IOCTL_DEV)

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

static bool have_umask;
static mode_t old_umask;

static int
open_standard(struct error *err)
{
	int fd;

	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
		if (fcntl(i, F_GETFD) != -1)
			continue;
		/* the lowest that is free, thus i */
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			return error_sys(err, CODE_ERROR,
			    "'/dev/null': cannot be opened");
		if (fd != i) {
			(void)close(fd);
			return error_set(err, CODE_ERROR, "'/dev/null': "
			    "opened as %d, want %d", fd, i);
		}
	}
	return 0;
}

/* The leak checker of a sanitizer build attaches to its own process. */
static bool
may_hide(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return false;
#else
	return true;
#endif
#else
	return true;
#endif
}

int
sandbox_init(struct error *err)
{
	static const struct rlimit none = { 0, 0 };
	mode_t mask;

	if (open_standard(err) == -1)
		return -1;
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return error_sys(err, CODE_ERROR, "core dumps: cannot be "
		    "switched off");
	if (may_hide() && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return error_sys(err, CODE_ERROR, "debugging: cannot be "
		    "switched off");
	mask = umask(077);
	if (!have_umask)
		old_umask = mask;
	have_umask = true;
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

void
sandbox_restore_umask(void)
{
	if (have_umask)
		(void)umask(old_umask);
}

/* 0: none in this kernel, or switched off. */
static int
abi(void)
{
	long n;

	n = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	return n > 0 ? (int)n : 0;
}

/* The rights that this kernel can forbid. */
static uint64_t
handled(int version)
{
	uint64_t all = FS_ALL_ABI1;

	if (version >= 2)
		all |= FS_REFER;
	if (version >= 3)
		all |= FS_TRUNCATE;
	if (version >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

static uint64_t
rights(unsigned int access)
{
	uint64_t r = 0;

	if ((access & SANDBOX_READ) != 0)
		r |= FS_READ_FILE | FS_READ_DIR;
	if ((access & SANDBOX_WRITE) != 0)
		r |= FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR |
		    FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
		    FS_MAKE_REG | FS_MAKE_SYM | FS_REFER | FS_TRUNCATE;
	if ((access & SANDBOX_EXEC) != 0)
		r |= FS_EXECUTE | FS_READ_FILE;
	return r;
}

static int
allow(int ruleset, const struct sandbox_path *p, uint64_t all,
    struct error *err)
{
	struct path_beneath_attr rule = { rights(p->access) & all, -1 };
	struct stat st;
	int rc = -1;

	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd == -1) {
		/* what cannot be reached need not be allowed */
		if (errno == ENOENT || errno == ENOTDIR || errno == EACCES)
			return 0;
		return error_sys(err, CODE_ERROR, "'%s': cannot be opened for "
		    "the sandbox", vis(p->path));
	}
	if (fstat(rule.parent_fd, &st) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be examined",
		    vis(p->path));
		goto out;
	}
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_FILE;
	if (rule.allowed_access != 0 && syscall(SYS_landlock_add_rule, ruleset,
	    RULE_PATH_BENEATH, &rule, 0) == -1) {
		error_sys(err, CODE_ERROR, "'%s': the sandbox does not take "
		    "it", vis(p->path));
		goto out;
	}
	rc = 0;
out:
	(void)close(rule.parent_fd);
	return rc;
}

static int
enter_landlock(const struct sandbox_path *paths, size_t n, bool net,
    struct error *err)
{
	struct ruleset_attr attr = { 0, 0 };
	int version = abi(), rc = -1;
	bool writes = false;
	long fd;

	for (size_t i = 0; i < n; i++)
		writes |= (paths[i].access & SANDBOX_WRITE) != 0;
	/* without REFER nothing could be moved from one directory to another */
	if (version == 0 || (version == 1 && writes))
		return 0;
	attr.handled_access_fs = handled(version);
	if (version >= 4 && !net)
		attr.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
	fd = syscall(SYS_landlock_create_ruleset, &attr, version >= 4 ?
	    sizeof(attr) : sizeof(attr.handled_access_fs), 0);
	if (fd == -1)
		return error_sys(err, CODE_ERROR, "sandbox: cannot be made");
	for (size_t i = 0; i < n; i++)
		if (allow((int)fd, &paths[i], attr.handled_access_fs, err) ==
		    -1)
			goto out;
	if (syscall(SYS_landlock_restrict_self, (int)fd, 0) == -1) {
		error_sys(err, CODE_ERROR, "sandbox: cannot be entered");
		goto out;
	}
	rc = 0;
out:
	(void)close((int)fd);
	return rc;
}

int
sandbox_enter(const struct sandbox_path *paths, size_t n, bool net,
    struct error *err)
{
	static const struct rlimit files = { 256, 256 };
	static const struct rlimit size = { 1 << 30, 1 << 30 };
	struct rlimit now;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return error_sys(err, CODE_ERROR, "new privileges: cannot be "
		    "given up");
	/* never up: that may need a privilege */
	if (getrlimit(RLIMIT_NOFILE, &now) == -1 ||
	    (now.rlim_max > files.rlim_max &&
	    setrlimit(RLIMIT_NOFILE, &files) == -1) ||
	    getrlimit(RLIMIT_FSIZE, &now) == -1 ||
	    (now.rlim_max > size.rlim_max &&
	    setrlimit(RLIMIT_FSIZE, &size) == -1))
		return error_sys(err, CODE_ERROR, "limits: cannot be set");
	return enter_landlock(paths, n, net, err);
}

const char *
sandbox_text(void)
{
	static char text[80];
	int version = abi();

	if (version == 0)
		return "no landlock in this kernel, no_new_privs, rlimits";
	(void)snprintf(text, sizeof(text), "landlock ABI %d%s, no_new_privs, "
	    "rlimits", version, version == 1 ? " (for reading only)" : "");
	return text;
}
