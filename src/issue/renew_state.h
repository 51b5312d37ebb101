/* SPDX-License-Identifier: ISC */
#ifndef ISSUE_RENEW_STATE_H
#define ISSUE_RENEW_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"

/*
 * What `renew` remembers of each certificate, in STATE_DIR/renew.json: when it
 * is to be looked at again, what was decided last, and how it went.  An hourly
 * run for which nothing can be due reads this file, and of each certificate no
 * more than the times of its files.
 *
 * The file is a cache with a history: absent, damaged, too large (8 MiB) or
 * writable by others it is as if empty, with a warning.  One process at a
 * time writes it (renew.lock), by one atomic replacement.
 */
enum {
	RENEW_ISSUED = 8,	/* as decide.h has it */
	RENEW_STATE_ENTRIES = 20000	/* kept: the first in order of name */
};

struct renew_entry {
	char *name;		/* the lineage's */
	/* of the files and settings that the decision rests on; "": none */
	char stamp[DIGEST_SHA256_HEX];
	bool shared;		/* not configured, with an account that came
				 * through acmeferry */
	int64_t decided;	/* when it was looked at; 0: never */
	int64_t next;		/* when to look again; 0: at once */
	char *decision;		/* renew_outcome_text(), or NULL */
	char *reason;		/* in words, or NULL */
	int64_t not_after;
	int64_t asked;		/* when its peers were asked last */
	/* peers' certificates for its names began then (the oldest of the
	 * newest for each name); `answered`: the last of these after which an
	 * order or the authorizations' URLs were asked */
	int64_t told, answered;
	/* certificates for exactly its names, newest first; 0: none */
	int64_t issued[RENEW_ISSUED];
	/* the CA's own advice (ARI); 0: none */
	int64_t ari_start, ari_end;
	int64_t ari_poll;	/* ask again then */
	char *ari_why;		/* a URL for a person, NULL */
	/* attempts to renew */
	int64_t attempt, success;	/* the last of each; 0: none */
	unsigned int failures;	/* in a row */
	bool unproven;		/* the last: the CA tried to validate in vain */
	int64_t failing;	/* since when; 0: not */
	int64_t retry_after;	/* the CA wants nothing before; 0 */
	enum code code;		/* of the last attempt */
	char *error;		/* its message, NULL */
	int64_t alarm;		/* inside alarm_before since; 0: not */
	bool seen;		/* not in the file: it is still there */
};

struct renew_state {
	struct renew_entry *v;	/* in order of name */
	size_t n, cap;
	int64_t written;
	/* how many seconds the CA's clock, by which all times here are, was
	 * ahead of ours when it was last asked; one that is behind is not
	 * kept, as we only look too early then */
	int64_t skew;
	bool dirty;		/* for the caller: there is something to save */
	bool stepped;		/* the clock went back behind `written` */
};

/*
 * Reads it; *out is overwritten, the caller frees.  now: times that lie behind
 * it and cannot (an attempt in the future) become now; where the clock went
 * back, every entry is to be looked at.  -1: no memory.
 */
int renew_state_load(const char *state_dir, int64_t now,
    struct renew_state *out, struct error *err) WARN_UNUSED;
void renew_state_free(struct renew_state *st);

/* Pure: the same of a text; CODE_ERROR for one that is no such file. */
int renew_state_parse(const char *text, size_t len, int64_t now,
    struct renew_state *out, struct error *err) WARN_UNUSED;

/* The entry of that name; NULL: none.  Valid until the next renew_state_get. */
struct renew_entry *renew_state_find(struct renew_state *st,
    const char *name);
/* The same; it is made where there is none.  NULL: no memory. */
struct renew_entry *renew_state_get(struct renew_state *st,
    const char *name, struct error *err) WARN_UNUSED;

/* Adds to `issued` unless it is there. */
void renew_entry_issued(struct renew_entry *e, int64_t when);

/* Forgets the entries that were not seen. */
void renew_state_prune(struct renew_state *st);

/* Writes it, with now as its time. */
int renew_state_save(struct renew_state *st, const char *state_dir,
    int64_t now, struct error *err) WARN_UNUSED;

#endif
