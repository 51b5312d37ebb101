/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/vis.h"
#include "transport/ssh.h"

/* Runs ssh once more, only to hear more from it. */
static void
listen(const struct config_peer *peer, const struct ssh_url *u,
    char *const *env, enum ssh_use use, struct buf *out, struct buf *said)
{
	struct proc_spec spec = { .envp = env, .in = PROC_NULL,
		.out = PROC_NULL, .err = PROC_NULL };
	enum ssh_right right = u->path != NULL ? SSH_SFTP : SSH_READ;
	struct strs argv = { 0 };
	struct error err;
	int status;

	error_clear(&err);
	if (ssh_argv(peer, u, right, false, use, &argv, &err) == 0) {
		spec.argv = argv.v;
		if (proc_run(&spec, NULL, out, said, clock_mono() +
		    LIMIT_HTTP_CONNECT, &status, &err) == -1)
			log_debug("%s", err.msg);
	}
	strs_free(&argv);
}

/* The known_hosts file that ssh looks in, the first of several. */
static char *
known_hosts_of(const struct config_peer *peer, const struct ssh_url *u,
    char *const *env)
{
	static const char word[] = "\nuserknownhostsfile ";
	const char *p;
	char *path = NULL;
	struct buf out;

	if (peer->known_hosts_file != NULL &&
	    peer->known_hosts_file[0] != '\0')
		return strdup(peer->known_hosts_file);
	buf_init(&out, (size_t)64 * 1024);
	listen(peer, u, env, SSH_SHOW, &out, NULL);
	p = strstr(buf_str(&out), word);
	if (p != NULL) {
		p += sizeof(word) - 1;
		path = strndup(p, strcspn(p, " \n"));
	} else
		path = strdup("~/.ssh/known_hosts");
	buf_free(&out);
	return path;
}

int
ssh_failed(const struct config_peer *peer, const struct ssh_url *u,
    char *const *env, const char *said, struct error *err)
{
	struct ssh_hostkey key;
	char *known_hosts = NULL;
	struct buf more;
	int rc;

	ssh_hostkey(said, &key);
	buf_init(&more, (size_t)4 * LIMIT_CHILD_STDERR);
	if (ssh_is_hostkey(said)) {
		known_hosts = known_hosts_of(peer, u, env);
		if (key.fingerprint[0] == '\0') {
			listen(peer, u, env, SSH_PROBE, NULL, &more);
			ssh_hostkey(buf_str(&more), &key);
		}
	}
	rc = ssh_error(u->host, said, known_hosts != NULL ? known_hosts :
	    "known_hosts", &key, err);
	buf_free(&more);
	free(known_hosts);
	return rc;
}

int
ssh_check_identity(const struct config_peer *peer, struct error *err)
{
	struct buf b;
	int rc;

	if (peer->identity_file == NULL || peer->identity_file[0] == '\0' ||
	    str_ends(peer->identity_file, ".pub"))
		return 0;
	buf_init_sensitive(&b, LIMIT_ACCOUNT_FILE);
	rc = io_read_file(AT_FDCWD, peer->identity_file, LIMIT_ACCOUNT_FILE,
	    IO_NOFOLLOW | IO_OWNED | IO_PRIVATE | IO_ONE_LINK, &b, NULL, err);
	buf_free(&b);
	if (rc == -1 && (err->sys == ENOENT || err->sys == ENOTDIR))
		return error_set(err, CODE_USAGE, "'%s': identity_file: no "
		    "such file; 'ssh-keygen -t ed25519 -N '' -f %s' makes it, "
		    "then put what is in %s.pub into the authorized_keys of "
		    "'%s'", vis(peer->identity_file),
		    vis(peer->identity_file), vis(peer->identity_file),
		    vis(peer->name));
	return rc;
}
