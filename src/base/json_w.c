/* SPDX-License-Identifier: ISC */
#include "base/json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

void
json_w_init(struct json_w *w, struct buf *b, bool compact)
{
	memset(w, 0, sizeof(*w));
	w->b = b;
	w->compact = compact;
	w->first[0] = true;
}

static void
add_escaped(struct buf *b, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";
	char s[6] = { '\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15],
		hex[unit >> 4 & 15], hex[unit & 15] };

	buf_add(b, s, sizeof(s));
}

static void
add_char(struct buf *b, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at;

	if (c != 0 && c < 0x80 && (at = strchr(from, (int)c)) != NULL) {
		buf_addc(b, '\\');
		buf_addc(b, to[at - from]);
	} else if (c >= 0x20 && c < 0x7f)
		buf_addc(b, (char)c);
	else if (c < 0x10000)
		add_escaped(b, c);
	else {
		c -= 0x10000;
		add_escaped(b, 0xd800 + (c >> 10));
		add_escaped(b, 0xdc00 + (c & 0x3ff));
	}
}

/* ASCII only; what is not UTF-8 becomes U+FFFD. */
static void
add_string(struct buf *b, const char *s, size_t len)
{
	uint32_t c;
	size_t n;

	buf_addc(b, '"');
	for (size_t i = 0; i < len && !b->failed; i += n) {
		if ((n = utf8_decode(s + i, len - i, &c)) == 0) {
			c = 0xfffd;
			n = 1;
		}
		add_char(b, c);
	}
	buf_addc(b, '"');
}

/* What stands before a value: the separator and the name. */
static void
begin(struct json_w *w, const char *name)
{
	if (!w->first[w->depth])
		buf_adds(w->b, w->compact ? "," : ", ");
	w->first[w->depth] = false;
	if (name == NULL)
		return;
	add_string(w->b, name, strlen(name));
	buf_adds(w->b, w->compact ? ":" : ": ");
}

static void
nest(struct json_w *w, const char *name, char open)
{
	begin(w, name);
	buf_addc(w->b, open);
	if (w->depth >= LIMIT_JSON_DEPTH) {
		/* nobody could read it; more than any ceiling fails the buf */
		(void)buf_reserve(w->b, SIZE_MAX);
		return;
	}
	w->first[++w->depth] = true;
}

static void
unnest(struct json_w *w, char close)
{
	if (w->depth > 0)
		w->depth--;
	buf_addc(w->b, close);
}

void
json_w_obj(struct json_w *w, const char *name)
{
	nest(w, name, '{');
}

void
json_w_obj_end(struct json_w *w)
{
	unnest(w, '}');
}

void
json_w_arr(struct json_w *w, const char *name)
{
	nest(w, name, '[');
}

void
json_w_arr_end(struct json_w *w)
{
	unnest(w, ']');
}

void
json_w_str(struct json_w *w, const char *name, const char *s)
{
	if (s == NULL)
		json_w_null(w, name);
	else
		json_w_strn(w, name, s, strlen(s));
}

void
json_w_strn(struct json_w *w, const char *name, const char *s, size_t len)
{
	begin(w, name);
	add_string(w->b, s, len);
}

void
json_w_int(struct json_w *w, const char *name, int64_t n)
{
	begin(w, name);
	buf_addf(w->b, "%" PRId64, n);
}

void
json_w_bool(struct json_w *w, const char *name, bool v)
{
	begin(w, name);
	buf_adds(w->b, v ? "true" : "false");
}

void
json_w_null(struct json_w *w, const char *name)
{
	begin(w, name);
	buf_adds(w->b, "null");
}

void
json_w_time(struct json_w *w, const char *name, int64_t t)
{
	char text[TIME_TEXT];

	json_w_str(w, name, t <= 0 ? NULL : time_text(t, text, sizeof(text)));
}

/* A double keeps the text it was parsed from as its user data. */
static void
add_double(struct json_w *w, const char *name, const json *j)
{
	const char *text;

	begin(w, name);
	text = json_object_get_userdata((json *)(uintptr_t)j);
	if (text != NULL)
		buf_adds(w->b, text);
	else
		buf_addf(w->b, "%.17g", json_object_get_double(j));
}

void
json_w_text(struct json_w *w, const char *name, const char *text, size_t len)
{
	begin(w, name);
	buf_add(w->b, text, len);
}

void
json_w_json(struct json_w *w, const char *name, const json *j)
{
	struct json_iter it = { NULL, false };
	const char *key;
	json *val;

	switch (json_object_get_type(j)) {
	case json_type_null:
		json_w_null(w, name);
		break;
	case json_type_boolean:
		json_w_bool(w, name, json_object_get_boolean(j) != 0);
		break;
	case json_type_double:
		add_double(w, name, j);
		break;
	case json_type_int:
		json_w_int(w, name, json_object_get_int64(j));
		break;
	case json_type_string:
		json_w_strn(w, name, json_str(j),
		    (size_t)json_object_get_string_len(j));
		break;
	case json_type_array:
		json_w_arr(w, name);
		for (size_t i = 0; i < json_len(j); i++)
			json_w_json(w, NULL, json_at(j, i));
		json_w_arr_end(w);
		break;
	case json_type_object:
		json_w_obj(w, name);
		while (json_each(j, &it, &key, &val))
			json_w_json(w, key, val);
		json_w_obj_end(w);
		break;
	}
}
