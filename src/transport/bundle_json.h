/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_BUNDLE_JSON_H
#define TRANSPORT_BUNDLE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "transport/offer.h"

/* What is sealed in a bundle: JSON, as BUNDLE.md has it. */
#define BUNDLE_FORMAT	"acmeferry-bundle"

enum {
	BUNDLE_VERSION = 1,
	BUNDLE_CHANNEL_MAX = 255	/* bytes: the name of a file */
};

struct bundle_head {
	char *channel;
	int64_t sequence;
	int64_t created, expires;
	char *sender;		/* seal_cert.fingerprint */
};
void bundle_head_free(struct bundle_head *h);

/* True for what may be the name of an object: UTF-8, no slash, no control
 * character, not too long. */
bool bundle_channel_ok(const char *channel);

/* Appends it to a sensitive buf; of the offer the elements that have an account
 * and all hints. */
int bundle_write(const struct bundle_head *h, const struct offer *o,
    struct buf *out, struct error *err) WARN_UNUSED;

/*
 * Reads one and wipes and frees the text; what names it.  Every member of the
 * format must be there and of its type, and nothing may stand behind it;
 * members that are not known are ignored.  An account that must not travel is
 * only marked (OFFERED_BROKEN).  CODE_ERROR.  Free both in any case.
 */
int bundle_read(struct buf *text, const char *what, struct bundle_head *h,
    struct offer *o, struct error *err) WARN_UNUSED;

#endif
