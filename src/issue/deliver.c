/* SPDX-License-Identifier: ISC */
#include "issue/deliver.h"

#include <stdlib.h>
#include <string.h>

#include "acme/challenge.h"
#include "base/log.h"
#include "base/random.h"
#include "base/vis.h"
#include "http/http_check.h"
#include "jose/b64url.h"
#include "transport/peer_host.h"
#include "transport/transport.h"

enum { HTTP_PORT = 80 };

struct server {
	const struct config_peer *peer;
	bool located;		/* address is known, or known to be none */
	char *address;		/* NULL: nothing to look at */
	bool silent;		/* it gave no answer: not asked again */
	struct transport *transport;	/* NULL: not open */
	bool down;		/* ... and cannot be opened: why */
	struct error why;
};

struct delivery {
	const struct config *config;
	bool terminal;
	struct server *v;
	size_t n;
};

/* What a server does for one response. */
enum part {
	PART_NONE,		/* takes no part */
	PART_DOWN,		/* not reached at all */
	PART_MAYBE,		/* has the response; whether it answers with
				 * it is not known */
	PART_RIGHT		/* answers with it */
};

struct response {
	const char *name, *token, *text;
};

int
delivery_new(const struct config *c, const struct config_peer *const *v,
    size_t n, bool terminal, struct delivery **out, struct error *err)
{
	struct delivery *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return error_nomem(err);
	d->config = c;
	d->terminal = terminal;
	if (n > 0 && (d->v = calloc(n, sizeof(*d->v))) == NULL) {
		free(d);
		return error_nomem(err);
	}
	for (d->n = 0; d->n < n; d->n++)
		d->v[d->n].peer = v[d->n];
	*out = d;
	return 0;
}

void
delivery_free(struct delivery *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n; i++) {
		transport_free(d->v[i].transport);
		free(d->v[i].address);
	}
	free(d->v);
	free(d);
}

bool
delivery_may_put(const struct delivery *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].peer->challenge)
			return true;
	return false;
}

void
delivery_who(const struct delivery *d, struct buf *out)
{
	bool all = !delivery_may_put(d);

	for (size_t i = 0; i < d->n; i++) {
		if (!all && !d->v[i].peer->challenge)
			continue;
		if (out->len > 0)
			buf_adds(out, ", ");
		buf_adds(out, vis(d->v[i].peer->name));
	}
}

int
delivery_token(char out[DELIVERY_TOKEN], struct error *err)
{
	unsigned char raw[32];
	struct buf text;
	int rc = -1;

	buf_init(&text, sizeof(raw) * 2);
	if (random_bytes(raw, sizeof(raw), err) == -1)
		goto out;
	b64url_encode(&text, raw, sizeof(raw));
	if (buf_check(&text, "token", err) == -1)
		goto out;
	memcpy(out, text.data, DELIVERY_TOKEN - 1);
	out[DELIVERY_TOKEN - 1] = '\0';
	rc = 0;
out:
	buf_free(&text);
	return rc;
}

/* ---- looking ------------------------------------------------------------ */

static int
locate(const struct delivery *d, struct server *s, struct error *err)
{
	const char *check = s->peer->challenge_check;
	char *host = NULL;
	int rc = 0;

	if (s->located)
		return 0;
	if (strcmp(check, "off") == 0)
		log_verbose("'%s': challenge_check is off: what is served "
		    "there is not looked at", s->peer->name);
	else if (strcmp(check, "auto") != 0)
		rc = str_dup(&s->address, check, err);
	else if (peer_host(d->config, s->peer, &host, err) == -1)
		rc = -1;
	else if (host != NULL)
		rc = host_port_text(host, HTTP_PORT, &s->address, err);
	else
		log_verbose("'%s': its url names no host, so what is served "
		    "there is not looked at; set challenge_check to "
		    "HOST:PORT", s->peer->name);
	free(host);
	s->located = rc == 0;
	return rc;
}

/* What the web server answers now; where nothing is known of that, as if it
 * could not be reached. */
static int
look(const struct delivery *d, struct server *s, const struct response *r,
    struct http_check *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	out->verdict = HTTP_CHECK_UNREACHABLE;
	if (locate(d, s, err) == -1)
		return -1;
	if (s->address == NULL || s->silent)
		return 0;
	if (http_check(s->address, r->name, r->token, r->text, out, err)
	    == -1)
		return -1;
	s->silent = out->verdict == HTTP_CHECK_UNREACHABLE;
	return 0;
}

int
delivery_is_stateless(struct delivery *d, const char *name,
    const char *thumbprint, bool *yes, struct error *err)
{
	char token[DELIVERY_TOKEN];
	char *text = NULL;
	struct response r = { name, token, NULL };
	struct http_check c;
	int rc = -1;

	*yes = false;
	if (delivery_token(token, err) == -1 ||
	    acme_key_authorization(token, thumbprint, &text, err) == -1)
		return -1;
	r.text = text;
	for (size_t i = 0; i < d->n && !*yes; i++) {
		if (look(d, &d->v[i], &r, &c, err) == -1)
			goto out;
		*yes = c.verdict == HTTP_CHECK_RIGHT;
	}
	rc = 0;
out:
	free(text);
	return rc;
}

