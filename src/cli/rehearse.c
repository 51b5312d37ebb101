/* SPDX-License-Identifier: ISC */
#include "cli/rehearse.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vis.h"
#include "store/server.h"

#define FOLDER	"rehearsal"
#define V02	"https://acme-v02.api.letsencrypt.org/directory"
#define STAGING	"https://acme-staging-v02.api.letsencrypt.org/directory"

static int
find_server(struct cli *cli, struct error *err)
{
	const char *real = cli->config->server;

	if (cli->server != NULL && server_same(cli->server, V02))
		return error_set(err, CODE_USAGE, "'--rehearse': '%s' is no "
		    "staging directory; leave --server out, or name one",
		    cli->server);
	if (cli->server != NULL)
		return 0;
	if (!server_same(real, V02))
		return error_set(err, CODE_USAGE, "'--rehearse': the staging "
		    "directory of '%s' is not known, want it with --server",
		    vis(real));
	return str_dup(&cli->server, STAGING, err);
}

/* STATE_DIR/rehearsal/.acmeferry-...: temporary names go with the process. */
static int
make_folder(struct rehearsal *r, char **top, struct error *err)
{
	const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	char *parent = NULL, *lock = NULL;
	int rc = -1;

	if (str_printf(&parent, err, "%s/" FOLDER, r->state_dir) == -1 ||
	    str_printf(&lock, err, "%s/" FOLDER ".lock", r->state_dir)
	    == -1 || atomic_mkdirs(parent, &attr, err) == -1 ||
	    lock_acquire(&r->lock, lock, 0, err) == -1 ||
	    atomic_open_dir(AT_FDCWD, parent, true, &r->parent, err) == -1 ||
	    atomic_sweep(r->parent, err) == -1 ||
	    atomic_dir_begin(&r->dir, r->parent, &attr, err) == -1)
		goto out;
	rc = str_printf(top, err, "%s/%s", parent, r->dir.name);
out:
	free(parent);
	free(lock);
	return rc;
}

static int
set_path(char **slot, const char *top, const char *name, struct error *err)
{
	free(*slot);
	*slot = NULL;
	return str_printf(slot, err, "%s/%s", top, name);
}

/* Everything that is written, and how certbot's hook finds it again. */
static int
point_config(struct cli *cli, const char *top, struct error *err)
{
	struct config *c = cli->config;
	const struct {
		const char *option;
		char **slot;
		const char *name;
	} paths[] = {
		{ "-c", &c->path, "config.yml" },
		{ "--config-dir", &c->certbot_config_dir, "etc" },
		{ "--work-dir", &c->certbot_work_dir, "work" },
		{ "--logs-dir", &c->certbot_logs_dir, "logs" },
		{ "--state-dir", &c->state_dir, "state" },
	};

	strs_free(&cli->self_options);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (set_path(paths[i].slot, top, paths[i].name, err) == -1 ||
		    strs_add(&cli->self_options, paths[i].option, err) == -1 ||
		    strs_add(&cli->self_options, *paths[i].slot, err) == -1)
			return -1;
	/* accounts are others there, and nothing is to be deployed */
	for (size_t i = 0; i < c->npeers; i++)
		strs_free(&c->peers[i]->accounts);
	for (size_t i = 0; i < c->ncerts; i++) {
		strs_free(&c->certs[i]->deploy_hook);
		strs_free(&c->certs[i]->served);
		c->certs[i]->account[0] = '\0';
	}
	return 0;
}

int
rehearse_begin(struct rehearsal *r, struct cli *cli, struct error *err)
{
	char *top = NULL;
	int rc = -1;

	memset(r, 0, sizeof(*r));
	r->lock.fd = r->parent = r->dir.fd = -1;
	if (find_server(cli, err) == -1 ||
	    str_dup(&r->state_dir, cli->config->state_dir, err) == -1 ||
	    make_folder(r, &top, err) == -1 ||
	    point_config(cli, top, err) == -1)
		goto out;
	log_step("rehearsal: with %s; nothing of it will stay", cli->server);
	rc = 0;
out:
	free(top);
	return rc;
}

void
rehearse_end(struct rehearsal *r)
{
	struct error err;
	char *path = NULL;

	if (r->dir.fd != -1)
		atomic_dir_abort(&r->dir);
	if (r->parent != -1)
		(void)close(r->parent);
	if (r->lock.fd != -1 && (str_printf(&path, &err, "%s/" FOLDER,
	    r->state_dir) == -1 || atomic_remove_tree(AT_FDCWD, path, &err)
	    == -1))
		log_warn("%s", err.msg);
	lock_release(&r->lock);
	free(path);
	free(r->state_dir);
}

void
rehearse_explain(const struct cli *cli, struct error *err)
{
	struct error why = *err;

	if (why.code != CODE_STORE && why.code != CODE_ACCOUNT)
		return;
	(void)error_set(err, why.code, "%s; a rehearsal needs the surrogate's "
	    "account of the staging server, and the right to read it: run "
	    "'certbot certonly --server %s' for these names there, and grant "
	    "it with 'acmeferry authorize ... --server %s'", why.msg,
	    cli->server, cli->server);
}
