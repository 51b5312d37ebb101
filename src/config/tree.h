/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/problem.h"

/*
 * A YAML file as a tree that remembers where everything stands.  Of YAML only
 * what a configuration needs: one document, maps, lists and scalars; anchors,
 * aliases and tags are refused, so that nothing grows and nothing runs.
 */
enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_type type;
	struct place at;
	char *text;		/* of a scalar, without NUL inside, UTF-8 */
	bool plain;		/* not quoted: YAML decides its type */
	bool bad;		/* was reported already; look no further */
	struct node **items;	/* of a map: key, value, key, value, ... */
	size_t n, cap;
};

/* What a plain scalar is to YAML 1.1, the widest reading: what we write in
 * quotes and do not take for text. */
enum scalar { SCALAR_TEXT, SCALAR_NULL, SCALAR_BOOL, SCALAR_NUMBER };
enum scalar scalar_kind(const char *text);

/* "a list", "a number (8)": for messages; static buffers of vis(). */
const char *node_text(const struct node *n, char *buf, size_t size);

/* Same meaning: types, texts, order. */
bool node_same(const struct node *a, const struct node *b);

/* Reads text of file number `file` (for places).  *out NULL: the file says
 * nothing, or so little of it could be read that it is of no use.  -1 only for
 * want of memory; what is wrong is added to problems. */
int tree_read(const char *text, size_t len, size_t file, struct node **out,
    struct problems *problems, struct error *err) WARN_UNUSED;
void node_free(struct node *n);

#endif
