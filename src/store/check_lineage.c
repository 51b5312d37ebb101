/* SPDX-License-Identifier: ISC */
#include "store/check_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vis.h"
#include "store/server.h"

/* Lineages: their account, their files, who renews them. */

static int
check_account(struct checker *c, const struct lineage *l, struct error *err)
{
	struct found missing = { "lineage-account", l->conf, FIX_NONE, NULL,
		0 };
	struct found none = { "lineage-no-account", l->conf, FIX_NONE, NULL,
		0 };
	struct account *a = NULL;
	size_t n;
	int rc = 0;

	if (l->server == NULL)
		return 0;
	if (l->account == NULL) {
		if ((n = check_loadable(c, l->server)) > 1)
			rc = found(c, &none, err, "names no account, and '%s' "
			    "has %zu", vis(l->server), n);
		return rc;
	}
	if (store_account(c->s, l->server, l->account, 0, &a, err) == -1)
		return -1;
	if (a == NULL)
		rc = found(c, &missing, err, "its account '%s' for '%s' is "
		    "not in the store", vis(l->account), vis(l->server));
	else if (a->broken)
		rc = found(c, &missing, err, "its account '%s' is broken: %s",
		    vis(l->account), a->problem);
	account_free(a);
	return rc;
}

/* certbot wants links to archive/ here. */
static int
check_file(struct checker *c, const struct lineage *l, const char *path,
    struct error *err)
{
	struct found files = { "lineage-files", l->conf, FIX_NONE, NULL, 0 };
	struct found dangling = { "live-dangling", path, FIX_NONE, NULL, 0 };
	struct found plain = { "live-no-link", path, FIX_NONE, NULL, 0 };
	struct stat st;

	if (path == NULL)
		return 0;
	if (lstat(path, &st) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			return 0;
		return found(c, &files, err, "names '%s', which is not there",
		    vis(path));
	}
	if (!S_ISLNK(st.st_mode))
		return found(c, &plain, err, "is no link into archive/; "
		    "certbot refuses the lineage '%s'", vis(l->name));
	if (stat(path, &st) == -1 && (errno == ENOENT || errno == ENOTDIR ||
	    errno == ELOOP))
		return found(c, &dangling, err, "is a link that leads "
		    "nowhere");
	return 0;
}

/* The file and every directory up to the store lets others through. */
static bool
open_to_all(const struct checker *c, const char *real)
{
	char *dir, *base, *slash;
	bool yes = true;
	struct stat st;

	if (stat(real, &st) == -1 || (st.st_mode & S_IROTH) == 0)
		return false;
	base = realpath(c->s->config_dir, NULL);
	dir = strdup(real);
	while (dir != NULL && base != NULL && yes &&
	    (slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = '\0';
		if (stat(dir, &st) == 0 && (st.st_mode & S_IXOTH) == 0)
			yes = false;
		if (strcmp(dir, base) == 0)
			break;
	}
	yes = yes && dir != NULL && base != NULL;
	free(dir);
	free(base);
	return yes;
}

static int
check_privkey(struct checker *c, const struct lineage *l, struct error *err)
{
	struct found f = { "privkey-mode", NULL, FIX_NONE, NULL, 0 };
	char *real;
	int rc = 0;

	if (l->privkey == NULL || (real = realpath(l->privkey, NULL)) == NULL)
		return 0;
	f.path = real;
	if (open_to_all(c, real))
		rc = found(c, &f, err, "every user can read this private key "
		    "(lineage '%s')", vis(l->name));
	free(real);
	return rc;
}

/* Somebody must renew what certbot leaves alone. */
static int
check_attended(struct checker *c, const struct lineage *l, struct error *err)
{
	static const char *const timers[] = { "/etc/cron.d/acmeferry",
		"/etc/systemd/system/acmeferry.timer",
		"/usr/lib/systemd/system/acmeferry.timer",
		"/lib/systemd/system/acmeferry.timer" };
	struct found f = { "renewal-unattended", l->conf, FIX_NONE, NULL, 0 };

	if (l->autorenew || l->renew_hook == NULL ||
	    strstr(l->renew_hook, "acmeferry") == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		if (access(timers[i], F_OK) == 0)
			return 0;
	return found(c, &f, err, "certbot does not renew it (autorenew = "
	    "False), and there is no /etc/cron.d/acmeferry and no timer");
}

static int
check_one(struct checker *c, const struct lineage *l, struct error *err)
{
	struct found conf = { "lineage-conf", l->conf, FIX_NONE, NULL, 0 };

	if (l->problem[0] != '\0' || l->server == NULL) {
		if (found(c, &conf, err, "%s", l->problem[0] != '\0' ?
		    l->problem : "names no server") == -1)
			return -1;
	}
	if (check_account(c, l, err) == -1 ||
	    check_file(c, l, l->cert, err) == -1 ||
	    check_file(c, l, l->privkey, err) == -1 ||
	    check_file(c, l, l->chain, err) == -1 ||
	    check_file(c, l, l->fullchain, err) == -1 ||
	    check_privkey(c, l, err) == -1)
		return -1;
	return check_attended(c, l, err);
}

/* One of the accounts or servers that were asked for is its own. */
static int
is_wanted(const struct checker *c, const struct lineage *l, bool *yes,
    struct error *err)
{
	char *path = NULL, *full = NULL;
	int rc = -1;

	*yes = c->only == NULL || l->server == NULL;
	if (*yes)
		return 0;
	if (server_path(l->server, &path, err) == -1 || str_printf(&full, err,
	    "%s/%s", path, l->account != NULL ? l->account : "") == -1)
		goto out;
	*yes = strs_has(c->only, path) || strs_has(c->only, full);
	rc = 0;
out:
	free(path);
	free(full);
	return rc;
}

int
check_lineages(struct checker *c, struct error *err)
{
	bool yes;

	for (size_t i = 0; i < c->lineages.n; i++)
		if (is_wanted(c, c->lineages.v[i], &yes, err) == -1 ||
		    (yes && check_one(c, c->lineages.v[i], err) == -1))
			return -1;
	return 0;
}
