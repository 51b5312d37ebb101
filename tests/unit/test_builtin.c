/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/io.h"
#include "base/limits.h"
#include "issue/builtin_conf.h"
#include "issue/cert_chain.h"
#include "issue/cert_key.h"
#include "issue/deploy.h"
#include "issue/pending.h"
#include "tmpdir.h"

enum { DAY = 86400 };
#define NOW	((int64_t)1800000000)

static const char *const types[] = { "ecdsa-p256", "ecdsa-p384",
	"ecdsa-p521", "rsa-2048", "rsa-3072", "rsa-4096" };

static struct strs
list(const char *a, const char *b, const char *c)
{
	struct strs l = {0};
	struct error err;

	if (strs_add(&l, a, &err) == -1 ||
	    (b != NULL && strs_add(&l, b, &err) == -1) ||
	    (c != NULL && strs_add(&l, c, &err) == -1))
		abort();
	return l;
}

/* ---- keys and requests -------------------------------------------------- */

static void
keys_and_requests(void **state)
{
	struct strs names = list("app.example.com", "*.example.com",
	    "xn--bcher-kva.example"), got = {0};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const unsigned char *p;
		struct secret key;
		struct buf der;
		X509_REQ *req;
		char *type;

		buf_init(&der, 65536);
		assert_int_equal(cert_key_new(types[i], &key, &err), 0);
		assert_int_equal(strncmp((char *)key.data,
		    "-----BEGIN PRIVATE KEY-----\n", 28), 0);
		assert_int_equal(cert_key_type(&key, &type, &err), 0);
		assert_string_equal(type, types[i]);
		assert_int_equal(cert_csr(&key, &names, &der, &err), 0);
		assert_int_equal(cert_csr_read(der.data, der.len, &got, &err),
		    0);
		assert_true(strs_equal(&got, &names));
		p = (const unsigned char *)der.data;
		assert_non_null(req = d2i_X509_REQ(NULL, &p, (long)der.len));
		/* a name of any length fits, as there is no common name */
		assert_int_equal(X509_NAME_entry_count(
		    X509_REQ_get_subject_name(req)), 0);
		assert_int_equal(X509_REQ_get_version(req), 0);
		X509_REQ_free(req);
		/* nothing of it may change unnoticed */
		for (size_t at = 0; at < der.len; at += 7) {
			struct strs other = {0};

			der.data[at] = (char)(der.data[at] ^ 1);
			if (cert_csr_read(der.data, der.len, &other, &err) ==
			    0)
				fail_msg("%s: byte %zu", types[i], at);
			der.data[at] = (char)(der.data[at] ^ 1);
			strs_free(&other);
		}
		for (size_t len = 0; len < der.len; len += 11) {
			struct strs other = {0};

			assert_int_equal(cert_csr_read(der.data, len, &other,
			    &err), -1);
			strs_free(&other);
		}
		strs_free(&got);
		buf_free(&der);
		secret_free(&key);
		free(type);
	}
	strs_free(&names);
}

static void
keys_of_no_use(void **state)
{
	struct secret key = { NULL, 0 };
	struct error err;
	char *type;

	(void)state;
	assert_int_equal(cert_key_new("dsa", &key, &err), -1);
	assert_int_equal(err.code, CODE_USAGE);
	assert_string_equal(err.msg, "key_type: unknown type 'dsa', want "
	    "ecdsa-p256, -p384, -p521 or rsa-2048, -3072, -4096");
	assert_int_equal(cert_key_read(FIXTURE("certs/names.pem"), &key, &err),
	    -1);
	assert_int_equal(err.code, CODE_STORE);
	assert_int_equal(cert_key_read(FIXTURE("certs/names.key"), &key, &err),
	    0);
	assert_int_equal(cert_key_type(&key, &type, &err), 0);
	assert_string_equal(type, "ecdsa-p256");
	free(type);
	secret_free(&key);
}

/* One that somebody else made, with what has no place in it. */
static void
make_csr(struct buf *der, const char *subject, const char *san)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	X509_NAME *name = X509_NAME_new();
	unsigned char *out = NULL;
	int len;

	if (san != NULL)
		sk_X509_EXTENSION_push(exts, X509V3_EXT_conf_nid(NULL, NULL,
		    NID_subject_alt_name, san));
	if (subject != NULL)
		X509_NAME_add_entry_by_txt(name, strchr(subject, ' ') == NULL ?
		    "CN" : "O", MBSTRING_UTF8,
		    (const unsigned char *)subject, -1, -1, 0);
	X509_REQ_set_subject_name(req, name);
	X509_REQ_set_pubkey(req, key);
	X509_REQ_add_extensions(req, exts);
	X509_REQ_sign(req, key, EVP_sha256());
	len = i2d_X509_REQ(req, &out);
	buf_init(der, 65536);
	buf_add(der, out, (size_t)len);
	OPENSSL_free(out);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_NAME_free(name);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}

