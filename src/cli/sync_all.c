/* SPDX-License-Identifier: ISC */
#include "cli/sync_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/vis.h"
#include "cli/quiet.h"
#include "cli/report_sync.h"
#include "cli/sync.h"

/* ---- what is said of one that failed ------------------------------------ */

/* Begins with "'NAME'"? */
static bool
names_it(const char *message, const char *name)
{
	size_t n = strlen(name);

	return message[0] == '\'' && strncmp(message + 1, name, n) == 0 &&
	    message[n + 1] == '\'';
}

static void
as_error(const struct sync_peer *p, struct error *out)
{
	char since[TIME_TEXT], next[TIME_TEXT];

	error_clear(out);
	if (p->code == CODE_OK)
		return;
	(void)error_set(out, p->code, "%s", p->error != NULL ? p->error :
	    "failed");
	out->retry_after = p->retry_after;
	if (!names_it(out->msg, vis(p->peer->name)))
		(void)error_wrap(out, "'%s'", vis(p->peer->name));
	if (p->failures > 1)
		error_append(out, "; failed %u times since %s", p->failures,
		    time_text(p->failing, since, sizeof(since)));
	if (p->next > clock_now())
		error_append(out, "; is tried again after %s, or at once by "
		    "'acmeferry sync %s'", time_text(p->next, next,
		    sizeof(next)), vis(p->peer->name));
}

/* ---- the report --------------------------------------------------------- */

static int
add_row(struct cli *cli, struct store *s, struct sync_peer *p,
    struct error *err)
{
	bool push = p->peer->direction == DIRECTION_PUSH;
	struct error why;

	as_error(p, &why);
	if (cli_report_sync(cli, p->peer->name, &p->result, p->code !=
	    CODE_OK ? &why : NULL, err) == -1 ||
	    cli_sync_rows(cli, s, &p->result, push ? "local" : p->peer->name,
	    err) == -1)
		return -1;
	cli->report.peers[cli->report.npeers - 1].held = p->held;
	if (p->code == CODE_OK || p->held)
		return 0;
	return strs_add(&cli->report.problems, why.msg, err);
}

/* The worst of all; what is said goes before what is held. */
static int
failure(struct cli *cli, const struct sync_peer *v, size_t n,
    struct error *err)
{
	const struct sync_peer *worst = NULL;

	for (size_t i = 0; i < n; i++) {
		if (v[i].code == CODE_OK)
			continue;
		if (worst == NULL || (worst->held && !v[i].held) ||
		    (worst->held == v[i].held && code_worse(worst->code,
		    v[i].code) != worst->code))
			worst = &v[i];
	}
	if (worst == NULL)
		return 0;
	cli->report.held = worst->held;
	as_error(worst, err);
	return -1;
}

int
cli_sync_all(struct cli *cli, struct store *s,
    const struct sync_all_options *o, struct sync_peer *v, size_t n,
    struct error *err)
{
	struct error why;
	int rc;

	error_clear(&why);
	rc = sync_all(s, cli->config, o, v, n, &why);
	log_progress_end();
	for (size_t i = 0; i < n; i++) {
		/* what was not reached is no success */
		if (rc == -1 && !v[i].tried && v[i].error == NULL)
			continue;
		v[i].held = quiet_hold_row(cli, "sync", "peer",
		    v[i].peer->name, v[i].code);
		if (add_row(cli, s, &v[i], err) == -1)
			return -1;
	}
	if (rc == -1) {
		*err = why;
		return strs_add(&cli->report.problems, why.msg, &why) == -1 ?
		    error_nomem(err) : -1;
	}
	return failure(cli, v, n, err);
}

/* ---- pushes that are owed ----------------------------------------------- */

static int
push_owed(struct cli *cli, struct store *s, bool now, struct error *err)
{
	struct sync_options each = { .dry_run = cli->dry_run,
		.max_wait = cli->max_wait };
	struct sync_all_options o = { .each = &each, .now = now,
		.lock_timeout = cli_lock_timeout(cli) };
	struct sync_peer *v = NULL;
	size_t n = 0;
	int rc;

	if (sync_peers(cli->config, true, &v, &n, err) == -1)
		return -1;
	rc = n == 0 ? 0 : cli_sync_all(cli, s, &o, v, n, err);
	sync_peers_free(v, n);
	return rc;
}

int
cli_sync_owed(struct cli *cli, struct store *s, bool now, int rc,
    struct error *err)
{
	struct report *r = &cli->report;
	bool held = r->held;
	struct error why, ignored;

	error_clear(&why);
	r->held = false;
	if (push_owed(cli, s, now, &why) == 0) {
		r->held = held;
		return rc;
	}
	if (rc == 0) {
		*err = why;
		return -1;
	}
	/* both failed: what is said goes before what is held */
	if (!held && strs_add(&r->problems, err->msg, &ignored) == -1)
		return -1;
	report_count(r, code_worse(err->code, why.code));
	if ((held && !r->held) || (held == r->held &&
	    code_worse(err->code, why.code) != err->code))
		*err = why;
	r->held = held && r->held;
	return -1;
}

/* ---- one at a time ------------------------------------------------------ */

int
cli_sync_lock(const struct cli *cli, struct lock *l, bool *busy,
    struct error *err)
{
	struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	const char *dir = cli->config->state_dir;
	char *path = NULL;
	int rc;

	*busy = false;
	if (atomic_mkdirs(dir, &attr, err) == -1 ||
	    str_printf(&path, err, "%s/sync.lock", dir) == -1)
		return -1;
	rc = lock_acquire(l, path, 0, err);
	free(path);
	if (rc == -1 && err->code == CODE_RETRY) {
		log_verbose("%s; that run does it all", err->msg);
		*busy = true;
		return 0;
	}
	return rc;
}
