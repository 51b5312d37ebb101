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
#include "base/vis.h"
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

/* certbot calls it renew_hook, since 5.x deploy_hook. */
static const struct {
	const char *key, *end;
	enum lineage_hook hook;
} hook_keys[] = {
	{ "renew_hook", " hook deploy", LINEAGE_HOOK_DEPLOY },
	{ "deploy_hook", " hook deploy", LINEAGE_HOOK_DEPLOY },
	{ "manual_auth_hook", " hook auth", LINEAGE_HOOK_AUTH },
	{ "manual_cleanup_hook", " hook cleanup", LINEAGE_HOOK_AUTH }
};
enum { HOOK_KEYS = sizeof(hook_keys) / sizeof(hook_keys[0]) };

static int
hook_is_ours(const struct lineage *l, size_t i, bool *ours,
    struct error *err)
{
	char *hook = NULL;

	*ours = false;
	if (lineage_param(l, hook_keys[i].key, &hook, err) == -1)
		return -1;
	*ours = hook != NULL && strstr(hook, "acmeferry") != NULL &&
	    str_ends(hook, hook_keys[i].end);
	free(hook);
	return 0;
}

int
lineage_hooks(const struct lineage *l, unsigned int *hooks,
    struct error *err)
{
	bool ours;

	*hooks = 0;
	for (size_t i = 0; i < HOOK_KEYS; i++) {
		if (hook_is_ours(l, i, &ours, err) == -1)
			return -1;
		if (ours)
			*hooks |= hook_keys[i].hook;
	}
	return 0;
}

bool
lineage_has_hook(const struct lineage *l)
{
	struct error ignored;
	unsigned int hooks;

	return lineage_hooks(l, &hooks, &ignored) == 0 &&
	    (hooks & LINEAGE_HOOK_DEPLOY) != 0;
}

static int
has_guard(const struct lineage *l, bool *guard, struct error *err)
{
	char *address = NULL;

	if (lineage_param(l, "http01_address", &address, err) == -1)
		return -1;
	*guard = address != NULL && strcmp(address, CERTBOT_GUARD) == 0;
	free(address);
	return 0;
}

int
lineage_auth(const struct lineage *l, enum lineage_auth *auth,
    struct error *err)
{
	unsigned int hooks = 0;
	bool guard = false;

	*auth = LINEAGE_AUTH_OTHER;
	if (l->authenticator == NULL)
		return 0;
	if (strcmp(l->authenticator, "standalone") == 0 &&
	    has_guard(l, &guard, err) == -1)
		return -1;
	if (strcmp(l->authenticator, "manual") == 0 &&
	    lineage_hooks(l, &hooks, err) == -1)
		return -1;
	if (guard)
		*auth = LINEAGE_AUTH_GUARD;
	else if ((hooks & LINEAGE_HOOK_AUTH) != 0)
		*auth = LINEAGE_AUTH_HOOK;
	return 0;
}

int
lineage_is_ours(const struct lineage *l, bool *ours, struct error *err)
{
	enum lineage_auth auth;

	if (lineage_auth(l, &auth, err) == -1)
		return -1;
	*ours = auth != LINEAGE_AUTH_OTHER;
	return 0;
}

/* One key less. */
static int
drop(struct buf *text, const char *key, struct error *err)
{
	struct buf out;
	int rc;

	buf_init(&out, LIMIT_CONF_FILE);
	rc = conf_unset(buf_str(text), text->len, SECTION, key, &out, err);
	if (rc == 0) {
		buf_reset(text);
		buf_add(text, buf_str(&out), out.len);
		rc = buf_check(text, key, err);
	}
	buf_free(&out);
	return rc;
}

int
lineage_released(const struct lineage *l, unsigned int hooks,
    struct buf *out, struct error *err)
{
	struct buf old;
	bool ours;
	int rc;

	rc = read_conf(l, &old, err);
	if (rc == 0 && memchr(buf_str(&old), '\0', old.len) != NULL)
		rc = error_set(err, CODE_STORE, "'%s': found a NUL byte in it",
		    vis(l->conf));
	for (size_t i = 0; rc == 0 && i < HOOK_KEYS; i++) {
		if ((hooks & hook_keys[i].hook) == 0)
			continue;
		rc = hook_is_ours(l, i, &ours, err);
		if (rc == 0 && ours)
			rc = drop(&old, hook_keys[i].key, err);
	}
	if (rc == 0)
		rc = drop(&old, "autorenew", err);
	if (rc == 0) {
		buf_add(out, buf_str(&old), old.len);
		rc = buf_check(out, l->conf, err);
	}
	buf_free(&old);
	return rc;
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