static void
requests_of_others(void **state)
{
	static const struct {
		const char *subject, *san, *why;
	} rows[] = {
		{ NULL, "DNS:a.example.com,DNS:B.example.com", NULL },
		{ "a.example.com", "DNS:a.example.com", NULL },
		{ "b.example.com", "DNS:a.example.com", "certificate request: "
		    "its common name is none of its alternative names" },
		{ "Some Company", "DNS:a.example.com", "certificate request: "
		    "found a subject with more than a common name" },
		{ NULL, NULL, "certificate request: found no subject "
		    "alternative name, want one" },
		{ NULL, "DNS:a.example.com,IP:192.0.2.1", "certificate "
		    "request: found an alternative name that is no domain "
		    "name" },
		{ NULL, "DNS:a b", "certificate request: found a name with "
		    "characters that none has" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strs names = {0};
		struct buf der;
		int rc;

		make_csr(&der, rows[i].subject, rows[i].san);
		rc = cert_csr_read(der.data, der.len, &names, &err);
		assert_int_equal(rc, rows[i].why == NULL ? 0 : -1);
		if (rows[i].why != NULL)
			assert_string_equal(err.msg, rows[i].why);
		strs_free(&names);
		buf_free(&der);
	}
}

/* ---- chains ------------------------------------------------------------- */

static EVP_PKEY *ca_key;

static X509 *
certificate(const char *subject, const char *issuer, EVP_PKEY *key,
    const char *san, int64_t from, int64_t to, EVP_PKEY *signer)
{
	static long serial;
	X509 *x = X509_new();
	X509_NAME *a = X509_NAME_new(), *b = X509_NAME_new();
	X509_EXTENSION *ext;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_NAME_add_entry_by_txt(a, "CN", MBSTRING_UTF8,
	    (const unsigned char *)subject, -1, -1, 0);
	X509_NAME_add_entry_by_txt(b, "CN", MBSTRING_UTF8,
	    (const unsigned char *)issuer, -1, -1, 0);
	X509_set_subject_name(x, a);
	X509_set_issuer_name(x, b);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from);
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to);
	X509_set_pubkey(x, key);
	if (san != NULL) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
		    san);
		X509_add_ext(x, ext, -1);
		X509_EXTENSION_free(ext);
	}
	X509_sign(x, signer, EVP_sha256());
	X509_NAME_free(a);
	X509_NAME_free(b);
	return x;
}

static void
add_pem(struct buf *b, X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	PEM_write_bio_X509(bio, x);
	len = BIO_get_mem_data(bio, &text);
	buf_add(b, text, (size_t)len);
	BIO_free(bio);
	X509_free(x);
}

static EVP_PKEY *
read_key(const struct secret *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return key;
}

/* A chain to a root of that name. */
static struct cert_chain *
chain(const struct secret *pem, const char *root)
{
	EVP_PKEY *key = read_key(pem);
	struct cert_chain *c;
	struct error err;
	struct buf b;

	buf_init(&b, 65536);
	add_pem(&b, certificate("", "Middle", key, "DNS:a.example.com",
	    NOW - 3600, NOW + 90 * DAY, ca_key));
	add_pem(&b, certificate("Middle", root, ca_key, NULL, NOW - DAY,
	    NOW + 900 * (int64_t)DAY, ca_key));
	if (cert_chain_parse(b.data, b.len, "chain", &c, &err) == -1)
		fail_msg("%s", err.msg);
	buf_free(&b);
	EVP_PKEY_free(key);
	return c;
}

