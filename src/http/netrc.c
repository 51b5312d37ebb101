/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/vis.h"
#include "http/auth.h"

struct scan {
	const char *p, *end;
	struct buf word;	/* the last one, sensitive */
	bool broken;		/* a quote that does not end */
};

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_line(struct scan *s)
{
	while (s->p < s->end && *s->p != '\n')
		s->p++;
}

/* The rest of a macro: up to an empty line. */
static void
skip_macro(struct scan *s)
{
	skip_line(s);
	while (s->p < s->end && !(s->p + 1 < s->end && s->p[1] == '\n')) {
		s->p++;
		skip_line(s);
	}
}

/* Between quotes, where a backslash takes the next one as it is, or is n, r or
 * t as in C. */
static void
quoted(struct scan *s)
{
	char c;

	for (s->p++; s->p < s->end && *s->p != '"'; s->p++) {
		c = *s->p;
		if (c == '\\' && s->p + 1 < s->end) {
			c = *++s->p;
			c = c == 'n' ? '\n' : c == 'r' ? '\r' :
			    c == 't' ? '\t' : c;
		}
		buf_addc(&s->word, c);
	}
	if (s->p < s->end)
		s->p++;
	else
		s->broken = true;
}

/* The next word; false at the end. */
static bool
next(struct scan *s)
{
	buf_reset(&s->word);
	for (;;) {
		while (s->p < s->end && blank(*s->p))
			s->p++;
		if (s->p == s->end)
			return false;
		if (*s->p != '#')
			break;
		skip_line(s);
	}
	if (*s->p == '"') {
		quoted(s);
		return !s->broken;
	}
	while (s->p < s->end && !blank(*s->p))
		buf_addc(&s->word, *s->p++);
	return true;
}

static bool
is(const struct scan *s, const char *word)
{
	return strcasecmp(buf_str(&s->word), word) == 0;
}

/* The word behind login or password. */
static int
take(struct scan *s, struct secret *out, struct error *err)
{
	if (!next(s))
		return error_set(err, CODE_USAGE, "found nothing behind a "
		    "keyword, want a word");
	secret_free(out);
	return secret_dup(out, buf_str(&s->word), s->word.len, err);
}

static int
entries(struct scan *s, const char *host, struct secret *user,
    struct secret *password, struct error *err)
{
	bool ours = false;

	while (next(s)) {
		if (is(s, "macdef")) {
			skip_macro(s);
		} else if (is(s, "machine") || is(s, "default")) {
			/* a complete entry of ours ends the search */
			if (ours && password->data != NULL)
				return 0;
			secret_free(user);
			secret_free(password);
			ours = is(s, "default") || (next(s) && is(s, host));
		} else if (is(s, "login") || is(s, "password")) {
			struct secret other = { 0 };
			bool login = is(s, "login");
			int r = take(s, !ours ? &other : login ? user :
			    password, err);

			secret_free(&other);
			if (r == -1)
				return -1;
		} else if (is(s, "account")) {
			(void)next(s);
		} else
			return error_set(err, CODE_USAGE, "found a word that "
			    "is no keyword, want 'machine HOST login NAME "
			    "password WORD'");
	}
	if (s->broken)
		return error_set(err, CODE_USAGE, "found a quote without its "
		    "end, want another one");
	if (ours && password->data != NULL)
		return 0;
	return error_set(err, CODE_USAGE, "found no entry with a password for "
	    "it, want 'machine %s login NAME password WORD'", vis(host));
}

int
http_netrc(const char *text, size_t len, const char *host,
    struct secret *user, struct secret *password, struct error *err)
{
	struct scan s = { .p = text, .end = text + len };
	int rc = -1;

	buf_init_sensitive(&s.word, LIMIT_SECRET_FILE);
	if (memchr(text, '\0', len) != NULL)
		error_set(err, CODE_USAGE, "found a NUL byte, want text");
	else
		rc = entries(&s, host, user, password, err);
	if (rc == 0)
		rc = buf_check(&s.word, "netrc", err);
	buf_free(&s.word);
	if (rc == 0 && user->data == NULL)
		rc = secret_dup(user, "", 0, err);
	if (rc == -1) {
		secret_free(user);
		secret_free(password);
	}
	return rc;
}
