/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "tmpdir.h"

#include "base/limits.h"
#include "http/auth.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* "" for one that is not there */
static const char *
text(const struct secret *s)
{
	return s->data == NULL ? "" : (const char *)s->data;
}

/* ---- netrc -------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *user, *password;	/* NULL: want, an error */
	const char *want;
} netrcs[] = {
	{ "machine h.example login u password p", "u", "p", NULL },
	{ "machine h.example\n\tlogin u\n\tpassword p\n", "u", "p", NULL },
	{ "machine H.EXAMPLE password p login u", "u", "p", NULL },
	{ "machine h.example login \"a b\" password \"q\\\"\\\\\\n\\x\"",
	    "a b", "q\"\\\nx", NULL },
	{ "machine h.example login \"#u\" password \"\"", "#u", "", NULL },
	{ "# h\nmachine x login a password b # no\nmachine h.example login u "
	    "password p", "u", "p", NULL },
	{ "machine h.example password p", "", "p", NULL },
	{ "default login d password e", "d", "e", NULL },
	{ "default login d password e machine h.example login u password p",
	    "d", "e", NULL },
	{ "machine h.example login u password p default login d password e",
	    "u", "p", NULL },
	/* one without a password is passed over, and leaves nothing */
	{ "machine h.example login u default password e", "", "e", NULL },
	{ "machine x macdef init\ncd login\n\nmachine h.example login u "
	    "account a password p", "u", "p", NULL },
	{ "macdef m\nmachine h.example\nlogin x password y", NULL, NULL,
	    "found no entry with a password for it, want 'machine h.example "
	    "login NAME password WORD'" },
	{ "", NULL, NULL, "found no entry with a password for it, want "
	    "'machine h.example login NAME password WORD'" },
	{ "machine h.example.org login u password p", NULL, NULL, "found no "
	    "entry with a password for it, want 'machine h.example login NAME "
	    "password WORD'" },
	{ "machine h.example login u", NULL, NULL, "found no entry with a "
	    "password for it, want 'machine h.example login NAME password "
	    "WORD'" },
	{ "machine h.example login u password", NULL, NULL, "found nothing "
	    "behind a keyword, want a word" },
	{ "machine h.example login u password \"p", NULL, NULL, "found "
	    "nothing behind a keyword, want a word" },
	{ "machine \"h.example", NULL, NULL, "found a quote without its end, "
	    "want another one" },
	{ "machine h.example user u password p", NULL, NULL, "found a word "
	    "that is no keyword, want 'machine HOST login NAME password "
	    "WORD'" },
};

static void
test_netrc(void **state)
{
	struct secret user = { 0 }, password = { 0 };
	struct error err;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(netrcs); i++) {
		r = http_netrc(netrcs[i].text, strlen(netrcs[i].text),
		    "h.example", &user, &password, &err);
		if (netrcs[i].want == NULL) {
			assert_int_equal(r, 0);
			assert_string_equal(text(&user), netrcs[i].user);
			assert_string_equal(text(&password),
			    netrcs[i].password);
		} else {
			assert_int_equal(r, -1);
			assert_int_equal(err.code, CODE_USAGE);
			assert_string_equal(err.msg, netrcs[i].want);
			assert_null(user.data);
			assert_null(password.data);
		}
		secret_free(&user);
		secret_free(&password);
	}
	assert_int_equal(http_netrc("machine h\0x", 11, "h", &user, &password,
	    &err), -1);
	assert_string_equal(err.msg, "found a NUL byte, want text");
}

/* ---- AWS' credentials --------------------------------------------------- */