static void
chains(void **state)
{
	struct strs names = list("a.example.com", NULL, NULL),
	    others = list("a.example.com", "b.example.com", NULL);
	struct secret key, other;
	struct cert_chain *v[3];
	struct buf cert, rest;
	struct error err;
	struct cert leaf;
	bool yes, matched;

	(void)state;
	buf_init(&cert, 65536);
	buf_init(&rest, 65536);
	assert_int_equal(cert_key_new("ecdsa-p256", &key, &err), 0);
	assert_int_equal(cert_key_new("ecdsa-p256", &other, &err), 0);
	v[0] = chain(&key, "Root A");
	v[1] = chain(&key, "Root B");
	v[2] = chain(&key, "Root B");
	assert_string_equal(cert_chain_top(v[0]), "Root A");
	assert_int_equal(cert_chain_has_key(v[0], &key, &yes, &err), 0);
	assert_true(yes);
	assert_int_equal(cert_chain_has_key(v[0], &other, &yes, &err), 0);
	assert_false(yes);
	assert_int_equal(cert_chain_check(v[0], &key, &names, NOW, &err), 0);
	assert_int_equal(cert_chain_check(v[0], NULL, &names, NOW, &err), 0);
	assert_int_equal(cert_chain_check(v[0], &other, &names, NOW, &err),
	    -1);
	assert_int_equal(err.code, CODE_ISSUANCE);
	assert_string_equal(err.msg, "'chain': found a certificate for "
	    "another key than ours");
	assert_int_equal(cert_chain_check(v[0], &key, &others, NOW, &err), -1);
	assert_string_equal(err.msg, "'chain': found a certificate for "
	    "a.example.com, want one for the names that were ordered");
	/* by the CA's clock: over, not yet, a little early */
	assert_int_equal(cert_chain_check(v[0], &key, &names, NOW + 90 * DAY,
	    &err), -1);
	assert_int_equal(cert_chain_check(v[0], &key, &names, NOW - 2 * DAY,
	    &err), -1);
	assert_int_equal(cert_chain_check(v[0], &key, &names, NOW - 7200,
	    &err), 0);
	/* which of several */
	assert_int_equal(cert_chain_choose(v, 3, "", &matched), 0);
	assert_false(matched);
	assert_int_equal(cert_chain_choose(v, 3, "Root B", &matched), 1);
	assert_true(matched);
	assert_int_equal(cert_chain_choose(v, 3, "Root", &matched), 0);
	assert_false(matched);
	assert_int_equal(cert_chain_pem(v[0], &cert, &rest, &err), 0);
	assert_int_equal(strncmp(cert.data, "-----BEGIN CERT", 15), 0);
	assert_null(strstr(cert.data + 1, "-----BEGIN"));
	assert_null(strstr(rest.data + 1, "-----BEGIN"));
	assert_int_equal(cert_chain_leaf(v[0], &leaf, &err), 0);
	assert_int_equal(leaf.not_after, NOW + 90 * DAY);
	cert_free(&leaf);
	for (size_t i = 0; i < 3; i++)
		cert_chain_free(v[i]);
	cert_chain_free(NULL);
	secret_free(&key);
	secret_free(&other);
	buf_free(&cert);
	buf_free(&rest);
	strs_free(&names);
	strs_free(&others);
}

static void
broken_chains(void **state)
{
	struct strs names = list("a.example.com", NULL, NULL);
	EVP_PKEY *stranger = EVP_EC_gen("P-256");
	struct cert_chain *c;
	struct error err;
	struct buf b;

	(void)state;
	/* the next one's key did not sign, or its name is another */
	for (int i = 0; i < 2; i++) {
		buf_init(&b, 65536);
		add_pem(&b, certificate("", "Middle", stranger,
		    "DNS:a.example.com", NOW, NOW + DAY, i == 0 ? stranger :
		    ca_key));
		add_pem(&b, certificate(i == 0 ? "Middle" : "Centre", "Root",
		    ca_key, NULL, NOW, NOW + DAY, ca_key));
		assert_int_equal(cert_chain_parse(b.data, b.len, "x", &c,
		    &err), 0);
		assert_int_equal(cert_chain_check(c, NULL, &names, NOW, &err),
		    -1);
		assert_string_equal(err.msg, "'x': certificate 1 of the chain "
		    "is not signed by the next one");
		cert_chain_free(c);
		/* half of it, or other things in it, is no chain */
		for (size_t len = 0; len + 2 < b.len; len += 13)
			assert_int_equal(cert_chain_parse(b.data, len, "x", &c,
			    &err), -1);
		buf_adds(&b, "hello\n");
		assert_int_equal(cert_chain_parse(b.data, b.len, "x", &c,
		    &err), -1);
		assert_int_equal(err.code, CODE_ISSUANCE);
		buf_free(&b);
	}
	EVP_PKEY_free(stranger);
	strs_free(&names);
}

/* ---- renewal/NAME.conf -------------------------------------------------- */

