/* SPDX-License-Identifier: ISC */
#ifndef STORE_LINEAGE_INSTALL_H
#define STORE_LINEAGE_INSTALL_H

#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"
#include "store/lineage.h"
#include "store/store.h"

/*
 * Writes a certificate into the store as certbot does: archive/NAME/
 * {cert,chain,fullchain,privkey}N.pem, the four links of live/NAME, their
 * READMEs and renewal/NAME.conf.  A kill at any instant leaves live/NAME with
 * all four links old or all new; what began is finished by the next command
 * that takes store_lock(), through the journal.
 */

/* What of a lineage on disk matters for its next version. */
struct lineage_place {
	char *live;		/* directory of the four links */
	char *archive;
	char *prefix;		/* what stands before "cert1.pem" in links */
	unsigned int current;	/* N of privkey.pem */
	unsigned int next;	/* one above all that are there */
};

/*
 * Looks at live/ and archive/ of a lineage.  CODE_STORE where certbot would
 * stumble over it or we could not go on with it: what is no link, leads out of
 * the archive, or does not end in KIND and a number.
 */
int lineage_place(struct store *s, const struct lineage *l,
    struct lineage_place *out, struct error *err) WARN_UNUSED;
/* Where those of a new lineage will be; looks at nothing. */
int lineage_place_new(const struct store *s, const char *name,
    struct lineage_place *out, struct error *err) WARN_UNUSED;
void lineage_place_free(struct lineage_place *p);

struct lineage_files {
	const char *name;
	const struct buf *cert, *chain;	/* PEM; fullchain is both */
	const struct secret *privkey;
	const char *conf;	/* the text of renewal/NAME.conf */
	/* steps of ours that belong to it; NULL: none */
	const char *mark, *mark_text;	/* a file to write */
	const char *done;		/* a tree to remove */
};

/*
 * Under store_lock().  old NULL: a new lineage, and CODE_STORE where archive/
 * or live/ has one of that name.  The key is written with mode 0600; of a
 * predecessor certbot's rule keeps the group and its rights.
 */
int store_lineage_install(struct store *s, const struct lineage *old,
    const struct lineage_files *f, struct error *err) WARN_UNUSED;

/* Whether it would take one: what of the above can be known before. */
int store_lineage_check(struct store *s, const struct lineage *old,
    const char *name, struct error *err) WARN_UNUSED;

/* Removes what a killed run has staged and nothing will use; under
 * store_lock(). */
int store_lineage_unstage(struct store *s, const char *name,
    struct error *err) WARN_UNUSED;

#endif
