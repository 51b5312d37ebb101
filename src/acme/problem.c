/* SPDX-License-Identifier: ISC */
#include "acme/problem.h"

#include <stdlib.h>
#include <string.h>

#include "base/strs.h"
#include "base/vis.h"

static const char URN[] = "urn:ietf:params:acme:error:";

enum { SUBS_SHOWN = 5 };

void
acme_problem_free(struct acme_problem *p)
{
	for (size_t i = 0; i < p->nsubs; i++) {
		free(p->subs[i].name);
		free(p->subs[i].type);
		free(p->subs[i].detail);
	}
	free(p->subs);
	free(p->type);
	free(p->detail);
	memset(p, 0, sizeof(*p));
}

/* "" where the member is absent or no string */
static int
text(const json *j, const char *name, char **out, struct error *err)
{
	const char *s = json_str(json_get(j, name));

	if (s == NULL)
		s = "";
	else if (str_starts(s, URN))
		s += strlen(URN);
	return str_dup(out, s, err);
}

static int
parse_sub(const json *j, struct acme_subproblem *out, struct error *err)
{
	const json *id = json_get(j, "identifier");

	if (text(j, "type", &out->type, err) == -1 ||
	    text(j, "detail", &out->detail, err) == -1)
		return -1;
	if (id == NULL || !json_is_obj(id))
		return str_dup(&out->name, "", err);
	return text(id, "value", &out->name, err);
}

static int
parse_subs(const json *arr, struct acme_problem *out, struct error *err)
{
	size_t n = json_len(arr);
	const json *j;

	if (n > PROBLEM_SUBS)
		n = PROBLEM_SUBS;
	if (n == 0)
		return 0;
	if ((out->subs = calloc(n, sizeof(*out->subs))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < n; i++) {
		j = json_at(arr, i);
		if (j == NULL || !json_is_obj(j))
			continue;
		out->nsubs++;
		if (parse_sub(j, &out->subs[out->nsubs - 1], err) == -1)
			return -1;
	}
	return 0;
}

int
acme_problem_parse(const json *j, struct acme_problem *out,
    struct error *err)
{
	struct error ignored;
	json *subs = NULL;

	memset(out, 0, sizeof(*out));
	if (text(j, "type", &out->type, err) == -1 ||
	    text(j, "detail", &out->detail, err) == -1)
		goto fail;
	if (json_get_arr(j, "subproblems", JSON_OPTIONAL, "", &subs,
	    &ignored) == -1)
		subs = NULL;
	if (parse_subs(subs, out, err) == -1)
		goto fail;
	return 0;
fail:
	acme_problem_free(out);
	return -1;
}

bool
acme_problem_is(const struct acme_problem *p, const char *type)
{
	return p != NULL && strcmp(p->type, type) == 0;
}

static enum code
code_for(const struct acme_problem *p, long status)
{
	if (acme_problem_is(p, "accountDoesNotExist"))
		return CODE_ACCOUNT;
	if (status == 429 || status >= 500 ||
	    acme_problem_is(p, "rateLimited") ||
	    acme_problem_is(p, "serverInternal"))
		return CODE_RETRY;
	if (status == 401 || status == 403)
		return CODE_TRUST;
	return CODE_ERROR;
}

/* Who is to blame, where the CA says so for each name. */
static void
add_subs(const struct acme_problem *p, struct error *err)
{
	for (size_t i = 0; i < p->nsubs && i < SUBS_SHOWN; i++)
		error_append(err, "; '%.300s': %.64s: %.300s",
		    vis(p->subs[i].name), vis(p->subs[i].type),
		    vis(p->subs[i].detail));
	if (p->nsubs > SUBS_SHOWN)
		error_append(err, "; and %zu more", p->nsubs - SUBS_SHOWN);
}

void
acme_problem_append(const struct acme_problem *p, struct error *err)
{
	error_append(err, "%s%s%s", vis(p->type), *p->type != '\0' &&
	    *p->detail != '\0' ? ": " : "", vis(p->detail));
	add_subs(p, err);
}

int
acme_problem_error(const struct acme_problem *p, long status,
    const char *url, long retry_after, struct error *err)
{
	enum code code = code_for(p, status);

	error_set(err, code, "'%s': the CA answers %ld", vis(url), status);
	err->retry_after = code == CODE_RETRY ? retry_after : -1;
	if (p == NULL)
		return -1;
	error_append(err, "%s", *p->type != '\0' ? " " :
	    *p->detail != '\0' ? ": " : "");
	acme_problem_append(p, err);
	return -1;
}
