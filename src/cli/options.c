/* SPDX-License-Identifier: ISC */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/vis.h"
#include "config/suggest.h"

const struct cli_option global_options[] = {
	{ "config", 'c', "FILE", false, "configuration; default "
	    "/etc/acmeferry/config.yml, which may be absent" },
	{ "config-dir", 0, "DIR", false, "certbot's configuration directory; "
	    "default /etc/letsencrypt" },
	{ "work-dir", 0, "DIR", false, "certbot's working directory; default "
	    "/var/lib/letsencrypt" },
	{ "logs-dir", 0, "DIR", false, "certbot's logs directory; default "
	    "/var/log/letsencrypt" },
	{ "state-dir", 0, "DIR", false, "acmeferry's own files; default "
	    "/var/lib/acmeferry, for other users than root "
	    "$XDG_STATE_HOME/acmeferry" },
	{ "server", 0, "URL", false, "only this ACME server (its directory "
	    "URL)" },
	{ "account", 0, "WHICH", false, "account URL, id, or a unique "
	    "beginning of the id of at least 4 digits" },
	{ "json", 0, NULL, false, "one JSON document on standard output, "
	    "nothing else there" },
	{ "dry-run", 0, NULL, false, "say what would change; change nothing, "
	    "order nothing" },
	{ "non-interactive", 0, NULL, false, "accepted as certbot's and does "
	    "nothing: acmeferry never asks" },
	{ "max-wait", 0, "T", false, "how long to obey the CA's Retry-After "
	    "before exit 3; default 2m on a terminal, else 10m" },
	{ "quiet", 'q', NULL, false, "silent unless it fails (for cron)" },
	{ "verbose", 'v', NULL, true, "more detail; twice: each HTTP "
	    "exchange, without secrets" },
	{ "no-color", 0, NULL, false, "no colours; NO_COLOR in the "
	    "environment does the same" },
	{ "help", 'h', NULL, false, "help, also for one command" },
	{ "version", 0, NULL, false, "version, libraries, sandbox" },
	{ NULL, 0, NULL, false, NULL }
};

const struct cli_option peer_options[] = {
	{ "servers", 0, "URL", true, "ACME server whose accounts may travel; "
	    "repeatable; default acme.server" },
	{ "accounts", 0, "WHICH", true, "account that travels; repeatable" },
	{ "identity-file", 0, "FILE", false, "ssh, sftp: the private key to "
	    "log in with, and no other" },
	{ "known-hosts-file", 0, "FILE", false, "ssh, sftp: where the far "
	    "end's host key is" },
	{ "ssh-config", 0, "FILE", false, "ssh, sftp: ssh's configuration "
	    "(ssh -F)" },
	{ "ssh-options", 0, "OPTION", true, "ssh, sftp: an option as ssh -o "
	    "takes it; repeatable" },
	{ "command", 0, "WORD", true, "exec: the program that reaches "
	    "'acmeferry serve', then its arguments, each with --command of "
	    "its own" },
	{ "deadline", 0, "T", false, "how long the far end may take; default "
	    "2m" },
	{ "challenge", 0, NULL, false, "may put HTTP-01 responses there, to "
	    "prove names" },
	{ "challenge-check", 0, "WHERE", false, "auto (port 80 of the URL's "
	    "host; the default), HOST:PORT or off: where they must be served "
	    "before the CA looks" },
	{ "webroot", 0, "DIR", false, "sftp:// and file://: the web root "
	    "that the responses are put into" },
	{ "token-file", 0, "FILE", false, "https: a bearer token" },
	{ "netrc-file", 0, "FILE", false, "https: login and password for its "
	    "host, as in ~/.netrc" },
	{ "client-cert", 0, "FILE", false, "https: our certificate for TLS, "
	    "PEM, with its chain" },
	{ "client-key", 0, "FILE", false, "https: its key, where it is not in "
	    "the same file" },
	{ "sigv4", 0, "aws:amz:REGION:SERVICE", false, "https: sign as for "
	    "AWS" },
	{ "credentials-file", 0, "FILE", false, "https: AWS' credentials; else "
	    "AWS_ACCESS_KEY_ID and so on" },
	{ "senders", 0, "CERT", true, "bundle: file with the certificate of "
	    "one whose bundle may be opened; repeatable" },
	{ "recipients", 0, "CERT", true, "bundle: file with the certificate "
	    "of one for whom it is sealed; repeatable" },
	{ NULL, 0, NULL, false, NULL }
};

struct parser {
	const struct command *table;
	int argc, at;
	char *const *argv;
	struct cli_parsed *out;
	bool words_only;	/* "--" was there */
};

