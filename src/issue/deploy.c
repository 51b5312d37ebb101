/* SPDX-License-Identifier: ISC */
#include "issue/deploy.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/strs.h"
#include "base/vis.h"

#define FOLDER	"deploy-pending"

bool
lineage_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 200 || name[0] == '-' || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f ||
		    name[i] == '/' || name[i] == '\\')
			return false;
	return true;
}

/* 0: the mark is there, and *st tells of it. */
static int
stat_mark(const char *state_dir, const char *name, struct stat *st)
{
	char path[4096];

	if (!lineage_name_valid(name) || snprintf(path, sizeof(path),
	    "%s/" FOLDER "/%s", state_dir, name) >= (int)sizeof(path))
		return -1;
	return lstat(path, st);
}

bool
deploy_pending(const char *state_dir, const char *name)
{
	struct stat st;

	return stat_mark(state_dir, name, &st) == 0;
}

/* A run writes when it began. */
bool
deploy_expected(const char *state_dir, const char *name)
{
	struct stat st;

	return stat_mark(state_dir, name, &st) == 0 && st.st_size == 0;
}

static int
open_folder(const char *state_dir, int *fd, struct error *err)
{
	struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	char *path = NULL;
	int rc = -1;

	if (str_printf(&path, err, "%s/" FOLDER, state_dir) == -1)
		return -1;
	if (atomic_mkdirs(path, &attr, err) == 0 &&
	    atomic_open_dir(AT_FDCWD, path, true, fd, err) == 0)
		rc = atomic_sweep(*fd, err);
	free(path);
	return rc;
}

static int
put_mark(int fd, const char *name, const char *text, struct error *err)
{
	struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };

	return atomic_write(fd, name, text, strlen(text), &attr,
	    ATOMIC_REPLACE, err);
}

/* NULL: nothing to run. */
static const struct config_cert *
cert_with_hook(const struct config *c, const char *name)
{
	const struct config_cert *cert = config_cert(c, name);

	return cert == NULL || cert->deploy_hook.n == 0 ||
	    !lineage_name_valid(name) ? NULL : cert;
}

int
deploy_expect(const struct config *c, const char *name, bool *made,
    struct error *err)
{
	int fd = -1, rc;

	*made = false;
	if (cert_with_hook(c, name) == NULL)
		return 0;
	rc = open_folder(c->state_dir, &fd, err);
	if (rc == 0) {
		*made = !deploy_pending(c->state_dir, name);
		rc = put_mark(fd, name, "", err);
	}
	if (fd != -1)
		(void)close(fd);
	return rc;
}

int
deploy_forget(const struct config *c, const char *name, struct error *err)
{
	int fd = -1, rc;

	rc = open_folder(c->state_dir, &fd, err);
	if (rc == 0)
		rc = atomic_unlink(fd, name, err);
	if (fd != -1)
		(void)close(fd);
	return rc;
}

static int
run_hook(const struct config *c, const struct config_cert *cert,
    const char *lineage, const char *domains, struct error *err)
{
	struct proc_spec spec = { .argv = cert->deploy_hook.v,
	    .in = PROC_NULL, .out = PROC_CAPTURE, .err = PROC_CAPTURE };
	struct strs env = {0};
	struct buf said;
	int status = 0, rc = -1;

	buf_init(&said, LIMIT_CHILD_STDERR);
	if (proc_env(&c->environment, &env, err) == -1 ||
	    proc_env_set(&env, "RENEWED_LINEAGE", lineage, err) == -1 ||
	    proc_env_set(&env, "RENEWED_DOMAINS", domains, err) == -1)
		goto out;
	spec.envp = env.v;
	log_verbose("'%s': running deploy hook '%s'", vis(cert->name),
	    vis(cert->deploy_hook.v[0]));
	if (proc_run(&spec, NULL, NULL, &said, clock_mono() +
	    LIMIT_DEPLOY_HOOK, &status, err) == -1) {
		/* nothing of ours to be tried again in silence */
		err->code = CODE_ERROR;
		goto out;
	}
	if (status != 0) {
		error_set(err, CODE_ERROR, "'%s' ended with %s %d: %s",
		    vis(cert->deploy_hook.v[0]), status > 255 ? "signal" :
		    "status", status > 255 ? status - 256 : status,
		    said.len > 0 ? vis(buf_str(&said)) : "it said nothing");
		goto out;
	}
	rc = 0;
out:
	strs_free(&env);
	buf_free(&said);
	return rc;
}

int
deploy_mark(const char *state_dir, const char *name, char **path,
    struct error *err)
{
	int fd;

	*path = NULL;
	if (open_folder(state_dir, &fd, err) == -1)
		return -1;
	(void)close(fd);
	return str_printf(path, err, "%s/" FOLDER "/%s", state_dir, name);
}

bool
deploy_all_pending(const char *state_dir, const char *name)
{
	struct error ignored;
	struct buf b;
	char *path = NULL;
	bool all = false;

	if (!deploy_pending(state_dir, name))
		return false;
	buf_init(&b, LIMIT_CHILD_STDERR);
	if (str_printf(&path, &ignored, "%s/" FOLDER "/%s", state_dir, name)
	    == 0 && io_read_file(AT_FDCWD, path, LIMIT_CHILD_STDERR,
	    IO_NOFOLLOW, &b, NULL, &ignored) == 0)
		all = strcmp(buf_str(&b), DEPLOY_ALL) == 0;
	free(path);
	buf_free(&b);
	return all;
}

int
deploy_run(const struct config *c, const char *name, const char *lineage,
    const char *domains, struct error *err)
{
	const struct config_cert *cert = cert_with_hook(c, name);
	char now[TIME_TEXT];
	int fd = -1, rc = -1;

	if (!lineage_name_valid(name))
		return 0;
	if (cert == NULL)
		return deploy_pending(c->state_dir, name) ?
		    deploy_forget(c, name, err) : 0;
	if (open_folder(c->state_dir, &fd, err) == -1)
		goto out;
	(void)time_text(clock_now(), now, sizeof(now));
	/* before it runs: we may be killed with it */
	if (put_mark(fd, name, now, err) == -1)
		goto out;
	if (run_hook(c, cert, lineage, domains, err) == -1) {
		error_wrap(err, "'%s': deploy hook", vis(name));
		goto out;
	}
	rc = atomic_unlink(fd, name, err);
out:
	if (fd != -1)
		(void)close(fd);
	return rc;
}
