/* SPDX-License-Identifier: ISC */
#include "http/auth.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"
#include "http/http_impl.h"

static bool
given(const char *path)
{
	return path != NULL && *path != '\0';
}

/* A file with a secret in it (or a certificate: none), checked as such. */
static int
read_file(const char *key, const char *path, bool secret, struct buf *b,
    struct error *err)
{
	unsigned int flags = IO_OWNED | IO_MISSING_OK | (secret ? IO_PRIVATE :
	    IO_NOT_WRITABLE);
	int found = 0;

	buf_init_sensitive(b, LIMIT_SECRET_FILE);
	if (io_read_file(AT_FDCWD, path, LIMIT_SECRET_FILE, flags, b, &found,
	    err) == -1 || (found && io_check_parents(path, err) == -1)) {
		/* one that is none or too long is the setting's fault */
		if (err->code == CODE_STORE)
			err->code = CODE_USAGE;
		error_wrap(err, "%s", key);
	} else if (!found)
		error_set(err, CODE_USAGE, "'%s': %s: no such file", vis(path),
		    key);
	else
		return 0;
	buf_free(b);
	return -1;
}

/* "'FILE': key: found X, want Y" */
static int
fault(const char *key, const char *path, struct error *err)
{
	return error_wrap(err, "'%s': %s", vis(path), key);
}

static int
load_token(struct http_auth *a, const char *path, struct error *err)
{
	struct buf b;
	size_t len, i;
	int rc = -1;

	if (read_file("token_file", path, true, &b, err) == -1)
		return -1;
	for (len = b.len; len > 0 && strchr(" \t\r\n", b.data[len - 1]) !=
	    NULL && b.data[len - 1] != '\0'; len--)
		;
	for (i = 0; i < len && b.data[i] > ' ' && b.data[i] <= '~'; i++)
		;
	if (len == 0 || i < len) {
		error_set(err, CODE_USAGE, "found %s, want one line with "
		    "the token", len == 0 ? "nothing" : "something else than "
		    "a token in it");
		fault("token_file", path, err);
	} else
		rc = secret_dup(&a->token, b.data, len, err);
	buf_free(&b);
	a->kind = HTTP_AUTH_BEARER;
	return rc;
}

static int
load_netrc(struct http_auth *a, const char *path, const char *host,
    struct error *err)
{
	struct buf b;
	int rc;

	if (read_file("netrc_file", path, true, &b, err) == -1)
		return -1;
	rc = http_netrc(buf_str(&b), b.len, host, &a->user, &a->password,
	    err);
	if (rc == -1)
		fault("netrc_file", path, err);
	buf_free(&b);
	a->kind = HTTP_AUTH_BASIC;
	return rc;
}

static int
from_environment(struct http_auth *a, struct error *err)
{
	static const char *const names[] = { "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN" };
	struct secret *const to[] = { &a->user, &a->password, &a->token };
	const char *value;

	for (size_t i = 0; i < 3; i++) {
		value = getenv(names[i]);
		if (!given(value)) {
			if (to[i] == &a->token)
				continue;
			return error_set(err, CODE_USAGE, "sigv4: found no %s "
			    "in the environment and no credentials_file, want "
			    "one of them", names[i]);
		}
		for (const char *p = value; *p != '\0'; p++)
			if (*p <= ' ' || *p > '~')
				return error_set(err, CODE_USAGE, "sigv4: "
				    "found blanks or other characters than "
				    "ASCII's in %s, want none", names[i]);
		if (secret_dup(to[i], value, strlen(value), err) == -1)
			return -1;
	}
	return 0;
}

static int
load_sigv4(struct http_auth *a, const char *sigv4, const char *path,
    struct error *err)
{
	const char *profile = getenv("AWS_PROFILE");
	struct buf b;
	int rc;

	a->kind = HTTP_AUTH_SIGV4;
	if (str_dup(&a->sigv4, sigv4, err) == -1)
		return -1;
	if (!given(path))
		return from_environment(a, err);
	if (read_file("credentials_file", path, true, &b, err) == -1)
		return -1;
	rc = http_credentials(buf_str(&b), b.len, given(profile) ? profile :
	    "default", &a->user, &a->password, &a->token, err);
	if (rc == -1)
		fault("credentials_file", path, err);
	buf_free(&b);
	return rc;
}

