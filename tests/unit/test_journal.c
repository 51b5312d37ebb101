/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/journal.h"
#include "tmpdir.h"

/* The directory of the journal. */
static char dir[128];

static struct journal *
begin(void)
{
	struct journal *j;
	struct error err;

	(void)snprintf(dir, sizeof(dir), "%s", tmp_path("state"));
	if (journal_new(dir, &j, &err) == -1)
		fail_msg("%s", err.msg);
	return j;
}

static void
carries_out(void **state)
{
	struct journal *j = begin();
	struct error err;
	struct stat st;
	char link[16];

	(void)state;
	tmp_put("a", "A", 0640);
	tmp_put("c", "C", 0640);
	assert_int_equal(mkdir(tmp_path("tree"), 0700), 0);
	tmp_put("tree/f", "x", 0600);
	assert_int_equal(journal_rename(j, tmp_path("a"), tmp_path("b"),
	    &err), 0);
	assert_int_equal(journal_write(j, tmp_path("c"), "new\n\xc3\xa4", &err),
	    0);
	assert_int_equal(journal_write(j, tmp_path("d"), "d", &err), 0);
	assert_int_equal(journal_remove(j, tmp_path("tree"), &err), 0);
	assert_int_equal(journal_remove(j, tmp_path("none"), &err), 0);
	assert_int_equal(journal_symlink(j, tmp_path("l"), "b", &err), 0);
	assert_int_equal(journal_commit(j, &err), 0);
	journal_free(j);
	assert_string_equal(tmp_get("b"), "A");
	assert_null(tmp_get("a"));
	assert_string_equal(tmp_get("c"), "new\n\xc3\xa4");
	assert_int_equal(stat(tmp_path("c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_string_equal(tmp_get("d"), "d");
	assert_int_equal(tmp_count("tree"), -1);
	assert_int_equal(readlink(tmp_path("l"), link, sizeof(link)), 1);
	assert_false(journal_pending(dir));
	assert_int_equal(tmp_count("state"), 0);
}

static void
refuses(void **state)
{
	struct journal *j = begin();
	struct error err;

	(void)state;
	assert_int_equal(journal_commit(j, &err), 0);
	assert_int_equal(journal_rename(j, "rel", "/x", &err), -1);
	assert_int_equal(journal_rename(j, "/x", "rel", &err), -1);
	assert_int_equal(journal_write(j, "rel", "x", &err), -1);
	assert_int_equal(journal_write(j, "/x", "\xff", &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	/* over an old one: that comes first */
	tmp_put("state/journal", "{\"version\": 1, \"done\": 0, \"steps\": []}",
	    0600);
	assert_int_equal(journal_remove(j, tmp_path("none"), &err), 0);
	assert_int_equal(journal_commit(j, &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_non_null(strstr(err.msg, "unfinished"));
	journal_free(j);
	journal_free(NULL);
}

#define HEAD "{\"version\": 1, \"done\": 0, \"steps\": "

static void
bad_files(void **state)
{
	static const char *const rows[] = { "", "{", "[]",
		"{\"version\": 2, \"done\": 0, \"steps\": []}",
		"{\"version\": 1, \"done\": 1, \"steps\": []}",
		"{\"version\": 1, \"done\": -1, \"steps\": []}",
		HEAD "[{\"op\": \"chmod\"}]}",
		HEAD "[{\"op\": \"remove\", \"path\": \"rel\"}]}",
		HEAD "[{\"op\": \"rename\", \"from\": \"/x\"}]}",
		HEAD "[7]}" };
	struct error err;
	bool replayed;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tmp_put("state/journal", rows[i], 0600);
		assert_int_equal(journal_replay(dir, &replayed, &err), -1);
		assert_false(replayed);
		assert_true(journal_pending(dir));
	}
	/* nobody else may tell us what to do */
	tmp_put("state/journal", "{\"version\": 1, \"done\": 0, \"steps\": []}",
	    0622);
	assert_int_equal(journal_replay(dir, &replayed, &err), -1);
	assert_int_equal(err.code, CODE_TRUST);
	tmp_put("state/journal", "{\"version\": 1, \"done\": 0, \"steps\": []}",
	    0600);
	assert_int_equal(journal_replay(dir, &replayed, &err), 0);
	assert_true(replayed);
	assert_int_equal(journal_replay(dir, &replayed, &err), 0);
	assert_false(replayed);
	assert_int_equal(journal_replay(tmp_path("nowhere"), NULL, &err), 0);
	assert_false(journal_pending(tmp_path("nowhere")));
}

static void
relinks(void **state)
{
	const struct atomic_link links[] = { { "a", "1" }, { "b", NULL } };
	const struct atomic_link bad[] = { { "a", "x=y" } };
	struct journal *j = begin();
	struct error err;
	char link[16];

	(void)state;
	assert_int_equal(mkdir(tmp_path("links"), 0700), 0);
	assert_int_equal(symlink("0", tmp_path("links/b")), 0);
	assert_int_equal(journal_relink(j, tmp_path("links"), bad, 1, &err),
	    -1);
	assert_int_equal(journal_relink(j, tmp_path("links"), links, 2, &err),
	    0);
	assert_int_equal(journal_commit(j, &err), 0);
	journal_free(j);
	assert_int_equal(readlink(tmp_path("links/a"), link, sizeof(link)), 1);
	assert_int_equal(link[0], '1');
	assert_int_equal(tmp_count("links"), 1);
	assert_int_equal(tmp_count("state"), 0);
	/* a journal that somebody has written */
	tmp_put("state/journal", "{\"version\": 1, \"done\": 0, \"steps\": "
	    "[{\"op\": \"relink\", \"path\": \"/nowhere\", \"links\": "
	    "\"ab\"}]}", 0600);
	assert_int_equal(journal_replay(dir, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "cannot be read as links"));
	assert_int_equal(unlink(tmp_path("state/journal")), 0);
}

/* The exchange of two directories where the file system has none: the steps
 * depend on each other. */
static void
setup_exchange(void)
{
	struct error err;

	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("e"), &err), 0);
	assert_int_equal(mkdir(tmp_path("e"), 0700), 0);
	assert_int_equal(mkdir(tmp_path("e/cur"), 0700), 0);
	assert_int_equal(mkdir(tmp_path("e/new"), 0700), 0);
	tmp_put("e/cur/f", "old", 0600);
	tmp_put("e/new/f", "new", 0600);
	tmp_put("e/conf", "account = old\n", 0644);
}

static int
exchange(struct error *err)
{
	struct journal *j = NULL;
	int rc = -1;

	if (journal_new(dir, &j, err) == 0 &&
	    journal_rename(j, tmp_path("e/cur"), tmp_path("e/was"), err) == 0 &&
	    journal_rename(j, tmp_path("e/new"), tmp_path("e/cur"), err) == 0 &&
	    journal_write(j, tmp_path("e/conf"), "account = new\n", err) ==
	    0 &&
	    journal_remove(j, tmp_path("e/was"), err) == 0)
		rc = journal_commit(j, err);
	journal_free(j);
	return rc;
}

static void
assert_exchanged(bool done)
{
	assert_string_equal(tmp_get("e/cur/f"), done ? "new" : "old");
	assert_string_equal(tmp_get("e/conf"), done ? "account = new\n" :
	    "account = old\n");
	assert_int_equal(tmp_count("e"), done ? 2 : 3);
	assert_int_equal(tmp_count("state"), 0);
}

/* Killed at some moment or other, then finished by a replay. */
static void
killed_anywhere(void **state)
{
	struct error err;
	int finished = 0, nothing = 0, status;
	bool replayed;
	pid_t pid;

	(void)state;
	for (int i = 0; i < 60; i++) {
		setup_exchange();
		if ((pid = fork()) == 0)
			_exit(exchange(&err) == 0 ? 0 : 1);
		usleep((useconds_t)i * 40);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			assert_int_equal(WEXITSTATUS(status), 0);
		if (journal_replay(dir, &replayed, &err) == -1)
			fail_msg("%s", err.msg);
		if (replayed)
			finished++;
		/* killed before the journal was there: nothing happened */
		if (!replayed && strcmp(tmp_get("e/cur/f"), "old") == 0) {
			nothing++;
			assert_exchanged(false);
		} else
			assert_exchanged(true);
	}
	print_message("replayed %d, not begun %d of 60\n", finished, nothing);
}

/* A step that cannot be done stops it; it goes on when that is mended. */
static void
goes_on_after_an_error(void **state)
{
	struct error err;
	bool replayed;

	(void)state;
	setup_exchange();
	assert_int_equal(mkdir(tmp_path("e/conf2"), 0700), 0);
	assert_int_equal(unlink(tmp_path("e/conf")), 0);
	assert_int_equal(rename(tmp_path("e/conf2"), tmp_path("e/conf")), 0);
	assert_int_equal(exchange(&err), -1);
	assert_int_equal(err.sys, EISDIR);
	assert_non_null(strstr(err.msg, "/journal': step 3 of 4: "));
	assert_true(journal_pending(dir));
	assert_int_equal(journal_replay(dir, &replayed, &err), -1);
	assert_int_equal(rmdir(tmp_path("e/conf")), 0);
	assert_int_equal(journal_replay(dir, &replayed, &err), 0);
	assert_true(replayed);
	assert_exchanged(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_out),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(killed_anywhere),
		cmocka_unit_test(goes_on_after_an_error),
		cmocka_unit_test(relinks),
	};

	umask(022);
	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
