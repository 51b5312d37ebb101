/* SPDX-License-Identifier: ISC */
#include "transport/sftp_session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/random.h"
#include "base/vis.h"
#include "transport/sftp_list.h"

enum {
	/* commands and their bytes that are sent without an answer: with the
	 * echo of each they fit into a pipe, so that neither side waits for
	 * the other for ever; and so few are written as a whole or not at all
	 * (PIPE_BUF) when we are killed: sftp runs half a line, too */
	WINDOW = 32,
	WINDOW_BYTES = 4096,
	SENTINEL_BYTES = 64,
	READ_SIZE = 16 * 1024,
	LINE_MAX_BYTES = 64 * 1024,
	NONCE = 16,
	SLICE = 500		/* ms between looks at stderr */
};

static const char echo[] = "sftp> ";

struct sftp {
	const struct config_peer *peer;
	struct ssh_url url;
	struct strs env;
	struct proc proc;
	struct buf got;		/* of its output, not looked at yet */
	char nonce[2 * NONCE + 1];
	unsigned long seq;
	int64_t deadline;	/* clock_mono(), 0: none */
	bool greeted;		/* it has answered */
	bool dead;
};

const struct ssh_url *
sftp_url(const struct sftp *s)
{
	return &s->url;
}

const char *
sftp_where(const struct sftp *s)
{
	return s->url.host;
}

bool
sftp_alive(const struct sftp *s)
{
	return !s->dead;
}

void
sftp_more_time(struct sftp *s)
{
	if (s->peer->deadline > 0)
		s->deadline = clock_mono() + s->peer->deadline * 1000;
}

static int
start(struct sftp *s, const struct config *c, bool terminal, const char *cwd,
    struct error *err)
{
	struct proc_spec spec = { .cwd = cwd, .in = PROC_PIPE,
		.out = PROC_PIPE, .err = PROC_CAPTURE, .tty = terminal,
		.file_max = LIMIT_CONF_FILE };
	struct strs argv = { 0 };
	int rc = -1;

	/* dates and modes are read, and names as they are */
	if (sftp_argv(s->peer, &s->url, terminal, &argv, err) == -1 ||
	    proc_env(&c->environment, &s->env, err) == -1 ||
	    proc_env_set(&s->env, "LC_ALL", "C", err) == -1 ||
	    proc_env_set(&s->env, "TZ", "UTC", err) == -1)
		goto out;
	spec.argv = argv.v;
	spec.envp = s->env.v;
	if ((rc = proc_start(&s->proc, &spec, err)) == -1)
		error_wrap(err, "'%s'", vis(s->url.host));
out:
	strs_free(&argv);
	return rc;
}

int
sftp_open(const struct config_peer *peer, const struct config *c,
    bool terminal, const char *cwd, struct sftp **out, struct error *err)
{
	unsigned char random[NONCE];
	struct sftp *s;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return error_nomem(err);
	s->peer = peer;
	s->proc.in = s->proc.out = s->proc.err_fd = s->proc.pidfd = -1;
	buf_init(&s->proc.err_text, LIMIT_CHILD_STDERR);
	buf_init(&s->got, LINE_MAX_BYTES + READ_SIZE);
	if (ssh_url_parse(peer->url, &s->url, err) == -1 ||
	    ssh_check_identity(peer, err) == -1 ||
	    random_bytes(random, sizeof(random), err) == -1 ||
	    start(s, c, terminal, cwd, err) == -1) {
		sftp_close(s);
		return -1;
	}
	digest_hex(random, sizeof(random), s->nonce);
	sftp_more_time(s);
	*out = s;
	return 0;
}

void
sftp_close(struct sftp *s)
{
	struct error ignored;
	int status;

	if (s == NULL)
		return;
	/* a terminal's ssh has no group of its own; it goes with its pipe */
	if (s->proc.pid != 0 && !s->dead && s->greeted) {
		error_clear(&ignored);
		if (proc_wait(&s->proc, clock_mono() + LIMIT_PEER_LEAVE,
		    &status, &ignored) == -1)
			log_debug("%s", ignored.msg);
	}
	proc_kill(&s->proc);
	buf_free(&s->got);
	ssh_url_free(&s->url);
	strs_free(&s->env);
	free(s);
}

