/* SPDX-License-Identifier: ISC */
#include "issue/request.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"

enum {
	KEPT = 24 * 3600,	/* seconds */
	FILE_NAME = DIGEST_SHA256_HEX + 8
};

#define SUFFIX ".json"

void
request_file_free(struct request_file *f)
{
	free(f->account);
	free(f->kid);
	free(f->order);
	memset(f, 0, sizeof(*f));
}

static int
path_of(const char *state_dir, const char *id, char **dir,
    char **path, struct error *err)
{
	char hex[DIGEST_SHA256_HEX];

	if (digest_sha256_hex(id, strlen(id), hex, err) == -1 ||
	    str_printf(dir, err, "%s/requests", state_dir) == -1)
		return -1;
	return str_printf(path, err, "%s/%s" SUFFIX, *dir, hex);
}

static int
parse(const struct buf *b, const char *what, struct request_file *out,
    struct error *err)
{
	const char *account = NULL, *kid = NULL, *order = NULL;
	json *j = NULL;
	int rc = -1;

	if (json_parse(buf_str(b), b->len, what, &j, err) == -1)
		return -1;
	if (json_get_str(j, "account", JSON_REQUIRED, what, &account,
	    err) == 0 && json_get_str(j, "kid", JSON_REQUIRED, what, &kid,
	    err) == 0 && json_get_str(j, "order", JSON_REQUIRED, what, &order,
	    err) == 0 && str_dup(&out->account, account, err) == 0 &&
	    str_dup(&out->kid, kid, err) == 0)
		rc = str_dup(&out->order, order, err);
	json_put(j);
	return rc;
}

int
request_load(const char *state_dir, const char *id,
    struct request_file *out, bool *found, struct error *err)
{
	char *dir = NULL, *path = NULL;
	struct error why;
	struct buf b;
	int there = 0, rc = -1;

	*found = false;
	memset(out, 0, sizeof(*out));
	error_clear(&why);
	buf_init(&b, LIMIT_ACCOUNT_FILE);
	if (path_of(state_dir, id, &dir, &path, err) == -1)
		goto out;
	rc = 0;
	if (io_read_file(AT_FDCWD, path, LIMIT_ACCOUNT_FILE, IO_NOFOLLOW |
	    IO_OWNED | IO_NOT_WRITABLE | IO_MISSING_OK, &b, &there,
	    &why) == -1 || (there && parse(&b, path, out, &why) == -1)) {
		log_verbose("%s", why.msg);
		request_file_free(out);
	} else
		*found = there != 0;
out:
	buf_free(&b);
	free(dir);
	free(path);
	return rc;
}

/* What is a day old is nobody's any more. */
static void
sweep(const char *dir)
{
	struct error ignored;
	struct dirent *e;
	struct stat st;
	DIR *d;

	if ((d = opendir(dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (!str_ends(e->d_name, SUFFIX) || fstatat(dirfd(d),
		    e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    st.st_mtime > clock_now() - KEPT)
			continue;
		error_clear(&ignored);
		if (atomic_unlink(dirfd(d), e->d_name, &ignored) == -1)
			log_verbose("%s", ignored.msg);
	}
	error_clear(&ignored);
	if (atomic_sweep(dirfd(d), &ignored) == -1)
		log_verbose("%s", ignored.msg);
	(void)closedir(d);
}

int
request_save(const char *state_dir, const char *id,
    const char *account, const char *kid, const char *order,
    struct error *err)
{
	static const struct atomic_attr dirs = { 0700, (uid_t)-1, (gid_t)-1 };
	static const struct atomic_attr files = { 0600, (uid_t)-1,
		(gid_t)-1 };
	char *dir = NULL, *path = NULL;
	struct json_w w;
	struct buf b;
	int rc = -1;

	buf_init(&b, LIMIT_ACCOUNT_FILE);
	json_w_init(&w, &b, false);
	json_w_obj(&w, NULL);
	json_w_str(&w, "account", account);
	json_w_str(&w, "kid", kid);
	json_w_str(&w, "order", order);
	json_w_obj_end(&w);
	if (buf_check(&b, "request", err) == -1 ||
	    path_of(state_dir, id, &dir, &path, err) == -1 ||
	    atomic_mkdirs(dir, &dirs, err) == -1)
		goto out;
	sweep(dir);
	rc = atomic_write(AT_FDCWD, path, buf_str(&b), b.len, &files,
	    ATOMIC_REPLACE, err);
out:
	buf_free(&b);
	free(dir);
	free(path);
	return rc;
}
