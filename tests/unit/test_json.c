/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/secret.h"
#include "heapscan.h"

static json *
parse(const char *text)
{
	struct error err;
	json *j;

	if (json_parse(text, strlen(text), "t", &j, &err) == -1)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

/* Parsed and written again, in Python's style. */
static void
round_trips(void **state)
{
	static const char *const rows[][2] = {
		{ "{}", NULL },
		{ "[]", NULL },
		{ " \t\r\n{ \"a\" :\n[ 1 ,2]\t} \n\n",
		    "{\"a\": [1, 2]}" },
		{ "{\"z\":1,\"a\":2,\"m\":3}",
		    "{\"z\": 1, \"a\": 2, \"m\": 3}" },
		{ "[null, true, false, \"x\"]", NULL },
		{ "[0, -1, 9223372036854775807, -9223372036854775808]", NULL },
		{ "[1.0, 1.50, -0.0, 1e5, 1E-05, 0.1]", NULL },
		{ "[9223372036854775808, 123456789012345678901234567890]",
		    NULL },
		{ "\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t\"",
		    "\"\\\" \\\\ / \\b \\f \\n \\r \\t\"" },
		{ "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
		    "\"\\u00e4\\u20ac\\ud83d\\ude00\\u007f\"" },
		{ "\"\\u00e4\\u20AC\\uD83D\\uDE00\\u0001\"",
		    "\"\\u00e4\\u20ac\\ud83d\\ude00\\u0001\"" },
		{ "{\"a\": 1, \"b\": 2, \"a\": {\"c\": 3}}",
		    "{\"a\": {\"c\": 3}, \"b\": 2}" },
		{ "{\"\": \"\"}", NULL },
		{ "42", NULL },
		{ "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", NULL },
	};
	struct error err;
	struct json_w w;
	struct buf b;
	json *j;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		j = parse(rows[i][0]);
		buf_init(&b, 4096);
		json_w_init(&w, &b, false);
		json_w_json(&w, NULL, j);
		assert_int_equal(buf_check(&b, "t", &err), 0);
		assert_string_equal(buf_str(&b), rows[i][1] != NULL ?
		    rows[i][1] : rows[i][0]);
		buf_free(&b);
		json_put(j);
	}
}

