/* SPDX-License-Identifier: ISC */
/* state_dir/acme.json: read, merge, write. */
#include "acme/memory_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/state_file.h"

static const char FILE_NAME[] = "acme.json";
static const char LOCK_NAME[] = ".acme.lock";

enum { LOCK_WAIT = 5000 };	/* ms */

/* The new file. */
struct writing {
	int fd;
	const char *what;
	struct buf text;
	size_t written;
};

/* ---- reading ------------------------------------------------------------ */

const char *
memory_str(const json *j, const char *name)
{
	const char *s = json_str(json_get(j, name));

	return s == NULL ? "" : s;
}

/* Each elem returns -1 for want of memory only. */
static int
load_list(struct memory *m, const json *j, const char *name,
    int (*elem)(struct memory *, const json *, struct error *),
    struct error *err)
{
	struct error ignored;
	json *arr = NULL;

	if (json_get_arr(j, name, JSON_OPTIONAL, "", &arr, &ignored) == -1)
		return 0;
	for (size_t i = 0; i < json_len(arr); i++)
		if (json_is_obj(json_at(arr, i)) &&
		    elem(m, json_at(arr, i), err) == -1)
			return -1;
	return 0;
}

static int
load_account(struct memory *m, const json *j, struct error *err)
{
	if (*memory_str(j, "uri") == '\0')
		return 0;
	return memory_set_account(m, memory_str(j, "uri"),
	    memory_str(j, "thumbprint"), state_int(j, "seen"), err);
}

static int
load_lifetime(struct memory *m, const json *j, struct error *err)
{
	if (*memory_str(j, "server") == '\0')
		return 0;
	return memory_set_lifetime(m, memory_str(j, "server"),
	    memory_str(j, "profile"), state_int(j, "seconds"), err);
}

static int
load_mark(struct memory *m, const json *j, struct error *err)
{
	if (*memory_str(j, "key") == '\0')
		return 0;
	return memory_set_mark(m, memory_str(j, "key"),
	    json_str(json_get(j, "url")), state_int(j, "when"), err);
}

/* For json_parse_list(). */
struct reading {
	struct memory *m;
	bool failed;		/* not for what the text is */
};

static int
next_authz(void *arg, const json *elem, size_t at, size_t len,
    struct error *err)
{
	struct reading *r = arg;

	if (!json_is_obj(elem) ||
	    memory_index_authz(r->m, elem, at, len, err) == 0)
		return 0;
	r->failed = true;
	return -1;
}

/* The many first, one by one: as a whole they would take ten times the room of
 * the file. */
static int
load_text(struct memory *m, const char *path, struct error *err)
{
	struct reading r = { m, false };
	const struct json_list list = { "authorizations", next_authz, &r };
	struct error why;
	json *j = NULL;
	int rc = 0;

	error_clear(&why);
	m->found = json_parse_list(m->fd, path, &list, &j, &why) == 0;
	if (r.failed || why.sys == ENOMEM) {
		*err = why;
		return -1;
	}
	if (!m->found) {
		log_verbose("%s; starting anew", why.msg);
		memory_forget(m);
	} else if (load_list(m, j, "accounts", load_account, err) == -1 ||
	    load_list(m, j, "order_lifetimes", load_lifetime, err) == -1 ||
	    load_list(m, j, "marks", load_mark, err) == -1)
		rc = -1;
	json_put(j);
	return rc;
}

static void
all_clean(struct memory *m)
{
	for (size_t i = 0; i < m->nauthz; i++)
		if (m->authz[i].authz != NULL)
			m->authz[i].authz->dirty = false;
	for (size_t i = 0; i < m->naccounts; i++)
		m->accounts[i].dirty = false;
	for (size_t i = 0; i < m->nlifetimes; i++)
		m->lifetimes[i].dirty = false;
	for (size_t i = 0; i < m->nmarks; i++)
		m->marks[i].dirty = false;
	m->dirty = false;
}

