/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "issue/cron.h"

static struct strs
names(const char *a, const char *b)
{
	struct strs l = {0};
	struct error err;

	assert_int_equal(strs_add(&l, a, &err), 0);
	if (b != NULL)
		assert_int_equal(strs_add(&l, b, &err), 0);
	return l;
}

static void
test_covers(void **state)
{
	static const struct {
		const char *text;
		bool one, two;	/* a.example; a.example and b.example */
	} t[] = {
		{ "", false, false },
		{ "17 * * * * root acmeferry issue -q -d a.example", true,
		    false },
		{ "x\n1 2 * * * /usr/bin/acmeferry issue -q -d "
		    "a.example,b.example\n", true, true },
		{ "1 2 * * * acmeferry issue -d b.example -d 'A.example'\n",
		    true, true },
		{ "ExecStart=/usr/bin/acmeferry -c /x issue "
		    "--domain=a.example\n", true, false },
		{ "# 1 2 * * * acmeferry issue -d a.example\n", false, false },
		{ "  \t# acmeferry issue -d a.example\n", false, false },
		{ "1 2 * * * acmeferry issue -d xa.example\n", false, false },
		{ "1 2 * * * acmeferry issue -d a.example.org\n", false,
		    false },
		{ "1 2 * * * acmeferry verify -d a.example\n", false, false },
		{ "1 2 * * * certbot issue -d a.example\n", false, false },
		{ "acmeferry\nissue -d a.example\n", false, false },
		{ "17 * * * * root acmeferry renew -q\n", true, true },
		{ "17 * * * * root test -x /a/acmeferry && /a/acmeferry -c "
		    "/x renew -q --lineages >/dev/null 2>&1\n", true, true },
		{ "1 * * * * acmeferry renew --state-dir /s -q | logger\n",
		    true, true },
		{ "1 * * * * acmeferry renew 'c1'\n", true, true },
		{ "1 * * * * acmeferry renew c2 -q c1\n", true, true },
		{ "1 * * * * acmeferry renew c2 -q\n", false, false },
		{ "ExecStart=/usr/bin/acmeferry renew -q\n", true, true },
		{ "1 * * * * acmeferry-renew -q\n", false, false },
		{ "1 * * * * certbot renew -q\n", false, false },
		{ "# acmeferry renew -q\n", false, false },
	};
	struct strs one = names("a.example", NULL);
	struct strs two = names("a.example", "b.example");
	struct cron_cert cone = { "c1", &one, false };
	struct cron_cert ctwo = { "c1", &two, false };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t len = strlen(t[i].text);

		if (cron_covers(t[i].text, len, &cone) != t[i].one ||
		    cron_covers(t[i].text, len, &ctwo) != t[i].two)
			fail_msg("row %zu", i);
	}
	/* what names it alone */
	cone.by_name = true;
	assert_false(cron_covers("acmeferry renew -q", 18, &cone));
	assert_true(cron_covers("acmeferry renew c1", 18, &cone));
	strs_free(&one);
	strs_free(&two);
}

static void
test_line(void **state)
{
	struct strs none = {0}, options = {0};
	struct cron_cert any = { "any", &none, false };
	struct error err;
	char *line, *again;
	const char *rest;
	long minute;

	(void)state;
	assert_int_equal(strs_add(&options, "-c", &err), 0);
	assert_int_equal(strs_add(&options, "/etc/100% x.yml", &err), 0);
	assert_int_equal(cron_line("/usr/bin/acmeferry", &options, true,
	    &line, &err), 0);
	assert_int_equal(cron_line("/usr/bin/acmeferry", &options, true,
	    &again, &err), 0);
	assert_string_equal(line, again);
	minute = strtol(line, NULL, 10);
	assert_true(minute >= 0 && minute < 60);
	rest = strchr(line, ' ');
	assert_string_equal(rest, " * * * * root test -x /usr/bin/acmeferry "
	    "&& /usr/bin/acmeferry -c '/etc/100\\% x.yml' renew -q");
	assert_true(cron_covers(line, strlen(line), &any));
	free(line);
	free(again);
	strs_free(&options);
	assert_int_equal(cron_line("/a", NULL, false, &line, &err), 0);
	assert_string_equal(strchr(line, ' '), " * * * * test -x /a && /a "
	    "renew -q");
	free(line);
}

static void
put(const char *root, const char *path, const char *text)
{
	char file[512], *slash;
	FILE *f;

	snprintf(file, sizeof(file), "%s%s", root, path);
	for (slash = file + strlen(root) + 1; (slash = strchr(slash, '/')) !=
	    NULL; slash++) {
		*slash = '\0';
		mkdir(file, 0755);
		*slash = '/';
	}
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
check_find(const char *root, const char *name, const char *want)
{
	struct strs domains = names(name, NULL);
	struct cron_cert cert = { "c1", &domains, false };
	struct error err;
	char *where, full[512];

	assert_int_equal(cron_find(root, &cert, &where, &err), 0);
	if (want == NULL)
		assert_null(where);
	else {
		snprintf(full, sizeof(full), "%s%s", root, want);
		assert_non_null(where);
		assert_string_equal(where, full);
	}
	free(where);
	strs_free(&domains);
}

#define LINE(name) "7 * * * * root acmeferry issue -q -d " name "\n"

static void
test_find(void **state)
{
	char root[] = "/tmp/acmeferry-cron.XXXXXX", rm[64];

	(void)state;
	assert_non_null(mkdtemp(root));
	check_find(root, "d.example", NULL);
	put(root, "/etc/cron.d/acmeferry", LINE("d.example"));
	put(root, "/etc/cron.d/acmeferry.dpkg-old", LINE("old.example"));
	put(root, "/etc/crontab", LINE("tab.example"));
	put(root, "/var/spool/cron/crontabs/u", LINE("u.example"));
	put(root, "/etc/systemd/system/timers.target.wants/ferry.timer", "");
	put(root, "/usr/lib/systemd/system/ferry.service",
	    "[Service]\nExecStart=acmeferry issue -q -d timer.example\n");
	put(root, "/usr/lib/systemd/system/off.service",
	    "[Service]\nExecStart=acmeferry issue -q -d off.example\n");
	check_find(root, "d.example", "/etc/cron.d/acmeferry");
	check_find(root, "old.example", NULL);
	check_find(root, "tab.example", "/etc/crontab");
	check_find(root, "u.example", "/var/spool/cron/crontabs/u");
	check_find(root, "timer.example",
	    "/usr/lib/systemd/system/ferry.service");
	check_find(root, "off.example", NULL);
	/* for all certificates: the unit that is installed */
	put(root, "/etc/systemd/system/timers.target.wants/acmeferry.timer",
	    "");
	put(root, "/usr/local/lib/systemd/system/acmeferry.service",
	    "[Service]\nExecStart=/usr/local/bin/acmeferry renew -q\n");
	check_find(root, "off.example",
	    "/usr/local/lib/systemd/system/acmeferry.service");
	snprintf(rm, sizeof(rm), "rm -rf %s", root);
	assert_int_equal(system(rm), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