/* ---- how it ends --------------------------------------------------------- */

/* Before the first answer: ssh's words, and those about the subsystem. */
static int
not_begun(struct sftp *s, int status, struct error *err)
{
	const char *said = buf_str(&s->proc.err_text), *line;
	const char *host = vis(s->url.host);

	if (strstr(said, "subsystem request failed") != NULL ||
	    strstr(said, "exec request failed") != NULL)
		return error_set(err, CODE_ERROR, "'%s': its sshd has no sftp "
		    "subsystem for this login; 'Subsystem sftp internal-sftp' "
		    "in its sshd_config gives it one", host);
	if (strstr(said, "Received message too long") != NULL)
		return error_set(err, CODE_ERROR, "'%s': answers sftp with "
		    "text; a forced command or a shell's start file there "
		    "prints it, see 'ssh %s true'", host, host);
	if ((line = ssh_denied(said)) != NULL && !ssh_is_hostkey(said))
		return error_set(err, CODE_TRUST, "'%s': ssh was not let in "
		    "(%s); put the public key of identity_file into the "
		    "authorized_keys of that login", host, line);
	if (status == 255 || ssh_is_hostkey(said) ||
	    strstr(said, "closed") != NULL)
		return ssh_failed(s->peer, &s->url, s->env.v, said, err);
	line = said_last(said);
	return error_set(err, CODE_ERROR, "'%s': sftp ended with exit status "
	    "%d: %s", host, status, *line != '\0' ? line : "it said nothing");
}

static int
died(struct sftp *s, struct error *err)
{
	const char *line;
	int status;

	if (proc_wait(&s->proc, clock_mono() + LIMIT_PEER_LEAVE, &status,
	    err) == -1)
		return error_set(err, CODE_RETRY, "'%s': closed its output",
		    vis(s->url.host));
	if (status == 256 + SIGXFSZ)
		return error_set(err, CODE_STORE, "'%s': sends a file of more "
		    "than %d bytes where certbot has a small one",
		    vis(s->url.host), LIMIT_CONF_FILE);
	if (!s->greeted)
		return not_begun(s, status, err);
	line = said_last(buf_str(&s->proc.err_text));
	return error_set(err, CODE_RETRY, "'%s': link broken%s%s",
	    vis(s->url.host), *line != '\0' ? ": " : "", line);
}

static int
too_late(struct sftp *s, bool idle, struct error *err)
{
	char text[32];

	error_set(err, CODE_RETRY, "'%s': sent nothing for %s; is it "
	    "overloaded, or the link broken?", vis(s->url.host), idle ?
	    num_duration_text(LIMIT_PEER_IDLE / 1000, text, sizeof(text)) :
	    "the whole deadline");
	err->sys = ETIMEDOUT;
	return -1;
}

/* ---- the dialogue -------------------------------------------------------- */

/* Reads some more of its output. */
static int
fill(struct sftp *s, struct error *err)
{
	int64_t since = clock_mono(), now, until;
	char *data;
	size_t got;

	for (;;) {
		now = clock_mono();
		if (s->deadline != 0 && now >= s->deadline)
			return too_late(s, false, err);
		/* before, a person may be asked something */
		if (s->greeted && now - since >= LIMIT_PEER_IDLE)
			return too_late(s, true, err);
		until = now + SLICE;
		if (s->deadline != 0 && s->deadline < until)
			until = s->deadline;
		if ((data = buf_reserve(&s->got, READ_SIZE)) == NULL)
			return buf_check(&s->got, s->url.host, err);
		if (io_read(s->proc.out, data, READ_SIZE, until, &got,
		    s->url.host, err) == 0)
			break;
		if (err->sys != ETIMEDOUT)
			return -1;
		/* a program blocks when nobody reads its stderr */
		proc_drain(&s->proc);
		log_progress("waiting for %s", s->url.host);
	}
	if (got == 0)
		return died(s, err);
	s->got.len += got;
	s->got.data[s->got.len] = '\0';
	return 0;
}

