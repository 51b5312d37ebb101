/* SPDX-License-Identifier: ISC */
/* What the answers of an object store mean. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/strs.h"
#include "base/vis.h"
#include "transport/object.h"

/* <Code>SignatureDoesNotMatch</Code>: letters only, so fit to print. */
static void
take_code(struct object_answer *a, const char *body)
{
	static const char tag[] = "<Code>";
	const char *p = strstr(body, tag);
	size_t n = 0;

	a->code[0] = '\0';
	if (p == NULL)
		return;
	for (p += sizeof(tag) - 1; isalnum((unsigned char)*p) &&
	    n < sizeof(a->code) - 1; p++)
		a->code[n++] = *p;
	a->code[strncmp(p, "</Code>", 7) == 0 ? n : 0] = '\0';
}

void
object_answer_free(struct object_answer *a)
{
	free(a->etag);
	free(a->location);
	memset(a, 0, sizeof(*a));
}

void
object_answer_take(struct object_answer *a, const struct http_response *r,
    const struct error *err)
{
	object_answer_free(a);
	a->done = true;
	error_clear(&a->err);
	if (r == NULL) {
		a->failed = true;
		a->err = *err;
		return;
	}
	if (str_dup(&a->etag, r->etag, &a->err) == -1 ||
	    str_dup(&a->location, r->location, &a->err) == -1) {
		a->failed = true;
		return;
	}
	a->status = r->status;
	a->date = r->date;
	a->modified = r->modified;
	a->retry_after = r->retry_after;
	a->html = r->content_type != NULL &&
	    str_starts(r->content_type, "text/html");
	if (r->status < 400)
		return;
	take_code(a, r->body);
	/* nginx: "No required SSL certificate was sent" */
	a->wants_cert = r->status == 400 &&
	    strstr(r->body, "SSL certificate") != NULL;
}

bool
object_etag_settled(const struct object_answer *a)
{
	if (a->etag == NULL)
		return false;
	/* a store that tells no times makes it of the content, or says that
	 * it does not */
	if (a->modified == 0 || a->date == 0)
		return a->etag[0] == '"';
	return a->date - a->modified >= OBJECT_SETTLED;
}

static const char *
who(enum http_auth_kind kind, bool cert)
{
	switch (kind) {
	case HTTP_AUTH_BASIC:
		return "look at the login and the password in netrc_file";
	case HTTP_AUTH_BEARER:
		return "look at the token in token_file, it may have expired";
	case HTTP_AUTH_SIGV4:
		return "look at the access key, at sigv4's region and "
		    "service, and at this host's clock";
	case HTTP_AUTH_NONE:
		break;
	}
	return cert ? "look at client_cert" : "it wants to know who we are: "
	    "set token_file, netrc_file, client_cert or sigv4";
}

static int
refused(const char *url, bool put, enum http_auth_kind kind, bool cert,
    const struct object_answer *a, struct error *err)
{
	const char *what = put ? "is not to be written by us" :
	    "is not for us to read";

	/* S3 tells nobody what is missing who may not list */
	if (a->status == 403 && kind == HTTP_AUTH_SIGV4 &&
	    strcmp(a->code, "AccessDenied") == 0)
		return error_set(err, CODE_TRUST, "'%s': %s (403 "
		    "AccessDenied); allow this access key s3:%sObject there, "
		    "and s3:ListBucket, or an object that is not there yet "
		    "looks the same", vis(url), what, put ? "Put" : "Get");
	return error_set(err, CODE_TRUST, "'%s': %s (%ld%s%s); %s", vis(url),
	    what, a->status, a->code[0] != '\0' ? " " : "", a->code,
	    who(kind, cert));
}

static int
other(const char *url, bool put, const struct object_answer *a,
    struct error *err)
{
	const char *what = "is no answer that an object store gives; is the "
	    "URL right?";

	if (a->status >= 300 && a->status < 400 && a->status != 304)
		return error_set(err, CODE_ERROR, "'%s': redirects (%ld%s%s) "
		    "to '%s', which is not followed; if that is the place, "
		    "set it as the url", vis(url), a->status,
		    a->code[0] != '\0' ? " " : "", a->code,
		    a->location != NULL ? vis(a->location) : "");
	if (a->status == 404 || a->status == 410)
		what = put ? "nothing can be put there; is the bucket or the "
		    "folder there?" : "nothing is there; has it been pushed "
		    "to?";
	else if (a->status == 405)
		what = put ? "it takes no PUT; is writing switched on there "
		    "(WebDAV: dav_methods PUT)?" : "it takes no GET";
	else if (a->status == 413)
		what = "the bundle is too long for it (nginx: "
		    "client_max_body_size)";
	return error_set(err, CODE_ERROR, "'%s': %ld%s%s: %s", vis(url),
	    a->status, a->code[0] != '\0' ? " " : "", a->code, what);
}

int
object_status(const char *url, bool put, enum http_auth_kind kind, bool cert,
    const struct object_answer *a, struct error *err)
{
	if (a->wants_cert)
		return error_set(err, CODE_TRUST, "'%s': %s (400); %s",
		    vis(url), cert ? "does not take our client certificate" :
		    "wants a client certificate", cert ?
		    "is it of the CA that it trusts, and still valid?" :
		    "set client_cert and client_key");
	if (a->status == 401 || a->status == 403)
		return refused(url, put, kind, cert, a, err);
	if (a->status == 412)
		return error_set(err, CODE_STORE, "'%s': was changed "
		    "meanwhile (412): another sender writes there; give each "
		    "sender an object of its own", vis(url));
	if (a->status == 409)
		return error_set(err, CODE_STORE, "'%s': conflict (409%s%s): "
		    "another sender writes there, or its folder does not "
		    "exist", vis(url), a->code[0] != '\0' ? " " : "",
		    a->code);
	if (a->status == 429 || a->status >= 500) {
		error_set(err, CODE_RETRY, "'%s': %s (%ld%s%s); try again "
		    "later%s", vis(url), a->status == 429 ? "has had too many "
		    "requests" : "cannot serve us now", a->status,
		    a->code[0] != '\0' ? " " : "", a->code,
		    put && a->status == 500 ? " (nginx says so too where the "
		    "folder does not exist)" : "");
		err->retry_after = (long)a->retry_after;
		return -1;
	}
	return other(url, put, a, err);
}
