/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "fixture.h"
#include "keyscan.h"
#include "store/server.h"
#include "storetest.h"

/* Each fixture is broken exactly where certbot could not use it. */
static void
test_fixtures(void **state)
{
	static struct fixture_row rows[128];
	struct error err;
	struct account *a;
	struct box b;
	size_t n;
	bool good;

	(void)state;
	box_new(&b);
	n = fixture_index(rows, 128);
	for (size_t i = 0; i < n; i++) {
		box_account(&b, SRV, rows[i].name, rows[i].name);
		OK(store_account(b.s, "https://" SRV, rows[i].name,
		    STORE_TEXTS, &a, &err));
		assert_non_null(a);
		good = strcmp(rows[i].loads, "yes") == 0 &&
		    strcmp(rows[i].signs, "yes") == 0;
		if (a->broken == good)
			fail_msg("%s: certbot %s %s, we: %s", rows[i].name,
			    rows[i].loads, rows[i].signs, a->problem);
		assert_int_equal(a->broken, a->problem[0] != '\0');
		if (strcmp(rows[i].loads, "no") == 0)
			assert_true(a->flaw == FLAW_MISSING ||
			    a->flaw == FLAW_CRASH);
		else
			assert_true(a->flaw != FLAW_CRASH);
		assert_string_equal(a->server, "https://" SRV);
		assert_string_equal(a->dirname, rows[i].name);
		account_free(a);
	}
	box_end(&b);
}

static void
test_members(void **state)
{
	struct error err;
	struct account *a;
	struct box b;
	char id[65], id2[65];

	(void)state;
	box_new(&b);
	OK(store_account(b.s, "https://" SRV, box_account(&b, SRV, "rsa-py2",
	    NULL), STORE_TEXTS, &a, &err));
	assert_string_equal(a->uri,
	    "https://acme-v01.api.letsencrypt.org/acme/reg/77");
	assert_string_equal(a->created, "2015-12-04T10:00:00Z");
	assert_string_equal(a->host, "old.example.com");
	assert_string_equal(a->key.name, "RSA 2048");
	assert_false(a->has_eff);
	assert_false(a->body_key_differs);
	assert_true(account_matches(a, a->uri));
	assert_true(account_matches(a,
	    "https://acme-v02.api.letsencrypt.org/acme/acct/77"));
	assert_true(account_matches(a, a->dirname));
	snprintf(id, 5, "%s", a->dirname);
	assert_true(account_matches(a, id));
	id[3] = '\0';
	assert_false(account_matches(a, id));
	assert_false(account_matches(a, "zzzz"));
	assert_false(account_matches(a, ""));
	account_identity(a, id);
	assert_int_equal(strlen(id), 64);
	account_free(a);
	OK(store_account(b.s, "https://" SRV, box_account(&b, SRV, "rsa2048",
	    NULL), 0, &a, &err));
	account_identity(a, id2);
	assert_string_not_equal(id, id2);
	assert_null(a->key_text.data);
	account_free(a);
	OK(store_account(b.s, "https://" SRV, box_account(&b, SRV,
	    "regr-body-key-other", "x"), 0, &a, &err));
	assert_true(a->body_key_differs);
	account_free(a);
	OK(store_account(b.s, "https://" SRV, box_account(&b, SRV,
	    "key-missing", "y"), 0, &a, &err));
	account_identity(a, id2);
	assert_string_equal(id2, "");
	account_free(a);
	/* names that are no names */
	OK(store_account(b.s, "https://" SRV, "../x", 0, &a, &err));
	assert_null(a);
	OK(store_account(b.s, "https://" SRV, "..", 0, &a, &err));
	assert_null(a);
	OK(store_account(b.s, "https://" SRV, "nothere", 0, &a, &err));
	assert_null(a);
	box_end(&b);
}

static void
test_edits(void **state)
{
	struct error err;
	struct account *a;
	struct buf out;
	struct box b;

	(void)state;
	box_new(&b);
	buf_init(&out, 65536);
	OK(store_account(b.s, "https://" SRV, box_account(&b, SRV,
	    "rsa-newauthz", NULL), STORE_TEXTS, &a, &err));
	assert_true(a->has_eff);
	OK(account_meta_clean(a, &out, &err));
	assert_string_equal(buf_str(&out), "{\"creation_dt\": "
	    "\"2020-06-13T07:46:45Z\", \"creation_host\": \"www\"}");
	buf_reset(&out);
	OK(account_regr_with_uri(a, "https://x/1", &out, &err));
	assert_string_equal(buf_str(&out), "{\"body\": {}, \"uri\": "
	    "\"https://x/1\", \"new_authzr_uri\": "
	    "\"https://api.buypass.com/acme/new-authz\"}");
	account_free(a);
	buf_reset(&out);
	OK(store_account(b.s, "https://" SRV, box_account(&b, SRV,
	    "regr-empty", NULL), STORE_TEXTS, &a, &err));
	assert_true(a->regr_empty);
	OK(account_regr_with_uri(a, "https://x/1", &out, &err));
	assert_string_equal(buf_str(&out),
	    "{\"body\": {}, \"uri\": \"https://x/1\"}");
	buf_reset(&out);
	OK(account_meta_clean(a, &out, &err));
	assert_string_equal(buf_str(&out), buf_str(&a->meta_text));
	account_free(a);
	buf_free(&out);
	box_end(&b);
}

