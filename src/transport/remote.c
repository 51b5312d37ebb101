/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/vis.h"
#include "transport/impl.h"
#include "transport/message.h"
#include "transport/ssh.h"

/* ssh:// and exec: a program whose stdin and stdout reach "acmeferry serve". */
struct remote {
	struct transport base;
	const struct config_peer *peer;
	struct transport_options opts;
	struct ssh_url url;	/* host NULL: exec: */
	char *where;		/* the other side, for messages */
	struct strs env;
	struct proc proc;
	struct wire wire;
	bool greeted;		/* the first lines were exchanged */
	bool answered;		/* the last answer came whole */
	bool leave;		/* nothing more will come, nor is awaited */
	bool patient;		/* the deadline alone counts */
	bool begun;		/* of responses: the first frame was sent */
	bool failed;		/* and they ended, with why */
	struct error why;
};

static void
tick(void *arg)
{
	struct remote *r = arg;

	/* a program blocks when nobody reads its stderr */
	proc_drain(&r->proc);
	log_progress("waiting for %s", r->where);
}

static void
remote_free(struct transport *t)
{
	struct remote *r = (struct remote *)t;
	struct error ignored;
	int status;

	/*
	 * One that did not answer has no time to say goodbye either; and to
	 * wait for ssh's after a read would cost a round trip for nothing.
	 */
	if (r->proc.pid != 0 && r->answered && !r->leave) {
		error_clear(&ignored);
		if (proc_wait(&r->proc, clock_mono() + LIMIT_PEER_LEAVE,
		    &status, &ignored) == -1)
			log_debug("%s", ignored.msg);
	}
	proc_kill(&r->proc);
	wire_free(&r->wire);
	ssh_url_free(&r->url);
	strs_free(&r->env);
	free(r->where);
	free(r);
}

/* The far end went away before it spoke the protocol. */
static int
gone(struct remote *r, struct error *err)
{
	char rest[160] = "";
	const char *said;
	int status;

	if (r->wire.got.len > 0)
		vis_copy(rest, sizeof(rest), r->wire.got.data,
		    r->wire.got.len);
	if (proc_wait(&r->proc, clock_mono() + LIMIT_PEER_LEAVE, &status,
	    err) == -1)
		return error_set(err, CODE_RETRY, "'%s': closed its output "
		    "before the protocol", vis(r->where));
	if (status == 255 && r->url.host != NULL)
		return ssh_failed(r->peer, &r->url, r->env.v,
		    buf_str(&r->proc.err_text), err);
	said = said_last(buf_str(&r->proc.err_text));
	/* as "serve" ends where nothing tells it a web root, or names */
	if (status == CODE_USAGE && (r->opts.challenge || r->opts.issue))
		return error_set(err, CODE_TRUST, "'%s': %s%s%s; 'acmeferry "
		    "authorize' there prints how to let it: %s", vis(r->where),
		    r->opts.issue ? "issues for nobody" :
		    "takes no challenge responses", *said != '\0' ? ": " : "",
		    said, r->opts.issue ? "--allow issue --name NAME" :
		    "--allow read,challenge --webroot DIR");
	if (status == 127)
		return error_set(err, CODE_ERROR, "'%s': acmeferry is not "
		    "installed there (exit status 127%s%s); install it, or "
		    "name its path in the forced command", vis(r->where),
		    *said != '\0' ? ": " : "", said);
	if (status > 255)
		return error_set(err, CODE_RETRY, "'%s': the far end was "
		    "killed by signal %d before the protocol", vis(r->where),
		    status - 256);
	return error_set(err, CODE_ERROR, "'%s': the far end ended with exit "
	    "status %d and without the line 'acmeferry %d'%s%s%s",
	    vis(r->where), status, WIRE_VERSION, *said != '\0' ||
	    rest[0] != '\0' ? ": " : "", said, *said != '\0' ? "" : rest);
}

static int
link_broken(struct remote *r, struct error *err)
{
	const char *said;
	int status;

	if (proc_wait(&r->proc, clock_mono() + LIMIT_PEER_LEAVE, &status,
	    err) == -1)
		log_debug("%s", err->msg);
	said = said_last(buf_str(&r->proc.err_text));
	return error_set(err, CODE_RETRY, "'%s': link broken before the end "
	    "of the answer%s%s; nothing was changed here", vis(r->where),
	    *said != '\0' ? ": " : "", said);
}

/* Sends the first line, once, and a frame. */
static int
ask(struct remote *r, enum op op, const struct request *req,
    struct error *err)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, 2 * LIMIT_FRAME);
	if (!r->greeted)
		wire_hello(&b);
	if (put_demand(&r->wire, &b, op, req, r->opts.prefer,
	    r->opts.verbatim, err) == 0)
		rc = wire_flush(&r->wire, &b, err);
	buf_free(&b);
	return rc;
}

