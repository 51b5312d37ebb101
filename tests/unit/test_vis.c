/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/utf8.h"
#include "base/vis.h"

static void
foreign_text(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "a\nb\tc\rd\033[31m\177", "a?b?c?d?[31m?" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xc2\x85x\xc2\x9b", "?x?" },		/* C1 */
		{ "a\xe2\x80\xae" "b", "a?b" },		/* RLO */
		{ "a\xe2\x81\xa6" "b", "a?b" },		/* LRI */
		{ "a\xe2\x80\xa8" "b", "a?b" },		/* line separator */
		{ "\xef\xbb\xbfx", "?x" },		/* BOM */
		{ "\xc0\xaf", "??" },			/* overlong */
		{ "\xed\xa0\x80", "???" },		/* surrogate */
		{ "\xf4\x90\x80\x80", "????" },		/* above the end */
		{ "\xe2\x82", "??" },			/* cut off */
		{ "\x80\xff\xfe", "???" },
		{ "\xe2\x82zz", "??zz" },
	};
	char dst[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_ptr_equal(vis_copy(dst, sizeof(dst), rows[i].in,
		    strlen(rows[i].in)), dst);
		assert_string_equal(dst, rows[i].out);
		assert_string_equal(vis(rows[i].in), rows[i].out);
	}
	assert_string_equal(vis_n("a\0b", 3), "a?b");
	assert_string_equal(vis(NULL), "(null)");
}

static void
cut_off(void **state)
{
	char dst[16], text[2000];

	(void)state;
	assert_string_equal(vis_copy(dst, 4, "abc", 3), "abc");
	assert_string_equal(vis_copy(dst, 4, "abcd", 4), "...");
	assert_string_equal(vis_copy(dst, 8, "abcdefgh", 8), "abcd...");
	assert_string_equal(vis_copy(dst, 8, "abcdefg", 7), "abcdefg");
	/* no half character in front of the dots */
	assert_string_equal(vis_copy(dst, 8, "abc\xe2\x82\xac\xe2\x82\xac", 9),
	    "abc...");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(vis(text)), 511);
	assert_string_equal(vis(text) + 508, "...");
}

static void
slots_take_turns(void **state)
{
	const char *p[16];
	char text[8];

	(void)state;
	for (int i = 0; i < 16; i++) {
		text[0] = (char)('a' + i);
		text[1] = '\0';
		p[i] = vis(text);
	}
	for (int i = 0; i < 16; i++)
		assert_int_equal(p[i][0], 'a' + i);
}

static void
utf8_both_ways(void **state)
{
	uint32_t back;
	char s[4];
	size_t n;

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 37) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		n = utf8_encode(c, s);
		assert_int_equal(utf8_decode(s, n, &back), n);
		assert_int_equal(back, c);
		assert_int_equal(utf8_decode(s, n - 1, &back), 0);
		assert_int_equal(utf8_cut(s, n), n);
		for (size_t k = 1; k < n; k++)
			assert_int_equal(utf8_cut(s, k), 0);
	}
	assert_int_equal(utf8_valid_len("ab\xff" "c", 4), 2);
	assert_int_equal(utf8_valid_len("abcd", 4), 4);
	assert_int_equal(utf8_cut("", 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_text),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(slots_take_turns),
		cmocka_unit_test(utf8_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
