/* SPDX-License-Identifier: ISC */
#include "transport/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "seal/cms.h"
#include "transport/bundle_impl.h"
#include "transport/bundle_json.h"
#include "transport/bundle_state.h"

/* Reading one; sending is in bundle_send.c. */
struct fetch {
	const struct bundle_place *place;
	const struct transport_options *o;
	const struct request *request;
	const char *state_dir;
	struct seal_certs senders;
	struct seal_identity id;
	struct bundle_seen seen;	/* what is there if it is the same */
	char *tag;			/* the new one */
	char digest[DIGEST_SHA256_HEX];
};

const char *
bundle_channel(const char *url)
{
	const char *slash = strrchr(url, '/');

	return slash != NULL ? slash + 1 : url;
}

int
bundle_too_long(const char *name, struct error *err)
{
	return error_set(err, CODE_ERROR, "'%s': has more than %d MiB, no "
	    "bundle is that long; is it the right one?", vis(name),
	    LIMIT_BUNDLE / (1024 * 1024));
}

int
bundle_check_channel(const struct bundle_place *place, struct error *err)
{
	if (place->channel == NULL || bundle_channel_ok(place->channel))
		return 0;
	return error_set(err, CODE_USAGE, "'%s': its name cannot be that of a "
	    "bundle's channel, want UTF-8 of at most %d bytes",
	    vis(place->name), BUNDLE_CHANNEL_MAX);
}

/* ---- what is asked for -------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
has(const struct strs *sorted, const char *s)
{
	return s != NULL && sorted->n > 0 && bsearch(&s, sorted->v, sorted->n,
	    sizeof(*sorted->v), compare) != NULL;
}

/* As another acmeferry would answer: no files but of those that are chosen and
 * that the asking side has not.  *wanted: there are such. */
static int
narrow(struct fetch *f, struct offer *o, bool *wanted, struct error *err)
{
	struct strs have = { 0 };
	struct offered *of;
	struct error why;
	bool *chosen;

	*wanted = false;
	if (f->request->have != NULL &&
	    strs_copy(&have, f->request->have, err) == -1)
		return -1;
	strs_sort(&have);
	if ((chosen = calloc(o->n + 1, sizeof(*chosen))) == NULL) {
		strs_free(&have);
		return error_nomem(err);
	}
	error_clear(&why);
	/* an ambiguous choice is for the asking side to tell */
	if (offer_choose(o, f->request, "", chosen, &why) == -1)
		memset(chosen, 0, o->n * sizeof(*chosen));
	for (size_t i = 0; i < o->n; i++) {
		of = o->v[i];
		if (of->state == OFFERED_BROKEN)
			continue;
		if (chosen[i] && !has(&have, of->identity)) {
			*wanted = true;
			continue;
		}
		of->state = chosen[i] ? OFFERED_HAVE : OFFERED_LISTED;
		account_free(of->account);
		of->account = NULL;
	}
	free(chosen);
	strs_free(&have);
	return 0;
}

/* ---- what was seen before ----------------------------------------------- */

/* What the place told last, and its tag where that is enough for the request;
 * the newest of several senders. */
static int
recall(struct fetch *f, const char **tag, struct error *err)
{
	struct bundle_seen s;
	bool wanted = true;

	*tag = NULL;
	if (f->place->channel == NULL)
		return 0;
	for (size_t i = 0; i < f->senders.n; i++) {
		if (bundle_seen_load(f->state_dir,
		    f->senders.v[i].fingerprint, f->place->channel, &s,
		    err) == -1)
			return -1;
		if (s.found && s.tag != NULL && s.place != NULL &&
		    strcmp(s.place, f->place->name) == 0 &&
		    (!f->seen.found || s.sequence > f->seen.sequence)) {
			bundle_seen_free(&f->seen);
			f->seen = s;
		} else
			bundle_seen_free(&s);
	}
	if (!f->seen.found)
		return 0;
	if (narrow(f, &f->seen.offer, &wanted, err) == -1)
		return -1;
	if (!wanted)
		*tag = f->seen.tag;
	return 0;
}

static int
rollback(const struct fetch *f, const char *why, struct error *err)
{
	return error_set(err, CODE_TRUST, "'%s': %s; if that is right (its "
	    "sender was restored from a backup, its clock was wrong), take it "
	    "with --accept-rollback", vis(f->place->name), why);
}

static int
check_end(const struct fetch *f, int64_t expires, struct error *err)
{
	char text[TIME_TEXT];

	if (expires > clock_now() || f->o->accept_rollback)
		return 0;
	return error_set(err, CODE_TRUST, "'%s': is too old, it was to be "
	    "used until %s; its sender has not pushed since (or take it with "
	    "--accept-rollback)", vis(f->place->name),
	    time_text(expires, text, sizeof(text)));
}

/* The order of a sender's bundles in one channel (under the lock). */
static int
check_sequence(const struct fetch *f, const struct bundle_seen *old,
    const struct bundle_head *h, struct error *err)
{
	if (!old->found || f->o->accept_rollback)
		return 0;
	if (h->sequence < old->sequence)
		return rollback(f, "is older than one that came from the same "
		    "sender before", err);
	if (h->sequence == old->sequence &&
	    strcmp(f->digest, old->digest) != 0)
		return rollback(f, "has the number of one that came from the "
		    "same sender before, and other bytes", err);
	return 0;
}

static bool
equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int
remember(struct fetch *f, const struct bundle_seen *old,
    const struct bundle_head *h, const struct offer *o, struct error *err)
{
	/* all borrowed */
	struct bundle_seen new = { .sequence = h->sequence,
		.expires = h->expires, .digest = f->digest, .tag = f->tag,
		.offer = *o };
	int rc = 0;

	/* an hourly look at the same thing writes nothing */
	if (old->found && old->sequence == h->sequence &&
	    equal(old->digest, f->digest) && equal(old->tag, f->tag) &&
	    equal(old->place, f->place->name))
		return 0;
	if ((rc = str_dup(&new.place, f->place->name, err)) == 0)
		rc = bundle_seen_save(f->state_dir, h->sender, h->channel,
		    &new, err);
	free(new.place);
	return rc;
}

