/* SPDX-License-Identifier: ISC */
/* What a peer tells of authorizations: what is kept of it, and what is told on
 * by hints. */
#include "unit.h"

#include "fixture.h"
#include "storetest.h"

#include "acme/memory.h"
#include "sync/merge.h"

#define SERVER	"https://" LE2
#define DAY	((int64_t)24 * 3600)
#define NAME	"app.example.com"
#define URL	"https://acme-v02.api.letsencrypt.org/acme/authz/1/"

static struct box b;
static struct config *config;
static char uri[256];

static int
setup(void **state)
{
	struct accounts l = { 0 };
	struct error err;
	char path[160];

	(void)state;
	box_new(&b);
	(void)box_account(&b, LE2, "rsa2048", NULL);
	OK(store_accounts(b.s, NULL, 0, &l, &err));
	(void)snprintf(uri, sizeof(uri), "%s", l.v[0]->uri);
	accounts_free(&l);
	(void)snprintf(path, sizeof(path), "%s/config.yml", b.dir);
	box_text(path, "certificates:\n"
	    "  app: {domains: [" NAME ", b.example.com]}\n"
	    "  short: {domains: [s.example.com], profile: shortlived}\n");
	assert_int_equal(chmod(path, 0600), 0);
	OK(config_load(path, true, false, &config, &err));
	free(config->state_dir);
	config->state_dir = strdup(b.state);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(config);
	box_end(&b);
	return 0;
}

static void
tell(struct hints *l, const char *server, const char *account,
    const char *domain, const char *name, const char *url, int64_t expires)
{
	struct hint *h = hints_add(l);
	struct error err;

	assert_non_null(h);
	OK(str_dup(&h->server, server, &err));
	OK(str_dup(&h->uri, account, &err));
	OK(str_dup(&h->name, "x", &err));
	OK(strs_add(&h->domains, domain, &err));
	OK(hint_add_authz(h, name, url, expires, &err));
}

static void
remember(struct hints *l)
{
	struct strs servers = { 0 };
	struct error err;

	OK(strs_add(&servers, SERVER, &err));
	OK(sync_remember(b.s, config, l, &servers, &err));
	strs_free(&servers);
	hints_free(l);
}

/* How many are known, of that name and profile; all must be hearsay. */
static size_t
known(const char *name, const char *profile)
{
	const struct memory_authz *z;
	struct memory *m;
	struct error err;
	size_t n = 0;

	OK(memory_open(b.state, &m, &err));
	for (; (z = memory_authz(m, uri, name, profile, n)) != NULL; n++)
		assert_int_equal(z->checked, 0);
	memory_free(m);
	return n;
}

static void
keeps_what_is_of_use(void **state)
{
	int64_t soon = clock_now() + DAY;
	struct hints l = { 0 };

	(void)state;
	tell(&l, SERVER, uri, NAME, NAME, URL "1", soon);
	tell(&l, SERVER, uri, "s.example.com", "s.example.com", URL "2",
	    soon);
	remember(&l);
	assert_int_equal(known(NAME, ""), 1);
	/* what it will be ordered with */
	assert_int_equal(known("s.example.com", ""), 0);
	assert_int_equal(known("s.example.com", "shortlived"), 1);
	/* twice is once */
	tell(&l, SERVER, uri, NAME, NAME, URL "1", soon);
	remember(&l);
	assert_int_equal(known(NAME, ""), 1);
}

