/* SPDX-License-Identifier: ISC */
#include "issue/deploy.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/vis.h"
#include "issue/lineage_conf.h"

#define HOOKS	"renewal-hooks/deploy"

/* certbot's list_hooks() */
static bool
is_hook(const char *path)
{
	struct stat st;

	return !str_ends(path, "~") && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static int
list_hooks(const char *config_dir, struct strs *out, struct error *err)
{
	struct dirent *e = NULL;
	char *dir = NULL, *path = NULL;
	int rc = 0;
	DIR *d;

	if (str_printf(&dir, err, "%s/" HOOKS, config_dir) == -1)
		return -1;
	if ((d = opendir(dir)) == NULL) {
		/* who has none needs no folder */
		if (errno != ENOENT && errno != ENOTDIR)
			rc = error_sys(err, CODE_ERROR, "'%s': cannot be read",
			    vis(dir));
		free(dir);
		return rc;
	}
	while (rc == 0 && (rc = io_next(d, dir, &e, err)) == 0 && e != NULL) {
		rc = str_printf(&path, err, "%s/%s", dir, e->d_name);
		if (rc == 0 && is_hook(path))
			rc = strs_add(out, path, err);
		free(path);
		path = NULL;
	}
	(void)closedir(d);
	free(dir);
	strs_sort(out);
	return rc;
}

static void
tell(const char *what, int status, const struct buf *said)
{
	if (status > 255)
		log_warn("Hook 'deploy-hook' ('%s') was killed by signal %d",
		    vis(what), status - 256);
	else if (status != 0)
		log_warn("Hook 'deploy-hook' ('%s') reported error code %d",
		    vis(what), status);
	if (said->len == 0)
		return;
	if (status != 0)
		log_warn("Hook 'deploy-hook' ran with output: %s",
		    vis(buf_str(said)));
	else
		log_verbose("Hook 'deploy-hook' ran with output: %s",
		    vis(buf_str(said)));
}

/* As certbot does, by the shell: what has no "#!" line is a script of it. A
 * hook that fails is no failure of ours; -1: it could not be run at all. */
static int
run(char *const *argv, const char *what, const struct strs *env,
    struct error *err)
{
	struct proc_spec spec = { .argv = argv, .envp = env->v,
	    .in = PROC_NULL, .out = PROC_CAPTURE, .err = PROC_CAPTURE };
	struct error why;
	struct buf said;
	int status = 0;

	error_clear(&why);
	buf_init(&said, LIMIT_CHILD_STDERR);
	log_verbose("running deploy hook '%s'", vis(what));
	if (proc_run(&spec, NULL, NULL, &said, clock_mono() +
	    LIMIT_DEPLOY_HOOK, &status, &why) == 0)
		tell(what, status, &said);
	else
		log_warn("Hook 'deploy-hook' ('%s'): %s", vis(what), why.msg);
	buf_free(&said);
	if (why.sys == ENOMEM)
		return error_nomem(err);
	return 0;
}

static int
run_file(char *path, const struct strs *env, struct error *err)
{
	char sh[] = "/bin/sh", c[] = "-c", script[] = "\"$0\"";
	char *argv[] = { sh, c, script, path, NULL };

	return run(argv, path, env, err);
}

static int
run_text(char *text, const struct strs *env, struct error *err)
{
	char sh[] = "/bin/sh", c[] = "-c";
	char *argv[] = { sh, c, text, NULL };

	return run(argv, text, env, err);
}

/* The lineage's own: renew_hook, since 5.x deploy_hook. */
static int
own_hook(const struct lineage *l, char **out, struct error *err)
{
	*out = NULL;
	if (lineage_has_hook(l))
		return 0;
	if (lineage_param(l, "renew_hook", out, err) == -1)
		return -1;
	if (*out == NULL && lineage_param(l, "deploy_hook", out, err) == -1)
		return -1;
	if (*out != NULL && (strcmp(*out, "None") == 0 || **out == '\0')) {
		free(*out);
		*out = NULL;
	}
	return 0;
}

static int
run_all(const struct config *c, const struct lineage *l,
    const struct strs *env, struct error *err)
{
	struct strs hooks = {0};
	char *own = NULL;
	int rc = -1;

	if (list_hooks(c->certbot_config_dir, &hooks, err) == -1 ||
	    own_hook(l, &own, err) == -1)
		goto out;
	rc = 0;
	for (size_t i = 0; rc == 0 && i < hooks.n; i++)
		rc = run_file(hooks.v[i], env, err);
	if (rc == 0 && own != NULL && !strs_has(&hooks, own))
		rc = run_text(own, env, err);
out:
	free(own);
	strs_free(&hooks);
	return rc;
}

int
deploy_lineage(const struct config *c, const struct lineage *l,
    const struct strs *domains, struct error *err)
{
	const char *slash = strrchr(l->cert, '/');
	char *dir = NULL, *names = strs_join(domains, " ");
	struct strs env = {0};
	int rc = -1;

	if (names == NULL) {
		error_nomem(err);
		goto out;
	}
	if (str_printf(&dir, err, "%.*s", slash == NULL ? 0 :
	    (int)(slash - l->cert), l->cert) == -1 ||
	    proc_env(&c->environment, &env, err) == -1 ||
	    proc_env_set(&env, "RENEWED_LINEAGE", dir, err) == -1 ||
	    proc_env_set(&env, "RENEWED_DOMAINS", names, err) == -1)
		goto out;
	if (run_all(c, l, &env, err) == 0)
		rc = deploy_run(c, l->name, dir, names, err);
out:
	strs_free(&env);
	free(names);
	free(dir);
	return rc;
}
