/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/value.h"
#include "issue/for_peer.h"
#include "sync/pull.h"
#include "transport/serve.h"

const struct cli_option serve_options[] = {
	{ "allow", 0, "RIGHTS", true,
	    "what the other side may do: read, write, challenge, issue, or "
	    "several with commas between; nothing else is possible" },
	{ "name", 0, "NAME", true,
	    "only the account that the certificate for this name uses; and "
	    "what may be issued for" },
	{ "webroot", 0, "DIR", false,
	    "challenge, issue: the directory that the web server gives out; "
	    "responses are put into .well-known/acme-challenge below it" },
	{ "challenge-check", 0, "WHERE", false,
	    "issue: HOST:PORT where the web server here is looked at before "
	    "the CA is told; default 127.0.0.1:80, or off with --webroot" },
	{ "client", 0, "HOST", false,
	    "who is at the other side, for the ledger and syslog" },
	{ .name = NULL }
};

static int
rights_of(const struct cli_args *a, unsigned int *rights, struct error *err)
{
	*rights = 0;
	for (size_t i = 0; i < a->names.n; i++)
		if (strcmp(a->names.v[i], "allow") == 0 &&
		    serve_rights(a->values.v[i], rights, err) == -1)
			return -1;
	if (*rights == 0)
		return error_set(err, CODE_USAGE, "serve: gives nothing "
		    "without --allow; want read, write, challenge, issue, "
		    "or several with commas between");
	return 0;
}

/* Absolute into *out, NULL where the rights do not need it. */
static int
webroot_of(const struct cli_args *a, unsigned int rights, char **out,
    struct error *err)
{
	const char *dir = args_value(a, "webroot");
	bool needed = (rights & SERVE_CHALLENGE) != 0;
	bool useful = (rights & (SERVE_CHALLENGE | SERVE_ISSUE)) != 0;

	if (dir == NULL && needed)
		return error_set(err, CODE_USAGE, "'--allow challenge': needs "
		    "--webroot DIR here, in the forced command of the key; "
		    "'acmeferry authorize HOST --key PUBFILE --allow "
		    "challenge --webroot DIR' prints it");
	if (dir != NULL && !useful)
		return error_set(err, CODE_USAGE, "'--webroot': is for the "
		    "rights 'challenge' and 'issue', and --allow gives "
		    "neither");
	return dir != NULL ? config_absolute(dir, out, err) : 0;
}

static int
check_of(const struct cli_args *a, unsigned int rights, const char **out,
    struct error *err)
{
	*out = args_value(a, "challenge-check");
	if (*out == NULL)
		return 0;
	if ((rights & SERVE_ISSUE) == 0)
		return error_set(err, CODE_USAGE, "'--challenge-check': is "
		    "for the right 'issue', and --allow does not give it");
	if (value_challenge_check(*out, NULL, err) == -1)
		return error_wrap(err, "'--challenge-check'");
	/* what is to be looked at here is no peer's */
	if (strcmp(*out, "auto") == 0)
		*out = NULL;
	return 0;
}

/* Reading may be for all names; issuing never is. */
static int
check_names(unsigned int rights, const struct strs *names, struct error *err)
{
	if ((rights & SERVE_ISSUE) == 0 || names->n > 0)
		return 0;
	return error_set(err, CODE_USAGE, "'--allow issue': needs --name for "
	    "each name that may be issued for");
}

int
cmd_serve(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct serve_options o = { .in = STDIN_FILENO, .out = STDOUT_FILENO };
	struct sync_receive_arg arg = { .config = cli->config,
		.check_digest = true };
	struct receiver receiver = { sync_receive, &arg };
	struct for_peer far = { .config = cli->config,
		.max_wait = cli->max_wait };
	struct issuer issuer = { for_peer_issue, &far };
	struct strs names = { 0 };
	struct store *s = NULL;
	struct error why;
	char *webroot = NULL;
	int rc = -1;

	if (rights_of(a, &o.rights, err) == -1 ||
	    webroot_of(a, o.rights, &webroot, err) == -1 ||
	    check_of(a, o.rights, &far.check, err) == -1 ||
	    args_values(a, "name", true, &names, err) == -1 ||
	    check_names(o.rights, &names, err) == -1 ||
	    strs_add(&o.write_servers, cli_server(cli), err) == -1 ||
	    cli_store(cli, &s, err) == -1)
		goto out;
	o.grant.names = &names;
	o.grant.account = cli->account;
	o.grant.server = cli->server;
	o.client = args_value(a, "client");
	o.receiver = &receiver;
	o.issuer = &issuer;
	far.names = &names;
	far.account = cli->account;
	far.server = cli_server(cli);
	far.webroot = webroot;
	arg.peer = o.client != NULL ? o.client : "unknown";
	arg.servers = &o.write_servers;
	/* one that is no good does not keep anybody from reading */
	error_clear(&why);
	if (webroot != NULL && webroot_open(webroot, &o.webroot, &why) == -1)
		o.webroot_error = &why;
	if (serve_sandbox(s, o.rights, o.webroot != NULL ? webroot : NULL,
	    cli->config->ca_file, err) == 0)
		rc = serve_run(s, &o, err);
out:
	webroot_free(o.webroot);
	free(webroot);
	strs_free(&names);
	strs_free(&o.write_servers);
	store_free(s);
	return rc;
}
