/* SPDX-License-Identifier: ISC */
#ifndef ACME_MEMORY_IMPL_H
#define ACME_MEMORY_IMPL_H

#include <sys/stat.h>

#include "acme/memory.h"
#include "base/buf.h"
#include "base/json.h"

/* Shared by the files memory*.c: memory.c and memory_authz.c hold and ask,
 * memory_file.c reads and writes. */

/* There may be 10,000 of them, of which hardly any is asked for. */
struct memory_entry {
	uint32_t name, url;	/* hashes */
	/* where it stands in the file; what came later is behind its end */
	uint32_t at, len;
	int64_t age, expires;	/* age: when we last heard of it */
	struct memory_authz *authz;	/* NULL: in the file only */
};

struct memory_account_entry {
	char *uri, *thumbprint;
	int64_t when;
	bool dirty;
};
struct memory_lifetime {
	char *server, *profile;
	int64_t seconds;
	bool dirty;
};
struct memory_mark {
	char *key;		/* "pending ...", "deactivated ...", ... */
	char *url;		/* NULL: none */
	int64_t when;		/* 0: forgotten */
	bool dirty;
};

struct memory {
	char *dir;		/* state_dir */
	/* what most authorizations have in common, once: accounts and
	 * profiles, and lists of challenges */
	struct strs words;
	struct strs *lists;
	size_t nlists, caplists;
	struct memory_entry *authz;
	size_t nauthz, capauthz;
	uint32_t end;		/* where the next one would stand */
	struct memory_account_entry *accounts;	/* in order of uri */
	size_t naccounts, capaccounts;
	struct memory_lifetime *lifetimes;
	size_t nlifetimes, caplifetimes;
	struct memory_mark *marks;
	size_t nmarks, capmarks;
	struct strs dropped;	/* URLs of authorizations */
	bool dirty;
	bool nomem;		/* so that something is not known */
	/* of the file that was read: unchanged, it need not be read again */
	bool found;
	struct stat st;
	int fd;			/* it, whatever has its name now; -1: none */
};

/* memory_share.c: the same string or list, borrowed from m. */
int memory_word(struct memory *m, const char *word, char **out,
    struct error *err) WARN_UNUSED;
int memory_list(struct memory *m, const struct strs *l, struct strs *out,
    struct error *err) WARN_UNUSED;

/* A member of the file that is a string, else ""; borrowed. */
const char *memory_str(const json *j, const char *name);
/* Everything that is remembered, not what was read. */
void memory_forget(struct memory *m);
void memory_entry_free(struct memory_entry *e);
/* One of the file, j, is there from now on; an unfit one is not. */
int memory_index_authz(struct memory *m, const json *j, size_t at, size_t len,
    struct error *err) WARN_UNUSED;
/* What the file says of one that is there only, instead of what b has. */
int memory_authz_text(const struct memory *m, const struct memory_entry *e,
    struct buf *b, struct error *err) WARN_UNUSED;
struct memory *memory_new(const char *state_dir, struct error *err);
int memory_set_mark(struct memory *m, const char *key, const char *url,
    int64_t when, struct error *err) WARN_UNUSED;
/* Drops what is old and what is too much. */
void memory_prune(struct memory *m, int64_t now);
/* Reads the file; what is unfit is skipped. */
int memory_load(struct memory *m, struct error *err) WARN_UNUSED;

#endif
