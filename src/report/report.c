/* SPDX-License-Identifier: ISC */
#include "report/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
report_init(struct report *r, const char *command)
{
	memset(r, 0, sizeof(*r));
	r->command = command;
	error_clear(&r->err);
}

static void
free_refs(struct report_refs *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].server);
		free(l->v[i].id);
		free(l->v[i].reason);
	}
	free(l->v);
}

static void
free_account(struct report_account *a)
{
	free(a->server);
	free(a->id);
	free(a->uri);
	free(a->key);
	free(a->created);
	free(a->host);
	free(a->state);
	free(a->problem);
	free(a->origin);
	free(a->lineages);
	free(a->error);
}

static void
free_peer(struct report_peer *p)
{
	free(p->peer);
	free_refs(&p->added);
	free_refs(&p->updated);
	free_refs(&p->unchanged);
	free_refs(&p->conflicts);
	free_refs(&p->refused);
	free(p->error);
}

static void
free_certificate(struct report_certificate *c)
{
	free(c->name);
	strs_free(&c->domains);
	free(c->decision);
	free(c->reason);
	free(c->served);
	free(c->error);
}

static void
free_table(struct report_table *t)
{
	for (size_t i = 0; i < t->nrows * t->ncolumns; i++)
		free(t->cells[i]);
	free(t->cells);
}

void
report_free(struct report *r)
{
	for (size_t i = 0; i < r->naccounts; i++)
		free_account(&r->accounts[i]);
	for (size_t i = 0; i < r->nfindings; i++) {
		free(r->findings[i].path);
		free(r->findings[i].message);
	}
	for (size_t i = 0; i < r->nnames; i++) {
		free(r->names[i].name);
		free(r->names[i].status);
		strs_free(&r->names[i].challenges);
		free(r->names[i].error);
	}
	for (size_t i = 0; i < r->npeers; i++)
		free_peer(&r->peers[i]);
	for (size_t i = 0; i < r->ncertificates; i++)
		free_certificate(&r->certificates[i]);
	for (size_t i = 0; i < r->ntables; i++)
		free_table(&r->tables[i]);
	free(r->accounts);
	free(r->findings);
	free(r->names);
	free(r->peers);
	free(r->certificates);
	free(r->tables);
	strs_free(&r->problems);
	strs_free(&r->lines);
	strs_free(&r->json_extra);
	report_init(r, NULL);
}

struct report_account *
report_account(struct report *r)
{
	struct report_account *v;

	v = mem_grow(r->accounts, r->naccounts, &r->capaccounts, sizeof(*v));
	if (v == NULL)
		return NULL;
	r->accounts = v;
	r->has_accounts = true;
	v += r->naccounts++;
	memset(v, 0, sizeof(*v));
	return v;
}

struct report_finding *
report_finding(struct report *r)
{
	struct report_finding *v;

	v = mem_grow(r->findings, r->nfindings, &r->capfindings, sizeof(*v));
	if (v == NULL)
		return NULL;
	r->findings = v;
	r->has_findings = true;
	v += r->nfindings++;
	memset(v, 0, sizeof(*v));
	return v;
}

struct report_name *
report_name(struct report *r)
{
	struct report_name *v;

	v = mem_grow(r->names, r->nnames, &r->capnames, sizeof(*v));
	if (v == NULL)
		return NULL;
	r->names = v;
	r->has_names = true;
	v += r->nnames++;
	memset(v, 0, sizeof(*v));
	return v;
}

struct report_peer *
report_peer(struct report *r)
{
	struct report_peer *v;

	v = mem_grow(r->peers, r->npeers, &r->cappeers, sizeof(*v));
	if (v == NULL)
		return NULL;
	r->peers = v;
	r->has_peers = true;
	v += r->npeers++;
	memset(v, 0, sizeof(*v));
	v->retry_after = -1;
	return v;
}

