/* SPDX-License-Identifier: ISC */
/*
 * https://host/path.cms: a sealed bundle on any store that knows GET and PUT.
 * What is in it, and what is remembered of it, is bundle.h's; here is how its
 * bytes are got and put.
 */
#include "transport/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strs.h"
#include "base/vis.h"
#include "transport/bundle.h"
#include "transport/impl.h"

struct object {
	struct transport base;
	const struct config_peer *peer;
	struct transport_options opts;
	struct http *http;
	struct http_auth auth;
	struct bundle_place place;
	int64_t end;		/* of what is asked for, clock_mono() */
	struct object_answer answer;
	struct buf *body;	/* where a 200 goes; NULL: nowhere */
	bool nothing;		/* the last get found nothing */
	char *etag;		/* and this, NULL: none */
};

static void
object_free(struct transport *t)
{
	struct object *o = (struct object *)t;

	/* what is in flight ends here, and uses the rest */
	o->body = NULL;
	http_free(o->http);
	http_auth_free(&o->auth);
	object_answer_free(&o->answer);
	free(o->etag);
	free(o);
}

static void
on_answer(void *arg, const struct http_response *r, const struct error *err)
{
	struct object *o = arg;

	object_answer_take(&o->answer, r, err);
	if (r == NULL || r->status != 200 || o->body == NULL)
		return;
	buf_add(o->body, r->body, r->body_len);
	if (!o->body->failed)
		return;
	o->answer.failed = true;
	if (o->body->nomem)
		error_nomem(&o->answer.err);
	else
		bundle_too_long(o->peer->url, &o->answer.err);
}

/* One request, to its end. */
static int
exchange(struct object *o, struct http_request *req, struct buf *body,
    struct error *err)
{
	int rc = 0;

	req->url = o->peer->url;
	req->auth = &o->auth;
	req->max_body = LIMIT_OBJECT;
	req->total = o->end - clock_mono();
	if (req->total <= 0)
		return error_set(err, CODE_RETRY, "'%s': deadline passed",
		    vis(req->url));
	object_answer_free(&o->answer);
	o->body = body;
	if (http_request(o->http, req, on_answer, o, err) == -1)
		return -1;
	while (rc == 0 && !o->answer.done) {
		rc = http_step(o->http, 1000, err);
		log_progress("waiting for %s", o->peer->name);
	}
	o->body = NULL;
	if (rc == -1)
		return -1;
	if (!o->answer.failed)
		return 0;
	*err = o->answer.err;
	return -1;
}

static int
refuse(const struct object *o, bool put, struct error *err)
{
	return object_status(o->peer->url, put, o->auth.kind,
	    o->auth.cert.data != NULL, &o->answer, err);
}

static int
get(void *arg, const char *tag, struct buf *der, enum bundle_got *got,
    char **newtag, struct error *err)
{
	struct http_request req = { .method = HTTP_GET,
		.if_none_match = tag };
	struct object *o = arg;
	const struct object_answer *a = &o->answer;

	*newtag = NULL;
	if (exchange(o, &req, der, err) == -1)
		return -1;
	o->nothing = a->status == 404 || a->status == 410;
	free(o->etag);
	o->etag = NULL;
	if (o->nothing) {
		*got = BUNDLE_NONE;
		return 0;
	}
	if (a->status == 304 && tag != NULL) {
		*got = BUNDLE_SAME;
		if (str_dup(&o->etag, tag, err) == -1)
			return -1;
		return str_dup(newtag, tag, err);
	}
	if (a->status != 200)
		return refuse(o, false, err);
	if (a->html)
		return error_set(err, CODE_ERROR, "'%s': answers with an HTML "
		    "page, want a sealed bundle; is the URL right, and does "
		    "it ask for a login?", vis(o->peer->url));
	*got = BUNDLE_BYTES;
	if (str_dup(&o->etag, a->etag, err) == -1)
		return -1;
	return str_dup(newtag, object_etag_settled(a) ? a->etag : NULL, err);
}

/* Of a weak ETag no condition can be made (RFC 9110 section 13.1.1). */
static int
put_once(struct object *o, const struct buf *der, bool conditions,
    struct error *err)
{
	struct http_request req = { .method = HTTP_PUT,
		.content_type = "application/cms", .body = buf_str(der),
		.body_len = der->len };

	if (conditions && o->nothing)
		req.if_none_match = "*";
	else if (conditions && o->etag != NULL && o->etag[0] == '"')
		req.if_match = o->etag;
	return exchange(o, &req, NULL, err);
}

static int
put(void *arg, const char *tag, const struct buf *der, struct error *err)
{
	struct object *o = arg;

	/* what get() found is known better here */
	(void)tag;
	if (put_once(o, der, true, err) == -1)
		return -1;
	/* stores that know no conditions on a PUT say so */
	if (o->answer.status == 501 && put_once(o, der, false, err) == -1)
		return -1;
	return o->answer.status >= 200 && o->answer.status < 300 ? 0 :
	    refuse(o, true, err);
}

static void
begin(struct object *o)
{
	o->end = clock_mono() + o->peer->deadline * 1000;
}

static int
object_fetch(struct transport *t, const struct request *r, struct offer *out,
    struct error *err)
{
	struct object *o = (struct object *)t;

	begin(o);
	return bundle_fetch(&o->place, o->peer, &o->opts, r, out, err);
}

static int
object_send(struct transport *t, struct offer *offer, struct verdicts *out,
    struct error *err)
{
	struct object *o = (struct object *)t;

	begin(o);
	return bundle_send(&o->place, o->peer, &o->opts, offer, out, err);
}

static const struct transport_ops object_ops = {
	object_fetch, NULL, object_send, NULL, NULL, NULL, object_free, true
};

/* "host" or "[::1]" of a URL that the configuration has checked. */
static int
host_of(const char *url, char **out, struct error *err)
{
	const char *p = url + strlen("https://");
	size_t n = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/");

	if (*p == '[') {
		p++;
		n -= 2;
	}
	return str_printf(out, err, "%.*s", (int)n, p);
}

int
object_open(const struct config_peer *peer,
    const struct transport_options *opts, struct transport **out,
    struct error *err)
{
	struct http_auth_files files = { .token_file = peer->token_file,
		.netrc_file = peer->netrc_file,
		.client_cert = peer->client_cert,
		.client_key = peer->client_key, .sigv4 = peer->sigv4,
		.credentials_file = peer->credentials_file };
	struct http_options ho = { .ca_file = opts->config->ca_file,
		.proxy = opts->config->proxy };
	char *host = NULL;
	struct object *o;
	int rc = -1;

	if (opts->challenge || opts->issue)
		return error_set(err, CODE_USAGE, "'%s': an object store %s",
		    vis(peer->name), opts->issue ? "issues no certificates" :
		    "answers no challenge");
	if ((o = calloc(1, sizeof(*o))) == NULL)
		return error_nomem(err);
	o->base.ops = &object_ops;
	o->peer = peer;
	o->opts = *opts;
	o->place.name = peer->url;
	o->place.channel = bundle_channel(peer->url);
	o->place.get = get;
	o->place.put = put;
	o->place.arg = o;
	if (host_of(peer->url, &host, err) == -1 ||
	    http_auth_load(&o->auth, &files, host, err) == -1 ||
	    http_new(&ho, &o->http, err) == -1)
		goto out;
	*out = &o->base;
	o = NULL;
	rc = 0;
out:
	free(host);
	if (o != NULL)
		object_free(&o->base);
	return rc;
}
