/* SPDX-License-Identifier: ISC */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"

/*
 * The only place that starts programs: an argument vector, never a shell; only
 * descriptors 0, 1 and 2; default signals; a chosen environment; a deadline
 * after which the child's process group gets TERM and then KILL; always
 * reaped.
 */
enum proc_fd {
	PROC_NULL,		/* /dev/null */
	PROC_PIPE,		/* a pipe to us */
	PROC_INHERIT,
	PROC_CAPTURE		/* stderr and stdout: kept, up to a ceiling */
};

struct proc_spec {
	char *const *argv;	/* argv[0]: absolute, or looked up in PATH */
	char *const *envp;	/* complete environment; see proc_env() */
	const char *cwd;	/* NULL: "/" */
	enum proc_fd in, out, err;
	bool tty;		/* may ask on the terminal (see below) */
	size_t file_max;	/* bytes of a file that it writes; more ends it
				 * with SIGXFSZ; 0: as for us */
};

/*
 * The child gets a process group of its own, which is what is killed.  One
 * that may ask a person (tty set, or in is PROC_INHERIT) stays in ours where
 * we are on a terminal: in a background group it would be stopped.
 * out PROC_CAPTURE goes where the captured stderr goes.
 */

struct proc {
	pid_t pid;		/* 0: none */
	int in, out;		/* our ends of PROC_PIPE, else -1 */
	int err_fd;		/* our end of a captured stderr, else -1 */
	int pidfd;		/* readable when it has ended; -1: none */
	bool group;		/* has a group of its own */
	char name[64];		/* for messages */
	struct buf err_text;	/* what it said, last LIMIT_CHILD_STDERR */
};

/*
 * The environment for children: PATH, HOME, USER, LOGNAME, LANG, LC_*, TZ,
 * SSH_AUTH_SOCK, KUBECONFIG, XDG_CONFIG_HOME, TERM, http(s)_proxy, no_proxy,
 * all_proxy (both spellings) and the names in extra (a trailing '*' is a
 * prefix); never LD_*.  PATH gets a default where there is none.
 */
int proc_env(const struct strs *extra, struct strs *out, struct error *err)
    WARN_UNUSED;
/* Sets or replaces NAME=VALUE in such a list. */
int proc_env_set(struct strs *env, const char *name, const char *value,
    struct error *err) WARN_UNUSED;

/* Finds a program as execvp would, with PATH of this process; *out is
 * absolute, the caller frees.  CODE_ERROR: "'certbot': no such program in
 * PATH ...". */
int proc_find(const char *name, char **out, struct error *err) WARN_UNUSED;

/* Starts it.  An exec that fails is reported here.  A child whose parent dies
 * gets TERM: from a fatal signal's handler before temporary files and trees are
 * removed, which waits a while for it to end (base/proc_live.h), else from the
 * kernel.  p is overwritten; after an error it is empty. */
int proc_start(struct proc *p, const struct proc_spec *spec,
    struct error *err) WARN_UNUSED;

/*
 * Waits until the child ends or the deadline (clock_mono(), 0: none), reading
 * captured stderr meanwhile; closes our ends first.  Frees nothing: err_text is
 * for the caller to read, proc_kill() ends every proc.  *status: exit status
 * 0..255, or 256 + signal number.  At the deadline the group is killed and
 * CODE_RETRY returned.
 */
int proc_wait(struct proc *p, int64_t deadline, int *status,
    struct error *err) WARN_UNUSED;

/* Has it ended?  It is left for proc_wait() to reap. */
bool proc_ended(const struct proc *p);

/* Reads what the child has said on stderr so far, without blocking. */
void proc_drain(struct proc *p);

/* Ends it now (TERM, a moment, KILL), reaps, closes, frees; fine if none, and
 * after proc_wait(). */
void proc_kill(struct proc *p);

/* All in one: input (may be NULL) to its stdin, stdout into out (may be NULL;
 * its own ceiling holds), stderr into errout (may be NULL: as spec says).  What
 * is still in a pipe when the child has ended is read, what a grandchild that
 * keeps it open writes later is not. */
int proc_run(const struct proc_spec *spec, const struct buf *input,
    struct buf *out, struct buf *errout, int64_t deadline, int *status,
    struct error *err) WARN_UNUSED;

/*
 * A copy of this process that does a piece of its work: fn(arg, fd) runs in a
 * process group of its own, with /dev/null as stdin and stdout, our stderr, fd
 * (the other end of p->out) and no other descriptor of ours; the copy ends with
 * what it returns.  It gets TERM when we die.  proc_wait() and proc_kill() as
 * for a program.  name: for messages.
 */
typedef int proc_task(void *arg, int fd);
int proc_fork(struct proc *p, proc_task *fn, void *arg, const char *name,
    struct error *err) WARN_UNUSED;

/*
 * For base/background.c: a copy of this process, in a session of its own; its
 * standard descriptors are /dev/null, fd has become PROC_COPY_FD, all others
 * are closed.  As fork(): 0 in the copy, -1 and errno.
 */
enum { PROC_COPY_FD = 3 };
pid_t proc_copy(int fd) WARN_UNUSED;

/* Whether there is such a process; who started it (0: not known); what it is
 * called, into buf ("": not known). */
bool proc_exists(pid_t pid);
pid_t proc_parent(pid_t pid);
void proc_name(pid_t pid, char *buf, size_t size);

/*
 * TERM to our own process group, where `starter` has made it: where its leader
 * is a child of that process (as proc_start() has it) and we are another.  We
 * ourselves go on.  False: it has not.
 */
bool proc_end_group(pid_t starter);

#endif
