/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdlib.h>

#include "fixture.h"
#include "issue/certbot.h"
#include "issue/certbot_argv.h"
#include "issue/certbot_log.h"

static void
test_version(void **state)
{
	static const struct {
		const char *text, *want;
		int version;
	} t[] = {
		{ "certbot 2.1.0\n", "2.1.0", 2001 },
		{ "certbot 0.31.0\n", "0.31.0", 31 },
		{ "certbot 5.7.0.dev0\n", "5.7.0.dev0", 5007 },
		{ "letsencrypt 0.4.1\n", "0.4.1", 4 },
		{ "/usr/lib/x.py:12: DeprecationWarning: old\n  import x\n"
		    "certbot 1.12.0\n", "1.12.0", 1012 },
		{ "certbot 10.20", "10.20", 10020 },
		{ "", NULL, 0 }, { "certbot\n", NULL, 0 },
		{ "certbot x.y\n", NULL, 0 }, { "certbot 2\n", NULL, 0 },
		{ "certbot 2.\n", NULL, 0 }, { "xcertbot 2.1.0\n", NULL, 0 },
		{ "certbot 99999999999999999999.1\n", NULL, 0 },
		{ "bash: certbot: command not found\n", NULL, 0 },
	};
	struct certbot cb;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&cb, 0, sizeof(cb));
		assert_int_equal(certbot_version_parse(t[i].text, &cb),
		    t[i].want == NULL ? -1 : 0);
		if (t[i].want == NULL)
			continue;
		assert_string_equal(cb.text, t[i].want);
		assert_int_equal(cb.version, t[i].version);
	}
}

static char path[] = "/usr/bin/certbot";

static struct certbot
version(int v, const char *text)
{
	struct certbot cb = { .path = path, .version = v };

	memcpy(cb.text, text, strlen(text) + 1);
	return cb;
}

static struct certbot_job
plain_job(const struct strs *domains)
{
	return (struct certbot_job){ .name = "app.example.com",
	    .domains = domains, .server = "https://ca.example/dir",
	    .account = "0123456789abcdef0123456789abcdef",
	    .config_dir = "/etc/letsencrypt",
	    .work_dir = "/var/lib/letsencrypt",
	    .logs_dir = "/var/log/letsencrypt",
	    .auth = CERTBOT_AUTH_GUARD };
}

#define BASE "/usr/bin/certbot certonly -n --server https://ca.example/dir " \
	"--account 0123456789abcdef0123456789abcdef " \
	"--cert-name app.example.com -d app.example.com -d b.example.com "
#define GUARD "--no-autorenew --authenticator standalone " \
	"--http-01-address acmeferry..invalid"

static void
check_certonly(const struct certbot *cb, const struct certbot_job *job,
    const char *want)
{
	struct strs argv = {0};
	struct error err;
	bool rsa_only;
	char *text;

	error_clear(&err);
	if (certbot_argv_certonly(cb, job, &argv, &rsa_only, &err) == -1)
		fail_msg("%s", err.msg);
	text = shell_join(&argv);
	assert_string_equal(text, want);
	free(text);
	strs_free(&argv);
}

