/* SPDX-License-Identifier: ISC */
#include "cli/quiet.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "base/vis.h"

enum {
	DAY = 24 * 60 * 60,
	STATE_MAX = 128,	/* two times */
	SUBJECT_MAX = 1024 * 1024
};

struct state {
	int64_t since;		/* it has been `retry` from then on */
	int64_t told;		/* the last time that was said; 0: never */
};

/* Options that change how it is said, not what it is about. */
static bool
is_manner(const char *name)
{
	static const char *const names[] = { "json", "quiet", "verbose",
		"no-color", "non-interactive", "max-wait" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void
add_args(struct buf *b, const struct cli_args *a)
{
	for (size_t i = 0; i < a->words.n; i++)
		buf_add(b, a->words.v[i], strlen(a->words.v[i]) + 1);
	for (size_t i = 0; i < a->names.n; i++) {
		if (is_manner(a->names.v[i]))
			continue;
		buf_addf(b, "--%s=", a->names.v[i]);
		buf_add(b, a->values.v[i], strlen(a->values.v[i]) + 1);
	}
}

/* The name of the state's file. */
static int
subject(const struct cli_parsed *p, char name[DIGEST_SHA256_HEX],
    struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, SUBJECT_MAX);
	buf_add(&b, p->command->name, strlen(p->command->name) + 1);
	add_args(&b, &p->args);
	add_args(&b, &p->global);
	rc = buf_check(&b, "command line", err);
	if (rc == 0)
		rc = digest_sha256_hex(b.data, b.len, name, err);
	buf_free(&b);
	return rc;
}

/* "SINCE TOLD\n"; what is damaged counts as absent. */
static int
read_state(int dir, const char *name, struct state *st, struct error *err)
{
	char *blank, *end;
	struct buf b;
	int found, rc;

	memset(st, 0, sizeof(*st));
	buf_init(&b, STATE_MAX);
	rc = io_read_file(dir, name, STATE_MAX, IO_NOFOLLOW | IO_MISSING_OK,
	    &b, &found, err);
	if (rc == 0 && b.len > 0 && (blank = strchr(b.data, ' ')) != NULL &&
	    (end = strchr(blank, '\n')) != NULL) {
		struct error ignored;

		*blank = *end = '\0';
		if (num_parse(b.data, 0, INT64_MAX, "since", &st->since,
		    &ignored) == -1 || num_parse(blank + 1, 0, INT64_MAX,
		    "told", &st->told, &ignored) == -1)
			memset(st, 0, sizeof(*st));
	}
	buf_free(&b);
	return rc;
}

static int
write_state(int dir, const char *name, const struct state *st,
    struct error *err)
{
	static const struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct buf b;
	int rc;

	buf_init(&b, STATE_MAX);
	buf_addf(&b, "%" PRId64 " %" PRId64 "\n", st->since, st->told);
	rc = buf_check(&b, name, err);
	if (rc == 0)
		rc = atomic_sweep(dir, err);
	if (rc == 0)
		rc = atomic_write(dir, name, b.data, b.len, &attr,
		    ATOMIC_REPLACE, err);
	buf_free(&b);
	return rc;
}

/* A retry: *hold says whether nothing is said of it yet. */
static int
hold_retry(const struct cli *cli, int dir, const char *name,
    const char *what, bool *hold, struct error *err)
{
	int64_t now = clock_now();
	struct state st;
	char text[32];

	if (read_state(dir, name, &st, err) == -1)
		return -1;
	/* a clock that went back starts it anew */
	if (st.since == 0 || st.since > now)
		st.since = now;
	if (st.told > now)
		st.told = 0;
	*hold = now - st.since < cli->config->quiet_for ||
	    (st.told != 0 && now - st.told < DAY);
	if (!*hold) {
		st.told = now;
		if (now > st.since)
			log_error("%s has lasted for %s", what,
			    num_duration_text(now - st.since, text,
			    sizeof(text)));
	}
	return write_state(dir, name, &st, err);
}

static int
hold(const struct cli *cli, const char *name, const char *what,
    enum code code, bool *held, struct error *err)
{
	static const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	char *path = NULL;
	int dir = -1, rc;

	if (str_printf(&path, err, "%s/quiet", cli->config->state_dir) == -1)
		return -1;
	rc = 0;
	if (code == CODE_RETRY) {
		rc = atomic_mkdirs(path, &attr, err);
		if (rc == 0)
			rc = atomic_open_dir(AT_FDCWD, path, true, &dir, err);
		if (rc == 0)
			rc = hold_retry(cli, dir, name, what, held, err);
	} else if (access(path, F_OK) == 0) {
		rc = atomic_open_dir(AT_FDCWD, path, true, &dir, err);
		if (rc == 0 && faccessat(dir, name, F_OK, 0) == 0)
			rc = atomic_unlink(dir, name, err);
	}
	if (dir != -1)
		(void)close(dir);
	free(path);
	return rc;
}

static bool
judge(const struct cli *cli, const char *name, const char *what,
    enum code code)
{
	struct error err;
	bool held = false;

	if (hold(cli, name, what, code, &held, &err) == -1) {
		if (code == CODE_RETRY)
			log_error("%s", err.msg);
		return false;
	}
	return held;
}

bool
quiet_hold(const struct cli *cli, const struct cli_parsed *p, enum code code)
{
	char name[DIGEST_SHA256_HEX];
	struct error err;

	if (!cli->quiet || cli->dry_run || cli->config == NULL ||
	    p->command == NULL)
		return false;
	if (subject(p, name, &err) == -1) {
		if (code == CODE_RETRY)
			log_error("%s", err.msg);
		return false;
	}
	return judge(cli, name, "this", code);
}

bool
quiet_hold_row(const struct cli *cli, const char *command, const char *kind,
    const char *name, enum code code)
{
	char digest[DIGEST_SHA256_HEX], *what = NULL;
	struct error err;
	struct buf b;
	bool held = false;

	if (!cli->quiet || cli->dry_run)
		return false;
	buf_init(&b, SUBJECT_MAX);
	buf_add(&b, command, strlen(command) + 1);
	buf_add(&b, kind, strlen(kind) + 1);
	buf_adds(&b, name);
	if (buf_check(&b, name, &err) == 0 &&
	    digest_sha256_hex(b.data, b.len, digest, &err) == 0 &&
	    str_printf(&what, &err, "'%s': this", vis(name)) == 0)
		held = judge(cli, digest, what, code);
	free(what);
	buf_free(&b);
	return held;
}