static void
drops_the_rest(void **state)
{
	int64_t now = clock_now(), soon = now + DAY;
	char longer[LIMIT_URL + 8], *p = longer;
	const struct {
		const char *server, *account, *domain, *name, *url;
		int64_t expires;
	} t[] = {
		/* a server that nobody asked for */
		{ "https://" SRV, uri, NAME, NAME, URL "1", soon },
		/* an account that is not here */
		{ SERVER, "https://acme-v02.api.letsencrypt.org/acme/acct/0",
		    NAME, NAME, URL "1", soon },
		{ SERVER, "", NAME, NAME, URL "1", soon },
		/* a name that nobody has a use for, or is not its lineage's */
		{ SERVER, uri, "x.example.com", "x.example.com", URL "1",
		    soon },
		{ SERVER, uri, "b.example.com", NAME, URL "1", soon },
		/* times that cannot be */
		{ SERVER, uri, NAME, NAME, URL "1", 0 },
		{ SERVER, uri, NAME, NAME, URL "1", now - 1 },
		{ SERVER, uri, NAME, NAME, URL "1", now + 500 * DAY },
		{ SERVER, uri, NAME, NAME, URL "1", INT64_MAX },
		{ SERVER, uri, NAME, NAME, longer, soon },
	};
	struct hints l = { 0 };

	(void)state;
	memset(p, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		tell(&l, t[i].server, t[i].account, t[i].domain, t[i].name,
		    t[i].url, t[i].expires);
	remember(&l);
	assert_int_equal(known(NAME, "") + known("x.example.com", ""), 0);
}

/* Nobody fills the memory with what he likes. */
static void
is_bounded(void **state)
{
	struct hints l = { 0 };
	char url[128];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			(void)snprintf(url, sizeof(url), URL "%d",
			    round * 1000 + i);
			tell(&l, SERVER, uri, NAME, NAME, url,
			    clock_now() + DAY);
		}
		remember(&l);
	}
	assert_int_equal(known(NAME, ""), 8);
}

/* Another store's state is not ours to write. */
static void
leaves_directories_alone(void **state)
{
	struct hints l = { 0 };

	(void)state;
	free(config->state_dir);
	config->state_dir = strdup("/nonexistent");
	tell(&l, SERVER, uri, NAME, NAME, URL "1", clock_now() + DAY);
	remember(&l);
	assert_int_equal(known(NAME, ""), 0);
}

/* ---- and what is told on ------------------------------------------------ */

static void
put(struct memory *m, const char *url, enum authz_status status,
    int64_t expires, int64_t checked)
{
	char account[sizeof(uri)], name[] = NAME, none[] = "", text[128];
	struct memory_authz z = { .account = account, .profile = none,
		.name = name, .url = text, .status = status,
		.expires = expires, .checked = checked };
	struct error err;

	memcpy(account, uri, sizeof(uri));
	(void)snprintf(text, sizeof(text), "%s", url);
	OK(memory_set_authz(m, &z, &err));
}

static void
tells_what_it_knows(void **state)
{
	int64_t now = clock_now();
	struct accounts l = { 0 };
	struct hints h = { 0 };
	struct error err;
	struct memory *m;
	char conf[512];
	char *pem;
	size_t len;

	(void)state;
	OK(store_accounts(b.s, NULL, 0, &l, &err));
	pem = slurp(FIXTURE("certs/names.pem"), &len);
	box_mkdir(box_path(&b, "live/x"));
	box_write(box_path(&b, "live/x/cert.pem"), pem, len, 0644);
	drop(pem, len);
	(void)snprintf(conf, sizeof(conf), "cert = %s\n[renewalparams]\n"
	    "account = %s\nserver = " SERVER "\n",
	    box_path(&b, "live/x/cert.pem"), l.v[0]->dirname);
	box_text(box_path(&b, "renewal/x.conf"), conf);
	OK(hints_of_store(b.s, &l, &h, &err));
	assert_int_equal(h.n, 1);
	assert_false(hints_have_authz(&h));
	assert_true(strs_has(&h.v[0].domains, NAME));
	hints_free(&h);

	OK(memory_open(b.state, &m, &err));
	put(m, URL "old", AUTHZ_VALID, now - 1, now);
	put(m, URL "hearsay", AUTHZ_VALID, now + 9 * DAY, 0);
	put(m, URL "pending", AUTHZ_PENDING, now + 9 * DAY, now);
	put(m, URL "short", AUTHZ_VALID, now + DAY, now);
	put(m, URL "long", AUTHZ_VALID, now + 2 * DAY, now);
	put(m, URL "mid", AUTHZ_VALID, now + DAY + 1, now);
	OK(memory_save(m, &err));
	memory_free(m);
	OK(hints_of_store(b.s, &l, &h, &err));
	assert_true(hints_have_authz(&h));
	assert_int_equal(h.v[0].nauthz, 1);
	assert_string_equal(h.v[0].authz[0].url, URL "long");
	assert_int_equal(h.v[0].authz[0].expires, now + 2 * DAY);
	hints_free(&h);
	accounts_free(&l);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(keeps_what_is_of_use),
		T(drops_the_rest),
		T(is_bounded),
		T(leaves_directories_alone),
		T(tells_what_it_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
