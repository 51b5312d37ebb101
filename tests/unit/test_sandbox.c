/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "tmpdir.h"

static int
abi(void)
{
	int n = 0;

	(void)sscanf(sandbox_text(), "landlock ABI %d", &n);
	return n;
}

/* Runs it in a child of its own, since there is no way out of a sandbox. */
static int
in_child(int (*work)(void))
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0)
		_exit(work());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
can(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

static int
only_these_paths(void)
{
	const struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	char r[128], w[128], f[128];
	struct sandbox_path paths[] = {
		{ r, SANDBOX_READ },
		{ w, SANDBOX_WRITE },
		{ f, SANDBOX_READ },
		{ "/no/such/path", SANDBOX_WRITE },
		{ "/dev/null", SANDBOX_READ | SANDBOX_WRITE },
	};
	struct error err;

	(void)snprintf(r, sizeof(r), "%s", tmp_path("r"));
	(void)snprintf(w, sizeof(w), "%s", tmp_path("w"));
	(void)snprintf(f, sizeof(f), "%s", tmp_path("f"));
	if (sandbox_enter(paths, 5, false, &err) == -1) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	if (!can(tmp_path("r/f"), O_RDONLY) || can(tmp_path("r/f"), O_WRONLY) ||
	    can(tmp_path("r/new"), O_WRONLY | O_CREAT))
		return 3;
	if (!can(tmp_path("f"), O_RDONLY) || can(tmp_path("g"), O_RDONLY) ||
	    can("/etc/passwd", O_RDONLY))
		return 4;
	/* our own ways of writing work there, from one directory to another */
	if (atomic_write(AT_FDCWD, tmp_path("w/a"), "x", 1, &attr,
	    ATOMIC_REPLACE, &err) == -1 ||
	    atomic_move(AT_FDCWD, tmp_path("w/a"), AT_FDCWD,
	    tmp_path("w/d/a"), &err) == -1 ||
	    atomic_symlink("x", AT_FDCWD, tmp_path("w/l"), &err) == -1 ||
	    atomic_remove_tree(AT_FDCWD, tmp_path("w/d"), &err) == -1) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return 5;
	}
	if (atomic_move(AT_FDCWD, tmp_path("r/f"), AT_FDCWD, tmp_path("w/f"),
	    &err) == 0)
		return 6;
	if (execl("/bin/true", "true", (char *)NULL) != -1)
		return 7;
	return can("/dev/null", O_RDWR) ? 0 : 8;
}

static void
paths(void **state)
{
	(void)state;
	if (abi() < 2) {
		print_message("SKIP: %s\n", sandbox_text());
		return;
	}
	assert_int_equal(mkdir(tmp_path("r"), 0700), 0);
	assert_int_equal(mkdir(tmp_path("w"), 0700), 0);
	assert_int_equal(mkdir(tmp_path("w/d"), 0700), 0);
	tmp_put("r/f", "x", 0600);
	tmp_put("f", "x", 0600);
	tmp_put("g", "x", 0600);
	assert_int_equal(in_child(only_these_paths), 0);
}

static int
try_connect(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(9), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1)
		return 77;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return 0;
	return errno == EACCES ? 13 : 0;
}

static int
no_net(void)
{
	struct error err;

	return sandbox_enter(NULL, 0, false, &err) == -1 ? 99 : try_connect();
}

static int
with_net(void)
{
	struct error err;

	return sandbox_enter(NULL, 0, true, &err) == -1 ? 99 : try_connect();
}

static void
net(void **state)
{
	(void)state;
	if (abi() < 4) {
		print_message("SKIP: %s\n", sandbox_text());
		return;
	}
	assert_int_equal(in_child(no_net), 13);
	assert_int_equal(in_child(with_net), 0);
}

/* Runs in a child: standard descriptors are opened, the rest set. */
static int
init_closed(void)
{
	struct rlimit rl;
	struct error err;
	struct stat st;

	close(0);
	close(2);
	umask(022);
	if (sandbox_init(&err) == -1)
		return 1;
	if (fstat(0, &st) == -1 || !S_ISCHR(st.st_mode) ||
	    fstat(2, &st) == -1 || !S_ISCHR(st.st_mode))
		return 2;
	if (getrlimit(RLIMIT_CORE, &rl) == -1 || rl.rlim_max != 0)
		return 3;
	if (umask(0) != 077)
		return 4;
	sandbox_restore_umask();
	if (umask(0) != 022)
		return 5;
#ifndef __SANITIZE_ADDRESS__
#if !defined(__has_feature)
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 6;
#endif
#endif
	return 0;
}

static void
init(void **state)
{
	(void)state;
	assert_int_equal(in_child(init_closed), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(net),
		cmocka_unit_test(init),
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