/* What store_each() says, as "server id[!]" lines. */
static int
note(void *arg, struct account **a, struct error *err)
{
	char line[512];

	(void)err;
	snprintf(line, sizeof(line), "%s %s%s\n", (*a)->server + 8,
	    (*a)->dirname, (*a)->broken ? " !" : "");
	buf_adds(arg, line);
	return 0;
}

static void
lists(struct box *b, const char *server, const char *want)
{
	struct error err;
	struct buf out;

	buf_init(&out, 65536);
	OK(store_each(b->s, server, 0, note, &out, &err));
	assert_string_equal(buf_str(&out), want);
	buf_free(&out);
}

static void
test_layouts(void **state)
{
	struct box b;

	(void)state;
	box_new(&b);
	lists(&b, NULL, "");
	lists(&b, "https://" SRV, "");
	/* nested server folders, empty ones, strays, names that are no hex */
	box_account(&b, "h", "ec-p256", "aa");
	box_account(&b, "h/dir", "ec-p384", "bb");
	box_account(&b, "h/dir/x", "ec-p521", "cc");
	box_account(&b, "h-z", "rsa2048", "dd");
	box_mkdir(box_path(&b, "accounts/empty/directory"));
	box_text(box_path(&b, "accounts/h/.DS_Store"), "x");
	box_text(box_path(&b, "accounts/h/aa.tar"), "x");
	box_account(&b, "h", "regr-missing", "ee");
	box_mkdir(box_path(&b, "accounts/h/"
	    "0123456789abcdef0123456789abcdef"));
	box_mkdir(box_path(&b, "accounts/.acmeferry-abcdefghijkl"));
	lists(&b, NULL, "h 0123456789abcdef0123456789abcdef !\nh aa\nh ee !\n"
	    "h-z dd\nh/dir bb\nh/dir/x cc\n");
	lists(&b, "https://h", "h 0123456789abcdef0123456789abcdef !\nh aa\n"
	    "h ee !\n");
	lists(&b, "https://h/", "h/ 0123456789abcdef0123456789abcdef !\n"
	    "h/ aa\nh/ ee !\n");
	lists(&b, "https://h/dir", "h/dir bb\n");
	lists(&b, "https://empty/directory", "");
	/* a folder that leads to itself */
	assert_int_equal(symlink("..", box_path(&b, "accounts/h/dir/up")), 0);
	lists(&b, "https://h/dir", "h/dir bb\n");
	lists(&b, NULL, "h 0123456789abcdef0123456789abcdef !\nh aa\nh ee !\n"
	    "h-z dd\nh/dir bb\nh/dir/x cc\n");
	box_end(&b);
}

static void
test_reuse(void **state)
{
	struct account *a;
	struct error err;
	struct box b;
	char id[40];

	(void)state;
	box_new(&b);
	/* v01 only: v02 finds it, and by id */
	snprintf(id, sizeof(id), "%s", box_account(&b, LE1, "ec-p256", "aa"));
	lists(&b, NULL, LE1 " aa\n");
	lists(&b, "https://" LE2, LE2 " aa\n");
	OK(store_account(b.s, "https://" LE2, "aa", 0, &a, &err));
	assert_non_null(a);
	assert_string_equal(a->path, box_path(&b, "accounts/%s/aa", LE1));
	account_free(a);
	/* the folder linked, absolute */
	box_mkdir(box_path(&b, "accounts/acme-v02.api.letsencrypt.org"));
	assert_int_equal(symlink(box_path(&b, "accounts/%s", LE1),
	    box_path(&b, "accounts/%s", LE2)), 0);
	lists(&b, NULL, LE1 " aa\n" LE2 " aa\n");
	lists(&b, "https://" LE2, LE2 " aa\n");
	/* relative */
	assert_int_equal(unlink(box_path(&b, "accounts/%s", LE2)), 0);
	assert_int_equal(symlink("../" LE1, box_path(&b, "accounts/%s", LE2)),
	    0);
	lists(&b, NULL, LE1 " aa\n" LE2 " aa\n");
	/* dangling */
	assert_int_equal(unlink(box_path(&b, "accounts/%s", LE2)), 0);
	assert_int_equal(symlink("/nowhere/at/all", box_path(&b,
	    "accounts/%s", LE2)), 0);
	lists(&b, NULL, LE1 " aa\n");
	/* one account linked, one of its own */
	assert_int_equal(unlink(box_path(&b, "accounts/%s", LE2)), 0);
	box_account(&b, LE2, "ec-p384", "bb");
	assert_int_equal(symlink(box_path(&b, "accounts/%s/aa", LE1),
	    box_path(&b, "accounts/%s/aa", LE2)), 0);
	lists(&b, NULL, LE1 " aa\n" LE2 " aa\n" LE2 " bb\n");
	/* v02's are not seen at v01 */
	lists(&b, "https://" LE1, LE1 " aa\n");
	OK(store_account(b.s, "https://" LE1, "bb", 0, &a, &err));
	assert_null(a);
	box_end(&b);
}

