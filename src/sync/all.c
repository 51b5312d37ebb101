/* SPDX-License-Identifier: ISC */
#include "sync/all.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/vis.h"
#include "sync/outcome.h"
#include "sync/state.h"

enum {
	SAVE_EVERY = 2 * 1000,	/* ms: a killed run forgets no more */
	LEAVE = 5 * 1000,	/* ms: from the result to the end */
	SLACK = 60,		/* seconds on top of all that it may wait for */
	OWED_TRIES = 3,
	READ_SIZE = 16 * 1024,
	TICK = 500		/* ms: the progress line */
};

/* One process at work. */
struct slot {
	struct sync_peer *peer;	/* NULL: free */
	struct proc proc;
	struct buf got;
	int64_t began;		/* clock_now() */
	int64_t deadline;	/* clock_mono() */
};

struct all {
	struct store *store;
	const struct config *config;
	const struct sync_all_options *o;
	struct sync_state state;
	struct slot *slots;
	struct pollfd *fds;
	size_t nslots, busy;
	size_t done, todo;
	int64_t saved;		/* clock_mono() */
};

/* ---- in the process of one peer ----------------------------------------- */

struct task {
	const struct all *all;
	const struct config_peer *peer;
};

static int
serve_peer(void *arg, int fd)
{
	const struct task *t = arg;
	struct sync_result r = { .code = CODE_OK };
	struct error why, err;
	struct buf out;
	int rc;

	log_as(t->peer->name);
	error_clear(&why);
	error_clear(&err);
	if (t->peer->direction == DIRECTION_PUSH)
		rc = sync_push(t->all->store, t->all->config, t->peer,
		    t->all->o->each, &r, &why);
	else
		rc = sync_pull(t->all->store, t->all->config, t->peer,
		    t->all->o->each, &r, &why);
	if (rc == 0)
		error_clear(&why);
	if (rc == 0 && sync_result_error(&r, t->peer->name, &why) == -1)
		log_debug("%s", why.msg);
	buf_init(&out, OUTCOME_MAX);
	rc = outcome_write(&r, &why, &out, &err);
	if (rc == 0)
		rc = io_write(fd, out.data, out.len, 0, "result", &err);
	if (rc == -1)
		log_error("%s", err.msg);
	sync_result_free(&r);
	buf_free(&out);
	return rc == -1 ? CODE_ERROR : CODE_OK;
}

/* ---- results ------------------------------------------------------------ */

static int
take_error(struct sync_peer *p, const struct error *why, struct error *err)
{
	p->code = why->code;
	p->retry_after = why->retry_after;
	free(p->error);
	p->error = NULL;
	return why->code == CODE_OK ? 0 : str_dup(&p->error, why->msg, err);
}

static void
take_memo(struct sync_peer *p, const struct sync_memo *m)
{
	p->failures = m->failures;
	p->failing = m->failing;
	p->next = m->next;
}

/* What became of it goes into the memory, save that of a dry run. */
static int
remember(struct all *a, struct sync_peer *p, int64_t began, struct error *err)
{
	struct sync_memo *m;

	if (a->o->each->dry_run)
		return 0;
	if ((m = sync_state_get(&a->state, p->peer, err)) == NULL ||
	    sync_memo_result(m, began, p->code, p->error, p->retry_after,
	    err) == -1)
		return -1;
	take_memo(p, m);
	return 0;
}

/* Now and then, for a run that is killed. */
static void
save(struct all *a, int64_t now)
{
	struct error later;

	if (now - a->saved < SAVE_EVERY)
		return;
	a->saved = now;
	error_clear(&later);
	/* the end tells what is wrong with that */
	if (sync_state_save(&a->state, a->config, &later) == -1)
		log_debug("%s", later.msg);
}

/* Its process has ended, or is to be ended. */
static int
finish(struct all *a, struct slot *s, const struct error *failed,
    struct error *err)
{
	struct sync_peer *p = s->peer;
	struct error why;
	int status, rc;

	error_clear(&why);
	if (failed != NULL)
		why = *failed;
	else if (proc_wait(&s->proc, clock_mono() + LEAVE, &status, &why)
	    == 0 && (status != 0 || s->got.len == 0))
		(void)error_set(&why, CODE_ERROR, "'%s': the process that "
		    "served it ended with %s %d and told no result",
		    vis(p->peer->name), status > 255 ? "signal" : "status",
		    status > 255 ? status - 256 : status);
	else if (why.code == CODE_OK && outcome_read(buf_str(&s->got),
	    s->got.len, p->peer->name, &p->result, &why, err) == -1)
		why = *err;
	proc_kill(&s->proc);
	buf_free(&s->got);
	s->peer = NULL;
	a->busy--;
	a->done++;
	rc = take_error(p, &why, err);
	return rc == -1 ? -1 : remember(a, p, s->began, err);
}

