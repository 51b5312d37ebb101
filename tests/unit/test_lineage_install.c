/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/journal.h"
#include "fixture.h"
#include "storetest.h"
#include "store/lineage_install.h"

static const char *const kinds[] = { "cert", "privkey", "chain",
	"fullchain" };

static struct box box;

static int
setup(void **state)
{
	(void)state;
	box_new(&box);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	box_end(&box);
	return 0;
}

/* The conf as it has to be for the lineage to be found. */
static const char *
conf(void)
{
	static char text[1024];
	size_t n = 0;

	for (size_t i = 0; i < 4; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s = %s/live/x/%s.pem\n", kinds[i], box.config, kinds[i]);
	(void)snprintf(text + n, sizeof(text) - n, "[renewalparams]\n"
	    "account = a\nserver = https://ca/dir\n");
	return text;
}

/* Installs a version whose files say which they are. */
static int
install(const char *what, struct error *err)
{
	struct lineage *old = NULL;
	struct lineage_files f = { .name = "x", .conf = conf() };
	struct secret key;
	struct buf cert, chain;
	int rc = -1;

	buf_init(&cert, 100);
	buf_init(&chain, 100);
	buf_addf(&cert, "cert %s\n", what);
	buf_addf(&chain, "chain %s\n", what);
	if (secret_dup(&key, what, strlen(what), err) == -1)
		return -1;
	f.cert = &cert;
	f.chain = &chain;
	f.privkey = &key;
	if (store_lock(box.s, err) == 0 &&
	    store_lineage(box.s, "x", false, &old, err) == 0)
		rc = store_lineage_install(box.s, old, &f, err);
	store_unlock(box.s);
	lineage_free(old);
	buf_free(&cert);
	buf_free(&chain);
	secret_free(&key);
	return rc;
}

static void
must(const char *what)
{
	struct error err;

	if (install(what, &err) == -1)
		fail_msg("%s", err.msg);
}

static char *
get(const char *rel)
{
	struct error err;
	struct buf b;

	buf_init(&b, 4096);
	if (io_read_file(AT_FDCWD, box_path(&box, "%s", rel), 4096, 0, &b,
	    NULL, &err) == -1)
		fail_msg("%s", err.msg);
	return buf_steal(&b);
}

static void
assert_file(const char *rel, const char *want)
{
	char *text = get(rel);

	assert_string_equal(text, want);
	free(text);
}

/* All four links lead to version n. */
static void
assert_links(unsigned int n)
{
	char target[64], want[64];
	ssize_t len;

	for (size_t i = 0; i < 4; i++) {
		len = readlink(box_path(&box, "live/x/%s.pem", kinds[i]),
		    target, sizeof(target) - 1);
		assert_true(len > 0);
		target[len] = '\0';
		(void)snprintf(want, sizeof(want), "../../archive/x/%s%u.pem",
		    kinds[i], n);
		assert_string_equal(target, want);
	}
}

static mode_t
mode(const char *rel)
{
	struct stat st;

	assert_int_equal(stat(box_path(&box, "%s", rel), &st), 0);
	return st.st_mode & 07777;
}

/* An empty file. */
static void
put_empty(const char *rel)
{
	box_write(box_path(&box, "%s", rel), "", 0, 0644);
}

static void
writes_lineages(void **state)
{
	struct error err;

	(void)state;
	must("one");
	assert_links(1);
	assert_file("live/x/cert.pem", "cert one\n");
	assert_file("live/x/privkey.pem", "one");
	assert_file("live/x/chain.pem", "chain one\n");
	assert_file("live/x/fullchain.pem", "cert one\nchain one\n");
	assert_file("renewal/x.conf", conf());
	assert_int_equal(mode("archive/x/privkey1.pem"), 0600);
	assert_int_equal(mode("archive/x/cert1.pem"), 0644);
	assert_int_equal(mode("archive"), 0700);
	assert_int_equal(mode("live"), 0700);
	assert_int_equal(mode("live/x"), 0755);
	assert_int_equal(chmod(box_path(&box, "archive/x/privkey1.pem"), 0674),
	    0);
	must("two");
	assert_links(2);
	assert_file("archive/x/privkey1.pem", "one");
	assert_file("live/x/privkey.pem", "two");
	assert_int_equal(mode("archive/x/privkey2.pem"), 0674);
	/* above all that are there, whole or not, as certbot counts */
	put_empty("archive/x/chain9.pem");
	put_empty("archive/x/chain77.pem.bak");
	put_empty("archive/x/cert+80.pem");
	must("ten");
	assert_links(10);
	assert_int_equal(store_lock(box.s, &err), 0);
	assert_int_equal(store_lineage_unstage(box.s, "x", &err), 0);
	assert_int_equal(store_lineage_unstage(box.s, "nobody", &err), 0);
	store_unlock(box.s);
	assert_links(10);
}

static void
refuse(const char *why)
{
	struct error err;

	assert_int_equal(install("new", &err), -1);
	assert_int_equal(err.code, CODE_STORE);
	if (strstr(err.msg, why) == NULL)
		fail_msg("'%s' is not in: %s", why, err.msg);
	assert_false(journal_pending(box.state));
}

static void
refuses_odd_ones(void **state)
{
	const char *link;

	(void)state;
	must("one");
	link = box_path(&box, "live/x/chain.pem");
	assert_int_equal(unlink(link), 0);
	refuse("is not there");
	put_empty("live/x/chain.pem");
	refuse("is no link");
	assert_int_equal(unlink(box_path(&box, "live/x/chain.pem")), 0);
	link = box_path(&box, "live/x/chain.pem");
	assert_int_equal(symlink("../../archive/x/cert1.pem", link), 0);
	refuse("its target is not named as one of its kind");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("../../archive/x/chain2.pem", link), 0);
	refuse("its target is not there");
	assert_int_equal(unlink(link), 0);
	box_mkdir(box_path(&box, "archive/y"));
	put_empty("archive/y/chain1.pem");
	assert_int_equal(symlink("../../archive/y/chain1.pem", link), 0);
	refuse("leads out of the lineage's archive");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("../../archive/x/chain1.pem", link), 0);
	must("fine again");
	/* without a conf it is nobody's, and in the way */
	assert_int_equal(unlink(box_path(&box, "renewal/x.conf")), 0);
	refuse("is there, but no renewal/x.conf");
}

