/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_FLOWTEST_H
#define TESTS_UNIT_FLOWTEST_H

/* Objects of a scripted CA and a flow to talk to it. */
#include "acme/flow.h"
#include "fakehttp.h"
#include "fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PROBLEM(type, detail) "{\"type\": \"urn:ietf:params:acme:error:" type \
	"\", \"detail\": \"" detail "\"}"
#define IDS "\"identifiers\": [{\"type\": \"dns\", \"value\": \"a.example\"}]"
#define ORDER(status) "{\"status\": \"" status "\", " IDS ", " \
	"\"authorizations\": [\"https://ca/authz/1\"], " \
	"\"finalize\": \"https://ca/fin/1\"}"
#define VALID "{\"status\": \"valid\", " IDS ", " \
	"\"authorizations\": [\"https://ca/authz/1\"], " \
	"\"finalize\": \"https://ca/fin/1\", " \
	"\"certificate\": \"https://ca/cert/1\"}"
#define DEAD(type) "{\"status\": \"invalid\", " IDS ", " \
	"\"authorizations\": [\"https://ca/authz/1\"], " \
	"\"finalize\": \"https://ca/fin/1\", \"error\": " \
	PROBLEM(type, "so it is") "}"
#define TOKEN "0123456789abcdefABCD-_"
#define AUTHZ(status, challenge) "{\"status\": \"" status "\", " \
	"\"expires\": \"2026-12-23T21:06:00Z\", \"identifier\": " \
	"{\"type\": \"dns\", \"value\": \"a.example\"}, \"challenges\": [" \
	"{\"type\": \"http-01\", \"url\": \"https://ca/chall/1\", " \
	"\"token\": \"" TOKEN "\", \"status\": \"" challenge "\"}]}"
#define REFUSED "{\"status\": \"invalid\", \"identifier\": " \
	"{\"type\": \"dns\", \"value\": \"a.example\"}, \"challenges\": [" \
	"{\"type\": \"http-01\", \"url\": \"https://ca/chall/1\", " \
	"\"token\": \"" TOKEN "\", \"status\": \"invalid\", \"error\": " \
	PROBLEM("connection", "10.0.0.1: refused") "}]}"
#define NEW "POST /order {\"identifiers\":[{\"type\":\"dns\"," \
	"\"value\":\"a.example\"}]}"
#define NEW_REPLACES "POST /order {\"identifiers\":[{\"type\":\"dns\"," \
	"\"value\":\"a.example\"}],\"replaces\":\"x.y\"}"
#define CSR "POST /fin/1 {\"csr\":\"Y3Ny\"}"
#define LOCATION "https://ca/order/1"

static struct jwk *key;
static struct strs names;

static int
setup(void **state)
{
	struct error err;
	size_t len;
	char *text = slurp(FIXTURE("certs/names.jwk"), &len);

	(void)state;
	error_clear(&err);
	assert_non_null(text);
	if (jwk_parse(text, len, "key", &key, &err) == -1)
		fail_msg("%s", err.msg);
	drop(text, len);
	return strs_add(&names, "a.example", &err);
}

static int
teardown(void **state)
{
	(void)state;
	jwk_free(key);
	strs_free(&names);
	return 0;
}

static void
open_flow(struct flow *f)
{
	struct acme_options opts = { .server = "https://ca/dir",
		.max_wait = 60 };
	struct error err;

	error_clear(&err);
	memset(f, 0, sizeof(*f));
	if (acme_open(&opts, &f->acme, &err) == -1)
		fail_msg("%s", err.msg);
	f->kid = "https://ca/acct/1";
	f->signer = key;
	f->patience = 120;
}

static void
close_flow(struct flow *f)
{
	fake_done();
	flow_clear(f);
	acme_free(f->acme);
}

/* A failure as it must be. */
static void
failed(const struct flow *f, int r, const struct error *err, enum code code,
    enum flow_why why, const char *msg)
{
	assert_string_equal(err->msg, msg);
	assert_int_equal(r, -1);
	assert_int_equal(err->code, code);
	assert_int_equal(f->why, why);
}

#endif
