/* SPDX-License-Identifier: ISC */
#include "cli/run.h"

#include <json-c/json_c_version.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/quiet.h"
#include "cli/setup.h"
#include "http/idn.h"
#include "report/out.h"

/* Help and version: on standard output, whatever else was asked for. */
static int
show(const struct command *table, const struct cli_parsed *p)
{
	struct error err;
	struct out o;

	out_begin(&o, STDOUT_FILENO);
	if (p->version)
		buf_addf(&o.b, "acmeferry %s\nOpenSSL %s, libcurl %s, "
		    "json-c %s, libyaml %s\n%s\n", ACMEFERRY_VERSION,
		    OpenSSL_version(OPENSSL_VERSION_STRING), http_library(),
		    json_c_version(), config_library(), sandbox_text());
	else if (p->command != NULL)
		help_command(&o, p->command);
	else
		help_all(&o, table, p->help);
	if (out_end(&o, &err) == 0)
		return CODE_OK;
	log_error("%s", err.msg);
	return CODE_ERROR;
}

/* Says what there is to say; the exit status. */
static int
finish(struct cli *cli, const struct cli_parsed *p)
{
	const struct command *c = p->command;
	struct report *r = &cli->report;
	enum code code = report_finish(r);
	int rc = 0, fd = r->to_stderr ? STDERR_FILENO : STDOUT_FILENO;
	struct error err;
	bool held;

	/* with --json it has not even begun */
	if (c != NULL && (c->flags & CMD_NO_JSON) != 0 && !cli->json) {
		if (r->err.code != CODE_OK)
			log_error("%s", r->err.msg);
		return (int)code;
	}
	held = c != NULL && (c->flags & CMD_QUIET_ROWS) != 0 ? r->held :
	    quiet_hold(cli, p, code);
	if (cli->json) {
		/* a document on every exit; the rest is for a person */
		rc = report_json(r, STDOUT_FILENO, &err);
		if (!held)
			report_log(r);
	} else if (!held)
		rc = report_text(r, fd, cli->quiet, cli_color(cli, fd), &err);
	if (rc == -1) {
		log_error("%s", err.msg);
		code = code_worse(code, CODE_ERROR);
	}
	return held && rc == 0 ? CODE_OK : (int)code;
}

/* Files of config.d that were left out: the others were served, the exit
 * status is 2 all the same, save that 8 and 9 go first. */
static int
count_bad_files(struct cli *cli, int rc, struct error *err)
{
	const struct strs *bad = &cli->config->bad_files;

	if (bad->n == 0)
		return rc;
	if (rc == 0) {
		if (strs_copy(&cli->report.problems, bad, err) == -1)
			return -1;
		return error_set(err, CODE_USAGE, "%s", bad->v[0]);
	}
	for (size_t i = 0; i < bad->n; i++)
		log_error("%s", bad->v[i]);
	if (err->code != CODE_TRUST && err->code != CODE_EXPIRING)
		report_count(&cli->report, CODE_USAGE);
	return rc;
}

static int
run(struct cli *cli, const struct cli_parsed *p, const char *argv0,
    struct error *err)
{
	int rc;

	if (cli_setup_options(cli, p, argv0, err) == -1)
		return -1;
	if ((p->command->flags & CMD_NO_CONFIG) == 0 &&
	    cli_setup_config(cli, p, err) == -1)
		return -1;
	rc = p->command->run(cli, &p->args, err);
	return cli->config != NULL ? count_bad_files(cli, rc, err) : rc;
}

/* The members that its JSON has on every exit. */
static void
begin_report(struct report *r, const struct command *c)
{
	r->command = c->name;
	r->has_accounts = (c->flags & CMD_ACCOUNTS) != 0;
	r->has_findings = (c->flags & CMD_FINDINGS) != 0;
	r->has_names = (c->flags & CMD_NAMES) != 0;
	r->has_peers = (c->flags & CMD_PEERS) != 0;
	r->has_certificates = (c->flags & CMD_CERTIFICATES) != 0;
	if ((c->flags & CMD_TABLE) != 0)
		r->table_member = c->name;
}

int
cli_run(const struct command *table, int argc, char *const *argv)
{
	struct cli_parsed p;
	struct error err;
	struct cli cli;
	int rc, code;

	memset(&p, 0, sizeof(p));
	memset(&cli, 0, sizeof(cli));
	report_init(&cli.report, NULL);
	error_clear(&err);
	rc = cli_parse(table, argc, argv, &p, &err);
	cli_setup_output(&cli, &p);
	if (rc == 0 && (p.help || p.version || (p.command == NULL &&
	    !p.json))) {
		code = show(table, &p);
		goto out;
	}
	if (rc == 0 && p.command == NULL)
		rc = error_set(&err, CODE_USAGE, "'--json': there is no "
		    "command; see 'acmeferry --help'");
	if (p.command != NULL)
		begin_report(&cli.report, p.command);
	if (rc == 0)
		rc = run(&cli, &p, argc > 0 ? argv[0] : NULL, &err);
	if (rc == -1)
		report_fail(&cli.report, &err);
	log_progress_end();
	code = finish(&cli, &p);
out:
	cli_free(&cli);
	cli_parsed_free(&p);
	return code;
}
