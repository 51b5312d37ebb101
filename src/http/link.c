/* SPDX-License-Identifier: ISC */
#include "http/link.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"

static const char HTTPS[] = "https://";

/* What is left of a field value. */
struct rest {
	const char *p, *end;
};

struct text {
	const char *s;
	size_t len;
	bool given;
};

static bool
at(const struct rest *r, char c)
{
	return r->p < r->end && *r->p == c;
}

static bool
take(struct rest *r, char c)
{
	if (!at(r, c))
		return false;
	r->p++;
	return true;
}

static void
blanks(struct rest *r)
{
	while (at(r, ' ') || at(r, '\t'))
		r->p++;
}

static bool
is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' &&
	    strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void
token(struct rest *r, struct text *out)
{
	out->s = r->p;
	out->given = true;
	while (r->p < r->end && is_token_char(*r->p))
		r->p++;
	out->len = (size_t)(r->p - out->s);
}

/* Behind its first quote.  Escapes stay: no relation type has any. */
static bool
quoted(struct rest *r, struct text *out)
{
	out->s = r->p;
	out->given = true;
	for (; r->p < r->end && *r->p != '"'; r->p++)
		if (*r->p == '\\' && ++r->p == r->end)
			return false;
	out->len = (size_t)(r->p - out->s);
	return take(r, '"');
}

static bool
named(const struct text *t, const char *name)
{
	return t->len == strlen(name) && strncasecmp(t->s, name, t->len) == 0;
}

/* ;name=value, behind the semicolon; the first `rel` counts. */
static bool
parameter(struct rest *r, struct text *rel, bool *anchored)
{
	struct text name, value = { "", 0, false };

	blanks(r);
	/* empty parameters are allowed: "<x>;;rel=y" */
	if (r->p == r->end || at(r, ';') || at(r, ','))
		return true;
	token(r, &name);
	if (name.len == 0)
		return false;
	blanks(r);
	if (take(r, '=')) {
		blanks(r);
		if (take(r, '"')) {
			if (!quoted(r, &value))
				return false;
		} else
			token(r, &value);
	}
	if (named(&name, "anchor"))
		*anchored = true;
	else if (named(&name, "rel") && !rel->given) {
		*rel = value;
		rel->given = true;
	}
	return true;
}

/* Relation types stand in one value with blanks between. */
static bool
has_alternate(const struct text *rel)
{
	struct rest r = { rel->s, rel->s + rel->len };
	struct text t;

	while (r.p < r.end) {
		blanks(&r);
		t.s = r.p;
		while (r.p < r.end && *r.p != ' ' && *r.p != '\t')
			r.p++;
		t.len = (size_t)(r.p - t.s);
		if (named(&t, "alternate"))
			return true;
	}
	return false;
}

static int
keep(const struct text *url, struct strs *out, struct error *err)
{
	char text[LIMIT_URL + 1];

	if (url->len > LIMIT_URL || url->len < strlen(HTTPS) ||
	    strncasecmp(url->s, HTTPS, strlen(HTTPS)) != 0 ||
	    out->n >= LINK_ALTERNATES)
		return 0;
	for (size_t i = 0; i < url->len; i++)
		if (url->s[i] <= ' ' || url->s[i] > '~')
			return 0;
	memcpy(text, url->s, url->len);
	text[url->len] = '\0';
	return strs_has(out, text) ? 0 : strs_add(out, text, err);
}

/* One link; false at a syntax error. */
static bool
one(struct rest *r, struct text *url, struct text *rel, bool *anchored)
{
	if (!take(r, '<'))
		return false;
	url->s = r->p;
	while (r->p < r->end && *r->p != '>')
		r->p++;
	url->len = (size_t)(r->p - url->s);
	if (!take(r, '>'))
		return false;
	blanks(r);
	while (take(r, ';')) {
		if (!parameter(r, rel, anchored))
			return false;
		blanks(r);
	}
	return r->p == r->end || at(r, ',');
}

int
link_alternates(const char *value, size_t len, struct strs *out,
    struct error *err)
{
	struct rest r = { value, value + len };

	while (r.p < r.end) {
		struct text url = { "", 0, false }, rel = { "", 0, false };
		bool anchored = false;

		blanks(&r);
		if (take(&r, ','))
			continue;
		if (r.p == r.end || !one(&r, &url, &rel, &anchored))
			return 0;
		if (!anchored && has_alternate(&rel) &&
		    keep(&url, out, err) == -1)
			return -1;
	}
	return 0;
}