static int
load_pem(const char *key, const char *path, bool secret, const char *want,
    struct secret *out, struct error *err)
{
	struct buf b;
	int rc = -1;

	if (read_file(key, path, secret, &b, err) == -1)
		return -1;
	if (strstr(buf_str(&b), want) == NULL) {
		error_set(err, CODE_USAGE, "found no '%s', want PEM", want);
		fault(key, path, err);
	} else if (strstr(buf_str(&b), "ENCRYPTED") != NULL) {
		error_set(err, CODE_USAGE, "found an encrypted key, want one "
		    "without a passphrase; nobody is here to type it");
		fault(key, path, err);
	} else
		rc = secret_dup(out, b.data, b.len, err);
	buf_free(&b);
	return rc;
}

static int
load_client(struct http_auth *a, const char *cert, const char *key,
    struct error *err)
{
	bool apart = given(key);

	if (load_pem("client_cert", cert, !apart, "-----BEGIN CERTIFICATE",
	    &a->cert, err) == -1)
		return -1;
	return load_pem(apart ? "client_key" : "client_cert", apart ? key :
	    cert, true, "PRIVATE KEY-----", &a->key, err);
}

int
http_auth_load(struct http_auth *a, const struct http_auth_files *f,
    const char *host, struct error *err)
{
	memset(a, 0, sizeof(*a));
	if (given(f->client_cert) &&
	    load_client(a, f->client_cert, f->client_key, err) == -1)
		return -1;
	if (given(f->token_file))
		return load_token(a, f->token_file, err);
	if (given(f->netrc_file))
		return load_netrc(a, f->netrc_file, host, err);
	if (given(f->sigv4))
		return load_sigv4(a, f->sigv4, f->credentials_file, err);
	return 0;
}

void
http_auth_free(struct http_auth *a)
{
	secret_free(&a->user);
	secret_free(&a->password);
	secret_free(&a->token);
	secret_free(&a->cert);
	secret_free(&a->key);
	free(a->sigv4);
	memset(a, 0, sizeof(*a));
}

/* ---- to libcurl --------------------------------------------------------- */

static bool
set_text(CURL *e, CURLoption o, const char *text)
{
	return curl.easy_setopt(e, o, text) == CURLE_OK;
}

static bool
set_secret(CURL *e, CURLoption o, const struct secret *s)
{
	return set_text(e, o, (const char *)s->data);
}

static bool
set_blob(CURL *e, CURLoption blob, CURLoption type, const struct secret *s)
{
	struct curl_blob b = { .data = s->data, .len = s->len,
		.flags = CURL_BLOB_NOCOPY };

	return curl.easy_setopt(e, blob, &b) == CURLE_OK &&
	    set_text(e, type, "PEM");
}

static bool
set_kind(CURL *e, const struct http_auth *a)
{
	switch (a->kind) {
	case HTTP_AUTH_NONE:
		break;
	case HTTP_AUTH_BASIC:
		return curl.easy_setopt(e, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BASIC) == CURLE_OK &&
		    set_secret(e, CURLOPT_USERNAME, &a->user) &&
		    set_secret(e, CURLOPT_PASSWORD, &a->password);
	case HTTP_AUTH_BEARER:
		return curl.easy_setopt(e, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BEARER) == CURLE_OK &&
		    set_secret(e, CURLOPT_XOAUTH2_BEARER, &a->token);
	case HTTP_AUTH_SIGV4:
		return set_text(e, CURLOPT_AWS_SIGV4, a->sigv4) &&
		    set_secret(e, CURLOPT_USERNAME, &a->user) &&
		    set_secret(e, CURLOPT_PASSWORD, &a->password);
	}
	return true;
}

int
http_auth_set(const struct transfer *t, struct error *err)
{
	const struct http_auth *a = t->auth;

	if (!set_kind(t->easy, a))
		return error_set(err, CODE_ERROR, "'%s': this libcurl cannot "
		    "identify us in the way that is configured",
		    vis(t->url));
	if (a->cert.data != NULL &&
	    (!set_blob(t->easy, CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERTTYPE,
	    &a->cert) || !set_blob(t->easy, CURLOPT_SSLKEY_BLOB,
	    CURLOPT_SSLKEYTYPE, &a->key)))
		return error_set(err, CODE_ERROR, "'%s': this libcurl takes "
		    "no client certificate", vis(t->url));
	return 0;
}
