/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/vis.h"
#include "cli/sync.h"
#include "cli/sync_all.h"

const struct cli_option sync_options[] = {
	CLI_OPTIONS_SYNC,
	{ .name = NULL }
};

/* A word of the command line: a peer's name, or the URL it is configured with;
 * twice is once. */
static int
add_named(const struct cli *cli, const char *word, struct sync_peer *v,
    size_t *n, struct error *err)
{
	const struct config *c = cli->config;
	const struct config_peer *p = config_peer(c, word);
	struct strs names = { 0 };
	char *list = NULL;
	int rc;

	for (size_t i = 0; p == NULL && i < c->npeers; i++)
		if (strcmp(c->peers[i]->url, word) == 0 &&
		    strcmp(word, "exec:") != 0)
			p = c->peers[i];
	if (p != NULL) {
		for (size_t i = 0; i < *n; i++)
			if (v[i].peer == p)
				return 0;
		v[(*n)++].peer = p;
		return 0;
	}
	rc = 0;
	for (size_t i = 0; rc == 0 && i < c->npeers; i++)
		rc = strs_add(&names, c->peers[i]->name, err);
	if (rc == 0 && (list = strs_join(&names, ", ")) == NULL)
		rc = error_nomem(err);
	if (rc == 0)
		(void)error_set(err, CODE_USAGE, "'%s': no peer of this name "
		    "is configured in '%s' (%s); 'acmeferry pull' and 'push' "
		    "take a URL, too", vis(word), vis(c->path),
		    names.n > 0 ? vis(list) : "it has none");
	free(list);
	strs_free(&names);
	return -1;
}

static int
choose(const struct cli *cli, const struct cli_args *a,
    struct sync_peer **v, size_t *n, struct error *err)
{
	*v = NULL;
	if (a->words.n == 0)
		return sync_peers(cli->config, false, v, n, err);
	*n = 0;
	if ((*v = calloc(a->words.n, sizeof(**v))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < a->words.n; i++)
		if (add_named(cli, a->words.v[i], *v, n, err) == -1)
			return -1;
	return 0;
}

static int
serve(struct cli *cli, const struct sync_all_options *o,
    struct sync_peer *v, size_t n, struct error *err)
{
	struct store *s = NULL;
	int rc;

	if (n == 0) {
		log_step("'%s': there are no peers to sync with; 'acmeferry "
		    "migrate' sets one up, or add it below 'peers:'",
		    vis(cli->config->path));
		return 0;
	}
	if (cli_store(cli, &s, err) == -1)
		return -1;
	rc = cli_sync_all(cli, s, o, v, n, err);
	store_free(s);
	return rc;
}

int
cmd_sync(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct sync_options each;
	struct sync_all_options o = { .each = &each,
		.now = a->words.n > 0 };
	struct lock lock = LOCK_NONE;
	struct sync_peer *v = NULL;
	size_t n = 0;
	bool busy = false;
	int rc = -1;

	cli_lock_patiently(cli);
	o.lock_timeout = cli_lock_timeout(cli);
	if (cli_sync_options(cli, a, &each, err) == -1)
		return -1;
	/* side by side they cannot ask */
	each.terminal = false;
	if (choose(cli, a, &v, &n, err) == -1 || (!cli->dry_run &&
	    cli_sync_lock(cli, &lock, &busy, err) == -1))
		goto out;
	rc = busy ? 0 : serve(cli, &o, v, n, err);
out:
	lock_release(&lock);
	sync_peers_free(v, n);
	return rc;
}