int
memory_load(struct memory *m, struct error *err)
{
	struct error why;
	char *path = NULL;
	int r = 0;

	error_clear(&why);
	if (str_printf(&path, err, "%s/%s", m->dir, FILE_NAME) == -1)
		return -1;
	if (io_open_file(AT_FDCWD, path, LIMIT_STATE_FILE, IO_MISSING_OK |
	    IO_NOFOLLOW | IO_OWNED | IO_NOT_WRITABLE, &m->fd, &m->st,
	    &why) == -1)
		log_verbose("%s; starting anew", why.msg);
	else if (m->fd != -1) {
		m->end = (uint32_t)m->st.st_size;
		r = load_text(m, path, err);
	}
	all_clean(m);
	free(path);
	return r;
}

int
memory_open(const char *state_dir, struct memory **out, struct error *err)
{
	struct memory *m;

	if ((m = memory_new(state_dir, err)) == NULL)
		return -1;
	if (memory_load(m, err) == -1) {
		memory_free(m);
		return -1;
	}
	*out = m;
	return 0;
}

/* ---- writing ------------------------------------------------------------ */

static void
put_authz(struct json_w *w, const struct memory_authz *z)
{
	json_w_obj(w, NULL);
	json_w_str(w, "account", z->account);
	json_w_str(w, "profile", z->profile);
	json_w_str(w, "name", z->name);
	json_w_str(w, "url", z->url);
	json_w_str(w, "status", authz_status_text(z->status));
	json_w_int(w, "expires", z->expires);
	json_w_int(w, "validated", z->validated);
	json_w_int(w, "checked", z->checked);
	json_w_int(w, "first", z->first);
	json_w_arr(w, "challenges");
	for (size_t i = 0; i < z->challenges.n; i++)
		json_w_str(w, NULL, z->challenges.v[i]);
	json_w_arr_end(w);
	json_w_obj_end(w);
}

