/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/digest.h"

static void
vectors(void **state)
{
	char sha[DIGEST_SHA256_HEX], md5[DIGEST_MD5_HEX];
	struct error err;

	(void)state;
	/* FIPS 180-4 and RFC 1321 */
	assert_int_equal(digest_sha256_hex("abc", 3, sha, &err), 0);
	assert_string_equal(sha, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(digest_sha256_hex("", 0, sha, &err), 0);
	assert_string_equal(sha, "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	assert_int_equal(digest_md5_hex("abc", 3, md5, &err), 0);
	assert_string_equal(md5, "900150983cd24fb0d6963f7d28e17f72");
	assert_int_equal(digest_md5_hex("", 0, md5, &err), 0);
	assert_string_equal(md5, "d41d8cd98f00b204e9800998ecf8427e");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
