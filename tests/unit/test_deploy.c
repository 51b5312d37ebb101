/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "issue/ca_bundle.h"
#include "issue/certbot.h"
#include "issue/certbot_run.h"
#include "issue/deploy.h"

/* A folder with state, a certbot that is a script, and a configuration. */
static char root[64], state_dir[96], logs_dir[96], ca_file[96], hook[96];
static char empty[] = "", cert_name[] = "app.example.com";
static struct config_cert cert = { .name = cert_name };
static struct config_cert *certs[] = { &cert };
static struct config config = { .certs = certs, .ncerts = 1,
    .state_dir = state_dir, .certbot_logs_dir = logs_dir,
    .certbot_config_dir = root, .ca_file = empty, .proxy = empty };

static void
put(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static char *
get(const char *name)
{
	char path[256];
	struct error err;
	struct buf b;
	char *text;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	buf_init(&b, 4 * 1024 * 1024);
	assert_int_equal(io_read_file(-100, path, 4 * 1024 * 1024, 0, &b,
	    NULL, &err), 0);
	text = buf_steal(&b);
	assert_non_null(text);
	return text;
}

static int
setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/acmeferry-deploy.XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(state_dir, sizeof(state_dir), "%s/state", root);
	snprintf(logs_dir, sizeof(logs_dir), "%s/logs", root);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", root);
	snprintf(hook, sizeof(hook), "%s/hook", root);
	return mkdir(logs_dir, 0700);
}

static int
teardown(void **state)
{
	char rm[96];

	(void)state;
	strs_free(&cert.deploy_hook);
	snprintf(rm, sizeof(rm), "rm -rf %s", root);
	return system(rm);
}

static void
test_names(void **state)
{
	(void)state;
	assert_true(lineage_name_valid("app.example.com"));
	assert_true(lineage_name_valid("app.example.com-0001"));
	assert_false(lineage_name_valid(""));
	assert_false(lineage_name_valid("."));
	assert_false(lineage_name_valid(".."));
	assert_false(lineage_name_valid("../x"));
	assert_false(lineage_name_valid("a/b"));
	assert_false(lineage_name_valid("-d"));
	assert_false(lineage_name_valid("a b"));
	assert_false(lineage_name_valid("a\nb"));
}

static void
test_hook(void **state)
{
	struct error err;
	char script[512], *text, lineage[] = "/etc/letsencrypt/live/app";

	(void)state;
	/* no hook is configured, no such certificate: fine, no trace */
	assert_int_equal(deploy_run(&config, cert_name, lineage, "a", &err),
	    0);
	assert_int_equal(deploy_run(&config, "other", lineage, "a", &err), 0);
	assert_false(deploy_pending(state_dir, cert_name));
	assert_int_equal(strs_add(&cert.deploy_hook, hook, &err), 0);
	assert_int_equal(strs_add(&cert.deploy_hook, "one two", &err), 0);
	snprintf(script, sizeof(script), "#!/bin/sh\nprintf '%%s|%%s|%%s|%%s'"
	    " \"$1\" \"$RENEWED_LINEAGE\" \"$RENEWED_DOMAINS\" "
	    "\"${LD_PRELOAD-unset}\" >%s/said\necho busy >&2\nexit 3\n", root);
	put(hook, script, 0755);
	assert_int_equal(deploy_run(&config, cert_name, lineage,
	    "app.example.com b", &err), -1);
	assert_int_equal(err.code, CODE_ERROR);
	snprintf(script, sizeof(script), "'app.example.com': deploy hook: "
	    "'%s' ended with status 3: busy", hook);
	assert_int_equal(strncmp(err.msg, script, strlen(script)), 0);
	assert_true(deploy_pending(state_dir, cert_name));
	text = get("said");
	assert_string_equal(text, "one two|/etc/letsencrypt/live/app|"
	    "app.example.com b|unset");
	free(text);
	/* killed */
	put(hook, "#!/bin/sh\nkill -9 $$\n", 0755);
	assert_int_equal(deploy_run(&config, cert_name, lineage, "a", &err),
	    -1);
	assert_non_null(strstr(err.msg, "ended with signal 9: it said "
	    "nothing"));
	/* not there */
	assert_int_equal(unlink(hook), 0);
	assert_int_equal(deploy_run(&config, cert_name, lineage, "a", &err),
	    -1);
	assert_int_equal(err.code, CODE_ERROR);
	assert_true(deploy_pending(state_dir, cert_name));
	put(hook, "#!/bin/sh\nexit 0\n", 0755);
	assert_int_equal(deploy_run(&config, cert_name, lineage, "a", &err),
	    0);
	assert_false(deploy_pending(state_dir, cert_name));
}

