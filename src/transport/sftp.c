/* SPDX-License-Identifier: ISC */
#include "transport/sftp.h"

#include <stdlib.h>
#include <string.h>

#include "base/vis.h"
#include "store/server.h"
#include "transport/source.h"

static void
sftp_free(struct transport *transport)
{
	struct sftp_transport *t = (struct sftp_transport *)transport;

	sftp_webroot_free(t->webroot);
	sftp_close(t->s);
	store_free(t->store);
	sftp_tree_free(&t->tree);
	scratch_end(&t->scratch);
	free(t);
}

void
sftp_retell(const struct sftp_transport *t, char *text, size_t size)
{
	const char *top = t->tree.top != NULL ? t->tree.top : "/";
	size_t len = strlen(t->scratch.path), shown = strlen(top);
	char *p = text;

	/* "/" and "/accounts" */
	if (strcmp(top, "/") == 0)
		shown = 0;
	while ((p = strstr(p, t->scratch.path)) != NULL) {
		if (shown > len && strlen(text) + (shown - len) >= size)
			return;
		memmove(p + shown, p + len, strlen(p + len) + 1);
		for (size_t i = 0; i < shown; i++)
			*p++ = top[i];
	}
}

/* The whole of it, here; store is opened. */
static int
copy(struct sftp_transport *t, const struct request *r, struct error *err)
{
	struct store_options so = { .config_dir = t->scratch.path };
	char *state = NULL;
	int rc = -1;

	t->tree.s = t->s;
	t->tree.copy = t->scratch.path;
	t->tree.servers = r->servers;
	if (sftp_tree_enter(&t->tree, SFTP_IS_THERE, err) == -1 ||
	    sftp_tree_copy(&t->tree, err) == -1 ||
	    str_printf(&state, err, "%s/state", t->scratch.path) == -1)
		goto out;
	so.state_dir = state;
	rc = store_open(&so, &t->store, err);
out:
	free(state);
	return rc;
}

/* What the copy does not tell: why a file of it is missing. */
static const struct sftp_account *
account_of(const struct sftp_transport *t, const struct offered *of)
{
	const struct sftp_account *a;
	char *server;
	bool same;

	for (size_t i = 0; i < t->tree.n; i++) {
		struct error ignored;

		a = &t->tree.accounts[i];
		if (strcmp(a->name, of->id) != 0)
			continue;
		if (server_from_path(a->folder, &server, &ignored) == -1)
			return NULL;
		same = server_same(server, of->server);
		free(server);
		if (same)
			return a;
	}
	return NULL;
}

static int
retell_offered(const struct sftp_transport *t, struct offered *of,
    const struct request *r, struct error *err)
{
	const struct sftp_account *a;
	char text[ERROR_MSG_MAX];

	if (of->account != NULL) {
		/* the copy's, which goes away */
		free(of->account->path);
		of->account->path = NULL;
	}
	if (of->state != OFFERED_BROKEN)
		return 0;
	/* its key was not asked for */
	if (!request_server(r, of->server)) {
		of->state = OFFERED_LISTED;
		return 0;
	}
	a = account_of(t, of);
	vis_copy(text, sizeof(text), a != NULL && a->why != NULL ? a->why :
	    of->problem != NULL ? of->problem : "is broken",
	    strlen(a != NULL && a->why != NULL ? a->why :
	    of->problem != NULL ? of->problem : "is broken"));
	sftp_retell(t, text, sizeof(text));
	free(of->problem);
	of->problem = NULL;
	return str_dup(&of->problem, text, err);
}

static int
sftp_fetch(struct transport *transport, const struct request *r,
    struct offer *out, struct error *err)
{
	static const struct grant all;
	struct sftp_transport *t = (struct sftp_transport *)transport;
	int rc;

	if (copy(t, r, err) == -1)
		return -1;
	rc = offer_of_store(t->store, r, &all, out, err);
	for (size_t i = 0; rc == 0 && i < out->n; i++)
		rc = retell_offered(t, out->v[i], r, err);
	if (rc == -1)
		sftp_retell(t, err->msg, sizeof(err->msg));
	return rc;
}

/* Only the form is checked: who can write there needs nobody's leave. */
static int
sftp_challenge_put(struct transport *t, const char *token,
    const char *key_authorization, struct error *err)
{
	return sftp_webroot_put(((struct sftp_transport *)t)->webroot, token,
	    key_authorization, err);
}

static int
sftp_challenge_remove(struct transport *t, const char *token,
    struct error *err)
{
	return sftp_webroot_remove(((struct sftp_transport *)t)->webroot,
	    token, err);
}

static const struct transport_ops sftp_ops = {
	sftp_fetch, NULL, sftp_send, sftp_challenge_put,
	sftp_challenge_remove, NULL, sftp_free, false
};

int
sftp_transport_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err)
{
	struct sftp_transport *t;
	char *below = NULL;
	int rc = -1;

	if (opts->challenge && (peer->webroot == NULL ||
	    *peer->webroot == '\0'))
		return error_set(err, CODE_USAGE, "'%s': to put challenge "
		    "responses it needs webroot:", vis(peer->name));
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return error_nomem(err);
	t->base.ops = &sftp_ops;
	t->base.challenge = opts->challenge;
	t->peer = peer;
	t->opts = *opts;
	t->scratch = (struct scratch)SCRATCH_NONE;
	if (str_printf(&below, err, "%s/sftp", opts->config->state_dir) == 0 &&
	    scratch_begin(below, &t->scratch, err) == 0 &&
	    sftp_open(peer, opts->config, opts->terminal, t->scratch.path,
	    &t->s, err) == 0 && (!opts->challenge || sftp_webroot_new(t->s,
	    peer->webroot, t->scratch.path, &t->webroot, err) == 0)) {
		*out = &t->base;
		t = NULL;
		rc = 0;
	}
	free(below);
	if (t != NULL)
		sftp_free(&t->base);
	return rc;
}
