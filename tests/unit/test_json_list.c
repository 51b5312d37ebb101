/* SPDX-License-Identifier: ISC */
/* A long list in a file. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"

static const struct {
	const char *text;
	const char *elems;	/* as each() had them */
	const char *rest;	/* NULL: refused */
} lists[] = {
	{ "{\"l\": [1, \"a\", {\"l\": [2]}, [3], null]}",
	    "1 \"a\" {\"l\":[2]} [3] null ", "{\"l\":[]}" },
	{ "{\"a\": {\"l\": [1]}, \"l\": [], \"b\": [2]}", "",
	    "{\"a\":{\"l\":[1]},\"l\":[],\"b\":[2]}" },
	{ "{\"l\": {\"l\": [1]}}", "", "{\"l\":{\"l\":[1]}}" },
	{ "{\"l\": 7, \"l\": [1]}", "1 ", "{\"l\":[]}" },
	{ "{\"l\": [1], \"l\": [2]}", "1 2 ", "{\"l\":[]}" },
	{ "[{\"l\": [1]}]", "", "[{\"l\":[1]}]" },
	{ "[1]", "", "[1]" },
	/* what comes later is wrong */
	{ "{\"l\": [1, 2], \"b\": }", "1 2 ", NULL },
	{ "{\"l\": [1, 2", "1 2 ", NULL },
	{ "{\"l\": [1,, 2]}", "1 ", NULL },
	{ "{\"l\": [1, 2]} x", "1 2 ", NULL },
	/* each() does not want it */
	{ "{\"l\": [1, \"stop\", 2]}", "1 ", NULL },
};

static int
hear(void *arg, const json *elem, size_t at, size_t len, struct error *err)
{
	struct json_w w;

	(void)at;
	(void)len;

	if (json_str(elem) != NULL && strcmp(json_str(elem), "stop") == 0)
		return error_set(err, CODE_RETRY, "told to stop");
	json_w_init(&w, arg, true);
	json_w_json(&w, NULL, elem);
	buf_addc(arg, ' ');
	return 0;
}

/* The text is in a file. */
static int
parse_list(const char *text, size_t len, const struct json_list *list,
    json **j, struct error *err)
{
	int fd, rc;

	if ((fd = memfd_create("list", MFD_CLOEXEC)) == -1 ||
	    write(fd, text, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) != 0)
		fail_msg("no file");
	rc = json_parse_list(fd, "t", list, j, err);
	(void)close(fd);
	return rc;
}

struct span_check {
	const char *text;
	size_t n;
};

/* Where it is said to be, there it is. */
static int
check_span(void *arg, const json *elem, size_t at, size_t len,
    struct error *err)
{
	struct span_check *c = arg;
	const char *s = json_str_at(elem, 1);
	int64_t n;
	json *j;

	assert_true(json_int_at(elem, 0, &n));
	assert_int_equal(n, (int64_t)c->n);
	assert_int_equal(json_parse(c->text + at, len, "t", &j, err), 0);
	assert_string_equal(json_str_at(j, 1), s);
	json_put(j);
	c->n++;
	return 0;
}

/*
 * Many times the window, with blanks, escapes and elements at every offset to
 * where one ends; then cut off at some of them.
 */
static void
through_a_window(void **state)
{
	struct span_check c;
	const struct json_list list = { "l", check_span, &c };
	struct error err;
	struct buf b;
	json *j;

	(void)state;
	buf_init(&b, (size_t)16 * JSON_WINDOW);
	buf_adds(&b, "{\"l\":\n [");
	for (int i = 0; i < 4000; i++) {
		buf_addf(&b, "%s[%d, \"", i == 0 ? "" : ",", i);
		for (int k = 0; k < i % 97; k++)
			buf_adds(&b, k % 7 == 0 ? "\\u20ac" : "\xe2\x82\xac");
		buf_addf(&b, "\"]%*s", i % 11, "");
	}
	buf_addf(&b, "], \"rest\": [7]}%*s", 3 * JSON_WINDOW, "");
	assert_int_equal(buf_check(&b, "t", &err), 0);
	assert_true(b.len > (size_t)8 * JSON_WINDOW);
	c.text = b.data;
	c.n = 0;
	assert_int_equal(parse_list(b.data, b.len, &list, &j, &err), 0);
	assert_int_equal(c.n, 4000);
	assert_int_equal(json_len(json_get(j, "l")), 0);
	assert_int_equal(json_len(json_get(j, "rest")), 1);
	json_put(j);
	buf_addc(&b, 'x');
	c.text = b.data;
	c.n = 0;
	assert_int_equal(parse_list(b.data, b.len, &list, &j, &err), -1);
	assert_null(j);
	assert_non_null(strstr(err.msg, "nothing more"));
	for (size_t len = 0; len < b.len - (size_t)3 * JSON_WINDOW - 1;
	    len += 9973) {
		c.n = 0;
		assert_int_equal(parse_list(b.data, len, &list, &j, &err),
		    -1);
		assert_null(j);
	}
	buf_free(&b);
}

/* A string that no window holds, and a file that cannot be read. */
static void
beyond_a_window(void **state)
{
	struct span_check c = { "", 0 };
	const struct json_list list = { "l", check_span, &c };
	struct error err;
	struct buf b;
	json *j;
	int fd;

	(void)state;
	buf_init(&b, (size_t)4 * JSON_WINDOW);
	buf_adds(&b, "{\"l\": [], \"s\": \"");
	for (int i = 0; i < 2 * JSON_WINDOW; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\"}");
	assert_int_equal(parse_list(b.data, b.len, &list, &j, &err), -1);
	assert_null(j);
	buf_free(&b);
	if ((fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		fail_msg("no directory");
	assert_int_equal(json_parse_list(fd, "t", &list, &j, &err), -1);
	assert_int_equal(err.sys, EISDIR);
	assert_null(j);
	(void)close(fd);
}

static void
long_lists(void **state)
{
	struct buf heard, rest;
	const struct json_list list = { "l", hear, &heard };
	struct error err;
	struct json_w w;
	json *j;
	int rc;

	(void)state;
	buf_init(&heard, 1024);
	buf_init(&rest, 1024);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		error_clear(&err);
		buf_reset(&heard);
		buf_reset(&rest);
		rc = parse_list(lists[i].text, strlen(lists[i].text), &list,
		    &j, &err);
		if (strcmp(buf_str(&heard), lists[i].elems) != 0 ||
		    (rc == 0) != (lists[i].rest != NULL))
			fail_msg("row %zu: %d, '%s', %s", i, rc,
			    buf_str(&heard), err.msg);
		if (rc == -1) {
			assert_null(j);
			continue;
		}
		json_w_init(&w, &rest, true);
		json_w_json(&w, NULL, j);
		assert_string_equal(buf_str(&rest), lists[i].rest);
		json_put(j);
	}
	assert_int_equal(err.code, CODE_RETRY);
	buf_free(&heard);
	buf_free(&rest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_lists),
		cmocka_unit_test(through_a_window),
		cmocka_unit_test(beyond_a_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
