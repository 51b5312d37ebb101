/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/journal.h"
#include "fixture.h"
#include "store/backup.h"
#include "store/check.h"
#include "storetest.h"

/* The home of the one who runs the tests has no say here. */
static void
home(const struct box *b)
{
	assert_int_equal(setenv("XDG_CONFIG_HOME", box_path(b, "xdg"), 1), 0);
}

static const struct finding *
get(const struct findings *l, const char *code, const char *end)
{
	for (size_t i = 0; i < l->n; i++) {
		size_t n = strlen(l->v[i].path), m = strlen(end);

		if (strcmp(l->v[i].code, code) == 0 && n >= m &&
		    strcmp(l->v[i].path + n - m, end) == 0)
			return &l->v[i];
	}
	return NULL;
}

static void
dump(const struct findings *l)
{
	for (size_t i = 0; i < l->n; i++)
		print_message("%s%s %s: %s%s\n", l->v[i].severity ==
		    SEVERITY_ERROR ? "E " : "W ", l->v[i].code, l->v[i].path,
		    l->v[i].message, l->v[i].fixed ? " (fixed)" : "");
}

/* Exactly these codes, in any order, each as often as it is named. */
static void
codes(struct box *b, bool fix, const char *want)
{
	struct findings l;
	char line[4096] = " ", word[64];
	struct error err;

	OK(store_check(b->s, fix, &l, &err));
	snprintf(line, sizeof(line), " %s ", want);
	for (size_t i = 0; i < l.n; i++) {
		char *at;

		snprintf(word, sizeof(word), " %s%s ", l.v[i].code,
		    l.v[i].fixed ? "!" : "");
		if ((at = strstr(line, word)) == NULL) {
			dump(&l);
			fail_msg("%s: not among '%s'", word, want);
			break;
		}
		memset(at + 1, '.', strlen(word) - 2);
	}
	for (const char *p = line; *p != '\0'; p++)
		if (*p != '.' && *p != ' ') {
			dump(&l);
			fail_msg("missing: %s", p);
		}
	findings_free(&l);
}

static size_t
backups(struct box *b)
{
	struct backups l;
	struct error err;
	size_t n;

	OK(backup_list(b->s, &l, &err));
	n = l.n;
	backups_free(&l);
	return n;
}

static void
lineage(struct box *b, const char *name, const char *account,
    const char *more)
{
	static const char *const files[] = { "cert", "privkey", "chain",
	    "fullchain" };
	char text[4096], live[PATH_MAX];
	size_t n = 0;

	for (int i = 0; i < 4; i++) {
		snprintf(live, sizeof(live), "%s", box_path(b,
		    "live/%s/%s.pem", name, files[i]));
		box_text(box_path(b, "archive/%s/%s1.pem", name, files[i]),
		    "x");
		box_mkdir(box_path(b, "live/%s", name));
		(void)unlink(live);
		assert_int_equal(symlink(box_path(b, "archive/%s/%s1.pem",
		    name, files[i]), live), 0);
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s = %s\n", files[i], live);
	}
	snprintf(text + n, sizeof(text) - n, "[renewalparams]\n%s%s%s"
	    "server = https://" SRV "\n%s", account ? "account = " : "",
	    account ? account : "", account ? "\n" : "", more);
	box_text(box_path(b, "renewal/%s.conf", name), text);
	assert_int_equal(chmod(box_path(b, "archive/%s/privkey1.pem", name),
	    0600), 0);
}

/* The test's uri belongs to Let's Encrypt, so each account here is foreign. */
#define F " uri-foreign"

static void
test_good(void **state)
{
	struct box b;

	(void)state;
	box_new(&b);
	home(&b);
	codes(&b, false, "");
	lineage(&b, "one", box_account(&b, LE2, "rsa2048", NULL),
	    "server = https://" LE2 "\n");
	codes(&b, false, "");
	codes(&b, true, "");
	assert_int_equal(backups(&b), 0);
	assert_false(box_has(&b, ".certbot.lock"));
	box_end(&b);
}