struct report_certificate *
report_certificate(struct report *r)
{
	struct report_certificate *v;

	v = mem_grow(r->certificates, r->ncertificates, &r->capcertificates,
	    sizeof(*v));
	if (v == NULL)
		return NULL;
	r->certificates = v;
	r->has_certificates = true;
	v += r->ncertificates++;
	memset(v, 0, sizeof(*v));
	return v;
}

int
report_ref(struct report_refs *l, const char *server, const char *id,
    const char *reason, struct error *err)
{
	struct report_ref *v;

	if ((v = mem_grow(l->v, l->n, &l->cap, sizeof(*v))) == NULL)
		return error_nomem(err);
	l->v = v;
	v += l->n;
	memset(v, 0, sizeof(*v));
	l->n++;		/* what is half filled in is freed with the list */
	if (str_dup(&v->server, server, err) == -1 ||
	    str_dup(&v->id, id, err) == -1 ||
	    str_dup(&v->reason, reason, err) == -1)
		return -1;
	return 0;
}

int
report_table_begin(struct report *r, const char *member,
    const char *const *columns, size_t n, struct error *err)
{
	struct report_table *v;

	v = mem_grow(r->tables, r->ntables, &r->captables, sizeof(*v));
	if (v == NULL)
		return error_nomem(err);
	r->tables = v;
	v += r->ntables++;
	memset(v, 0, sizeof(*v));
	v->member = member;
	v->columns = columns;
	v->ncolumns = n;
	return 0;
}

int
report_table_row(struct report *r, const char *const *cells,
    struct error *err)
{
	struct report_table *t;
	char **v;

	t = &r->tables[r->ntables - 1];
	v = mem_grow(t->cells, t->nrows, &t->caprows, t->ncolumns * sizeof(*v));
	if (v == NULL)
		return error_nomem(err);
	t->cells = v;
	v += t->nrows++ * t->ncolumns;
	memset(v, 0, t->ncolumns * sizeof(*v));
	for (size_t i = 0; i < t->ncolumns; i++)
		if (str_dup(&v[i], cells[i], err) == -1)
			return -1;
	return 0;
}

int
report_line(struct report *r, struct error *err, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = strs_addv(&r->lines, err, fmt, ap);
	va_end(ap);
	return rc;
}

int
report_lines(struct report *r, const char *text, struct error *err)
{
	const char *end;

	for (; *text != '\0'; text = *end != '\0' ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		if (report_line(r, err, "%.*s", (int)(end - text), text)
		    == -1)
			return -1;
	}
	return 0;
}

int
report_member(struct report *r, const char *name, const char *value,
    struct error *err)
{
	if (strs_add(&r->json_extra, name, err) == -1)
		return -1;
	return strs_add(&r->json_extra, value, err);
}

void
report_count(struct report *r, enum code code)
{
	r->status = code_worse(r->status, code);
}

void
report_fail(struct report *r, const struct error *err)
{
	r->err = *err;
	if (r->err.code == CODE_OK)
		r->err.code = CODE_ERROR;	/* a failure is never "ok" */
	report_count(r, r->err.code);
}

enum code
report_finding_result(const struct report *r, const struct report_finding *f)
{
	if (!f->fixed && (f->is_error || r->strict))
		return CODE_STORE;
	return CODE_OK;
}

enum code
report_finish(struct report *r)
{
	report_count(r, r->err.code);
	for (size_t i = 0; i < r->naccounts; i++)
		report_count(r, r->accounts[i].result);
	for (size_t i = 0; i < r->nfindings; i++)
		report_count(r, report_finding_result(r, &r->findings[i]));
	for (size_t i = 0; i < r->nnames; i++)
		report_count(r, r->names[i].result);
	for (size_t i = 0; i < r->npeers; i++)
		report_count(r, r->peers[i].result);
	for (size_t i = 0; i < r->ncertificates; i++)
		report_count(r, r->certificates[i].result);
	return r->status;
}
