/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_RESPONDER_H
#define ISSUE_RESPONDER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "store/account.h"

/*
 * Configuration that proves names for an account with no state.  Pure: the
 * text, with comments that say where to put it and how to test it, is appended
 * to a buffer; nothing is written or asked.
 *
 * HTTP-01 (RFC 8555, section 8.3): the answer to any token is the token, a dot
 * and the thumbprint of the account's key, which is no secret.  The token
 * comes from whoever asks, so each web server is told to take 22 to 128
 * characters of base64url and nothing else, and to call the answer text/plain.
 *
 * DNS: CAA records with accounturi (RFC 8657) and the TXT records of
 * dns-persist-01 (draft-ietf-acme-dns-persist).
 */
enum responder_kind { RESPONDER_NGINX, RESPONDER_APACHE, RESPONDER_CADDY,
	RESPONDER_HAPROXY, RESPONDER_DNS };

/* "nginx", "apache", "caddy", "haproxy", "dns"; else CODE_USAGE. */
int responder_kind(const char *word, enum responder_kind *out,
    struct error *err) WARN_UNUSED;

/* For a web server; names are for the comment and may be none.  CODE_STORE
 * where the account's key cannot be read. */
int responder_web(enum responder_kind kind, const struct account *a,
    const struct strs *names, struct buf *out, struct error *err) WARN_UNUSED;

/* The name that a CA goes by in CAA records, for the servers that are known;
 * NULL: not known. */
const char *responder_caa(const char *server);

/* For names (lower case, A-labels) and the CA's name.  CODE_STORE where the
 * account has no URL, or one that cannot stand in a record. */
int responder_dns(const struct account *a, const char *caa,
    const struct strs *names, struct buf *out, struct error *err) WARN_UNUSED;

#endif
