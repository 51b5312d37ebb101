/* SPDX-License-Identifier: ISC */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/proc_live.h"
#include "base/sandbox.h"
#include "base/vis.h"

enum {
	GRACE = 2000,		/* ms between TERM and KILL */
	TICK = 50,		/* ms between looks where there is no pidfd */
	PAUSE = 5,		/* the same while one is being ended */
	READ_SIZE = 4096,
	EXEC_FD = 3		/* the child's end that tells of no exec */
};

/* The ends of everything while a child is being started; -1: none. */
struct ends {
	int child[3];
	int in, out, err;	/* ours */
	int exec[2];
};

static void
shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static void
shut_ends(struct ends *e)
{
	for (int i = 0; i < 3; i++)
		shut(&e->child[i]);
	shut(&e->in);
	shut(&e->out);
	shut(&e->err);
	shut(&e->exec[0]);
	shut(&e->exec[1]);
}

/* A descriptor above those that the child gets. */
static int
above(int fd)
{
	int copy;

	if (fd > EXEC_FD)
		return fd;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, EXEC_FD + 1);
	(void)close(fd);
	return copy;
}

static int
make_pipe(int *readend, int *writeend)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	*readend = above(fds[0]);
	*writeend = above(fds[1]);
	return *readend == -1 || *writeend == -1 ? -1 : 0;
}

static int
inherit(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, EXEC_FD + 1);
}

static int
null(int flags)
{
	int fd = open("/dev/null", flags | O_CLOEXEC);

	return fd == -1 ? -1 : above(fd);
}

static int
open_ends(struct ends *e, const struct proc_spec *spec)
{
	bool capture = spec->err == PROC_CAPTURE || spec->err == PROC_PIPE ||
	    spec->out == PROC_CAPTURE;
	int said = -1;

	if (capture && make_pipe(&e->err, &said) == -1) {
		shut(&said);
		return -1;
	}
	if (spec->err == PROC_CAPTURE || spec->err == PROC_PIPE)
		e->child[2] = inherit(said);
	else
		e->child[2] = spec->err == PROC_NULL ? null(O_WRONLY) :
		    inherit(STDERR_FILENO);
	if (spec->out == PROC_PIPE) {
		if (make_pipe(&e->out, &e->child[1]) == -1)
			e->child[1] = -1;
	} else if (spec->out == PROC_CAPTURE)
		e->child[1] = inherit(said);
	else
		e->child[1] = spec->out == PROC_NULL ? null(O_WRONLY) :
		    inherit(STDOUT_FILENO);
	shut(&said);
	if (spec->in == PROC_PIPE) {
		if (make_pipe(&e->child[0], &e->in) == -1)
			return -1;
	} else
		e->child[0] = spec->in == PROC_INHERIT ?
		    inherit(STDIN_FILENO) : null(O_RDONLY);
	if (e->child[0] == -1 || e->child[1] == -1 || e->child[2] == -1)
		return -1;
	return make_pipe(&e->exec[0], &e->exec[1]);
}

static int
limit_files(size_t max)
{
	struct rlimit r = { max, max };

	return max == 0 ? 0 : setrlimit(RLIMIT_FSIZE, &r);
}

/* Only what a signal handler may do, and never back. */
static void __attribute__((noreturn))
child(const struct proc_spec *spec, const char *path, const struct ends *e,
    bool group, pid_t parent)
{
	sigset_t none;
	int sys;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (group)
		(void)setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 ||
	    limit_files(spec->file_max) == -1)
		goto fail;
	if (getppid() != parent)
		_exit(127);	/* nobody is there to be told */
	sandbox_restore_umask();
	if (dup2(e->child[0], STDIN_FILENO) == -1 ||
	    dup2(e->child[1], STDOUT_FILENO) == -1 ||
	    dup2(e->child[2], STDERR_FILENO) == -1 ||
	    dup3(e->exec[1], EXEC_FD, O_CLOEXEC) == -1)
		goto fail;
	if (close_range(EXEC_FD + 1, ~0U, 0) == -1)
		for (int fd = EXEC_FD + 1; fd < 1024; fd++)
			(void)close(fd);
	if (chdir(spec->cwd != NULL ? spec->cwd : "/") == 0)
		(void)execve(path, spec->argv, spec->envp);
	sys = errno;
	(void)!write(EXEC_FD, &sys, sizeof(sys));
	_exit(127);
fail:
	sys = errno;
	(void)!write(e->exec[1], &sys, sizeof(sys));
	_exit(127);
}

/* May it stay in our group, to be able to ask on the terminal? */
static bool
own_group(const struct proc_spec *spec)
{
	if (!spec->tty && spec->in != PROC_INHERIT)
		return true;
	return isatty(STDIN_FILENO) == 0 && isatty(STDERR_FILENO) == 0;
}

static void
set_name(struct proc *p, const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	argv0 = slash == NULL ? argv0 : slash + 1;
	vis_copy(p->name, sizeof(p->name), argv0, strlen(argv0));
}

static void
proc_empty(struct proc *p)
{
	memset(p, 0, sizeof(*p));
	p->in = p->out = p->err_fd = p->pidfd = -1;
	buf_init(&p->err_text, (size_t)2 * LIMIT_CHILD_STDERR);
}

