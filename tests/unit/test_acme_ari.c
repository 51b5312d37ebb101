/* SPDX-License-Identifier: ISC */
/* Renewal information and the Link field. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "acme/ari.h"
#include "http/headers.h"
#include "http/link.h"
#include "issue/cert.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json *
parsed(const char *text)
{
	struct error err;
	json *j = NULL;

	if (json_parse(text, strlen(text), "test", &j, &err) == -1)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

/* ---- Link --------------------------------------------------------------- */

static void
links(void **state)
{
	static const struct {
		const char *value, *want;
	} rows[] = {
		{ "<https://ca/1>;rel=\"alternate\"", "https://ca/1" },
		{ "<https://ca/1>; rel=alternate", "https://ca/1" },
		{ "<https://ca/1> ; REL = \"Alternate\"", "https://ca/1" },
		{ "<https://ca/1>;rel=\"up alternate\"", "https://ca/1" },
		{ "<https://ca/d>;rel=\"index\", <https://ca/1>;"
		    "rel=\"alternate\" ,, <https://ca/2>;title=\"a, b; <c>\";"
		    "rel=alternate", "https://ca/1 https://ca/2" },
		{ "<https://ca/1>;;rel=alternate;", "https://ca/1" },
		{ "<https://ca/1>;title=\"\\\"\";rel=alternate",
		    "https://ca/1" },
		{ "<https://ca/a,b;c>;rel=alternate", "https://ca/a,b;c" },
		{ "<https://ca/1>;rel=alternate,<https://ca/1>;rel=alternate",
		    "https://ca/1" },
		/* only the first rel counts */
		{ "<https://ca/1>;rel=up;rel=alternate", "" },
		{ "<https://ca/1>;rel=alternate;rel=up", "https://ca/1" },
		{ "<https://ca/1>;rel=\"alternates\"", "" },
		{ "<https://ca/1>", "" },
		{ "<https://ca/1>;rel", "" },
		{ "<https://ca/1>;rel=alternate;anchor=\"#x\"", "" },
		{ "<http://ca/1>;rel=alternate", "" },
		{ "</cert/1>;rel=alternate", "" },
		{ "<file:///etc/passwd>;rel=alternate", "" },
		{ "<https://ca/ 1>;rel=alternate", "" },
		{ "<https://ca/\x01>;rel=alternate", "" },
		{ "<>;rel=alternate", "" },
		/* nothing behind a syntax error */
		{ "https://ca/1;rel=alternate, <https://ca/2>;rel=alternate",
		    "" },
		{ "<https://ca/1;rel=alternate", "" },
		{ "<https://ca/1>;rel=\"alternate", "" },
		{ "<https://ca/1>;rel=\"alternate\\", "" },
		{ "<https://ca/1>rel=alternate", "" },
		{ "<https://ca/1>;=alternate", "" },
		{ "<https://ca/1>;rel=alternate x, <https://ca/2>;"
		    "rel=alternate", "" },
		{ "", "" },
		{ " , ,", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct strs out = { 0 };
		struct error err;
		char *text;

		assert_int_equal(link_alternates(rows[i].value,
		    strlen(rows[i].value), &out, &err), 0);
		text = strs_join(&out, " ");
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("%s: found '%s', want '%s'", rows[i].value,
			    text, rows[i].want);
		free(text);
		strs_free(&out);
	}
}

static void
many_links(void **state)
{
	struct http_headers h = { 0 };
	struct error err;
	char text[128];
	int len;

	(void)state;
	for (int i = 0; i < 100; i++) {
		len = snprintf(text, sizeof(text),
		    "link: <https://ca/%d>;rel=\"alternate\"\r\n", i);
		assert_int_equal(http_headers_line(&h, text, (size_t)len,
		    &err), 0);
	}
	assert_int_equal(h.alternates.n, LINK_ALTERNATES);
	assert_string_equal(h.alternates.v[0], "https://ca/0");
	/* another answer: another list */
	assert_int_equal(http_headers_line(&h, "HTTP/1.1 200", 12, &err), 0);
	assert_int_equal(h.alternates.n, 0);
	http_headers_free(&h);
}

/* ---- renewal information ------------------------------------------------ */

static void
ari_ids(void **state)
{
	/* RFC 9773 section 4.1 */
	static const unsigned char key[] = { 0x69, 0x88, 0x5B, 0x6B, 0x87,
		0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE,
		0x2C, 0xDE, 0x01, 0xC8, 0xD4 };
	static const unsigned char serial[] = { 0x00, 0x87, 0x65, 0x43, 0x21 };
	static const unsigned char long_id[ARI_KEY_ID_MAX + 1];
	struct error err;
	char *id = NULL, *url = NULL;

	(void)state;
	assert_int_equal(acme_ari_id(key, sizeof(key), serial, sizeof(serial),
	    &id, &err), 0);
	assert_string_equal(id, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	assert_int_equal(acme_ari_url("https://ca/ari", id, &url, &err), 0);
	assert_string_equal(url,
	    "https://ca/ari/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	free(url);
	assert_int_equal(acme_ari_url("https://ca/ari/", "a.b", &url, &err),
	    0);
	assert_string_equal(url, "https://ca/ari/a.b");
	free(url);
	free(id);
	assert_int_equal(acme_ari_id(key, 0, serial, 5, &id, &err), -1);
	assert_int_equal(acme_ari_id(key, 20, serial, 0, &id, &err), -1);
	assert_int_equal(acme_ari_id(long_id, sizeof(long_id), serial, 5, &id,
	    &err), -1);
	assert_int_equal(acme_ari_id(key, 20, long_id, ARI_SERIAL_MAX + 1,
	    &id, &err), -1);
}

#define WINDOW(start, end) "\"suggestedWindow\": {\"start\": " start \
	", \"end\": " end "}"
#define T1 "\"2026-12-20T08:00:00Z\""
#define T2 "\"2026-12-22T08:00:00.5+01:00\""

static void
ari_answers(void **state)
{
	static const struct {
		const char *text;
		int64_t retry;
		const char *msg;
		int64_t want_retry;
		const char *url;
	} rows[] = {
		{ "{" WINDOW(T1, T2) "}", 3600, NULL, 3600, NULL },
		{ "{" WINDOW(T1, T2) ", \"x\": 1, \"explanationURL\": "
		    "\"https://ca/why\"}", -1, NULL, ARI_RETRY_NONE,
		    "https://ca/why" },
		{ "{" WINDOW(T1, T2) ", \"explanationURL\": "
		    "\"javascript:x\"}", 0, NULL, ARI_RETRY_MIN, NULL },
		{ "{" WINDOW(T1, T2) ", \"explanationURL\": []}",
		    366LL * 86400, NULL, ARI_RETRY_MAX, NULL },
		{ "{}", -1, "'W': member 'suggestedWindow': found none, want "
		    "an object", 0, NULL },
		{ "{\"suggestedWindow\": []}", -1, "'W': member "
		    "'suggestedWindow': found an array, want an object", 0,
		    NULL },
		{ "{" WINDOW(T2, T1) "}", -1, "'W': member 'suggestedWindow'"
		    ": its end is not behind its start", 0, NULL },
		{ "{" WINDOW(T1, T1) "}", -1, "'W': member 'suggestedWindow'"
		    ": its end is not behind its start", 0, NULL },
		{ "{" WINDOW("7", T1) "}", -1, "'W': member 'start': found a "
		    "number, want a string", 0, NULL },
		{ "{" WINDOW(T1, "null") "}", -1, "'W': member 'end': found "
		    "null, want a string", 0, NULL },
		{ "{" WINDOW("\"1969-01-01T00:00:00Z\"", T1) "}", -1, "'W': "
		    "member 'start': found '1969-01-01T00:00:00Z', want a "
		    "time behind 1970", 0, NULL },
		{ "{" WINDOW("\"soon\"", T1) "}", -1, "'W': member 'start': "
		    "'soon': no time as RFC 3339 has it, want e.g. "
		    "'2026-11-23T21:06:00Z'", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json *j = parsed(rows[i].text);
		struct acme_ari a;
		struct error err;
		int r;

		error_clear(&err);
		r = acme_ari_parse(j, "W", rows[i].retry, &a, &err);
		assert_string_equal(err.msg,
		    rows[i].msg == NULL ? "" : rows[i].msg);
		assert_int_equal(r, rows[i].msg == NULL ? 0 : -1);
		json_put(j);
		if (r == -1)
			continue;
		assert_int_equal(a.start, 1797753600);
		assert_int_equal(a.end, 1797922800);
		assert_int_equal(a.retry_after, rows[i].want_retry);
		if (rows[i].url == NULL)
			assert_null(a.explanation_url);
		else
			assert_string_equal(a.explanation_url, rows[i].url);
		acme_ari_free(&a);
	}
}

/* RFC 9773 appendix A, whose serial has a leading zero, and what openssl says
 * of a fixture. */
static void
ari_of_certificates(void **state)
{
	static const struct {
		const char *path, *id;
	} rows[] = {
		{ FIXTURE("certs/rfc9773.pem"),
		    "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE" },
		{ FIXTURE("certs/names.pem"),
		    "MuIM_Y2r0LVkOLHNsdZ9UqwBO5M."
		    "RF8gj3uIWk9X9l6jaTc1RQe66g0" },
	};
	struct error err;
	struct cert c;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(cert_read(rows[i].path, &c, &err), 0);
		assert_string_equal(c.ari_id, rows[i].id);
		cert_free(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(many_links),
		cmocka_unit_test(ari_ids),
		cmocka_unit_test(ari_answers),
		cmocka_unit_test(ari_of_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
