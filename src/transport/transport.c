/* SPDX-License-Identifier: ISC */
#include "transport/transport.h"

#include <string.h>

#include "base/digest.h"
#include "base/strs.h"
#include "base/vis.h"
#include "transport/impl.h"

#define FILE_SCHEME "file://"

int
transport_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err)
{
	const char *url = peer->url;

	*out = NULL;
	if (opts->bundle)
		return bundle_file_open(peer, url, opts, out, err);
	if (str_starts(url, "ssh://") || str_starts(url, "exec:"))
		return remote_open(peer, opts, out, err);
	if (str_starts(url, "sftp://"))
		return sftp_transport_open(peer, opts, out, err);
	if (str_starts(url, "https://"))
		return object_open(peer, opts, out, err);
	if (str_starts(url, FILE_SCHEME))
		url += sizeof(FILE_SCHEME) - 1;
	if (url[0] == '/' && config_peer_sealed(peer))
		return bundle_file_open(peer, url, opts, out, err);
	if (url[0] == '/')
		return directory_open(peer, url, opts, out, err);
	return error_set(err, CODE_USAGE, "'%s': want ssh://HOST, "
	    "sftp://HOST/DIRECTORY, https://HOST/PATH.cms, exec:, "
	    "file:///DIRECTORY, file:///BUNDLE.cms or an absolute path",
	    vis(peer->url));
}

int
transport_state_dir(const struct config *c, const char *name, char **out,
    struct error *err)
{
	enum { DIGITS = 16 };
	char hex[DIGEST_SHA256_HEX];

	if (digest_sha256_hex(name, strlen(name), hex, err) == -1)
		return -1;
	return str_printf(out, err, "%s/directories/%.*s", c->state_dir,
	    DIGITS, hex);
}

int
transport_fetch(struct transport *t, const struct request *r,
    struct offer *out, struct error *err)
{
	return t->ops->fetch(t, r, out, err);
}

int
transport_look(struct transport *t, const struct request *r,
    struct offer *out, struct error *err)
{
	return t->ops->look(t, r, out, err);
}

int
transport_send(struct transport *t, struct offer *offer, struct verdicts *out,
    struct error *err)
{
	return t->ops->send(t, offer, out, err);
}

int
transport_challenge_put(struct transport *t, const char *token,
    const char *key_authorization, struct error *err)
{
	if (!transport_can_challenge(t))
		return error_set(err, CODE_ERROR, "the transport was not "
		    "opened to put responses");
	return t->ops->challenge_put(t, token, key_authorization, err);
}

int
transport_challenge_remove(struct transport *t, const char *token,
    struct error *err)
{
	if (!transport_can_challenge(t))
		return error_set(err, CODE_ERROR, "the transport was not "
		    "opened to put responses");
	return t->ops->challenge_remove(t, token, err);
}

int
transport_issue(struct transport *t, const struct csr_request *r,
    struct buf *pem, struct error *err)
{
	if (t->ops->issue == NULL)
		return error_set(err, CODE_USAGE, "a directory, sftp:// and a "
		    "bundle issue no certificates; want a peer of ssh:// or "
		    "exec:");
	return t->ops->issue(t, r, pem, err);
}

bool
transport_can_challenge(const struct transport *t)
{
	return t->challenge && t->ops->challenge_put != NULL;
}

void
transport_free(struct transport *t)
{
	if (t != NULL)
		t->ops->free(t);
}

bool
transport_is_sealed(const struct transport *t)
{
	return t->ops->sealed;
}

bool
transport_is_remote(const struct transport *t)
{
	return t->ops->look != NULL;
}
