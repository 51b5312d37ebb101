/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/vis.h"
#include "transport/impl.h"
#include "transport/source.h"
#include "transport/webroot.h"

/* Another certbot directory on this machine, a mounted one for example. */
struct directory {
	struct transport base;
	struct transport_options opts;
	struct store *store;
	struct webroot *webroot;	/* opened to put responses */
	char *path;
	char *state;		/* its journal and backups, kept with ours */
};

enum {
	LOCK_TIMEOUT = 30 * 1000
};

static void
directory_free(struct transport *t)
{
	struct directory *d = (struct directory *)t;

	webroot_free(d->webroot);
	store_free(d->store);
	free(d->path);
	free(d->state);
	free(d);
}

static int
directory_fetch(struct transport *t, const struct request *r,
    struct offer *out, struct error *err)
{
	static const struct grant all;
	struct directory *d = (struct directory *)t;

	return offer_of_store(d->store, r, &all, out, err);
}

static int
directory_send(struct transport *t, struct offer *offer, struct verdicts *out,
    struct error *err)
{
	struct directory *d = (struct directory *)t;
	const struct receiver *r = d->opts.receiver;

	return r->receive(r->arg, d->store, offer, d->opts.prefer,
	    d->opts.verbatim, out, err);
}

/* Only the form is checked: who can read that store and write there needs
 * nobody's leave. */
static int
directory_challenge_put(struct transport *t, const char *token,
    const char *key_authorization, struct error *err)
{
	struct directory *d = (struct directory *)t;
	bool made;

	return webroot_put(d->webroot, token, key_authorization, &made, err);
}

static int
directory_challenge_remove(struct transport *t, const char *token,
    struct error *err)
{
	struct directory *d = (struct directory *)t;
	bool removed;

	return webroot_remove(d->webroot, token, &removed, err);
}

static const struct transport_ops directory_ops = {
	directory_fetch, NULL, directory_send,
	directory_challenge_put, directory_challenge_remove, NULL,
	directory_free, false
};

/* To read there must be something; to write, what is missing is made. */
static int
check_there(const char *path, bool write, struct error *err)
{
	int fd = -1;

	if (atomic_open_dir(AT_FDCWD, path, false, &fd, err) == 0) {
		(void)close(fd);
		return 0;
	}
	return write ? 0 : -1;
}

static int
open_webroot(struct directory *d, const struct config_peer *peer,
    struct error *err)
{
	if (peer->webroot == NULL || *peer->webroot == '\0')
		return error_set(err, CODE_USAGE, "'%s': to put challenge "
		    "responses it needs webroot:", vis(peer->name));
	return webroot_open(peer->webroot, &d->webroot, err);
}

int
directory_open(const struct config_peer *peer, const char *path,
    const struct transport_options *opts, struct transport **out,
    struct error *err)
{
	struct store_options so = { .lock_timeout = LOCK_TIMEOUT };
	struct directory *d;
	size_t len;

	if (check_there(path, opts->write, err) == -1)
		return -1;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return error_nomem(err);
	d->base.ops = &directory_ops;
	d->base.challenge = opts->challenge;
	d->opts = *opts;
	if (str_dup(&d->path, path, err) == -1 ||
	    transport_state_dir(opts->config, path, &d->state, err) == -1)
		goto fail;
	for (len = strlen(d->path); len > 1 && d->path[len - 1] == '/'; len--)
		d->path[len - 1] = '\0';
	/* the store has no part in it, whoever's it is */
	if (opts->challenge) {
		if (open_webroot(d, peer, err) == -1)
			goto fail;
		*out = &d->base;
		return 0;
	}
	if (strcmp(d->path, opts->config->certbot_config_dir) == 0) {
		error_set(err, CODE_USAGE, "'%s': is this host's own store",
		    vis(path));
		goto fail;
	}
	so.config_dir = d->path;
	so.state_dir = d->state;
	if (store_open(&so, &d->store, err) == -1)
		goto fail;
	*out = &d->base;
	return 0;
fail:
	directory_free(&d->base);
	return -1;
}
