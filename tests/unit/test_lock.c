/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/lock.h"
#include "tmpdir.h"

/* certbot's way: a POSIX lock. */
static int
posix_lock(const char *name)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	fd = open(tmp_path(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd == -1 || fcntl(fd, F_SETLK, &fl) == -1) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

static void
takes_and_releases(void **state)
{
	struct lock a = LOCK_NONE, b = LOCK_NONE;
	struct error err;

	(void)state;
	lock_release(&a);
	assert_int_equal(lock_acquire(&a, tmp_path("l"), 0, &err), 0);
	assert_true(a.fd >= 0);
	assert_int_equal(lock_acquire(&b, tmp_path("l"), 0, &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	assert_int_equal(b.fd, -1);
	assert_null(b.path);
	lock_release(&a);
	assert_int_equal(access(tmp_path("l"), F_OK), -1);
	lock_release(&a);
	/* a stale file is no hindrance */
	tmp_put("l", "", 0600);
	assert_int_equal(lock_acquire(&a, tmp_path("l"), 0, &err), 0);
	/* closing another descriptor of the file does not lose it */
	close(open(tmp_path("l"), O_RDONLY));
	assert_int_equal(lock_acquire(&b, tmp_path("l"), 0, &err), -1);
	lock_release(&a);
}

/* A child holds it as certbot does, for as long as told. */
static pid_t
start_holder(const char *name, int64_t ms)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		if (posix_lock(name) == -1)
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		clock_sleep(ms);
		(void)unlink(tmp_path(name));
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void
waits_for_certbot(void **state)
{
	struct lock l = LOCK_NONE;
	struct error err;
	char want[200];
	int64_t start;
	pid_t pid;

	(void)state;
	pid = start_holder("w", 30000);
	start = clock_mono();
	assert_int_equal(lock_acquire(&l, tmp_path("w"), 200, &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	(void)snprintf(want, sizeof(want), "/w': is held by process %d "
	    "(test_lock), want it free", (int)pid);
	if (strstr(err.msg, "valgrind") == NULL &&
	    strstr(err.msg, "memcheck") == NULL)
		assert_non_null(strstr(err.msg, want));
	assert_true(clock_mono() - start >= 200);
	assert_true(clock_mono() - start < 5000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* one that ends, and removes the file first */
	pid = start_holder("w", 300);
	assert_int_equal(lock_acquire(&l, tmp_path("w"), 20000, &err), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(access(tmp_path("w"), F_OK), 0);
	/* and certbot cannot take ours */
	if ((pid = fork()) == 0)
		_exit(posix_lock("w") == -1 ? 0 : 1);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	lock_release(&l);
}

/* We were started from a hook of the certbot that holds it. */
static void
ancestor_counts_as_ours(void **state)
{
	struct lock l = LOCK_NONE;
	struct error err;
	int fd, status;
	pid_t pid;

	(void)state;
	fd = posix_lock("a");
	assert_true(fd >= 0);
	if ((pid = fork()) == 0) {
		if (fork() == 0) {
			if (lock_acquire(&l, tmp_path("a"), 0, &err) == -1)
				_exit(1);
			if (l.fd != -1 || l.path == NULL)
				_exit(2);
			lock_release(&l);
			/* certbot's file is still there */
			_exit(access(tmp_path("a"), F_OK) == 0 ? 0 : 3);
		}
		wait(&status);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	close(fd);
}

/* Many at once, each with the file unlinked at release: never two inside. */
static void
excludes(void **state)
{
	int status;

	(void)state;
	for (int i = 0; i < 5; i++) {
		if (fork() != 0)
			continue;
		struct lock l = LOCK_NONE;
		struct error err;
		int fd;

		for (int k = 0; k < 6; k++) {
			if (lock_acquire(&l, tmp_path("x"), 30000, &err) == -1)
				_exit(1);
			fd = open(tmp_path("inside"), O_CREAT | O_EXCL, 0600);
			if (fd == -1)
				_exit(2);
			clock_sleep(2);
			unlink(tmp_path("inside"));
			close(fd);
			lock_release(&l);
		}
		_exit(0);
	}
	for (int i = 0; i < 5; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

static void
cannot(void **state)
{
	struct lock l = LOCK_NONE;
	struct error err;

	(void)state;
	assert_int_equal(lock_acquire(&l, tmp_path("none/l"), 0, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_non_null(strstr(err.msg, "its directory does not exist"));
	assert_int_equal(symlink("elsewhere", tmp_path("link")), 0);
	assert_int_equal(lock_acquire(&l, tmp_path("link"), 0, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_int_equal(mkdir(tmp_path("dir"), 0700), 0);
	assert_int_equal(lock_acquire(&l, tmp_path("dir"), 0, &err), -1);
	if (geteuid() != 0) {
		assert_int_equal(chmod(tmp_path("dir"), 0500), 0);
		assert_int_equal(lock_acquire(&l, tmp_path("dir/l"), 0, &err),
		    -1);
		assert_int_equal(err.code, CODE_TRUST);
		assert_non_null(strstr(err.msg, "run as its owner"));
		return;
	}
	assert_int_equal(lock_acquire(&l, "/proc/x/y", 0, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_and_releases),
		cmocka_unit_test(waits_for_certbot),
		cmocka_unit_test(ancestor_counts_as_ours),
		cmocka_unit_test(excludes),
		cmocka_unit_test(cannot),
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
