/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "transport/grant.h"
#include "transport/serve.h"
#include "transport/webroot.h"

const struct cli_option authorize_options[] = {
	{ "key", 0, "PUBFILE", false, "the host's public ssh key" },
	{ "allow", 0, "RIGHTS", true,
	    "read, write, challenge, issue, or several with commas between" },
	{ "name", 0, "NAME", true,
	    "only the account that the certificate for this name uses; and "
	    "what may be issued for" },
	{ "webroot", 0, "DIR", false,
	    "challenge, issue: the directory that the web server here gives "
	    "out" },
	{ "from", 0, "CIDR", true, "only from these addresses" },
	{ "as", 0, "root|sudo", false,
	    "log in as root (the default), or as a user with sudo" },
	{ .name = NULL }
};

/* Everything that the lines are made of. */
struct lines {
	struct recipe r;
	struct strs names, from;
	char *key, *webroot;
	char rights[SERVE_RIGHTS_TEXT];
	unsigned int allow;
	char *authorized_keys, *sudoers;
};

static void
lines_free(struct lines *l)
{
	strs_free(&l->names);
	strs_free(&l->from);
	free(l->key);
	free(l->webroot);
	free(l->authorized_keys);
	free(l->sudoers);
}

static int
read_key(const char *file, char **out, struct error *err)
{
	struct buf b;
	int rc;

	/* a private key may be given by mistake */
	buf_init_sensitive(&b, LIMIT_ACCOUNT_FILE);
	rc = io_read_file(AT_FDCWD, file, LIMIT_ACCOUNT_FILE, 0, &b, NULL,
	    err);
	if (rc == 0)
		rc = recipe_key(buf_str(&b), b.len, file, out, err);
	buf_free(&b);
	return rc;
}

static int
read_names(const struct cli_args *a, struct strs *out, struct error *err)
{
	struct strs given = { 0 };
	char *name = NULL;
	int rc = args_values(a, "name", true, &given, err);

	for (size_t i = 0; i < given.n && rc == 0; i++) {
		rc = config_domain(given.v[i], &name, err);
		if (rc == -1)
			error_wrap(err, "'--name'");
		else
			rc = strs_add(out, name, err);
		free(name);
		name = NULL;
	}
	strs_free(&given);
	return rc;
}

static int
read_rights(const struct cli_args *a, struct lines *l, struct error *err)
{
	for (size_t i = 0; i < a->names.n; i++)
		if (strcmp(a->names.v[i], "allow") == 0 &&
		    serve_rights(a->values.v[i], &l->allow, err) == -1)
			return -1;
	if (l->allow == 0)
		return error_set(err, CODE_USAGE, "'--allow': is missing, "
		    "want read, write, challenge, issue, or several with "
		    "commas between");
	if (l->names.n == 0 && (l->allow & SERVE_ISSUE) != 0)
		return error_set(err, CODE_USAGE, "'--name': is missing, want "
		    "each name that may be issued for, for the right "
		    "'issue'");
	if (l->names.n > 0 && (l->allow & ~(unsigned int)SERVE_WRITE) == 0)
		return error_set(err, CODE_USAGE, "'--name': limits reading, "
		    "challenges and issuing, and --allow gives none of them; "
		    "--account limits writing");
	(void)serve_rights_text(l->allow, l->rights);
	return 0;
}

/* Looked at here and now: on another day it is too late to say so. */
static int
read_webroot(const struct cli_args *a, struct lines *l, struct error *err)
{
	const char *dir = args_value(a, "webroot");
	bool needed = (l->allow & SERVE_CHALLENGE) != 0;
	struct webroot *w = NULL;

	if (dir == NULL && needed)
		return error_set(err, CODE_USAGE, "'--webroot': is missing, "
		    "want the directory that the web server here gives out, "
		    "for the right 'challenge'");
	if (dir != NULL && !needed && (l->allow & SERVE_ISSUE) == 0)
		return error_set(err, CODE_USAGE, "'--webroot': is for the "
		    "rights 'challenge' and 'issue', and --allow gives "
		    "neither");
	if (dir == NULL)
		return 0;
	if (config_absolute(dir, &l->webroot, err) == -1)
		return error_wrap(err, "'--webroot'");
	if (webroot_open(l->webroot, &w, err) == -1)
		return -1;
	webroot_free(w);
	return 0;
}

static int
make(struct cli *cli, const struct cli_args *a, struct lines *l,
    struct error *err)
{
	const char *as = args_value(a, "as"), *file = args_value(a, "key");

	if (file == NULL)
		return error_set(err, CODE_USAGE, "'--key': is missing, want "
		    "the file of the host's public key");
	if (as != NULL && strcmp(as, "root") != 0 && strcmp(as, "sudo") != 0)
		return error_set(err, CODE_USAGE, "'--as': found '%s', want "
		    "root or sudo", vis(as));
	if (read_names(a, &l->names, err) == -1 ||
	    read_rights(a, l, err) == -1 ||
	    read_webroot(a, l, err) == -1 ||
	    args_values(a, "from", true, &l->from, err) == -1 ||
	    read_key(file, &l->key, err) == -1)
		return -1;
	l->r = (struct recipe){ .host = a->words.v[0], .key = l->key,
		.rights = l->rights, .names = &l->names,
		.account = cli->account, .server = cli->server,
		.webroot = l->webroot, .from = &l->from,
		.sudo = as != NULL && strcmp(as, "sudo") == 0,
		.self = cli->self, .self_options = &cli->self_options };
	l->r.user = l->r.sudo ? RECIPE_USER : "root";
	if (recipe_check(&l->r, err) == -1 || recipe_authorized_keys(&l->r,
	    &l->authorized_keys, err) == -1)
		return -1;
	return l->r.sudo ? recipe_sudoers(&l->r, &l->sudoers, err) : 0;
}

