/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_APPLY_H
#define CONFIG_APPLY_H

#include "config/config.h"
#include "config/problem.h"
#include "config/schema.h"
#include "config/tree.h"

/*
 * Trees of several files, one after the other, into one configuration: each
 * key once, or with the same value again.
 */
struct entry {			/* a peer or a certificate */
	const struct node *key;	/* where it was named first */
	const struct node *set[SCHEMA_MAX];	/* by key: what set it */
};

struct apply {
	struct config *config;
	const struct strs *files;	/* names by number */
	struct problems *problems;
	const struct node *set[SCHEMA_MAX];
	struct entry *peers, *certs;	/* beside config->peers and ->certs */
	size_t cappeers, capcerts;
};

/* -1 only for want of memory; what is wrong is in problems. */
int apply_tree(struct apply *a, const struct node *root, struct error *err)
    WARN_UNUSED;
/* What only the whole can tell: keys that must be there, peers that are
 * named but not configured, settings that exclude each other. */
int apply_check(struct apply *a, struct error *err) WARN_UNUSED;
void apply_free(struct apply *a);

/* What is wrong with a peer's settings taken together: a key and the words;
 * NULL: nothing. */
const char *peer_fault(const struct config_peer *p, const char **key);

#endif
