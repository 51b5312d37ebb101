/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>

#include "tmpdir.h"

static void
assert_link(const char *name, const char *want)
{
	char target[64];
	ssize_t n = readlink(tmp_path(name), target, sizeof(target) - 1);

	assert_true(n > 0);
	target[n] = '\0';
	assert_string_equal(target, want);
}

static void
relinks(void **state)
{
	const struct atomic_link links[] = { { "p", "2" }, { "q", "3" },
		{ "gone", NULL }, { "never", NULL } };
	struct error err;
	struct stat was, is, file;
	int n;

	(void)state;
	assert_int_equal(mkdir(tmp_path("r"), 0750), 0);
	assert_int_equal(chmod(tmp_path("r"), 0750), 0);
	assert_int_equal(symlink("1", tmp_path("r/p")), 0);
	assert_int_equal(symlink("1", tmp_path("r/gone")), 0);
	assert_int_equal(symlink("f", tmp_path("r/other")), 0);
	tmp_put("r/f", "kept", 0640);
	assert_int_equal(stat(tmp_path("r"), &was), 0);
	assert_int_equal(stat(tmp_path("r/f"), &file), 0);
	n = tmp_count("");
	if (atomic_relink(tmp_path("r"), links, 4, &err) == -1)
		fail_msg("%s", err.msg);
	assert_link("r/p", "2");
	assert_link("r/q", "3");
	assert_link("r/other", "f");
	assert_string_equal(tmp_get("r/f"), "kept");
	assert_int_equal(tmp_count("r"), 4);
	assert_int_equal(stat(tmp_path("r/f"), &is), 0);
	assert_int_equal(is.st_ino, file.st_ino);
	assert_int_equal(stat(tmp_path("r"), &is), 0);
	assert_int_equal(is.st_mode & 07777, 0750);
	/* the directory itself was exchanged, nothing of it is left */
	assert_int_not_equal(is.st_ino, was.st_ino);
	assert_int_equal(tmp_count(""), n);
	was = is;
	assert_int_equal(atomic_relink(tmp_path("r"), links, 4, &err), 0);
	assert_int_equal(stat(tmp_path("r"), &is), 0);
	assert_int_equal(is.st_ino, was.st_ino);
	/* with a directory in it they change one after the other */
	assert_int_equal(mkdir(tmp_path("r/d"), 0700), 0);
	assert_int_equal(unlink(tmp_path("r/p")), 0);
	assert_int_equal(symlink("1", tmp_path("r/never")), 0);
	assert_int_equal(atomic_relink(tmp_path("r"), links, 4, &err), 0);
	assert_link("r/p", "2");
	assert_int_equal(tmp_count("r"), 5);
	assert_int_equal(stat(tmp_path("r"), &is), 0);
	assert_int_equal(is.st_ino, was.st_ino);
	/* what is no link stays what it is */
	assert_int_equal(unlink(tmp_path("r/p")), 0);
	tmp_put("r/p", "file", 0600);
	assert_int_equal(atomic_relink(tmp_path("r"), links, 4, &err), -1);
	assert_string_equal(tmp_get("r/p"), "file");
	assert_int_equal(symlink("r", tmp_path("link")), 0);
	assert_int_equal(atomic_relink(tmp_path("link"), links, 4, &err), -1);
	assert_int_equal(atomic_relink(tmp_path("none"), links, 4, &err), -1);
	assert_int_equal(err.sys, ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relinks),
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
