/* SPDX-License-Identifier: ISC */
/* The command line, taken apart; every way to get it wrong, with its words. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/options.h"
#include "config/schema.h"

static const struct cli_option pull_opts[] = {
	CLI_OPTION_DOMAIN,
	{ "all", 'a', NULL, false, "every account" },
	{ "prefer", 0, "SIDE", false, "which side wins" },
	{ .name = NULL }
};
static const struct cli_option none[] = { { .name = NULL } };
static const char *const examples[] = { "acmeferry pull surrogate", NULL };

static const struct command table[] = {
	{ "pull", GROUP_MOVE, "PEER", "copy accounts from a peer",
	    "More about it.", pull_opts, examples, 1, 1, CMD_PEER_OPTIONS,
	    NULL },
	{ "list", GROUP_ASK, "", "the accounts", NULL, none, NULL, 0, 0, 0,
	    NULL },
	{ "issue", GROUP_ISSUE, "NAME...", "names", NULL, none, NULL, 0, -1,
	    0, NULL },
	{ "serve", GROUP_FAR, "", "far end", NULL, none, NULL, 0, 0,
	    CMD_NO_JSON, NULL },
	{ .name = NULL }
};

/* A command line in one string, split at blanks; "_" stands for "". */
struct line {
	char text[512];
	char *argv[64];
	int argc;
};

static int
parse(struct line *l, const char *text, struct cli_parsed *p,
    struct error *err)
{
	char *s = l->text;

	(void)snprintf(l->text, sizeof(l->text), "acmeferry %s", text);
	for (l->argc = 0; s != NULL && *s != '\0';) {
		l->argv[l->argc++] = s;
		if ((s = strchr(s, ' ')) != NULL)
			*s++ = '\0';
	}
	for (int i = 0; i < l->argc; i++)
		if (strcmp(l->argv[i], "_") == 0)
			l->argv[i][0] = '\0';
	l->argv[l->argc] = NULL;
	return cli_parse(table, l->argc, l->argv, p, err);
}

static const struct {
	const char *line;
	bool json;
	const char *want;
} wrong[] = {
	{ "foo", false, "'foo': unknown command; see 'acmeferry --help'" },
	{ "lst", false, "'lst': unknown command, did you mean 'list'; see "
	    "'acmeferry --help'" },
	{ "help", false, "'help': unknown command, did you mean '--help'; "
	    "see 'acmeferry --help'" },
	{ "pul --json", true, "'pul': unknown command, did you mean 'pull'; "
	    "see 'acmeferry --help'" },
	{ "--bogus list --json", true, "'--bogus': unknown option; see "
	    "'acmeferry --help'" },
	{ "--bogus list -- --json", false, "'--bogus': unknown option; see "
	    "'acmeferry --help'" },
	{ "--jso list", false, "'--jso': unknown option, did you mean "
	    "'--json'; see 'acmeferry --help'" },
	{ "list --dry", false, "'--dry': unknown option, did you mean "
	    "'--dry-run'; see 'acmeferry list --help'" },
	{ "pull --domian x", false, "'--domian': unknown option, did you "
	    "mean '--domain'; see 'acmeferry pull --help'" },
	{ "pull --identity_file x", false, "'--identity_file': unknown "
	    "option, did you mean '--identity-file'; see 'acmeferry pull "
	    "--help'" },
	{ "list --identity-file x", false, "'--identity-file': unknown "
	    "option; see 'acmeferry list --help'" },
	{ "-n list", false, "'-n': certbot's is --non-interactive, elsewhere "
	    "it is often a dry run; write --dry-run or --non-interactive; see "
	    "'acmeferry --help'" },
	{ "list -qn --json", true, "'-n': certbot's is --non-interactive, "
	    "elsewhere it is often a dry run; write --dry-run or "
	    "--non-interactive; see 'acmeferry list --help'" },
	{ "list -x", false, "'-x': unknown option; see 'acmeferry list "
	    "--help'" },
	{ "-d a pull", false, "'-d': belongs behind its command, as in "
	    "'acmeferry pull -d'; see 'acmeferry --help'" },
	{ "--all pull", false, "'--all': belongs behind its command, as in "
	    "'acmeferry pull --all'; see 'acmeferry --help'" },
	{ "--deadline 5m pull", false, "'--deadline': belongs behind its "
	    "command, as in 'acmeferry pull --deadline'; see 'acmeferry "
	    "--help'" },
	{ "list --json=yes", false, "'--json': takes no value, found 'yes'; "
	    "see 'acmeferry list --help'" },
	{ "list --config", false, "'--config': needs a value (FILE); see "
	    "'acmeferry list --help'" },
	{ "list -c", false, "'--config': needs a value (FILE); see "
	    "'acmeferry list --help'" },
	{ "list --=x", false, "'--': unknown option; see 'acmeferry list "
	    "--help'" },
	{ "pull", false, "'pull': too few arguments, want PEER; see "
	    "'acmeferry pull --help'" },
	{ "pull a b", false, "'b': one argument too many, want PEER for "
	    "'pull'; see 'acmeferry pull --help'" },
	{ "list x", false, "'x': one argument too many for 'list'; see "
	    "'acmeferry list --help'" },
	{ "serve --json", true, "'--json': not for 'serve', whose standard "
	    "output is a protocol's; see 'acmeferry serve --help'" },
	{ "list -\x1b", false, "'-?': unknown option; see 'acmeferry list "
	    "--help'" },
	{ "_", false, "'': unknown command; see 'acmeferry --help'" },
};