static const struct {
	const char *text;
	size_t len;		/* 0: strlen */
	const char *msg;
} bad[] = {
	{ "", 0, "JSON ends at byte 0, want a JSON value" },
	{ "  ", 0, "JSON ends at byte 2, want a JSON value" },
	{ "null", 0, "found null, want a JSON value" },
	{ "\xef\xbb\xbf{}", 0, "JSON is wrong at byte 0, want a JSON "
	    "value" },
	{ "{} x", 0, "JSON is wrong at byte 3, want nothing more" },
	{ "{}{}", 0, "JSON is wrong at byte 2, want nothing more" },
	{ "{}\0", 3, "JSON is wrong at byte 2, want nothing more" },
	{ "[1,]", 0, "JSON is wrong at byte 3, want a JSON value" },
	{ "[1 2]", 0, "JSON is wrong at byte 3, want a ',' or ']'" },
	{ "[1", 0, "JSON ends at byte 2, want a ',' or ']'" },
	{ "[", 0, "JSON ends at byte 1, want a JSON value" },
	{ "{\"a\":1,}", 0, "JSON is wrong at byte 7, want the name of "
	    "a member" },
	{ "{a:1}", 0, "JSON is wrong at byte 1, want the name of a "
	    "member" },
	{ "{'a':1}", 0, "JSON is wrong at byte 1, want the name of a "
	    "member" },
	{ "{\"a\" 1}", 0, "JSON is wrong at byte 5, want a ':'" },
	{ "{\"a\":1", 0, "JSON ends at byte 6, want a ',' or '}'" },
	{ "{\"a\":", 0, "JSON ends at byte 5, want a JSON value" },
	{ "\"a", 0, "JSON ends at byte 2, want the end of a string" },
	{ "\"a\nb\"", 0, "JSON is wrong at byte 2, want no control "
	    "character in a string" },
	{ "\"a\0b\"", 5, "JSON is wrong at byte 2, want no control "
	    "character in a string" },
	{ "\"\\u0000\"", 0, "JSON is wrong at byte 7, want no NUL in a "
	    "string" },
	{ "{\"a\\u0000b\":1}", 0, "JSON is wrong at byte 9, want no "
	    "NUL in a string" },
	{ "\"\\ud800\"", 0, "JSON is wrong at byte 7, want the other "
	    "half of a surrogate pair" },
	{ "\"\\ud800\\u0041\"", 0, "JSON is wrong at byte 13, want the "
	    "other half of a surrogate pair" },
	{ "\"\\udc00\"", 0, "JSON is wrong at byte 7, want no half of "
	    "a surrogate pair" },
	{ "\"\\u12g4\"", 0, "JSON is wrong at byte 5, want four hex "
	    "digits" },
	{ "\"\\x\"", 0, "JSON is wrong at byte 2, want one of "
	    "\"\\/bfnrtu behind a backslash" },
	{ "\"\\\0\"", 4, "JSON is wrong at byte 2, want one of "
	    "\"\\/bfnrtu behind a backslash" },
	{ "\"\xff\"", 0, "JSON is wrong at byte 1, want UTF-8" },
	{ "\"\xc0\x80\"", 0, "JSON is wrong at byte 1, want UTF-8" },
	{ "\"\xed\xa0\x80\"", 0, "JSON is wrong at byte 1, want "
	    "UTF-8" },
	{ "\"\xe2\x82", 0, "JSON is wrong at byte 1, want UTF-8" },
	{ "01", 0, "JSON is wrong at byte 1, want nothing more" },
	{ "-", 0, "JSON ends at byte 1, want a digit" },
	{ "1.", 0, "JSON ends at byte 2, want a digit" },
	{ "1e", 0, "JSON ends at byte 2, want a digit" },
	{ "1e+", 0, "JSON ends at byte 3, want a digit" },
	{ "+1", 0, "JSON is wrong at byte 0, want a JSON value" },
	{ ".5", 0, "JSON is wrong at byte 0, want a JSON value" },
	{ "NaN", 0, "JSON is wrong at byte 0, want a JSON value" },
	{ "[Infinity]", 0, "JSON is wrong at byte 1, want a JSON "
	    "value" },
	{ "True", 0, "JSON is wrong at byte 0, want a JSON value" },
	{ "tru", 0, "JSON is wrong at byte 0, want a JSON value" },
	{ "/**/{}", 0, "JSON is wrong at byte 0, want a JSON value" },
	{ "<html>", 0, "JSON is wrong at byte 0, want a JSON value" },
	{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 0, "JSON is wrong at "
	    "byte 16, want less nesting" },
};

static void
refuses(void **state)
{
	struct error err;
	size_t len;
	json *j;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		len = bad[i].len != 0 ? bad[i].len : strlen(bad[i].text);
		for (int secret = 0; secret < 2; secret++) {
			assert_int_equal(secret != 0 ?
			    json_parse_secret(bad[i].text, len, "t", &j,
			    &err) : json_parse(bad[i].text, len, "t", &j,
			    &err), -1);
			assert_null(j);
			assert_int_equal(err.code, CODE_ERROR);
			assert_memory_equal(err.msg, "'t': ", 5);
			assert_string_equal(err.msg + 5, bad[i].msg);
		}
	}
}

/* Cut anywhere, flipped anywhere: an error or a value, never a crash. */
static void
truncations_and_flips(void **state)
{
	static const char text[] = "{\"kty\": \"RSA\", \"n\": \"a\\u00e4b\", "
	    "\"l\": [1, 2.5e3, true, null, {\"x\": \"\\ud83d\\ude00\"}]}";
	size_t len = sizeof(text) - 1;
	char *copy;
	struct error err;
	json *j;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		/* exactly so much memory: a sanitizer sees a byte too far */
		copy = malloc(n > 0 ? n : 1);
		assert_non_null(copy);
		memcpy(copy, text, n);
		assert_int_equal(json_parse_secret(copy, n, "t", &j, &err),
		    -1);
		free(copy);
	}
	for (size_t bit = 0; bit < len * 8; bit++) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, text, len);
		copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
		if (json_parse_secret(copy, len, "t", &j, &err) == 0)
			json_put_secret(j);
		free(copy);
	}
}

