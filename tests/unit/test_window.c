/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "config/config.h"
#include "issue/window.h"

#define H	3600
#define D	(24 * H)
#define LE	"https://acme-v02.api.letsencrypt.org/directory"
#define OTHER	"https://ca.example.com/dir"

static const struct {
	const char *server;
	int64_t reuse_cutoff, order, authz, want;
} rows[] = {
	/* auto: only Let's Encrypt has one */
	{ LE, CUTOFF_AUTO, 7 * D, 30 * D, 21 * H },
	{ "https://ACME-V02.api.LetsEncrypt.org:443/x", CUTOFF_AUTO, 7 * D, 0,
	    21 * H },
	{ OTHER, CUTOFF_AUTO, 7 * D, 30 * D, 0 },
	{ "https://letsencrypt.org.example.com/", CUTOFF_AUTO, 7 * D, 0, 0 },
	{ "https://notletsencrypt.org/", CUTOFF_AUTO, 7 * D, 0, 0 },
	{ "https://example.com/.letsencrypt.org", CUTOFF_AUTO, 7 * D, 0, 0 },
	/* boulder: an eighth, at least 1 h, at most 24 h */
	{ OTHER, CUTOFF_BOULDER, 7 * D, 30 * D, 21 * H },
	{ OTHER, CUTOFF_BOULDER, 8 * H, 7 * H, H },
	{ OTHER, CUTOFF_BOULDER, H, 7 * H, H },
	{ OTHER, CUTOFF_BOULDER, 16 * H, 7 * H, 2 * H },
	{ OTHER, CUTOFF_BOULDER, 8 * D, 30 * D, 24 * H },
	{ OTHER, CUTOFF_BOULDER, 90 * D, 30 * D, 24 * H },
	/* the CA went from 7 d and 30 d to 8 h and 7 h */
	{ LE, CUTOFF_AUTO, 7 * D, 7 * H, H },
	{ LE, CUTOFF_AUTO, 7 * D, 22 * H, 21 * H },
	/* no order seen yet */
	{ OTHER, CUTOFF_BOULDER, 0, 0, 24 * H },
	{ OTHER, CUTOFF_BOULDER, 0, 30 * D, 24 * H },
	{ OTHER, CUTOFF_BOULDER, 0, 24 * H, H },
	{ OTHER, CUTOFF_BOULDER, 0, 24 * H + 1, 24 * H },
	{ OTHER, CUTOFF_BOULDER, 0, 7 * H, H },
	/* a duration */
	{ LE, 0, 7 * D, 30 * D, 0 },
	{ OTHER, 2 * D, 7 * D, 30 * D, 2 * D },
};

static void
cutoffs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct window_facts f = { rows[i].server,
			rows[i].reuse_cutoff, rows[i].order, rows[i].authz };

		if (window_cutoff(&f) != rows[i].want)
			fail_msg("row %zu: found %lld, want %lld", i,
			    (long long)window_cutoff(&f),
			    (long long)rows[i].want);
		assert_int_equal(window_usable_until(&f, 100 * D),
		    100 * D - rows[i].want);
		assert_int_equal(window_usable_until(&f, 0), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cutoffs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
