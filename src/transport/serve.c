/* SPDX-License-Identifier: ISC */
#include "transport/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "store/server.h"
#include "transport/message.h"
#include "transport/serve_impl.h"

static const struct {
	const char *name;
	unsigned int right;
} rights_table[] = {
	{ "read", SERVE_READ },
	{ "write", SERVE_WRITE },
	{ "challenge", SERVE_CHALLENGE },
	{ "issue", SERVE_ISSUE }
};
enum {
	NRIGHTS = sizeof(rights_table) / sizeof(rights_table[0])
};

int
serve_rights(const char *text, unsigned int *rights, struct error *err)
{
	size_t len, i;

	for (const char *p = text;; p += len + 1) {
		len = strcspn(p, ",");
		for (i = 0; i < NRIGHTS; i++)
			if (strlen(rights_table[i].name) == len &&
			    memcmp(rights_table[i].name, p, len) == 0)
				break;
		if (i == NRIGHTS)
			return error_set(err, CODE_USAGE, "--allow: found "
			    "'%s', want read, write, challenge or issue, or "
			    "several with commas between", vis_n(p, len));
		*rights |= rights_table[i].right;
		if (p[len] == '\0')
			return 0;
	}
}

const char *
serve_rights_text(unsigned int rights, char buf[SERVE_RIGHTS_TEXT])
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NRIGHTS; i++)
		if ((rights & rights_table[i].right) != 0)
			len += (size_t)snprintf(buf + len,
			    SERVE_RIGHTS_TEXT - len, "%s%s",
			    len > 0 ? "," : "", rights_table[i].name);
	return buf;
}

const char *
serve_client(const struct session *s)
{
	return s->o->client != NULL ? s->o->client : "unknown";
}

int
serve_note(const struct session *s, const char *operation, const char *server,
    const char *id, const char *result, struct error *err)
{
	struct ledger_entry e = { .client = serve_client(s),
		.connection = getenv("SSH_CONNECTION"), .server = server,
		.id = id, .operation = operation, .result = result };

	return store_ledger_add(s->store, &e, err);
}

static void
audit(const struct session *s, const char *result)
{
	const char *from = getenv("SSH_CONNECTION");
	const char *wanted = getenv("SSH_ORIGINAL_COMMAND");

	log_audit("serve: client '%s' from '%s'%s%s%s: %s: %zu %s: %s",
	    vis(serve_client(s)), from != NULL ? vis(from) : "-",
	    wanted != NULL ? " wanted '" : "",
	    wanted != NULL ? vis(wanted) : "", wanted != NULL ? "'" : "",
	    s->operation, s->given, strcmp(s->operation, "challenge") == 0 ?
	    "responses" : strcmp(s->operation, "issue") == 0 ?
	    "certificates" : "accounts", vis(result));
}

/* ---- read -------------------------------------------------------------- */

/* The ledger first: no key leaves that is not in it. */
static int
give(struct session *s, const struct offer *offer, struct error *err)
{
	const struct offered *of;

	for (size_t i = 0; i < offer->n; i++) {
		of = offer->v[i];
		if (of->state != OFFERED_SENT)
			continue;
		if (serve_note(s, "gave", of->server, of->id, "ok", err) == -1)
			return -1;
		log_audit("serve: gave account %s of %s to '%s'",
		    vis(of->id), vis(of->server), vis(serve_client(s)));
		s->given++;
	}
	for (size_t i = 0; i < offer->n; i++)
		if (put_offered(&s->wire, &s->out, offer->v[i], err) == -1 ||
		    (s->out.len > LIMIT_FRAME / 2 &&
		    wire_flush(&s->wire, &s->out, err) == -1))
			return -1;
	if (put_hints(&s->wire, &s->out, &offer->hints, err) == -1 ||
	    put_end(&s->wire, &s->out, offer->n, NULL, err) == -1)
		return -1;
	return wire_flush(&s->wire, &s->out, err);
}

