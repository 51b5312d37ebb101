/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_STORETEST_H
#define TESTS_UNIT_STORETEST_H

/*
 * A store in a temporary directory: config/, state/.  Include after "unit.h"
 * and "fixture.h".
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

#define SRV	"acme.example.org/directory"
#define LE2	"acme-v02.api.letsencrypt.org/directory"
#define LE1	"acme-v01.api.letsencrypt.org/directory"

struct box {
	char dir[64];
	char config[96], state[96];
	struct store *s;
};

static inline int
box_rm(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP)
		(void)chmod(path, 0700);
	return remove(path);
}

static inline void
box_open(struct box *b)
{
	struct store_options o = { b->config, b->state, 2000, NULL };
	struct error err;

	if (store_open(&o, &b->s, &err) == -1)
		fail_msg("%s", err.msg);
}

static inline void
box_reopen(struct box *b)
{
	store_free(b->s);
	box_open(b);
}

static inline void
box_sleep(int64_t ms)
{
	(void)ms;
}

static inline void
box_new(struct box *b)
{
	/* files are always fresh here, nobody rewrites them */
	clock_replace(NULL, NULL, box_sleep);
	memset(b, 0, sizeof(*b));
	log_setup(LOG_QUIET, false);
	snprintf(b->dir, sizeof(b->dir), "/tmp/acmeferry-unit.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->config, sizeof(b->config), "%s/config", b->dir);
	snprintf(b->state, sizeof(b->state), "%s/state", b->dir);
	assert_int_equal(mkdir(b->config, 0755), 0);
	box_open(b);
}

static inline void
box_end(struct box *b)
{
	store_free(b->s);
	(void)nftw(b->dir, box_rm, 16, FTW_DEPTH | FTW_PHYS);
}

/* DIR/config/REL, in a static buffer that the next call but three reuses. */
PRINTF_LIKE(2, 3) static inline const char *
box_path(const struct box *b, const char *fmt, ...)
{
	static char text[4][PATH_MAX];
	static int turn;
	va_list ap;
	size_t n;

	turn = (turn + 1) % 4;
	n = (size_t)snprintf(text[turn], PATH_MAX, "%s/", b->config);
	va_start(ap, fmt);
	vsnprintf(text[turn] + n, PATH_MAX - n, fmt, ap);
	va_end(ap);
	return text[turn];
}

static inline void
box_mkdir(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = copy + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			(void)mkdir(copy, 0700);
			*p = '/';
		}
	(void)mkdir(copy, 0700);
}

static inline void
box_write(const char *path, const char *text, size_t len, mode_t mode)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static inline void
box_text(const char *path, const char *text)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	box_mkdir(dir);
	box_write(path, text, strlen(text), 0644);
}

/* The fixture as accounts/SERVER/NAME; NULL: under its right id. */
static inline const char *
box_account(const struct box *b, const char *server, const char *fixture,
    const char *name)
{
	static const char *const files[] = { "private_key.json", "meta.json",
	    "regr.json" };
	static struct fixture_row rows[128];
	static size_t n;
	char from[PATH_MAX], *text;
	const char *id = name;
	struct stat st;
	size_t len;

	if (n == 0)
		n = fixture_index(rows, 128);
	for (size_t i = 0; i < n && id == NULL; i++)
		if (strcmp(rows[i].name, fixture) == 0)
			id = rows[i].id;
	assert_non_null(id);
	box_mkdir(box_path(b, "accounts/%s/%s", server, id));
	for (int i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s/%s/%s", FIXTURE("accounts"),
		    fixture, files[i]);
		if (stat(from, &st) == -1)
			continue;
		text = slurp(from, &len);
		box_write(box_path(b, "accounts/%s/%s/%s", server, id,
		    files[i]), text, len, i == 0 ? 0400 : 0644);
		drop(text, len);
	}
	return id;
}

PRINTF_LIKE(2, 3) static inline bool
box_has(const struct box *b, const char *fmt, ...)
{
	char rel[PATH_MAX];
	struct stat st;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rel, sizeof(rel), fmt, ap);
	va_end(ap);
	return lstat(box_path(b, "%s", rel), &st) == 0;
}

/* The mode of a file; 0: none. */
static inline unsigned int
box_mode(const struct box *b, const char *rel)
{
	struct stat st;

	return lstat(box_path(b, "%s", rel), &st) == 0 ?
	    st.st_mode & 07777 : 0;
}

#define OK(expr) do {							\
	error_clear(&err);						\
	if ((expr) == -1)						\
		fail_msg("%s: %s", #expr, err.msg);			\
} while (0)
#define FAILS(expr, want) do {						\
	error_clear(&err);						\
	assert_int_equal((expr), -1);					\
	if (err.code != (want))						\
		fail_msg("%s: code %d: %s", #expr, (int)err.code, err.msg); \
} while (0)

#endif
