/* SPDX-License-Identifier: ISC */
#ifndef TRANSPORT_MESSAGE_H
#define TRANSPORT_MESSAGE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/strs.h"
#include "transport/offer.h"
#include "transport/transport.h"
#include "transport/wire.h"

/*
 * What the frames of PROTOCOL.md say.  put_* append one frame to a buffer
 * (sensitive where keys travel), get_* read a frame's object; what a get_*
 * cannot read is CODE_ERROR that names the member, but an account that must
 * not travel is only marked OFFERED_BROKEN, with its problem.
 */

/* The first frame, as the server has read it. */
enum op { OP_READ, OP_WRITE, OP_CHALLENGE, OP_ISSUE };

struct demand {
	enum op op;
	struct strs servers, accounts, names, have;
	bool all, verbatim;
	enum prefer prefer;
};
int put_demand(const struct wire *w, struct buf *b, enum op op,
    const struct request *r, enum prefer prefer, bool verbatim,
    struct error *err) WARN_UNUSED;
int get_demand(const struct wire *w, const json *j, struct demand *d,
    struct error *err) WARN_UNUSED;
void demand_free(struct demand *d);
struct request demand_request(const struct demand *d);

/* One account; its files go along where state is OFFERED_SENT. */
int put_offered(const struct wire *w, struct buf *b,
    const struct offered *of, struct error *err) WARN_UNUSED;
/* The caller puts j back. */
int get_offered(const struct wire *w, const json *j, struct offer *o,
    struct error *err) WARN_UNUSED;

/* All hints, in as many frames as they need. */
int put_hints(struct wire *w, struct buf *b, const struct hints *l,
    struct error *err) WARN_UNUSED;
int get_hints(const struct wire *w, const json *j, struct hints *l,
    struct error *err) WARN_UNUSED;

/*
 * Parts of those that a bundle (bundle_json.h) has too; what names the other
 * side.  put_*: one member or element.  get_account_files: `of` is SENT, or
 * BROKEN with its problem.  check_account_names: server and id become paths
 * here; *bad: they are not fit for it, and `of` is BROKEN.
 */
void put_account_files(struct json_w *j, const struct account *a);
void put_hint(struct json_w *j, const struct hint *h);
int get_account_files(const char *what, const json *files,
    struct offered *of, struct error *err) WARN_UNUSED;
int check_account_names(struct offered *of, bool *bad, struct error *err)
    WARN_UNUSED;
int get_hint_list(const char *what, const json *arr, struct hints *l,
    struct error *err) WARN_UNUSED;

int put_verdict(const struct wire *w, struct buf *b,
    const struct verdict_ref *v, struct error *err) WARN_UNUSED;
int get_verdict(const struct wire *w, const json *j, struct verdicts *l,
    struct error *err) WARN_UNUSED;

/* What the client of OP_CHALLENGE asks for, a frame each. */
struct response_ask {
	char *token;
	char *key_authorization;	/* NULL: remove it */
};
int put_response_ask(const struct wire *w, struct buf *b, const char *token,
    const char *key_authorization, struct error *err) WARN_UNUSED;
/* Checked for form only; free also after an error. */
int get_response_ask(const struct wire *w, const json *j,
    struct response_ask *out, struct error *err) WARN_UNUSED;
void response_ask_free(struct response_ask *a);

/* And what is answered. */
enum response_result {
	RESPONSE_ADDED,
	RESPONSE_UNCHANGED,	/* was there, or was not */
	RESPONSE_REMOVED,
	RESPONSE_REFUSED	/* why says it */
};
int put_response(const struct wire *w, struct buf *b, const char *token,
    enum response_result result, const struct error *why, struct error *err)
    WARN_UNUSED;
/* *refused: then *why is filled in with its code and reason.  An answer about
 * another token is an error. */
int get_response(const struct wire *w, const json *j, const char *token,
    bool *refused, struct error *why, struct error *err) WARN_UNUSED;

/* Of OP_ISSUE: the request, and its answer. */
int put_request(const struct wire *w, struct buf *b,
    const struct csr_request *r, struct error *err) WARN_UNUSED;
/* Checked for form only; free also after an error. */
int get_request(const struct wire *w, const json *j,
    struct csr_request *out, struct error *err) WARN_UNUSED;
int put_certificate(const struct wire *w, struct buf *b, const char *pem,
    struct error *err) WARN_UNUSED;
/* Appends PEM text of which nothing is known. */
int get_certificate(const struct wire *w, const json *j, struct buf *pem,
    struct error *err) WARN_UNUSED;

/* servers: that may be sent, NULL: nothing is said of them. */
int put_end(const struct wire *w, struct buf *b, size_t n,
    const struct strs *servers, struct error *err) WARN_UNUSED;
int put_error(const struct wire *w, struct buf *b, const struct error *what,
    struct error *err) WARN_UNUSED;

/*
 * Reads frames of accounts, lineages and verdicts until {"end": n}, which is
 * compared with what came; l NULL: verdicts are unexpected.  WIRE_EOF: ended
 * before the end.
 */
enum wire_result get_answer(struct wire *w, struct offer *o,
    struct verdicts *l, struct error *err) WARN_UNUSED;

#endif
