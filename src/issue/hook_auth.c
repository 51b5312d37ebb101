/* SPDX-License-Identifier: ISC */
#include "issue/hook_auth.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/challenge.h"
#include "base/atomic.h"
#include "base/background.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/vis.h"
#include "issue/deliver.h"
#include "transport/webroot.h"

#define FAILURE	"hook-auth.failure"

enum {
	PIDS = 1 << 22,
	RETRY_AFTER_MAX = 365 * 24 * 3600,
	FAILURE_MAX = ERROR_MSG_MAX + 64
};

/* ---- an error as text: through the pipe, in the state directory --------- */

/* "CODE RETRY_AFTER\nMESSAGE" */
static void
error_write(const struct error *e, struct buf *b)
{
	buf_addf(b, "%d %ld\n%s", (int)e->code, e->retry_after < 0 ? 0 :
	    e->retry_after, e->msg);
}

/* Anything else is CODE_ERROR. */
static void
error_read(char *text, struct error *e)
{
	struct error ignored;
	int64_t code = CODE_ERROR, after = 0;
	char *msg = strchr(text, '\n'), *blank = strchr(text, ' ');

	if (msg == NULL || blank == NULL || blank > msg) {
		error_set(e, CODE_ERROR, "the process in the background "
		    "ended without a word");
		return;
	}
	*msg++ = '\0';
	*blank++ = '\0';
	error_clear(&ignored);
	if (num_parse(text, CODE_OK, CODE_EXPIRING, "code", &code,
	    &ignored) == -1 || num_parse(blank, 0, RETRY_AFTER_MAX,
	    "retry_after", &after, &ignored) == -1)
		code = CODE_ERROR;
	error_set(e, (enum code)code, "%s", msg);
	e->retry_after = after > 0 ? (long)after : -1;
}

/* ---- whose name it is --------------------------------------------------- */

static bool
has_all(const struct config_cert *cert, const char *list)
{
	char name[LIMIT_NAME + 1];
	size_t len;

	for (const char *p = list; *p != '\0'; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		if (len > LIMIT_NAME)
			return false;
		memcpy(name, p, len);
		name[len] = '\0';
		if (!strs_has(&cert->domains, name))
			return false;
	}
	return true;
}

/* The certificate that certbot is at: one whose authenticator we are, that has
 * all these names. */
static const struct config_cert *
find_cert(const struct config *c, const struct hook_ask *ask)
{
	const char *all = ask->all_domains != NULL ? ask->all_domains :
	    ask->domain;
	const struct config_cert *cert, *found = NULL;

	for (size_t i = 0; i < c->ncerts; i++) {
		cert = c->certs[i];
		if (!strs_has(&cert->domains, ask->domain) ||
		    !has_all(cert, all))
			continue;
		if (cert->authenticator == AUTHENTICATOR_HOOK)
			return cert;
		if (found == NULL)
			found = cert;
	}
	return found;
}

static int
find_peers(const struct config *c, const struct hook_ask *ask,
    struct delivery **out, struct error *err)
{
	const struct config_cert *cert = find_cert(c, ask);
	const struct config_peer **v;
	size_t n = 0;
	int rc;

