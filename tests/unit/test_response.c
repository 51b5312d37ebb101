/* SPDX-License-Identifier: ISC */
/* The frames about challenge responses, and requests for certificates. */
#include "unit.h"

#include <unistd.h>

#include "base/limits.h"
#include "transport/message.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define RESPONSE TOKEN ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"

/* The one frame in a buffer. */
static json *
only_frame(struct buf *b)
{
	struct error err;
	struct wire w;
	json *j = NULL;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], b->data, b->len), (ssize_t)b->len);
	close(fds[1]);
	wire_init(&w, fds[0], -1, "peer");
	assert_int_equal(wire_get(&w, &j, &err), WIRE_OK);
	wire_free(&w);
	close(fds[0]);
	buf_reset(b);
	return j;
}

static void
test_responses(void **state)
{
	struct response_ask a;
	struct error err, why;
	bool refused;
	struct wire w;
	struct buf b;
	json *j;

	(void)state;
	wire_init(&w, -1, -1, "peer");
	buf_init(&b, LIMIT_FRAME);
	assert_int_equal(put_response_ask(&w, &b, TOKEN, RESPONSE, &err), 0);
	j = only_frame(&b);
	assert_int_equal(get_response_ask(&w, j, &a, &err), 0);
	assert_string_equal(a.token, TOKEN);
	assert_string_equal(a.key_authorization, RESPONSE);
	response_ask_free(&a);
	json_put(j);
	assert_int_equal(put_response_ask(&w, &b, TOKEN, NULL, &err), 0);
	j = only_frame(&b);
	assert_int_equal(get_response_ask(&w, j, &a, &err), 0);
	assert_string_equal(a.token, TOKEN);
	assert_null(a.key_authorization);
	response_ask_free(&a);
	json_put(j);
	for (int i = RESPONSE_ADDED; i <= RESPONSE_REFUSED; i++) {
		(void)error_set(&why, CODE_STORE, "is there");
		assert_int_equal(put_response(&w, &b, TOKEN,
		    (enum response_result)i, &why, &err), 0);
		j = only_frame(&b);
		error_clear(&why);
		assert_int_equal(get_response(&w, j, TOKEN, &refused, &why,
		    &err), 0);
		assert_int_equal(refused, i == RESPONSE_REFUSED);
		if (refused) {
			assert_int_equal(why.code, CODE_STORE);
			assert_string_equal(why.msg, "'peer': the far end "
			    "says: is there");
		}
		assert_int_equal(get_response(&w, j, "another", &refused,
		    &why, &err), -1);
		json_put(j);
	}
	buf_free(&b);
	wire_free(&w);
}

static void
test_bad_responses(void **state)
{
	static const char *const asks[] = { "{}", "{\"put\":1}",
		"{\"put\":{}}", "{\"put\":{\"token\":\"x\"}}",
		"{\"put\":{\"token\":1,\"key_authorization\":\"x\"}}",
		"{\"remove\":{}}", "{\"remove\":[]}", "{\"list\":{}}" };
	static const char *const answers[] = { "{}", "{\"response\":1}",
		"{\"response\":{\"token\":\"t\",\"code\":\"ok\"}}",
		"{\"response\":{\"token\":\"t\",\"result\":\"added\"}}",
		"{\"response\":{\"token\":\"t\",\"result\":\"burnt\","
		    "\"code\":\"ok\"}}",
		/* a result that its code does not fit */
		"{\"response\":{\"token\":\"t\",\"result\":\"added\","
		    "\"code\":\"trust\"}}",
		"{\"response\":{\"token\":\"t\",\"result\":\"refused\","
		    "\"code\":\"ok\"}}" };
	struct response_ask a;
	struct error err, why;
	bool refused;
	struct wire w;
	json *j = NULL;

	(void)state;
	wire_init(&w, -1, -1, "peer");
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		assert_int_equal(json_parse(asks[i], strlen(asks[i]), "t", &j,
		    &err), 0);
		assert_int_equal(get_response_ask(&w, j, &a, &err), -1);
		assert_int_equal(err.code, CODE_ERROR);
		response_ask_free(&a);
		json_put(j);
	}
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(json_parse(answers[i], strlen(answers[i]),
		    "t", &j, &err), 0);
		assert_int_equal(get_response(&w, j, "t", &refused, &why,
		    &err), -1);
		assert_int_equal(err.code, CODE_ERROR);
		json_put(j);
	}
	wire_free(&w);
}

/* ---- requests for certificates ------------------------------------------- */

static void
test_request(void **state)
{
	struct csr_request in = { .id = (char *)(uintptr_t)TOKEN,
	    .server = (char *)(uintptr_t)"https://ca.example/dir",
	    .profile = (char *)(uintptr_t)"short" }, out;
	struct error err;
	struct wire w;
	struct buf b, pem;
	json *j;

	(void)state;
	wire_init(&w, -1, -1, "peer");
	buf_init(&b, LIMIT_FRAME);
	buf_init(&pem, LIMIT_PEM_FILE);
	buf_init(&in.csr, LIMIT_CSR);
	buf_add(&in.csr, "\0\1\377", 3);
	assert_int_equal(strs_add(&in.names, "app.example.com", &err), 0);
	assert_int_equal(put_request(&w, &b, &in, &err), 0);
	j = only_frame(&b);
	assert_int_equal(get_request(&w, j, &out, &err), 0);
	assert_string_equal(out.id, TOKEN);
	assert_int_equal(out.csr.len, 3);
	assert_memory_equal(out.csr.data, "\0\1\377", 3);
	assert_int_equal(out.names.n, 1);
	assert_string_equal(out.server, "https://ca.example/dir");
	assert_string_equal(out.profile, "short");
	assert_null(out.preferred_chain);
	csr_request_free(&out);
	json_put(j);
	assert_int_equal(put_certificate(&w, &b, "PEM\n", &err), 0);
	j = only_frame(&b);
	assert_int_equal(get_certificate(&w, j, &pem, &err), 0);
	assert_string_equal(buf_str(&pem), "PEM\n");
	assert_int_equal(get_request(&w, j, &out, &err), -1);
	csr_request_free(&out);
	json_put(j);
	buf_free(&in.csr);
	strs_free(&in.names);
	buf_free(&pem);
	buf_free(&b);
	wire_free(&w);
}

#define REQUEST(rest) "{\"request\":{\"id\":\"x\",\"server\":\"s\"," rest "}}"

static void
test_bad_requests(void **state)
{
	static const char *const t[] = { "{}", "{\"request\":1}",
		"{\"request\":{}}", REQUEST("\"csr\":\"AA\""),
		REQUEST("\"csr\":\"AA\",\"names\":[]"),
		REQUEST("\"csr\":\"AA\",\"names\":[1]"),
		REQUEST("\"csr\":\"AA\",\"names\":\"x\""),
		REQUEST("\"csr\":\"A/==\",\"names\":[\"x\"]"),
		REQUEST("\"csr\":1,\"names\":[\"x\"]"),
		REQUEST("\"csr\":\"AA\",\"names\":[\"x\"],"
		    "\"profile\":1") };
	struct csr_request r;
	struct error err;
	struct wire w;
	json *j = NULL;

	(void)state;
	wire_init(&w, -1, -1, "peer");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(json_parse(t[i], strlen(t[i]), "t", &j,
		    &err), 0);
		if (get_request(&w, j, &r, &err) == 0)
			fail_msg("%s", t[i]);
		csr_request_free(&r);
		json_put(j);
	}
	wire_free(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_bad_responses),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_bad_requests)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
