/* SPDX-License-Identifier: ISC */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	TICK = 50,
	READ_SIZE = 16 * 1024
};

static void
shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* Writes what the pipe takes; a child that closed its stdin wants no more. */
static int
feed(struct proc *p, const struct buf *input, size_t *sent, struct error *err)
{
	ssize_t n = 0;

	while (p->in != -1 && *sent < input->len) {
		n = write(p->in, input->data + *sent, input->len - *sent);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		*sent += (size_t)n;
	}
	if (n == -1 && errno != EAGAIN && errno != EPIPE)
		return error_sys(err, CODE_ERROR, "'%s': cannot be written to",
		    p->name);
	if (n != -1 || errno == EPIPE)
		shut(&p->in);
	return 0;
}

/* Reads what is there. */
static int
collect(struct proc *p, struct buf *out, struct error *err)
{
	size_t room;
	char *data, more;
	ssize_t n;

	while (p->out != -1) {
		room = out->max - out->len;
		room = room < READ_SIZE ? room : READ_SIZE;
		if ((data = buf_reserve(out, room)) == NULL)
			return buf_check(out, p->name, err);
		/* at the ceiling one byte more is too much, the end is not */
		n = room > 0 ? read(p->out, data, room) :
		    read(p->out, &more, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1)
			return error_sys(err, CODE_ERROR,
			    "'%s': cannot be read from", p->name);
		if (n == 0) {
			shut(&p->out);
			break;
		}
		if (room == 0) {
			(void)buf_reserve(out, 1);
			return buf_check(out, p->name, err);
		}
		out->len += (size_t)n;
		out->data[out->len] = '\0';
	}
	return 0;
}

/* Moves bytes until the child has ended or closed all its ends. */
static int
shuffle(struct proc *p, const struct buf *input, struct buf *out,
    int64_t deadline, struct error *err)
{
	struct pollfd fds[4];
	bool ended = false;
	size_t sent = 0;
	int64_t left;

	while (!ended && (p->in != -1 || p->out != -1)) {
		left = deadline == 0 ? INT_MAX : deadline - clock_mono();
		if (left <= 0)
			return 0;	/* proc_wait() says so */
		if (p->pidfd == -1 && left > TICK)
			left = TICK;
		fds[0] = (struct pollfd){ p->in, POLLOUT, 0 };
		fds[1] = (struct pollfd){ p->out, POLLIN, 0 };
		fds[2] = (struct pollfd){ p->err_fd, POLLIN, 0 };
		fds[3] = (struct pollfd){ p->pidfd, POLLIN, 0 };
		(void)poll(fds, 4, left > INT_MAX ? INT_MAX : (int)left);
		/* asked before the last read, so that nothing is missed */
		ended = proc_ended(p);
		if (input != NULL && feed(p, input, &sent, err) == -1)
			return -1;
		if (out != NULL && collect(p, out, err) == -1)
			return -1;
		proc_drain(p);
	}
	return 0;
}

static void
nonblocking(int fd)
{
	if (fd != -1)
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

int
proc_run(const struct proc_spec *spec, const struct buf *input,
    struct buf *out, struct buf *errout, int64_t deadline, int *status,
    struct error *err)
{
	struct proc_spec s = *spec;
	struct proc p;
	int rc = -1;

	*status = 0;
	if (input != NULL)
		s.in = PROC_PIPE;
	else if (s.in == PROC_PIPE)
		s.in = PROC_NULL;
	if (out != NULL)
		s.out = PROC_PIPE;
	else if (s.out == PROC_PIPE)
		s.out = PROC_NULL;
	if (errout != NULL)
		s.err = PROC_CAPTURE;
	if (proc_start(&p, &s, err) == -1)
		return -1;
	(void)signal(SIGPIPE, SIG_IGN);
	nonblocking(p.in);
	nonblocking(p.out);
	if (shuffle(&p, input, out, deadline, err) == -1)
		goto out;
	rc = proc_wait(&p, deadline, status, err);
out:
	if (errout != NULL)
		buf_add(errout, buf_str(&p.err_text), p.err_text.len);
	proc_kill(&p);
	return rc;
}
