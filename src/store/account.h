/* SPDX-License-Identifier: ISC */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"
#include "jose/jwk.h"

/* One certbot account: its three files, verbatim, and what they say. */
enum account_file {
	ACCOUNT_KEY,		/* private_key.json */
	ACCOUNT_META,		/* meta.json */
	ACCOUNT_REGR,		/* regr.json */
	ACCOUNT_FILES
};
extern const char *const account_file_names[ACCOUNT_FILES];

/* What is wrong, in order of detection by certbot. */
enum account_flaw {
	FLAW_NONE,
	FLAW_MISSING,		/* a file: certbot skips the account */
	FLAW_UNREADABLE,	/* a file: skipped too */
	FLAW_CRASH,		/* every certbot command for the server ends in
				 * an exception */
	FLAW_PUBLIC,		/* loads, but the key cannot sign */
	FLAW_URI		/* loads, but there is no usable uri */
};

struct account {
	char *server;		/* "https://" and the path below accounts/ */
	char *dirname;		/* the directory's name */
	char *path;		/* absolute, as certbot spells it; NULL: not
				 * from a store */
	struct jwk_info key;	/* name "" where the key could not be read */
	char *uri;		/* NULL: none */
	char *created;		/* creation_dt, NULL */
	char *host;		/* creation_host, NULL */
	bool has_eff;		/* meta.json has register_to_eff */
	bool broken;		/* certbot could not load it or sign with it */
	char problem[256];	/* in words where broken, else "" */
	enum account_flaw flaw;		/* broken says the same shortly */
	bool present[ACCOUNT_FILES];	/* the file was there */
	bool regr_empty;	/* regr.json has no byte */
	bool body_key_differs;	/* regr.json's body.key is another key */
	struct secret key_text;	/* these: only if asked for */
	struct buf meta_text, regr_text;
};

/* Frees with its key wiped; NULL is fine. */
void account_free(struct account *a);

/*
 * Makes an account of three texts (a peer's, or read from disk); a text that
 * is NULL is absent.  What is wrong is in broken and problem: only lack of
 * memory fails.  keep: key_text and so on are filled in.  verify: the
 * private key is checked against the public one.
 */
struct account_texts {
	const char *text[ACCOUNT_FILES];
	size_t len[ACCOUNT_FILES];
	/* of a text that is NULL: there, but it could not be read, and why */
	const char *why[ACCOUNT_FILES];
};
int account_parse(const char *server, const char *dirname,
    const struct account_texts *t, bool keep, bool verify,
    struct account **out, struct error *err) WARN_UNUSED;

/* The identity used to compare: hex SHA-256 of thumbprint and uri, into 65
 * bytes; "" for an account without key or uri. */
void account_identity(const struct account *a, char out[65]);

/* Appends meta.json without register_to_eff (verbatim where it has none). */
int account_meta_clean(const struct account *a, struct buf *out,
    struct error *err) WARN_UNUSED;

/* Appends regr.json with another uri, other members kept; what certbot writes
 * itself where the old one cannot be read. */
int account_regr_with_uri(const struct account *a, const char *uri,
    struct buf *out, struct error *err) WARN_UNUSED;

/* The key for signing, from key_text or else from path; the caller frees it
 * right after its last use. */
int account_key(const struct account *a, struct jwk **out, struct error *err)
    WARN_UNUSED;

/* Does a selector of --account (account URL, id, or a prefix of at least 4
 * digits) name this account? */
bool account_matches(const struct account *a, const char *which);

#endif