static int
judge(struct fetch *f, const struct bundle_head *h, const struct offer *o,
    struct error *err)
{
	struct lock lock = LOCK_NONE;
	struct bundle_seen old = { 0 };
	int rc = -1;

	if (check_end(f, h->expires, err) == -1)
		return -1;
	if (!f->o->dry_run &&
	    bundle_state_lock(f->state_dir, &lock, err) == -1)
		return -1;
	if (bundle_seen_load(f->state_dir, h->sender, h->channel, &old,
	    err) == 0 && check_sequence(f, &old, h, err) == 0)
		rc = f->o->dry_run ? 0 : remember(f, &old, h, o, err);
	bundle_seen_free(&old);
	lock_release(&lock);
	return rc;
}

/* ---- opening ------------------------------------------------------------ */

static int
check_head(const struct fetch *f, const struct bundle_head *h,
    const struct seal_cert *signer, struct error *err)
{
	const char *name = f->place->name;

	if (strcmp(h->sender, signer->fingerprint) != 0)
		return error_set(err, CODE_TRUST, "'%s': '%s' signed it, and "
		    "it says to be another's; a bundle counts only from the "
		    "one who made it: have him push it", vis(name),
		    vis(signer->subject));
	if (f->place->channel != NULL &&
	    strcmp(h->channel, f->place->channel) != 0)
		return error_set(err, CODE_TRUST, "'%s': was made to lie under "
		    "the name '%s'; give it that name again, or take it with "
		    "'acmeferry import'", vis(name), vis(h->channel));
	return 0;
}

static int
verify(struct fetch *f, const struct buf *der,
    const struct seal_cert **signer, struct der *content, struct error *err)
{
	const char *foreign;

	if (seal_verify(der->data, der->len, f->place->name, &f->senders,
	    signer, content, &foreign, err) == 0)
		return 0;
	if (foreign == NULL && err->sys == 0)
		error_append(err, "; copy it again, or have its sender push "
		    "it anew");
	return -1;
}

/* Frees der as soon as it is not needed. */
static int
open_bundle(struct fetch *f, struct buf *der, struct offer *out,
    struct error *err)
{
	const struct seal_cert *signer = NULL;
	struct bundle_head h = { 0 };
	struct buf plain;
	struct der content;
	int rc = -1;

	buf_init_sensitive(&plain, LIMIT_BUNDLE);
	if (verify(f, der, &signer, &content, err) == 0 &&
	    digest_sha256_hex(der->data, der->len, f->digest, err) == 0)
		rc = seal_decrypt(&content, f->place->name, &f->id, &plain,
		    err);
	buf_free(der);
	if (rc == 0)
		rc = bundle_read(&plain, f->place->name, &h, out, err);
	buf_free(&plain);
	if (rc == 0 && (check_head(f, &h, signer, err) == -1 ||
	    judge(f, &h, out, err) == -1))
		rc = -1;
	if (rc == 0)
		log_verbose("'%s': sealed by '%s', number %lld",
		    vis(f->place->name), vis(signer->subject),
		    (long long)h.sequence);
	bundle_head_free(&h);
	return rc;
}

static int
get(struct fetch *f, const char *tag, struct offer *out, struct error *err)
{
	enum bundle_got got = BUNDLE_NONE;
	struct buf der;
	bool wanted;
	int rc;

	buf_init(&der, LIMIT_BUNDLE);
	rc = f->place->get(f->place->arg, tag, &der, &got, &f->tag, err);
	if (rc == 0 && got == BUNDLE_BYTES)
		rc = open_bundle(f, &der, out, err);
	buf_free(&der);
	if (rc == -1)
		return -1;
	switch (got) {
	case BUNDLE_NONE:
		return error_set(err, CODE_ERROR, "'%s': nothing is there; is "
		    "that its place, and has its sender written it yet "
		    "('acmeferry push' or 'export' there)?",
		    vis(f->place->name));
	case BUNDLE_SAME:
		*out = f->seen.offer;
		memset(&f->seen.offer, 0, sizeof(f->seen.offer));
		return check_end(f, f->seen.expires, err);
	case BUNDLE_BYTES:
		break;
	}
	return narrow(f, out, &wanted, err);
}

static int
prepare(struct fetch *f, const struct config_peer *peer, struct error *err)
{
	if (peer->senders.n == 0)
		return error_set(err, CODE_USAGE, "'%s': needs senders: the "
		    "certificates of those whose bundles are opened, as "
		    "'acmeferry identity' there prints them",
		    vis(f->place->name));
	if (bundle_check_channel(f->place, err) == -1 ||
	    seal_certs_read_all(&peer->senders, &f->senders, err) == -1)
		return -1;
	return seal_identity_load(f->state_dir, &f->id, err);
}

int
bundle_fetch(const struct bundle_place *place,
    const struct config_peer *peer, const struct transport_options *o,
    const struct request *r, struct offer *out, struct error *err)
{
	struct fetch f = { .place = place, .o = o, .request = r,
		.state_dir = o->config->state_dir };
	const char *tag = NULL;
	int rc = -1;

	if (prepare(&f, peer, err) == 0 && recall(&f, &tag, err) == 0)
		rc = get(&f, tag, out, err);
	free(f.tag);
	bundle_seen_free(&f.seen);
	seal_certs_free(&f.senders);
	seal_identity_free(&f.id);
	return rc;
}
