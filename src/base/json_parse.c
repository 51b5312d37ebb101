/* SPDX-License-Identifier: ISC */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "base/vis.h"

/*
 * Text into json-c's objects.  json-c's own tokener is not used: it leaves
 * private members in freed memory (its print buffer, and the first of two
 * duplicates), it takes comments, raw control characters and NaN, and what it
 * takes differs from version to version.
 */
struct parser {
	const char *text;
	size_t len;
	size_t pos;
	int fd;			/* -1: text is all */
	struct buf window;	/* else text is this part of what it holds */
	size_t base;		/* where that begins */
	bool unread;		/* err says why not */
	int depth;
	bool secret;
	const struct json_list *list;	/* NULL: none */
	bool listed;		/* the value that comes is that array */
	const char *what;
	struct buf str;		/* the string being read, sensitive */
	struct error *err;
};

static int parse_value(struct parser *p, json **out);

/* The text itself is never quoted: it may be a secret. */
static int
want(struct parser *p, const char *wanted)
{
	size_t at = p->base + p->pos;

	if (p->unread)
		return -1;
	if (p->pos >= p->len && p->fd == -1)
		return error_set(p->err, CODE_ERROR, "'%s': JSON ends at byte "
		    "%zu, want %s", vis(p->what), at, wanted);
	return error_set(p->err, CODE_ERROR, "'%s': JSON is wrong at byte %zu, "
	    "want %s", vis(p->what), at, wanted);
}

/* The window goes on to here, and is full where the file has as much. */
static void
refill(struct parser *p)
{
	size_t got = 1;
	char *to;

	buf_consume(&p->window, p->pos);
	p->base += p->pos;
	p->pos = 0;
	while (p->window.len < JSON_WINDOW && got > 0) {
		to = buf_reserve(&p->window, JSON_WINDOW - p->window.len);
		if (to == NULL || io_read(p->fd, to, JSON_WINDOW -
		    p->window.len, 0, &got, p->what, p->err) == -1) {
			p->unread = true;
			if (to == NULL)
				error_nomem(p->err);
			got = 0;
		}
		p->window.len += got;
	}
	if (got == 0)
		p->fd = -1;
	p->text = buf_str(&p->window);
	p->len = p->window.len;
}

/* The byte at the cursor, or -1 at the end. */
static int
peek(const struct parser *p)
{
	return p->pos < p->len ? (unsigned char)p->text[p->pos] : -1;
}

/* Half of a window is there then, or all that comes. */
static void
blanks(struct parser *p)
{
	int c;

	do {
		if (p->fd != -1 && p->len - p->pos < JSON_WINDOW / 2)
			refill(p);
		while ((c = peek(p)) == ' ' || c == '\t' || c == '\n' ||
		    c == '\r')
			p->pos++;
	} while (p->fd != -1 && p->len - p->pos < JSON_WINDOW / 2);
}

/* Four hex digits behind "\u". */
static int
hex4(struct parser *p, uint32_t *out)
{
	uint32_t v = 0;
	int c;

	for (int i = 0; i < 4; i++, p->pos++) {
		c = peek(p);
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v << 4 | (uint32_t)(c - 'A' + 10);
		else
			return want(p, "four hex digits");
	}
	*out = v;
	return 0;
}