static void
test_unreadable(void **state)
{
	struct account *a;
	struct error err;
	struct box b;

	(void)state;
	box_new(&b);
	box_account(&b, SRV, "ec-p256", "aa");
	assert_int_equal(unlink(box_path(&b, "accounts/%s/aa/regr.json", SRV)),
	    0);
	assert_int_equal(mkfifo(box_path(&b, "accounts/%s/aa/regr.json", SRV),
	    0644), 0);
	OK(store_account(b.s, "https://" SRV, "aa", 0, &a, &err));
	assert_true(a->broken);
	assert_int_equal(a->flaw, FLAW_UNREADABLE);
	assert_true(a->present[ACCOUNT_REGR]);
	account_free(a);
	if (geteuid() != 0) {
		box_account(&b, SRV, "ec-p384", "bb");
		assert_int_equal(chmod(box_path(&b,
		    "accounts/%s/bb/private_key.json", SRV), 0), 0);
		OK(store_account(b.s, "https://" SRV, "bb", 0, &a, &err));
		assert_int_equal(a->flaw, FLAW_UNREADABLE);
		account_free(a);
	}
	box_end(&b);
}

/* Every bit and every cut of the three files: no crash, and never a working
 * account with another key. */
static void
test_damage(void **state)
{
	static const char *const files[] = { "private_key.json", "meta.json",
	    "regr.json" };
	static const char *const names[] = { "ec-p256", "rsa-py2" };
	struct account_texts t;
	char path[256], *text[3];
	struct account *a;
	struct error err;
	char thumb[64];

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		memset(&t, 0, sizeof(t));
		for (int f = 0; f < 3; f++) {
			snprintf(path, sizeof(path), "%s/%s/%s",
			    FIXTURE("accounts"), names[n], files[f]);
			text[f] = slurp(path, &t.len[f]);
			t.text[f] = text[f];
		}
		OK(account_parse("https://h", "x", &t, false, true, &a, &err));
		assert_false(a->broken);
		snprintf(thumb, sizeof(thumb), "%s", a->key.thumbprint);
		account_free(a);
		for (int f = 1; f < 3; f++) {
			for (size_t i = 0; i < t.len[f] * 8; i++) {
				text[f][i / 8] ^= (char)(1 << i % 8);
				OK(account_parse("https://h", "x", &t, true,
				    false, &a, &err));
				account_free(a);
				text[f][i / 8] ^= (char)(1 << i % 8);
			}
			for (size_t len = t.len[f]; t.len[f]-- > 0; ) {
				OK(account_parse("https://h", "x", &t, false,
				    false, &a, &err));
				assert_true(a->broken);
				account_free(a);
				if (t.len[f] == 0) {
					t.len[f] = len;
					break;
				}
			}
		}
		for (size_t i = 0; i < t.len[0] * 8; i += n == 0 ? 3 : 41) {
			text[0][i / 8] ^= (char)(1 << i % 8);
			OK(account_parse("https://h", "x", &t, true, true, &a,
			    &err));
			if (!a->broken)
				assert_string_equal(a->key.thumbprint, thumb);
			account_free(a);
			text[0][i / 8] ^= (char)(1 << i % 8);
		}
		for (int f = 0; f < 3; f++)
			drop(text[f], t.len[f]);
	}
}

/* Reading with texts, signing, freeing: nothing private stays. */
static void
test_heap(void **state)
{
	static struct keyscan ks;
	struct account *a;
	struct error err;
	struct jwk *k;
	struct buf sig;
	struct box b;

	(void)state;
	KEYSCAN_OR_SKIP();
	box_new(&b);
	box_account(&b, SRV, "rsa2048", "aa");
	keyscan_learn(&ks, FIXTURE("accounts/rsa2048/private_key.json"));
	/* the test's own helper went through stdio and small buffers */
	if (keyscan_count(&ks) != 0)
		print_message("the helper left copies\n");
	for (unsigned int flags = 0; flags < 4; flags++) {
		size_t before = keyscan_count(&ks);

		OK(store_account(b.s, "https://" SRV, "aa", flags, &a, &err));
		OK(account_key(a, &k, &err));
		buf_init(&sig, 4096);
		OK(jwk_sign(k, "x", 1, &sig, &err));
		buf_free(&sig);
		jwk_free(k);
		account_free(a);
		assert_int_equal(keyscan_count(&ks), before);
	}
	box_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