/* ---- at work ------------------------------------------------------------ */

static int
begin(struct all *a, struct slot *s, struct sync_peer *p, struct error *err)
{
	struct task t = { a, p->peer };
	const struct sync_options *each = a->o->each;
	struct error why;

	s->peer = p;
	s->began = clock_now();
	s->deadline = clock_mono() + 1000 * (p->peer->deadline +
	    a->o->lock_timeout + each->max_wait + SLACK);
	buf_init(&s->got, OUTCOME_MAX);
	p->tried = true;
	a->busy++;
	error_clear(&why);
	if (proc_fork(&s->proc, serve_peer, &t, p->peer->name, &why) == 0) {
		(void)fcntl(s->proc.out, F_SETFL, O_NONBLOCK);
		return 0;
	}
	return finish(a, s, &why, err);
}

/* What it has told so far; at its end it is done. */
static int
hear(struct all *a, struct slot *s, struct error *err)
{
	char text[READ_SIZE];
	struct error why;
	ssize_t n;

	for (;;) {
		n = read(s->proc.out, text, sizeof(text));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return finish(a, s, NULL, err);
		buf_add(&s->got, text, (size_t)n);
		error_clear(&why);
		if (buf_check(&s->got, s->peer->peer->name, &why) == -1)
			return finish(a, s, &why, err);
	}
}

static int
overdue(struct all *a, struct slot *s, struct error *err)
{
	struct error why;

	error_clear(&why);
	(void)error_set(&why, CODE_RETRY, "'%s': was not done long after its "
	    "deadline and was ended", vis(s->peer->peer->name));
	return finish(a, s, &why, err);
}

/* Until something is heard, or the next look at the clock. */
static int
wait_some(struct all *a, struct error *err)
{
	int64_t now;
	int n;

	/* negative descriptors are passed over */
	for (size_t i = 0; i < a->nslots; i++)
		a->fds[i] = (struct pollfd){ a->slots[i].peer != NULL ?
		    a->slots[i].proc.out : -1, POLLIN, 0 };
	n = poll(a->fds, a->nslots, TICK);
	log_progress("%zu of %zu peers done", a->done, a->todo);
	now = clock_mono();
	save(a, now);
	for (size_t i = 0; i < a->nslots; i++) {
		if (a->slots[i].peer == NULL)
			continue;
		if (n > 0 && a->fds[i].revents != 0) {
			if (hear(a, &a->slots[i], err) == -1)
				return -1;
		} else if (now > a->slots[i].deadline &&
		    overdue(a, &a->slots[i], err) == -1)
			return -1;
	}
	return 0;
}

static struct slot *
free_slot(struct all *a)
{
	for (size_t i = 0; i < a->nslots; i++)
		if (a->slots[i].peer == NULL)
			return &a->slots[i];
	return NULL;
}