static int
parse_unicode(struct parser *p)
{
	uint32_t c, low;
	char utf8[4];
	size_t n;

	if (hex4(p, &c) == -1)
		return -1;
	if (c == 0)
		return want(p, "no NUL in a string");
	if (c >= 0xdc00 && c <= 0xdfff)
		return want(p, "no half of a surrogate pair");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (p->len - p->pos < 2 || p->text[p->pos] != '\\' ||
		    p->text[p->pos + 1] != 'u')
			return want(p, "the other half of a surrogate pair");
		p->pos += 2;
		if (hex4(p, &low) == -1)
			return -1;
		if (low < 0xdc00 || low > 0xdfff)
			return want(p, "the other half of a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	n = utf8_encode(c, utf8);
	buf_add(&p->str, utf8, n);
	secret_wipe(utf8, sizeof(utf8));
	return 0;
}

static int
parse_escape(struct parser *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int c;

	p->pos++;
	if ((c = peek(p)) == 'u') {
		p->pos++;
		return parse_unicode(p);
	}
	if (c <= 0 || (at = strchr(from, c)) == NULL)
		return want(p, "one of \"\\/bfnrtu behind a backslash");
	buf_addc(&p->str, to[at - from]);
	p->pos++;
	return 0;
}

/* A string, decoded into p->str. */
static int
parse_string(struct parser *p)
{
	size_t n, start;
	int c;

	buf_reset(&p->str);
	p->pos++;
	for (;;) {
		start = p->pos;
		while ((c = peek(p)) >= 0x20 && c < 0x80 && c != '"' &&
		    c != '\\')
			p->pos++;
		buf_add(&p->str, p->text + start, p->pos - start);
		if (c == '"')
			break;
		if (c == '\\') {
			if (parse_escape(p) == -1)
				return -1;
			continue;
		}
		if (c < 0)
			return want(p, "the end of a string");
		if (c < 0x20)
			return want(p, "no control character in a string");
		n = utf8_decode(p->text + p->pos, p->len - p->pos, NULL);
		if (n == 0)
			return want(p, "UTF-8");
		buf_add(&p->str, p->text + p->pos, n);
		p->pos += n;
	}
	p->pos++;
	return buf_check(&p->str, p->what, p->err);
}

static int
made(struct parser *p, json *j, json **out)
{
	*out = j;
	return j == NULL ? error_nomem(p->err) : 0;
}

static int
skip_digits(struct parser *p)
{
	int c;

	if ((c = peek(p)) < '0' || c > '9')
		return want(p, "a digit");
	while ((c = peek(p)) >= '0' && c <= '9')
		p->pos++;
	return 0;
}

/* Whole numbers that fit become integers, the rest doubles that remember
 * their text. */
static int
parse_number(struct parser *p, json **out)
{
	size_t start = p->pos;
	bool whole = true;
	char *text, *end;
	intmax_t n;
	int c;

	if (peek(p) == '-')
		p->pos++;
	if (peek(p) == '0')
		p->pos++;
	else if (skip_digits(p) == -1)
		return -1;
	if (peek(p) == '.') {
		whole = false;
		p->pos++;
		if (skip_digits(p) == -1)
			return -1;
	}
	if ((c = peek(p)) == 'e' || c == 'E') {
		whole = false;
		p->pos++;
		if ((c = peek(p)) == '+' || c == '-')
			p->pos++;
		if (skip_digits(p) == -1)
			return -1;
	}
	if ((text = strndup(p->text + start, p->pos - start)) == NULL)
		return error_nomem(p->err);
	errno = 0;
	n = strtoimax(text, &end, 10);
	if (whole && errno == 0 && n >= INT64_MIN && n <= INT64_MAX)
		*out = json_object_new_int64((int64_t)n);
	else
		*out = json_object_new_double_s(strtod(text, NULL), text);
	secret_wipe(text, p->pos - start);
	free(text);
	return made(p, *out, out);
}

static int
parse_word(struct parser *p, json **out)
{
	static const char *const words[] = { "null", "true", "false" };
	size_t n;

	*out = NULL;
	for (int i = 0; i < 3; i++) {
		n = strlen(words[i]);
		if (p->len - p->pos < n ||
		    memcmp(p->text + p->pos, words[i], n) != 0)
			continue;
		p->pos += n;
		if (i == 0)
			return 0;
		return made(p, json_object_new_boolean(i == 1), out);
	}
	return want(p, "a JSON value");
}

/* What json-c replaces must be wiped first. */
static void
put_either(struct parser *p, json *j)
{
	if (p->secret)
		json_put_secret(j);
	else
		json_put(j);
}

/* Takes val over. */
static int
add_member(struct parser *p, json *obj, const char *key, json *val)
{
	json *old;

	if (p->secret && json_object_object_get_ex(obj, key, &old) != 0) {
		json_object_get(old);
		json_object_object_del(obj, key);
		json_put_secret(old);
	}
	if (json_object_object_add(obj, key, val) == -1) {
		put_either(p, val);
		return error_nomem(p->err);
	}
	return 0;
}

static int
parse_member(struct parser *p, json *obj)
{
	char *key = NULL;
	size_t keylen;
	json *val = NULL;
	int rc = -1;

	blanks(p);
	if (peek(p) != '"')
		return want(p, "the name of a member");
	if (parse_string(p) == -1)
		return -1;
	keylen = p->str.len;
	if ((key = buf_steal(&p->str)) == NULL)
		return error_nomem(p->err);
	blanks(p);
	if (peek(p) != ':') {
		want(p, "a ':'");
		goto out;
	}
	p->pos++;
	p->listed = p->list != NULL && p->depth == 1 &&
	    strcmp(key, p->list->member) == 0;
	if (parse_value(p, &val) == -1)
		goto out;
	rc = add_member(p, obj, key, val);
out:
	secret_wipe(key, keylen);
	free(key);
	return rc;
}

static int
parse_element(struct parser *p, json *arr)
{
	json *val = NULL;

	if (parse_value(p, &val) == -1)
		return -1;
	if (json_object_array_add(arr, val) == -1) {
		put_either(p, val);
		return error_nomem(p->err);
	}
	return 0;
}

/* One that does not stay. */
static int
pass_element(struct parser *p)
{
	json *val = NULL;
	size_t at;
	int rc;

	blanks(p);
	at = p->base + p->pos;
	if (parse_value(p, &val) == -1)
		return -1;
	rc = p->list->each(p->list->arg, val, at, p->base + p->pos - at,
	    p->err);
	put_either(p, val);
	return rc;
}

/* An object or an array, p->pos at its first byte. */
static int
parse_nested(struct parser *p, json **out)
{
	bool obj = p->text[p->pos] == '{', pass = p->listed && !obj;
	int end = obj ? '}' : ']', c;

	if (p->depth >= LIMIT_JSON_DEPTH)
		return want(p, "less nesting");
	p->depth++;
	p->listed = false;
	if (made(p, obj ? json_object_new_object() : json_object_new_array(),
	    out) == -1)
		return -1;
	p->pos++;
	blanks(p);
	if (peek(p) == end) {
		p->pos++;
		p->depth--;
		return 0;
	}
	for (;;) {
		if ((obj ? parse_member(p, *out) : pass ? pass_element(p) :
		    parse_element(p, *out)) == -1)
			goto fail;
		blanks(p);
		c = peek(p);
		if (c != ',' && c != end) {
			want(p, obj ? "a ',' or '}'" : "a ',' or ']'");
			goto fail;
		}
		p->pos++;
		if (c == end)
			break;
	}
	p->depth--;
	return 0;
fail:
	put_either(p, *out);
	*out = NULL;
	return -1;
}

static int
parse_value(struct parser *p, json **out)
{
	int c;

	*out = NULL;
	blanks(p);
	c = peek(p);
	if (c == '{' || c == '[')
		return parse_nested(p, out);
	if (c == '"') {
		if (parse_string(p) == -1)
			return -1;
		return made(p, json_object_new_string_len(buf_str(&p->str),
		    (int)p->str.len), out);
	}
	if (c == '-' || (c >= '0' && c <= '9'))
		return parse_number(p, out);
	return parse_word(p, out);
}

static int
parse(struct parser *p, json **out)
{
	int rc;

	rc = parse_value(p, out);
	if (rc == 0) {
		blanks(p);
		if (p->pos < p->len || p->unread)
			rc = want(p, "nothing more");
		else if (*out == NULL)
			rc = error_set(p->err, CODE_ERROR, "'%s': found null, "
			    "want a JSON value", vis(p->what));
	}
	if (rc == -1) {
		put_either(p, *out);
		*out = NULL;
	}
	buf_free(&p->str);
	return rc;
}

static int
parse_text(const char *text, size_t len, bool secret, const char *what,
    json **out, struct error *err)
{
	struct parser p = { .text = text, .len = len, .fd = -1,
		.secret = secret, .what = what, .err = err };

	*out = NULL;
	if (len > INT32_MAX)
		return error_set(err, CODE_ERROR, "'%s': longer than %d bytes",
		    vis(what), INT32_MAX);
	buf_init_sensitive(&p.str, len);
	return parse(&p, out);
}

int
json_parse(const char *text, size_t len, const char *what, json **out,
    struct error *err)
{
	return parse_text(text, len, false, what, out, err);
}

int
json_parse_secret(const char *text, size_t len, const char *what, json **out,
    struct error *err)
{
	return parse_text(text, len, true, what, out, err);
}

int
json_parse_list(int fd, const char *what, const struct json_list *list,
    json **out, struct error *err)
{
	struct parser p = { .fd = fd, .list = list, .what = what,
		.err = err };
	int rc;

	*out = NULL;
	buf_init_sensitive(&p.str, JSON_WINDOW);
	buf_init(&p.window, JSON_WINDOW);
	rc = parse(&p, out);
	buf_free(&p.window);
	return rc;
}
