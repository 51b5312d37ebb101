/* SPDX-License-Identifier: ISC */
#include "store/lineage.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vis.h"

/*
 * certbot's renewal configuration (ConfigObj): "key = value" lines, comments
 * behind '#', [section], [[subsection]], values in quotes, values of several
 * lines in triple quotes.  Keys of a [[subsection]] belong to none that we
 * know.
 */
struct line {
	size_t start, end;	/* end: behind the newline */
	enum { LINE_OTHER, LINE_SECTION, LINE_KEY, LINE_MORE } kind;
	size_t name, namelen;	/* the section's or the key's */
	int depth;		/* of a section */
	size_t value, valuelen;	/* quotes too, no blanks, no comment */
};

struct scan {
	const char *text;
	size_t len;
	size_t pos;
	char triple;		/* inside ''' or """: which */
};

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Where a value ends: quoted up to the quote, else before '#' and without
 * blanks at the end.  "a", "b" and what follows a quote otherwise counts. */
static size_t
value_len(const char *p, size_t n)
{
	size_t i = 0, end;

	if (n > 0 && (p[0] == '"' || p[0] == '\'')) {
		for (i = 1; i < n && p[i] != p[0]; i++)
			continue;
		for (end = i + 1; end < n && blank(p[end]); end++)
			continue;
		if (i < n && (end == n || p[end] == '#'))
			return i + 1;
		/* an open quote is none */
		if (i == n)
			i = 0;
	}
	for (end = i; end < n && p[end] != '#'; end++)
		continue;
	while (end > 0 && blank(p[end - 1]))
		end--;
	return end;
}

static void
unquote(const char *text, size_t *at, size_t *len)
{
	if (*len >= 2 && (text[*at] == '"' || text[*at] == '\'') &&
	    text[*at + *len - 1] == text[*at]) {
		(*at)++;
		*len -= 2;
	}
}

static void
section_line(const struct scan *s, size_t i, size_t end, struct line *l)
{
	size_t stop;

	while (i < end && s->text[i] == '[') {
		l->depth++;
		i++;
	}
	for (stop = i; stop < end && s->text[stop] != ']'; stop++)
		continue;
	if (stop == end)
		return;
	while (i < stop && blank(s->text[i]))
		i++;
	while (stop > i && blank(s->text[stop - 1]))
		stop--;
	l->kind = LINE_SECTION;
	l->name = i;
	l->namelen = stop - i;
	unquote(s->text, &l->name, &l->namelen);
}

static bool
is_triple(const char *p, size_t n)
{
	return n >= 3 && (memcmp(p, "'''", 3) == 0 ||
	    memcmp(p, "\"\"\"", 3) == 0);
}

static void
key_line(struct scan *s, size_t i, size_t end, struct line *l)
{
	size_t eq, stop;

	for (eq = i; eq < end && s->text[eq] != '='; eq++)
		continue;
	if (eq == end)
		return;
	for (stop = eq; stop > i && blank(s->text[stop - 1]); stop--)
		continue;
	l->kind = LINE_KEY;
	l->name = i;
	l->namelen = stop - i;
	unquote(s->text, &l->name, &l->namelen);
	for (eq++; eq < end && blank(s->text[eq]); eq++)
		continue;
	l->value = eq;
	l->valuelen = value_len(s->text + eq, end - eq);
	if (is_triple(s->text + eq, end - eq)) {
		/* ends on this line, or a later one */
		l->valuelen = end - eq;
		if (memmem(s->text + eq + 3, end - eq - 3, s->text + eq, 3) ==
		    NULL)
			s->triple = s->text[eq];
	}
}

static bool
next_line(struct scan *s, struct line *l)
{
	const char *nl, mark[3] = { s->triple, s->triple, s->triple };
	size_t i, end;

	memset(l, 0, sizeof(*l));
	if (s->pos >= s->len)
		return false;
	nl = memchr(s->text + s->pos, '\n', s->len - s->pos);
	end = nl == NULL ? s->len : (size_t)(nl - s->text);
	l->start = s->pos;
	l->end = s->pos = nl == NULL ? end : end + 1;
	if (s->triple != 0) {
		l->kind = LINE_MORE;
		if (memmem(s->text + l->start, end - l->start, mark, 3) !=
		    NULL)
			s->triple = 0;
		return true;
	}
	for (i = l->start; i < end && blank(s->text[i]); i++)
		continue;
	if (i == end || s->text[i] == '#')
		return true;
	if (s->text[i] == '[')
		section_line(s, i, end, l);
	else
		key_line(s, i, end, l);
	return true;
}

