/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <errno.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/limits.h"
#include "tmpdir.h"
#include "transport/webroot.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define THUMB "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
#define OTHER "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
#define DIR "w/.well-known/acme-challenge"

static struct webroot *
opened(void)
{
	struct webroot *w = NULL;
	struct error err;

	if (webroot_open(tmp_path("w"), &w, &err) == -1)
		fail_msg("%s", err.msg);
	return w;
}

/* An empty web root. */
static void
fresh(void)
{
	struct error err;

	assert_int_equal(atomic_remove_tree(AT_FDCWD, tmp_path("w"), &err),
	    0);
	assert_int_equal(mkdir(tmp_path("w"), 0755), 0);
}

static bool
put(struct webroot *w, const char *token, const char *text, bool want_made)
{
	struct error err;
	bool made;

	if (webroot_put(w, token, text, &made, &err) == -1)
		fail_msg("%s", err.msg);
	assert_int_equal(made, want_made);
	return made;
}

static unsigned int
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(tmp_path(name), &st), 0);
	return st.st_mode & 07777;
}

static void
test_thumbprint(void **state)
{
	static const char *const bad[] = { "", "x", "..", "../../etc/passwd",
		"a/b", ".well-known", "evaGxfADs6pSRb2LAv9IZ", /* 21 */
		"evaGxfADs6pSRb2LAv9I/Z", "evaGxfADs6pSRb2LAv9IZ\n",
		"evaGxfADs6pSRb2LAv9.IZ", "evaGxfADs6pSRb2LAv9IZ=",
		"evaGxfADs6pSRb2LAv9IZ\xc3\xa4" };
	char token[160], text[256];

	(void)state;
	assert_string_equal(webroot_thumbprint(TOKEN, TOKEN "." THUMB),
	    THUMB);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s." THUMB, bad[i]);
		if (webroot_thumbprint(bad[i], text) != NULL)
			fail_msg("'%s'", bad[i]);
	}
	for (int len = 21; len <= 129; len++) {
		memset(token, 'a', (size_t)len);
		token[len] = '\0';
		(void)snprintf(text, sizeof(text), "%s." THUMB, token);
		if ((webroot_thumbprint(token, text) != NULL) !=
		    (len >= 22 && len <= 128))
			fail_msg("%d", len);
	}
	assert_null(webroot_thumbprint(TOKEN, TOKEN));
	assert_null(webroot_thumbprint(TOKEN, TOKEN "."));
	assert_null(webroot_thumbprint(TOKEN, TOKEN "." THUMB "x"));
	assert_null(webroot_thumbprint(TOKEN, TOKEN "." THUMB "\n"));
	assert_null(webroot_thumbprint(TOKEN, TOKEN "x" THUMB));
	assert_null(webroot_thumbprint(TOKEN, TOKEN ".<script>46WB3rR_AHD-"
	    "EBXdN7cBkH1WOu0tA3M9fm21mqTI"));
	assert_null(webroot_thumbprint(TOKEN, "x" TOKEN "." THUMB));
}

static void
test_put_and_remove(void **state)
{
	struct webroot *w;
	struct error err;
	bool yes;

	(void)state;
	fresh();
	w = opened();
	/* nothing is made before it is needed */
	assert_int_equal(tmp_count("w"), 0);
	assert_int_equal(webroot_remove(w, TOKEN, &yes, &err), 0);
	assert_false(yes);
	put(w, TOKEN, TOKEN "." THUMB, true);
	assert_string_equal(tmp_get(DIR "/" TOKEN), TOKEN "." THUMB);
	assert_int_equal(mode_of(DIR "/" TOKEN), 0644);
	assert_int_equal(mode_of(DIR), 0755);
	assert_int_equal(mode_of("w/.well-known"), 0755);
	/* the same once more is no other */
	put(w, TOKEN, TOKEN "." THUMB, false);
	/* gone behind our back: put again */
	assert_int_equal(unlink(tmp_path(DIR "/" TOKEN)), 0);
	put(w, TOKEN, TOKEN "." THUMB, true);
	assert_int_equal(webroot_remove(w, TOKEN, &yes, &err), 0);
	assert_true(yes);
	assert_int_equal(tmp_count(DIR), 0);
	assert_int_equal(webroot_remove(w, TOKEN, &yes, &err), 0);
	assert_false(yes);
	/* what is left goes with the session */
	put(w, TOKEN, TOKEN "." THUMB, true);
	assert_int_equal(tmp_count(DIR), 1);
	webroot_free(w);
	assert_int_equal(tmp_count(DIR), 0);
	webroot_free(NULL);
}

