/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/background.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/proc.h"
#include "tmpdir.h"

enum { SOON = 20000 };		/* ms: longer than anything takes */

/* Of this run alone. */
static const char *
bell_name(const char *what)
{
	static char name[128];

	(void)snprintf(name, sizeof(name), "unit %d %s", (int)getpid(), what);
	return name;
}

/* ---- a copy ------------------------------------------------------------- */

/* In the copy: what it is, as text. */
static void
describe(int fd, int secret, pid_t parent)
{
	char text[256], null[64] = "";
	struct stat st;
	int open_fds = 0;

	for (int i = 0; i < 1024; i++)
		open_fds += fcntl(i, F_GETFD) != -1;
	if (readlink("/proc/self/fd/2", null, sizeof(null) - 1) == -1)
		null[0] = '\0';
	(void)snprintf(text, sizeof(text), "leader %d parent %d fd %d open "
	    "%d other %d 0:%s 2:%s hup %d", getsid(0) == getpid() &&
	    getpgrp() == getpid(), getppid() == parent, fd, open_fds,
	    fcntl(secret, F_GETFD) != -1,
	    fstat(0, &st) == 0 && S_ISCHR(st.st_mode) ? "device" : "other",
	    null, signal(SIGHUP, SIG_DFL) == SIG_IGN);
	if (write(fd, text, strlen(text)) == -1)
		_exit(3);
}

static void
hear(int fd, char *out, size_t size)
{
	size_t got = 1, len = 0;
	struct error err;

	while (got > 0 && len < size - 1) {
		if (io_read(fd, out + len, size - 1 - len, clock_mono() +
		    SOON, &got, "t", &err) == -1)
			fail_msg("%s", err.msg);
		len += got;
	}
	out[len] = '\0';
}