static int
do_read(struct session *s, const struct request *r, struct error *err)
{
	struct offer offer = { 0 };
	int rc = -1;

	if (offer_of_store(s->store, r, &s->o->grant, &offer, err) == 0)
		rc = give(s, &offer, err);
	offer_free(&offer);
	return rc;
}

/* ---- write ------------------------------------------------------------- */

static int
put_listing(struct session *s, const struct request *r, struct error *err)
{
	struct grant grant = s->o->grant;
	struct offer offer = { 0 };
	int rc = -1;

	/* names limit reading; what may be replaced must be seen */
	grant.names = NULL;
	if (listing_of_store(s->store, r, &grant, &offer, err) == -1)
		goto out;
	for (size_t i = 0; i < offer.n; i++)
		if (put_offered(&s->wire, &s->out, offer.v[i], err) == -1 ||
		    (s->out.len > LIMIT_FRAME / 2 &&
		    wire_flush(&s->wire, &s->out, err) == -1))
			goto out;
	if (put_end(&s->wire, &s->out, offer.n, r->servers, err) == 0)
		rc = wire_flush(&s->wire, &s->out, err);
out:
	offer_free(&offer);
	return rc;
}

static int
put_verdicts(struct session *s, const struct verdicts *l, struct error *err)
{
	for (size_t i = 0; i < l->n; i++)
		if (put_verdict(&s->wire, &s->out, &l->v[i], err) == -1 ||
		    (s->out.len > LIMIT_FRAME / 2 &&
		    wire_flush(&s->wire, &s->out, err) == -1))
			return -1;
	if (put_end(&s->wire, &s->out, l->n, NULL, err) == -1)
		return -1;
	return wire_flush(&s->wire, &s->out, err);
}

/* What the grant does not cover becomes one that cannot travel. */
static int
limit(const struct session *s, struct offer *offer, struct error *err)
{
	struct offered *of;

	for (size_t i = 0; i < offer->n; i++) {
		of = offer->v[i];
		if (s->o->grant.account == NULL || of->account == NULL ||
		    account_matches(of->account, s->o->grant.account))
			continue;
		account_free(of->account);
		of->account = NULL;
		of->state = OFFERED_BROKEN;
		if (str_dup(&of->problem, "is not the account that may be "
		    "written here", err) == -1)
			return -1;
	}
	return 0;
}

static int
do_write(struct session *s, const struct request *listed,
    const struct demand *d, struct error *err)
{
	struct offer offer = { 0 };
	struct verdicts verdicts = { 0 };
	enum wire_result got;
	int rc = -1;

	if (put_listing(s, listed, err) == -1)
		return -1;
	got = get_answer(&s->wire, &offer, NULL, err);
	if (got == WIRE_EOF) {
		/* a dry run, or nothing to send */
		rc = 0;
		goto out;
	}
	if (got != WIRE_OK || limit(s, &offer, err) == -1)
		goto out;
	s->given = offer.n;
	if (s->o->receiver->receive(s->o->receiver->arg, s->store, &offer,
	    d->prefer, d->verbatim, &verdicts, err) == -1)
		goto out;
	rc = put_verdicts(s, &verdicts, err);
out:
	offer_free(&offer);
	verdicts_free(&verdicts);
	return rc;
}

/* ---- issue ------------------------------------------------------------- */

static int
give_certificate(struct session *s, const struct csr_request *r,
    struct error *err)
{
	char *names = strs_join(&r->names, ", ");
	struct buf pem;
	int rc = -1;

	buf_init(&pem, LIMIT_PEM_FILE);
	log_audit("serve: a certificate for '%s' is asked for by '%s'",
	    names != NULL ? vis(names) : "?", vis(serve_client(s)));
	free(names);
	if (s->o->issuer->issue(s->o->issuer->arg, s->store, r, &pem,
	    err) == 0 && put_certificate(&s->wire, &s->out, buf_str(&pem),
	    err) == 0) {
		s->given = 1;
		rc = wire_flush(&s->wire, &s->out, err);
	}
	buf_free(&pem);
	return rc;
}

