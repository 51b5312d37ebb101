/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "seal/cms.h"
#include "store/server.h"
#include "transport/bundle_impl.h"
#include "transport/bundle_json.h"
#include "transport/bundle_state.h"

enum {
	DAY = 24 * 3600,
	LIFE = 90 * DAY,	/* of a bundle */
	FRESH = 7 * DAY,	/* sealed anew after that */
	DIGESTS = 4		/* remembered: what may lie there */
};

/* Writing one; reading is in bundle.c. */
struct sending {
	const struct bundle_place *place;
	const struct config_peer *peer;
	const struct transport_options *o;
	const char *state_dir;
	struct seal_certs recipients;
	struct seal_identity id;
	struct bundle_sent old, new;
	enum bundle_got got;
	char *tag;		/* of what is there */
	char there[DIGEST_SHA256_HEX];	/* its digest, "" */
};

/* ---- what is there ------------------------------------------------------ */

/* Of this host's, and known to it? */
static int
check_there(struct sending *s, const struct buf *der, struct error *err)
{
	struct seal_certs own = { &s->id.cert, 1, 1 };
	const struct seal_cert *signer;
	struct error why;
	struct der content;
	const char *foreign;

	if (digest_sha256_hex(der->data, der->len, s->there, err) == -1)
		return -1;
	error_clear(&why);
	if (seal_verify(der->data, der->len, s->place->name, &own, &signer,
	    &content, &foreign, &why) == -1) {
		if (foreign != NULL)
			return error_set(err, CODE_STORE, "'%s': another "
			    "sender's bundle is there, signed in the name of "
			    "'%s'; each sender needs a place of its own",
			    vis(s->place->name), foreign);
		if (why.sys != 0) {
			*err = why;
			return -1;
		}
		return error_set(err, CODE_STORE, "%s; it is not replaced: "
		    "move it away first", why.msg);
	}
	if (strs_has(&s->old.digests, s->there) || s->o->accept_rollback)
		return 0;
	return error_set(err, CODE_STORE, "'%s': a bundle of this host is "
	    "there that this host does not remember: it was restored from an "
	    "older state, or a copy of it pushes there too; if what is in the "
	    "store here is right, push with --accept-rollback",
	    vis(s->place->name));
}

static int
look(struct sending *s, struct error *err)
{
	bool here = s->old.place != NULL &&
	    strcmp(s->old.place, s->place->name) == 0;
	struct buf der;
	int rc;

	buf_init(&der, LIMIT_BUNDLE);
	rc = s->place->get(s->place->arg, here ? s->old.tag : NULL, &der,
	    &s->got, &s->tag, err);
	if (rc == 0 && s->got == BUNDLE_BYTES)
		rc = check_there(s, &der, err);
	/* it is as it was when it was written */
	if (rc == 0 && s->got == BUNDLE_SAME && s->old.digests.n > 0)
		memcpy(s->there, s->old.digests.v[0], sizeof(s->there) - 1);
	buf_free(&der);
	return rc;
}

/* ---- what is to be said ------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
digest_recipients(struct sending *s, struct error *err)
{
	char hex[DIGEST_SHA256_HEX];
	const char **v;
	struct buf b;
	int rc;

	if ((v = calloc(s->recipients.n + 1, sizeof(*v))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < s->recipients.n; i++)
		v[i] = s->recipients.v[i].fingerprint;
	qsort(v, s->recipients.n, sizeof(*v), compare);
	buf_init(&b, LIMIT_BUNDLE);
	for (size_t i = 0; i < s->recipients.n; i++) {
		buf_adds(&b, v[i]);
		buf_addc(&b, '\n');
	}
	free(v);
	if ((rc = buf_check(&b, "recipients", err)) == 0 &&
	    (rc = digest_sha256_hex(b.data, b.len, hex, err)) == 0)
		rc = str_dup(&s->new.recipients, hex, err);
	buf_free(&b);
	return rc;
}

static int
write_json(struct sending *s, const struct bundle_head *h,
    const struct offer *o, struct buf *out, struct error *err)
{
	if (bundle_write(h, o, out, err) == 0)
		return 0;
	if (out->failed && !out->nomem)
		error_set(err, CODE_STORE, "'%s': a bundle would have more "
		    "than %d MiB; want fewer accounts in it",
		    vis(s->place->name), LIMIT_BUNDLE / (1024 * 1024));
	return -1;
}

/* Of all that does not change by itself. */
static int
digest_content(struct sending *s, const struct offer *o, struct error *err)
{
	union { const char *c; char *p; } channel = { s->place->channel };
	struct bundle_head h = { .channel = channel.p,
		.sender = s->id.cert.fingerprint };
	char hex[DIGEST_SHA256_HEX];
	struct buf b;
	int rc;

	buf_init_sensitive(&b, LIMIT_BUNDLE);
	if ((rc = write_json(s, &h, o, &b, err)) == 0 &&
	    (rc = digest_sha256_hex(b.data, b.len, hex, err)) == 0)
		rc = str_dup(&s->new.content, hex, err);
	buf_free(&b);
	return rc;
}

