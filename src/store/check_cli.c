/* SPDX-License-Identifier: ISC */
#include "store/check_priv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "store/server.h"

/*
 * cli.ini: certbot reads /etc/letsencrypt/cli.ini and the user's own with every
 * command; "account" and "server" there override what lineages say.
 */
#define SYSTEM_INI	"/etc/letsencrypt/cli.ini"

/* "key = value", "key: value", "--key value"; the last one counts.  *value is
 * to be freed, NULL: not there. */
static int
ini_get(const char *text, const char *key, char **value, struct error *err)
{
	size_t len = strlen(key), n;
	const char *p, *next;

	*value = NULL;
	for (p = text; *p != '\0'; p = next) {
		n = strcspn(p, "\n");
		next = p + n + (p[n] == '\n');
		while (n > 0 && isblank((unsigned char)*p))
			p++, n--;
		if (n > 2 && memcmp(p, "--", 2) == 0)
			p += 2, n -= 2;
		if (n <= len || memcmp(p, key, len) != 0 ||
		    strchr("=: \t", p[len]) == NULL)
			continue;
		p += len;
		n -= len;
		while (n > 0 && strchr("=: \t", *p) != NULL)
			p++, n--;
		for (size_t i = 1; i < n; i++)
			if ((p[i] == '#' || p[i] == ';') &&
			    isblank((unsigned char)p[i - 1]))
				n = i;
		while (n > 0 && isspace((unsigned char)p[n - 1]))
			n--;
		if (n >= 2 && (*p == '"' || *p == '\'') && p[n - 1] == *p)
			p++, n -= 2;
		free(*value);
		if ((*value = strndup(p, n)) == NULL)
			return error_nomem(err);
	}
	return 0;
}

static int
check_account(struct checker *c, const char *path, const char *value,
    struct error *err)
{
	struct found f = { "cli-account", path, FIX_NONE, NULL, 0 };
	const struct lineage *hit = NULL;

	for (size_t i = 0; i < c->lineages.n && hit == NULL; i++)
		if (c->lineages.v[i]->account != NULL &&
		    strcmp(c->lineages.v[i]->account, value) != 0)
			hit = c->lineages.v[i];
	if (hit != NULL)
		return found(c, &f, err, "'account = %s' overrides the "
		    "account of the lineage '%s' (%s); remove it", vis(value),
		    vis(hit->name), vis(hit->account));
	if (found(c, &f, err, "'account = %s' would override the account of "
	    "every lineage that has another one; remove it", vis(value)) == -1)
		return -1;
	c->out->v[c->out->n - 1].severity = SEVERITY_WARNING;
	return 0;
}

static int
check_server(struct checker *c, const char *path, const char *value,
    struct error *err)
{
	struct found f = { "cli-server", path, FIX_NONE, NULL, 0 };
	const struct lineage *hit = NULL;
	size_t n;

	for (size_t i = 0; i < c->lineages.n && hit == NULL; i++)
		if (c->lineages.v[i]->server != NULL &&
		    !server_same(c->lineages.v[i]->server, value))
			hit = c->lineages.v[i];
	if (hit != NULL)
		return found(c, &f, err, "'server = %s' overrides the server "
		    "of the lineage '%s' and makes certbot ignore its "
		    "account; remove it", vis(value), vis(hit->name));
	if ((n = check_loadable(c, value)) > 1)
		return found(c, &f, err, "'server = %s' makes certbot ignore "
		    "the lineages' account, and there are %zu: renewals fail "
		    "with \"Please choose an account\"; remove it", vis(value),
		    n);
	if (found(c, &f, err, "'server = %s' makes certbot ignore the account "
	    "of every lineage; remove it", vis(value)) == -1)
		return -1;
	c->out->v[c->out->n - 1].severity = SEVERITY_WARNING;
	return 0;
}

static int
check_ini(struct checker *c, const char *path, struct error *err)
{
	char *account = NULL, *server = NULL;
	struct error why;
	struct buf b;
	int found_it, rc = -1;

	error_clear(&why);
	buf_init(&b, LIMIT_CONF_FILE + 1);
	if (io_read_file(AT_FDCWD, path, LIMIT_CONF_FILE, IO_MISSING_OK, &b,
	    &found_it, &why) == -1 || found_it == 0) {
		rc = why.sys == ENOMEM ? error_nomem(err) : 0;
		goto out;
	}
	if (ini_get(buf_str(&b), "account", &account, err) == -1 ||
	    ini_get(buf_str(&b), "server", &server, err) == -1)
		goto out;
	if (account != NULL && account[0] != '\0' &&
	    check_account(c, path, account, err) == -1)
		goto out;
	if (server != NULL && server[0] != '\0' &&
	    check_server(c, path, server, err) == -1)
		goto out;
	rc = 0;
out:
	free(account);
	free(server);
	buf_free(&b);
	return rc;
}

int
check_cli(struct checker *c, struct error *err)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int rc;

	if (str_printf(&path, err, "%s/cli.ini", c->s->config_dir) == -1)
		return -1;
	rc = check_ini(c, path, err);
	if (rc == 0 && strcmp(path, SYSTEM_INI) != 0)
		rc = check_ini(c, SYSTEM_INI, err);
	free(path);
	if (rc == -1)
		return -1;
	if (xdg != NULL && xdg[0] == '/')
		rc = str_printf(&path, err, "%s/letsencrypt/cli.ini", xdg);
	else if (home != NULL && home[0] == '/')
		rc = str_printf(&path, err, "%s/.config/letsencrypt/cli.ini",
		    home);
	else
		return 0;
	if (rc == -1)
		return -1;
	rc = check_ini(c, path, err);
	free(path);
	return rc;
}