	if (cert == NULL || cert->peer.n == 0)
		return error_set(err, CODE_USAGE, "'%s': no certificate with "
		    "this name and a peer is configured, want one with "
		    "'authenticator: hook'", vis(ask->domain));
	if ((v = calloc(cert->peer.n, sizeof(*v))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < cert->peer.n; i++)
		if ((v[n] = config_peer(c, cert->peer.v[i])) != NULL)
			n++;
	rc = delivery_new(c, v, n, false, out, err);
	free(v);
	return rc;
}

static int
check_ask(const struct hook_ask *ask, struct error *err)
{
	if (ask->domain == NULL || ask->token == NULL ||
	    ask->validation == NULL)
		return error_set(err, CODE_USAGE, "'%s': is not set; certbot "
		    "sets it when it runs 'acmeferry hook auth' as its "
		    "--manual-auth-hook for an http-01 challenge",
		    ask->domain == NULL ? "CERTBOT_DOMAIN" :
		    ask->token == NULL ? "CERTBOT_TOKEN" :
		    "CERTBOT_VALIDATION");
	if (webroot_thumbprint(ask->token, ask->validation) == NULL)
		return error_set(err, CODE_USAGE, "'%s': found "
		    "CERTBOT_VALIDATION '%s', want that token, a dot and a "
		    "thumbprint", vis(ask->token), vis(ask->validation));
	return 0;
}

/* ---- the background ----------------------------------------------------- */

static int
bell_name(const struct config *c, const struct hook_ask *ask, char **out,
    struct error *err)
{
	return str_printf(out, err, "%s hook %s", c->state_dir, ask->token);
}

static void
tell(int fd, const struct error *e)
{
	struct error ignored;
	struct buf b;

	buf_init(&b, FAILURE_MAX);
	error_write(e, &b);
	/* nobody is there to be told */
	if (io_write(fd, buf_str(&b), b.len, clock_mono() + LIMIT_PEER_IDLE,
	    "pipe", &ignored) == -1)
		log_debug("%s", ignored.msg);
	buf_free(&b);
	(void)close(fd);
}

/* Serves, says so, and keeps what was put until it may go. */
static int
serve(const struct config *c, const struct hook_ask *ask, pid_t certbot,
    int *report, int *caller, struct error *err)
{
	struct delivery *d = NULL;
	struct error ok;
	char *name = NULL;
	int bell = -1, rc = -1;

	error_clear(&ok);
	if (bell_name(c, ask, &name, err) == -1 ||
	    find_peers(c, ask, &d, err) == -1 ||
	    bell_open(name, &bell, err) == -1 ||
	    delivery_serve(d, ask->domain, ask->token, ask->validation,
	    err) == -1)
		goto out;
	tell(*report, &ok);
	*report = -1;
	bell_wait(bell, certbot, clock_mono() + LIMIT_CERTBOT, caller);
	delivery_remove(d, ask->token);
	rc = 0;
out:
	if (bell != -1)
		(void)close(bell);
	delivery_free(d);
	free(name);
	return rc;
}

/* Does not come back. */
static void
hold(const struct config *c, const struct hook_ask *ask, pid_t certbot,
    int report)
{
	struct error err;
	int caller = -1;

	error_clear(&err);
	if (serve(c, ask, certbot, &report, &caller, &err) == -1)
		tell(report, &err);
	/* who rang waits until nothing is left */
	if (caller != -1)
		(void)close(caller);
	background_end();
}

static pid_t
find_certbot(const struct config *c)
{
	struct error ignored;
	char *path = NULL;
	pid_t pid;

	if (str_printf(&path, &ignored, "%s/.certbot.lock",
	    c->certbot_config_dir) == -1)
		return 0;
	pid = lock_ancestor(path);
	free(path);
	return pid;
}

static int
hear(int fd, struct error *err)
{
	char text[FAILURE_MAX + 1];
	size_t len = 0, got = 1;
	struct error said;

	while (got > 0 && len < FAILURE_MAX) {
		if (io_read(fd, text + len, FAILURE_MAX - len, clock_mono() +
		    LIMIT_SERVE_TOTAL, &got, "the process in the background",
		    err) == -1)
			return -1;
		len += got;
	}
	text[len] = '\0';
	error_read(text, &said);
	if (said.code == CODE_OK)
		return 0;
	*err = said;
	return -1;
}

int
hook_auth(const struct config *c, const struct hook_ask *ask,
    struct error *err)
{
	bool background = false;
	pid_t certbot;
	int fd = -1, rc;

	if (check_ask(ask, err) == -1)
		return -1;
	certbot = find_certbot(c);
	if (background_begin(&background, &fd, err) == -1)
		return -1;
	if (background)
		hold(c, ask, certbot, fd);
	rc = hear(fd, err);
	(void)close(fd);
	return rc;
}

int
hook_cleanup(const struct config *c, const struct hook_ask *ask,
    struct error *err)
{
	char *name = NULL;
	bool heard;
	int rc;

	if (check_ask(ask, err) == -1 || bell_name(c, ask, &name, err) == -1)
		return -1;
	rc = bell_ring(name, clock_mono() + LIMIT_PEER_IDLE, &heard, err);
	if (rc == 0 && !heard)
		log_verbose("'%s': nothing is served for this token any more",
		    vis(ask->domain));
	free(name);
	return rc;
}

/* ---- when it cannot be served ------------------------------------------- */

static int
open_state(const struct config *c, int *fd, struct error *err)
{
	struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };

	if (atomic_mkdirs(c->state_dir, &attr, err) == -1)
		return -1;
	return atomic_open_dir(AT_FDCWD, c->state_dir, true, fd, err);
}

bool
hook_stop(const struct config *c, const struct error *why)
{
	struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	const char *text = getenv(HOOK_RUNNER);
	struct error err;
	int64_t runner = 0;
	struct buf b;
	int fd = -1;

	error_clear(&err);
	if (text == NULL || num_parse(text, 2, PIDS, HOOK_RUNNER, &runner,
	    &err) == -1)
		return false;
	buf_init(&b, FAILURE_MAX);
	error_write(why, &b);
	if (open_state(c, &fd, &err) == -1 || atomic_write(fd, FAILURE,
	    buf_str(&b), b.len, &attr, ATOMIC_REPLACE, &err) == -1)
		log_warn("%s", err.msg);
	if (fd != -1)
		(void)close(fd);
	buf_free(&b);
	return proc_end_group((pid_t)runner);
}

bool
hook_failure(const struct config *c, struct error *why)
{
	struct error err;
	struct buf b;
	int fd = -1, found = 0;

	error_clear(&err);
	buf_init(&b, FAILURE_MAX);
	if (atomic_open_dir(AT_FDCWD, c->state_dir, true, &fd, &err) == 0 &&
	    io_read_file(fd, FAILURE, FAILURE_MAX, IO_NOFOLLOW | IO_OWNED |
	    IO_MISSING_OK, &b, &found, &err) == 0 && found != 0 &&
	    atomic_unlink(fd, FAILURE, &err) == -1)
		log_verbose("%s", err.msg);
	if (found != 0 && b.data != NULL)
		error_read(b.data, why);
	else
		found = 0;
	if (fd != -1)
		(void)close(fd);
	buf_free(&b);
	return found != 0;
}