/* ---- delivering --------------------------------------------------------- */

static int
put(const struct delivery *d, struct server *s, const struct response *r,
    struct error *err)
{
	struct transport_options o = { .config = d->config,
		.terminal = d->terminal, .challenge = true };

	if (s->down) {
		*err = s->why;
		return -1;
	}
	if ((s->transport == NULL && transport_open(s->peer, &o,
	    &s->transport, err) == -1) || transport_challenge_put(
	    s->transport, r->token, r->text, err) == -1) {
		/* one that is not reached is not tried for each name */
		s->down = err->code == CODE_RETRY;
		s->why = *err;
		return -1;
	}
	return 0;
}

static int
not_served(const struct server *s, const struct response *r,
    const struct http_check *c, struct error *err)
{
	return error_set(err, CODE_UNAUTHORIZED, "'%s': the web server at %s "
	    "%s where the response for '%s' was put, so the CA was not "
	    "asked; is its web root the one that the peer '%s' delivers "
	    "into?", s->peer->name, vis(s->address), c->detail, r->name,
	    s->peer->name);
}

/* What is served once the response is there; `before` was seen without. */
static int
confirm(const struct delivery *d, struct server *s, const struct response *r,
    const struct http_check *before, enum part *part, struct error *err)
{
	struct http_check c = *before;

	*part = PART_MAYBE;
	if (!s->silent && look(d, s, r, &c, err) == -1)
		return -1;
	switch (c.verdict) {
	case HTTP_CHECK_RIGHT:
		*part = PART_RIGHT;
		break;
	case HTTP_CHECK_WRONG:
	case HTTP_CHECK_MISSING:
		return not_served(s, r, &c, err);
	case HTTP_CHECK_REDIRECT:
		log_warn("'%s': the web server at %s %s; the CA will follow, "
		    "and may not find the response for '%s' there",
		    s->peer->name, s->address, c.detail, r->name);
		break;
	case HTTP_CHECK_UNREACHABLE:
		/* said once */
		if (c.detail[0] != '\0')
			log_warn("'%s': the web server at %s %s; going on, "
			    "since the CA may have another way to it",
			    s->peer->name, s->address, c.detail);
		break;
	}
	return 0;
}

static int
serve(const struct delivery *d, struct server *s, const struct response *r,
    enum part *part, struct error *err)
{
	struct http_check c;
	bool known = s->down;

	*part = PART_NONE;
	if (look(d, s, r, &c, err) == -1)
		return -1;
	if (c.verdict == HTTP_CHECK_RIGHT) {
		log_verbose("'%s': the web server at %s answers for '%s' "
		    "already", s->peer->name, s->address, r->name);
		*part = PART_RIGHT;
		return 0;
	}
	if (!s->peer->challenge)
		return 0;
	if (put(d, s, r, err) == 0)
		return confirm(d, s, r, &c, part, err);
	/* it is up and does not have it, or it will not have it */
	if (c.verdict != HTTP_CHECK_UNREACHABLE || !s->down)
		return -1;
	if (!known)
		log_warn("%s", err->msg);
	*part = PART_DOWN;
	return 0;
}

/* The servers' parts together. */
static int
judge(const struct delivery *d, const struct response *r,
    const size_t parts[], const struct error *down, struct error *err)
{
	struct buf who;

	if (parts[PART_RIGHT] > 0)
		return 0;
	if (parts[PART_DOWN] > 0) {
		*err = *down;
		return -1;
	}
	if (parts[PART_MAYBE] > 0)
		return 0;
	buf_init(&who, 1024);
	delivery_who(d, &who);
	error_set(err, CODE_UNAUTHORIZED, "'%s': nothing here can prove it: "
	    "%s%sdoes not answer for this account, and none has "
	    "'challenge: true'", r->name, buf_str(&who),
	    who.len > 0 ? " " : "");
	buf_free(&who);
	return -1;
}

int
delivery_serve(struct delivery *d, const char *name, const char *token,
    const char *key_authorization, struct error *err)
{
	const struct response r = { name, token, key_authorization };
	size_t parts[PART_RIGHT + 1] = { 0 };
	struct error down;
	enum part part;

	error_clear(&down);
	for (size_t i = 0; i < d->n; i++) {
		if (serve(d, &d->v[i], &r, &part, err) == -1)
			return -1;
		parts[part]++;
		if (part == PART_DOWN && down.code == CODE_OK)
			down = d->v[i].why;
	}
	return judge(d, &r, parts, &down, err);
}

void
delivery_remove(struct delivery *d, const char *token)
{
	struct error err;

	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].transport == NULL)
			continue;
		error_clear(&err);
		if (transport_challenge_remove(d->v[i].transport, token, &err)
		    == -1)
			log_verbose("%s", err.msg);
	}
}
