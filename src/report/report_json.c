/* SPDX-License-Identifier: ISC */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/strs.h"
#include "base/vis.h"
#include "report/out.h"

static void
put_fault(struct json_w *w, enum code code, const char *message,
    long retry_after)
{
	json_w_obj(w, "error");
	json_w_str(w, "code", code_name(code));
	json_w_str(w, "message", message != NULL ? message : code_name(code));
	if (retry_after >= 0)
		json_w_int(w, "retry_after", retry_after);
	else
		json_w_null(w, "retry_after");
	json_w_obj_end(w);
}

/* Every list element's last two members. */
static void
put_result(struct json_w *w, enum code code, const char *message,
    long retry_after)
{
	json_w_str(w, "result", code_name(code));
	if (code == CODE_OK)
		json_w_null(w, "error");
	else
		put_fault(w, code, message, retry_after);
}

static void
put_strs(struct json_w *w, const char *name, const struct strs *l)
{
	json_w_arr(w, name);
	for (size_t i = 0; i < l->n; i++)
		json_w_str(w, NULL, l->v[i]);
	json_w_arr_end(w);
}

static void
put_accounts(struct json_w *w, struct out *o, const struct report *r)
{
	const struct report_account *a;

	json_w_arr(w, "accounts");
	for (size_t i = 0; i < r->naccounts; i++) {
		a = &r->accounts[i];
		json_w_obj(w, NULL);
		json_w_str(w, "server", a->server);
		json_w_str(w, "id", a->id);
		json_w_str(w, "uri", a->uri);
		json_w_str(w, "key", a->key);
		json_w_str(w, "created", a->created);
		json_w_str(w, "host", a->host);
		json_w_str(w, "state", a->state);
		json_w_str(w, "problem", a->problem);
		json_w_str(w, "origin", a->origin);
		put_result(w, a->result,
		    a->error != NULL ? a->error : a->problem, -1);
		json_w_obj_end(w);
		out_step(o);
	}
	json_w_arr_end(w);
}

static void
put_findings(struct json_w *w, struct out *o, const struct report *r)
{
	const struct report_finding *f;

	json_w_arr(w, "findings");
	for (size_t i = 0; i < r->nfindings; i++) {
		f = &r->findings[i];
		json_w_obj(w, NULL);
		json_w_str(w, "code", f->code);
		json_w_str(w, "severity", f->is_error ? "error" : "warning");
		json_w_str(w, "path", f->path);
		json_w_str(w, "message", f->message);
		json_w_bool(w, "fixable", f->fixable);
		json_w_bool(w, "fixed", f->fixed);
		put_result(w, report_finding_result(r, f), f->message, -1);
		json_w_obj_end(w);
		out_step(o);
	}
	json_w_arr_end(w);
}

static void
put_names(struct json_w *w, struct out *o, const struct report *r)
{
	const struct report_name *n;

	json_w_arr(w, "names");
	for (size_t i = 0; i < r->nnames; i++) {
		n = &r->names[i];
		json_w_obj(w, NULL);
		json_w_str(w, "name", n->name);
		json_w_str(w, "status", n->status);
		json_w_time(w, "expires", n->expires);
		json_w_time(w, "usable_until", n->usable_until);
		put_strs(w, "challenges", &n->challenges);
		put_result(w, n->result, n->error, -1);
		json_w_obj_end(w);
		out_step(o);
	}
	json_w_arr_end(w);
}

static void
put_refs(struct json_w *w, struct out *o, const char *name,
    const struct report_refs *l)
{
	json_w_arr(w, name);
	for (size_t i = 0; i < l->n; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "server", l->v[i].server);
		json_w_str(w, "id", l->v[i].id);
		json_w_str(w, "reason", l->v[i].reason);
		json_w_obj_end(w);
		out_step(o);
	}
	json_w_arr_end(w);
}

