/* SPDX-License-Identifier: ISC */
#ifndef STORE_LINEAGE_H
#define STORE_LINEAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"

/* certbot's lineages: renewal/NAME.conf, live/NAME, archive/NAME. */
struct lineage {
	char *name;
	char *conf;		/* absolute path of the conf */
	char *server;		/* v01's production URL reads as v02; NULL */
	char *account;		/* these: NULL for none */
	char *authenticator;
	char *cert, *privkey, *chain, *fullchain;	/* absolute paths */
	char *renew_hook;
	bool autorenew;		/* false where `autorenew = False` */
	/* of the certificate, where it can be read (else empty, 0) */
	struct strs domains;	/* the SANs, in the certificate's order */
	int64_t not_before, not_after;
	bool unreadable;	/* the conf itself could not be read */
	char problem[256];	/* why something could not be read, "" */
};

struct lineages {
	struct lineage **v;
	size_t n, cap;
};

struct store;

/* All confs in order of name; one that cannot be parsed is there with its
 * problem.  with_cert: read the certificates too. */
int store_lineages(struct store *s, bool with_cert, struct lineages *out,
    struct error *err) WARN_UNUSED;
/* Only the names, sorted; no conf is read. */
int store_lineage_names(struct store *s, struct strs *out, struct error *err)
    WARN_UNUSED;
void lineages_free(struct lineages *l);
void lineage_free(struct lineage *l);

/* One by its name; *out NULL: no such lineage. */
int store_lineage(struct store *s, const char *name, bool with_cert,
    struct lineage **out, struct error *err) WARN_UNUSED;

/* Whether a lineage of that server uses account id. */
bool lineage_uses(const struct lineage *l, const char *server,
    const char *id);

/* True where the certificate is for exactly these names (any order). */
bool lineage_same_names(const struct lineage *l, const struct strs *domains);

/* The lineage that covers this name, the newest certificate of several;
 * server NULL: any.  NULL: none. */
const struct lineage *lineages_for_name(const struct lineages *ls,
    const char *server, const char *name);

/*
 * The text of a conf with `key` of a section ("" the top, "renewalparams")
 * set to value; every other byte stays.  The key is added to the section if
 * it is not there.
 */
int conf_set(const char *text, size_t len, const char *section,
    const char *key, const char *value, struct buf *out, struct error *err)
    WARN_UNUSED;
/* The text without `key` of that section, with all lines of its value; every
 * other byte stays, all of them where there is no such key. */
int conf_unset(const char *text, size_t len, const char *section,
    const char *key, struct buf *out, struct error *err) WARN_UNUSED;
/* *out (freed by the caller) NULL: no such key.  Quotes are removed as
 * ConfigObj does. */
int conf_get(const char *text, size_t len, const char *section,
    const char *key, char **out, struct error *err) WARN_UNUSED;

#endif
