/* SPDX-License-Identifier: ISC */
#include "base/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"

int
state_file_load(const char *dir, const char *name, state_parse_fn *parse,
    void *out, int64_t now, struct error *err)
{
	struct error why;
	char *path = NULL;
	struct buf b;
	int found = 0, rc = 0;

	error_clear(&why);
	if (str_printf(&path, err, "%s/%s", dir, name) == -1)
		return -1;
	buf_init(&b, LIMIT_STATE_FILE);
	if (io_read_file(AT_FDCWD, path, LIMIT_STATE_FILE, IO_MISSING_OK |
	    IO_NOFOLLOW | IO_OWNED | IO_NOT_WRITABLE, &b, &found, &why) ==
	    -1 || (found && parse(out, buf_str(&b), b.len, now, &why) == -1)) {
		if (why.sys == ENOMEM)
			rc = error_nomem(err);
		else
			log_warn("%s; starting anew", why.msg);
	}
	buf_free(&b);
	free(path);
	return rc;
}

int
state_file_save(const char *dir, const char *name, const struct buf *b,
    struct error *err)
{
	const struct atomic_attr ours = { 0700, (uid_t)-1, (gid_t)-1 };
	const struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	int fd = -1, rc = -1;

	if (atomic_mkdirs(dir, &ours, err) == 0 &&
	    atomic_open_dir(AT_FDCWD, dir, false, &fd, err) == 0 &&
	    atomic_sweep(fd, err) == 0)
		rc = atomic_write(fd, name, b->data, b->len, &attr,
		    ATOMIC_REPLACE, err);
	if (fd != -1)
		(void)close(fd);
	return rc;
}

void
state_put_int(struct json_w *w, const char *name, int64_t n)
{
	if (n != 0)
		json_w_int(w, name, n);
}

void
state_put_str(struct json_w *w, const char *name, const char *s)
{
	if (s != NULL && *s != '\0')
		json_w_str(w, name, s);
}

int64_t
state_int(const json *j, const char *name)
{
	struct error ignored;
	int64_t n;

	if (json_get_int(j, name, JSON_OPTIONAL, "", &n, &ignored) == -1 ||
	    n < 0)
		return 0;
	return n;
}

const char *
state_str(const json *j, const char *name, size_t max)
{
	const char *s = json_str(json_get(j, name));

	return s == NULL || strlen(s) > max ? NULL : s;
}

bool
state_bool(const json *j, const char *name)
{
	struct error ignored;
	bool v;

	return json_get_bool(j, name, JSON_OPTIONAL, "", &v, &ignored) == 0 &&
	    v;
}

int64_t
state_past(const json *j, const char *name, int64_t now)
{
	int64_t t = state_int(j, name);

	return t > now ? now : t;
}
