/* SPDX-License-Identifier: ISC */
#include "transport/bundle_state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/vis.h"
#include "transport/message.h"

#define FOLDER	"bundles"

enum {
	VERSION = 1,
	NAME_DIGITS = 32,	/* of a digest, in a file's name */
	LOCK_WAIT = 30 * 1000,
	/* accounts and lineages of the largest bundle, without keys */
	STATE_MAX = LIMIT_BUNDLE
};

void
bundle_seen_free(struct bundle_seen *s)
{
	free(s->digest);
	free(s->place);
	free(s->tag);
	offer_free(&s->offer);
	memset(s, 0, sizeof(*s));
}

void
bundle_sent_free(struct bundle_sent *s)
{
	strs_free(&s->digests);
	free(s->content);
	free(s->recipients);
	free(s->place);
	free(s->tag);
	offer_free(&s->offer);
	memset(s, 0, sizeof(*s));
}

int
bundle_state_lock(const char *state_dir, struct lock *l, struct error *err)
{
	struct atomic_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };
	char *dir = NULL, *path = NULL;
	int rc = -1, fd = -1;

	if (str_printf(&dir, err, "%s/" FOLDER, state_dir) == 0 &&
	    str_printf(&path, err, "%s/lock", dir) == 0 &&
	    atomic_mkdirs(dir, &attr, err) == 0)
		rc = lock_acquire(l, path, LOCK_WAIT, err);
	/* what a run that was killed left there */
	if (rc == 0 && (atomic_open_dir(AT_FDCWD, dir, true, &fd, err) == -1 ||
	    atomic_sweep(fd, err) == -1)) {
		lock_release(l);
		rc = -1;
	}
	if (fd != -1)
		(void)close(fd);
	free(dir);
	free(path);
	return rc;
}

/* "seen-…" of sender and channel, "sent-…" of the channel alone. */
static int
file_of(const char *state_dir, const char *sender, const char *channel,
    char **out, struct error *err)
{
	char hex[DIGEST_SHA256_HEX], *text = NULL;
	int rc = -1;

	*out = NULL;
	if (str_printf(&text, err, "%s %s", sender != NULL ? sender : "",
	    channel) == 0 &&
	    digest_sha256_hex(text, strlen(text), hex, err) == 0)
		rc = str_printf(out, err, "%s/" FOLDER "/%s-%.*s.json",
		    state_dir, sender != NULL ? "seen" : "sent", NAME_DIGITS,
		    hex);
	free(text);
	return rc;
}

int
bundle_sent_lock(const char *state_dir, const char *channel, struct lock *l,
    struct error *err)
{
	struct lock folder = LOCK_NONE;
	char *file = NULL, *path = NULL;
	int rc = -1;

	/* which is made and swept by it */
	if (bundle_state_lock(state_dir, &folder, err) == -1)
		return -1;
	lock_release(&folder);
	if (file_of(state_dir, NULL, channel, &file, err) == 0 &&
	    str_printf(&path, err, "%s.lock", file) == 0)
		rc = lock_acquire(l, path, LOCK_WAIT, err);
	free(file);
	free(path);
	return rc;
}

static int
write_file(const char *path, const struct buf *b, struct error *err)
{
	struct atomic_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };

	if (buf_check(b, path, err) == -1)
		return -1;
	return atomic_write(AT_FDCWD, path, b->data, b->len, &attr,
	    ATOMIC_REPLACE, err);
}

/* *j NULL: there is none. */
static int
read_file(const char *path, json **j, struct error *err)
{
	int64_t version = 0;
	struct buf b;
	int found = 0, rc;

	*j = NULL;
	buf_init(&b, STATE_MAX);
	rc = io_read_file(AT_FDCWD, path, STATE_MAX, IO_MISSING_OK |
	    IO_NOFOLLOW | IO_OWNED | IO_NOT_WRITABLE, &b, &found, err);
	if (rc == 0 && found != 0) {
		rc = json_parse(buf_str(&b), b.len, path, j, err);
		if (rc == 0)
			rc = json_get_int(*j, "version", JSON_REQUIRED, path,
			    &version, err);
		if (rc == 0 && version != VERSION)
			rc = error_set(err, CODE_ERROR, "'%s': is of version "
			    "%lld, this acmeferry knows %d", vis(path),
			    (long long)version, VERSION);
	}
	buf_free(&b);
	return rc;
}

