/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/value.h"

/* Every key there is.  Reading, defaults, options of an ad-hoc peer, printing
 * and freeing are generic over this table. */
enum scope { SCOPE_TOP, SCOPE_PEER, SCOPE_CERT };

enum value_type {
	VALUE_TEXT,	/* char * */
	VALUE_WORD,	/* char *, one of words */
	VALUE_CHOICE,	/* an enum: the index into words */
	VALUE_BOOL,	/* bool */
	VALUE_DURATION,	/* int64_t seconds; word i is -1 - i */
	VALUE_COUNT,	/* int64_t, 1 to SCHEMA_COUNT_MAX */
	VALUE_LIST	/* struct strs, each checked */
};

enum schema_flags {
	SCHEMA_REQUIRED = 1,	/* given, and not empty */
	SCHEMA_NOT_EMPTY = 2,	/* if given, not "" or [] */
	SCHEMA_PLAIN = 4	/* as it is written, whatever YAML makes of it:
				 * off, 192.0.2.1:80 */
};

struct schema_key {
	enum scope scope;
	const char *section;	/* "certbot", "acme", NULL */
	const char *name;
	enum value_type type;
	size_t offset;		/* into struct config, _peer, _cert */
	const char *def;	/* a default as text; a list's one item, or
				 * NULL: empty */
	const char *const *words;	/* NULL-ended, or NULL */
	value_check *check;	/* of a text that is not "", of each item */
	unsigned int flags;
	const char *comment;
};

extern const struct schema_key schema[];
extern const size_t schema_size;
enum {
	SCHEMA_MAX = 64,	/* schema_size is less */
	SCHEMA_COUNT_MAX = 1000
};

/* Where obj (a struct of its scope) keeps it. */
void *schema_slot(const struct schema_key *k, void *obj);
const void *schema_const_slot(const struct schema_key *k, const void *obj);

/* Sets every key of a scope to its default; obj is zeroed before. */
int schema_defaults(enum scope scope, void *obj, struct error *err)
    WARN_UNUSED;
/* Sets one that is no list from its text, checked: "found X, want Y". */
int schema_set(const struct schema_key *k, void *obj, const char *text,
    struct error *err) WARN_UNUSED;
/* Adds an item to a list, checked. */
int schema_add(const struct schema_key *k, void *obj, const char *text,
    struct error *err) WARN_UNUSED;
/* Frees what the keys of a scope own. */
void schema_free(enum scope scope, void *obj);

/* The value as text (not of a list); buf is room for durations. */
const char *schema_text(const struct schema_key *k, const void *obj,
    char *buf, size_t size);
/* Whether it has its default. */
bool schema_is_default(const struct schema_key *k, const void *obj);

/* The key of a peer with that name, "_" or "-" alike; NULL: none. */
const struct schema_key *schema_peer_key(const char *name);

/* "auto or certbot": for messages; returns buf. */
const char *schema_words(const struct schema_key *k, char *buf, size_t size);

#endif
