/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/journal.h"
#include "fixture.h"
#include "store/backup.h"
#include "storetest.h"

static struct account *
fixture(const char *name, const char *server)
{
	static const char *const files[] = { "private_key.json", "meta.json",
	    "regr.json" };
	struct account_texts t;
	char path[256], *text[3];
	struct account *a;
	struct error err;

	memset(&t, 0, sizeof(t));
	for (int f = 0; f < 3; f++) {
		snprintf(path, sizeof(path), "%s/%s/%s", FIXTURE("accounts"),
		    name, files[f]);
		text[f] = slurp(path, &t.len[f]);
		t.text[f] = text[f];
	}
	OK(account_parse(server, "x", &t, true, true, &a, &err));
	for (int f = 0; f < 3; f++)
		drop(text[f], t.len[f]);
	return a;
}

static size_t
count_backups(struct box *b)
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
same_text(const char *path, const char *want)
{
	char *text;
	size_t len;

	text = slurp(path, &len);
	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void
conf(struct box *b, const char *name, const char *server, const char *id)
{
	char text[512];

	snprintf(text, sizeof(text), "# kept\ncert = c\nprivkey = p\n"
	    "chain = c\nfullchain = f\n[renewalparams]\naccount = %s\n"
	    "server = %s # too\n", id, server);
	box_text(box_path(b, "renewal/%s.conf", name), text);
}

static void
conf_is(struct box *b, const char *name, const char *server, const char *id)
{
	char text[512];

	snprintf(text, sizeof(text), "# kept\ncert = c\nprivkey = p\n"
	    "chain = c\nfullchain = f\n[renewalparams]\naccount = %s\n"
	    "server = %s # too\n", id, server);
	same_text(box_path(b, "renewal/%s.conf", name), text);
}

static void
test_install_new(void **state)
{
	static const mode_t masks[] = { 077, 022, 0 };
	struct account *a;
	struct error err;
	struct box b;
	bool changed;
	mode_t old;
	char rel[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		old = umask(masks[i]);
		box_new(&b);
		assert_int_equal(rmdir(b.config), 0);
		a = fixture("rsa-newauthz", "https://" SRV);
		FAILS(store_install(b.s, a, false, &changed, &err),
		    CODE_ERROR);
		OK(store_lock(b.s, &err));
		assert_true(box_has(&b, ".certbot.lock"));
		OK(store_install(b.s, a, false, &changed, &err));
		assert_true(changed);
		OK(store_install(b.s, a, false, &changed, &err));
		assert_false(changed);
		store_unlock(b.s);
		assert_false(box_has(&b, ".certbot.lock"));
		assert_int_equal(box_mode(&b, ""), 0755);
		assert_int_equal(box_mode(&b, "accounts"), 0700);
		assert_int_equal(box_mode(&b, "accounts/" SRV), 0700);
		snprintf(rel, sizeof(rel), "accounts/" SRV "/%s", a->key.id);
		assert_int_equal(box_mode(&b, rel), 0700);
		strcat(rel, "/private_key.json");
		assert_int_equal(box_mode(&b, rel), 0400);
		snprintf(rel, sizeof(rel), "accounts/" SRV "/%s/regr.json",
		    a->key.id);
		assert_int_equal(box_mode(&b, rel), 0644);
		snprintf(rel, sizeof(rel), "accounts/" SRV "/%s/meta.json",
		    a->key.id);
		assert_int_equal(box_mode(&b, rel), 0644);
		same_text(box_path(&b, "%s", rel), "{\"creation_dt\": "
		    "\"2020-06-13T07:46:45Z\", \"creation_host\": \"www\"}");
		assert_int_equal(count_backups(&b), 0);
		account_free(a);
		box_end(&b);
		(void)umask(old);
	}
}

static void
test_verbatim(void **state)
{
	struct account *a, *back;
	struct error err;
	struct box b;

	(void)state;
	box_new(&b);
	a = fixture("meta-unknown", "https://" SRV);
	OK(store_lock(b.s, &err));
	OK(store_install(b.s, a, false, NULL, &err));
	account_free(a);
	a = fixture("rsa-newauthz", "https://" SRV);
	OK(store_install(b.s, a, true, NULL, &err));
	OK(store_account(b.s, a->server, a->key.id, STORE_TEXTS, &back, &err));
	assert_true(back->has_eff);
	assert_int_equal(back->key_text.len, a->key_text.len);
	assert_memory_equal(back->key_text.data, a->key_text.data,
	    a->key_text.len);
	assert_string_equal(buf_str(&back->meta_text), buf_str(&a->meta_text));
	assert_string_equal(buf_str(&back->regr_text), buf_str(&a->regr_text));
	account_free(back);
	account_free(a);
	/* what is broken, or for a server that is none, is refused */
	a = fixture("rsa-wrong-p", "https://" SRV);
	FAILS(store_install(b.s, a, false, NULL, &err), CODE_STORE);
	account_free(a);
	a = fixture("ec-p256", "https://h/../../etc");
	FAILS(store_install(b.s, a, false, NULL, &err), CODE_USAGE);
	account_free(a);
	box_end(&b);
}

static void
test_update(void **state)
{
	struct account *a, *now;
	struct error err;
	struct stat st1, st2;
	struct box b;
	bool changed;
	const char *id;

	(void)state;
	box_new(&b);
	id = box_account(&b, SRV, "rsa2048", NULL);
	a = fixture("rsa-nocrt", "https://" SRV);
	assert_int_equal(stat(box_path(&b, "accounts/" SRV "/%s/meta.json",
	    id), &st1), 0);
	OK(store_lock(b.s, &err));
	OK(store_install(b.s, a, false, &changed, &err));
	assert_true(changed);
	assert_int_equal(count_backups(&b), 1);
	OK(store_account(b.s, a->server, id, STORE_TEXTS, &now, &err));
	assert_string_equal(now->uri, a->uri);
	/* only regr.json */
	assert_int_not_equal(now->key_text.len, a->key_text.len);
	assert_int_equal(stat(box_path(&b, "accounts/" SRV "/%s/meta.json",
	    id), &st2), 0);
	assert_int_equal(st1.st_ino, st2.st_ino);
	OK(store_set_uri(b.s, now, "https://acme.example.org/1", &err));
	same_text(box_path(&b, "accounts/" SRV "/%s/regr.json", id),
	    "{\"body\": {}, \"uri\": \"https://acme.example.org/1\"}");
	assert_int_equal(count_backups(&b), 2);
	account_free(now);
	account_free(a);
	box_end(&b);
}

static void
test_repair(void **state)
{
	static const char *const bad[] = { "regr-empty", "regr-missing",
	    "regr-uri-null", "regr-body-null", "meta-missing", "meta-dt-null" };
	struct account *a, *now;
	struct error err;
	struct box b;
	bool changed;
	const char *id;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		box_new(&b);
		id = box_account(&b, SRV, bad[i], NULL);
		box_text(box_path(&b, "accounts/" SRV "/%s/extra", id), "x");
		a = fixture("regr-unknown", "https://" SRV);
		OK(store_lock(b.s, &err));
		OK(store_install(b.s, a, false, &changed, &err));
		assert_true(changed);
		OK(store_account(b.s, a->server, id, 0, &now, &err));
		assert_false(now->broken);
		account_free(now);
		assert_int_equal(count_backups(&b), 1);
		store_unlock(b.s);
		account_free(a);
		box_end(&b);
	}
}

