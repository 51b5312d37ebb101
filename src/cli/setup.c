/* SPDX-License-Identifier: ISC */
#include "cli/setup.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "base/proc.h"
#include "store/server.h"

enum {
	MAX_WAIT_TERMINAL = 2 * 60,	/* seconds: a person waits */
	MAX_WAIT_CRON = 10 * 60
};

bool
cli_color(const struct cli *cli, int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !cli->no_color && (no == NULL || *no == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0 && isatty(fd) != 0;
}

void
cli_setup_output(struct cli *cli, const struct cli_parsed *p)
{
	const struct cli_args *g = &p->global;
	enum log_level level = LOG_NORMAL;

	cli->json = p->json;
	cli->dry_run = args_has(g, "dry-run");
	cli->quiet = args_has(g, "quiet");
	cli->no_color = args_has(g, "no-color");
	for (size_t i = 0; i < g->names.n; i++)
		if (strcmp(g->names.v[i], "verbose") == 0)
			cli->verbose++;
	cli->terminal = isatty(STDERR_FILENO) != 0;
	cli->report.dry_run = cli->dry_run;
	if (cli->verbose > 0)
		level = cli->verbose > 1 ? LOG_DEBUG : LOG_VERBOSE;
	else if (cli->quiet)
		level = LOG_QUIET;
	log_setup(level, cli_color(cli, STDERR_FILENO));
}

static int
absolute(const char *path, const char *option, char **out, struct error *err)
{
	if (config_absolute(path, out, err) == -1)
		return error_wrap(err, "'--%s'", option);
	return 0;
}

/* The program as it was called: a link to it stays a link, so that what is
 * written down survives an upgrade. */
static int
find_self(const char *argv0, char **out, struct error *err)
{
	char path[PATH_MAX];
	struct error none;
	ssize_t n;

	if (argv0 != NULL && strchr(argv0, '/') != NULL)
		return config_absolute(argv0, out, err);
	if (argv0 != NULL && *argv0 != '\0' &&
	    proc_find(argv0, out, &none) == 0)
		return 0;
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n == -1)
		return error_sys(err, CODE_ERROR, "'/proc/self/exe'");
	path[n] = '\0';
	return str_dup(out, path, err);
}

/* Puts an absolute path into self_options, as two words. */
static int
keep_path(struct cli *cli, const struct cli_args *g, const char *name,
    struct error *err)
{
	const char *value = args_value(g, name);
	char *path = NULL;
	int rc;

	if (value == NULL)
		return 0;
	if (absolute(value, name, &path, err) == -1)
		return -1;
	/* as design section 8 writes it */
	rc = strcmp(name, "config") == 0 ?
	    strs_add(&cli->self_options, "-c", err) :
	    strs_addf(&cli->self_options, err, "--%s", name);
	if (rc == 0)
		rc = strs_add(&cli->self_options, path, err);
	free(path);
	return rc;
}

int
cli_setup_options(struct cli *cli, const struct cli_parsed *p,
    const char *argv0, struct error *err)
{
	static const char *const paths[] = { "config", "config-dir",
		"work-dir", "logs-dir", "state-dir" };
	const struct cli_args *g = &p->global;
	const char *value;

	cli->max_wait = cli->terminal ? MAX_WAIT_TERMINAL : MAX_WAIT_CRON;
	if ((value = args_value(g, "max-wait")) != NULL &&
	    num_duration(value, "--max-wait", &cli->max_wait, err) == -1)
		return -1;
	if ((value = args_value(g, "account")) != NULL &&
	    config_check_account(value, err) == -1)
		return error_wrap(err, "'--account'");
	if ((value = args_value(g, "server")) != NULL &&
	    server_check(value, err) == -1)
		return error_wrap(err, "'--server'");
	if (str_dup(&cli->server, args_value(g, "server"), err) == -1 ||
	    str_dup(&cli->account, args_value(g, "account"), err) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (keep_path(cli, g, paths[i], err) == -1)
			return -1;
	return find_self(argv0, &cli->self, err);
}

/* What an option says instead of the configuration. */
static int
override(const struct cli_args *g, const char *option, char **member,
    struct error *err)
{
	const char *value = args_value(g, option);
	char *path;

	if (value == NULL)
		return 0;
	if (absolute(value, option, &path, err) == -1)
		return -1;
	free(*member);
	*member = path;
	return 0;
}

/* certbot's hooks and timers may run without XDG_STATE_HOME. */
static int
keep_state_dir(struct cli *cli, const struct cli_args *g, struct error *err)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	const char *dir = cli->config->state_dir;

	if (args_has(g, "state-dir") || xdg == NULL || *xdg != '/' ||
	    !str_starts(dir, xdg))
		return 0;
	if (strs_add(&cli->self_options, "--state-dir", err) == -1)
		return -1;
	return strs_add(&cli->self_options, dir, err);
}

int
cli_setup_config(struct cli *cli, const struct cli_parsed *p,
    struct error *err)
{
	const struct cli_args *g = &p->global;
	const char *given = args_value(g, "config");
	struct config *c;
	char *path = NULL;
	int rc;

	if (absolute(given != NULL ? given : CLI_CONFIG, "config", &path,
	    err) == -1)
		return -1;
	/* absent is fine: migrate writes only config.d beside it */
	rc = config_load_all(path, false, (p->command->flags & CMD_LENIENT)
	    != 0, &cli->config, &cli->report.problems, err);
	free(path);
	if (rc == -1)
		return -1;
	c = cli->config;
	if (override(g, "config-dir", &c->certbot_config_dir, err) == -1 ||
	    override(g, "work-dir", &c->certbot_work_dir, err) == -1 ||
	    override(g, "logs-dir", &c->certbot_logs_dir, err) == -1 ||
	    override(g, "state-dir", &c->state_dir, err) == -1)
		return -1;
	return keep_state_dir(cli, g, err);
}

void
cli_free(struct cli *cli)
{
	free(cli->server);
	free(cli->account);
	free(cli->self);
	strs_free(&cli->self_options);
	config_free(cli->config);
	report_free(&cli->report);
	memset(cli, 0, sizeof(*cli));
}
