/* SPDX-License-Identifier: ISC */
#include "issue/lineage_conf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/journal.h"
#include "base/limits.h"
#include "base/strs.h"
#include "issue/certbot_argv.h"
#include "store/backup.h"
#include "store/server.h"

#define SECTION	"renewalparams"

static int
read_conf(const struct lineage *l, struct buf *b, struct error *err)
{
	buf_init(b, LIMIT_CONF_FILE);
	return io_read_file(AT_FDCWD, l->conf, LIMIT_CONF_FILE, 0, b, NULL,
	    err);
}

int
lineage_param(const struct lineage *l, const char *key, char **out,
    struct error *err)
{
	struct buf b;
	int rc;

	*out = NULL;
	rc = read_conf(l, &b, err);
	if (rc == 0)
		rc = conf_get(buf_str(&b), b.len, SECTION, key, out, err);
	buf_free(&b);
	return rc;
}

bool
lineage_is_ours(const struct lineage *l)
{
	struct error ignored;
	char *address = NULL;
	bool ours;

	ours = lineage_param(l, "http01_address", &address, &ignored) == 0 &&
	    address != NULL && strcmp(address, CERTBOT_GUARD) == 0;
	free(address);
	return ours;
}

/* certbot calls it renew_hook, since 5.x deploy_hook. */
bool
lineage_has_hook(const struct lineage *l)
{
	static const char *const keys[] = { "renew_hook", "deploy_hook" };
	struct error ignored;
	char *hook;
	bool has = false;

	for (size_t i = 0; i < 2 && !has; i++) {
		hook = NULL;
		has = lineage_param(l, keys[i], &hook, &ignored) == 0 &&
		    hook != NULL && strstr(hook, "acmeferry") != NULL &&
		    str_ends(hook, " hook deploy");
		free(hook);
	}
	return has;
}

static int
point(struct store *s, const struct lineage *l, const char *server,
    const char *account, struct error *err)
{
	struct buf old, with_account, with_both;
	struct journal *j = NULL;
	const struct buf *text = &with_account;
	int rc = -1;

	buf_init(&with_account, LIMIT_CONF_FILE);
	buf_init(&with_both, LIMIT_CONF_FILE);
	if (read_conf(l, &old, err) == -1 ||
	    conf_set(buf_str(&old), old.len, SECTION, "account", account,
	    &with_account, err) == -1)
		goto out;
	/* v01 and v02 of one CA may stay as certbot wrote them */
	if (!server_same(l->server, server)) {
		if (conf_set(buf_str(&with_account), with_account.len,
		    SECTION, "server", server, &with_both, err) == -1)
			goto out;
		text = &with_both;
	}
	if (journal_new(store_state_dir(s), &j, err) == -1 ||
	    journal_write(j, l->conf, buf_str(text), err) == -1)
		goto out;
	rc = journal_commit(j, err);
out:
	journal_free(j);
	buf_free(&old);
	buf_free(&with_account);
	buf_free(&with_both);
	return rc;
}

/* Of a lineage whose names change, the versions too: certbot goes on to the
 * newest one in the archive, whatever live/ says. */
static int
back_up_versions(struct store *s, const struct lineage *l, const char *id,
    struct error *err)
{
	const char *slash = strrchr(l->cert, '/');
	char *live = NULL, *archive = NULL;
	struct buf b;
	int rc = -1;

	if (read_conf(l, &b, err) == -1 || conf_get(buf_str(&b), b.len, "",
	    "archive_dir", &archive, err) == -1)
		goto out;
	if (archive == NULL && str_printf(&archive, err, "%s/archive/%s",
	    store_config_dir(s), l->name) == -1)
		goto out;
	if (slash == NULL || str_printf(&live, err, "%.*s",
	    (int)(slash - l->cert), l->cert) == -1)
		goto out;
	if (backup_add(s, id, live, err) == -1)
		goto out;
	rc = backup_add(s, id, archive, err);
out:
	free(live);
	free(archive);
	buf_free(&b);
	return rc;
}

static int
back_up(struct store *s, const struct lineage *l, bool versions,
    char **backup, struct error *err)
{
	char id[64];

	if (backup_begin(s, "lineage adopted", l->server, l->account, id,
	    sizeof(id), err) == -1 || backup_add(s, id, l->conf, err) == -1 ||
	    (versions && back_up_versions(s, l, id, err) == -1))
		return -1;
	return str_dup(backup, id, err);
}

int
lineage_adopt(struct store *s, const struct lineage *l, const char *server,
    const char *account, char **backup, struct error *err)
{
	int rc;

	*backup = NULL;
	if (store_lock(s, err) == -1)
		return -1;
	rc = back_up(s, l, account == NULL, backup, err);
	if (rc == 0 && account != NULL)
		rc = point(s, l, server, account, err);
	store_unlock(s);
	return rc;
}
