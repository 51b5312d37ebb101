/* SPDX-License-Identifier: ISC */
/* Both writers against whole documents. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "report/report.h"

#define SERVER "https://acme-v02.api.letsencrypt.org/directory"
#define ID "d6bcbd8bc1571fa0cd1c8bbc9e0d4ad3"

static char text[1024 * 1024 * 8];

/* What a descriptor got. */
static const char *
content(int fd)
{
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static const char *
as_json(struct report *r)
{
	int fd = memfd_create("report", 0);
	struct error err;

	report_finish(r);
	assert_int_equal(report_json(r, fd, &err), 0);
	return content(fd);
}

static const char *
as_text(struct report *r, bool quiet, bool color)
{
	int fd = memfd_create("report", 0);
	struct error err;

	report_finish(r);
	assert_int_equal(report_text(r, fd, quiet, color, &err), 0);
	return content(fd);
}

static void
fill_accounts(struct report *r)
{
	struct report_account *a;

	a = report_account(r);
	a->server = strdup(SERVER);
	a->id = strdup(ID);
	a->uri = strdup("https://acme-v02.api.letsencrypt.org/acme/acct/1");
	a->key = strdup("RSA 2048");
	a->created = strdup("2023-01-01T00:00:00Z");
	a->host = strdup("www");
	a->state = strdup("ok");
	a->origin = strdup("local");
	a->lineages = strdup("app.example.com");
	a = report_account(r);
	a->server = strdup(SERVER);
	a->id = strdup("0123");
	a->state = strdup("broken");
	a->problem = strdup("regr.json is \033[empty");
	a->origin = strdup("local");
}

static void
test_empty(void **state)
{
	struct report r;

	(void)state;
	report_init(&r, "list");
	r.has_accounts = true;
	assert_string_equal(as_json(&r), "{\"command\": \"list\", "
	    "\"status\": \"ok\", \"changed\": false, \"error\": null, "
	    "\"accounts\": []}\n");
	assert_string_equal(as_text(&r, false, false), "");
	report_free(&r);
}

static void
test_accounts(void **state)
{
	struct report r;

	(void)state;
	report_init(&r, "list");
	fill_accounts(&r);
	assert_string_equal(as_json(&r), "{\"command\": \"list\", "
	    "\"status\": \"ok\", \"changed\": false, \"error\": null, "
	    "\"accounts\": ["
	    "{\"server\": \"" SERVER "\", \"id\": \"" ID "\", "
	    "\"uri\": \"https://acme-v02.api.letsencrypt.org/acme/acct/1\", "
	    "\"key\": \"RSA 2048\", \"created\": \"2023-01-01T00:00:00Z\", "
	    "\"host\": \"www\", \"state\": \"ok\", \"problem\": null, "
	    "\"origin\": \"local\", \"result\": \"ok\", \"error\": null}, "
	    "{\"server\": \"" SERVER "\", \"id\": \"0123\", \"uri\": null, "
	    "\"key\": null, \"created\": null, \"host\": null, "
	    "\"state\": \"broken\", "
	    "\"problem\": \"regr.json is \\u001b[empty\", "
	    "\"origin\": \"local\", \"result\": \"ok\", \"error\": null}]}\n");
	assert_string_equal(as_text(&r, false, false),
	    "  STATE   ID                                KEY       "
	    "CREATED               HOST  URI\n"
	    SERVER "\n"
	    "  ok      " ID "  RSA 2048  2023-01-01T00:00:00Z  www   "
	    "https://acme-v02.api.letsencrypt.org/acme/acct/1\n"
	    "      used by: app.example.com\n"
	    "  broken  0123\n"
	    "      problem: regr.json is ?[empty\n");
	assert_string_equal(as_text(&r, true, false), "");
	report_free(&r);
}

static void
test_findings(void **state)
{
	struct report_finding *f;
	struct report r;

	(void)state;
	report_init(&r, "check");
	f = report_finding(&r);
	f->code = "account-dir-name";
	f->is_error = f->fixable = true;
	f->path = strdup("/etc/letsencrypt/accounts/a");
	f->message = strdup("is not the key's id");
	f = report_finding(&r);
	f->code = "account-mode";
	f->path = strdup("/etc/letsencrypt");
	f->message = strdup("found mode 0777");
	f = report_finding(&r);
	f->code = "account-id";
	f->is_error = f->fixable = f->fixed = true;
	f->path = strdup("/b");
	f->message = strdup("m");
	assert_string_equal(as_text(&r, false, false),
	    "error account-dir-name /etc/letsencrypt/accounts/a: is not the "
	    "key's id ('check --fix' mends it)\n"
	    "warning account-mode /etc/letsencrypt: found mode 0777\n"
	    "error account-id /b: m (fixed)\n");
	assert_int_equal(r.status, CODE_STORE);
	assert_string_equal(as_text(&r, true, false),
	    "error account-dir-name /etc/letsencrypt/accounts/a: is not the "
	    "key's id ('check --fix' mends it)\n");
	r.findings[0].fixed = true;
	r.status = CODE_OK;
	assert_string_equal(as_json(&r), "{\"command\": \"check\", "
	    "\"status\": \"ok\", \"changed\": false, \"error\": null, "
	    "\"findings\": ["
	    "{\"code\": \"account-dir-name\", \"severity\": \"error\", "
	    "\"path\": \"/etc/letsencrypt/accounts/a\", "
	    "\"message\": \"is not the key's id\", \"fixable\": true, "
	    "\"fixed\": true, \"result\": \"ok\", \"error\": null}, "
	    "{\"code\": \"account-mode\", \"severity\": \"warning\", "
	    "\"path\": \"/etc/letsencrypt\", "
	    "\"message\": \"found mode 0777\", \"fixable\": false, "
	    "\"fixed\": false, \"result\": \"ok\", \"error\": null}, "
	    "{\"code\": \"account-id\", \"severity\": \"error\", "
	    "\"path\": \"/b\", \"message\": \"m\", \"fixable\": true, "
	    "\"fixed\": true, \"result\": \"ok\", \"error\": null}]}\n");
	r.strict = true;
	assert_non_null(strstr(as_json(&r), "\"result\": \"store\", "
	    "\"error\": {\"code\": \"store\", "
	    "\"message\": \"found mode 0777\", \"retry_after\": null}"));
	assert_non_null(strstr(as_json(&r), "\"changed\": false, \"error\": "
	    "{\"code\": \"store\", \"message\": \"'/etc/letsencrypt': "
	    "found mode 0777\", \"retry_after\": null}, \"findings\""));
	assert_int_equal(r.status, CODE_STORE);
	report_free(&r);
}

static void
test_names(void **state)
{
	struct report_name *n;
	struct report r;
	struct error err;

	(void)state;
	report_init(&r, "verify");
	n = report_name(&r);
	n->name = strdup("app.example.com");
	n->status = strdup("valid");
	n->expires = 1795467960;
	n->usable_until = 1795381560;
	assert_int_equal(strs_add(&n->challenges, "http-01", &err), 0);
	n = report_name(&r);
	n->name = strdup("b.example.com");
	n->status = strdup("unknown");
	n->result = CODE_UNAUTHORIZED;
	n->error = strdup("no authorization is known");
	assert_string_equal(as_json(&r), "{\"command\": \"verify\", "
	    "\"status\": \"unauthorized\", \"changed\": false, "
	    "\"error\": {\"code\": \"unauthorized\", \"message\": \"no "
	    "authorization is known\", \"retry_after\": null}, \"names\": ["
	    "{\"name\": \"app.example.com\", \"status\": \"valid\", "
	    "\"expires\": \"2026-11-23T21:06:00Z\", "
	    "\"usable_until\": \"2026-11-22T21:06:00Z\", "
	    "\"challenges\": [\"http-01\"], \"result\": \"ok\", "
	    "\"error\": null}, "
	    "{\"name\": \"b.example.com\", \"status\": \"unknown\", "
	    "\"expires\": null, \"usable_until\": null, \"challenges\": [], "
	    "\"result\": \"unauthorized\", \"error\": "
	    "{\"code\": \"unauthorized\", "
	    "\"message\": \"no authorization is known\", "
	    "\"retry_after\": null}}]}\n");
	assert_string_equal(as_text(&r, false, true),
	    "app.example.com: \033[32mvalid\033[0m, usable until "
	    "2026-11-22T21:06:00Z\n"
	    "b.example.com: \033[33munknown\033[0m; no authorization is "
	    "known\n");
	report_free(&r);
}

static void
test_peers(void **state)
{
	struct report_peer *p;
	struct report r;
	struct error err;

	(void)state;
	report_init(&r, "pull");
	r.changed = true;
	p = report_peer(&r);
	p->peer = strdup("surrogate");
	assert_int_equal(report_ref(&p->added, SERVER, ID, NULL, &err), 0);
	assert_int_equal(report_ref(&p->refused, SERVER, "x", "is broken",
	    &err), 0);
	p->result = CODE_STORE;
	p->error = strdup("one account was refused");
	assert_string_equal(as_json(&r), "{\"command\": \"pull\", "
	    "\"status\": \"store\", \"changed\": true, \"error\": {\"code\": "
	    "\"store\", \"message\": \"one account was refused\", "
	    "\"retry_after\": null}, "
	    "\"peers\": [{\"peer\": \"surrogate\", "
	    "\"added\": [{\"server\": \"" SERVER "\", \"id\": \"" ID "\", "
	    "\"reason\": null}], \"updated\": [], \"unchanged\": [], "
	    "\"conflicts\": [], \"refused\": [{\"server\": \"" SERVER "\", "
	    "\"id\": \"x\", \"reason\": \"is broken\"}], "
	    "\"result\": \"store\", \"error\": {\"code\": \"store\", "
	    "\"message\": \"one account was refused\", "
	    "\"retry_after\": null}}]}\n");
	assert_string_equal(as_text(&r, false, false),
	    "surrogate: 1 added, 0 updated, 0 unchanged, 1 refused; one "
	    "account was refused\n"
	    "  added " SERVER " " ID "\n"
	    "  refused " SERVER " x: is broken\n");
	r.dry_run = true;
	assert_string_equal(as_text(&r, false, false),
	    "surrogate: 1 to add, 0 to update, 0 unchanged, 1 refused; one "
	    "account was refused\n"
	    "  add " SERVER " " ID "\n"
	    "  refused " SERVER " x: is broken\n");
	/* what the command says on stderr is not said here too */
	error_set(&err, CODE_STORE, "one account was refused");
	report_fail(&r, &err);
	assert_string_equal(as_text(&r, false, false),
	    "surrogate: 1 to add, 0 to update, 0 unchanged, 1 refused\n"
	    "  add " SERVER " " ID "\n"
	    "  refused " SERVER " x: is broken\n");
	report_free(&r);
}

static void
test_certificates(void **state)
{
	struct report_certificate *c;
	struct report r;
	struct error err;

	(void)state;
	report_init(&r, "issue");
	c = report_certificate(&r);
	c->name = strdup("app.example.com");
	assert_int_equal(strs_add(&c->domains, "app.example.com", &err), 0);
	c->not_before = 1795381560;
	c->not_after = 1795467960;
	c->decision = strdup("nothing");
	c->reason = strdup("is not due");
	assert_string_equal(as_json(&r), "{\"command\": \"issue\", "
	    "\"status\": \"ok\", \"changed\": false, \"error\": null, "
	    "\"certificates\": [{\"name\": \"app.example.com\", "
	    "\"domains\": [\"app.example.com\"], "
	    "\"not_before\": \"2026-11-22T21:06:00Z\", "
	    "\"not_after\": \"2026-11-23T21:06:00Z\", "
	    "\"decision\": \"nothing\", \"reason\": \"is not due\", "
	    "\"next\": null, \"served\": null, \"deploy_pending\": false, "
	    "\"result\": \"ok\", \"error\": null}]}\n");
	assert_string_equal(as_text(&r, false, false), "app.example.com: "
	    "nothing: is not due; valid until 2026-11-23T21:06:00Z\n");
	report_free(&r);
}

static void
test_tables(void **state)
{
	static const char *const columns[] = { "id", "long_title", "none" };
	static const char *const one[] = { "a\u00e9", NULL, NULL };
	static const char *const two[] = { "bbb", "x", NULL };
	struct report r;
	struct error err;

	(void)state;
	report_init(&r, "backups");
	assert_int_equal(report_table_begin(&r, "backups", columns, 3, &err),
	    0);
	assert_int_equal(report_table_row(&r, one, &err), 0);
	assert_int_equal(report_table_row(&r, two, &err), 0);
	assert_int_equal(report_line(&r, &err, "%d line", 1), 0);
	assert_int_equal(report_member(&r, "more", "v", &err), 0);
	assert_string_equal(as_json(&r), "{\"command\": \"backups\", "
	    "\"status\": \"ok\", \"changed\": false, \"error\": null, "
	    "\"backups\": [{\"id\": \"a\\u00e9\", \"long_title\": null, "
	    "\"none\": null, \"result\": \"ok\", \"error\": null}, "
	    "{\"id\": \"bbb\", \"long_title\": \"x\", \"none\": null, "
	    "\"result\": \"ok\", \"error\": null}], \"more\": \"v\"}\n");
	assert_string_equal(as_text(&r, false, false),
	    "ID   LONG TITLE\na\u00e9\nbbb  x\n1 line\n");
	assert_string_equal(as_text(&r, true, false), "");
	report_free(&r);
}

static void
test_failure(void **state)
{
	struct report r;
	struct error err;

	(void)state;
	report_init(&r, NULL);
	error_set(&err, CODE_RETRY, "'ca': is busy");
	err.retry_after = 3600;
	report_fail(&r, &err);
	assert_string_equal(as_json(&r), "{\"command\": null, "
	    "\"status\": \"retry\", \"changed\": false, \"error\": "
	    "{\"code\": \"retry\", \"message\": \"'ca': is busy\", "
	    "\"retry_after\": 3600}}\n");
	assert_int_equal(strs_add(&r.problems, "one", &err), 0);
	assert_int_equal(strs_add(&r.problems, "two", &err), 0);
	assert_non_null(strstr(as_json(&r), "\"message\": \"one\\ntwo\""));
	report_free(&r);
	/* a failure without a code is one all the same */
	error_clear(&err);
	report_fail(&r, &err);
	assert_int_equal(report_finish(&r), CODE_ERROR);
	report_free(&r);
}

static void
test_worst(void **state)
{
	struct report r;

	(void)state;
	report_init(&r, "verify");
	report_name(&r)->result = CODE_RETRY;
	report_account(&r)->result = CODE_ACCOUNT;
	report_certificate(&r)->result = CODE_ISSUANCE;
	assert_int_equal(report_finish(&r), CODE_ACCOUNT);
	report_peer(&r)->result = CODE_TRUST;
	assert_int_equal(report_finish(&r), CODE_TRUST);
	report_free(&r);
}

/* More than a chunk, to a full device and to a closed descriptor. */
static void
test_many(void **state)
{
	struct report_account *a;
	struct report r;
	struct error err;
	int fd;

	(void)state;
	report_init(&r, "list");
	for (int i = 0; i < 10000; i++) {
		assert_non_null(a = report_account(&r));
		a->server = strdup(SERVER);
		a->id = strdup(ID);
		a->state = strdup("ok");
	}
	assert_true(strlen(as_json(&r)) > 2000000);
	assert_true(strlen(as_text(&r, false, false)) > 400000);
	assert_true((fd = open("/dev/full", O_WRONLY)) != -1);
	assert_int_equal(report_json(&r, fd, &err), -1);
	assert_string_equal(err.msg, "'standard output': cannot be written: "
	    "No space left on device");
	assert_int_equal(report_text(&r, fd, false, false, &err), -1);
	close(fd);
	assert_int_equal(report_text(&r, fd, false, false, &err), -1);
	report_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_worst),
		cmocka_unit_test(test_many),
	};

	log_setup(LOG_QUIET, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