static void
test_links(void **state)
{
	struct account *a, *now;
	struct error err;
	struct stat st;
	struct box b;

	(void)state;
	/* dangling: a directory takes its place, the link is kept */
	box_new(&b);
	a = fixture("ec-p256", "https://" LE2);
	box_mkdir(box_path(&b, "accounts/acme-v02.api.letsencrypt.org"));
	assert_int_equal(symlink("/nowhere", box_path(&b, "accounts/" LE2)),
	    0);
	OK(store_lock(b.s, &err));
	OK(store_install(b.s, a, false, NULL, &err));
	assert_int_equal(lstat(box_path(&b, "accounts/" LE2), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(count_backups(&b), 1);
	box_end(&b);
	/* live: its target */
	box_new(&b);
	box_account(&b, LE1, "rsa2048", NULL);
	box_mkdir(box_path(&b, "accounts/acme-v02.api.letsencrypt.org"));
	assert_int_equal(symlink(box_path(&b, "accounts/" LE1),
	    box_path(&b, "accounts/" LE2)), 0);
	OK(store_lock(b.s, &err));
	OK(store_install(b.s, a, false, NULL, &err));
	assert_true(box_has(&b, "accounts/" LE1 "/%s/regr.json", a->key.id));
	OK(store_account(b.s, "https://" LE2, a->key.id, 0, &now, &err));
	assert_false(now->broken);
	account_free(now);
	box_end(&b);
	account_free(a);
}

static void
test_rename(void **state)
{
	struct account *a;
	struct error err;
	struct box b;
	char id[40];

	(void)state;
	box_new(&b);
	box_account(&b, SRV, "ec-p256", "wrong");
	conf(&b, "one", "https://" SRV, "wrong");
	conf(&b, "two", "https://other.example/directory", "wrong");
	OK(store_account(b.s, "https://" SRV, "wrong", 0, &a, &err));
	snprintf(id, sizeof(id), "%s", a->key.id);
	OK(store_lock(b.s, &err));
	OK(store_rename(b.s, a, &err));
	account_free(a);
	assert_false(box_has(&b, "accounts/" SRV "/wrong"));
	assert_true(box_has(&b, "accounts/" SRV "/%s/regr.json", id));
	conf_is(&b, "one", "https://" SRV, id);
	conf_is(&b, "two", "https://other.example/directory", "wrong");
	assert_int_equal(count_backups(&b), 1);
	assert_false(journal_pending(b.state));
	/* the right one is there: the copy goes */
	box_account(&b, SRV, "ec-p256", "copy");
	conf(&b, "one", "https://" SRV, "copy");
	OK(store_account(b.s, "https://" SRV, "copy", 0, &a, &err));
	OK(store_rename(b.s, a, &err));
	account_free(a);
	assert_false(box_has(&b, "accounts/" SRV "/copy"));
	assert_true(box_has(&b, "accounts/" SRV "/%s/regr.json", id));
	conf_is(&b, "one", "https://" SRV, id);
	/* a shell has the right name */
	box_account(&b, SRV, "ec-p384", "again");
	OK(store_account(b.s, "https://" SRV, "again", 0, &a, &err));
	snprintf(id, sizeof(id), "%s", a->key.id);
	box_text(box_path(&b, "accounts/" SRV "/%s/meta.json", id), "{}");
	OK(store_rename(b.s, a, &err));
	account_free(a);
	OK(store_account(b.s, "https://" SRV, id, 0, &a, &err));
	assert_false(a->broken);
	account_free(a);
	box_end(&b);
}

/* v01 holds it, v02 has a link to it; both are called wrongly. */
static void
test_rename_linked(void **state)
{
	char id[40], target[PATH_MAX], got[PATH_MAX];
	struct account *a;
	struct error err;
	struct box b;
	ssize_t n;

	(void)state;
	box_new(&b);
	box_account(&b, LE1, "ec-p256", "wrong");
	box_account(&b, LE2, "ec-p384", NULL);
	assert_int_equal(symlink(box_path(&b, "accounts/" LE1 "/wrong"),
	    box_path(&b, "accounts/" LE2 "/wrong")), 0);
	conf(&b, "one", "https://" LE2, "wrong");
	OK(store_account(b.s, "https://" LE2, "wrong", 0, &a, &err));
	snprintf(id, sizeof(id), "%s", a->key.id);
	OK(store_lock(b.s, &err));
	OK(store_rename(b.s, a, &err));
	account_free(a);
	assert_false(box_has(&b, "accounts/" LE2 "/wrong"));
	assert_false(box_has(&b, "accounts/" LE1 "/wrong"));
	n = readlink(box_path(&b, "accounts/" LE2 "/%s", id), got,
	    sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = '\0';
	snprintf(target, sizeof(target), "%s",
	    box_path(&b, "accounts/" LE1 "/%s", id));
	assert_string_equal(got, target);
	conf_is(&b, "one", "https://" LE2, id);
	OK(store_account(b.s, "https://" LE2, id, 0, &a, &err));
	assert_false(a->broken);
	account_free(a);
	box_end(&b);
}

static void
test_replace(void **state)
{
	struct account *old, *new, *a;
	struct error err;
	struct box b;
	const char *id;

	(void)state;
	box_new(&b);
	id = box_account(&b, SRV, "rsa2048", NULL);
	conf(&b, "one", "https://" SRV, id);
	new = fixture("ec-p256", "https://" SRV);
	OK(store_account(b.s, "https://" SRV, id, 0, &old, &err));
	OK(store_lock(b.s, &err));
	OK(store_replace(b.s, old, new, new->key.id, false, &err));
	assert_false(box_has(&b, "accounts/" SRV "/%s", id));
	conf_is(&b, "one", "https://" SRV, new->key.id);
	OK(store_account(b.s, "https://" SRV, new->key.id, 0, &a, &err));
	assert_false(a->broken);
	/* and away with it, the lineage stays as it is */
	OK(store_replace(b.s, a, NULL, NULL, false, &err));
	account_free(a);
	assert_false(box_has(&b, "accounts/" SRV "/%s", new->key.id));
	conf_is(&b, "one", "https://" SRV, new->key.id);
	account_free(old);
	account_free(new);
	box_end(&b);
}

static void
test_lineage_account(void **state)
{
	struct lineage *l;
	struct error err;
	struct stat st;
	struct box b;

	(void)state;
	box_new(&b);
	conf(&b, "one", "https://" SRV, "a");
	assert_int_equal(chmod(box_path(&b, "renewal/one.conf"), 0640), 0);
	OK(store_lineage(b.s, "one", false, &l, &err));
	FAILS(store_lineage_account(b.s, l, "b", &err), CODE_ERROR);
	OK(store_lock(b.s, &err));
	OK(store_lineage_account(b.s, l, "b", &err));
	conf_is(&b, "one", "https://" SRV, "b");
	assert_int_equal(stat(box_path(&b, "renewal/one.conf"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(count_backups(&b), 1);
	OK(store_lineage_account(b.s, l, "b", &err));
	assert_int_equal(count_backups(&b), 1);
	lineage_free(l);
	box_end(&b);
}

static void
test_restore(void **state)
{
	struct strs paths = { NULL, 0, 0 };
	struct account *a, *old;
	struct backups l;
	struct error err;
	struct box b;
	char id[40], first[64];

	(void)state;
	box_new(&b);
	snprintf(id, sizeof(id), "%s", box_account(&b, SRV, "rsa2048", NULL));
	conf(&b, "one", "https://" SRV, id);
	OK(store_account(b.s, "https://" SRV, id, STORE_TEXTS, &old, &err));
	a = fixture("ec-p256", "https://" SRV);
	OK(store_lock(b.s, &err));
	OK(store_replace(b.s, old, a, a->key.id, false, &err));
	OK(backup_list(b.s, &l, &err));
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0]->paths.n, 2);
	assert_string_equal(l.v[0]->account, id);
	snprintf(first, sizeof(first), "%s", l.v[0]->id);
	backups_free(&l);
	/* beside the new one: a second account */
	FAILS(backup_restore(b.s, first, false, false, NULL, &err),
	    CODE_STORE);
	FAILS(backup_restore(b.s, "1999", false, false, NULL, &err),
	    CODE_STORE);
	OK(backup_restore(b.s, first, true, true, &paths, &err));
	assert_int_equal(paths.n, 2);
	assert_false(box_has(&b, "accounts/" SRV "/%s", id));
	OK(backup_restore(b.s, first, true, false, NULL, &err));
	strs_free(&paths);
	account_free(a);
	OK(store_account(b.s, "https://" SRV, id, STORE_TEXTS, &a, &err));
	assert_false(a->broken);
	assert_memory_equal(a->key_text.data, old->key_text.data,
	    a->key_text.len);
	account_free(a);
	assert_int_equal(box_mode(&b, "accounts/" SRV), 0700);
	conf_is(&b, "one", "https://" SRV, id);
	assert_int_equal(count_backups(&b), 2);
	/* over what is there: exchanged; a prefix is enough */
	box_text(box_path(&b, "accounts/" SRV "/%s/regr.json", id), "{}");
	OK(backup_restore(b.s, first, true, false, NULL, &err));
	OK(store_account(b.s, "https://" SRV, id, 0, &a, &err));
	assert_false(a->broken);
	account_free(a);
	account_free(old);
	box_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_install_new),
		cmocka_unit_test(test_verbatim),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_repair),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_rename_linked),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_lineage_account),
		cmocka_unit_test(test_restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