/* What a client must say before anything is done for it. */
static int
came(const struct session *s, enum wire_result got, struct error *err)
{
	if (got == WIRE_EOF)
		return error_set(err, CODE_RETRY, "'%s': went away before it "
		    "asked", vis(s->wire.what));
	return got == WIRE_OK ? 0 : -1;
}

static int
do_issue(struct session *s, struct error *err)
{
	struct csr_request r;
	json *j = NULL;
	int rc;

	if (came(s, wire_get(&s->wire, &j, err), err) == -1)
		return -1;
	rc = get_request(&s->wire, j, &r, err);
	json_put_secret(j);
	if (rc == 0)
		rc = give_certificate(s, &r, err);
	csr_request_free(&r);
	return rc;
}

/* ---- the session ------------------------------------------------------- */

static int
allowed(const struct session *s, unsigned int right, const char *name,
    struct error *err)
{
	if ((s->o->rights & right) != 0)
		return 0;
	return error_set(err, CODE_TRUST, "the right '%s' was not granted to "
	    "this key; 'acmeferry authorize' there prints how to", name);
}

static int
dispatch(struct session *s, const struct demand *d, struct error *err)
{
	struct request r = demand_request(d);

	switch (d->op) {
	case OP_READ:
		s->operation = "read";
		if (allowed(s, SERVE_READ, "read", err) == -1)
			return -1;
		return do_read(s, &r, err);
	case OP_WRITE:
		s->operation = "write";
		if (allowed(s, SERVE_WRITE, "write", err) == -1)
			return -1;
		/* what may be written is what is told */
		r.servers = &s->o->write_servers;
		return do_write(s, &r, d, err);
	case OP_CHALLENGE:
		s->operation = "challenge";
		if (allowed(s, SERVE_CHALLENGE, "challenge", err) == -1)
			return -1;
		return serve_challenge(s, err);
	case OP_ISSUE:
		s->operation = "issue";
		if (allowed(s, SERVE_ISSUE, "issue", err) == -1)
			return -1;
		return do_issue(s, err);
	}
	return -1;
}

static int
session(struct session *s, struct error *err)
{
	struct demand d;
	json *j = NULL;
	int rc;

	wire_hello(&s->out);
	if (wire_flush(&s->wire, &s->out, err) == -1)
		return -1;
	if (came(s, wire_get_hello(&s->wire, 0, err), err) == -1)
		return -1;
	if (came(s, wire_get(&s->wire, &j, err), err) == -1)
		return -1;
	rc = get_demand(&s->wire, j, &d, err);
	json_put_secret(j);
	if (rc == -1)
		return -1;
	rc = dispatch(s, &d, err);
	demand_free(&d);
	return rc;
}

/* Told to the other side, if it is still there. */
static void
tell(struct session *s, const struct error *why)
{
	struct error ignored;

	error_clear(&ignored);
	buf_reset(&s->out);
	if (put_error(&s->wire, &s->out, why, &ignored) == -1 ||
	    wire_flush(&s->wire, &s->out, &ignored) == -1)
		log_verbose("%s", ignored.msg);
}

int
serve_run(struct store *store, const struct serve_options *o,
    struct error *err)
{
	struct session s = { .store = store, .o = o, .operation = "none" };
	struct error more;
	int rc;

	wire_init(&s.wire, o->in, o->out, serve_client(&s));
	s.wire.deadline = clock_mono() + LIMIT_SERVE_TOTAL;
	buf_init_sensitive(&s.out, 2 * LIMIT_FRAME);
	rc = session(&s, err);
	if (rc == -1)
		tell(&s, err);
	audit(&s, rc == 0 ? "ok" : err->msg);
	error_clear(&more);
	if (serve_note(&s, rc == 0 ? s.operation : "refused", NULL, NULL,
	    code_name(rc == 0 ? CODE_OK : err->code), &more) == -1)
		log_warn("%s", more.msg);
	buf_free(&s.out);
	wire_free(&s.wire);
	return rc;
}