/* The first line, once. */
static int
greet(struct remote *r, struct error *err)
{
	enum wire_result got;

	log_progress_start();
	r->answered = false;
	if (r->greeted)
		return 0;
	got = wire_get_hello(&r->wire, LIMIT_BANNER, err);
	if (got == WIRE_EOF)
		return gone(r, err);
	if (got == WIRE_FAIL)
		return -1;
	r->greeted = true;
	/* before, a person may have been asked something */
	r->wire.idle = r->patient ? 0 : LIMIT_PEER_IDLE;
	return 0;
}

static int
answer(struct remote *r, struct offer *out, struct verdicts *l,
    struct error *err)
{
	enum wire_result got;

	if (greet(r, err) == -1)
		return -1;
	got = get_answer(&r->wire, out, l, err);
	log_progress_end();
	if (got == WIRE_EOF)
		return link_broken(r, err);
	r->answered = got == WIRE_OK;
	return got == WIRE_OK ? 0 : -1;
}

static int
remote_fetch(struct transport *t, const struct request *req,
    struct offer *out, struct error *err)
{
	struct remote *r = (struct remote *)t;

	if (ask(r, OP_READ, req, err) == -1 ||
	    answer(r, out, NULL, err) == -1)
		return -1;
	r->leave = r->url.host != NULL;
	return 0;
}

static int
remote_look(struct transport *t, const struct request *req,
    struct offer *out, struct error *err)
{
	struct remote *r = (struct remote *)t;

	if (ask(r, OP_WRITE, req, err) == -1)
		return -1;
	return answer(r, out, NULL, err);
}

static int
remote_send(struct transport *t, struct offer *offer, struct verdicts *out,
    struct error *err)
{
	struct remote *r = (struct remote *)t;
	struct offer none = { 0 };
	struct buf b;
	size_t n = 0;
	int rc = -1;

	buf_init_sensitive(&b, 2 * LIMIT_FRAME);
	for (size_t i = 0; i < offer->n; i++) {
		if (offer->v[i]->account == NULL)
			continue;
		if (put_offered(&r->wire, &b, offer->v[i], err) == -1 ||
		    wire_flush(&r->wire, &b, err) == -1)
			goto out;
		n++;
	}
	if (put_hints(&r->wire, &b, &offer->hints, err) == -1 ||
	    put_end(&r->wire, &b, n, NULL, err) == -1 ||
	    wire_flush(&r->wire, &b, err) == -1)
		goto out;
	rc = answer(r, &none, out, err);
out:
	buf_free(&b);
	offer_free(&none);
	return rc;
}

/* One frame, to be put back. */
static int
answer_frame(struct remote *r, json **out, struct error *err)
{
	enum wire_result got;

	if (greet(r, err) == -1)
		return -1;
	got = wire_get(&r->wire, out, err);
	log_progress_end();
	if (got == WIRE_EOF)
		return link_broken(r, err);
	r->answered = got == WIRE_OK;
	return got == WIRE_OK ? 0 : -1;
}

/* Of a far end that is too old to have heard of it. */
static int
unknown(const struct remote *r, struct error *err)
{
	if (err->code != CODE_ERROR ||
	    strstr(err->msg, "does not know") == NULL)
		return -1;
	return error_set(err, CODE_ERROR, "'%s': the acmeferry there does not "
	    "know how to %s; update it", vis(r->where), r->opts.issue ?
	    "issue for others" : "put challenge responses");
}

/* One frame and its answer; each has the peer's whole deadline.  What ended
 * the session is said again for all that follow. */
static int
challenge(struct remote *r, const char *token, const char *key_authorization,
    bool *refused, struct error *why, struct error *err)
{
	static const struct request none;
	json *j = NULL;
	struct buf b;
	int rc = -1;

	if (r->peer->deadline > 0)
		r->wire.deadline = clock_mono() + r->peer->deadline * 1000;
	buf_init(&b, 2 * LIMIT_FRAME);
	if (!r->begun) {
		wire_hello(&b);
		if (put_demand(&r->wire, &b, OP_CHALLENGE, &none, PREFER_NONE,
		    false, err) == -1)
			goto out;
	}
	r->begun = true;
	if (put_response_ask(&r->wire, &b, token, key_authorization, err) ==
	    -1 || wire_flush(&r->wire, &b, err) == -1 ||
	    answer_frame(r, &j, err) == -1)
		goto out;
	rc = get_response(&r->wire, j, token, refused, why, err);
	json_put_secret(j);
out:
	buf_free(&b);
	return rc == 0 ? 0 : unknown(r, err);
}