/* Broken accounts: told, moved away, certbot would work again. */
static void
test_broken(void **state)
{
	static const struct {
		const char *fixture, *code;
		bool stays;
	} t[] = {
		{ "regr-empty", "regr-empty", false },
		{ "key-truncated", "account-crash", false },
		{ "rsa-wrong-qi", "account-crash", false },
		{ "ec-short-d", "account-crash", false },
		{ "okp", "account-crash", false },
		{ "meta-dt-naive", "account-crash", false },
		{ "regr-missing", "account-half", false },
		{ "key-missing", "account-half", false },
		{ "meta-missing", "account-half", false },
		{ "rsa-public", "key-public", true },
		{ "regr-uri-null", "uri-null", true },
		{ "regr-uri-empty", "uri-null", true },
		{ "regr-relative", "uri-relative", true },
	};
	const struct finding *f;
	struct findings l;
	struct account *a;
	struct error err;
	struct box b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		box_new(&b);
		home(&b);
		box_account(&b, LE2, t[i].fixture, strcmp(t[i].fixture,
		    "rsa-public") == 0 || t[i].stays ? NULL : "aa");
		OK(store_check(b.s, false, &l, &err));
		f = get(&l, t[i].code, "");
		if (f == NULL) {
			dump(&l);
			fail_msg("%s: no %s", t[i].fixture, t[i].code);
		}
		assert_int_equal(f->severity, SEVERITY_ERROR);
		assert_int_equal(f->fixable, !t[i].stays);
		findings_free(&l);
		OK(store_check(b.s, true, &l, &err));
		assert_int_equal(get(&l, t[i].code, "")->fixed, !t[i].stays);
		findings_free(&l);
		assert_int_equal(backups(&b), t[i].stays ? 0 : 1);
		if (!t[i].stays) {
			struct backups k;
			char id[64];

			assert_false(box_has(&b, "accounts/" LE2 "/aa"));
			codes(&b, false, "");
			OK(backup_list(b.s, &k, &err));
			snprintf(id, sizeof(id), "%s", k.v[0]->id);
			backups_free(&k);
			OK(store_lock(b.s, &err));
			OK(backup_restore(b.s, id, false, false, NULL, &err));
			store_unlock(b.s);
			OK(store_account(b.s, "https://" LE2, "aa", 0, &a,
			    &err));
			assert_true(a->broken);
			account_free(a);
		}
		box_end(&b);
	}
}

static void
test_half_in_use(void **state)
{
	struct box b;

	(void)state;
	box_new(&b);
	home(&b);
	lineage(&b, "one", box_account(&b, SRV, "regr-missing", NULL), "");
	codes(&b, true, "account-half lineage-account");
	assert_int_equal(backups(&b), 0);
	box_end(&b);
}

static void
test_names(void **state)
{
	struct box b;
	char id[40];

	(void)state;
	box_new(&b);
	home(&b);
	snprintf(id, sizeof(id), "%s", box_account(&b, SRV, "rsa2048", NULL));
	box_account(&b, SRV, "rsa2048", "backup");
	lineage(&b, "one", "backup", "");
	codes(&b, false, "account-twice account-several" F F);
	codes(&b, true, "account-twice! account-several! uri-foreign"
	    " uri-foreign!");
	codes(&b, false, "uri-foreign");
	assert_false(box_has(&b, "accounts/" SRV "/backup"));
	box_end(&b);
	/* two wrong names for one key, and the md5 of nothing */
	box_new(&b);
	home(&b);
	box_account(&b, SRV, "rsa2048", "0123456789abcdef0123456789abcdef");
	box_account(&b, SRV, "rsa2048", "copy");
	lineage(&b, "one", "0123456789abcdef0123456789abcdef", "");
	codes(&b, false, "account-dir-name account-twice account-several" F F);
	codes(&b, true, "account-dir-name! account-twice! account-several!"
	    F);
	codes(&b, false, "uri-foreign");
	assert_true(box_has(&b, "accounts/" SRV "/%s/regr.json", id));
	box_end(&b);
}

static void
test_several(void **state)
{
	const struct finding *f;
	struct findings l;
	struct error err;
	struct box b;

	(void)state;
	box_new(&b);
	home(&b);
	box_account(&b, LE2, "rsa2048", NULL);
	box_account(&b, LE2, "rsa-py2", NULL);
	lineage(&b, "one", NULL, "server = https://" LE2 "\n");
	codes(&b, false, "account-several lineage-no-account");
	OK(store_check(b.s, false, &l, &err));
	f = get(&l, "account-several", LE2);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	assert_non_null(strstr(f->message, "--account ID"));
	findings_free(&l);
	box_end(&b);
}

static void
test_content(void **state)
{
	struct box b;

	(void)state;
	box_new(&b);
	home(&b);
	box_account(&b, LE2, "ec-p256", NULL);
	box_account(&b, "a/d", "rsa1024", NULL);
	box_account(&b, "b/d", "rsa-newauthz", NULL);
	box_account(&b, LE1, "regr-body-key-other", NULL);
	codes(&b, false, "key-ec key-size" F F " eff-pending body-key");
	box_end(&b);
}