static void
copies(void **state)
{
	pid_t parent = getpid();
	char text[256], want[256];
	bool background;
	struct error err;
	int fd = -1, secret, status;

	(void)state;
	tmp_put("f", "x", 0600);
	/* far away, as sockets of a long run are */
	assert_true((fd = open(tmp_path("f"), O_RDONLY)) != -1);
	assert_true((secret = fcntl(fd, F_DUPFD, 700)) != -1);
	(void)close(fd);
	assert_int_equal(background_begin(&background, &fd, &err), 0);
	if (background) {
		describe(fd, secret, parent);
		background_end();
	}
	hear(fd, text, sizeof(text));
	(void)snprintf(want, sizeof(want), "leader 1 parent 1 fd %d open 4 "
	    "other 0 0:device 2:/dev/null hup 1", PROC_COPY_FD);
	assert_string_equal(text, want);
	/* ours stay */
	assert_int_not_equal(fcntl(secret, F_GETFD), -1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(secret);
	(void)close(fd);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

/* A descriptor that is where the copy's own belongs is not in the way. */
static void
copy_of_low_descriptor(void **state)
{
	char text[16];
	int fds[2], in, status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true((in = fcntl(fds[0], F_DUPFD, 20)) != -1);
	(void)close(fds[0]);
	if (fds[1] != PROC_COPY_FD) {
		assert_int_equal(dup2(fds[1], PROC_COPY_FD), PROC_COPY_FD);
		(void)close(fds[1]);
	}
	assert_true((pid = proc_copy(PROC_COPY_FD)) != -1);
	if (pid == 0)
		_exit(write(PROC_COPY_FD, "here", 4) == 4 ? 0 : 1);
	(void)close(PROC_COPY_FD);
	hear(in, text, sizeof(text));
	assert_string_equal(text, "here");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* a descriptor that is none: there is no copy that goes on */
	assert_true((pid = proc_copy(900)) != -1);
	if (pid == 0)
		_exit(7);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
	(void)close(in);
}

static void
processes(void **state)
{
	char name[64];
	int status;
	pid_t pid;

	(void)state;
	assert_true(proc_exists(getpid()));
	assert_int_equal(proc_parent(getpid()), getppid());
	/* as prctl() has it: under valgrind it is another program's */
	assert_int_equal(prctl(PR_SET_NAME, "a (b) c"), 0);
	proc_name(getpid(), name, sizeof(name));
	assert_string_equal(name, "a (b) c");
	proc_name(getpid(), name, 5);
	assert_string_equal(name, "a (b");
	assert_int_equal(proc_parent(getpid()), getppid());
	assert_true((pid = fork()) != -1);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	assert_int_equal(proc_parent(pid), getpid());
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(proc_exists(pid));
	assert_int_equal(proc_parent(pid), 0);
	proc_name(pid, name, sizeof(name));
	assert_string_equal(name, "");
	/* none that we could end: no group of a child of that starter */
	assert_false(proc_end_group(getpid()));
	assert_false(proc_end_group(0));
	assert_false(proc_end_group(1));
}

/* A group whose leader is a child of ours is ended by a member of it, which
 * stays: as certbot's hook ends the certbot that we run. */
static void
ends_its_group(void **state)
{
	pid_t us = getpid(), leader;
	char text[16];
	int fds[2], status;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true((leader = fork()) != -1);
	if (leader == 0) {
		(void)setpgid(0, 0);
		if (fork() == 0) {
			bool ended;

			/* not by who did not start it */
			ended = !proc_end_group(us + 1) && proc_end_group(us);
			(void)!write(fds[1], ended ? "ended" : "not", 5);
			_exit(0);
		}
		for (;;)
			(void)pause();
	}
	(void)close(fds[1]);
	assert_int_equal(waitpid(leader, &status, 0), leader);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	hear(fds[0], text, sizeof(text));
	assert_string_equal(text, "ended");
	(void)close(fds[0]);
}

/* ---- a bell ------------------------------------------------------------- */

static void
nobody_hears(void **state)
{
	struct error err;
	bool heard = true;
	int fd;

	(void)state;
	assert_int_equal(bell_ring(bell_name("a"), clock_mono() + SOON, &heard,
	    &err), 0);
	assert_false(heard);
	/* one that is closed is gone */
	assert_int_equal(bell_open(bell_name("a"), &fd, &err), 0);
	(void)close(fd);
	assert_int_equal(bell_ring(bell_name("a"), clock_mono() + SOON, &heard,
	    &err), 0);
	assert_false(heard);
	/* one of a name */
	assert_int_equal(bell_open(bell_name("a"), &fd, &err), 0);
	assert_int_equal(bell_open(bell_name("a"), &(int){ 0 }, &err), -1);
	assert_int_equal(err.sys, EADDRINUSE);
	assert_int_equal(bell_ring(bell_name("b"), clock_mono() + SOON, &heard,
	    &err), 0);
	assert_false(heard);
	(void)close(fd);
}

/* Who rings waits until the other side is done. */
static void
rings(void **state)
{
	struct error err;
	int bell, caller = -1, fds[2], status;
	bool heard = false;
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(bell_open(bell_name("r"), &bell, &err), 0);
	assert_int_equal(fcntl(bell, F_GETFD), FD_CLOEXEC);
	assert_true((pid = fork()) != -1);
	if (pid == 0) {
		bell_wait(bell, 0, clock_mono() + SOON, &caller);
		/* what must be there before the caller goes on */
		if (caller == -1 || write(fds[1], "d", 1) != 1)
			_exit(1);
		_exit(0);
	}
	(void)close(bell);
	(void)close(fds[1]);
	/* the name is that of the parent, in both */
	assert_int_equal(bell_ring(bell_name("r"), clock_mono() + SOON, &heard,
	    &err), 0);
	assert_true(heard);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(fds[0]);
}

/* One who does not answer costs no more than the deadline. */
static void
no_answer(void **state)
{
	struct error err;
	bool heard = false;
	int bell;

	(void)state;
	assert_int_equal(bell_open(bell_name("n"), &bell, &err), 0);
	assert_int_equal(bell_ring(bell_name("n"), clock_mono() + 50, &heard,
	    &err), -1);
	assert_true(heard);
	assert_int_equal(err.code, CODE_RETRY);
	(void)close(bell);
}

static void
waits_no_longer(void **state)
{
	struct error err;
	int64_t before;
	int bell, caller = 7, status;
	pid_t pid, gone;

	(void)state;
	assert_int_equal(bell_open(bell_name("w"), &bell, &err), 0);
	/* the deadline, past or soon */
	before = clock_mono();
	bell_wait(bell, 0, before - 1, &caller);
	assert_int_equal(caller, -1);
	caller = 7;
	bell_wait(bell, getpid(), clock_mono() + 50, &caller);
	assert_int_equal(caller, -1);
	assert_true(clock_mono() - before >= 50);
	/* a process that is gone already, or goes meanwhile */
	assert_true((gone = fork()) != -1);
	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, &status, 0), gone);
	before = clock_mono();
	bell_wait(bell, gone, before + SOON, &caller);
	assert_int_equal(caller, -1);
	/* not ours to wait for, as certbot is not */
	(void)signal(SIGCHLD, SIG_IGN);
	assert_true((pid = fork()) != -1);
	if (pid == 0) {
		clock_sleep(50);
		_exit(0);
	}
	bell_wait(bell, pid, before + SOON, &caller);
	assert_int_equal(caller, -1);
	assert_true(clock_mono() - before < SOON);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)close(bell);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(copy_of_low_descriptor),
		cmocka_unit_test(processes),
		cmocka_unit_test(ends_its_group),
		cmocka_unit_test(nobody_hears),
		cmocka_unit_test(rings),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(waits_no_longer),
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