static void
put_rest(struct json_w *w, const struct memory *m)
{
	json_w_arr(w, "order_lifetimes");
	for (size_t i = 0; i < m->nlifetimes; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "server", m->lifetimes[i].server);
		json_w_str(w, "profile", m->lifetimes[i].profile);
		json_w_int(w, "seconds", m->lifetimes[i].seconds);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	json_w_arr(w, "marks");
	for (size_t i = 0; i < m->nmarks; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "key", m->marks[i].key);
		if (m->marks[i].url != NULL)
			json_w_str(w, "url", m->marks[i].url);
		json_w_int(w, "when", m->marks[i].when);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

/* What we have of the text goes where it is to go. */
static int
flush(struct writing *to, struct error *err)
{
	if (buf_check(&to->text, to->what, err) == -1)
		return -1;
	to->written += to->text.len;
	if (to->written > LIMIT_STATE_FILE)
		return error_set(err, CODE_ERROR, "'%s': longer than %d bytes",
		    to->what, LIMIT_STATE_FILE);
	if (io_write(to->fd, buf_str(&to->text), to->text.len, 0, to->what,
	    err) == -1)
		return -1;
	buf_reset(&to->text);
	return 0;
}

static int
put_authzs(struct writing *to, struct json_w *w, const struct memory *m,
    struct error *err)
{
	const struct memory_entry *e;
	struct buf old;
	int rc = 0;

	buf_init(&old, JSON_WINDOW);
	json_w_arr(w, "authorizations");
	for (size_t i = 0; rc == 0 && i < m->nauthz; i++) {
		e = &m->authz[i];
		if (e->authz != NULL)
			put_authz(w, e->authz);
		else if ((rc = memory_authz_text(m, e, &old, err)) == 0)
			json_w_text(w, NULL, old.data, old.len);
		if (rc == 0 && to->text.len > JSON_WINDOW / 2)
			rc = flush(to, err);
	}
	json_w_arr_end(w);
	buf_free(&old);
	return rc;
}

static int
put_all(struct writing *to, const struct memory *m, struct error *err)
{
	struct json_w w;

	json_w_init(&w, &to->text, true);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", 1);
	if (put_authzs(to, &w, m, err) == -1)
		return -1;
	json_w_arr(&w, "accounts");
	for (size_t i = 0; i < m->naccounts; i++) {
		json_w_obj(&w, NULL);
		json_w_str(&w, "uri", m->accounts[i].uri);
		json_w_str(&w, "thumbprint", m->accounts[i].thumbprint);
		json_w_int(&w, "seen", m->accounts[i].when);
		json_w_obj_end(&w);
	}
	json_w_arr_end(&w);
	put_rest(&w, m);
	json_w_obj_end(&w);
	buf_addc(&to->text, '\n');
	return flush(to, err);
}

/* An atomic_fill_fn. */
static int
put_file(void *arg, int fd, const char *what, struct error *err)
{
	struct writing to = { .fd = fd, .what = what };
	int rc;

	buf_init(&to.text, LIMIT_STATE_FILE);
	rc = put_all(&to, arg, err);
	buf_free(&to.text);
	return rc;
}

/* What we learnt goes into what others left in the file. */
static int
merge(struct memory *to, const struct memory *from, struct error *err)
{
	for (size_t i = 0; i < from->dropped.n; i++)
		memory_drop_authz(to, from->dropped.v[i]);
	for (size_t i = 0; i < from->nauthz; i++)
		if (from->authz[i].authz != NULL &&
		    from->authz[i].authz->dirty &&
		    memory_set_authz(to, from->authz[i].authz, err) == -1)
			return -1;
	for (size_t i = 0; i < from->naccounts; i++)
		if (from->accounts[i].dirty &&
		    memory_set_account(to, from->accounts[i].uri,
		    from->accounts[i].thumbprint, from->accounts[i].when,
		    err) == -1)
			return -1;
	for (size_t i = 0; i < from->nlifetimes; i++)
		if (from->lifetimes[i].dirty &&
		    memory_set_lifetime(to, from->lifetimes[i].server,
		    from->lifetimes[i].profile, from->lifetimes[i].seconds,
		    err) == -1)
			return -1;
	for (size_t i = 0; i < from->nmarks; i++)
		if (from->marks[i].dirty &&
		    memory_set_mark(to, from->marks[i].key,
		    from->marks[i].url, from->marks[i].when, err) == -1)
			return -1;
	return 0;
}

static int
write_file(struct memory *m, struct error *err)
{
	const struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	int fd = -1, r = -1;

	if (atomic_open_dir(AT_FDCWD, m->dir, false, &fd, err) == 0 &&
	    atomic_sweep(fd, err) == 0)
		r = atomic_write_from(fd, FILE_NAME, put_file, m, &attr,
		    ATOMIC_REPLACE, err);
	if (fd != -1)
		close(fd);
	return r;
}

/* Did nobody write the file since we read it? */
static bool
unchanged(const struct memory *m, const char *path)
{
	struct stat st;

	return m->found && lstat(path, &st) == 0 &&
	    st.st_dev == m->st.st_dev && st.st_ino == m->st.st_ino &&
	    st.st_size == m->st.st_size &&
	    st.st_mtim.tv_sec == m->st.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == m->st.st_mtim.tv_nsec;
}

/* Under our lock. */
static int
save_locked(struct memory *m, struct error *err)
{
	struct memory *now = NULL;
	char *path = NULL;
	int r = -1;

	if (str_printf(&path, err, "%s/%s", m->dir, FILE_NAME) == -1)
		return -1;
	if (unchanged(m, path)) {
		memory_prune(m, clock_now());
		r = write_file(m, err);
		m->found = r == 0 && lstat(path, &m->st) == 0;
	} else if ((now = memory_new(m->dir, err)) != NULL &&
	    memory_load(now, err) == 0 && merge(now, m, err) == 0) {
		memory_prune(now, clock_now());
		r = write_file(now, err);
		m->found = false;
	}
	memory_free(now);
	free(path);
	return r;
}

int
memory_save(struct memory *m, struct error *err)
{
	const struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	struct lock lock = LOCK_NONE;
	char *path = NULL;
	int r = -1;

	if (memory_check(m, err) == -1)
		return -1;
	if (!m->dirty)
		return 0;
	if (atomic_mkdirs(m->dir, &attr, err) == 0 &&
	    str_printf(&path, err, "%s/%s", m->dir, LOCK_NAME) == 0 &&
	    lock_acquire(&lock, path, LOCK_WAIT, err) == 0)
		r = save_locked(m, err);
	lock_release(&lock);
	free(path);
	if (r == 0) {
		all_clean(m);
		strs_free(&m->dropped);
	}
	return r;
}