static void
test_modes(void **state)
{
	struct box b;
	const char *id;

	(void)state;
	box_new(&b);
	home(&b);
	id = box_account(&b, LE2, "rsa2048", NULL);
	assert_int_equal(chmod(box_path(&b, "accounts/" LE2
	    "/%s/private_key.json", id), 0644), 0);
	assert_int_equal(chmod(box_path(&b, "accounts/" LE2 "/%s/meta.json",
	    id), 0666), 0);
	assert_int_equal(chmod(box_path(&b, "accounts/" LE2 "/%s/regr.json",
	    id), 0444), 0);
	assert_int_equal(chmod(box_path(&b, "accounts/" LE2 "/%s", id), 0755),
	    0);
	assert_int_equal(chmod(box_path(&b, "accounts/" LE2), 0750), 0);
	/* as older certbots made it */
	assert_int_equal(chmod(box_path(&b, "accounts"), 0755), 0);
	codes(&b, false, "key-mode file-mode file-mode dir-mode dir-mode");
	assert_int_equal(chmod(box_path(&b, "accounts"), 0777), 0);
	codes(&b, true, "key-mode! file-mode! file-mode! dir-mode! dir-mode!"
	    " dir-mode!");
	codes(&b, false, "");
	assert_int_equal(box_mode(&b, "accounts"), 0755);
	assert_int_equal(link(box_path(&b, "accounts/" LE2 "/%s/regr.json",
	    id), box_path(&b, "copy")), 0);
	codes(&b, false, "file-links");
	assert_int_equal(unlink(box_path(&b, "accounts/" LE2 "/%s/regr.json",
	    id)), 0);
	assert_int_equal(symlink(box_path(&b, "copy"), box_path(&b,
	    "accounts/" LE2 "/%s/regr.json", id)), 0);
	codes(&b, false, "file-symlink");
	if (geteuid() == 0) {
		assert_int_equal(lchown(box_path(&b, "accounts/" LE2 "/%s",
		    id), 1234, 1234), 0);
		codes(&b, true, "file-symlink owner!");
		codes(&b, false, "file-symlink");
		assert_int_equal(chown(b.config, 1234, 1234), 0);
		codes(&b, false, "config-owner owner owner owner owner owner "
		    "owner file-symlink");
	}
	box_end(&b);
}

