/* SPDX-License-Identifier: ISC */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strs.h"

/*
 * What a command found and did, as data.  Work fills it in; report_text() and
 * report_json() only read it.  Rows are compact (no strings that are not
 * set) so that 10,000 accounts fit in a few MiB.
 */

struct report_account {
	char *server, *id, *uri, *key, *created, *host;
	char *state;		/* "ok", "broken", "valid", "deactivated" ... */
	char *problem;		/* NULL: none */
	char *origin;		/* a peer's name, "local" */
	char *lineages;		/* text only: who uses it, NULL */
	enum code result;
	char *error;		/* message, NULL */
};

/* Its result: "store" where it is an error (or any with report.strict) that
 * is not fixed, else "ok"; its error is then its own message. */
struct report_finding {
	const char *code;	/* static */
	bool is_error, fixable, fixed;
	char *path, *message;
};

struct report_name {
	char *name, *status;
	int64_t expires, usable_until;	/* 0: null */
	struct strs challenges;
	enum code result;
	char *error;
};

struct report_ref {
	char *server, *id, *reason;
};
struct report_refs {
	struct report_ref *v;
	size_t n, cap;
};
struct report_peer {
	char *peer;
	struct report_refs added, updated, unchanged, conflicts, refused;
	enum code result;
	char *error;
	long retry_after;	/* -1 */
	bool held;		/* as of a certificate */
};

struct report_certificate {
	char *name;
	struct strs domains;
	int64_t not_before, not_after;
	char *decision, *reason;
	int64_t next;
	char *served;		/* NULL: null */
	bool deploy_pending;
	enum code result;
	char *error;
	bool held;		/* text says nothing of it yet (quiet_for) */
};

/* A list that only one command has (backups, holders, ...).  A cell is a JSON
 * string; "result" ("ok") and "error" (null) are added to each row. */
struct report_table {
	const char *member;		/* JSON member */
	const char *const *columns;	/* member names, also column titles */
	size_t ncolumns;
	char **cells;			/* nrows * ncolumns; NULL: null */
	size_t nrows, caprows;
};

struct report {
	const char *command;		/* NULL: none was recognised */
	bool changed;
	bool dry_run;
	bool brief;		/* text: each step was told already, so only
				 * what failed and the lines */
	bool to_stderr;		/* text goes there: standard output is for the
				 * result itself */
	bool strict;			/* check --strict */
	bool held;		/* nothing is said, the exit status is 0: every
				 * failure is held */
	struct error err;		/* err.code CODE_OK: none */
	struct strs problems;		/* where err is several: each; JSON's
					 * error.message then has them all, a
					 * line each */
	enum code status;		/* the worst so far */
	bool has_accounts, has_findings, has_names, has_peers,
	    has_certificates;		/* the member is there though empty */
	struct report_account *accounts;
	size_t naccounts, capaccounts;
	struct report_finding *findings;
	size_t nfindings, capfindings;
	struct report_name *names;
	size_t nnames, capnames;
	struct report_peer *peers;
	size_t npeers, cappeers;
	struct report_certificate *certificates;
	size_t ncertificates, capcertificates;
	const char *table_member;	/* an empty list where there is no
					 * table; NULL: none */
	struct report_table *tables;
	size_t ntables, captables;
	struct strs lines;		/* more text for a person, stdout */
	struct strs json_extra;		/* pairs: member, string */
};

void report_init(struct report *r, const char *command);
void report_free(struct report *r);

/* New zeroed rows at the end, valid until the next call; NULL: no memory. */
struct report_account *report_account(struct report *r);
struct report_finding *report_finding(struct report *r);
struct report_name *report_name(struct report *r);
struct report_peer *report_peer(struct report *r);
struct report_certificate *report_certificate(struct report *r);
int report_ref(struct report_refs *l, const char *server, const char *id,
    const char *reason, struct error *err) WARN_UNUSED;
int report_table_begin(struct report *r, const char *member,
    const char *const *columns, size_t n, struct error *err) WARN_UNUSED;
/* A row of the newest table; cells may be NULL; they are copied. */
int report_table_row(struct report *r, const char *const *cells,
    struct error *err) WARN_UNUSED;
int report_line(struct report *r, struct error *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4) WARN_UNUSED;
/* A text of several lines, each as one. */
int report_lines(struct report *r, const char *text, struct error *err)
    WARN_UNUSED;
/* A further string member of the JSON document. */
int report_member(struct report *r, const char *name, const char *value,
    struct error *err) WARN_UNUSED;

/* Lets a result count: status becomes the worse of the two. */
void report_count(struct report *r, enum code code);
/* The command's own failure. */
void report_fail(struct report *r, const struct error *err);
/* Counts the results of all rows and the command's own failure; the exit
 * status.  The CLI calls it once, before a writer. */
enum code report_finish(struct report *r);
enum code report_finding_result(const struct report *r,
    const struct report_finding *f);

/*
 * Writers: whole documents in chunks to fd; a failed write is -1.  The text
 * has lists first, then lines; the error itself goes to stderr through
 * log_error() in report_text().  quiet: only what failed.
 */
int report_text(const struct report *r, int fd, bool quiet, bool color,
    struct error *err) WARN_UNUSED;
/* The command's own failure to stderr; report_text() calls it. */
void report_log(const struct report *r);
/* The JSON document, one line, with a newline. */
int report_json(const struct report *r, int fd, struct error *err)
    WARN_UNUSED;

#endif
