/* SPDX-License-Identifier: ISC */
#include "issue/certbot_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/vis.h"
#include "issue/ca_bundle.h"
#include "issue/certbot.h"
#include "issue/certbot_argv.h"
#include "issue/certbot_log.h"
#include "issue/hook_auth.h"

enum { DEFAULT_LOCK_TIMEOUT = 30, SECOND = 1000 };

int64_t
issue_lock_timeout(const struct config *c)
{
	return (c->lock_timeout == CONFIG_AUTO ? DEFAULT_LOCK_TIMEOUT :
	    c->lock_timeout) * SECOND;
}

int
issue_lock(const struct config *c, struct lock *l, struct error *err)
{
	struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	char *path = NULL;
	int rc;

	if (atomic_mkdirs(c->state_dir, &attr, err) == -1 ||
	    str_printf(&path, err, "%s/issue.lock", c->state_dir) == -1)
		return -1;
	rc = lock_acquire(l, path, issue_lock_timeout(c), err);
	free(path);
	return rc;
}

static int
make_env(const struct config *c, struct strs *env, struct error *err)
{
	char *bundle = NULL, pid[16];
	int rc = -1;

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	/* what our hooks know us by */
	if (certbot_env(&c->environment, env, err) == -1 ||
	    proc_env_set(env, HOOK_RUNNER, pid, err) == -1)
		goto out;
	if (c->proxy[0] != '\0' &&
	    (proc_env_set(env, "https_proxy", c->proxy, err) == -1 ||
	    proc_env_set(env, "HTTPS_PROXY", c->proxy, err) == -1))
		goto out;
	if (c->ca_file[0] != '\0' &&
	    (ca_bundle_write(c->state_dir, c->ca_file, &bundle, err) == -1 ||
	    proc_env_set(env, "REQUESTS_CA_BUNDLE", bundle, err) == -1))
		goto out;
	rc = 0;
out:
	free(bundle);
	return rc;
}

/*
 * Another certbot holds its lock.  Waits until it is free, without keeping
 * it; the other one may also hold the lock of the logs alone, so a moment
 * passes in any case.
 */
static int
wait_for_lock(const struct config *c, int64_t deadline, struct error *err)
{
	struct lock l = LOCK_NONE;
	char *path = NULL;
	int64_t left = deadline - clock_mono();
	int rc = -1;

	if (str_printf(&path, err, "%s/.certbot.lock", c->certbot_config_dir)
	    == -1)
		goto out;
	/* also past the deadline: it says who holds it */
	if (lock_acquire(&l, path, left > 0 ? left : 0, err) == -1)
		goto out;
	if (left <= 0) {
		error_set(err, CODE_RETRY, "'%s': another certbot is running, "
		    "try again later", vis(c->certbot_config_dir));
		goto out;
	}
	if (l.fd == -1) {
		error_set(err, CODE_RETRY, "'%s': held by the certbot whose "
		    "hook this is; run acmeferry outside of certbot's hooks",
		    vis(path));
		goto out;
	}
	rc = 0;
out:
	lock_release(&l);
	free(path);
	if (rc == 0)
		clock_sleep(SECOND);
	return rc;
}

static void
show(const char *what, const char *text)
{
	const char *nl;

	for (; *text != '\0'; text = *nl == '\0' ? nl : nl + 1) {
		nl = strchrnul(text, '\n');
		if (nl != text)
			log_verbose("%s: %s", what,
			    vis_n(text, (size_t)(nl - text)));
	}
}

static int
explain(const struct config *c, const struct stat *mark,
    const struct buf *printed, struct error *err)
{
	struct buf log;

	buf_init(&log, LIMIT_CERTBOT_LOG);
	certbot_log_tail(c->certbot_logs_dir, mark, &log);
	(void)certbot_reason(buf_str(&log), log.len, buf_str(printed),
	    clock_now(), err);
	buf_free(&log);
	return -1;
}

/* One run; *locked tells that another certbot was there first. */
static int
run_once(const struct config *c, const struct strs *argv,
    const struct strs *env, bool *locked, struct error *err)
{
	struct proc_spec spec = { .argv = argv->v, .envp = env->v,
	    .in = PROC_NULL, .out = PROC_CAPTURE, .err = PROC_CAPTURE };
	struct buf printed;
	struct stat mark;
	int status = 0, rc = -1;

	*locked = false;
	buf_init(&printed, LIMIT_CHILD_STDERR);
	certbot_log_mark(c->certbot_logs_dir, &mark);
	if (proc_run(&spec, NULL, NULL, &printed, clock_mono() +
	    LIMIT_CERTBOT, &status, err) == -1)
		goto out;
	show("certbot", buf_str(&printed));
	if (status == 0) {
		rc = 0;
		goto out;
	}
	*locked = certbot_says_locked(buf_str(&printed));
	explain(c, &mark, &printed, err);
	if (status > 255)
		error_wrap(err, "killed by signal %d", status - 256);
out:
	buf_free(&printed);
	return rc;
}

int
certbot_run(const struct config *c, const struct strs *argv,
    struct error *err)
{
	int64_t deadline = clock_mono() + issue_lock_timeout(c);
	struct strs env = {0};
	bool locked = true;
	char *text;
	int rc = -1;

	if ((text = shell_join(argv)) == NULL)
		return error_nomem(err);
	log_verbose("running %s", text);
	free(text);
	if (make_env(c, &env, err) == -1)
		goto out;
	while ((rc = run_once(c, argv, &env, &locked, err)) == -1 && locked)
		if (wait_for_lock(c, deadline, err) == -1)
			break;
	if (rc == -1 && !locked)
		error_wrap(err, "certbot failed (log in '%s')",
		    vis(c->certbot_logs_dir));
out:
	strs_free(&env);
	return rc;
}
