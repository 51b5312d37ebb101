/* SPDX-License-Identifier: ISC */
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vis.h"
#include "store/backup.h"
#include "store/store_priv.h"

/* As certbot spells it (Python's abspath): ".", ".." and empty parts are
 * folded without a look at the disk; links below accounts/ hold this text. */
static int
spell(const char *path, char **out, struct error *err)
{
	size_t len, used = 0;
	char *to;

	if (str_dup(out, path, err) == -1)
		return -1;
	to = *out;
	for (const char *p = path; *p != '\0'; p += len) {
		if (*p == '/') {
			len = 1;
			continue;
		}
		len = strcspn(p, "/");
		if (len == 1 && p[0] == '.')
			continue;
		if (len == 2 && p[0] == '.' && p[1] == '.') {
			while (used > 0 && to[--used] != '/')
				;
			continue;
		}
		to[used++] = '/';
		memmove(to + used, p, len);
		used += len;
	}
	if (used == 0)
		to[used++] = '/';
	to[used] = '\0';
	return 0;
}

int
store_open(const struct store_options *opts, struct store **out,
    struct error *err)
{
	struct store *s;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return error_nomem(err);
	s->lock.fd = -1;
	s->lock_timeout = opts->lock_timeout;
	if (spell(opts->config_dir, &s->config_dir, err) == -1 ||
	    str_dup(&s->state_dir, opts->state_dir, err) == -1 ||
	    str_dup(&s->original, opts->original, err) == -1 ||
	    str_printf(&s->accounts, err, "%s/accounts", s->config_dir) ==
	    -1) {
		store_free(s);
		return -1;
	}
	if (journal_pending(s->state_dir))
		log_warn("'%s/journal': a change was interrupted; the next "
		    "command that writes the store finishes it "
		    "('acmeferry check --fix' does)", vis(s->state_dir));
	*out = s;
	return 0;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_unlock(s);
	free(s->config_dir);
	free(s->state_dir);
	free(s->original);
	free(s->accounts);
	free(s);
}

const char *
store_config_dir(const struct store *s)
{
	return s->config_dir;
}

const char *
store_state_dir(const struct store *s)
{
	return s->state_dir;
}

/* Root's files in somebody else's store would shut certbot out of it. */
static int
check_owner(const struct store *s, struct error *err)
{
	struct atomic_attr attr = { 0755, (uid_t)-1, (gid_t)-1 };
	struct stat st;

	if (stat(s->config_dir, &st) == -1) {
		if (errno != ENOENT)
			return error_sys(err, CODE_ERROR, "'%s': cannot be "
			    "examined", vis(s->config_dir));
		return atomic_mkdirs(s->config_dir, &attr, err);
	}
	if (geteuid() == 0 && st.st_uid != 0)
		return error_set(err, CODE_TRUST, "'%s': belongs to uid %u; "
		    "root's files there would shut its certbot out, run as "
		    "UID %u", vis(s->config_dir), st.st_uid, st.st_uid);
	return 0;
}

int
store_lock(struct store *s, struct error *err)
{
	bool replayed = false;
	char *path = NULL;
	int rc = -1;

	if (s->locked)
		return 0;
	if (check_owner(s, err) == -1 ||
	    str_printf(&path, err, "%s/.certbot.lock", s->config_dir) == -1)
		return -1;
	if (lock_acquire(&s->lock, path, s->lock_timeout, err) == -1)
		goto out;
	s->locked = true;
	if (journal_replay(s->state_dir, &replayed, err) == -1 ||
	    place_sweep(s, err) == -1) {
		store_unlock(s);
		goto out;
	}
	if (replayed)
		log_step("'%s/journal': finished an interrupted change",
		    vis(s->state_dir));
	rc = 0;
out:
	free(path);
	return rc;
}

void
store_unlock(struct store *s)
{
	if (!s->locked)
		return;
	if (s->expire)
		backup_expire(s);
	s->expire = s->locked = false;
	lock_release(&s->lock);
}