static void
test_expect(void **state)
{
	char litter[160], lineage[] = "/etc/letsencrypt/live/app";
	struct error err;
	bool made;

	(void)state;
	strs_free(&cert.deploy_hook);
	/* nothing to run, nothing expected */
	assert_int_equal(deploy_expect(&config, cert_name, &made, &err), 0);
	assert_false(made || deploy_pending(state_dir, cert_name));
	assert_int_equal(deploy_expect(&config, "other", &made, &err), 0);
	assert_false(made || deploy_pending(state_dir, "other"));
	assert_int_equal(strs_add(&cert.deploy_hook, hook, &err), 0);
	put(hook, "#!/bin/sh\nexit 1\n", 0755);
	assert_int_equal(deploy_expect(&config, cert_name, &made, &err), 0);
	assert_true(made && deploy_pending(state_dir, cert_name) &&
	    deploy_expected(state_dir, cert_name));
	/* there was no certificate */
	assert_int_equal(deploy_forget(&config, cert_name, &err), 0);
	assert_false(deploy_pending(state_dir, cert_name));
	/* it was tried and failed, which is no longer to be forgotten */
	assert_int_equal(deploy_expect(&config, cert_name, &made, &err), 0);
	assert_int_equal(deploy_run(&config, cert_name, lineage, "a", &err),
	    -1);
	assert_true(deploy_pending(state_dir, cert_name));
	assert_false(deploy_expected(state_dir, cert_name));
	assert_int_equal(deploy_expect(&config, cert_name, &made, &err), 0);
	assert_false(made);
	assert_true(deploy_expected(state_dir, cert_name));
	/* what a killed run left behind goes */
	snprintf(litter, sizeof(litter), "%s/deploy-pending/"
	    ".acmeferry-zzzzzaaaaaaa", state_dir);
	put(litter, "", 0600);
	put(hook, "#!/bin/sh\nexit 0\n", 0755);
	assert_int_equal(deploy_run(&config, cert_name, lineage, "a", &err),
	    0);
	assert_false(deploy_pending(state_dir, cert_name));
	assert_int_equal(access(litter, F_OK), -1);
}

static void
test_bundle(void **state)
{
	struct error err;
	struct stat one, two;
	char *path, *text;

	(void)state;
	put(ca_file, "OURS\n", 0644);
	assert_int_equal(ca_bundle_write(state_dir, ca_file, &path, &err), 0);
	assert_int_equal(stat(path, &one), 0);
	assert_int_equal(one.st_mode & 0777, 0644);
	text = get("state/ca-bundle.pem");
	assert_true(str_ends(text, "OURS\n"));
	if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) == 0)
		assert_true(strlen(text) > 1000);
	free(text);
	free(path);
	/* not written again */
	assert_int_equal(ca_bundle_write(state_dir, ca_file, &path, &err), 0);
	assert_int_equal(stat(path, &two), 0);
	assert_int_equal(one.st_ino, two.st_ino);
	free(path);
	put(ca_file, "OTHER\n", 0644);
	assert_int_equal(ca_bundle_write(state_dir, ca_file, &path, &err), 0);
	text = get("state/ca-bundle.pem");
	assert_true(str_ends(text, "OTHER\n"));
	free(text);
	free(path);
	assert_int_equal(unlink(ca_file), 0);
	assert_int_equal(ca_bundle_write(state_dir, ca_file, &path, &err),
	    -1);
	assert_int_equal(strncmp(err.msg, "acme.ca_file: ", 14), 0);
}