static struct certbot_job
job(const struct strs *names)
{
	return (struct certbot_job){ .name = "app.example.com",
	    .domains = names, .server = "https://ca.example.com/dir",
	    .account = "0123456789abcdef0123456789abcdef",
	    .config_dir = "/etc/letsencrypt", .work_dir =
	    "/var/lib/letsencrypt", .logs_dir = "/var/log/letsencrypt",
	    .key_type = "ecdsa-p384", .preferred_chain = "Foo, Inc",
	    .deploy_hook = "test ! -x /a || '/a b' hook deploy" };
}

static void
new_conf(void **state)
{
	char live[] = "/etc/letsencrypt/live/app.example.com",
	    archive[] = "/etc/letsencrypt/archive/app.example.com";
	struct lineage_place place = { live, archive, NULL, 0, 1 };
	struct strs names = list("app.example.com", NULL, NULL);
	struct certbot_job j = job(&names);
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	assert_int_equal(builtin_conf_new(&j, &place, &b, &err), 0);
	assert_string_equal(b.data,
	    "# renew_before_expiry = 30 days\n"
	    "archive_dir = /etc/letsencrypt/archive/app.example.com\n"
	    "cert = /etc/letsencrypt/live/app.example.com/cert.pem\n"
	    "privkey = /etc/letsencrypt/live/app.example.com/privkey.pem\n"
	    "chain = /etc/letsencrypt/live/app.example.com/chain.pem\n"
	    "fullchain = /etc/letsencrypt/live/app.example.com/fullchain.pem\n"
	    "\n"
	    "# Options used in the renewal process\n"
	    "[renewalparams]\n"
	    "account = 0123456789abcdef0123456789abcdef\n"
	    "server = https://ca.example.com/dir\n"
	    "authenticator = standalone\n"
	    "http01_address = acmeferry..invalid\n"
	    "autorenew = False\n"
	    "key_type = ecdsa\n"
	    "elliptic_curve = secp384r1\n"
	    "preferred_chain = \"Foo, Inc\"\n"
	    "renew_hook = \"test ! -x /a || '/a b' hook deploy\"\n");
	buf_reset(&b);
	j.preferred_chain = "both \" and '";
	assert_int_equal(builtin_conf_new(&j, &place, &b, &err), -1);
	buf_free(&b);
	strs_free(&names);
}

static void
changed_conf(void **state)
{
	static const char old[] =
	    "# mine\nversion = 0.40.0\nrenew_before_expiry = 20 days\n"
	    "\n[renewalparams]\n"
	    "account = 0123456789abcdef0123456789abcdef # mine\n"
	    "server = https://ca.example.com/dir\n"
	    "authenticator = webroot\nreuse_key = True\n"
	    "key_type = rsa\n[[webroot_map]]\napp.example.com = /var/www\n";
	struct strs names = list("app.example.com", NULL, NULL);
	struct certbot_job j = job(&names);
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	j.key_type = j.preferred_chain = j.deploy_hook = NULL;
	/* nothing to say: not a byte changes */
	assert_int_equal(builtin_conf_change(old, strlen(old), &j, &b, &err),
	    0);
	assert_string_equal(b.data, old);
	buf_reset(&b);
	j.key_type = "rsa-4096";
	j.fresh_key = true;
	j.new_names = true;
	j.account = "fedcba9876543210fedcba9876543210";
	assert_int_equal(builtin_conf_change(old, strlen(old), &j, &b, &err),
	    0);
	assert_string_equal(b.data,
	    "# mine\nversion = 0.40.0\nrenew_before_expiry = 20 days\n"
	    "\n[renewalparams]\n"
	    "account = fedcba9876543210fedcba9876543210 # mine\n"
	    "server = https://ca.example.com/dir\n"
	    "authenticator = standalone\nreuse_key = False\n"
	    "key_type = rsa\nhttp01_address = acmeferry..invalid\n"
	    "autorenew = False\nrsa_key_size = 4096\n"
	    "[[webroot_map]]\napp.example.com = /var/www\n");
	buf_free(&b);
	strs_free(&names);
}

