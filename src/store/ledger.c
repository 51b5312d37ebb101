/* SPDX-License-Identifier: ISC */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/vis.h"
#include "store/store_priv.h"

/* state_dir/ledger.jsonl: one JSON object a line, only ever appended to. */
enum {
	LINE_MAX_BYTES = 16 * 1024,
	CHUNK = 64 * 1024
};

static int
ledger_path(struct store *s, char **out, struct error *err)
{
	return str_printf(out, err, "%s/ledger.jsonl", s->state_dir);
}

int
store_ledger_add(struct store *s, const struct ledger_entry *e,
    struct error *err)
{
	struct atomic_attr dir = { 0700, (uid_t)-1, (gid_t)-1 };
	char *path = NULL;
	struct json_w w;
	struct buf b;
	int rc = -1;

	buf_init(&b, LINE_MAX_BYTES);
	json_w_init(&w, &b, false);
	json_w_obj(&w, NULL);
	json_w_time(&w, "time", e->time != 0 ? e->time : clock_now());
	json_w_str(&w, "client", e->client);
	json_w_str(&w, "connection", e->connection);
	json_w_str(&w, "server", e->server);
	json_w_str(&w, "id", e->id);
	json_w_str(&w, "operation", e->operation);
	json_w_str(&w, "result", e->result);
	json_w_obj_end(&w);
	if (buf_check(&b, "ledger.jsonl", err) == 0 &&
	    ledger_path(s, &path, err) == 0 &&
	    atomic_mkdirs(s->state_dir, &dir, err) == 0)
		rc = atomic_append_line(AT_FDCWD, path, b.data, err);
	buf_free(&b);
	free(path);
	return rc;
}

struct reading {
	store_ledger_fn *fn;
	void *arg;
	size_t skipped;
};

/* 0: no entry; 1: entry, *rc is what fn said */
static int
one(struct reading *r, const json *j, int *rc, struct error *err)
{
	static const char what[] = "ledger.jsonl";
	struct ledger_entry e;
	struct error why;
	const char *time;

	memset(&e, 0, sizeof(e));
	error_clear(&why);
	if (json_get_str(j, "time", JSON_REQUIRED, what, &time, &why) == -1 ||
	    time_parse(time, &e.time, &why) == -1 ||
	    json_get_str(j, "client", JSON_OPTIONAL, what, &e.client, &why) ==
	    -1 ||
	    json_get_str(j, "connection", JSON_OPTIONAL, what, &e.connection,
	    &why) == -1 ||
	    json_get_str(j, "server", JSON_OPTIONAL, what, &e.server, &why) ==
	    -1 ||
	    json_get_str(j, "id", JSON_OPTIONAL, what, &e.id, &why) == -1 ||
	    json_get_str(j, "operation", JSON_REQUIRED, what, &e.operation,
	    &why) == -1 ||
	    json_get_str(j, "result", JSON_OPTIONAL, what, &e.result, &why) ==
	    -1)
		return 0;
	*rc = r->fn(r->arg, &e, err);
	return 1;
}

static int
line(struct reading *r, const char *text, size_t len, struct error *err)
{
	struct error why;
	json *j = NULL;
	int rc = 0;

	if (len == 0)
		return 0;
	error_clear(&why);
	if (len > LINE_MAX_BYTES ||
	    json_parse(text, len, "ledger.jsonl", &j, &why) == -1) {
		if (why.sys == ENOMEM)
			return error_nomem(err);
		r->skipped++;
		return 0;
	}
	if (one(r, j, &rc, err) == 0)
		r->skipped++;
	json_put(j);
	return rc;
}

/* All whole lines of the buffer; the rest stays in it. */
static int
lines(struct reading *r, struct buf *b, bool last, struct error *err)
{
	size_t at = 0, n;
	const char *nl;

	while (b->len > at && (nl = memchr(b->data + at, '\n',
	    b->len - at)) != NULL) {
		n = (size_t)(nl - b->data) - at;
		if (line(r, b->data + at, n, err) == -1)
			return -1;
		at += n + 1;
	}
	buf_consume(b, at);
	if (last && b->len > 0)
		return line(r, b->data, b->len, err);
	/* a line without end */
	if (b->len > CHUNK) {
		r->skipped++;
		buf_reset(b);
	}
	return 0;
}

int
store_ledger_each(struct store *s, store_ledger_fn *fn, void *arg,
    size_t *skipped, struct error *err)
{
	struct reading r = { fn, arg, 0 };
	char *path = NULL, *p;
	size_t got = 1;
	int fd = -1, rc = -1;
	struct buf b;

	buf_init(&b, 3 * CHUNK);
	if (ledger_path(s, &path, err) == -1)
		goto out;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1) {
		rc = errno == ENOENT || errno == ENOTDIR ? 0 :
		    error_sys(err, CODE_ERROR, "'%s': cannot be opened",
		    vis(path));
		goto out;
	}
	while (got > 0) {
		if ((p = buf_reserve(&b, CHUNK)) == NULL) {
			error_nomem(err);
			goto out;
		}
		if (io_read(fd, p, CHUNK, 0, &got, path, err) == -1)
			goto out;
		b.len += got;
		b.data[b.len] = '\0';
		if (lines(&r, &b, got == 0, err) == -1)
			goto out;
	}
	rc = 0;
out:
	if (skipped != NULL)
		*skipped = r.skipped;
	if (fd != -1)
		(void)close(fd);
	buf_free(&b);
	free(path);
	return rc;
}
