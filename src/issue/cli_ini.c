/* SPDX-License-Identifier: ISC */
#include "issue/cli_ini.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"
#include "store/lineage.h"
#include "store/server.h"

static int
check_text(const char *path, const struct buf *b, const char *server,
    const char *account, struct error *err)
{
	char *has_account = NULL, *has_server = NULL;
	int rc = -1;

	if (conf_get(buf_str(b), b->len, "", "account", &has_account, err)
	    == -1 || conf_get(buf_str(b), b->len, "", "server", &has_server,
	    err) == -1)
		goto out;
	if (has_account != NULL && strcmp(has_account, account) != 0)
		error_set(err, CODE_STORE, "'%s': 'account = %s' there goes "
		    "before the account of every lineage; remove it",
		    vis(path), vis(has_account));
	else if (has_server != NULL && !server_same(has_server, server))
		error_set(err, CODE_STORE, "'%s': 'server = %s' there goes "
		    "before the server of every lineage; remove it",
		    vis(path), vis(has_server));
	else
		rc = 0;
out:
	free(has_account);
	free(has_server);
	return rc;
}

static int
check_file(const char *path, const char *server, const char *account,
    struct error *err)
{
	struct buf b;
	int found = 0, rc;

	buf_init(&b, LIMIT_CONF_FILE);
	rc = io_read_file(AT_FDCWD, path, LIMIT_CONF_FILE, IO_MISSING_OK, &b,
	    &found, err);
	if (rc == 0 && found)
		rc = check_text(path, &b, server, account, err);
	buf_free(&b);
	return rc;
}

int
cli_ini_check(const char *server, const char *account, struct error *err)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int rc;

	if (check_file("/etc/letsencrypt/cli.ini", server, account, err) ==
	    -1)
		return -1;
	if (xdg != NULL && xdg[0] == '/')
		rc = str_printf(&path, err, "%s/letsencrypt/cli.ini", xdg);
	else if (home != NULL && home[0] == '/')
		rc = str_printf(&path, err, "%s/.config/letsencrypt/cli.ini",
		    home);
	else
		return 0;
	if (rc == 0)
		rc = check_file(path, server, account, err);
	free(path);
	return rc;
}