static int
remote_respond(struct remote *r, const char *token,
    const char *key_authorization, struct error *err)
{
	bool refused = false;
	struct error why;

	if (r->failed) {
		*err = r->why;
		return -1;
	}
	error_clear(&why);
	if (challenge(r, token, key_authorization, &refused, &why, err) ==
	    -1) {
		r->failed = true;
		r->why = *err;
		return -1;
	}
	if (refused)
		*err = why;
	return refused ? -1 : 0;
}

static int
remote_challenge_put(struct transport *t, const char *token,
    const char *key_authorization, struct error *err)
{
	return remote_respond((struct remote *)t, token, key_authorization,
	    err);
}

static int
remote_challenge_remove(struct transport *t, const char *token,
    struct error *err)
{
	return remote_respond((struct remote *)t, token, NULL, err);
}

static int
remote_issue(struct transport *t, const struct csr_request *req,
    struct buf *pem, struct error *err)
{
	struct remote *r = (struct remote *)t;
	static const struct request none;
	json *j = NULL;
	struct buf b;
	int rc = -1;

	buf_init(&b, 2 * LIMIT_FRAME);
	wire_hello(&b);
	if (put_demand(&r->wire, &b, OP_ISSUE, &none, PREFER_NONE, false,
	    err) == -1 || put_request(&r->wire, &b, req, err) == -1 ||
	    wire_flush(&r->wire, &b, err) == -1)
		goto out;
	/* it says nothing while it waits for the CA */
	r->patient = true;
	if (answer_frame(r, &j, err) == 0) {
		rc = get_certificate(&r->wire, j, pem, err);
		json_put_secret(j);
	} else
		rc = unknown(r, err);
	r->leave = r->url.host != NULL;
out:
	buf_free(&b);
	return rc;
}

static const struct transport_ops remote_ops = {
	remote_fetch, remote_look, remote_send, remote_challenge_put,
	remote_challenge_remove, remote_issue, remote_free, false
};

static int
make_argv(struct remote *r, struct strs *argv, struct error *err)
{
	const struct config_peer *peer = r->peer;
	enum ssh_right right = r->opts.issue ? SSH_ISSUE :
	    r->opts.challenge ? SSH_CHALLENGE :
	    r->opts.write ? SSH_WRITE : SSH_READ;

	if (str_starts(peer->url, "ssh://")) {
		if (ssh_url_parse(peer->url, &r->url, err) == -1 ||
		    str_dup(&r->where, r->url.host, err) == -1 ||
		    ssh_check_identity(peer, err) == -1)
			return -1;
		return ssh_argv(peer, &r->url, right, r->opts.terminal,
		    SSH_SERVE, argv, err);
	}
	if (str_dup(&r->where, peer->name, err) == -1)
		return -1;
	if (peer->command.n == 0)
		return error_set(err, CODE_USAGE, "'%s': exec: needs command: "
		    "with the complete argv that reaches 'acmeferry serve'",
		    vis(peer->name));
	return strs_copy(argv, &peer->command, err);
}

int
remote_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err)
{
	struct proc_spec spec = { .in = PROC_PIPE, .out = PROC_PIPE,
		.err = PROC_CAPTURE, .tty = opts->terminal };
	struct strs argv = { 0 };
	struct remote *r;
	int rc = -1;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return error_nomem(err);
	r->base.ops = &remote_ops;
	r->base.challenge = opts->challenge;
	r->peer = peer;
	r->opts = *opts;
	r->proc.in = r->proc.out = r->proc.err_fd = r->proc.pidfd = -1;
	buf_init(&r->proc.err_text, LIMIT_CHILD_STDERR);
	wire_init(&r->wire, -1, -1, "");
	if (make_argv(r, &argv, err) == -1 || proc_env(
	    &opts->config->environment, &r->env, err) == -1)
		goto out;
	spec.argv = argv.v;
	spec.envp = r->env.v;
	if (proc_start(&r->proc, &spec, err) == -1) {
		error_wrap(err, "'%s'", vis(r->where));
		goto out;
	}
	wire_init(&r->wire, r->proc.out, r->proc.in, r->where);
	r->wire.tick = tick;
	r->wire.arg = r;
	if (peer->deadline > 0)
		r->wire.deadline = clock_mono() + peer->deadline * 1000;
	*out = &r->base;
	r = NULL;
	rc = 0;
out:
	strs_free(&argv);
	if (r != NULL)
		remote_free(&r->base);
	return rc;
}
