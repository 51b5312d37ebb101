/* SPDX-License-Identifier: ISC */
#include "store/store_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A temporary name of ours in a directory; one that cannot be read has none
 * that we could remove. */
static bool
has_litter(int at, const char *path)
{
	const struct dirent *e;
	bool found = false;
	DIR *d;
	int fd;

	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return false;
	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return false;
	}
	while (!found && (e = readdir(d)) != NULL)
		found = str_starts(e->d_name, ATOMIC_PREFIX);
	(void)closedir(d);
	return found;
}

/* The server's folder and the accounts in it. */
static bool
server_litter(struct store *s, const struct server_dir *d)
{
	struct error ignored;
	bool found = false;
	char *full = NULL;
	int fd;

	for (size_t i = 0; i < d->strays.n; i++)
		if (str_starts(d->strays.v[i], ATOMIC_PREFIX))
			return d->direct;
	error_clear(&ignored);
	if (d->ids.n == 0 ||
	    layout_path(s, d->path, NULL, &full, &ignored) == -1)
		return false;
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; fd != -1 && !found && i < d->ids.n; i++)
		found = has_litter(fd, d->ids.v[i]);
	if (fd != -1)
		(void)close(fd);
	free(full);
	return found;
}

static bool
below_litter(const char *dir, const char *name)
{
	struct error ignored;
	char *path = NULL;
	bool found;

	error_clear(&ignored);
	if (str_printf(&path, &ignored, "%s/%s", dir, name) == -1)
		return false;
	found = has_litter(AT_FDCWD, path);
	free(path);
	return found;
}

bool
store_unfinished(struct store *s)
{
	struct server_dirs l;
	struct error ignored;
	bool found;

	error_clear(&ignored);
	if (journal_pending(s->state_dir) ||
	    has_litter(AT_FDCWD, s->config_dir) ||
	    below_litter(s->config_dir, "renewal") ||
	    below_litter(s->state_dir, "backups") ||
	    below_litter(s->config_dir, "accounts"))
		return true;
	if (layout_scan(s, &l, &ignored) == -1)
		return false;
	found = false;
	for (size_t i = 0; !found && i < l.n; i++)
		found = server_litter(s, &l.v[i]);
	layout_free(&l);
	return found;
}