static void
put_peers(struct json_w *w, struct out *o, const struct report *r)
{
	const struct report_peer *p;

	json_w_arr(w, "peers");
	for (size_t i = 0; i < r->npeers; i++) {
		p = &r->peers[i];
		json_w_obj(w, NULL);
		json_w_str(w, "peer", p->peer);
		put_refs(w, o, "added", &p->added);
		put_refs(w, o, "updated", &p->updated);
		put_refs(w, o, "unchanged", &p->unchanged);
		put_refs(w, o, "conflicts", &p->conflicts);
		put_refs(w, o, "refused", &p->refused);
		put_result(w, p->result, p->error, p->retry_after);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

static void
put_certificates(struct json_w *w, struct out *o, const struct report *r)
{
	const struct report_certificate *c;

	json_w_arr(w, "certificates");
	for (size_t i = 0; i < r->ncertificates; i++) {
		c = &r->certificates[i];
		json_w_obj(w, NULL);
		json_w_str(w, "name", c->name);
		put_strs(w, "domains", &c->domains);
		json_w_time(w, "not_before", c->not_before);
		json_w_time(w, "not_after", c->not_after);
		json_w_str(w, "decision", c->decision);
		json_w_str(w, "reason", c->reason);
		json_w_time(w, "next", c->next);
		json_w_str(w, "served", c->served);
		json_w_bool(w, "deploy_pending", c->deploy_pending);
		put_result(w, c->result, c->error, -1);
		json_w_obj_end(w);
		out_step(o);
	}
	json_w_arr_end(w);
}

static void
put_table(struct json_w *w, struct out *o, const struct report_table *t)
{
	json_w_arr(w, t->member);
	for (size_t i = 0; i < t->nrows; i++) {
		json_w_obj(w, NULL);
		for (size_t k = 0; k < t->ncolumns; k++)
			json_w_str(w, t->columns[k],
			    t->cells[i * t->ncolumns + k]);
		put_result(w, CODE_OK, NULL, -1);
		json_w_obj_end(w);
		out_step(o);
	}
	json_w_arr_end(w);
}

/* What went wrong, where only a list says it: the first element of that code.
 * NULL: none does. */
static const char *
first_failed(const struct report *r)
{
	for (size_t i = 0; i < r->ncertificates; i++)
		if (r->certificates[i].result == r->status)
			return r->certificates[i].error;
	for (size_t i = 0; i < r->nnames; i++)
		if (r->names[i].result == r->status)
			return r->names[i].error;
	for (size_t i = 0; i < r->npeers; i++)
		if (r->peers[i].result == r->status)
			return r->peers[i].error;
	for (size_t i = 0; i < r->naccounts; i++)
		if (r->accounts[i].result == r->status)
			return r->accounts[i].error != NULL ?
			    r->accounts[i].error : r->accounts[i].problem;
	return NULL;
}

/* The same of findings, whose subject is their path; *out is made. */
static int
first_finding(const struct report *r, char **out, struct error *err)
{
	const struct report_finding *f;

	for (size_t i = 0; i < r->nfindings; i++) {
		f = &r->findings[i];
		if (report_finding_result(r, f) == r->status)
			return str_printf(out, err, "'%s': %s", vis(f->path),
			    f->message);
	}
	return 0;
}

static void
put_error(struct json_w *w, const struct report *r, const char *message)
{
	if (r->err.code != CODE_OK)
		put_fault(w, r->err.code, message, r->err.retry_after);
	else if (r->status != CODE_OK)
		put_fault(w, r->status, message != NULL ? message :
		    first_failed(r), -1);
	else
		json_w_null(w, "error");
}

int
report_json(const struct report *r, int fd, struct error *err)
{
	const struct strs *extra = &r->json_extra;
	char *all = NULL;
	struct json_w w;
	struct out o;
	int rc;

	if (r->problems.n > 0 &&
	    (all = strs_join(&r->problems, "\n")) == NULL)
		return error_nomem(err);
	if (r->err.code == CODE_OK && r->status != CODE_OK && all == NULL &&
	    first_finding(r, &all, err) == -1)
		return -1;
	out_begin(&o, fd);
	json_w_init(&w, &o.b, false);
	json_w_obj(&w, NULL);
	json_w_str(&w, "command", r->command);
	json_w_str(&w, "status", code_name(r->status));
	json_w_bool(&w, "changed", r->changed);
	put_error(&w, r, all != NULL || r->err.code == CODE_OK ? all :
	    r->err.msg);
	if (r->has_accounts)
		put_accounts(&w, &o, r);
	if (r->has_findings)
		put_findings(&w, &o, r);
	if (r->has_names)
		put_names(&w, &o, r);
	if (r->has_peers)
		put_peers(&w, &o, r);
	if (r->has_certificates)
		put_certificates(&w, &o, r);
	if (r->ntables == 0 && r->table_member != NULL) {
		json_w_arr(&w, r->table_member);
		json_w_arr_end(&w);
	}
	for (size_t i = 0; i < r->ntables; i++)
		put_table(&w, &o, &r->tables[i]);
	for (size_t i = 0; i + 1 < extra->n; i += 2)
		json_w_str(&w, extra->v[i], extra->v[i + 1]);
	json_w_obj_end(&w);
	buf_addc(&o.b, '\n');
	rc = out_end(&o, err);
	free(all);
	return rc;
}
