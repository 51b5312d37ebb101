/* SPDX-License-Identifier: ISC */
#include "transport/peer_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/strs.h"
#include "transport/ssh.h"

enum { SHOW_MAX = 64 * 1024 };

char *
ssh_show_hostname(const char *shown)
{
	static const char word[] = "hostname ";
	const char *nl;

	for (const char *p = shown; *p != '\0'; p = *nl == '\0' ? nl : nl + 1) {
		nl = strchrnul(p, '\n');
		if (str_starts(p, word) && nl > p + sizeof(word) - 1)
			return strndup(p + sizeof(word) - 1,
			    (size_t)(nl - p) - (sizeof(word) - 1));
	}
	return NULL;
}

/* What ssh prints of its configuration; out stays empty where it will not. */
static void
show(const struct config *c, const struct config_peer *p,
    const struct ssh_url *u, struct buf *out)
{
	struct proc_spec spec = { .in = PROC_NULL, .out = PROC_NULL,
		.err = PROC_NULL };
	struct strs argv = { 0 }, env = { 0 };
	struct error err;
	int status;

	error_clear(&err);
	if (ssh_argv(p, u, SSH_READ, false, SSH_SHOW, &argv, &err) == 0 &&
	    proc_env(&c->environment, &env, &err) == 0) {
		spec.argv = argv.v;
		spec.envp = env.v;
		if (proc_run(&spec, NULL, out, NULL, clock_mono() +
		    LIMIT_HTTP_CONNECT, &status, &err) == -1)
			log_debug("%s", err.msg);
	}
	strs_free(&argv);
	strs_free(&env);
}

int
peer_host(const struct config *c, const struct config_peer *p, char **out,
    struct error *err)
{
	struct ssh_url u;
	struct buf shown;
	int rc = 0;

	*out = NULL;
	if (!str_starts(p->url, "ssh://") && !str_starts(p->url, "sftp://"))
		return 0;
	if (ssh_url_parse(p->url, &u, err) == -1)
		return -1;
	buf_init(&shown, SHOW_MAX);
	show(c, p, &u, &shown);
	*out = ssh_show_hostname(buf_str(&shown));
	if (*out == NULL)
		rc = str_dup(out, u.host, err);
	buf_free(&shown);
	ssh_url_free(&u);
	return rc;
}

int
host_port_text(const char *host, int port, char **out, struct error *err)
{
	bool literal = strchr(host, ':') != NULL;

	return str_printf(out, err, "%s%s%s:%d", literal ? "[" : "", host,
	    literal ? "]" : "", port);
}