/* Takes lines until the sentinel. */
static int
listen(struct sftp *s, const char *sentinel, struct buf *out,
    struct error *err)
{
	const char *line, *nl;
	size_t len, end = strlen(sentinel);
	bool done = false;

	while (!done) {
		line = s->got.len == 0 ? "" : s->got.data;
		nl = s->got.len == 0 ? NULL : memchr(line, '\n', s->got.len);
		if (nl == NULL) {
			if (s->got.len > LINE_MAX_BYTES)
				return error_set(err, CODE_STORE, "'%s': sends "
				    "a line without end", vis(s->url.host));
			if (fill(s, err) == -1)
				return -1;
			continue;
		}
		len = (size_t)(nl - line);
		done = len == end && memcmp(line, sentinel, len) == 0;
		if (out != NULL && (len < sizeof(echo) - 1 ||
		    memcmp(line, echo, sizeof(echo) - 1) != 0))
			buf_add(out, line, len + 1);
		buf_consume(&s->got, len + 1);
	}
	s->greeted = true;
	return 0;
}

static int
send_window(struct sftp *s, const struct strs *commands, size_t *at,
    struct error *err)
{
	size_t end = *at + WINDOW;
	struct buf b;
	int rc;

	buf_init(&b, (size_t)2 * WINDOW_BYTES);
	for (; *at < commands->n && *at < end && (b.len == 0 || b.len +
	    strlen(commands->v[*at]) < WINDOW_BYTES - SENTINEL_BYTES);
	    (*at)++) {
		log_debug("'%s': sftp %s", s->url.host, commands->v[*at]);
		buf_addf(&b, "%s\n", commands->v[*at]);
	}
	buf_addf(&b, "# %s %lu\n", s->nonce, ++s->seq);
	rc = buf_check(&b, "commands", err);
	if (rc == 0 && io_write(s->proc.in, b.data, b.len, s->deadline,
	    s->url.host, err) == -1)
		/* it has more to say about that */
		rc = err->sys == EPIPE ? died(s, err) : -1;
	buf_free(&b);
	return rc;
}

static int
run_window(struct sftp *s, const struct strs *commands, size_t *at,
    struct buf *out, struct buf *said, struct error *err)
{
	char sentinel[sizeof(echo) + sizeof(s->nonce) + 32];
	struct buf line;
	bool first = !s->greeted;
	int rc = -1;

	buf_init(&line, sizeof(sentinel));
	if (send_window(s, commands, at, err) == -1)
		goto out;
	buf_addf(&line, "%s# %s %lu", echo, s->nonce, s->seq);
	if (buf_check(&line, "sentinel", err) == -1 ||
	    listen(s, buf_str(&line), out, err) == -1)
		goto out;
	proc_drain(&s->proc);
	/* what sshd says to everybody who comes is no complaint */
	if (said != NULL && !(first && commands->n == 0))
		buf_add(said, buf_str(&s->proc.err_text),
		    s->proc.err_text.len);
	buf_reset(&s->proc.err_text);
	rc = 0;
out:
	buf_free(&line);
	return rc;
}

int
sftp_run(struct sftp *s, const struct strs *commands, struct buf *out,
    struct buf *said, struct error *err)
{
	static const struct strs none;
	size_t at = 0;
	int rc = 0;

	if (s->dead)
		return error_set(err, CODE_RETRY, "'%s': link broken",
		    vis(s->url.host));
	log_progress_start();
	if (!s->greeted)
		rc = run_window(s, &none, &at, NULL, NULL, err);
	while (rc == 0 && at < commands->n)
		rc = run_window(s, commands, &at, out, said, err);
	log_progress_end();
	if (rc == 0 && out != NULL)
		rc = buf_check(out, s->url.host, err);
	s->dead = rc == -1;
	return rc;
}

int
sftp_do(struct sftp *s, const char *verb, const char *a, const char *b,
    struct buf *out, struct buf *said, struct error *err)
{
	struct strs l = { 0 };
	int rc;

	rc = sftp_command(&l, verb, a, b, err);
	if (rc == 0)
		rc = sftp_run(s, &l, out, said, err);
	strs_free(&l);
	return rc;
}
