/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "transport/grant.h"

/* The lines that authorize prints, for root and through sudo. */
static void
test_lines(void **state)
{
	struct strs names = {0}, from = {0}, options = {0};
	struct recipe r = { .host = "internal", .key = "ssh-ed25519 AAAA me",
		.rights = "read", .names = &names, .from = &from,
		.user = "acmeferry", .self = "/usr/bin/acmeferry",
		.self_options = &options };
	struct error err;
	char *line;

	(void)state;
	assert_int_equal(strs_add(&names, "app.example.com", &err), 0);
	assert_int_equal(strs_add(&from, "10.0.0.0/8", &err), 0);
	assert_int_equal(recipe_check(&r, &err), 0);
	assert_int_equal(recipe_authorized_keys(&r, &line, &err), 0);
	assert_string_equal(line, "restrict,command=\"/usr/bin/acmeferry "
	    "serve --allow read --name app.example.com --client internal\","
	    "from=\"10.0.0.0/8\" ssh-ed25519 AAAA me");
	free(line);

	/* what a shell would take apart is quoted, options are not */
	assert_int_equal(strs_add(&options, "--state-dir", &err), 0);
	assert_int_equal(strs_add(&options, "/a b/it's", &err), 0);
	assert_int_equal(recipe_command(&r, &line, &err), 0);
	assert_string_equal(line, "/usr/bin/acmeferry --state-dir "
	    "'/a b/it'\\''s' serve --allow read --name app.example.com "
	    "--client internal");
	free(line);
	strs_free(&options);

	r.sudo = true;
	r.rights = "read,write";
	assert_int_equal(recipe_sudoers(&r, &line, &err), 0);
	assert_string_equal(line, "Defaults:acmeferry env_keep += "
	    "\"SSH_CONNECTION SSH_ORIGINAL_COMMAND\"\n"
	    "acmeferry ALL=(root) NOPASSWD: /usr/bin/acmeferry serve --allow "
	    "read\\,write --name app.example.com --client internal");
	free(line);
	strs_free(&names);
	strs_free(&from);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