/* Never a conf that lacks what did not fit. */
static void
long_conf(void **state)
{
	struct strs names = list("app.example.com", NULL, NULL);
	struct certbot_job j = job(&names);
	struct error err;
	struct buf old, b;

	(void)state;
	buf_init(&old, LIMIT_CONF_FILE + 1);
	buf_adds(&old, "[renewalparams]\naccount = x\n# ");
	buf_addf(&old, "%0*d", (int)(LIMIT_CONF_FILE - old.len), 0);
	buf_init(&b, 2 * LIMIT_CONF_FILE);
	j.key_type = j.preferred_chain = j.deploy_hook = NULL;
	j.account = j.server = NULL;
	assert_int_equal(builtin_conf_change(old.data, old.len, &j, &b,
	    &err), 0);
	assert_int_equal(b.len, LIMIT_CONF_FILE);
	buf_addc(&old, 'x');
	assert_int_equal(builtin_conf_change(old.data, old.len, &j, &b,
	    &err), -1);
	buf_free(&b);
	buf_free(&old);
	strs_free(&names);
}

/* ---- what is remembered ------------------------------------------------- */

static void
remembers(void **state)
{
	struct pending p = { 0 }, q;
	struct error err;
	struct stat st;
	bool found;

	(void)state;
	p.names = list("a.example.com", "b.example.com", NULL);
	assert_int_equal(str_dup(&p.server, "https://ca/dir", &err), 0);
	assert_int_equal(str_dup(&p.account, "0123", &err), 0);
	assert_int_equal(str_dup(&p.kid, "https://ca/acct/1", &err), 0);
	assert_int_equal(str_dup(&p.profile, "", &err), 0);
	assert_int_equal(str_dup(&p.order, "https://ca/order/1", &err), 0);
	p.since = NOW;
	assert_int_equal(secret_dup(&p.key, "KEY", 3, &err), 0);
	assert_false(pending_exists(tmp_dir, "x"));
	assert_int_equal(pending_load(tmp_dir, "x", &q, &found, &err), 0);
	assert_false(found);
	assert_int_equal(pending_save(tmp_dir, "x", &p, true, &err), 0);
	assert_true(pending_exists(tmp_dir, "x"));
	assert_int_equal(stat(tmp_path("pending/x"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(tmp_path("pending/x/privkey.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(pending_load(tmp_dir, "x", &q, &found, &err), 0);
	assert_true(found);
	assert_string_equal(q.kid, p.kid);
	assert_string_equal(q.order, p.order);
	assert_string_equal(q.server, p.server);
	assert_string_equal(q.account, p.account);
	assert_string_equal(q.profile, "");
	assert_true(strs_equal(&q.names, &p.names));
	assert_int_equal(q.since, NOW);
	assert_memory_equal(q.key.data, "KEY", 3);
	pending_free(&q);
	/* another order, the same key */
	free(p.order);
	assert_int_equal(str_dup(&p.order, "https://ca/order/2", &err), 0);
	assert_int_equal(pending_save(tmp_dir, "x", &p, false, &err), 0);
	assert_int_equal(pending_load(tmp_dir, "x", &q, &found, &err), 0);
	assert_string_equal(q.order, "https://ca/order/2");
	pending_free(&q);
	/* no order, or nonsense: there is none */
	tmp_put("pending/x/order.json", "{\"version\": 1}\n", 0600);
	assert_int_equal(pending_load(tmp_dir, "x", &q, &found, &err), 0);
	assert_false(found);
	tmp_put("pending/x/order.json", "{\"version\": 2}\n", 0600);
	assert_int_equal(pending_load(tmp_dir, "x", &q, &found, &err), 0);
	assert_false(found);
	/* not ours to read */
	tmp_put("pending/x/order.json", "{}\n", 0644);
	assert_int_equal(pending_load(tmp_dir, "x", &q, &found, &err), 0);
	assert_false(found);
	assert_int_equal(unlink(tmp_path("pending/x/order.json")), 0);
	assert_int_equal(pending_load(tmp_dir, "x", &q, &found, &err), 0);
	assert_false(found);
	assert_int_equal(pending_drop(tmp_dir, "x", &err), 0);
	assert_false(pending_exists(tmp_dir, "x"));
	assert_int_equal(pending_drop(tmp_dir, "x", &err), 0);
	assert_int_equal(pending_save(tmp_dir, "../x", &p, true, &err), -1);
	pending_free(&p);
}

static int
setup(void **state)
{
	ca_key = EVP_EC_gen("P-256");
	return tmp_setup(state);
}

static int
teardown(void **state)
{
	EVP_PKEY_free(ca_key);
	return tmp_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_requests),
		cmocka_unit_test(keys_of_no_use),
		cmocka_unit_test(requests_of_others),
		cmocka_unit_test(chains),
		cmocka_unit_test(broken_chains),
		cmocka_unit_test(new_conf),
		cmocka_unit_test(changed_conf),
		cmocka_unit_test(long_conf),
		cmocka_unit_test(remembers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