static void
test_wrong(void **state)
{
	struct cli_parsed p;
	struct error err;
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(&l, wrong[i].line, &p, &err) == 0)
			fail_msg("accepted: %s", wrong[i].line);
		assert_string_equal(err.msg, wrong[i].want);
		assert_int_equal(err.code, CODE_USAGE);
		assert_int_equal(p.json, wrong[i].json);
		cli_parsed_free(&p);
	}
}

static void
test_forms(void **state)
{
	struct strs names = { 0 };
	struct cli_parsed p;
	struct error err;
	struct line l;

	(void)state;
	assert_int_equal(parse(&l, "-qv --config=a -c b pull -vda,b.example "
	    "-d c.example --domain D.example --prefer source --json -a "
	    "--prefer=dest --ssh-options A=1 --ssh-options=B=2 -- -peer", &p,
	    &err), 0);
	assert_string_equal(p.command->name, "pull");
	assert_true(p.json);
	assert_false(p.help);
	assert_string_equal(args_value(&p.global, "config"), "b");
	assert_true(args_has(&p.global, "quiet"));
	assert_true(args_has(&p.args, "all"));
	assert_string_equal(args_value(&p.args, "prefer"), "dest");
	assert_null(args_value(&p.args, "config"));
	assert_int_equal(p.args.words.n, 1);
	assert_string_equal(p.args.words.v[0], "-peer");
	assert_int_equal(args_values(&p.args, "ssh-options", false, &names,
	    &err), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[1], "B=2");
	strs_free(&names);
	assert_int_equal(args_domains(&p.args, &names, &err), 0);
	assert_int_equal(names.n, 4);
	assert_string_equal(names.v[0], "a");
	assert_string_equal(names.v[3], "d.example");
	strs_free(&names);
	cli_parsed_free(&p);

	/* a value may look like an option; "-" is a word */
	assert_int_equal(parse(&l, "issue -c --json -", &p, &err), 0);
	assert_string_equal(args_value(&p.global, "config"), "--json");
	assert_false(p.json);
	assert_string_equal(p.args.words.v[0], "-");
	cli_parsed_free(&p);
	assert_int_equal(parse(&l, "", &p, &err), 0);
	assert_null(p.command);
	cli_parsed_free(&p);
}

static void
test_domains(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "pull p -d a..b", "'-d a..b': found 'a..b', want a domain "
		    "name" },
		{ "pull p -d ,", "'-d': found no name" },
		{ "pull p -d _", "'-d': found no name" },
	};
	struct strs names = { 0 };
	struct cli_parsed p;
	struct error err;
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(&l, rows[i].line, &p, &err), 0);
		assert_int_equal(args_domains(&p.args, &names, &err), -1);
		assert_string_equal(err.msg, rows[i].want);
		cli_parsed_free(&p);
	}
	assert_int_equal(parse(&l, "pull p -d a.b,,A.B. -d a.b", &p, &err),
	    0);
	assert_int_equal(args_domains(&p.args, &names, &err), 0);
	assert_int_equal(names.n, 1);
	strs_free(&names);
	cli_parsed_free(&p);
}

