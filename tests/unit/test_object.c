/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "transport/object.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define URL "https://h/x.cms"

static const struct {
	long status;
	bool put;
	enum http_auth_kind kind;
	bool cert;
	const char *body;
	enum code code;
	const char *want;
} statuses[] = {
	{ 401, false, HTTP_AUTH_NONE, false, "", CODE_TRUST, "is not for us "
	    "to read (401); it wants to know who we are: set token_file, "
	    "netrc_file, client_cert or sigv4" },
	{ 401, false, HTTP_AUTH_BASIC, false, "", CODE_TRUST, "is not for us "
	    "to read (401); look at the login and the password in "
	    "netrc_file" },
	{ 403, true, HTTP_AUTH_BEARER, false, "", CODE_TRUST, "is not to be "
	    "written by us (403); look at the token in token_file, it may have "
	    "expired" },
	{ 403, false, HTTP_AUTH_NONE, true, "", CODE_TRUST, "is not for us to "
	    "read (403); look at client_cert" },
	{ 403, false, HTTP_AUTH_SIGV4, false, "<Error><Code>"
	    "SignatureDoesNotMatch</Code></Error>", CODE_TRUST, "is not for us "
	    "to read (403 SignatureDoesNotMatch); look at the access key, at "
	    "sigv4's region and service, and at this host's clock" },
	{ 403, true, HTTP_AUTH_SIGV4, false, "<Code>AccessDenied</Code>",
	    CODE_TRUST, "is not to be written by us (403 AccessDenied); allow "
	    "this access key s3:PutObject there, and s3:ListBucket, or an "
	    "object that is not there yet looks the same" },
	{ 400, false, HTTP_AUTH_NONE, false, "<center>No required SSL "
	    "certificate was sent</center>", CODE_TRUST, "wants a client "
	    "certificate (400); set client_cert and client_key" },
	{ 400, false, HTTP_AUTH_NONE, true, "The SSL certificate error",
	    CODE_TRUST, "does not take our client certificate (400); is it of "
	    "the CA that it trusts, and still valid?" },
	{ 400, false, HTTP_AUTH_SIGV4, false, "<Code>ExpiredToken</Code>",
	    CODE_ERROR, "400 ExpiredToken: is no answer that an object store "
	    "gives; is the URL right?" },
	{ 400, false, HTTP_AUTH_SIGV4, false, "<Code>Expired\x1b</Code>",
	    CODE_ERROR, "400: is no answer that an object store gives; is the "
	    "URL right?" },
	{ 404, false, HTTP_AUTH_NONE, false, "", CODE_ERROR, "404: nothing is "
	    "there; has it been pushed to?" },
	{ 404, true, HTTP_AUTH_NONE, false, "<Code>NoSuchBucket</Code>",
	    CODE_ERROR, "404 NoSuchBucket: nothing can be put there; is the "
	    "bucket or the folder there?" },
	{ 409, true, HTTP_AUTH_NONE, false, "", CODE_STORE, "conflict (409): "
	    "another sender writes there, or its folder does not exist" },
	{ 412, true, HTTP_AUTH_NONE, false, "", CODE_STORE, "was changed "
	    "meanwhile (412): another sender writes there; give each sender "
	    "an object of its own" },
	{ 405, true, HTTP_AUTH_NONE, false, "", CODE_ERROR, "405: it takes no "
	    "PUT; is writing switched on there (WebDAV: dav_methods PUT)?" },
	{ 413, true, HTTP_AUTH_NONE, false, "", CODE_ERROR, "413: the bundle "
	    "is too long for it (nginx: client_max_body_size)" },
	{ 429, false, HTTP_AUTH_NONE, false, "", CODE_RETRY, "has had too "
	    "many requests (429); try again later" },
	{ 500, false, HTTP_AUTH_NONE, false, "", CODE_RETRY, "cannot serve us "
	    "now (500); try again later" },
	{ 503, true, HTTP_AUTH_NONE, false, "<Code>SlowDown</Code>",
	    CODE_RETRY, "cannot serve us now (503 SlowDown); try again "
	    "later" },
	{ 599, true, HTTP_AUTH_NONE, false, "", CODE_RETRY, "cannot serve us "
	    "now (599); try again later" },
	{ 302, false, HTTP_AUTH_NONE, false, "", CODE_ERROR, "redirects (302) "
	    "to 'https://other/y', which is not followed; if that is the "
	    "place, set it as the url" },
	{ 206, false, HTTP_AUTH_NONE, false, "", CODE_ERROR, "206: is no "
	    "answer that an object store gives; is the URL right?" },
};

static void
test_statuses(void **state)
{
	struct http_response r = { .location = "https://other/y",
		.retry_after = 17 };
	struct object_answer a = { 0 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		r.status = statuses[i].status;
		r.body = statuses[i].body;
		r.body_len = strlen(r.body);
		object_answer_take(&a, &r, NULL);
		assert_int_equal(object_status(URL, statuses[i].put,
		    statuses[i].kind, statuses[i].cert, &a, &err), -1);
		if (strncmp(err.msg, "'" URL "': ", sizeof(URL) + 3) != 0 ||
		    strstr(err.msg, statuses[i].want) == NULL ||
		    err.code != statuses[i].code)
			fail_msg("row %zu: %d %s", i, (int)err.code, err.msg);
		assert_int_equal(err.retry_after,
		    err.code == CODE_RETRY ? 17 : -1);
	}
	object_answer_free(&a);
}

/* Two bundles of one size in one second have one ETag at nginx. */
static void
test_settled(void **state)
{
	static const struct {
		const char *etag;
		int64_t modified, date;
		bool want;
	} t[] = {
		{ NULL, 0, 0, false },
		{ "\"a\"", 0, 0, true },
		{ "\"a\"", 1000, 0, true },
		{ "W/\"a\"", 0, 1000, false },
		{ "\"a\"", 1000, 1000, false },
		{ "\"a\"", 1000, 1000 + OBJECT_SETTLED - 1, false },
		{ "\"a\"", 1000, 1000 + OBJECT_SETTLED, true },
		{ "W/\"a\"", 1000, 1000 + OBJECT_SETTLED, true },
		/* a clock that goes wrong */
		{ "\"a\"", 5000, 1000, false },
	};
	struct http_response r = { .status = 200, .body = "" };
	struct object_answer a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		r.etag = t[i].etag;
		r.modified = t[i].modified;
		r.date = t[i].date;
		object_answer_take(&a, &r, NULL);
		if (object_etag_settled(&a) != t[i].want)
			fail_msg("row %zu", i);
	}
	object_answer_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