static const struct {
	const char *text, *profile;
	const char *id, *key, *session;
	const char *want;
} credentials[] = {
	{ "[default]\naws_access_key_id=A\naws_secret_access_key=S/+=\n",
	    "default", "A", "S/+=", "", NULL },
	{ "\r\n[ default ]\r\n aws_access_key_id = A \r\n"
	    "\taws_secret_access_key\t=\tS\r\naws_session_token = T\r\n",
	    "default", "A", "S", "T", NULL },
	{ "[x]\naws_access_key_id=1\naws_secret_access_key=2\n[default]\n"
	    "#aws_access_key_id=3\n;aws_access_key_id=4\nregion = eu\nnested\n"
	    "aws_access_key_id=A\naws_secret_access_key=S\naws_session_token="
	    "\n[y]\naws_session_token=5", "default", "A", "S", "", NULL },
	{ "[x]\naws_access_key_id=1\naws_secret_access_key=2", "x", "1", "2",
	    "", NULL },
	{ "", "default", NULL, NULL, NULL, "found no profile '[default]', "
	    "want one (AWS_PROFILE names another)" },
	{ "aws_access_key_id=1\naws_secret_access_key=2", "default", NULL,
	    NULL, NULL, "found no profile '[default]', want one (AWS_PROFILE "
	    "names another)" },
	{ "[default]\naws_access_key_id=1", "default", NULL, NULL, NULL,
	    "found no aws_secret_access_key in the profile '[default]', want "
	    "one" },
	{ "[default]\naws_secret_access_key=1\naws_access_key_id=", "default",
	    NULL, NULL, NULL, "found no aws_access_key_id in the profile "
	    "'[default]', want one" },
	{ "[default\naws_access_key_id=1", "default", NULL, NULL, NULL,
	    "found a line that begins with '[', want '[PROFILE]'" },
	{ "[default]\naws_access_key_id=1 2", "default", NULL, NULL, NULL,
	    "found a value with blanks or other characters than ASCII's, want "
	    "none" },
	{ "[default]\naws_secret_access_key=a\x80", "default", NULL, NULL,
	    NULL, "found a value with blanks or other characters than "
	    "ASCII's, want none" },
};

static void
test_credentials(void **state)
{
	struct secret id = { 0 }, key = { 0 }, session = { 0 };
	struct error err;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(credentials); i++) {
		r = http_credentials(credentials[i].text,
		    strlen(credentials[i].text), credentials[i].profile, &id,
		    &key, &session, &err);
		if (credentials[i].want == NULL) {
			assert_int_equal(r, 0);
			assert_string_equal(text(&id), credentials[i].id);
			assert_string_equal(text(&key), credentials[i].key);
			assert_string_equal(text(&session),
			    credentials[i].session);
		} else {
			assert_int_equal(r, -1);
			assert_int_equal(err.code, CODE_USAGE);
			assert_string_equal(err.msg, credentials[i].want);
			assert_null(id.data);
			assert_null(key.data);
			assert_null(session.data);
		}
		secret_free(&id);
		secret_free(&key);
		secret_free(&session);
	}
}

/* ---- files -------------------------------------------------------------- */

#define CERT	"-----BEGIN CERTIFICATE-----\nx\n"
#define KEY	"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"

/* want stands behind the file's name */
static const struct {
	const char *content;	/* of the file; NULL: there is none */
	mode_t mode;
	enum { TOKEN, NETRC, CERTIFICATE, CERTIFICATE_KEY, AWS } use;
	enum code code;
	const char *want;
} files[] = {
	{ "tok.en_\n", 0600, TOKEN, CODE_OK, NULL },
	{ "tok.en_", 0400, TOKEN, CODE_OK, NULL },
	{ "tok.en_", 0640, TOKEN, CODE_TRUST, NULL },
	{ "tok.en_", 0604, TOKEN, CODE_TRUST, NULL },
	{ "", 0600, TOKEN, CODE_USAGE, "token_file: found nothing, want "
	    "one line with the token" },
	{ "a b\n", 0600, TOKEN, CODE_USAGE, "token_file: found "
	    "something else than a token in it, want one line with the "
	    "token" },
	{ "a\r\nX: b\n", 0600, TOKEN, CODE_USAGE, "token_file: found "
	    "something else than a token in it, want one line with the "
	    "token" },
	{ NULL, 0, TOKEN, CODE_USAGE, "token_file: no such file" },
	{ "machine h login u password p", 0600, NETRC, CODE_OK, NULL },
	{ "machine h login u password p", 0644, NETRC, CODE_TRUST, NULL },
	{ "machine x login u password p", 0600, NETRC, CODE_USAGE, ""
	    "netrc_file: found no entry with a password for it, want 'machine "
	    "h login NAME password WORD'" },
	{ NULL, 0, NETRC, CODE_USAGE, "netrc_file: no such file" },
	{ CERT KEY, 0600, CERTIFICATE, CODE_OK, NULL },
	{ CERT KEY, 0644, CERTIFICATE, CODE_TRUST, NULL },
	{ CERT, 0600, CERTIFICATE, CODE_USAGE, "client_cert: found no "
	    "'PRIVATE KEY-----', want PEM" },
	{ KEY, 0600, CERTIFICATE, CODE_USAGE, "client_cert: found no "
	    "'-----BEGIN CERTIFICATE', want PEM" },
	{ KEY, 0600, CERTIFICATE_KEY, CODE_OK, NULL },
	{ KEY, 0660, CERTIFICATE_KEY, CODE_TRUST, NULL },
	{ "-----BEGIN ENCRYPTED PRIVATE KEY-----", 0600, CERTIFICATE_KEY,
	    CODE_USAGE, "client_key: found an encrypted key, want one "
	    "without a passphrase; nobody is here to type it" },
	{ "[default]\naws_access_key_id=1\naws_secret_access_key=2", 0600, AWS,
	    CODE_OK, NULL },
	{ "[default]\naws_access_key_id=1\naws_secret_access_key=2", 0606, AWS,
	    CODE_TRUST, NULL },
	{ "[default]", 0600, AWS, CODE_USAGE, "credentials_file: found "
	    "no aws_access_key_id in the profile '[default]', want one" },
};