/* One that is damaged is not the same as none. */
static int
damaged(const char *path, struct error *err)
{
	if (err->code != CODE_ERROR || err->sys != 0)
		return -1;
	err->code = CODE_STORE;
	error_append(err, "; put '%s' back from a backup, or move it away: "
	    "what comes next is then taken for the first", vis(path));
	return -1;
}

/* ---- parts of both ------------------------------------------------------ */

static void
put_known(struct json_w *w, const char *name, const char *value)
{
	if (value != NULL)
		json_w_str(w, name, value);
}

static void
put_accounts(struct json_w *w, const struct offer *o)
{
	const struct offered *of;

	json_w_arr(w, "accounts");
	for (size_t i = 0; i < o->n; i++) {
		of = o->v[i];
		json_w_obj(w, NULL);
		json_w_str(w, "server", of->server);
		json_w_str(w, "id", of->id);
		put_known(w, "uri", of->uri);
		put_known(w, "key", of->key);
		put_known(w, "thumbprint", of->thumbprint);
		put_known(w, "identity", of->identity);
		put_known(w, "problem", of->problem);
		put_known(w, "digest", of->digest);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

static int
get_known(const json *j, const char *name, const char *what, char **out,
    struct error *err)
{
	const char *s = NULL;

	if (json_get_str(j, name, JSON_OPTIONAL, what, &s, err) == -1)
		return -1;
	return str_dup(out, s, err);
}

static int
get_account(const json *j, const char *what, struct offer *o,
    struct error *err)
{
	struct offered *of = offer_add(o);

	if (of == NULL)
		return error_nomem(err);
	if (get_known(j, "server", what, &of->server, err) == -1 ||
	    get_known(j, "id", what, &of->id, err) == -1 ||
	    get_known(j, "uri", what, &of->uri, err) == -1 ||
	    get_known(j, "key", what, &of->key, err) == -1 ||
	    get_known(j, "thumbprint", what, &of->thumbprint, err) == -1 ||
	    get_known(j, "identity", what, &of->identity, err) == -1 ||
	    get_known(j, "problem", what, &of->problem, err) == -1 ||
	    get_known(j, "digest", what, &of->digest, err) == -1)
		return -1;
	if (of->server == NULL || of->id == NULL)
		return error_set(err, CODE_ERROR, "'%s': an account in it has "
		    "no server or no id", vis(what));
	of->state = of->problem != NULL ? OFFERED_BROKEN : OFFERED_LISTED;
	return 0;
}

static int
get_accounts(const json *j, const char *what, struct offer *o,
    struct error *err)
{
	json *arr = NULL;

	if (json_get_arr(j, "accounts", JSON_REQUIRED, what, &arr, err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(arr); i++)
		if (get_account(json_at(arr, i), what, o, err) == -1)
			return -1;
	return 0;
}

/* ---- seen --------------------------------------------------------------- */

static int
get_seen(const json *j, const char *path, struct bundle_seen *out,
    struct error *err)
{
	json *lineages = NULL;

	if (json_get_int(j, "sequence", JSON_REQUIRED, path, &out->sequence,
	    err) == -1 || json_get_int(j, "expires", JSON_REQUIRED, path,
	    &out->expires, err) == -1 ||
	    get_known(j, "digest", path, &out->digest, err) == -1 ||
	    get_known(j, "place", path, &out->place, err) == -1 ||
	    get_known(j, "tag", path, &out->tag, err) == -1 ||
	    get_accounts(j, path, &out->offer, err) == -1 ||
	    json_get_arr(j, "lineages", JSON_REQUIRED, path, &lineages,
	    err) == -1)
		return -1;
	if (out->digest == NULL)
		return error_set(err, CODE_ERROR, "'%s': has no digest",
		    vis(path));
	return get_hint_list(path, lineages, &out->offer.hints, err);
}

int
bundle_seen_load(const char *state_dir, const char *sender,
    const char *channel, struct bundle_seen *out, struct error *err)
{
	char *path = NULL;
	json *j = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (file_of(state_dir, sender, channel, &path, err) == -1)
		return -1;
	error_clear(err);
	rc = read_file(path, &j, err);
	if (rc == 0 && j != NULL) {
		out->found = true;
		rc = get_seen(j, path, out, err);
	}
	if (rc == -1) {
		bundle_seen_free(out);
		(void)damaged(path, err);
	}
	json_put(j);
	free(path);
	return rc;
}

int
bundle_seen_save(const char *state_dir, const char *sender,
    const char *channel, const struct bundle_seen *s, struct error *err)
{
	char *path = NULL;
	struct json_w w;
	struct buf b;
	int rc;

	if (file_of(state_dir, sender, channel, &path, err) == -1)
		return -1;
	buf_init(&b, STATE_MAX);
	json_w_init(&w, &b, true);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", VERSION);
	json_w_str(&w, "sender", sender);
	json_w_str(&w, "channel", channel);
	json_w_int(&w, "sequence", s->sequence);
	json_w_int(&w, "expires", s->expires);
	json_w_str(&w, "digest", s->digest);
	put_known(&w, "place", s->place);
	put_known(&w, "tag", s->tag);
	put_accounts(&w, &s->offer);
	json_w_arr(&w, "lineages");
	for (size_t i = 0; i < s->offer.hints.n; i++)
		put_hint(&w, &s->offer.hints.v[i]);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	buf_addc(&b, '\n');
	rc = write_file(path, &b, err);
	buf_free(&b);
	free(path);
	return rc;
}

/* ---- sent --------------------------------------------------------------- */

static int
get_sent(const json *j, const char *path, struct bundle_sent *out,
    struct error *err)
{
	json *digests = NULL;
	const char *s;

	if (json_get_int(j, "sequence", JSON_REQUIRED, path, &out->sequence,
	    err) == -1 || json_get_int(j, "created", JSON_REQUIRED, path,
	    &out->created, err) == -1 || json_get_arr(j, "digests",
	    JSON_REQUIRED, path, &digests, err) == -1 ||
	    get_known(j, "content", path, &out->content, err) == -1 ||
	    get_known(j, "recipients", path, &out->recipients, err) == -1 ||
	    get_known(j, "place", path, &out->place, err) == -1 ||
	    get_known(j, "tag", path, &out->tag, err) == -1)
		return -1;
	for (size_t i = 0; i < json_len(digests); i++) {
		if ((s = json_str_at(digests, i)) == NULL)
			return error_set(err, CODE_ERROR, "'%s': a digest in "
			    "it is no string", vis(path));
		if (strs_add(&out->digests, s, err) == -1)
			return -1;
	}
	return get_accounts(j, path, &out->offer, err);
}

int
bundle_sent_load(const char *state_dir, const char *channel,
    struct bundle_sent *out, struct error *err)
{
	char *path = NULL;
	json *j = NULL;
	int rc;

	memset(out, 0, sizeof(*out));
	if (file_of(state_dir, NULL, channel, &path, err) == -1)
		return -1;
	error_clear(err);
	rc = read_file(path, &j, err);
	if (rc == 0 && j != NULL) {
		out->found = true;
		rc = get_sent(j, path, out, err);
	}
	if (rc == -1) {
		bundle_sent_free(out);
		(void)damaged(path, err);
	}
	json_put(j);
	free(path);
	return rc;
}

int
bundle_sent_save(const char *state_dir, const char *channel,
    const struct bundle_sent *s, struct error *err)
{
	char *path = NULL;
	struct json_w w;
	struct buf b;
	int rc;

	if (file_of(state_dir, NULL, channel, &path, err) == -1)
		return -1;
	buf_init(&b, STATE_MAX);
	json_w_init(&w, &b, true);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", VERSION);
	json_w_str(&w, "channel", channel);
	json_w_int(&w, "sequence", s->sequence);
	json_w_int(&w, "created", s->created);
	json_w_arr(&w, "digests");
	for (size_t i = 0; i < s->digests.n; i++)
		json_w_str(&w, NULL, s->digests.v[i]);
	json_w_arr_end(&w);
	put_known(&w, "content", s->content);
	put_known(&w, "recipients", s->recipients);
	put_known(&w, "place", s->place);
	put_known(&w, "tag", s->tag);
	put_accounts(&w, &s->offer);
	json_w_obj_end(&w);
	buf_addc(&b, '\n');
	rc = write_file(path, &b, err);
	buf_free(&b);
	free(path);
	return rc;
}