static void
test_certonly(void **state)
{
	struct certbot cb = version(CERTBOT_V(2, 1), "2.1.0");
	struct certbot_job job;
	struct strs domains = {0};
	struct error err;

	(void)state;
	assert_int_equal(strs_add(&domains, "app.example.com", &err), 0);
	assert_int_equal(strs_add(&domains, "b.example.com", &err), 0);
	job = plain_job(&domains);
	check_certonly(&cb, &job, BASE GUARD);
	job.deploy_hook = "test ! -x /a || /a hook deploy";
	job.config_dir = "/srv/my etc";
	job.work_dir = "/srv/work";
	job.logs_dir = "/srv/logs";
	job.key_type = "ecdsa-p256";
	job.reuse_key = true;
	job.preferred_chain = "ISRG Root X1";
	check_certonly(&cb, &job, BASE GUARD
	    " --deploy-hook 'test ! -x /a || /a hook deploy'"
	    " --config-dir '/srv/my etc' --work-dir /srv/work"
	    " --logs-dir /srv/logs --key-type ecdsa"
	    " --elliptic-curve secp256r1 --reuse-key"
	    " --preferred-chain 'ISRG Root X1'");
	job = plain_job(&domains);
	job.new_names = true;
	job.key_type = "ecdsa-p384";
	check_certonly(&cb, &job, BASE "--renew-with-new-domains " GUARD
	    " --key-type ecdsa --elliptic-curve secp384r1");
	job.new_names = false;
	job.key_type = "rsa-4096";
	check_certonly(&cb, &job, BASE GUARD
	    " --key-type rsa --rsa-key-size 4096");
	cb = version(CERTBOT_V(0, 31), "0.31.0");
	check_certonly(&cb, &job, BASE GUARD " --rsa-key-size 4096");
	cb = version(CERTBOT_V(4, 1), "4.1.0");
	job.profile = "tlsserver";
	check_certonly(&cb, &job, BASE GUARD
	    " --key-type rsa --rsa-key-size 4096"
	    " --required-profile tlsserver");
	strs_free(&domains);
}

