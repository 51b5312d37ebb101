/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "fixture.h"
#include "storetest.h"

static const char sample[] =
    "# renew_before_expiry = 30 days\n"
    "version = 2.1.0\n"
    "archive_dir = /etc/letsencrypt/archive/a\n"
    "cert = \"/etc/x y/cert.pem\"   # a comment\n"
    "privkey='/etc/privkey.pem'\n"
    "\n"
    "# Options used in the renewal process\n"
    "[renewalparams]\n"
    "account = 0123456789abcdef0123456789abcdef\n"
    "  server   =   https://h/d\t# other\n"
    "domains = a.example.com, b.example.com,\n"
    "empty =\n"
    "hook = '''one\n"
    "account = no\n"
    "two'''\n"
    "[[webroot_map]]\n"
    "account = wrong\n"
    "a.example.com = /var/www\n"
    "[ acme_renewal_info ]\n"
    "ari_retry_after = 2026-01-01T00:00:00\n";

static void
get(const char *section, const char *key, const char *want)
{
	struct error err;
	char *v;

	OK(conf_get(sample, sizeof(sample) - 1, section, key, &v, &err));
	if (want == NULL)
		assert_null(v);
	else
		assert_string_equal(v, want);
	free(v);
}

static void
test_get(void **state)
{
	(void)state;
	get("", "version", "2.1.0");
	get("", "cert", "/etc/x y/cert.pem");
	get("", "privkey", "/etc/privkey.pem");
	get("", "renew_before_expiry", NULL);
	get("", "account", NULL);
	get("renewalparams", "account", "0123456789abcdef0123456789abcdef");
	get("renewalparams", "server", "https://h/d");
	get("renewalparams", "domains", "a.example.com, b.example.com,");
	get("renewalparams", "empty", "");
	get("renewalparams", "a.example.com", NULL);
	get("acme_renewal_info", "ari_retry_after", "2026-01-01T00:00:00");
	get("none", "account", NULL);
}

static void
test_set(void **state)
{
	static const struct {
		const char *text, *section, *key, *value, *want;
	} t[] = {
		{ "", "", "a", "1", "a = 1\n" },
		{ "a = 0", "", "a", "1", "a = 1" },
		{ "a=0 # c\r\nb = 2\r\n", "", "a", "1",
		  "a=1 # c\r\nb = 2\r\n" },
		{ "a = \"0\" # c\n", "", "a", "1", "a = 1 # c\n" },
		{ "a = 'x # y' # c\n", "", "a", "1", "a = 1 # c\n" },
		{ "b = 1", "", "a", "1", "b = 1\na = 1\n" },
		{ "[s]\nb = 1\n", "", "a", "1", "a = 1\n[s]\nb = 1\n" },
		{ "[s]\nb = 1\n\n[t]\n", "s", "a", "1",
		  "[s]\nb = 1\na = 1\n\n[t]\n" },
		{ "[s]\n[[u]]\na = 5\n", "s", "a", "1",
		  "[s]\na = 1\n[[u]]\na = 5\n" },
		{ "x = 1\n", "s", "a", "1", "x = 1\n[s]\na = 1\n" },
		{ "[s]\na = 1\n", "s", "a", "", "[s]\na = \"\"\n" },
		{ "[s]\na = 1\n", "s", "a", "x#y", "[s]\na = \"x#y\"\n" },
		{ "[s]\na = 1\n", "s", "a", "x, y", "[s]\na = \"x, y\"\n" },
		{ "[s]\na =\n", "s", "a", "v", "[s]\na =v\n" },
		{ "[s]\nh = '''x\ny'''\n[t]\n", "s", "a", "v",
		  "[s]\nh = '''x\ny'''\na = v\n[t]\n" },
		{ "[s] # c\n\ta = 1\n", "s", "a", "v", "[s] # c\n\ta = v\n" },
	};
	struct error err;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_init(&out, 4096);
		OK(conf_set(t[i].text, strlen(t[i].text), t[i].section,
		    t[i].key, t[i].value, &out, &err));
		assert_string_equal(buf_str(&out), t[i].want);
		buf_free(&out);
	}
	buf_init(&out, 4096);
	FAILS(conf_set("", 0, "", "a", "x\ny", &out, &err), CODE_ERROR);
	FAILS(conf_set("a = '''x", 8, "", "b", "x", &out, &err), CODE_STORE);
	FAILS(conf_set("a = '''x'''", 11, "", "a", "x", &out, &err),
	    CODE_STORE);
	OK(conf_set(sample, sizeof(sample) - 1, "renewalparams", "account",
	    "ffff", &out, &err));
	assert_non_null(strstr(out.data, "\naccount = ffff\n  server"));
	assert_non_null(strstr(out.data, "\naccount = no\ntwo"));
	assert_non_null(strstr(out.data, "\naccount = wrong\n"));
	assert_int_equal(out.len, sizeof(sample) - 1 - 28);
	buf_free(&out);
}

