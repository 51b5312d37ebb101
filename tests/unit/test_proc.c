/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/sandbox.h"
#include "tmpdir.h"

static char env_path[] = "PATH=/usr/bin:/bin";
static char *env_v[] = { env_path, NULL };

/* An argument vector of literals, in one of two static ones. */
static char **
args(const char *a, const char *b, const char *c)
{
	static char *v[2][4];
	static unsigned int next;
	char **to = v[next++ % 2];

	to[0] = (char *)(uintptr_t)a;
	to[1] = (char *)(uintptr_t)b;
	to[2] = (char *)(uintptr_t)c;
	return to;
}

/* sh -c script; what it said. */
static int
sh(const char *script, const char *input, struct buf *out, struct buf *said,
    int64_t ms, struct error *err)
{
	struct proc_spec spec = { .argv = args("sh", "-c", script),
		.envp = env_v, .in = PROC_NULL, .out = PROC_NULL,
		.err = PROC_NULL };
	struct buf in;
	int status, rc;

	buf_init(&in, 1 << 20);
	if (input != NULL)
		buf_adds(&in, input);
	rc = proc_run(&spec, input != NULL ? &in : NULL, out, said,
	    ms == 0 ? 0 : clock_mono() + ms, &status, err);
	buf_free(&in);
	return rc == -1 ? -1 : status;
}

static void
statuses(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(sh("exit 0", NULL, NULL, NULL, 0, &err), 0);
	assert_int_equal(sh("exit 255", NULL, NULL, NULL, 0, &err), 255);
	assert_int_equal(sh("kill -9 $$", NULL, NULL, NULL, 0, &err),
	    256 + SIGKILL);
}

static void
input_and_output(void **state)
{
	struct buf out, said;
	struct error err;
	static char big[200001];

	(void)state;
	buf_init(&out, 1 << 20);
	buf_init(&said, 1 << 20);
	assert_int_equal(sh("cat; echo oops >&2", "hello", &out, &said, 9999,
	    &err), 0);
	assert_string_equal(buf_str(&out), "hello");
	assert_string_equal(buf_str(&said), "oops\n");
	/* more than the pipes hold, both ways */
	memset(big, 'x', sizeof(big) - 1);
	buf_reset(&out);
	assert_int_equal(sh("cat", big, &out, NULL, 30000, &err), 0);
	assert_int_equal(out.len, sizeof(big) - 1);
	assert_string_equal(buf_str(&out), big);
	/* a child that does not want its input is fine */
	buf_reset(&out);
	assert_int_equal(sh("exec <&-; echo done", big, &out, NULL, 9999,
	    &err), 0);
	assert_string_equal(buf_str(&out), "done\n");
	assert_int_equal(sh("exit 3", big, NULL, NULL, 9999, &err), 3);
	buf_free(&out);
	/* exactly the ceiling, and one more */
	buf_init(&out, 5);
	assert_int_equal(sh("printf 12345", NULL, &out, NULL, 9999, &err), 0);
	assert_string_equal(buf_str(&out), "12345");
	buf_reset(&out);
	assert_int_equal(sh("printf 123456; sleep 60", NULL, &out, NULL, 9999,
	    &err), -1);
	assert_string_equal(err.msg, "'sh': longer than 5 bytes");
	buf_free(&out);
	buf_free(&said);
}

/* The end of what it said is kept: that is where the reason stands. */
static void
long_stderr(void **state)
{
	struct buf said;
	struct error err;

	(void)state;
	buf_init(&said, 1 << 20);
	assert_int_equal(sh("i=0; while [ $i -lt 3000 ]; do echo line $i; "
	    "i=$((i + 1)); done >&2", NULL, NULL, &said, 30000, &err), 0);
	assert_int_equal(said.len, LIMIT_CHILD_STDERR);
	assert_string_equal(said.data + said.len - 10, "line 2999\n");
	buf_free(&said);
}