static void
test_help_flag(void **state)
{
	struct cli_parsed p;
	struct error err;
	struct line l;

	(void)state;
	/* what stands behind it is not judged */
	assert_int_equal(parse(&l, "pull -h --bogus", &p, &err), 0);
	assert_true(p.help);
	assert_string_equal(p.command->name, "pull");
	cli_parsed_free(&p);
	assert_int_equal(parse(&l, "--help list x y", &p, &err), 0);
	assert_string_equal(p.command->name, "list");
	cli_parsed_free(&p);
	assert_int_equal(parse(&l, "-qhx", &p, &err), 0);
	assert_true(p.help);
	assert_null(p.command);
	cli_parsed_free(&p);
	assert_int_equal(parse(&l, "--version pull", &p, &err), 0);
	assert_true(p.version);
	cli_parsed_free(&p);
	assert_int_equal(parse(&l, "--bogus --help", &p, &err), -1);
	cli_parsed_free(&p);
}

/* The options of an ad-hoc PEER are the settings of a peer, all of them. */
static void
test_peer_options(void **state)
{
	const struct schema_key *k;
	size_t n = 0, keys = 0;

	(void)state;
	for (; peer_options[n].name != NULL; n++) {
		assert_non_null(k = schema_peer_key(peer_options[n].name));
		assert_int_equal(peer_options[n].multiple,
		    k->type == VALUE_LIST);
		assert_null(strchr(peer_options[n].name, '_'));
	}
	for (size_t i = 0; i < schema_size; i++)
		if (schema[i].scope == SCOPE_PEER)
			keys++;
	assert_int_equal(n, keys - 2);	/* url and direction */
}

/* The table of the program: options that help can show, no letter or name
 * of the global ones twice. */
static void
test_commands(void **state)
{
	const struct cli_option *o;
	const struct command *c;

	(void)state;
	for (c = commands; c->name != NULL; c++) {
		assert_non_null(c->run);
		assert_non_null(c->options);
		assert_true(strlen(c->name) < 12);
		assert_true(strlen(c->summary) <= 60);
		assert_true(c->max_words == -1 ||
		    c->max_words >= c->min_words);
		for (o = c->options; o->name != NULL; o++) {
			assert_non_null(o->help);
			assert_int_not_equal(o->letter, 'n');
			assert_null(strchr(o->name, '_'));
			if (str_ends(o->help, "."))
				fail_msg("%s --%s: full stop", c->name,
				    o->name);
		}
	}
}

static const char *
shown(void (*fn)(struct out *))
{
	static char text[65536];
	struct error err;
	struct out o;
	ssize_t n;
	int fd = memfd_create("help", 0);

	out_begin(&o, fd);
	fn(&o);
	assert_int_equal(out_end(&o, &err), 0);
	n = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void
pull_help(struct out *o)
{
	help_command(o, &table[0]);
}

static void
list_help(struct out *o)
{
	help_command(o, &table[1]);
}

static void
short_help(struct out *o)
{
	help_all(o, table, false);
}

static void
every_help(struct out *o)
{
	help_all(o, commands, true);
	for (const struct command *c = commands; c->name != NULL; c++)
		help_command(o, c);
}

static void
test_help(void **state)
{
	const char *text, *end;

	(void)state;
	text = shown(pull_help);
	assert_true(str_starts(text, "usage: acmeferry pull [options] PEER\n\n"
	    "copy accounts from a peer\n\nMore about it.\n\noptions\n"
	    "  -d, --domain NAME       a domain name; repeatable or "
	    "comma-separated, as\n"
	    "                          certbot's; several make one "
	    "certificate\n"
	    "  -a, --all               every account\n"
	    "      --prefer SIDE       which side wins\n\n"
	    "settings of the peer, for this run\n"));
	assert_non_null(strstr(text, "      --known-hosts-file FILE\n"
	    "                          ssh, sftp: where the far end's "
	    "host key is\n"));
	assert_non_null(strstr(text, "\nexamples\n"
	    "  acmeferry pull surrogate\n"));
	assert_string_equal(shown(list_help), "usage: acmeferry list\n\n"
	    "the accounts\n\n'acmeferry --help' shows the options that every "
	    "command takes\n");
	assert_non_null(strstr(shown(short_help), "\nask\n"
	    "  list        the accounts\n\nmove\n"
	    "  pull        copy accounts from a peer\n"));
	/* nothing but an example is wider than a terminal */
	for (text = shown(every_help); *text != '\0'; text = end + 1) {
		assert_non_null(end = strchr(text, '\n'));
		if (end - text > 80 && !str_starts(text, "  acmeferry "))
			fail_msg("too wide: %.*s", (int)(end - text), text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_help_flag),
		cmocka_unit_test(test_peer_options),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