static void
test_unset(void **state)
{
	static const struct {
		const char *text, *section, *key, *want;
	} t[] = {
		{ "", "", "a", "" },
		{ "a = 1", "", "a", "" },
		{ "a = 1\r\nb = 2\r\n", "", "a", "b = 2\r\n" },
		{ "# a = 1\n a=1 # c\nb = 2", "", "a", "# a = 1\nb = 2" },
		{ "a = 1\n[s]\na = 2\n", "", "a", "[s]\na = 2\n" },
		{ "a = 1\n[s]\na = 2\n", "s", "a", "a = 1\n[s]\n" },
		{ "[s]\na = 1\n[[u]]\na = 2\n[t]\na = 3\n", "s", "a",
		  "[s]\n[[u]]\na = 2\n[t]\na = 3\n" },
		{ "[s]\na = '''x\na = y\n'''\nb = 1\n", "s", "a",
		  "[s]\nb = 1\n" },
		{ "[s]\nb = '''x\na = y\n'''\na = 1\n", "s", "a",
		  "[s]\nb = '''x\na = y\n'''\n" },
		{ "[s]\na = 1\na = 2\n", "s", "a", "[s]\n" },
		{ "[s]\nab = 1\n", "s", "a", "[s]\nab = 1\n" },
	};
	struct error err;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_init(&out, 4096);
		OK(conf_unset(t[i].text, strlen(t[i].text), t[i].section,
		    t[i].key, &out, &err));
		assert_string_equal(buf_str(&out), t[i].want);
		buf_free(&out);
	}
	buf_init(&out, 4096);
	FAILS(conf_unset("a = '''x", 8, "", "b", &out, &err), CODE_STORE);
	buf_free(&out);
}

/* No text makes a crash, and what was set can be got. */
static void
test_damage(void **state)
{
	char text[sizeof(sample)], *v;
	struct error err;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < (sizeof(sample) - 1) * 8; i += 3) {
		memcpy(text, sample, sizeof(sample));
		text[i / 8] ^= (char)(1 << i % 8);
		buf_init(&out, 4096);
		if (conf_set(text, sizeof(sample) - 1, "renewalparams",
		    "account", "ffff", &out, &err) == -1) {
			/* an open value of several lines */
			assert_int_equal(err.code, CODE_STORE);
			buf_free(&out);
			continue;
		}
		if (conf_get(out.data, out.len, "renewalparams", "account",
		    &v, &err) == 0 && v != NULL)
			assert_string_equal(v, "ffff");
		free(v);
		buf_free(&out);
	}
}

static void
test_lineages(void **state)
{
	struct strs names = { NULL, 0, 0 };
	struct lineages ls;
	struct lineage *l;
	struct error err;
	struct box b;

	(void)state;
	box_new(&b);
	OK(store_lineages(b.s, true, &ls, &err));
	assert_int_equal(ls.n, 0);
	box_text(box_path(&b, "renewal/b.conf"), sample);
	box_text(box_path(&b, "renewal/README"), "x");
	box_text(box_path(&b, "renewal/.hidden.conf"), "x");
	box_text(box_path(&b, "renewal/a.conf"),
	    "cert = " FIXTURE("certs/one.pem") "\nprivkey = p\nchain = c\n"
	    "fullchain = f\n[renewalparams]\naccount = None\n"
	    "server = https://acme-v01.api.letsencrypt.org/directory\n"
	    "autorenew = False\nauthenticator = standalone\n"
	    "renew_hook = acmeferry hook deploy\n");
	OK(store_lineages(b.s, true, &ls, &err));
	assert_int_equal(ls.n, 2);
	l = ls.v[0];
	assert_string_equal(l->name, "a");
	assert_string_equal(l->server,
	    "https://acme-v02.api.letsencrypt.org/directory");
	assert_null(l->account);
	assert_false(l->autorenew);
	assert_string_equal(l->renew_hook, "acmeferry hook deploy");
	assert_string_equal(l->problem, "");
	assert_int_equal(l->domains.n, 4);
	assert_string_equal(l->domains.v[0], "one.example.com");
	assert_string_equal(l->domains.v[1], "*.two.example.com");
	assert_string_equal(l->domains.v[2], "192.0.2.7");
	assert_string_equal(l->domains.v[3], "2001:db8::7");
	assert_int_equal(l->not_after - l->not_before, 90 * 86400);
	assert_ptr_equal(lineages_for_name(&ls, NULL, "ONE.example.com"), l);
	assert_ptr_equal(lineages_for_name(&ls, NULL, "x.two.example.com"), l);
	assert_null(lineages_for_name(&ls, NULL, "two.example.com"));
	assert_null(lineages_for_name(&ls, NULL, "x.y.two.example.com"));
	assert_null(lineages_for_name(&ls, "https://h/d", "one.example.com"));
	OK(strs_add(&names, "192.0.2.7", &err));
	OK(strs_add(&names, "*.two.example.com", &err));
	OK(strs_add(&names, "2001:db8::7", &err));
	assert_false(lineage_same_names(l, &names));
	OK(strs_add(&names, "one.example.com", &err));
	assert_true(lineage_same_names(l, &names));
	strs_free(&names);
	l = ls.v[1];
	assert_true(l->autorenew);
	assert_true(lineage_uses(l, "https://h/d/",
	    "0123456789abcdef0123456789abcdef"));
	assert_false(lineage_uses(l, "https://h/d", "0123"));
	assert_string_not_equal(l->problem, "");
	lineages_free(&ls);
	OK(store_lineage(b.s, "a", false, &l, &err));
	assert_non_null(l);
	assert_int_equal(l->domains.n, 0);
	lineage_free(l);
	OK(store_lineage(b.s, "nothere", false, &l, &err));
	assert_null(l);
	OK(store_lineage(b.s, "../renewal/a", false, &l, &err));
	assert_null(l);
	box_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_unset),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_lineages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