static int usage(const struct parser *p, struct error *err, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

/* CODE_USAGE with where the help is. */
static int
usage(const struct parser *p, struct error *err, const char *fmt, ...)
{
	const struct command *c = p->out->command;
	char msg[ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return error_set(err, CODE_USAGE, "%s; see 'acmeferry %s%s--help'",
	    msg, c != NULL ? c->name : "", c != NULL ? " " : "");
}

static const struct cli_option *
find_in(const struct cli_option *o, const char *name, size_t len, char letter)
{
	for (; o != NULL && o->name != NULL; o++) {
		if (letter != 0 && o->letter == letter)
			return o;
		if (name != NULL && strncmp(o->name, name, len) == 0 &&
		    o->name[len] == '\0')
			return o;
	}
	return NULL;
}

/* By name, or by letter with name NULL; the command's own come first.  *to
 * is where it is put down. */
static const struct cli_option *
find(struct parser *p, const char *name, size_t len, char letter,
    struct cli_args **to)
{
	const struct command *c = p->out->command;
	const struct cli_option *o = NULL;

	*to = &p->out->args;
	if (c != NULL)
		o = find_in(c->options, name, len, letter);
	if (o == NULL && c != NULL && (c->flags & CMD_PEER_OPTIONS) != 0)
		o = find_in(peer_options, name, len, letter);
	if (o != NULL)
		return o;
	*to = &p->out->global;
	return find_in(global_options, name, len, letter);
}

static int
take(struct parser *p, const struct cli_option *o, struct cli_args *to,
    const char *value, struct error *err)
{
	if (strs_add(&to->names, o->name, err) == -1 ||
	    strs_add(&to->values, value != NULL ? value : "", err) == -1)
		return -1;
	if (to != &p->out->global)
		return 0;
	if (strcmp(o->name, "json") == 0)
		p->out->json = true;
	else if (strcmp(o->name, "help") == 0)
		p->out->help = true;
	else if (strcmp(o->name, "version") == 0)
		p->out->version = true;
	return 0;
}

/* The value that the option needs and that did not stand in its argument. */
static int
next_value(struct parser *p, const struct cli_option *o, const char **value,
    struct error *err)
{
	if (p->at + 1 >= p->argc)
		return usage(p, err, "'--%s': needs a value (%s)", o->name,
		    o->arg);
	*value = p->argv[++p->at];
	return 0;
}

static void
offer_all(struct suggest *s, const struct cli_option *o)
{
	for (; o != NULL && o->name != NULL; o++)
		suggest_offer(s, o->name);
}

/* Some command's option, before the command or with the wrong one. */
static const struct command *
owner(const struct parser *p, const char *name, size_t len, char letter)
{
	const struct command *c;

	for (c = p->table; c->name != NULL; c++)
		if (find_in(c->options, name, len, letter) != NULL ||
		    ((c->flags & CMD_PEER_OPTIONS) != 0 &&
		    find_in(peer_options, name, len, letter) != NULL))
			return c;
	return NULL;
}

static int
unknown_option(struct parser *p, const char *name, size_t len,
    struct error *err)
{
	const struct command *c = p->out->command, *of;
	char typed[64];
	struct suggest s;

	if (c == NULL && (of = owner(p, name, len, 0)) != NULL)
		return usage(p, err, "'--%s': belongs behind its command, as "
		    "in 'acmeferry %s --%s'", vis_n(name, len), of->name,
		    vis_n(name, len));
	(void)snprintf(typed, sizeof(typed), "%.*s",
	    len < sizeof(typed) ? (int)len : (int)sizeof(typed) - 1, name);
	suggest_begin(&s, typed);
	if (c != NULL) {
		offer_all(&s, c->options);
		if ((c->flags & CMD_PEER_OPTIONS) != 0)
			offer_all(&s, peer_options);
	}
	offer_all(&s, global_options);
	if (s.best != NULL)
		return usage(p, err, "'--%s': unknown option, did you mean "
		    "'--%s'", vis_n(name, len), s.best);
	return usage(p, err, "'--%s': unknown option", vis_n(name, len));
}

static int
long_option(struct parser *p, const char *arg, struct error *err)
{
	size_t len = strcspn(arg, "=");
	const struct cli_option *o;
	const char *value = NULL;
	struct cli_args *to;

	if ((o = find(p, arg, len, 0, &to)) == NULL || len == 0)
		return unknown_option(p, arg, len, err);
	if (arg[len] == '=') {
		if (o->arg == NULL)
			return usage(p, err, "'--%s': takes no value, found "
			    "'%s'", o->name, vis(arg + len + 1));
		value = arg + len + 1;
	} else if (o->arg != NULL && next_value(p, o, &value, err) == -1)
		return -1;
	return take(p, o, to, value, err);
}

static int
unknown_letter(struct parser *p, char letter, struct error *err)
{
	const struct command *of;

	if (letter == 'n')
		return usage(p, err, "'-n': certbot's is --non-interactive, "
		    "elsewhere it is often a dry run; write --dry-run or "
		    "--non-interactive");
	if (p->out->command == NULL &&
	    (of = owner(p, NULL, 0, letter)) != NULL)
		return usage(p, err, "'-%c': belongs behind its command, as "
		    "in 'acmeferry %s -%c'", letter, of->name, letter);
	return usage(p, err, "'-%s': unknown option", vis_n(&letter, 1));
}

/* "-qv", "-dNAME", "-d NAME" */
static int
letters(struct parser *p, const char *arg, struct error *err)
{
	const struct cli_option *o;
	const char *value = NULL;
	struct cli_args *to;

	for (; *arg != '\0' && !p->out->help && !p->out->version; arg++) {
		if ((o = find(p, NULL, 0, *arg, &to)) == NULL)
			return unknown_letter(p, *arg, err);
		if (o->arg == NULL) {
			if (take(p, o, to, NULL, err) == -1)
				return -1;
			continue;
		}
		if (arg[1] != '\0')
			value = arg + 1;
		else if (next_value(p, o, &value, err) == -1)
			return -1;
		return take(p, o, to, value, err);
	}
	return 0;
}

static const struct command *
find_command(const struct command *c, const char *name)
{
	for (; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int
word(struct parser *p, const char *arg, struct error *err)
{
	const struct command *c = p->out->command;
	struct suggest s;

	if (c == NULL) {
		p->out->command = find_command(p->table, arg);
		if (p->out->command != NULL)
			return 0;
		suggest_begin(&s, arg);
		for (c = p->table; c->name != NULL; c++)
			suggest_offer(&s, c->name);
		if (strcmp(arg, "help") == 0)
			s.best = "--help";
		if (s.best != NULL)
			return usage(p, err, "'%s': unknown command, did you "
			    "mean '%s'", vis(arg), s.best);
		return usage(p, err, "'%s': unknown command", vis(arg));
	}
	if (c->max_words >= 0 && p->out->args.words.n >= (size_t)c->max_words)
		return usage(p, err, "'%s': one argument too many%s%s for "
		    "'%s'", vis(arg), *c->args != '\0' ? ", want " : "",
		    c->args, c->name);
	return strs_add(&p->out->args.words, arg, err);
}

static int
argument(struct parser *p, struct error *err)
{
	const char *arg = p->argv[p->at];

	if (p->words_only || arg[0] != '-' || arg[1] == '\0')
		return word(p, arg, err);
	if (strcmp(arg, "--") == 0) {
		p->words_only = true;
		return 0;
	}
	return arg[1] == '-' ? long_option(p, arg + 2, err) :
	    letters(p, arg + 1, err);
}

/* What is not parsed any more is looked through for two things. */
static void
look_ahead(struct parser *p)
{
	for (; p->at < p->argc && strcmp(p->argv[p->at], "--") != 0; p->at++) {
		if (strcmp(p->argv[p->at], "--json") == 0)
			p->out->json = true;
		else if (p->out->help && p->out->command == NULL)
			p->out->command = find_command(p->table,
			    p->argv[p->at]);
	}
}

int
cli_parse(const struct command *table, int argc, char *const *argv,
    struct cli_parsed *out, struct error *err)
{
	struct parser p = { table, argc, 1, argv, out, false };
	const struct command *c;

	memset(out, 0, sizeof(*out));
	for (; p.at < argc && !out->help && !out->version; p.at++) {
		if (argument(&p, err) == -1) {
			look_ahead(&p);
			return -1;
		}
	}
	if (out->help || out->version) {
		look_ahead(&p);
		return 0;
	}
	c = out->command;
	if (c != NULL && out->args.words.n < (size_t)c->min_words)
		return usage(&p, err, "'%s': too few arguments, want %s",
		    c->name, c->args);
	if (c != NULL && (c->flags & CMD_NO_JSON) != 0 && out->json)
		return usage(&p, err, "'--json': not for '%s', whose standard "
		    "output is a protocol's", c->name);
	return 0;
}

void
cli_parsed_free(struct cli_parsed *p)
{
	args_free(&p->global);
	args_free(&p->args);
}