int
proc_start(struct proc *p, const struct proc_spec *spec, struct error *err)
{
	struct ends e = { { -1, -1, -1 }, -1, -1, -1, { -1, -1 } };
	bool group = own_group(spec);
	pid_t pid, parent = getpid();
	int sys = 0, status;
	char *path = NULL;
	ssize_t got;

	proc_empty(p);
	set_name(p, spec->argv[0]);
	if (proc_find(spec->argv[0], &path, err) == -1)
		return -1;
	/* an ignored one, inherited, would reap behind our back */
	(void)signal(SIGCHLD, SIG_DFL);
	if (open_ends(&e, spec) == -1) {
		error_sys(err, CODE_ERROR, "'%s': no pipe for it", p->name);
		goto fail;
	}
	if ((pid = proc_live_fork()) == -1) {
		error_sys(err, CODE_ERROR, "'%s': cannot be started", p->name);
		goto fail;
	}
	if (pid == 0)
		child(spec, path, &e, group, parent);
	if (group)
		(void)setpgid(pid, pid);
	shut(&e.exec[1]);
	do
		got = read(e.exec[0], &sys, sizeof(sys));
	while (got == -1 && errno == EINTR);
	if (got != 0) {
		/* 0: the exec closed it */
		if (got == -1)
			sys = errno;
		(void)kill(pid, SIGKILL);
		(void)proc_live_reap(pid, &status, 0);
		errno = sys;
		error_sys(err, CODE_ERROR, "'%s': cannot be run", vis(path));
		goto fail;
	}
	p->pid = pid;
	p->group = group;
	p->in = e.in;
	p->out = e.out;
	p->err_fd = e.err;
	e.in = e.out = e.err = -1;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->err_fd != -1)
		(void)fcntl(p->err_fd, F_SETFL, O_NONBLOCK);
	shut_ends(&e);
	free(path);
	return 0;
fail:
	shut_ends(&e);
	free(path);
	return -1;
}

void
proc_drain(struct proc *p)
{
	char text[READ_SIZE];
	ssize_t n;

	while (p->err_fd != -1) {
		n = read(p->err_fd, text, sizeof(text));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			shut(&p->err_fd);
			return;
		}
		buf_add(&p->err_text, text, (size_t)n);
		if (p->err_text.len > LIMIT_CHILD_STDERR)
			buf_consume(&p->err_text,
			    p->err_text.len - LIMIT_CHILD_STDERR);
	}
}

static void
kill_it(const struct proc *p, int sig)
{
	(void)kill(p->group ? -p->pid : p->pid, sig);
}

/* Time left as poll() wants it. */
static int
left_of(int64_t deadline)
{
	int64_t left;

	if (deadline == 0)
		return -1;
	left = deadline - clock_mono();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

bool
proc_ended(const struct proc *p)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	return p->pid == 0 || (waitid(P_PID, (id_t)p->pid, &info, WEXITED |
	    WNOHANG | WNOWAIT) == 0 && info.si_pid == p->pid);
}

/* Reaps within the time; 1: done, 0: still runs, -1: not our child. */
static int
wait_until(struct proc *p, int64_t deadline, int *status)
{
	struct pollfd fds[2];
	int left;
	pid_t got;

	for (;;) {
		proc_drain(p);
		if ((got = proc_live_reap(p->pid, status, WNOHANG)) == p->pid) {
			p->pid = 0;
			shut(&p->pidfd);
			proc_drain(p);
			return 1;
		}
		if (got == -1)
			return -1;
		if ((left = left_of(deadline)) == 0)
			return 0;
		if (p->pidfd == -1 && (left == -1 || left > TICK))
			left = TICK;
		/* negative descriptors are passed over */
		fds[0] = (struct pollfd){ p->pidfd, POLLIN, 0 };
		fds[1] = (struct pollfd){ p->err_fd, POLLIN, 0 };
		(void)poll(fds, 2, left);
	}
}

/* Its group may hold more than the child: what is left of it after TERM gets
 * KILL, while the child, not yet reaped, keeps the group's number. */
static void
end_it(struct proc *p)
{
	int64_t end = clock_mono() + GRACE;
	int status;

	kill_it(p, SIGTERM);
	while (!proc_ended(p) && clock_mono() < end) {
		proc_drain(p);
		clock_sleep(PAUSE);
	}
	kill_it(p, SIGKILL);
	(void)proc_live_reap(p->pid, &status, 0);
	p->pid = 0;
	shut(&p->pidfd);
	proc_drain(p);
}

int
proc_wait(struct proc *p, int64_t deadline, int *status, struct error *err)
{
	int raw = 0, rc;

	*status = 0;
	shut(&p->in);
	shut(&p->out);
	if (p->pid == 0)
		return error_set(err, CODE_ERROR, "'%s': is not running",
		    p->name);
	rc = wait_until(p, deadline, &raw);
	if (rc == -1) {
		p->pid = 0;
		return error_sys(err, CODE_ERROR, "'%s': cannot be waited for",
		    p->name);
	}
	if (rc == 0) {
		end_it(p);
		error_set(err, CODE_RETRY, "'%s': did not end before its "
		    "deadline and was ended", p->name);
		err->sys = ETIMEDOUT;
		return -1;
	}
	*status = WIFSIGNALED(raw) ? 256 + WTERMSIG(raw) : WEXITSTATUS(raw);
	return 0;
}

void
proc_kill(struct proc *p)
{
	shut(&p->in);
	shut(&p->out);
	if (p->pid != 0)
		end_it(p);
	shut(&p->err_fd);
	shut(&p->pidfd);
	buf_free(&p->err_text);
}