static void
test_links(void **state)
{
	char got[PATH_MAX];
	struct box b;
	ssize_t n;

	(void)state;
	box_new(&b);
	home(&b);
	box_account(&b, LE1, "rsa2048", NULL);
	box_mkdir(box_path(&b, "accounts/acme-v02.api.letsencrypt.org"));
	assert_int_equal(symlink(box_path(&b, "accounts/" LE1),
	    box_path(&b, "accounts/" LE2)), 0);
	codes(&b, false, "");
	assert_int_equal(unlink(box_path(&b, "accounts/" LE2)), 0);
	assert_int_equal(symlink("../" LE1, box_path(&b, "accounts/" LE2)), 0);
	codes(&b, false, "link-relative");
	codes(&b, true, "link-relative!");
	codes(&b, false, "");
	n = readlink(box_path(&b, "accounts/" LE2), got, sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = '\0';
	assert_string_equal(got, box_path(&b, "accounts/" LE1));
	assert_int_equal(backups(&b), 1);
	assert_int_equal(unlink(box_path(&b, "accounts/" LE2)), 0);
	assert_int_equal(symlink("/nowhere", box_path(&b, "accounts/" LE2)),
	    0);
	codes(&b, true, "link-dangling!");
	codes(&b, false, "");
	assert_int_equal(symlink("/tmp", box_path(&b, "accounts/" LE2)), 0);
	codes(&b, false, "link-foreign");
	assert_int_equal(unlink(box_path(&b, "accounts/" LE2)), 0);
	/* junk in the newer folder hides the older one */
	box_text(box_path(&b, "accounts/" LE2 "/foo"), "x");
	codes(&b, false, "reuse-blocked");
	box_end(&b);
}

static void
test_litter(void **state)
{
	char path[PATH_MAX];
	struct journal *j;
	struct error err;
	struct box b;

	(void)state;
	box_new(&b);
	home(&b);
	box_text(box_path(&b, "accounts/" LE2 "/%s/.acmeferry-zzzzzabcdefg",
	    box_account(&b, LE2, "rsa2048", NULL)), "x");
	box_text(box_path(&b, "accounts/.acmeferry-new-x/x"), "x");
	box_text(box_path(&b, "renewal/.acmeferry-zzzzzabcdefg"), "x");
	box_mkdir(b.state);
	OK(journal_new(b.state, &j, &err));
	OK(journal_rename(j, box_path(&b, "nothere"), box_path(&b, "there"),
	    &err));
	FAILS(journal_commit(j, &err), CODE_ERROR);
	journal_free(j);
	snprintf(path, sizeof(path), "%s/backups/x/.acmeferry-zzzzzabcdefg",
	    b.state);
	box_text(path, "x");
	codes(&b, false, "litter litter litter litter journal");
	box_text(box_path(&b, "nothere"), "x");
	codes(&b, true, "litter! litter! litter! litter! journal!");
	assert_true(box_has(&b, "there"));
	codes(&b, false, "");
	box_end(&b);
}

static void
test_places(void **state)
{
	struct box b;

	(void)state;
	box_new(&b);
	home(&b);
	box_account(&b, "acme-v02.api.letsencrypt.org/directory.bak",
	    "rsa2048", NULL);
	box_account(&b, ".", "rsa-py2", NULL);
	/* accounts/ is then taken for a server's folder: 0700 it must be */
	codes(&b, false, "server-copy account-misplaced");
	box_end(&b);
}

static void
test_cli(void **state)
{
	const struct finding *f;
	struct findings l;
	struct error err;
	struct box b;
	const char *id;

	(void)state;
	box_new(&b);
	home(&b);
	id = box_account(&b, LE2, "rsa2048", NULL);
	box_text(box_path(&b, "cli.ini"), "# c\naccount = zzz\n");
	OK(store_check(b.s, false, &l, &err));
	f = get(&l, "cli-account", "cli.ini");
	assert_non_null(f);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	findings_free(&l);
	lineage(&b, "one", id, "server = https://" LE2 "\n");
	OK(store_check(b.s, false, &l, &err));
	f = get(&l, "cli-account", "cli.ini");
	assert_int_equal(f->severity, SEVERITY_ERROR);
	assert_non_null(strstr(f->message, "'one'"));
	findings_free(&l);
	box_text(box_path(&b, "cli.ini"), "--server: 'https://" LE2
	    "' # mine\nservers = no\naccounts no\n");
	OK(store_check(b.s, false, &l, &err));
	f = get(&l, "cli-server", "cli.ini");
	assert_non_null(f);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	findings_free(&l);
	box_account(&b, LE2, "rsa-py2", NULL);
	OK(store_check(b.s, false, &l, &err));
	assert_int_equal(get(&l, "cli-server", "cli.ini")->severity,
	    SEVERITY_ERROR);
	findings_free(&l);
	assert_int_equal(unlink(box_path(&b, "cli.ini")), 0);
	box_text(box_path(&b, "xdg/letsencrypt/cli.ini"),
	    "server=https://other/d\n");
	OK(store_check(b.s, false, &l, &err));
	f = get(&l, "cli-server", "xdg/letsencrypt/cli.ini");
	assert_non_null(f);
	assert_int_equal(f->severity, SEVERITY_ERROR);
	findings_free(&l);
	box_end(&b);
}

static void
test_lineages(void **state)
{
	struct box b;
	const char *id;

	(void)state;
	box_new(&b);
	home(&b);
	id = box_account(&b, LE2, "rsa2048", NULL);
	lineage(&b, "one", id, "server = https://" LE2 "\n");
	lineage(&b, "two", "ffff", "server = https://" LE2 "\n");
	codes(&b, false, "lineage-account");
	lineage(&b, "two", id, "server = https://" LE2 "\nautorenew = False\n"
	    "renew_hook = acmeferry hook deploy\n");
	if (access("/etc/cron.d/acmeferry", F_OK) == -1)
		codes(&b, false, "renewal-unattended");
	lineage(&b, "two", id, "server = https://" LE2 "\nautorenew = False\n");
	codes(&b, false, "");
	assert_int_equal(unlink(box_path(&b, "archive/two/chain1.pem")), 0);
	codes(&b, false, "live-dangling");
	assert_int_equal(unlink(box_path(&b, "live/two/chain.pem")), 0);
	codes(&b, false, "lineage-files");
	box_text(box_path(&b, "live/two/chain.pem"), "x");
	codes(&b, false, "live-no-link");
	lineage(&b, "two", id, "server = https://" LE2 "\n");
	codes(&b, false, "");
	assert_int_equal(chmod(box_path(&b, "archive/two/privkey1.pem"),
	    0644), 0);
	/* archive/ shuts others out */
	codes(&b, false, "");
	assert_int_equal(chmod(box_path(&b, "archive"), 0755), 0);
	assert_int_equal(chmod(box_path(&b, "archive/two"), 0755), 0);
	codes(&b, false, "privkey-mode");
	box_text(box_path(&b, "renewal/bad.conf"), "[renewalparams\n");
	codes(&b, false, "privkey-mode lineage-conf");
	box_end(&b);
}

static void
test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; finding_kinds[i].code != NULL; i++) {
		assert_true(strlen(finding_kinds[i].meaning) > 20);
		if (i > 0)
			assert_true(strcmp(finding_kinds[i - 1].code,
			    finding_kinds[i].code) < 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_half_in_use),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_litter),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_cli),
		cmocka_unit_test(test_lineages),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