static void
test_certonly_lacks(void **state)
{
	struct certbot cb = version(CERTBOT_V(4, 0), "4.0.0");
	struct certbot_job job;
	struct strs domains = {0}, argv = {0};
	struct error err;
	bool rsa_only;

	(void)state;
	assert_int_equal(strs_add(&domains, "a.example.com", &err), 0);
	job = plain_job(&domains);
	job.profile = "tlsserver";
	assert_int_equal(certbot_argv_certonly(&cb, &job, &argv, &rsa_only,
	    &err), -1);
	assert_int_equal(err.code, CODE_ERROR);
	assert_string_equal(err.msg, "'/usr/bin/certbot': certbot 4.0.0 does "
	    "not keep a profile, want 4.1 or newer");
	strs_free(&argv);
	cb = version(CERTBOT_V(0, 40), "0.40.0");
	job.profile = "";
	job.preferred_chain = "X";
	assert_int_equal(certbot_argv_certonly(&cb, &job, &argv, &rsa_only,
	    &err), -1);
	assert_non_null(strstr(err.msg, "want 1.6 or newer"));
	strs_free(&argv);
	job.preferred_chain = NULL;
	job.key_type = "ecdsa-p256";
	assert_int_equal(certbot_argv_certonly(&cb, &job, &argv, &rsa_only,
	    &err), 0);
	assert_true(rsa_only);
	assert_false(strs_has(&argv, "--key-type"));
	assert_true(strs_has(&argv, "--rsa-key-size"));
	strs_free(&argv);
	cb = version(CERTBOT_V(2, 1), "2.1.0");
	job.key_type = "ed25519";
	assert_int_equal(certbot_argv_certonly(&cb, &job, &argv, &rsa_only,
	    &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	strs_free(&argv);
	job.key_type = "rsa-1024";
	assert_int_equal(certbot_argv_certonly(&cb, &job, &argv, &rsa_only,
	    &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	strs_free(&argv);
	strs_free(&domains);
}

static void
test_renew(void **state)
{
	struct certbot cb = version(CERTBOT_V(2, 1), "2.1.0");
	struct certbot_job job = plain_job(NULL);
	struct strs argv = {0};
	struct error err;
	char *text;

	(void)state;
	/* nothing that the lineage keeps, not even the directories */
	job.auth = CERTBOT_AUTH_KEEP;
	job.key_type = "rsa-4096";
	job.deploy_hook = "x";
	assert_int_equal(certbot_argv_renew(&cb, &job, &argv, &err), 0);
	text = shell_join(&argv);
	assert_string_equal(text, "/usr/bin/certbot renew -n --cert-name "
	    "app.example.com --force-renewal --no-random-sleep-on-renew");
	free(text);
	strs_free(&argv);
	cb = version(CERTBOT_V(0, 29), "0.29.1");
	job.config_dir = "/srv/etc";
	assert_int_equal(certbot_argv_renew(&cb, &job, &argv, &err), 0);
	text = shell_join(&argv);
	assert_string_equal(text, "/usr/bin/certbot renew -n --cert-name "
	    "app.example.com --force-renewal --config-dir /srv/etc");
	free(text);
	strs_free(&argv);
	/* another authenticator than the lineage's */
	job.config_dir = "/etc/letsencrypt";
	job.auth = CERTBOT_AUTH_GUARD;
	assert_int_equal(certbot_argv_renew(&cb, &job, &argv, &err), 0);
	text = shell_join(&argv);
	assert_string_equal(text, "/usr/bin/certbot renew -n --cert-name "
	    "app.example.com --force-renewal --authenticator standalone "
	    "--http-01-address acmeferry..invalid");
	free(text);
	strs_free(&argv);
}

static void
test_manual(void **state)
{
	struct certbot cb = version(CERTBOT_V(2, 1), "2.1.0");
	struct certbot_job job;
	struct strs domains = {0};
	struct error err;

	(void)state;
	assert_int_equal(strs_add(&domains, "app.example.com", &err), 0);
	assert_int_equal(strs_add(&domains, "b.example.com", &err), 0);
	job = plain_job(&domains);
	job.auth = CERTBOT_AUTH_HOOK;
	job.auth_hook = "/a hook auth";
	job.cleanup_hook = "/a hook cleanup";
#define MANUAL "--no-autorenew --authenticator manual --preferred-challenges " \
	"http --manual-auth-hook '/a hook auth' --manual-cleanup-hook " \
	"'/a hook cleanup'"
	check_certonly(&cb, &job, BASE MANUAL);
	cb = version(CERTBOT_V(0, 40), "0.40.1");
	check_certonly(&cb, &job, BASE MANUAL
	    " --manual-public-ip-logging-ok");
#undef MANUAL
	strs_free(&domains);
}

static void
test_manual_text(void **state)
{
	struct strs options = {0};
	struct error err;
	char *text = NULL;

	(void)state;
	assert_int_equal(certbot_manual_text("/usr/bin/acmeferry", NULL,
	    "auth", &text, &err), 0);
	assert_string_equal(text, "/usr/bin/acmeferry hook auth");
	free(text);
	assert_int_equal(strs_add(&options, "-c", &err), 0);
	assert_int_equal(strs_add(&options, "/srv/a b.yml", &err), 0);
	assert_int_equal(certbot_manual_text("/usr/bin/acmeferry", &options,
	    "cleanup", &text, &err), 0);
	assert_string_equal(text, "/usr/bin/acmeferry -c '/srv/a b.yml' hook "
	    "cleanup");
	free(text);
	/* certbot looks for what stands before the first blank */
	assert_int_equal(certbot_manual_text("/opt/a b/acmeferry", &options,
	    "auth", &text, &err), 0);
	assert_string_equal(text, "env '/opt/a b/acmeferry' -c "
	    "'/srv/a b.yml' hook auth");
	free(text);
	assert_int_equal(certbot_manual_text("/opt/a\nb", &options, "auth",
	    &text, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	strs_free(&options);
}

static void
test_hook_text(void **state)
{
	struct strs options = {0};
	struct error err;
	char *text = NULL;

	(void)state;
	assert_int_equal(certbot_hook_text("/usr/bin/acmeferry", &options,
	    &text, &err), 0);
	assert_string_equal(text, "test ! -x /usr/bin/acmeferry || "
	    "/usr/bin/acmeferry hook deploy");
	free(text);
	assert_int_equal(strs_add(&options, "-c", &err), 0);
	assert_int_equal(strs_add(&options, "/srv/it's here/c.yml", &err), 0);
	assert_int_equal(strs_add(&options, "--state-dir", &err), 0);
	assert_int_equal(strs_add(&options, "/srv/$HOME;x", &err), 0);
	assert_int_equal(certbot_hook_text("/opt/a b/acmeferry", &options,
	    &text, &err), 0);
	assert_string_equal(text, "test ! -x '/opt/a b/acmeferry' || "
	    "'/opt/a b/acmeferry' -c '/srv/it'\\''s here/c.yml' --state-dir "
	    "'/srv/$HOME;x' hook deploy");
	free(text);
	assert_int_equal(certbot_hook_text("/opt/a\nb", &options, &text, &err),
	    -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_int_equal(strs_add(&options, "/srv/%(x)s", &err), 0);
	assert_int_equal(certbot_hook_text("/opt/a", &options, &text, &err),
	    -1);
	assert_int_equal(err.code, CODE_USAGE);
	strs_free(&options);
}

static void
check_reason(const char *fixture, enum code code, const char *say)
{
	struct error err;
	char *text, file[128];
	size_t len;

	snprintf(file, sizeof(file), FIXTURE("certbot-log/%s-2.1.0.log"),
	    fixture);
	text = slurp(file, &len);
	assert_non_null(text);
	error_clear(&err);
	assert_int_equal(certbot_reason(text, len, "An unexpected error "
	    "occurred:\nAttributeError: can't set attribute\nAsk for help or "
	    "search for solutions at https://x.\n", 0, &err), -1);
	if (err.code != code || strcmp(err.msg, say) != 0)
		fail_msg("%s: %d '%s'", fixture, (int)err.code, err.msg);
	free(text);
}

#define STOPPED "a name must be proven first; certbot stopped before it " \
	"asked the CA"

static void
test_reason_fixtures(void **state)
{
	(void)state;
	check_reason("account", CODE_ACCOUNT, "the CA says "
	    "accountDoesNotExist: Account https://localhost:24000/my-account/"
	    "nope not found.");
	check_reason("guard", CODE_UNAUTHORIZED, STOPPED);
	check_reason("guard-renew", CODE_UNAUTHORIZED, STOPPED);
	check_reason("choose", CODE_STORE, "there are several accounts for "
	    "this server, pass --account ID");
	check_reason("no-account", CODE_STORE, "certbot.errors."
	    "AccountNotFound: Account at /etc/letsencrypt/accounts/"
	    "localhost:24000/dir/ffffea5fea46550bb34fd6fcd202652b does not "
	    "exist");
	check_reason("refused", CODE_RETRY, "ValueError: Requesting "
	    "localhost/dir: Connection refused");
}

#define ENTRY "2026-11-23 21:35:31,993:DEBUG:acme.client:Received response:\n"

static void
test_reason_texts(void **state)
{
	static const struct {
		const char *log, *printed;
		enum code code;
		long after;
		const char *say;
	} t[] = {
		{ ENTRY "HTTP 429\nRetry-After: 3600\n\n{\n \"type\": "
		    "\"urn:ietf:params:acme:error:rateLimited\",\n \"detail\":"
		    " \"too many\"\n}\n", "", CODE_RETRY, 3600,
		    "the CA says rateLimited: too many" },
		{ ENTRY "HTTP 429\n\n{\"type\": \"urn:ietf:params:acme:error:"
		    "rateLimited\", \"detail\": \"too many certificates (5) "
		    "already issued, retry after 1970-01-02 00:00:00 UTC: see "
		    "https://x\"}\n", "", CODE_RETRY, 86400 - 1000,
		    "the CA says rateLimited: too many certificates (5) "
		    "already issued, retry after 1970-01-02 00:00:00 UTC: see "
		    "https://x" },
		/* badNonce is not the reason unless there is no other */
		{ ENTRY "HTTP 400\n\n{\"type\": \"urn:ietf:params:acme:error:"
		    "caa\", \"detail\": \"CAA\"}\n" ENTRY "HTTP 400\n\n"
		    "{\"type\": \"urn:ietf:params:acme:error:badNonce\"}\n",
		    "", CODE_ISSUANCE, -1, "the CA says caa: CAA" },
		{ ENTRY "HTTP 400\n\n{\"type\": \"urn:ietf:params:acme:error:"
		    "badNonce\", \"detail\": \"again\"}\n", "", CODE_RETRY, -1,
		    "the CA says badNonce: again" },
		/* an order that became invalid */
		{ ENTRY "HTTP 200\n\n{\"status\": \"invalid\", \"error\": "
		    "{\"type\": \"urn:ietf:params:acme:error:orderNotReady\","
		    " \"detail\": \"no\"}}\n", "", CODE_ISSUANCE, -1,
		    "the CA says orderNotReady: no" },
		{ ENTRY "HTTP 200\n\n{\"challenges\": [1, {\"error\": {"
		    "\"type\": \"urn:ietf:params:acme:error:connection\", "
		    "\"detail\": \"x\"}}]}\n", "", CODE_ISSUANCE, -1,
		    "the CA says connection: x" },
		{ ENTRY "HTTP 403\n\n{\"type\": \"urn:ietf:params:acme:error:"
		    "unauthorized\", \"detail\": \"Account is not valid, has "
		    "status \\\"deactivated\\\"\"}\n", "", CODE_ACCOUNT, -1,
		    "the CA says unauthorized: Account is not valid, has "
		    "status \"deactivated\"" },
		/* only the last run counts */
		{ "2026-11-23 21:00:00,000:DEBUG:certbot.main:certbot version:"
		    " 2.1.0\n" ENTRY "HTTP 400\n\n{\"type\": \"urn:ietf:"
		    "params:acme:error:caa\"}\n"
		    "2026-11-23 21:01:00,000:DEBUG:certbot.main:certbot "
		    "version: 2.1.0\n2026-11-23 21:01:00,000:ERROR:certbot."
		    "log:disk full\n", "", CODE_ISSUANCE, -1, "disk full" },
		{ "2026-11-23 21:01:00,000:ERROR:certbot.renewal:Failed to "
		    "renew certificate a with error: b\n2026-11-23 21:01:00,0"
		    "00:ERROR:certbot.log:1 renew failure(s)\n", "",
		    CODE_ISSUANCE, -1, "Failed to renew certificate a with "
		    "error: b" },
		/* no log: what was printed */
		{ "", "usage:\ncertbot: error: bad\nAsk for help at x\n\n",
		    CODE_ISSUANCE, -1, "certbot: error: bad" },
		{ "", "", CODE_ISSUANCE, -1, "no reason given" },
		{ "", "requests.exceptions.SSLError: no\n", CODE_TRUST, -1,
		    "requests.exceptions.SSLError: no" },
		/* Python without gaierror: the idna codec refuses it first */
		{ "", "UnicodeError: encoding with 'idna' codec failed "
		    "(UnicodeError: label empty or too long)\n",
		    CODE_UNAUTHORIZED, -1, STOPPED },
		/* truncated, garbage, control characters */
		{ ENTRY, "", CODE_ISSUANCE, -1, "no reason given" },
		{ ENTRY "HTTP 400\n\n{\"type\": \"urn:ietf:par", "x\033[1my",
		    CODE_ISSUANCE, -1, "x?[1my" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		error_clear(&err);
		certbot_reason(t[i].log, strlen(t[i].log), t[i].printed, 1000,
		    &err);
		if (err.code != t[i].code || strcmp(err.msg, t[i].say) != 0 ||
		    err.retry_after != t[i].after)
			fail_msg("%zu: %d %ld '%s'", i, (int)err.code,
			    err.retry_after, err.msg);
	}
}

/* Every truncation and many flips of a real log: no crash, always an error. */
static void
test_reason_damage(void **state)
{
	struct error err;
	char *text;
	size_t len;

	(void)state;
	text = slurp(FIXTURE("certbot-log/account-2.1.0.log"), &len);
	assert_non_null(text);
	for (size_t n = 0; n < len; n += 7) {
		char *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, text, n);
		copy[n] = '\0';
		assert_int_equal(certbot_reason(copy, n, "", 0, &err), -1);
		assert_int_not_equal(err.code, CODE_OK);
		if (n > 0) {
			copy[n / 2] = (char)(copy[n / 2] ^ 0x55);
			assert_int_equal(certbot_reason(copy, n, "", 0, &err),
			    -1);
		}
		free(copy);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_certonly),
		cmocka_unit_test(test_certonly_lacks),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_manual_text),
		cmocka_unit_test(test_hook_text),
		cmocka_unit_test(test_reason_fixtures),
		cmocka_unit_test(test_reason_texts),
		cmocka_unit_test(test_reason_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
