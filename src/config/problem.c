/* SPDX-License-Identifier: ISC */
#include "config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/vis.h"

int
problem_add(struct problems *p, const struct place *at, enum code code,
    struct error *err, const char *fmt, ...)
{
	char text[ERROR_MSG_MAX];
	struct problem *v;
	va_list ap;

	if (p->n >= LIMIT_CONFIG_PROBLEMS) {
		p->more++;
		return 0;
	}
	if ((v = mem_grow(p->v, p->n, &p->cap, sizeof(*v))) == NULL)
		return error_nomem(err);
	p->v = v;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v = &p->v[p->n];
	v->at = *at;
	v->code = code;
	if (str_dup(&v->text, text, err) == -1)
		return -1;
	p->n++;
	return 0;
}

void
problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].text);
	free(p->v);
	memset(p, 0, sizeof(*p));
}

static int
compare(const void *a, const void *b)
{
	const struct place *x = &((const struct problem *)a)->at;
	const struct place *y = &((const struct problem *)b)->at;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return 0;
}

int
problems_lines(struct problems *p, const struct strs *files,
    struct strs *out, enum code *code, struct error *err)
{
	const struct problem *v;
	int rc;

	*code = CODE_OK;
	if (p->n > 1)
		qsort(p->v, p->n, sizeof(*p->v), compare);
	for (size_t i = 0; i < p->n; i++) {
		v = &p->v[i];
		*code = code_worse(*code, v->code);
		if (v->at.line == 0)
			rc = strs_add(out, v->text, err);
		else
			rc = strs_addf(out, err, "'%s': line %zu, column %zu: "
			    "%s", vis(files->v[v->at.file]), v->at.line,
			    v->at.column, v->text);
		if (rc == -1)
			return -1;
	}
	if (p->more > 0)
		return strs_addf(out, err, "%zu more of the same kind",
		    p->more);
	return 0;
}