static bool
is_name(const struct scan *s, const struct line *l, const char *name)
{
	return strlen(name) == l->namelen &&
	    memcmp(s->text + l->name, name, l->namelen) == 0;
}

struct place {
	bool found;		/* the key is there: */
	size_t value, valuelen;
	bool section;		/* the section is there: */
	size_t end;		/* where a new key of it belongs */
};

static void
locate(struct scan *s, const char *section, const char *key, struct place *p)
{
	bool inside = section[0] == '\0';
	struct line l;

	memset(p, 0, sizeof(*p));
	p->section = inside;
	while (next_line(s, &l)) {
		if (l.kind == LINE_SECTION) {
			inside = l.depth == 1 && is_name(s, &l, section);
			if (inside) {
				p->section = true;
				p->end = l.end;
			}
		} else if (inside && l.kind == LINE_MORE) {
			p->end = l.end;
		} else if (inside && l.kind == LINE_KEY) {
			p->end = l.end;
			if (is_name(s, &l, key)) {
				p->found = true;
				p->value = l.value;
				p->valuelen = l.valuelen;
			}
		}
	}
}

int
conf_get(const char *text, size_t len, const char *section, const char *key,
    char **out, struct error *err)
{
	struct scan s = { text, len, 0, 0 };
	struct place p;

	*out = NULL;
	locate(&s, section, key, &p);
	if (!p.found)
		return 0;
	unquote(text, &p.value, &p.valuelen);
	if (memchr(text + p.value, '\0', p.valuelen) != NULL)
		return error_set(err, CODE_STORE, "'%s': found a NUL byte in "
		    "its value", vis(key));
	if ((*out = strndup(text + p.value, p.valuelen)) == NULL)
		return error_nomem(err);
	return 0;
}

/* Values that would be read as something else unless quoted. */
static const char *
quote_for(const char *value)
{
	if (value[0] != '\0' && strpbrk(value, "\"'#,") == NULL &&
	    !blank(value[0]) && !blank(value[strlen(value) - 1]))
		return "";
	return strchr(value, '"') != NULL ? "'" : "\"";
}

static void
add_value(struct buf *out, const char *value)
{
	const char *q = quote_for(value);

	buf_adds(out, q);
	buf_adds(out, value);
	buf_adds(out, q);
}

int
conf_set(const char *text, size_t len, const char *section, const char *key,
    const char *value, struct buf *out, struct error *err)
{
	struct scan s = { text, len, 0, 0 };
	struct place p;
	size_t rest;

	if (strpbrk(value, "\r\n") != NULL || (strchr(value, '"') != NULL &&
	    strchr(value, '\'') != NULL))
		return error_set(err, CODE_ERROR, "'%s': this value cannot be "
		    "written to a certbot configuration", vis(key));
	locate(&s, section, key, &p);
	if (s.triple != 0 || (p.found && is_triple(text + p.value,
	    p.valuelen)))
		return error_set(err, CODE_STORE, "'%s': found a value of "
		    "several lines that is not closed or not expected here",
		    vis(key));
	if (p.found) {
		buf_add(out, text, p.value);
		add_value(out, value);
		rest = p.value + p.valuelen;
	} else {
		rest = p.section ? p.end : len;
		buf_add(out, text, rest);
		if (rest > 0 && text[rest - 1] != '\n')
			buf_addc(out, '\n');
		if (!p.section)
			buf_addf(out, "[%s]\n", section);
		buf_addf(out, "%s = ", key);
		add_value(out, value);
		buf_addc(out, '\n');
	}
	buf_add(out, text + rest, len - rest);
	return buf_check(out, key, err);
}

int
conf_unset(const char *text, size_t len, const char *section,
    const char *key, struct buf *out, struct error *err)
{
	struct scan s = { text, len, 0, 0 };
	bool inside = section[0] == '\0', gone = false;
	struct line l;

	while (next_line(&s, &l)) {
		if (l.kind == LINE_SECTION)
			inside = l.depth == 1 && is_name(&s, &l, section);
		/* what a value goes on over goes with it */
		if (l.kind != LINE_MORE)
			gone = inside && l.kind == LINE_KEY &&
			    is_name(&s, &l, key);
		if (!gone)
			buf_add(out, text + l.start, l.end - l.start);
	}
	if (s.triple != 0)
		return error_set(err, CODE_STORE, "'%s': found a value of "
		    "several lines that is not closed", vis(key));
	return buf_check(out, key, err);
}