static void
getters(void **state)
{
	json *j = parse("{\"s\": \"x\", \"i\": 5, \"d\": 5.5, \"b\": true, "
	    "\"n\": null, \"o\": {\"k\": 1}, \"a\": [\"p\", 7]}"), *v;
	struct json_iter it = { NULL, false };
	struct error err;
	const char *s;
	char keys[16] = "";
	int64_t i;
	bool b;

	(void)state;
	assert_int_equal(json_get_str(j, "s", JSON_REQUIRED, "w", &s, &err),
	    0);
	assert_string_equal(s, "x");
	assert_int_equal(json_get_int(j, "i", JSON_REQUIRED, "w", &i, &err),
	    0);
	assert_true(i == 5);
	assert_int_equal(json_get_bool(j, "b", JSON_REQUIRED, "w", &b, &err),
	    0);
	assert_true(b);
	assert_int_equal(json_get_obj(j, "o", JSON_REQUIRED, "w", &v, &err),
	    0);
	assert_true(json_is_obj(v));
	assert_int_equal(json_get_arr(j, "a", JSON_REQUIRED, "w", &v, &err),
	    0);
	assert_int_equal(json_len(v), 2);
	assert_string_equal(json_str_at(v, 0), "p");
	assert_null(json_str_at(v, 1));
	assert_null(json_str_at(v, 2));
	assert_null(json_at(v, 2));
	assert_null(json_at(NULL, 0));
	assert_int_equal(json_len(NULL), 0);
	assert_int_equal(json_len(j), 0);
	/* absent, null, another type */
	assert_int_equal(json_get_str(j, "q", JSON_OPTIONAL, "w", &s, &err),
	    0);
	assert_null(s);
	assert_int_equal(json_get_str(j, "n", JSON_OPTIONAL, "w", &s, &err),
	    0);
	assert_null(s);
	assert_int_equal(json_get_int(j, "q", JSON_OPTIONAL, "w", &i, &err),
	    0);
	assert_true(i == 0);
	assert_int_equal(json_get_bool(j, "q", JSON_OPTIONAL, "w", &b, &err),
	    0);
	assert_false(b);
	assert_int_equal(json_get_str(j, "q", JSON_REQUIRED, "w", &s, &err),
	    -1);
	assert_string_equal(err.msg, "'w': member 'q': found none, want a "
	    "string");
	assert_int_equal(json_get_str(j, "n", JSON_REQUIRED, "w", &s, &err),
	    -1);
	assert_string_equal(err.msg, "'w': member 'n': found null, want a "
	    "string");
	assert_int_equal(json_get_str(j, "i", JSON_OPTIONAL, "w", &s, &err),
	    -1);
	assert_string_equal(err.msg, "'w': member 'i': found a number, want a "
	    "string");
	assert_int_equal(json_get_int(j, "d", JSON_OPTIONAL, "w", &i, &err),
	    -1);
	assert_string_equal(err.msg, "'w': member 'd': found a number, want a "
	    "whole number");
	assert_int_equal(json_get_obj(j, "a", JSON_OPTIONAL, "w", &v, &err),
	    -1);
	assert_null(v);
	assert_int_equal(json_get_obj(NULL, "a", JSON_OPTIONAL, "w", &v, &err),
	    -1);
	assert_string_equal(err.msg, "'w': found null, want an object with "
	    "member 'a'");
	assert_true(json_has(j, "n"));
	assert_false(json_has(j, "q"));
	json_del(j, "n");
	json_del(j, "n");
	assert_false(json_has(j, "n"));
	while (json_each(j, &it, &s, &v))
		keys[strlen(keys)] = s[0];
	assert_string_equal(keys, "sidboa");
	json_put(j);
	json_put(NULL);
}