static int
run(struct all *a, struct sync_peer **queue, size_t n, struct error *err)
{
	struct slot *s;
	size_t next = 0;

	a->todo = n;
	while (next < n || a->busy > 0) {
		while (next < n && (s = free_slot(a)) != NULL)
			if (begin(a, s, queue[next++], err) == -1)
				return -1;
		if (a->busy > 0 && wait_some(a, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- which -------------------------------------------------------------- */

/* News that is owed is not kept waiting by a first failure or two. */
static bool
must_wait(const struct sync_memo *m, int64_t now)
{
	return m->next > now && (m->owed == 0 || m->failures > OWED_TRIES);
}

/* In its back-off: what it last said still holds. */
static int
pass_over(struct sync_peer *p, const struct sync_memo *m, struct error *err)
{
	p->code = m->code;
	p->retry_after = -1;
	return str_dup(&p->error, m->error != NULL ? m->error :
	    "failed the last time", err);
}

/* Those that are to be tried, the ones that failed last behind the others. */
static int
choose(struct all *a, struct sync_peer *v, size_t n,
    struct sync_peer **queue, size_t *nqueue, struct error *err)
{
	int64_t now = clock_now();
	struct sync_memo *m;

	*nqueue = 0;
	for (int failed = 0; failed < 2; failed++)
		for (size_t i = 0; i < n; i++) {
			m = sync_state_get(&a->state, v[i].peer, err);
			if (m == NULL)
				return -1;
			if ((m->code != CODE_OK) != (failed != 0))
				continue;
			take_memo(&v[i], m);
			if (!a->o->now && must_wait(m, now)) {
				if (pass_over(&v[i], m, err) == -1)
					return -1;
			} else
				queue[(*nqueue)++] = &v[i];
		}
	return 0;
}

int
sync_all(struct store *s, const struct config *c,
    const struct sync_all_options *o, struct sync_peer *v, size_t n,
    struct error *err)
{
	struct all a = { .store = s, .config = c, .o = o };
	struct sync_peer **queue = NULL;
	size_t nqueue;
	int rc = -1;

	if (sync_state_load(c->state_dir, clock_now(), &a.state, err) == -1)
		return -1;
	a.nslots = (size_t)c->max_parallel < n ? (size_t)c->max_parallel : n;
	a.slots = calloc(a.nslots + 1, sizeof(*a.slots));
	a.fds = calloc(a.nslots + 1, sizeof(*a.fds));
	queue = calloc(n + 1, sizeof(*queue));
	if (a.slots == NULL || a.fds == NULL || queue == NULL) {
		error_nomem(err);
		goto out;
	}
	a.saved = clock_mono();
	log_progress_start();
	if (choose(&a, v, n, queue, &nqueue, err) == -1 ||
	    run(&a, queue, nqueue, err) == -1)
		goto out;
	rc = sync_state_save(&a.state, c, err);
out:
	for (size_t i = 0; a.slots != NULL && i < a.nslots; i++)
		if (a.slots[i].peer != NULL) {
			proc_kill(&a.slots[i].proc);
			buf_free(&a.slots[i].got);
		}
	free(a.slots);
	free(a.fds);
	free(queue);
	sync_state_free(&a.state);
	return rc;
}

void
sync_peers_free(struct sync_peer *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sync_result_free(&v[i].result);
		free(v[i].error);
	}
	free(v);
}

/* Certificates have it, and all of them only ask it for themselves. */
static bool
only_issues(const struct config *c, const struct config_peer *p)
{
	bool any = false;

	for (size_t i = 0; i < c->ncerts; i++) {
		if (!strs_has(&c->certs[i]->peer, p->name))
			continue;
		if (c->certs[i]->issuer != ISSUER_PEER)
			return false;
		any = true;
	}
	return any;
}

int
sync_peers(const struct config *c, bool owed, struct sync_peer **out,
    size_t *n, struct error *err)
{
	struct sync_state st = { 0 };
	const struct config_peer *p;
	struct sync_memo *m;
	int rc = -1;

	*n = 0;
	if ((*out = calloc(c->npeers + 1, sizeof(**out))) == NULL)
		return error_nomem(err);
	if (owed && sync_state_load(c->state_dir, clock_now(), &st, err)
	    == -1)
		goto out;
	for (size_t i = 0; i < c->npeers; i++) {
		p = c->peers[i];
		if (p->direction == DIRECTION_PULL && only_issues(c, p))
			continue;
		if (owed) {
			if ((m = sync_state_get(&st, p, err)) == NULL)
				goto out;
			if (m->owed == 0 || p->direction != DIRECTION_PUSH)
				continue;
		}
		(*out)[(*n)++].peer = p;
	}
	rc = 0;
out:
	sync_state_free(&st);
	if (rc == -1) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

int
sync_owe(const struct config *c, bool *any, struct error *err)
{
	struct sync_state st = { 0 };
	struct sync_memo *m;
	int rc = -1;

	*any = false;
	for (size_t i = 0; i < c->npeers; i++)
		*any = *any || c->peers[i]->direction == DIRECTION_PUSH;
	if (!*any)
		return 0;
	if (sync_state_load(c->state_dir, clock_now(), &st, err) == -1)
		return -1;
	for (size_t i = 0; i < c->npeers; i++) {
		if (c->peers[i]->direction != DIRECTION_PUSH)
			continue;
		if ((m = sync_state_get(&st, c->peers[i], err)) == NULL)
			goto out;
		m->owed = clock_now();
		m->changed = true;
	}
	rc = sync_state_save(&st, c, err);
out:
	sync_state_free(&st);
	return rc;
}
