/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/io.h"
#include "heapscan.h"
#include "tmpdir.h"

static int
get(const char *name, size_t max, unsigned int flags, struct buf *b,
    int *found, struct error *err)
{
	buf_init(b, 1 << 20);
	return io_read_file(AT_FDCWD, tmp_path(name), max, flags, b, found,
	    err);
}

static void
reads_files(void **state)
{
	struct error err;
	struct stat st;
	struct buf b;
	int found;

	(void)state;
	tmp_put("f", "hello", 0600);
	tmp_put("empty", "", 0644);
	assert_int_equal(get("f", 5, IO_NOFOLLOW | IO_OWNED | IO_PRIVATE |
	    IO_NOT_WRITABLE | IO_ONE_LINK, &b, &found, &err), 0);
	assert_int_equal(found, 1);
	assert_string_equal(buf_str(&b), "hello");
	/* appends */
	assert_int_equal(io_read_file_stat(AT_FDCWD, tmp_path("f"), 5, 0, &b,
	    &st, NULL, &err), 0);
	assert_string_equal(buf_str(&b), "hellohello");
	assert_int_equal(st.st_size, 5);
	buf_free(&b);
	assert_int_equal(get("empty", 0, 0, &b, NULL, &err), 0);
	assert_string_equal(buf_str(&b), "");
	buf_free(&b);
	assert_int_equal(get("f", 4, 0, &b, NULL, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_non_null(strstr(err.msg, "found 5 bytes, want at most 4"));
	buf_free(&b);
	/* the buffer's own ceiling */
	buf_init(&b, 3);
	assert_int_equal(io_read_file(AT_FDCWD, tmp_path("f"), 100, 0, &b,
	    NULL, &err), -1);
	buf_free(&b);
}

static void
reads_parts(void **state)
{
	char part[8] = "";
	struct error err;
	struct stat st;
	int fd;

	(void)state;
	tmp_put("parts", "0123456789", 0600);
	assert_int_equal(io_open_file(AT_FDCWD, tmp_path("parts"), 9, 0, &fd,
	    &st, &err), -1);
	assert_int_equal(fd, -1);
	assert_int_equal(io_open_file(AT_FDCWD, tmp_path("none"), 9,
	    IO_MISSING_OK, &fd, &st, &err), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(io_open_file(AT_FDCWD, tmp_path("parts"), 10,
	    IO_PRIVATE, &fd, &st, &err), 0);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(io_read_at(fd, part, 4, 6, "p", &err), 0);
	assert_string_equal(part, "6789");
	assert_int_equal(io_read_at(fd, part, 2, 0, "p", &err), 0);
	assert_string_equal(part, "0189");
	assert_int_equal(io_read_at(fd, part, 4, 7, "p", &err), -1);
	assert_non_null(strstr(err.msg, "'p': ends at byte 10, want 1 more"));
	(void)close(fd);
}

static void
missing_files(void **state)
{
	struct error err;
	struct buf b;
	int found = 7;

	(void)state;
	assert_int_equal(get("none", 5, IO_MISSING_OK, &b, &found, &err), 0);
	assert_int_equal(found, 0);
	assert_int_equal(get("none/x", 5, IO_MISSING_OK, &b, &found, &err), 0);
	tmp_put("g", "x", 0600);
	assert_int_equal(get("g/x", 5, IO_MISSING_OK, &b, &found, &err), 0);
	assert_int_equal(get("none", 5, 0, &b, &found, &err), -1);
	assert_int_equal(err.code, CODE_ERROR);
	assert_int_equal(err.sys, ENOENT);
}

static void
refuses_files(void **state)
{
	struct error err;
	struct buf b;

	(void)state;
	assert_int_equal(mkfifo(tmp_path("fifo"), 0600), 0);
	assert_int_equal(get("fifo", 5, 0, &b, NULL, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_non_null(strstr(err.msg, "found a FIFO, want a regular file"));
	assert_int_equal(get(".", 5, 0, &b, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "found a directory, want a regular"));
	buf_init(&b, 100);
	assert_int_equal(io_read_file(AT_FDCWD, "/dev/zero", 5, 0, &b, NULL,
	    &err), -1);
	assert_non_null(strstr(err.msg, "found a device"));
	tmp_put("h", "x", 0640);
	assert_int_equal(symlink("h", tmp_path("link")), 0);
	assert_int_equal(get("link", 5, IO_NOFOLLOW, &b, NULL, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_non_null(strstr(err.msg, "symbolic link"));
	assert_int_equal(get("link", 5, 0, &b, NULL, &err), 0);
	buf_free(&b);
	assert_int_equal(get("h", 5, IO_PRIVATE, &b, NULL, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_non_null(strstr(err.msg, "found mode 0640"));
	assert_int_equal(get("h", 5, IO_NOT_WRITABLE, &b, NULL, &err), 0);
	buf_free(&b);
	tmp_put("h", "x", 0620);
	assert_int_equal(get("h", 5, IO_NOT_WRITABLE, &b, NULL, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	tmp_put("h", "x", 0602);
	assert_int_equal(get("h", 5, IO_NOT_WRITABLE, &b, NULL, &err), -1);
	tmp_put("h", "x", 0600);
	assert_int_equal(link(tmp_path("h"), tmp_path("h2")), 0);
	assert_int_equal(get("h", 5, IO_ONE_LINK, &b, NULL, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_non_null(strstr(err.msg, "found 2 links"));
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(tmp_path("h"), 4711, 0), 0);
	assert_int_equal(get("h", 5, IO_OWNED, &b, NULL, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_non_null(strstr(err.msg, "belongs to uid 4711, want uid 0"));
}

/* Key files are read with no copy elsewhere. */
static void
sensitive_reading(void **state)
{
	static char marker[33];
	struct error err;
	struct buf b;

	(void)state;
	for (int i = 0; i < 32; i++)
		marker[i] = (char)('a' + (i * 17 + 3) % 26);
	tmp_put("key", marker, 0600);
	buf_init_sensitive(&b, 4096);
	assert_int_equal(io_read_file(AT_FDCWD, tmp_path("key"), 4096, 0, &b,
	    NULL, &err), 0);
	assert_int_equal(heap_find(marker, 32), 1);
	buf_free(&b);
	assert_int_equal(heap_find(marker, 32), 0);
}

static void
deadlines(void **state)
{
	static char big[1 << 20];
	struct error err;
	int64_t start;
	char data[8];
	size_t got;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	start = clock_mono();
	assert_int_equal(io_read(fds[0], data, 8, start + 60, &got, "peer",
	    &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	assert_string_equal(err.msg, "'peer': no answer before the deadline");
	assert_true(clock_mono() - start >= 59);
	assert_true(clock_mono() - start < 2000);
	/* a pipe nobody reads: more than it holds */
	start = clock_mono();
	assert_int_equal(io_write(fds[1], big, sizeof(big), start + 60, "peer",
	    &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	assert_true(clock_mono() - start < 2000);
	assert_int_equal(io_read(fds[0], data, 8, start + 2000, &got, "peer",
	    &err), 0);
	assert_int_equal(got, 8);
	/* nobody will ever read: an error, not a signal */
	close(fds[0]);
	assert_int_equal(io_write(fds[1], "x", 1, 0, "peer", &err), -1);
	assert_int_equal(err.sys, EPIPE);
	assert_int_equal(err.code, CODE_ERROR);
	close(fds[1]);
	/* the end, and descriptors that do not block */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	assert_int_equal(io_write(fds[1], "abc", 3, 0, "peer", &err), 0);
	assert_int_equal(io_read(fds[0], data, 8, 0, &got, "peer", &err), 0);
	assert_int_equal(got, 3);
	close(fds[1]);
	assert_int_equal(io_read(fds[0], data, 8, 0, &got, "peer", &err), 0);
	assert_int_equal(got, 0);
	close(fds[0]);
	assert_int_equal(io_read(-1, data, 8, 0, &got, "peer", &err), -1);
	assert_int_equal(err.sys, EBADF);
}

static void
parents(void **state)
{
	struct error err;

	(void)state;
	/* /tmp is sticky */
	assert_int_equal(mkdir(tmp_path("p"), 0755), 0);
	assert_int_equal(mkdir(tmp_path("p/q"), 0755), 0);
	tmp_put("p/q/f", "x", 0600);
	assert_int_equal(io_check_parents(tmp_path("p/q/f"), &err), 0);
	assert_int_equal(io_check_parents(tmp_path("p/q/none"), &err), 0);
	assert_int_equal(io_check_parents("rel", &err), -1);
	assert_int_equal(io_check_parents("/", &err), 0);
	assert_int_equal(chmod(tmp_path("p"), 0775), 0);
	assert_int_equal(io_check_parents(tmp_path("p/q/f"), &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_non_null(strstr(err.msg, "/p': the directory has mode 0775"));
	assert_int_equal(chmod(tmp_path("p"), 01777), 0);
	assert_int_equal(io_check_parents(tmp_path("p/q/f"), &err), 0);
	/* by way of a link: the target's parents count, and the link's */
	assert_int_equal(mkdir(tmp_path("l"), 0755), 0);
	assert_int_equal(symlink(tmp_path("p/q"), tmp_path("l/to")), 0);
	assert_int_equal(io_check_parents(tmp_path("l/to/f"), &err), 0);
	assert_int_equal(chmod(tmp_path("p"), 0757), 0);
	assert_int_equal(io_check_parents(tmp_path("l/to/f"), &err), -1);
	assert_int_equal(chmod(tmp_path("p"), 0755), 0);
	assert_int_equal(chmod(tmp_path("l"), 0757), 0);
	assert_int_equal(io_check_parents(tmp_path("l/to/f"), &err), -1);
	assert_int_equal(chmod(tmp_path("l"), 0755), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(tmp_path("p"), 4711, 0), 0);
	assert_int_equal(io_check_parents(tmp_path("l/to/f"), &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	assert_non_null(strstr(err.msg, "belongs to uid 4711"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_files),
		cmocka_unit_test(reads_parts),
		cmocka_unit_test(missing_files),
		cmocka_unit_test(refuses_files),
		cmocka_unit_test(sensitive_reading),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(parents),
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