static void
lies_in_empty_directories(void **state)
{
	(void)state;
	box_mkdir(box_path(&box, "archive/x"));
	box_mkdir(box_path(&box, "live/x"));
	must("one");
	assert_links(1);
}

/* Killed at some moment: all four links old or new, and the next command that
 * takes the lock finishes what has begun. */
static void
killed_anywhere(void **state)
{
	struct error err;
	char *text;
	int64_t took = clock_mono();
	int status, done = 0;
	pid_t pid;

	(void)state;
	must("0");
	must("00");
	/* the second is of the kind that is killed */
	took = (clock_mono() - took) * 1000 * 6 / 10;
	for (int i = 1; i <= 60; i++) {
		char what[16];
		unsigned int n = 0;

		(void)snprintf(what, sizeof(what), "%d", i);
		if ((pid = fork()) == 0)
			_exit(install(what, &err) == 0 ? 0 : 1);
		usleep((useconds_t)(took * i / 60));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		text = get("live/x/privkey.pem");
		for (size_t k = 0; k < 4; k++) {
			char target[64];
			ssize_t len = readlink(box_path(&box,
			    "live/x/%s.pem", kinds[k]), target,
			    sizeof(target) - 1);
			unsigned int now;

			assert_true(len > 0);
			target[len] = '\0';
			assert_int_equal(sscanf(target + strlen(
			    "../../archive/x/") + strlen(kinds[k]), "%u",
			    &now), 1);
			assert_true(n == 0 || n == now);
			n = now;
		}
		assert_int_equal(store_lock(box.s, &err), 0);
		assert_int_equal(store_lineage_unstage(box.s, "x", &err), 0);
		store_unlock(box.s);
		assert_false(journal_pending(box.state));
		if (strcmp(text, what) == 0)
			done++;
		free(text);
	}
	print_message("%d of 60 were done\n", done);
	must("last");
	assert_file("live/x/privkey.pem", "last");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_lineages, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(refuses_odd_ones, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(lies_in_empty_directories,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(killed_anywhere, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
