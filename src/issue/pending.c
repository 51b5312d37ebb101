/* SPDX-License-Identifier: ISC */
#include "issue/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "issue/deploy.h"

#define FOLDER	"pending"
#define ORDER	"order.json"
#define KEY	"privkey.pem"

enum { VERSION = 1 };

static const struct atomic_attr dir_attr = { 0700, (uid_t)-1, (gid_t)-1 };
static const struct atomic_attr file_attr = { 0600, (uid_t)-1, (gid_t)-1 };

void
pending_free(struct pending *p)
{
	free(p->server);
	free(p->account);
	free(p->kid);
	free(p->profile);
	free(p->order);
	strs_free(&p->names);
	secret_free(&p->key);
	memset(p, 0, sizeof(*p));
}

int
pending_path(const char *state_dir, const char *name, char **out,
    struct error *err)
{
	*out = NULL;
	if (!lineage_name_valid(name))
		return error_set(err, CODE_USAGE, "'%s': cannot be the name "
		    "of a certificate", vis(name));
	return str_printf(out, err, "%s/" FOLDER "/%s", state_dir, name);
}

bool
pending_exists(const char *state_dir, const char *name)
{
	char path[4096];

	return lineage_name_valid(name) && snprintf(path, sizeof(path),
	    "%s/" FOLDER "/%s", state_dir, name) < (int)sizeof(path) &&
	    access(path, F_OK) == 0;
}

static int
read_strings(struct pending *p, const json *j, const char *what,
    struct error *err)
{
	const struct {
		const char *name;
		char **out;
	} members[] = {
		{ "server", &p->server }, { "account", &p->account },
		{ "kid", &p->kid }, { "profile", &p->profile },
		{ "order", &p->order },
	};
	const char *s;
	json *names;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (json_get_str(j, members[i].name, JSON_REQUIRED, what, &s,
		    err) == -1 || str_dup(members[i].out, s, err) == -1)
			return -1;
	if (json_get_arr(j, "names", JSON_REQUIRED, what, &names, err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(names); i++)
		if ((s = json_str_at(names, i)) == NULL ||
		    strs_add(&p->names, s, err) == -1)
			return s == NULL ? error_set(err, CODE_STORE, "'%s': "
			    "found a name that is no text", vis(what)) : -1;
	return json_get_int(j, "since", JSON_REQUIRED, what, &p->since, err);
}

static int
read_order(struct pending *p, const char *text, size_t len, const char *what,
    struct error *err)
{
	json *j = NULL;
	int64_t version;
	int rc = -1;

	if (json_parse(text, len, what, &j, err) == -1 ||
	    json_get_int(j, "version", JSON_REQUIRED, what, &version, err) ==
	    -1)
		goto out;
	if (version != VERSION)
		error_set(err, CODE_STORE, "'%s': found version %lld, want %d",
		    vis(what), (long long)version, VERSION);
	else
		rc = read_strings(p, j, what, err);
out:
	json_put(j);
	return rc;
}

static int
read_both(int fd, const char *path, struct pending *p, int *found,
    struct error *err)
{
	struct buf text, key;
	const unsigned int flags = IO_NOFOLLOW | IO_OWNED | IO_PRIVATE;
	int rc = -1;

	buf_init(&text, LIMIT_STATE_FILE);
	buf_init_sensitive(&key, LIMIT_PEM_FILE);
	if (io_read_file(fd, ORDER, LIMIT_STATE_FILE, flags | IO_MISSING_OK,
	    &text, found, err) == -1)
		goto out;
	if (*found == 0) {
		rc = 0;
		goto out;
	}
	if (io_read_file(fd, KEY, LIMIT_PEM_FILE, flags, &key, NULL, err) ==
	    -1 || read_order(p, buf_str(&text), text.len, path, err) == -1)
		goto out;
	rc = secret_dup(&p->key, buf_str(&key), key.len, err);
out:
	buf_free(&text);
	buf_free(&key);
	return rc;
}

int
pending_load(const char *state_dir, const char *name, struct pending *out,
    bool *found, struct error *err)
{
	struct error why;
	char *path = NULL;
	int fd = -1, there = 0, rc = -1;

	memset(out, 0, sizeof(*out));
	*found = false;
	if (!pending_exists(state_dir, name))
		return 0;
	error_clear(&why);
	if (pending_path(state_dir, name, &path, err) == -1)
		return -1;
	if (atomic_open_dir(AT_FDCWD, path, true, &fd, &why) == 0 &&
	    read_both(fd, path, out, &there, &why) == 0)
		*found = there != 0;
	else if (why.sys == 0 || why.sys == ENOENT) {
		log_warn("an interrupted issuance is given up: %s", why.msg);
		pending_free(out);
	} else {
		*err = why;
		pending_free(out);
		goto out;
	}
	rc = 0;
out:
	if (fd != -1)
		(void)close(fd);
	free(path);
	return rc;
}

static int
write_order(int fd, const struct pending *p, struct error *err)
{
	struct json_w w;
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_STATE_FILE);
	json_w_init(&w, &b, false);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", VERSION);
	json_w_str(&w, "server", p->server);
	json_w_str(&w, "account", p->account);
	json_w_str(&w, "kid", p->kid);
	json_w_str(&w, "profile", p->profile);
	json_w_str(&w, "order", p->order);
	json_w_int(&w, "since", p->since);
	json_w_arr(&w, "names");
	for (size_t i = 0; i < p->names.n; i++)
		json_w_str(&w, NULL, p->names.v[i]);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	buf_addc(&b, '\n');
	rc = buf_check(&b, ORDER, err);
	if (rc == 0)
		rc = atomic_write(fd, ORDER, b.data, b.len, &file_attr,
		    ATOMIC_REPLACE, err);
	buf_free(&b);
	return rc;
}

int
pending_save(const char *state_dir, const char *name,
    const struct pending *p, bool key_too, struct error *err)
{
	char *path = NULL;
	int fd = -1, rc = -1;

	if (pending_path(state_dir, name, &path, err) == -1 ||
	    atomic_mkdirs(path, &dir_attr, err) == -1 ||
	    atomic_open_dir(AT_FDCWD, path, true, &fd, err) == -1 ||
	    atomic_sweep(fd, err) == -1)
		goto out;
	if (key_too && atomic_write(fd, KEY, p->key.data, p->key.len,
	    &file_attr, ATOMIC_REPLACE, err) == -1)
		goto out;
	rc = write_order(fd, p, err);
out:
	if (fd != -1)
		(void)close(fd);
	free(path);
	return rc;
}

int
pending_drop(const char *state_dir, const char *name, struct error *err)
{
	char *path = NULL;
	int rc;

	if (pending_path(state_dir, name, &path, err) == -1)
		return -1;
	rc = atomic_remove_tree(AT_FDCWD, path, err);
	free(path);
	return rc;
}