static void
deadline_ends_the_group(void **state)
{
	struct error err;
	struct buf out;
	int64_t start = clock_mono();
	pid_t pid;

	(void)state;
	buf_init(&out, 1000);
	/* sleep is a child of sh: both must go */
	assert_int_equal(sh("sleep 60 & echo $!; wait", NULL, &out, NULL, 300,
	    &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	assert_string_equal(err.msg, "'sh': did not end before its deadline "
	    "and was ended");
	assert_true(clock_mono() - start < 10000);
	pid = (pid_t)strtol(buf_str(&out), NULL, 10);
	assert_true(pid > 1);
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) {
		char path[64], text[256] = "";
		int fd;

		/* nobody may be there to reap it: then it is a zombie */
		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		if ((fd = open(path, O_RDONLY)) == -1)
			break;
		assert_true(read(fd, text, sizeof(text) - 1) >= 0);
		close(fd);
		if (strstr(text, ") Z ") != NULL)
			break;
		clock_sleep(20);
		assert_int_not_equal(i, 99);
	}
	buf_free(&out);
	/* one that ignores TERM */
	start = clock_mono();
	assert_int_equal(sh("trap '' TERM; while :; do sleep 1; done", NULL,
	    NULL, NULL, 200, &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	assert_true(clock_mono() - start < 15000);
}

/* A daemon that keeps our pipe open does not keep us. */
static void
grandchild_keeps_the_pipe(void **state)
{
	struct error err;
	struct buf out, said;
	int64_t start = clock_mono();

	(void)state;
	buf_init(&out, 1000);
	buf_init(&said, 1000);
	assert_int_equal(sh("setsid sleep 5 & echo started", NULL, &out, &said,
	    20000, &err), 0);
	assert_string_equal(buf_str(&out), "started\n");
	assert_true(clock_mono() - start < 4500);
	buf_free(&out);
	buf_free(&said);
}

static void
cannot_start(void **state)
{
	struct proc_spec spec = { .argv = args("no-such-program-x", NULL,
	    NULL), .envp = env_v };
	struct error err;
	struct proc p;
	int status;

	(void)state;
	assert_int_equal(proc_start(&p, &spec, &err), -1);
	assert_int_equal(err.code, CODE_ERROR);
	assert_memory_equal(err.msg, "'no-such-program-x': no such program in "
	    "PATH (", 46);
	assert_int_equal(proc_wait(&p, 0, &status, &err), -1);
	proc_kill(&p);
	spec.argv = args("/etc/passwd", NULL, NULL);
	assert_int_equal(proc_start(&p, &spec, &err), -1);
	proc_kill(&p);
	/* executable, but no program: seen only by exec */
	tmp_put("junk", "\x01\x02", 0700);
	char path[256];
	(void)snprintf(path, sizeof(path), "%s", tmp_path("junk"));
	spec.argv = args(path, NULL, NULL);
	assert_int_equal(proc_start(&p, &spec, &err), -1);
	assert_int_equal(err.sys, ENOEXEC);
	assert_non_null(strstr(err.msg, "/junk': cannot be run: Exec format"));
	/* a working directory that is not there */
	spec.argv = args("true", NULL, NULL);
	spec.cwd = "/none";
	assert_int_equal(proc_start(&p, &spec, &err), -1);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(wait(&status), -1);	/* all reaped */
}

/* The child gets 0, 1, 2 and nothing else, default signals, our old umask. */
static void
clean_start(void **state)
{
	struct error err;
	struct buf out;
	sigset_t set;
	int fd;

	(void)state;
	buf_init(&out, 4000);
	fd = open("/dev/null", O_RDONLY);	/* no O_CLOEXEC */
	assert_true(fd > 2);
	assert_int_equal(dup2(fd, 40), 40);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(027);
	assert_int_equal(sandbox_init(&err), 0);
	assert_int_equal(sandbox_init(&err), 0);
	/* signals 1 to 28: the C library keeps some above to itself */
	assert_int_equal(sh("ls /proc/self/fd | wc -l; pwd; umask; "
	    "grep SigBlk /proc/self/status | tail -c 8; "
	    "grep SigIgn /proc/self/status | tail -c 8; ulimit -c; "
	    "env | grep -v ^PWD=", NULL, &out, NULL, 9999, &err), 0);
	/* 3 is ls reading the directory */
	assert_string_equal(buf_str(&out), "4\n/\n0027\n0000000\n0000000\n"
	    "0\nPATH=/usr/bin:/bin\n");
	assert_int_equal(umask(022), 077);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(40);
	close(fd);
	buf_free(&out);
}

static void
pipes_by_hand(void **state)
{
	struct proc_spec spec = { .argv = args("sh", "-c",
	    "echo note >&2; exec cat"), .envp = env_v,
		.in = PROC_PIPE, .out = PROC_PIPE, .err = PROC_CAPTURE };
	struct error err;
	struct proc p;
	char text[16];
	int status;

	(void)state;
	assert_int_equal(proc_start(&p, &spec, &err), 0);
	assert_int_equal(write(p.in, "ping", 4), 4);
	assert_int_equal(read(p.out, text, sizeof(text)), 4);
	assert_memory_equal(text, "ping", 4);
	assert_int_equal(proc_wait(&p, clock_mono() + 9999, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_string_equal(buf_str(&p.err_text), "note\n");
	proc_kill(&p);
	proc_kill(&p);
	/* and one that is ended */
	assert_int_equal(proc_start(&p, &spec, &err), 0);
	proc_kill(&p);
	assert_int_equal(p.pid, 0);
	assert_int_equal(p.in, -1);
	assert_int_equal(wait(&status), -1);
	/* both together */
	spec.out = PROC_CAPTURE;
	spec.in = PROC_NULL;
	spec.argv = args("sh", "-c", "echo a; echo b >&2");
	assert_int_equal(proc_start(&p, &spec, &err), 0);
	assert_int_equal(proc_wait(&p, clock_mono() + 9999, &status, &err), 0);
	assert_string_equal(buf_str(&p.err_text), "a\nb\n");
	proc_kill(&p);
}

/* A child does not outlive us. */
static void
dies_with_us(void **state)
{
	struct proc_spec spec = { .argv = args("sleep", "60", NULL),
		.envp = env_v };
	struct error err;
	struct proc p;
	int fds[2], status;
	char path[64], c;
	pid_t pid, child;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		if (proc_start(&p, &spec, &err) == -1)
			_exit(1);
		if (write(fds[1], &p.pid, sizeof(p.pid)) != sizeof(p.pid))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(read(fds[0], &child, sizeof(child)), sizeof(child));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)child);
	for (int i = 0; i < 200; i++) {
		int fd = open(path, O_RDONLY);

		/* gone, or a zombie without a command line */
		if (fd == -1)
			break;
		ssize_t n = read(fd, &c, 1);
		close(fd);
		if (n <= 0)
			break;
		clock_sleep(20);
		assert_int_not_equal(i, 199);
	}
	close(fds[0]);
	close(fds[1]);
}

/* In a process of its own: a temporary tree, a child that is still writing
 * there when it is told to end, and the signal. */
static void
end_with_a_tree(int ready)
{
	static const char script[] = "trap 'sleep 0.3; mkdir -p \"$0/late\"; "
	    "echo >\"$0/../ended\"; exit' TERM; echo >&2; "
	    "while :; do sleep 0.05; done";
	static const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	char tree[256], *argv[] = { NULL, NULL, NULL, tree, NULL };
	struct proc_spec spec = { .argv = argv, .envp = env_v,
		.err = PROC_INHERIT };
	struct atomic_dir dir;
	struct error err;
	struct proc p;
	int fd;

	argv[0] = args("/bin/sh", NULL, NULL)[0];
	argv[1] = args("-c", NULL, NULL)[0];
	argv[2] = args(script, NULL, NULL)[0];
	fd = open(tmp_path("trees"), O_RDONLY | O_DIRECTORY);
	if (fd == -1 || dup2(ready, STDERR_FILENO) == -1 ||
	    atomic_dir_begin(&dir, fd, &attr, &err) == -1)
		_exit(1);
	(void)snprintf(tree, sizeof(tree), "%s/%s", tmp_path("trees"),
	    dir.name);
	if (proc_start(&p, &spec, &err) == -1)
		_exit(1);
	for (;;)
		pause();
}

/* What a signal removes stays away, whatever a child was about to write. */
static void
ends_children_before_their_tree(void **state)
{
	int fds[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(mkdir(tmp_path("trees"), 0700), 0);
	assert_int_equal(pipe(fds), 0);
	if ((pid = fork()) == 0)
		end_with_a_tree(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	for (int i = 0; access(tmp_path("trees/ended"), F_OK) == -1; i++) {
		assert_int_not_equal(i, 500);
		clock_sleep(20);
	}
	assert_int_equal(unlink(tmp_path("trees/ended")), 0);
	/* nothing else is there */
	assert_int_equal(rmdir(tmp_path("trees")), 0);
	close(fds[0]);
	close(fds[1]);
}

/* ---- a copy of ourselves ------------------------------------------------ */

static int
tell_fds(void *arg, int fd)
{
	int *given = arg, open_fds = 0;
	char text[32];
	int n;

	for (int i = 0; i < 256; i++)
		open_fds += fcntl(i, F_GETFD) != -1;
	n = snprintf(text, sizeof(text), "%d %d %d", *given, open_fds,
	    getpgrp() == getpid());
	return write(fd, text, (size_t)n) == n ? 7 : 1;
}

static int
die(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	(void)raise(SIGKILL);
	return 0;
}

static int
linger(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	while (pause() == -1)
		;
	return 0;
}

static void
copies(void **state)
{
	struct error err;
	struct proc p;
	char text[32] = "";
	int status, given = 42;
	int64_t began;

	(void)state;
	assert_int_equal(proc_fork(&p, tell_fds, &given, "it", &err), 0);
	assert_true(read(p.out, text, sizeof(text) - 1) > 0);
	/* stdin, stdout, stderr and the pipe */
	assert_string_equal(text, "42 4 1");
	assert_int_equal(proc_wait(&p, clock_mono() + 5000, &status, &err),
	    0);
	assert_int_equal(status, 7);
	proc_kill(&p);

	assert_int_equal(proc_fork(&p, die, NULL, "it", &err), 0);
	assert_int_equal(read(p.out, text, sizeof(text)), 0);
	assert_int_equal(proc_wait(&p, clock_mono() + 5000, &status, &err),
	    0);
	assert_int_equal(status, 256 + SIGKILL);
	proc_kill(&p);

	/* TERM ends it though we ignore that ourselves */
	(void)signal(SIGTERM, SIG_IGN);
	assert_int_equal(proc_fork(&p, linger, NULL, "it", &err), 0);
	(void)signal(SIGTERM, SIG_DFL);
	began = clock_mono();
	assert_int_equal(proc_wait(&p, began + 100, &status, &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	assert_true(clock_mono() - began < 1500);
	proc_kill(&p);
}

static void
environment(void **state)
{
	struct strs extra = { 0 }, env = { 0 };
	struct error err;
	char *all;

	(void)state;
	clearenv();
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C", 1);
	setenv("LANGUAGE", "de", 1);
	setenv("https_proxy", "http://p", 1);
	setenv("LD_PRELOAD", "x", 1);
	setenv("AWS_KEY", "k", 1);
	setenv("MINE", "m", 1);
	setenv("SECRET", "s", 1);
	assert_int_equal(strs_add(&extra, "MINE", &err), 0);
	assert_int_equal(strs_add(&extra, "AWS_*", &err), 0);
	assert_int_equal(strs_add(&extra, "LD_*", &err), 0);
	assert_int_equal(proc_env(&extra, &env, &err), 0);
	strs_sort(&env);
	all = strs_join(&env, " ");
	assert_string_equal(all, "AWS_KEY=k HOME=/root LC_ALL=C MINE=m "
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
	    "https_proxy=http://p");
	free(all);
	assert_int_equal(proc_env_set(&env, "HOME", "/x", &err), 0);
	assert_int_equal(proc_env_set(&env, "HOM", "y", &err), 0);
	assert_true(strs_has(&env, "HOME=/x"));
	assert_true(strs_has(&env, "HOM=y"));
	assert_false(strs_has(&env, "HOME=/root"));
	strs_free(&env);
	strs_free(&extra);
	setenv("PATH", "/only", 1);
	assert_int_equal(proc_env(NULL, &env, &err), 0);
	assert_true(strs_has(&env, "PATH=/only"));
	strs_free(&env);
}

static void
finds_programs(void **state)
{
	struct error err;
	char path[256];
	char *p;

	(void)state;
	tmp_put("prog", "#!/bin/sh\n", 0755);
	tmp_put("data", "x", 0644);
	(void)snprintf(path, sizeof(path), ".::rel:/nonexistent:%s", tmp_dir);
	setenv("PATH", path, 1);
	assert_int_equal(proc_find("prog", &p, &err), 0);
	assert_string_equal(p, tmp_path("prog"));
	free(p);
	assert_int_equal(proc_find("data", &p, &err), -1);
	assert_null(p);
	assert_int_equal(proc_find("", &p, &err), -1);
	assert_int_equal(proc_find("..", &p, &err), -1);
	assert_int_equal(proc_find(tmp_path("prog"), &p, &err), 0);
	free(p);
	assert_int_equal(proc_find(tmp_path("none"), &p, &err), -1);
	assert_int_equal(proc_find("./Makefile", &p, &err), -1);
	assert_int_equal(proc_find("tests/unit/run.sh", &p, &err),
	    access("tests/unit/run.sh", X_OK) == 0 ? 0 : -1);
	free(p);
	unsetenv("PATH");
	assert_int_equal(proc_find("sh", &p, &err), 0);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(input_and_output),
		cmocka_unit_test(long_stderr),
		cmocka_unit_test(deadline_ends_the_group),
		cmocka_unit_test(grandchild_keeps_the_pipe),
		cmocka_unit_test(cannot_start),
		cmocka_unit_test(pipes_by_hand),
		cmocka_unit_test(dies_with_us),
		cmocka_unit_test(ends_children_before_their_tree),
		cmocka_unit_test(copies),
		cmocka_unit_test(clean_start),
		cmocka_unit_test(environment),
		cmocka_unit_test(finds_programs),
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