static int
print_root(struct report *r, const struct lines *l, struct error *err)
{
	if (report_line(r, err, "# 1. Append this line to "
	    "/root/.ssh/authorized_keys (mode 0600):") == -1 ||
	    report_line(r, err, "%s", l->authorized_keys) == -1 ||
	    report_line(r, err, "# 2. /etc/ssh/sshd_config must let root in "
	    "with such a key (then: sshd -t &&") == -1 ||
	    report_line(r, err, "# systemctl reload ssh).  This lets it in "
	    "with no other; where you log in as root") == -1 ||
	    report_line(r, err, "# with a key of your own, "
	    "prohibit-password is the setting to keep.") == -1 ||
	    report_line(r, err, "PermitRootLogin forced-commands-only") == -1)
		return -1;
	return report_member(r, "sshd_config",
	    "PermitRootLogin forced-commands-only", err);
}

static int
print_sudo(struct report *r, const struct lines *l, struct error *err)
{
	if (report_line(r, err, "# 1. Once, as root: a user with nothing but "
	    "this login:") == -1 ||
	    report_line(r, err, "useradd --system --create-home "
	    "--home-dir /home/" RECIPE_USER " --shell /bin/sh "
	    "--password '*' " RECIPE_USER) == -1 ||
	    report_line(r, err, "install -d -m 0700 -o " RECIPE_USER
	    " -g " RECIPE_USER " /home/" RECIPE_USER "/.ssh") == -1 ||
	    report_line(r, err, "# 2. Append this line to /home/" RECIPE_USER
	    "/.ssh/authorized_keys (mode 0600, owner " RECIPE_USER
	    "):") == -1 ||
	    report_line(r, err, "%s", l->authorized_keys) == -1 ||
	    report_line(r, err, "# 3. Append these lines with 'visudo -f "
	    "/etc/sudoers.d/" RECIPE_USER "':") == -1 ||
	    report_lines(r, l->sudoers, err) == -1)
		return -1;
	return report_member(r, "sudoers", l->sudoers, err);
}

/* What the CA will ask for, and where that comes from. */
static int
print_web(struct report *r, const struct lines *l, struct error *err)
{
	if (l->webroot == NULL)
		return 0;
	if (report_line(r, err, "# %d. For each of the names the web server "
	    "here, port 80, must give out", l->r.sudo ? 4 : 3) == -1 ||
	    report_line(r, err, "# http://NAME/.well-known/acme-challenge/ "
	    "from that directory; nginx does with:") == -1 ||
	    report_line(r, err, "location ^~ /.well-known/acme-challenge/ "
	    "{ root \"%s\"; }", l->webroot) == -1)
		return -1;
	return report_member(r, "webroot", l->webroot, err);
}

/* What to type there next. */
static int
print_next(struct report *r, const struct lines *l, struct error *err)
{
	const char *command = "migrate";
	bool issues = l->allow == SERVE_ISSUE;
	struct buf b;
	int rc = -1;

	if (l->names.n == 0)
		command = l->allow == SERVE_WRITE ? "push" : "pull";
	buf_init(&b, LIMIT_FRAME);
	if (issues)
		buf_addf(&b, "# On %s, with 'issuer: peer' and a peer of "
		    "ssh://%s@THIS-HOST in its config.yml: acmeferry issue",
		    l->r.host, l->r.user);
	else
		buf_addf(&b, "# On %s: acmeferry %s ssh://%s@THIS-HOST",
		    l->r.host, command, l->r.user);
	for (size_t i = 0; i < l->names.n; i++)
		buf_addf(&b, strchr(l->names.v[i], '*') != NULL ? " -d '%s'" :
		    " -d %s", l->names.v[i]);
	if (l->r.server != NULL)
		buf_addf(&b, " --server %s", l->r.server);
	if ((l->allow & SERVE_CHALLENGE) != 0 && l->names.n > 0)
		buf_adds(&b, " --challenge");
	if (buf_check(&b, "authorize", err) == 0)
		rc = report_line(r, err, "%s", buf_str(&b));
	buf_free(&b);
	return rc;
}

int
cmd_authorize(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct report *r = &cli->report;
	struct lines l = { .key = NULL };
	int rc = -1;

	if (make(cli, a, &l, err) == -1 ||
	    report_member(r, "authorized_keys", l.authorized_keys, err) == -1 ||
	    (l.r.sudo ? print_sudo(r, &l, err) :
	    print_root(r, &l, err)) == -1 || print_web(r, &l, err) == -1)
		goto out;
	rc = print_next(r, &l, err);
out:
	lines_free(&l);
	return rc;
}