/* What somebody else has put stays, and is never written over. */
static void
test_others(void **state)
{
	struct webroot *a, *b;
	struct error err;
	bool yes;

	(void)state;
	fresh();
	a = opened();
	b = opened();
	put(a, TOKEN, TOKEN "." THUMB, true);
	put(b, TOKEN, TOKEN "." THUMB, false);
	assert_int_equal(webroot_remove(b, TOKEN, &yes, &err), 0);
	assert_false(yes);
	webroot_free(b);
	assert_int_equal(tmp_count(DIR), 1);
	/* with a newline behind it, it is the same response */
	webroot_free(a);
	tmp_put(DIR "/" TOKEN, TOKEN "." THUMB "\n", 0644);
	a = opened();
	put(a, TOKEN, TOKEN "." THUMB, false);
	tmp_put(DIR "/" TOKEN, TOKEN "." OTHER, 0644);
	assert_int_equal(webroot_put(a, TOKEN, TOKEN "." THUMB, &yes, &err),
	    -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_non_null(strstr(err.msg, "is there already, with another "
	    "content"));
	webroot_free(a);
	assert_string_equal(tmp_get(DIR "/" TOKEN), TOKEN "." OTHER);
	/* whatever it is */
	for (int i = 0; i < 3; i++) {
		fresh();
		a = opened();
		put(a, "aaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaa."
		    THUMB, true);
		if (i == 0)
			assert_int_equal(mkdir(tmp_path(DIR "/" TOKEN), 0755),
			    0);
		else if (i == 1)
			assert_int_equal(symlink("/etc/passwd", tmp_path(DIR
			    "/" TOKEN)), 0);
		else
			assert_int_equal(mkfifo(tmp_path(DIR "/" TOKEN),
			    0600), 0);
		assert_int_equal(webroot_put(a, TOKEN, TOKEN "." THUMB, &yes,
		    &err), -1);
		assert_int_equal(err.code, i == 1 ? CODE_TRUST : CODE_STORE);
		/* and the others go on */
		put(a, "bbbbbbbbbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbbbbbbbb."
		    THUMB, true);
		webroot_free(a);
		assert_int_equal(tmp_count(DIR), 1);
	}
}

static void
test_bad(void **state)
{
	struct webroot *w;
	struct error err;
	bool yes;

	(void)state;
	fresh();
	w = opened();
	assert_int_equal(webroot_put(w, "../../../etc/cron.d/xxxx",
	    "../../../etc/cron.d/xxxx." THUMB, &yes, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_int_equal(webroot_put(w, TOKEN, "hello", &yes, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_int_equal(webroot_remove(w, "..", &yes, &err), 0);
	assert_false(yes);
	assert_int_equal(tmp_count("w"), 0);
	webroot_free(w);
}

static void
test_many(void **state)
{
	char token[64], text[128];
	struct webroot *w;
	struct error err;
	bool yes;

	(void)state;
	fresh();
	w = opened();
	for (int i = 0; i <= LIMIT_RESPONSES; i++) {
		(void)snprintf(token, sizeof(token), "aaaaaaaaaaaaaaaaaaaaaa%d",
		    i);
		(void)snprintf(text, sizeof(text), "%s." THUMB, token);
		if (i < LIMIT_RESPONSES) {
			put(w, token, text, true);
			continue;
		}
		assert_int_equal(webroot_put(w, token, text, &yes, &err), -1);
		assert_int_equal(err.code, CODE_STORE);
		/* one goes, one comes */
		assert_int_equal(webroot_remove(w, "aaaaaaaaaaaaaaaaaaaaaa7",
		    &yes, &err), 0);
		assert_true(yes);
		put(w, token, text, true);
	}
	assert_int_equal(tmp_count(DIR), LIMIT_RESPONSES);
	webroot_free(w);
	assert_int_equal(tmp_count(DIR), 0);
}

static enum code
open_code(const char *dir)
{
	struct webroot *w = NULL;
	struct error err;

	error_clear(&err);
	if (webroot_open(dir, &w, &err) == 0)
		webroot_free(w);
	return err.code;
}

static void
test_open(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(open_code(tmp_path("w")), CODE_OK);
	assert_int_equal(open_code(tmp_path("w//")), CODE_OK);
	assert_int_equal(open_code(""), CODE_USAGE);
	assert_int_equal(open_code("w"), CODE_USAGE);
	assert_int_equal(open_code("/"), CODE_USAGE);
	assert_int_equal(open_code("//"), CODE_USAGE);
	assert_int_equal(open_code(tmp_path("none")), CODE_USAGE);
	tmp_put("file", "", 0644);
	assert_int_equal(open_code(tmp_path("file")), CODE_TRUST);
	/* no link, neither at the end nor on the way */
	assert_int_equal(symlink("w", tmp_path("link")), 0);
	assert_int_equal(open_code(tmp_path("link")), CODE_TRUST);
	assert_int_equal(mkdir(tmp_path("w/sub"), 0755), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_OK);
	assert_int_equal(open_code(tmp_path("link/sub")), CODE_TRUST);
	/* its group may write, others may not; above it nobody else may */
	assert_int_equal(chmod(tmp_path("w/sub"), 02775), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_OK);
	assert_int_equal(chmod(tmp_path("w/sub"), 0757), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_TRUST);
	assert_int_equal(chmod(tmp_path("w/sub"), 01777), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_TRUST);
	assert_int_equal(chmod(tmp_path("w/sub"), 0755), 0);
	assert_int_equal(chmod(tmp_path("w"), 0775), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_TRUST);
	assert_int_equal(chmod(tmp_path("w"), 01777), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_OK);
	assert_int_equal(chmod(tmp_path("w"), 0755), 0);
	if (geteuid() != 0)
		return;
	/* the web server's user may own the web root, not what is above */
	assert_int_equal(chown(tmp_path("w/sub"), 33, 33), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_OK);
	assert_int_equal(chown(tmp_path("w"), 33, 33), 0);
	assert_int_equal(open_code(tmp_path("w/sub")), CODE_TRUST);
	assert_int_equal(chown(tmp_path("w"), 0, 0), 0);
}

/* What lies below the web root is as hostile as its owner. */
static void
test_below(void **state)
{
	struct webroot *w;
	struct error err;
	bool yes;

	(void)state;
	for (int i = 0; i < 6; i++) {
		if (i == 5 && geteuid() != 0)
			continue;
		fresh();
		assert_int_equal(atomic_remove_tree(AT_FDCWD,
		    tmp_path("away"), &err), 0);
		assert_int_equal(mkdir(tmp_path("away"), 0755), 0);
		if (i == 0)
			assert_int_equal(symlink(tmp_path("away"),
			    tmp_path("w/.well-known")), 0);
		else if (i == 1)
			tmp_put("w/.well-known", "", 0644);
		else
			assert_int_equal(mkdir(tmp_path("w/.well-known"),
			    0755), 0);
		if (i == 2)
			assert_int_equal(symlink(tmp_path("away"),
			    tmp_path(DIR)), 0);
		else if (i > 2)
			assert_int_equal(mkdir(tmp_path(DIR), 0755), 0);
		if (i == 3)
			assert_int_equal(chmod(tmp_path(DIR), 0777), 0);
		if (i == 4)
			assert_int_equal(chmod(tmp_path("w/.well-known"),
			    01777), 0);
		if (i == 5)
			assert_int_equal(chown(tmp_path(DIR), 12345, 12345),
			    0);
		w = opened();
		assert_int_equal(webroot_put(w, TOKEN, TOKEN "." THUMB, &yes,
		    &err), -1);
		if (err.code != CODE_TRUST)
			fail_msg("%d: %s", i, err.msg);
		assert_int_equal(tmp_count("away"), 0);
		webroot_free(w);
	}
	/* the directory is exchanged once it is held: nothing follows */
	fresh();
	w = opened();
	put(w, "aaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaa." THUMB,
	    true);
	assert_int_equal(rename(tmp_path(DIR), tmp_path("held")), 0);
	assert_int_equal(symlink(tmp_path("away"), tmp_path(DIR)), 0);
	put(w, TOKEN, TOKEN "." THUMB, true);
	assert_int_equal(tmp_count("away"), 0);
	assert_int_equal(tmp_count("held"), 2);
	webroot_free(w);
	assert_int_equal(tmp_count("held"), 0);
}

static void
aged(const char *name, int64_t age)
{
	struct timespec t[2] = { { 0, 0 }, { 0, 0 } };

	t[0].tv_sec = t[1].tv_sec = clock_now() - age;
	assert_int_equal(utimensat(AT_FDCWD, tmp_path(name), t,
	    AT_SYMLINK_NOFOLLOW), 0);
}

/* A session that was killed: what it left goes later, and nothing else. */
static void
test_sweep(void **state)
{
	static const struct {
		const char *name, *text;
		int64_t age;
		bool stays;
	} t[] = {
		{ "aaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaa." THUMB,
		    LIMIT_RESPONSE_AGE + 5, false },
		{ "bbbbbbbbbbbbbbbbbbbbbb", "bbbbbbbbbbbbbbbbbbbbbb." THUMB,
		    LIMIT_RESPONSE_AGE - 60, true },
		{ "cccccccccccccccccccccc", "cccccccccccccccccccccc." OTHER,
		    100000, true },
		{ "dddddddddddddddddddddd", "aaaaaaaaaaaaaaaaaaaaaa." THUMB,
		    100000, true },
		{ "eeeeeeeeeeeeeeeeeeeeee", "hello", 100000, true },
		{ "short", "short." THUMB, 100000, true },
		{ "index.html", "<html>", 100000, true },
		/* a response that was half written is nobody's any more */
		{ ".acmeferry-aaaaaaaaaaaa", "aaaa", 100000, false },
	};
	struct webroot *w;
	struct error err;
	char path[128];
	int left = 0;

	(void)state;
	fresh();
	assert_int_equal(mkdir(tmp_path("w/.well-known"), 0755), 0);
	assert_int_equal(mkdir(tmp_path(DIR), 0755), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(path, sizeof(path), DIR "/%s", t[i].name);
		tmp_put(path, t[i].text, 0644);
		aged(path, t[i].age);
		left += t[i].stays ? 1 : 0;
	}
	w = opened();
	put(w, TOKEN, TOKEN "." THUMB, true);
	assert_int_equal(tmp_count(DIR), left + 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(path, sizeof(path), DIR "/%s", t[i].name);
		if ((access(tmp_path(path), F_OK) == 0) != t[i].stays)
			fail_msg("%s", t[i].name);
	}
	/* its own are never old */
	aged(DIR "/" TOKEN, 100000);
	assert_int_equal(webroot_sweep(w, THUMB, &err), 0);
	assert_int_equal(tmp_count(DIR), left + 1);
	webroot_free(w);
	assert_int_equal(tmp_count(DIR), left);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thumbprint),
		cmocka_unit_test(test_put_and_remove),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_sweep)
	};

	return cmocka_run_group_tests(tests, tmp_setup, tmp_teardown);
}