static void
test_find(void **state)
{
	struct strs none = {0};
	struct certbot cb;
	struct error err;
	char program[128];

	(void)state;
	snprintf(program, sizeof(program), "%s/certbot", root);
	assert_int_equal(certbot_find(program, &none, &cb, &err), -1);
	assert_int_equal(err.code, CODE_ERROR);
	assert_int_equal(certbot_find("no-such-certbot", &none, &cb, &err),
	    -1);
	assert_string_equal(err.msg, "'no-such-certbot': no such program in "
	    "PATH; install certbot or name it with certbot.program");
	/* Python 2 printed it on stderr */
	put(program, "#!/bin/sh\necho certbot 0.31.0 >&2\n", 0755);
	assert_int_equal(certbot_find(program, &none, &cb, &err), 0);
	assert_string_equal(cb.path, program);
	assert_int_equal(cb.version, CERTBOT_V(0, 31));
	certbot_free(&cb);
	put(program, "#!/bin/sh\necho certbot 0.28.0\n", 0755);
	assert_int_equal(certbot_find(program, &none, &cb, &err), -1);
	assert_non_null(strstr(err.msg, "want 0.29 or newer"));
	put(program, "#!/bin/sh\necho 'No module named certbot' >&2\nexit 1\n",
	    0755);
	assert_int_equal(certbot_find(program, &none, &cb, &err), -1);
	assert_non_null(strstr(err.msg, "gave no version of certbot (exit "
	    "status 1: No module named certbot"));
	assert_int_equal(err.code, CODE_ISSUANCE);
	put(program, "#!/bin/sh\nkill -9 $$\n", 0755);
	assert_int_equal(certbot_find(program, &none, &cb, &err), -1);
	assert_non_null(strstr(err.msg, "of certbot (signal 9: "));
}

static void
test_run(void **state)
{
	struct strs argv = {0};
	struct error err;
	char program[128], script[1024], proxy[] = "http://proxy:3128";
	char *text;

	(void)state;
	snprintf(program, sizeof(program), "%s/certbot", root);
	assert_int_equal(strs_add(&argv, program, &err), 0);
	assert_int_equal(strs_add(&argv, "certonly", &err), 0);
	put(ca_file, "OURS\n", 0644);
	config.ca_file = ca_file;
	config.proxy = proxy;
	snprintf(script, sizeof(script), "#!/bin/sh\nenv >%s/env\n", root);
	put(program, script, 0755);
	setenv("LD_BIND_NOW", "1", 1);
	setenv("AWS_REGION", "here", 1);
	setenv("SECRET_THING", "x", 1);
	assert_int_equal(certbot_run(&config, &argv, &err), 0);
	text = get("env");
	snprintf(script, sizeof(script), "REQUESTS_CA_BUNDLE=%s/ca-bundle.pem",
	    state_dir);
	assert_non_null(strstr(text, script));
	assert_non_null(strstr(text, "https_proxy=http://proxy:3128"));
	assert_non_null(strstr(text, "AWS_REGION=here"));
	assert_null(strstr(text, "LD_BIND_NOW"));
	assert_null(strstr(text, "SECRET_THING"));
	free(text);
	config.ca_file = config.proxy = empty;
	/* what is wrong stands in the log, not in what it prints */
	snprintf(script, sizeof(script), "#!/bin/sh\ncp tests/fixtures/x "
	    "/dev/null 2>/dev/null\nprintf '2026-11-23 21:35:31,993:ERROR:"
	    "certbot.log:the disk is full\\n' >>%s/letsencrypt.log\n"
	    "echo AttributeError >&2\nexit 1\n", logs_dir);
	put(program, script, 0755);
	assert_int_equal(certbot_run(&config, &argv, &err), -1);
	assert_int_equal(err.code, CODE_ISSUANCE);
	snprintf(script, sizeof(script), "certbot failed (log in '%s'): the "
	    "disk is full", logs_dir);
	assert_string_equal(err.msg, script);
	/* the log is of another run */
	put(program, "#!/bin/sh\necho nothing new >&2\nexit 1\n", 0755);
	assert_int_equal(certbot_run(&config, &argv, &err), -1);
	assert_non_null(strstr(err.msg, "nothing new"));
	/* another one is at work and does not end */
	config.lock_timeout = 1;
	put(program, "#!/bin/sh\necho 'Another instance of Certbot is already "
	    "running.' >&2\nexit 1\n", 0755);
	assert_int_equal(certbot_run(&config, &argv, &err), -1);
	assert_int_equal(err.code, CODE_RETRY);
	strs_free(&argv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_hook, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bundle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
