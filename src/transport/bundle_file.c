/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/vis.h"
#include "transport/bundle_impl.h"

/* A bundle in a file, on a USB stick for example, or in a stream. */
struct bundle_file {
	struct transport base;
	const struct config_peer *peer;
	struct transport_options opts;
	struct bundle_place place;
	char *path;		/* NULL: a stream */
};

enum {
	CHUNK = 64 * 1024
};

static void
file_free(struct transport *t)
{
	struct bundle_file *f = (struct bundle_file *)t;

	free(f->path);
	free(f);
}

static int
file_get(void *arg, const char *tag, struct buf *der, enum bundle_got *got,
    char **newtag, struct error *err)
{
	const struct bundle_file *f = arg;
	int found = 0;

	(void)tag;
	*newtag = NULL;
	if (io_read_file(AT_FDCWD, f->path, LIMIT_BUNDLE, IO_MISSING_OK, der,
	    &found, err) == -1) {
		if (der->failed && !der->nomem)
			return bundle_too_long(f->path, err);
		/* too long, or no file at all */
		if (err->code == CODE_STORE) {
			err->code = CODE_ERROR;
			error_append(err, "; is it the right one?");
		}
		return -1;
	}
	*got = found != 0 ? BUNDLE_BYTES : BUNDLE_NONE;
	return 0;
}

static int
file_put(void *arg, const char *tag, const struct buf *der,
    struct error *err)
{
	const struct bundle_file *f = arg;
	/* a stick knows no modes; elsewhere it is ours alone */
	struct atomic_attr attr = { (mode_t)-1, (uid_t)-1, (gid_t)-1 };

	(void)tag;
	return atomic_write(AT_FDCWD, f->path, der->data, der->len, &attr,
	    ATOMIC_REPLACE, err);
}

/* Not each time: other hosts may be writing beside it just now. */
static void
file_tidy(void *arg)
{
	const struct bundle_file *f = arg;
	const char *slash = strrchr(f->path, '/');
	struct error ignored;
	char *dir = NULL;
	int fd = -1;

	if (str_printf(&dir, &ignored, "%.*s", (int)(slash - f->path + 1),
	    f->path) == 0 && atomic_open_dir(AT_FDCWD, dir, false, &fd,
	    &ignored) == 0) {
		(void)!atomic_sweep(fd, &ignored);
		(void)close(fd);
	}
	free(dir);
}

/* Standard input to its end. */
static int
stream_get(void *arg, const char *tag, struct buf *der, enum bundle_got *got,
    char **newtag, struct error *err)
{
	const struct bundle_file *f = arg;
	size_t n = 1;
	char *p;

	(void)tag;
	*newtag = NULL;
	*got = BUNDLE_NONE;
	if (f->opts.write)
		return 0;
	while (n > 0) {
		if ((p = buf_reserve(der, CHUNK)) == NULL)
			return der->nomem ? error_nomem(err) :
			    bundle_too_long(f->place.name, err);
		if (io_read(STDIN_FILENO, p, CHUNK, 0, &n, f->place.name,
		    err) == -1)
			return -1;
		der->len += n;
		der->data[der->len] = '\0';
	}
	*got = BUNDLE_BYTES;
	return 0;
}

static int
stream_put(void *arg, const char *tag, const struct buf *der,
    struct error *err)
{
	const struct bundle_file *f = arg;

	(void)tag;
	return io_write(STDOUT_FILENO, der->data, der->len, 0, f->place.name,
	    err);
}

static int
file_fetch(struct transport *t, const struct request *r, struct offer *out,
    struct error *err)
{
	struct bundle_file *f = (struct bundle_file *)t;

	return bundle_fetch(&f->place, f->peer, &f->opts, r, out, err);
}

static int
file_send(struct transport *t, struct offer *offer, struct verdicts *out,
    struct error *err)
{
	struct bundle_file *f = (struct bundle_file *)t;

	return bundle_send(&f->place, f->peer, &f->opts, offer, out, err);
}

static const struct transport_ops file_ops = {
	file_fetch, NULL, file_send, NULL, NULL, NULL, file_free, true
};

int
bundle_file_open(const struct config_peer *peer, const char *path,
    const struct transport_options *opts, struct transport **out,
    struct error *err)
{
	bool stream = opts->bundle && strcmp(path, "-") == 0;
	struct bundle_file *f;

	if (opts->challenge)
		return error_set(err, CODE_USAGE, "'%s': a sealed bundle takes "
		    "no challenge responses", vis(peer->name));
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return error_nomem(err);
	f->base.ops = &file_ops;
	f->peer = peer;
	f->opts = *opts;
	if (!stream && str_dup(&f->path, path, err) == -1) {
		free(f);
		return -1;
	}
	f->place.arg = f;
	f->place.get = stream ? stream_get : file_get;
	f->place.put = stream ? stream_put : file_put;
	f->place.tidy = stream ? NULL : file_tidy;
	f->place.stream = stream;
	f->place.name = f->path;
	if (stream)
		f->place.name = opts->write ? "standard output" :
		    "standard input";
	/* a person may have given it another name on its way */
	if (!opts->bundle || opts->write)
		f->place.channel = stream ? "export" :
		    bundle_channel(f->path);
	*out = &f->base;
	return 0;
}
