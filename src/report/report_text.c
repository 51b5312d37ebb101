/* SPDX-License-Identifier: ISC */
#include "report/report.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "report/grid.h"
#include "report/out.h"

struct writer {
	const struct report *r;
	bool quiet, color;
	struct out o;
};

/* "  TITLE: text" on a line of its own. */
static void
put_note(struct out *o, const char *title, const char *message)
{
	if (message == NULL || *message == '\0')
		return;
	buf_adds(&o->b, title);
	add_vis(&o->b, message);
	buf_addc(&o->b, '\n');
}

static const char *
account_cell(const void *ctx, size_t row, size_t column)
{
	const struct writer *w = ctx;
	const struct report_account *a = &w->r->accounts[row];

	switch (column) {
	case 0:
		return a->state;
	case 1:
		return a->id;
	case 2:
		return a->key;
	case 3:
		return a->created;
	case 4:
		return a->host;
	case 5:
		/* "local" says nothing */
		return a->origin == NULL || strcmp(a->origin, "local") == 0 ?
		    NULL : a->origin;
	default:
		return a->uri;
	}
}

static bool
account_shown(const void *ctx, size_t row)
{
	const struct writer *w = ctx;

	return !w->quiet || w->r->accounts[row].result != CODE_OK;
}

/* The server, where it is another than the row's before. */
static void
account_before(const void *ctx, size_t row, struct out *o)
{
	const struct writer *w = ctx;
	const struct report_account *a = &w->r->accounts[row];
	const char *server = a->server != NULL ? a->server : "", *before;

	while (row-- > 0) {
		if (!account_shown(ctx, row))
			continue;
		before = w->r->accounts[row].server;
		if (before != NULL && strcmp(before, server) == 0)
			return;
		break;
	}
	put_note(o, "", server);
}

static void
account_behind(const void *ctx, size_t row, struct out *o)
{
	const struct writer *w = ctx;
	const struct report_account *a = &w->r->accounts[row];

	put_note(o, "      problem: ", a->problem);
	if (a->error != NULL && strcmp(a->error, w->r->err.msg) != 0 &&
	    (a->problem == NULL || strcmp(a->error, a->problem) != 0))
		put_note(o, "      error: ", a->error);
	put_note(o, "      used by: ", a->lineages);
}

static void
put_accounts(struct writer *w)
{
	static const char *const titles[] = { "state", "id", "key", "created",
		"host", "origin", "uri" };
	struct grid g = { titles, 7, w->r->naccounts, "  ", w->color, w,
		account_cell, account_shown, account_before, account_behind };

	grid_print(&g, &w->o);
}

static void
put_findings(struct writer *w)
{
	const struct report_finding *f;
	struct buf *b = &w->o.b;

	for (size_t i = 0; i < w->r->nfindings; i++) {
		f = &w->r->findings[i];
		if (w->quiet && report_finding_result(w->r, f) == CODE_OK)
			continue;
		color_word(b, f->is_error ? "error" : "warning", w->color);
		buf_addc(b, ' ');
		buf_adds(b, f->code);
		buf_addc(b, ' ');
		add_vis(b, f->path);
		buf_adds(b, ": ");
		add_vis(b, f->message);
		if (f->fixed)
			buf_adds(b, w->r->dry_run ? " (would be fixed)" :
			    " (fixed)");
		else if (f->fixable)
			buf_adds(b, " ('check --fix' mends it)");
		buf_addc(b, '\n');
		out_step(&w->o);
	}
}

static void
add_time(struct buf *b, const char *before, int64_t t)
{
	char text[TIME_TEXT];

	if (t <= 0)
		return;
	buf_adds(b, before);
	buf_adds(b, time_text(t, text, sizeof(text)));
}

/* On stderr, as the command's own failure or one of several. */
static bool
is_told(const struct writer *w, const char *message)
{
	return strcmp(message, w->r->err.msg) == 0 ||
	    strs_has(&w->r->problems, message);
}

/* Behind a row; the command's own failure is said once, on stderr. */
static void
put_error(struct writer *w, const char *message)
{
	if (message == NULL || is_told(w, message))
		return;
	buf_adds(&w->o.b, "; ");
	add_vis(&w->o.b, message);
}

static void
put_names(struct writer *w)
{
	const struct report_name *n;
	struct buf *b = &w->o.b;

	for (size_t i = 0; i < w->r->nnames; i++) {
		n = &w->r->names[i];
		if (w->quiet && n->result == CODE_OK)
			continue;
		add_vis(b, n->name);
		buf_adds(b, ": ");
		color_word(b, n->status != NULL ? n->status : "unknown",
		    w->color);
		add_time(b, ", usable until ", n->usable_until);
		if (n->usable_until <= 0)
			add_time(b, ", expires ", n->expires);
		put_error(w, n->error);
		buf_addc(b, '\n');
		out_step(&w->o);
	}
}