static int
digest_accounts(struct sending *s, const struct offer *o, struct error *err)
{
	const struct offered *of;
	struct offered *to;
	char hex[DIGEST_SHA256_HEX];

	for (size_t i = 0; i < o->n; i++) {
		of = o->v[i];
		if (of->account == NULL)
			continue;
		if ((to = offer_add(&s->new.offer)) == NULL)
			return error_nomem(err);
		to->state = OFFERED_LISTED;
		if (offer_digest(of->account, hex, err) == -1 ||
		    str_dup(&to->server, of->server, err) == -1 ||
		    str_dup(&to->id, of->id, err) == -1 ||
		    str_dup(&to->digest, hex, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- what that changes -------------------------------------------------- */

static const struct offered *
find(const struct offer *o, const struct offered *of)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->v[i]->id, of->id) == 0 &&
		    server_same(o->v[i]->server, of->server))
			return o->v[i];
	return NULL;
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Why what is there does not do; NULL: it does. */
static const char *
reason(const struct sending *s)
{
	int64_t age = clock_now() - s->old.created;

	if (s->got == BUNDLE_NONE)
		return "nothing is there";
	if (s->old.digests.n == 0 ||
	    strcmp(s->there, s->old.digests.v[0]) != 0)
		return "what is there is not the last one";
	if (!same(s->old.recipients, s->new.recipients))
		return "it has other recipients now";
	if (!same(s->old.content, s->new.content))
		return "what it tells has changed";
	if (age < 0 || age >= FRESH)
		return "it is sealed anew before it grows old";
	return NULL;
}

/* One account: what becomes of it, and the ledger where its key leaves. */
static int
tell(struct sending *s, const struct offered *of, const char *why,
    struct verdicts *out, struct error *err)
{
	const struct recorder *r = s->o->recorder;
	const struct offered *old = NULL, *new = find(&s->new.offer, of);
	bool others = !same(s->old.recipients, s->new.recipients);
	enum verdict v = VERDICT_UNCHANGED;
	bool leaves;

	if (s->got != BUNDLE_NONE)
		old = find(&s->old.offer, of);
	leaves = why != NULL && (old == NULL || others || new == NULL ||
	    !same(old->digest, new->digest));
	if (why != NULL)
		v = old == NULL ? VERDICT_ADDED : VERDICT_UPDATED;
	if (leaves && r != NULL && r->record(r->arg, of, err) == -1)
		return -1;
	return verdicts_add(out, v, CODE_OK, of->server, of->id,
	    v == VERDICT_UPDATED ? why : NULL, err);
}

/* ---- writing ------------------------------------------------------------ */

static int
seal(struct sending *s, const struct offer *o, struct buf *der,
    struct error *err)
{
	union { const char *c; char *p; } channel = { s->place->channel };
	struct bundle_head h = { .channel = channel.p,
		.sender = s->id.cert.fingerprint,
		.sequence = s->new.sequence, .created = s->new.created,
		.expires = s->new.created + LIFE };
	struct buf plain;
	int rc;

	buf_init_sensitive(&plain, LIMIT_BUNDLE);
	if ((rc = write_json(s, &h, o, &plain, err)) == 0)
		rc = seal_cms(plain.data, plain.len, &s->recipients, &s->id,
		    s->place->name, der, err);
	buf_free(&plain);
	return rc;
}

/* Written down before it is there: whatever happens then, what lies there will
 * be known. */
static int
announce(struct sending *s, const char *digest, struct error *err)
{
	struct bundle_sent before = s->old;
	int rc = -1;

	memset(&before.digests, 0, sizeof(before.digests));
	before.sequence = s->new.sequence;
	if (s->there[0] != '\0' &&
	    strs_add(&before.digests, s->there, err) == -1)
		goto out;
	if (strs_add(&before.digests, digest, err) == -1)
		goto out;
	for (size_t i = 0; i < s->old.digests.n && before.digests.n < DIGESTS;
	    i++)
		if (!strs_has(&before.digests, s->old.digests.v[i]) &&
		    strs_add(&before.digests, s->old.digests.v[i], err) == -1)
			goto out;
	/* what it told is known of the first of the digests only */
	if (s->there[0] == '\0')
		before.content = NULL;
	rc = bundle_sent_save(s->state_dir, s->place->channel, &before, err);
out:
	strs_free(&before.digests);
	return rc;
}

static int
read_back(struct sending *s, const struct buf *der, struct error *err)
{
	enum bundle_got got = BUNDLE_NONE;
	char *tag = NULL;
	struct buf b;
	int rc;

	buf_init(&b, LIMIT_BUNDLE);
	rc = s->place->get(s->place->arg, NULL, &b, &got, &tag, err);
	if (rc == 0 && (got != BUNDLE_BYTES || b.len != der->len ||
	    memcmp(b.data, der->data, b.len) != 0))
		rc = error_set(err, CODE_STORE, "'%s': what is read back is "
		    "not what was written; does another sender write there",
		    vis(s->place->name));
	buf_free(&b);
	if (rc == 0)
		s->new.tag = tag;
	else
		free(tag);
	return rc;
}

static int
publish(struct sending *s, const struct offer *o, struct error *err)
{
	char hex[DIGEST_SHA256_HEX];
	struct buf der;
	int rc = -1;

	s->new.created = clock_now();
	s->new.sequence = clock_micros();
	if (s->new.sequence <= s->old.sequence)
		s->new.sequence = s->old.sequence + 1;
	buf_init(&der, LIMIT_BUNDLE);
	if (seal(s, o, &der, err) == -1 ||
	    digest_sha256_hex(der.data, der.len, hex, err) == -1 ||
	    announce(s, hex, err) == -1 ||
	    s->place->put(s->place->arg, s->got == BUNDLE_SAME &&
	    s->tag == NULL ? s->old.tag : s->tag, &der, err) == -1 ||
	    (!s->place->stream && read_back(s, &der, err) == -1) ||
	    strs_add(&s->new.digests, hex, err) == -1 ||
	    str_dup(&s->new.place, s->place->name, err) == -1)
		goto out;
	rc = bundle_sent_save(s->state_dir, s->place->channel, &s->new, err);
out:
	buf_free(&der);
	return rc;
}

/* What is there is known by its tag from now on, and need not come again. */
static int
remember_tag(struct sending *s, struct error *err)
{
	if (s->got != BUNDLE_BYTES || s->tag == NULL ||
	    (same(s->old.tag, s->tag) && same(s->old.place, s->place->name)))
		return 0;
	free(s->old.tag);
	s->old.tag = s->tag;
	s->tag = NULL;
	free(s->old.place);
	s->old.place = NULL;
	if (str_dup(&s->old.place, s->place->name, err) == -1)
		return -1;
	return bundle_sent_save(s->state_dir, s->place->channel, &s->old,
	    err);
}

/* An earlier run did not get to its end; see announce(). */
static bool
was_cut(const struct bundle_sent *old)
{
	return old->found && (old->digests.n > 1 || old->content == NULL);
}

static int
send(struct sending *s, struct offer *offer, struct verdicts *out,
    struct error *err)
{
	const char *why;

	if (bundle_sent_load(s->state_dir, s->place->channel, &s->old,
	    err) == -1 || look(s, err) == -1 ||
	    digest_recipients(s, err) == -1 ||
	    digest_content(s, offer, err) == -1 ||
	    digest_accounts(s, offer, err) == -1)
		return -1;
	why = reason(s);
	if (why != NULL)
		log_verbose("'%s': %s", vis(s->place->name), why);
	for (size_t i = 0; i < offer->n; i++)
		if (offer->v[i]->account != NULL &&
		    tell(s, offer->v[i], why, out, err) == -1)
			return -1;
	if (s->o->dry_run)
		return 0;
	if (why == NULL)
		return remember_tag(s, err);
	if (was_cut(&s->old) && s->place->tidy != NULL)
		s->place->tidy(s->place->arg);
	return publish(s, offer, err);
}

static int
prepare(struct sending *s, struct error *err)
{
	if (s->peer->recipients.n == 0)
		return error_set(err, CODE_USAGE, "'%s': needs recipients: the "
		    "certificates of those for whom it is sealed, as "
		    "'acmeferry identity' there prints them",
		    vis(s->place->name));
	if (bundle_check_channel(s->place, err) == -1 ||
	    seal_certs_read_all(&s->peer->recipients, &s->recipients,
	    err) == -1)
		return -1;
	return seal_identity_load(s->state_dir, &s->id, err);
}

int
bundle_send(const struct bundle_place *place, const struct config_peer *peer,
    const struct transport_options *o, struct offer *offer,
    struct verdicts *out, struct error *err)
{
	struct sending s = { .place = place, .peer = peer, .o = o,
		.state_dir = o->config->state_dir };
	struct lock lock = LOCK_NONE;
	int rc = -1;

	/* one at a time: what is there and what is remembered go together */
	if (prepare(&s, err) == 0 && (o->dry_run ||
	    bundle_sent_lock(s.state_dir, place->channel, &lock, err) == 0))
		rc = send(&s, offer, out, err);
	lock_release(&lock);
	free(s.tag);
	bundle_sent_free(&s.old);
	bundle_sent_free(&s.new);
	seal_certs_free(&s.recipients);
	seal_identity_free(&s.id);
	return rc;
}