static struct http_auth_files
files_of(size_t i, const char *path)
{
	struct http_auth_files f = { 0 };

	switch (files[i].use) {
	case TOKEN:
		f.token_file = path;
		break;
	case NETRC:
		f.netrc_file = path;
		break;
	case CERTIFICATE:
		f.client_cert = path;
		break;
	case CERTIFICATE_KEY:
		f.client_cert = tmp_path("cert");
		f.client_key = path;
		break;
	case AWS:
		f.sigv4 = "aws:amz:a:s3";
		f.credentials_file = path;
		break;
	}
	return f;
}

static void
test_files(void **state)
{
	char want[512], path[256];
	struct http_auth_files f;
	struct http_auth a;
	struct error err;

	(void)state;
	/* a certificate is no secret */
	tmp_put("cert", CERT, 0644);
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)snprintf(path, sizeof(path), "%s", tmp_path("file"));
		(void)unlink(path);
		if (files[i].content != NULL)
			tmp_put("file", files[i].content, files[i].mode);
		f = files_of(i, path);
		error_clear(&err);
		(void)!http_auth_load(&a, &f, "h", &err);
		if (err.code != files[i].code)
			fail_msg("row %zu: %s", i, err.msg);
		if (files[i].want != NULL) {
			(void)snprintf(want, sizeof(want), "'%s': %s", path,
			    files[i].want);
			assert_string_equal(err.msg, want);
		}
		assert_null(strstr(err.msg, "tok.en_"));
		if (err.code == CODE_OK && files[i].use == TOKEN)
			assert_string_equal(text(&a.token), "tok.en_");
		http_auth_free(&a);
	}
}

static void
test_environment(void **state)
{
	struct http_auth_files f = { .sigv4 = "aws:amz:a:s3" };
	struct http_auth a;
	struct error err;

	(void)state;
	assert_int_equal(unsetenv("AWS_ACCESS_KEY_ID"), 0);
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "S", 1), 0);
	assert_int_equal(http_auth_load(&a, &f, "h", &err), -1);
	assert_string_equal(err.msg, "sigv4: found no AWS_ACCESS_KEY_ID in "
	    "the environment and no credentials_file, want one of them");
	http_auth_free(&a);
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "A", 1), 0);
	assert_int_equal(setenv("AWS_SESSION_TOKEN", "a\nb", 1), 0);
	assert_int_equal(http_auth_load(&a, &f, "h", &err), -1);
	assert_string_equal(err.msg, "sigv4: found blanks or other characters "
	    "than ASCII's in AWS_SESSION_TOKEN, want none");
	http_auth_free(&a);
	assert_int_equal(setenv("AWS_SESSION_TOKEN", "", 1), 0);
	assert_int_equal(http_auth_load(&a, &f, "h", &err), 0);
	assert_int_equal(a.kind, HTTP_AUTH_SIGV4);
	assert_string_equal(text(&a.user), "A");
	assert_string_equal(text(&a.password), "S");
	assert_null(a.token.data);
	http_auth_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_netrc),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test_setup_teardown(test_files, tmp_setup,
		    tmp_teardown),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