static void
put_refs(struct writer *w, const char *word, const struct report_refs *l)
{
	struct buf *b = &w->o.b;

	for (size_t i = 0; i < l->n; i++) {
		buf_adds(b, "  ");
		buf_adds(b, word);
		buf_addc(b, ' ');
		add_vis(b, l->v[i].server);
		buf_addc(b, ' ');
		add_vis(b, l->v[i].id);
		if (l->v[i].reason != NULL) {
			buf_adds(b, ": ");
			add_vis(b, l->v[i].reason);
		}
		buf_addc(b, '\n');
		out_step(&w->o);
	}
}

static bool
nothing_came(const struct report_peer *p)
{
	return p->added.n + p->updated.n + p->unchanged.n + p->conflicts.n +
	    p->refused.n == 0;
}

static void
put_peers(struct writer *w)
{
	const struct report_peer *p;
	struct buf *b = &w->o.b;
	bool dry = w->r->dry_run;

	for (size_t i = 0; i < w->r->npeers; i++) {
		p = &w->r->peers[i];
		if ((w->quiet && p->result == CODE_OK) || p->held)
			continue;
		/* it was never asked; why is said once, on stderr */
		if (p->error != NULL && nothing_came(p) &&
		    is_told(w, p->error))
			continue;
		add_vis(b, p->peer);
		buf_addf(b, ": %zu %s, %zu %s, %zu unchanged", p->added.n,
		    dry ? "to add" : "added", p->updated.n,
		    dry ? "to update" : "updated", p->unchanged.n);
		if (p->conflicts.n > 0)
			buf_addf(b, ", %zu in conflict", p->conflicts.n);
		if (p->refused.n > 0)
			buf_addf(b, ", %zu refused", p->refused.n);
		put_error(w, p->error);
		buf_addc(b, '\n');
		put_refs(w, dry ? "add" : "added", &p->added);
		put_refs(w, dry ? "update" : "updated", &p->updated);
		put_refs(w, "conflict", &p->conflicts);
		put_refs(w, "refused", &p->refused);
	}
}

static void
put_decision(struct writer *w, const struct report_certificate *c)
{
	/* what is no try cannot fail */
	static const char *const states[] = { "nothing", "wait", "alarm" };
	const char *what = c->decision != NULL ? c->decision :
	    c->result != CODE_OK ? "begin" : "nothing";
	bool is_state = false;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		is_state = is_state || strcmp(what, states[i]) == 0;
	/* where the deploy hook failed, the rest did not */
	if (c->result == CODE_OK || c->deploy_pending || is_state)
		add_vis(&w->o.b, what);
	else
		buf_addf(&w->o.b, "failed to %s", strcmp(what, "begin") == 0 ||
		    strcmp(what, "issue") == 0 ? what : "renew");
}

static void
put_certificates(struct writer *w)
{
	const struct report_certificate *c;
	struct buf *b = &w->o.b;

	for (size_t i = 0; i < w->r->ncertificates; i++) {
		c = &w->r->certificates[i];
		if ((w->quiet && c->result == CODE_OK) || c->held)
			continue;
		add_vis(b, c->name);
		buf_adds(b, ": ");
		put_decision(w, c);
		if (c->reason != NULL) {
			buf_adds(b, ": ");
			add_vis(b, c->reason);
		}
		add_time(b, "; valid until ", c->not_after);
		add_time(b, "; next ", c->next);
		if (c->deploy_pending)
			buf_adds(b, "; its deploy hook is still to be run");
		put_error(w, c->error);
		buf_addc(b, '\n');
		out_step(&w->o);
	}
}

static const char *
table_cell(const void *ctx, size_t row, size_t column)
{
	const struct report_table *t = ctx;

	return t->cells[row * t->ncolumns + column];
}

static void
put_table(struct writer *w, const struct report_table *t)
{
	struct grid g = { t->columns, t->ncolumns, t->nrows, "", w->color, t,
		table_cell, NULL, NULL, NULL };

	grid_print(&g, &w->o);
}

void
report_log(const struct report *r)
{
	if (r->err.code == CODE_OK)
		return;
	for (size_t i = 0; i < r->problems.n; i++)
		log_error("%s", r->problems.v[i]);
	if (r->problems.n == 0)
		log_error("%s", r->err.msg);
}

int
report_text(const struct report *r, int fd, bool quiet, bool color,
    struct error *err)
{
	struct writer w = { r, quiet || r->brief, color, { 0 } };
	int rc;

	out_begin(&w.o, fd);
	put_accounts(&w);
	put_findings(&w);
	put_names(&w);
	put_peers(&w);
	put_certificates(&w);
	if (!quiet) {
		for (size_t i = 0; i < r->ntables; i++)
			put_table(&w, &r->tables[i]);
		for (size_t i = 0; i < r->lines.n; i++) {
			add_vis(&w.o.b, r->lines.v[i]);
			buf_addc(&w.o.b, '\n');
			out_step(&w.o);
		}
	}
	rc = out_end(&w.o, err);
	report_log(r);
	return rc;
}