static void
writer(void **state)
{
	struct error err;
	struct json_w w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	json_w_init(&w, &b, true);
	json_w_obj(&w, NULL);
	json_w_str(&w, "s", "\"\x01\xff");
	json_w_str(&w, "n", NULL);
	json_w_strn(&w, "z", "a\0b", 3);
	json_w_int(&w, "i", INT64_MIN);
	json_w_arr(&w, "a");
	json_w_bool(&w, NULL, true);
	json_w_null(&w, NULL);
	json_w_obj(&w, NULL);
	json_w_obj_end(&w);
	json_w_arr_end(&w);
	json_w_time(&w, "t", 1795467960);
	json_w_time(&w, "u", 0);
	json_w_obj_end(&w);
	assert_string_equal(buf_str(&b), "{\"s\":\"\\\"\\u0001\\ufffd\","
	    "\"n\":null,\"z\":\"a\\u0000b\",\"i\":-9223372036854775808,"
	    "\"a\":[true,null,{}],\"t\":\"2026-11-23T21:06:00Z\",\"u\":null}");
	buf_reset(&b);
	json_w_init(&w, &b, false);
	json_w_obj(&w, NULL);
	json_w_int(&w, "a", 1);
	json_w_arr(&w, "b");
	json_w_int(&w, NULL, 1);
	json_w_int(&w, NULL, 2);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	assert_string_equal(buf_str(&b), "{\"a\": 1, \"b\": [1, 2]}");
	/* too deep to be read again */
	buf_reset(&b);
	json_w_init(&w, &b, true);
	for (int i = 0; i < 2 * LIMIT_JSON_DEPTH; i++)
		json_w_arr(&w, NULL);
	for (int i = 0; i < 2 * LIMIT_JSON_DEPTH; i++)
		json_w_arr_end(&w);
	assert_int_equal(buf_check(&b, "deep", &err), -1);
	buf_free(&b);
}

enum {
	MARKER = 40
};

/* A JSON text with the marker in strings of every kind; in a sensitive
 * buffer. */
static void
secret_text(struct buf *b, const char *marker)
{
	buf_adds(b, "{\"d\": \"");
	buf_adds(b, marker);
	buf_adds(b, "\", \"d\": \"");
	buf_adds(b, marker);
	buf_adds(b, "second\", \"list\": [\"");
	buf_adds(b, marker);
	buf_adds(b, "\\u0041\", {\"x\": \"\\n");
	buf_adds(b, marker);
	/* long: nothing that grows may leave its first half */
	for (int i = 0; i < 500; i++)
		buf_adds(b, marker);
	buf_adds(b, "\"}], \"");
	buf_adds(b, marker);
	buf_adds(b, "\": 1, \"e\": \"\"}");
}

/*
 * No trace of a secret's value after use, for a good text and for one cut
 * anywhere.  (A member's name is no secret, but is tried apart.)
 */
static void
secrets_are_gone(void **state)
{
	static char marker[MARKER + 1];
	struct error err;
	struct buf b;
	const char *s;
	size_t len;
	json *j;

	(void)state;
	for (int i = 0; i < MARKER; i++)
		marker[i] = (char)('!' + (i * 37 + 11) % 90);
	for (int i = 0; i < MARKER; i++)
		if (marker[i] == '"' || marker[i] == '\\')
			marker[i] = '_';
	buf_init_sensitive(&b, 65536);
	secret_text(&b, marker);
	len = b.len;
	assert_true(heap_find(marker, MARKER) > 500);
	assert_int_equal(json_parse_secret(b.data, len, "t", &j, &err), 0);
	assert_int_equal(json_get_str(j, "d", JSON_REQUIRED, "t", &s, &err),
	    0);
	assert_int_equal(strlen(s), MARKER + 6);
	json_del(j, marker);
	json_put_secret(j);
	buf_free(&b);
	/* 1: the name, which json-c had copied */
	assert_true(heap_find(marker, MARKER) <= 1);
}

static void
secrets_are_gone_after_errors(void **state)
{
	static char marker[MARKER + 1];
	struct error err;
	struct buf b;
	json *j;

	(void)state;
	for (int i = 0; i < MARKER; i++)
		marker[i] = (char)('A' + (i * 29 + 7) % 26);
	buf_init_sensitive(&b, 65536);
	buf_adds(&b, "{\"d\": \"");
	buf_adds(&b, marker);
	buf_adds(&b, "\", \"l\": [\"");
	buf_adds(&b, marker);
	buf_adds(&b, "\"], \"d\": \"");
	buf_adds(&b, marker);
	buf_adds(&b, "\"}");
	for (size_t n = 0; n < b.len; n++) {
		assert_int_equal(json_parse_secret(b.data, n, "t", &j, &err),
		    -1);
		assert_null(strstr(err.msg, "AHOV"));
	}
	assert_int_equal(heap_find(marker, MARKER), 3);
	buf_free(&b);
	assert_int_equal(heap_find(marker, MARKER), 0);
	json_put_secret(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(refuses),
		cmocka_unit_test(truncations_and_flips),
		cmocka_unit_test(getters),
		cmocka_unit_test(writer),
		cmocka_unit_test(secrets_are_gone),
		cmocka_unit_test(secrets_are_gone_after_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
