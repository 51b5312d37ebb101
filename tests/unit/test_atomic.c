/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/atomic.h"
#include "base/io.h"
#include "tmpdir.h"

static const struct atomic_attr f600 = { 0600, (uid_t)-1, (gid_t)-1 };
static const struct atomic_attr f644 = { 0644, (uid_t)-1, (gid_t)-1 };
static const struct atomic_attr d700 = { 0700, (uid_t)-1, (gid_t)-1 };
static const struct atomic_attr d755 = { 0755, (uid_t)-1, (gid_t)-1 };

static unsigned int
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(tmp_path(name), &st), 0);
	return st.st_mode & 07777;
}

static int
dirfd_of(const char *name)
{
	struct error err;
	int fd;

	if (atomic_open_dir(AT_FDCWD, tmp_path(name), true, &fd, &err) == -1)
		fail_msg("%s", err.msg);
	return fd;
}

static void
writes(void **state)
{
	struct error err;
	int d;

	(void)state;
	assert_int_equal(mkdir(tmp_path("w"), 0700), 0);
	d = dirfd_of("w");
	assert_int_equal(atomic_write(d, "a", "one", 3, &f600, ATOMIC_CREATE,
	    &err), 0);
	assert_string_equal(tmp_get("w/a"), "one");
	assert_int_equal(mode_of("w/a"), 0600);
	assert_int_equal(atomic_write(d, "a", "two", 3, &f600, ATOMIC_CREATE,
	    &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(err.code, CODE_ERROR);
	assert_non_null(strstr(err.msg, "/w/a': cannot be created: File "
	    "exists"));
	assert_string_equal(tmp_get("w/a"), "one");
	assert_int_equal(atomic_write(d, "a", "three", 5, &f644,
	    ATOMIC_REPLACE, &err), 0);
	assert_string_equal(tmp_get("w/a"), "three");
	assert_int_equal(mode_of("w/a"), 0644);
	/* by path; an empty one */
	assert_int_equal(atomic_write(AT_FDCWD, tmp_path("w/b"), "", 0, &f600,
	    ATOMIC_REPLACE, &err), 0);
	assert_string_equal(tmp_get("w/b"), "");
	/* a link is replaced, not followed */
	assert_int_equal(symlink("a", tmp_path("w/l")), 0);
	assert_int_equal(atomic_write(d, "l", "x", 1, &f600, ATOMIC_REPLACE,
	    &err), 0);
	assert_string_equal(tmp_get("w/a"), "three");
	assert_string_equal(tmp_get("w/l"), "x");
	/* failures leave nothing */
	assert_int_equal(mkdir(tmp_path("w/d"), 0700), 0);
	assert_int_equal(atomic_write(d, "d", "x", 1, &f600, ATOMIC_REPLACE,
	    &err), -1);
	assert_int_equal(err.sys, EISDIR);
	assert_int_equal(atomic_write(d, "none/x", "x", 1, &f600,
	    ATOMIC_REPLACE, &err), -1);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(atomic_write(d, "..", "x", 1, &f600, ATOMIC_REPLACE,
	    &err), -1);
	assert_int_equal(atomic_write(d, "d/", "x", 1, &f600, ATOMIC_REPLACE,
	    &err), -1);
	assert_int_equal(tmp_count("w"), 4);
	close(d);
}

/* Unless that fails. */
static int
put_piece(void *arg, int fd, const char *what, struct error *err)
{
	if (*(const bool *)arg)
		return error_set(err, CODE_RETRY, "'%s': no more", what);
	return io_write(fd, "one", 3, 0, what, err);
}

static void
writes_from(void **state)
{
	bool fail = false;
	struct error err;
	int d = dirfd_of("w");

	(void)state;
	assert_int_equal(atomic_write_from(d, "a", put_piece, &fail, &f600,
	    ATOMIC_REPLACE, &err), 0);
	fail = true;
	assert_int_equal(atomic_write_from(d, "a", put_piece, &fail, &f600,
	    ATOMIC_REPLACE, &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	assert_non_null(strstr(err.msg, "/w/a': no more"));
	assert_string_equal(tmp_get("w/a"), "one");
	assert_int_equal(tmp_count("w"), 4);
	close(d);
}

/* A file-size limit stands in for a full disk: write fails half-way. */
static void
disk_full(void **state)
{
	static char big[8192];
	struct rlimit old, small = { 4096, 4096 };
	struct error err;
	int d;

	(void)state;
	assert_int_equal(mkdir(tmp_path("full"), 0700), 0);
	d = dirfd_of("full");
	tmp_put("full/a", "old", 0600);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(atomic_write(d, "a", big, sizeof(big), &f600,
	    ATOMIC_REPLACE, &err), -1);
	assert_int_equal(err.sys, EFBIG);
	assert_int_equal(atomic_put(d, "b", big, sizeof(big), &f600, &err),
	    -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_string_equal(tmp_get("full/a"), "old");
	assert_int_equal(tmp_count("full"), 1);
	close(d);
}

static void
stages_directories(void **state)
{
	struct atomic_dir st;
	struct error err;
	bool unsupported;
	char old[128];
	int d;

	(void)state;
	assert_int_equal(mkdir(tmp_path("s"), 0700), 0);
	d = dirfd_of("s");
	assert_int_equal(atomic_dir_begin(&st, d, &d755, &err), 0);
	assert_int_equal(atomic_put(st.fd, "f", "1", 1, &f600, &err), 0);
	assert_int_equal(atomic_put(st.fd, "f", "2", 1, &f600, &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(atomic_dir_commit(&st, "acct", false, NULL, &err), 0);
	atomic_dir_abort(&st);
	assert_string_equal(tmp_get("s/acct/f"), "1");
	assert_int_equal(mode_of("s/acct"), 0755);
	/* it must not exist */
	assert_int_equal(atomic_dir_begin(&st, d, &d700, &err), 0);
	assert_int_equal(atomic_put(st.fd, "f", "2", 1, &f600, &err), 0);
	assert_int_equal(atomic_dir_commit(&st, "acct", false, NULL, &err),
	    -1);
	assert_int_equal(err.sys, EEXIST);
	/* unless it is exchanged */
	assert_int_equal(atomic_dir_commit(&st, "acct", true, &unsupported,
	    &err), 0);
	assert_false(unsupported);
	assert_string_equal(tmp_get("s/acct/f"), "2");
	(void)snprintf(old, sizeof(old), "s/%s/f", st.name);
	assert_string_equal(tmp_get(old), "1");
	atomic_dir_abort(&st);
	assert_string_equal(tmp_get(old), "1");
	assert_int_equal(atomic_remove_tree(d, st.name, &err), 0);
	/* exchange with nothing */
	assert_int_equal(atomic_dir_begin(&st, d, &d700, &err), 0);
	assert_int_equal(atomic_dir_commit(&st, "none", true, &unsupported,
	    &err), -1);
	assert_false(unsupported);
	assert_int_equal(err.sys, ENOENT);
	atomic_dir_abort(&st);
	atomic_dir_abort(&st);
	assert_int_equal(tmp_count("s"), 1);
	/* elsewhere */
	assert_int_equal(mkdir(tmp_path("s2"), 0700), 0);
	assert_int_equal(atomic_dir_begin(&st, d, &d700, &err), 0);
	assert_int_equal(atomic_put(st.fd, "g", "3", 1, &f600, &err), 0);
	close(d);
	d = st.parent = dirfd_of("s");
	assert_int_equal(mkdir(tmp_path("s2/x"), 0700), 0);
	int to = dirfd_of("s2/x");
	assert_int_equal(atomic_dir_commit_at(&st, to, "acct", false, NULL,
	    &err), 0);
	atomic_dir_abort(&st);
	assert_string_equal(tmp_get("s2/x/acct/g"), "3");
	assert_int_equal(tmp_count("s"), 1);
	close(to);
	close(d);
}

static void
moves_and_links(void **state)
{
	struct error err;
	char target[64];
	int d;

	(void)state;
	assert_int_equal(mkdir(tmp_path("m"), 0700), 0);
	d = dirfd_of("m");
	tmp_put("m/a", "a", 0600);
	tmp_put("m/b", "b", 0600);
	assert_int_equal(atomic_move(d, "a", d, "b", &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(atomic_move(d, "a", AT_FDCWD, tmp_path("m/c"), &err),
	    0);
	assert_string_equal(tmp_get("m/c"), "a");
	assert_int_equal(atomic_move(d, "a", d, "d", &err), -1);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(atomic_unlink(d, "c", &err), 0);
	assert_int_equal(atomic_unlink(d, "c", &err), 0);
	assert_int_equal(atomic_unlink(AT_FDCWD, tmp_path("none/c"), &err), 0);
	assert_int_equal(mkdir(tmp_path("m/e"), 0700), 0);
	assert_int_equal(atomic_unlink(d, "e", &err), -1);
	assert_int_equal(atomic_symlink("x/y", d, "l", &err), 0);
	assert_int_equal(atomic_symlink("x/z", d, "l", &err), 0);
	target[readlinkat(d, "l", target, sizeof(target) - 1)] = '\0';
	assert_string_equal(target, "x/z");
	assert_int_equal(atomic_symlink("x", d, "b", &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_string_equal(tmp_get("m/b"), "b");
	assert_int_equal(atomic_set_attr(d, "b", &f644, &err), 0);
	assert_int_equal(mode_of("m/b"), 0644);
	assert_int_equal(chmod(tmp_path("m/b"), 0), 0);
	assert_int_equal(atomic_set_attr(d, "b", &f600, &err), 0);
	assert_int_equal(mode_of("m/b"), 0600);
	assert_int_equal(atomic_set_attr(d, "l", &f600, &err), -1);
	assert_int_equal(err.sys, ELOOP);
	assert_int_equal(tmp_count("m"), 3);
	close(d);
}

static void
trees(void **state)
{
	struct error err;
	struct stat a, b;
	char link[32];
	ssize_t n;

	(void)state;
	assert_int_equal(mkdir(tmp_path("t"), 0755), 0);
	assert_int_equal(mkdir(tmp_path("t/sub"), 0500 | 0200), 0);
	tmp_put("t/f", "text", 0640);
	tmp_put("t/sub/key", "key", 0400);
	assert_int_equal(symlink("../elsewhere", tmp_path("t/link")), 0);
	tmp_put("keep", "me", 0600);
	assert_int_equal(symlink(tmp_path("keep"), tmp_path("t/out")), 0);
	assert_int_equal(utimensat(AT_FDCWD, tmp_path("t/f"),
	    (struct timespec[2]){ { 1000, 0 }, { 2000, 5 } }, 0), 0);
	assert_int_equal(atomic_copy_tree(AT_FDCWD, tmp_path("t"), AT_FDCWD,
	    tmp_path("u"), &err), 0);
	assert_string_equal(tmp_get("u/f"), "text");
	assert_string_equal(tmp_get("u/sub/key"), "key");
	assert_int_equal(mode_of("u"), 0755);
	assert_int_equal(mode_of("u/f"), 0640);
	assert_int_equal(mode_of("u/sub"), 0700);
	assert_int_equal(mode_of("u/sub/key"), 0400);
	assert_int_equal(stat(tmp_path("t/f"), &a), 0);
	assert_int_equal(stat(tmp_path("u/f"), &b), 0);
	assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
	n = readlink(tmp_path("u/link"), link, sizeof(link) - 1);
	assert_true(n > 0);
	link[n] = '\0';
	assert_string_equal(link, "../elsewhere");
	/* never over something; nothing half-done stays */
	assert_int_equal(atomic_copy_tree(AT_FDCWD, tmp_path("t"), AT_FDCWD,
	    tmp_path("u"), &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(mkfifo(tmp_path("t/sub/fifo"), 0600), 0);
	assert_int_equal(mkdir(tmp_path("v"), 0700), 0);
	assert_int_equal(atomic_copy_tree(AT_FDCWD, tmp_path("t"), AT_FDCWD,
	    tmp_path("v/t"), &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_int_equal(tmp_count("v"), 0);
	/* a file and a link alone */
	assert_int_equal(atomic_copy_tree(AT_FDCWD, tmp_path("t/f"), AT_FDCWD,
	    tmp_path("v/f"), &err), 0);
	assert_int_equal(atomic_copy_tree(AT_FDCWD, tmp_path("t/link"),
	    AT_FDCWD, tmp_path("v/link"), &err), 0);
	assert_int_equal(tmp_count("v"), 2);
	/* removal does not follow */
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("t"), &err), 0);
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("t"), &err), 0);
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("t/none/x"),
	    &err), 0);
	assert_int_equal(tmp_count("t"), -1);
	assert_string_equal(tmp_get("keep"), "me");
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("v/link"),
	    &err), 0);
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("v"), &err), 0);
}

/* More names than one read of the directory brings. */
static void
large_tree(void **state)
{
	struct error err;
	char name[40];

	(void)state;
	assert_int_equal(mkdir(tmp_path("big"), 0700), 0);
	for (int i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "big/file-%d", i);
		tmp_put(name, "x", 0600);
	}
	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("big"), &err),
	    0);
	assert_int_equal(tmp_count("big"), -1);
}

static void
makes_directories(void **state)
{
	struct error err;

	(void)state;
	umask(077);	/* has no say */
	assert_int_equal(atomic_mkdirs(tmp_path("x/y//z/"), &d755, &err), 0);
	assert_int_equal(mode_of("x"), 0755);
	assert_int_equal(mode_of("x/y/z"), 0755);
	assert_int_equal(chmod(tmp_path("x/y"), 0700), 0);
	assert_int_equal(atomic_mkdirs(tmp_path("x/y/w"), &d755, &err), 0);
	assert_int_equal(mode_of("x/y"), 0700);
	tmp_put("x/file", "", 0600);
	assert_int_equal(atomic_mkdirs(tmp_path("x/file"), &d755, &err), -1);
	assert_int_equal(err.sys, ENOTDIR);
	assert_int_equal(atomic_mkdirs(tmp_path("x/file/a"), &d755, &err), -1);
	assert_int_equal(atomic_mkdirs("rel", &d755, &err), -1);
	assert_int_equal(atomic_mkdirs("/", &d755, &err), 0);
	assert_int_equal(symlink("x", tmp_path("xl")), 0);
	assert_int_equal(atomic_mkdirs(tmp_path("xl/v"), &d755, &err), 0);
	assert_int_equal(mode_of("x/v"), 0755);
	assert_int_equal(tmp_count("x"), 3);
	umask(022);
}

static void
appends(void **state)
{
	struct error err;
	int d;

	(void)state;
	assert_int_equal(mkdir(tmp_path("a"), 0700), 0);
	d = dirfd_of("a");
	assert_int_equal(atomic_append_line(d, "log", "one", &err), 0);
	assert_int_equal(atomic_append_line(d, "log", "two\n", &err), 0);
	assert_string_equal(tmp_get("a/log"), "one\ntwo\n");
	assert_int_equal(mode_of("a/log"), 0600);
	tmp_put("a/log", "one\nha", 0600);
	assert_int_equal(atomic_append_line(AT_FDCWD, tmp_path("a/log"), "two",
	    &err), 0);
	assert_string_equal(tmp_get("a/log"), "one\nha\ntwo\n");
	assert_int_equal(symlink("log", tmp_path("a/l")), 0);
	assert_int_equal(atomic_append_line(d, "l", "x", &err), -1);
	assert_int_equal(err.sys, ELOOP);
	assert_int_equal(mkfifo(tmp_path("a/fifo"), 0600), 0);
	assert_int_equal(atomic_append_line(d, "fifo", "x", &err), -1);
	close(d);
}

/* Several processes append at once: no line is torn or lost. */
static void
appends_at_once(void **state)
{
	struct error err;
	const char *text;
	char line[64];
	int status, n = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		memset(line, 'a' + i, 40);
		line[40] = '\0';
		for (int k = 0; k < 25; k++)
			if (atomic_append_line(AT_FDCWD, tmp_path("many"), line,
			    &err) == -1)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	text = tmp_get("many");
	assert_non_null(text);
	for (; text != NULL && *text != '\0'; text += 41, n++) {
		assert_int_equal(text[40], '\n');
		for (int k = 1; k < 40; k++)
			assert_int_equal(text[k], text[0]);
	}
	assert_int_equal(n, 100);
}

/* Starts a staging with a file in it and ends as told. */
static void
die(int how)
{
	struct atomic_dir st;
	struct error err;
	int d = dirfd_of("k");

	if (atomic_dir_begin(&st, d, &d700, &err) == -1 ||
	    atomic_put(st.fd, "f", "x", 1, &f600, &err) == -1)
		_exit(9);
	if (how == 0)
		exit(0);
	raise(how);
	_exit(8);
}

static void
litter(void **state)
{
	static const int ends[] = { 0, SIGTERM, SIGINT, SIGHUP, SIGKILL };
	struct error err;
	siginfo_t info;
	int d, status;
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir(tmp_path("k"), 0700), 0);
	tmp_put("k/.acmeferry-other", "", 0600);
	tmp_put("k/file", "", 0600);
	d = dirfd_of("k");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		pid = fork();
		if (pid == 0)
			die(ends[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (ends[i] == 0)
			assert_int_equal(status, 0);
		else
			assert_int_equal(WTERMSIG(status), ends[i]);
		assert_int_equal(tmp_count("k"), ends[i] == SIGKILL ? 3 : 2);
	}
	assert_int_equal(atomic_sweep(d, &err), 0);
	assert_int_equal(tmp_count("k"), 2);
	/* nobody has waited for it: its number is still taken */
	pid = fork();
	if (pid == 0)
		die(SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
	    0);
	assert_int_equal(tmp_count("k"), 3);
	assert_int_equal(atomic_sweep(d, &err), 0);
	assert_int_equal(tmp_count("k"), 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(d);
}

/* What is in use stays, by us and by others; what is an hour old goes. */
static void
sweep_is_careful(void **state)
{
	struct atomic_dir st;
	struct error err;
	char name[128];
	int d;

	(void)state;
	assert_int_equal(mkdir(tmp_path("c"), 0700), 0);
	d = dirfd_of("c");
	assert_int_equal(atomic_dir_begin(&st, d, &d700, &err), 0);
	/* process 1 lives */
	tmp_put("c/.acmeferry-baaaaabcdefg", "", 0600);
	assert_int_equal(atomic_sweep(d, &err), 0);
	assert_int_equal(tmp_count("c"), 2);
	(void)snprintf(name, sizeof(name), "c/%s", ".acmeferry-baaaaabcdefg");
	assert_int_equal(utimensat(AT_FDCWD, tmp_path(name),
	    (struct timespec[2]){ { 1000, 0 }, { 2000, 5 } }, 0), 0);
	assert_int_equal(atomic_sweep(d, &err), 0);
	assert_int_equal(tmp_count("c"), 1);
	atomic_dir_abort(&st);
	assert_int_equal(tmp_count("c"), 0);
	close(d);
}

/* Lends a file and ends as told. */
static void
die_lent(int how)
{
	struct error err;
	int d = dirfd_of("l"), lent;

	if (atomic_lend(d, "mine", "x", 1, &f644, &lent, &err) == -1)
		_exit(9);
	/* one that was there is not ours */
	if (atomic_lend(d, "theirs", "x", 1, &f644, &lent, &err) == 0 ||
	    err.sys != EEXIST)
		_exit(7);
	if (how == 0)
		exit(0);
	raise(how);
	_exit(8);
}

static void
lends(void **state)
{
	static const int ends[] = { 0, SIGTERM, SIGHUP, SIGKILL };
	int d, lent, many[ATOMIC_LENT], status;
	struct error err;
	char name[160];
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir(tmp_path("l"), 0700), 0);
	tmp_put("l/theirs", "y", 0600);
	d = dirfd_of("l");
	assert_int_equal(atomic_lend(d, "a", "one", 3, &f644, &lent, &err), 0);
	assert_string_equal(tmp_get("l/a"), "one");
	assert_int_equal(mode_of("l/a"), 0644);
	assert_int_equal(atomic_drop(lent, &err), 0);
	assert_null(tmp_get("l/a"));
	/* once only; and what another has removed is no error */
	assert_int_equal(atomic_drop(lent, &err), -1);
	assert_int_equal(atomic_lend(d, "a", "one", 3, &f644, &lent, &err), 0);
	assert_int_equal(unlink(tmp_path("l/a")), 0);
	assert_int_equal(atomic_drop(lent, &err), 0);
	/* no paths, no names without end */
	assert_int_equal(atomic_lend(d, "../x", "", 0, &f644, &lent, &err),
	    -1);
	memset(name, 'x', sizeof(name));
	name[ATOMIC_LENT_NAME + 1] = '\0';
	assert_int_equal(atomic_lend(d, name, "", 0, &f644, &lent, &err), -1);
	assert_int_equal(err.sys, ENAMETOOLONG);
	assert_int_equal(lent, -1);
	for (int i = 0; i < ATOMIC_LENT; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(atomic_lend(d, name, "", 0, &f644, &many[i],
		    &err), 0);
	}
	assert_int_equal(atomic_lend(d, "a", "", 0, &f644, &lent, &err), -1);
	assert_int_equal(err.sys, EMFILE);
	assert_int_equal(tmp_count("l"), ATOMIC_LENT + 1);
	for (int i = 0; i < ATOMIC_LENT; i++)
		assert_int_equal(atomic_drop(many[i], &err), 0);
	assert_int_equal(tmp_count("l"), 1);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		pid = fork();
		if (pid == 0)
			die_lent(ends[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (ends[i] == 0)
			assert_int_equal(status, 0);
		else
			assert_int_equal(WTERMSIG(status), ends[i]);
		assert_int_equal(tmp_count("l"), ends[i] == SIGKILL ? 2 : 1);
		assert_string_equal(tmp_get("l/theirs"), "y");
	}
	close(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(writes_from),
		cmocka_unit_test(disk_full),
		cmocka_unit_test(stages_directories),
		cmocka_unit_test(moves_and_links),
		cmocka_unit_test(trees),
		cmocka_unit_test(large_tree),
		cmocka_unit_test(makes_directories),
		cmocka_unit_test(appends),
		cmocka_unit_test(appends_at_once),
		cmocka_unit_test(lends),
		cmocka_unit_test(litter),
		cmocka_unit_test(sweep_is_careful),
	};

	/* what was started in the background may ignore some, and so would
	 * we: atomic leaves those alone */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	umask(022);
	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
