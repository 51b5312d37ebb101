/* SPDX-License-Identifier: ISC */
#include "config/value.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/strs.h"
#include "base/vis.h"
#include "config/url.h"

static const char hex[] = "0123456789abcdef";

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

int
value_line(const char *value, char **normal, struct error *err)
{
	(void)normal;
	if (has_control(value))
		return error_set(err, CODE_USAGE, "found control characters "
		    "('%s'), want one line of text", vis(value));
	return 0;
}

int
value_path(const char *value, char **normal, struct error *err)
{
	size_t len = strlen(value);

	if (value[0] != '/' || has_control(value))
		return error_set(err, CODE_USAGE, "found '%s', want an "
		    "absolute path", vis(value));
	if (len == 1 || value[len - 1] != '/')
		return 0;
	if (str_dup(normal, value, err) == -1)
		return -1;
	while (len > 1 && (*normal)[len - 1] == '/')
		(*normal)[--len] = '\0';
	return 0;
}

int
value_program(const char *value, char **normal, struct error *err)
{
	if (strchr(value, '/') != NULL)
		return value_path(value, normal, err);
	if (*value == '\0' || *value == '-' || has_control(value))
		return error_set(err, CODE_USAGE, "found '%s', want the name "
		    "of a program or its absolute path", vis(value));
	return 0;
}

/* "/dir/acme": segments of [A-Za-z0-9._~-], none of them "." or "..", the
 * last no account id. */
static bool
server_path_ok(const char *p)
{
	size_t len = 0;

	while (*p == '/') {
		p++;
		len = strspn(p, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-");
		if (len == 0 && *p == '\0')
			return true;
		if (len == 0 || (len == 1 && *p == '.') ||
		    (len == 2 && strncmp(p, "..", 2) == 0))
			return false;
		if (len == 32 && strspn(p, hex) == 32 &&
		    (p[32] == '\0' || strcmp(p + 32, "/") == 0))
			return false;
		p += len;
	}
	return *p == '\0';
}

static int
refuse_password(struct error *err)
{
	return error_set(err, CODE_USAGE, "found a password in the URL, want "
	    "none; secrets are in files");
}

int
value_server(const char *value, char **normal, struct error *err)
{
	struct url u;
	bool ok;

	(void)normal;
	ok = url_split(value, &u);
	if (u.password)
		return refuse_password(err);
	if (!ok || strlen(value) > LIMIT_URL ||
	    !str_starts(value, "https://") || u.has_user ||
	    !server_path_ok(u.rest))
		return error_set(err, CODE_USAGE, "found '%s', want the "
		    "directory URL of an ACME server, such as "
		    "https://acme-v02.api.letsencrypt.org/directory",
		    vis(value));
	return 0;
}

int
value_proxy(const char *value, char **normal, struct error *err)
{
	static const char *const schemes[] = { "http", "https", "socks4",
		"socks4a", "socks5", "socks5h" };
	struct url u;
	bool ok;

	(void)normal;
	ok = url_split(value, &u);
	if (u.password)
		return refuse_password(err);
	for (size_t i = 0; ok && i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strlen(schemes[i]) == u.scheme_len && strncmp(value,
		    schemes[i], u.scheme_len) == 0 && !u.has_user &&
		    (*u.rest == '\0' || strcmp(u.rest, "/") == 0))
			return 0;
	return error_set(err, CODE_USAGE, "found '%s', want a proxy such as "
	    "http://proxy.example.com:3128", vis(value));
}

static int
check_file_url(const char *path, struct error *err)
{
	if (path[0] != '/' || has_control(path) ||
	    strcspn(path, "?#") != strlen(path))
		return error_set(err, CODE_USAGE, "found 'file://%s', want "
		    "file:// and an absolute path", vis(path));
	return 0;
}

/* What is in the path is in commands for sftp, and in what it prints. */
static bool
sftp_path_ok(const char *p)
{
	size_t len = 0;

	if (*p != '/')
		return false;
	while (*p == '/') {
		p++;
		len = strspn(p, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~@+,=:-");
		if ((len == 1 && *p == '.') ||
		    (len == 2 && strncmp(p, "..", 2) == 0))
			return false;
		p += len;
	}
	return *p == '\0';
}

/* "/bucket/host.cms": what a request may carry as it is, with no "." or ".."
 * that somebody would resolve; a query may be a secret. */
static bool
object_path_ok(const char *p)
{
	size_t len;

	if (!str_ends(p, ".cms"))
		return false;
	while (*p == '/') {
		p++;
		len = strspn(p, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-%+=,@:!$&()*;'");
		if (len == 0 || (len == 1 && *p == '.') ||
		    (len == 2 && strncmp(p, "..", 2) == 0))
			return false;
		p += len;
	}
	return *p == '\0';
}

int
value_sigv4(const char *value, char **normal, struct error *err)
{
	static const char prefix[] = "aws:amz:";
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *p = value + sizeof(prefix) - 1;
	size_t region;

	(void)normal;
	if (str_starts(value, prefix) && (region = strspn(p, name)) > 0 &&
	    p[region] == ':' && p[region + 1] != '\0' &&
	    p[region + 1 + strspn(p + region + 1, name)] == '\0')
		return 0;
	return error_set(err, CODE_USAGE, "found '%s', want "
	    "aws:amz:REGION:SERVICE such as aws:amz:eu-central-1:s3",
	    vis(value));
}

int
value_peer_url(const char *value, char **normal, struct error *err)
{
	struct url u;
	bool ok;

	(void)normal;
	if (strlen(value) > LIMIT_URL)
		return error_set(err, CODE_USAGE, "found a URL of %zu bytes, "
		    "want at most %d", strlen(value), LIMIT_URL);
	if (strcmp(value, "exec:") == 0)
		return 0;
	if (str_starts(value, "file://"))
		return check_file_url(value + strlen("file://"), err);
	if (value[0] == '/' && str_ends(value, ".cms"))
		return check_file_url(value, err);
	ok = url_split(value, &u);
	if (u.password)
		return refuse_password(err);
	if (str_starts(value, "ssh://") && ok &&
	    (*u.rest == '\0' || strcmp(u.rest, "/") == 0))
		return 0;
	if (str_starts(value, "https://")) {
		if (ok && !u.has_user && object_path_ok(u.rest))
			return 0;
		return error_set(err, CODE_USAGE, "found '%s', want "
		    "https://host[:port]/path.cms, the object for a sealed "
		    "bundle, without user and query", vis(value));
	}
	if (str_starts(value, "ssh://"))
		return error_set(err, CODE_USAGE, "found '%s', want "
		    "ssh://[user@]host[:port]", vis(value));
	if (str_starts(value, "sftp://") && ok && sftp_path_ok(u.rest))
		return 0;
	if (str_starts(value, "sftp://"))
		return error_set(err, CODE_USAGE, "found '%s', want "
		    "sftp://[user@]host[:port]/etc/letsencrypt: a path of "
		    "letters, digits and '._~@+,=:-', without '.' and '..'",
		    vis(value));
	return error_set(err, CODE_USAGE, "found '%s', want "
	    "ssh://[user@]host[:port], sftp://[user@]host[:port]/directory, "
	    "https://host/path.cms, "
	    "file:///directory, file:///bundle.cms or exec:", vis(value));
}

int
value_challenge_check(const char *value, char **normal, struct error *err)
{
	char *text = NULL;
	struct url u;
	bool ok;

	(void)normal;
	if (strcmp(value, "auto") == 0 || strcmp(value, "off") == 0)
		return 0;
	if (str_printf(&text, err, "http://%s", value) == -1)
		return -1;
	ok = url_split(text, &u) && u.port != 0 && !u.has_user &&
	    *u.rest == '\0';
	free(text);
	if (ok)
		return 0;
	return error_set(err, CODE_USAGE, "found '%s', want auto, off or "
	    "HOST:PORT", vis(value));
}

int
value_account(const char *value, char **normal, struct error *err)
{
	size_t len = strlen(value);
	struct url u;
	bool ok;

	(void)normal;
	if (len >= 4 && len <= 32 && strspn(value, hex) == len)
		return 0;
	ok = url_split(value, &u);
	if (u.password)
		return refuse_password(err);
	if (ok && str_starts(value, "https://") && !u.has_user &&
	    len <= LIMIT_URL && *u.rest == '/' && !has_control(value))
		return 0;
	return error_set(err, CODE_USAGE, "found '%s', want an account URL, "
	    "an id of 32 hexadecimal digits, or at least its first 4",
	    vis(value));
}

int
value_variable(const char *value, char **normal, struct error *err)
{
	size_t len = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz_0123456789");

	(void)normal;
	if (len == 0 || (value[0] >= '0' && value[0] <= '9') ||
	    (value[len] != '\0' && strcmp(value + len, "*") != 0))
		return error_set(err, CODE_USAGE, "found '%s', want the name "
		    "of a variable; '*' at its end stands for anything",
		    vis(value));
	if (str_starts(value, "LD_") || strcmp(value, "L*") == 0 ||
	    strcmp(value, "LD*") == 0)
		return error_set(err, CODE_USAGE, "found '%s', want none of "
		    "LD_*, which no child gets", vis(value));
	return 0;
}

int
value_ssh_option(const char *value, char **normal, struct error *err)
{
	(void)normal;
	if (((value[0] | 0x20) < 'a' || (value[0] | 0x20) > 'z') ||
	    strcspn(value, "= ") == strlen(value) || has_control(value))
		return error_set(err, CODE_USAGE, "found '%s', want an option "
		    "as ssh -o takes it, such as ProxyJump=bastion",
		    vis(value));
	return 0;
}

int
value_peer_name(const char *value, char **normal, struct error *err)
{
	size_t len = strlen(value);

	(void)normal;
	if (len == 0 || len > LIMIT_NAME || value[0] == '-' ||
	    value[0] == '.' || strspn(value, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != len)
		return error_set(err, CODE_USAGE, "found '%s', want a name of "
		    "letters, digits, '.', '_' and '-'", vis(value));
	return 0;
}

int
value_host_port(const char *value, char **normal, struct error *err)
{
	const char *colon = strrchr(value, ':');
	struct error ignored;
	int64_t port;
	size_t len;

	(void)normal;
	len = colon == NULL ? 0 : (size_t)(colon - value);
	if (len > 2 && value[0] == '[' && value[len - 1] == ']') {
		if (strspn(value + 1, "0123456789abcdefABCDEF:.") == len - 2 &&
		    num_parse(colon + 1, 1, 65535, "port", &port, &ignored)
		    == 0)
			return 0;
	} else if (len > 0 && len <= LIMIT_NAME && value[0] != '-' &&
	    strspn(value, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len &&
	    num_parse(colon + 1, 1, 65535, "port", &port, &ignored) == 0)
		return 0;
	return error_set(err, CODE_USAGE, "found '%s', want HOST:PORT or "
	    "[ADDRESS]:PORT", vis(value));
}

int
value_lineage_name(const char *value, char **normal, struct error *err)
{
	size_t len = strlen(value);

	(void)normal;
	if (len == 0 || len > LIMIT_NAME || value[0] == '-' ||
	    value[0] == '.' || strchr(value, '/') != NULL ||
	    has_control(value))
		return error_set(err, CODE_USAGE, "found '%s', want the name "
		    "of a lineage as 'certbot certificates' shows it",
		    vis(value));
	return 0;
}

int
value_name_of_url(const char *url, char **out, struct error *err)
{
	const char *from = url;
	size_t len;
	struct url u;

	*out = NULL;
	if (str_starts(url, "file://")) {
		from = url + strlen("file://");
		from += strspn(from, "/");
		len = strlen(from);
	} else if (url[0] == '/') {
		from += strspn(from, "/");
		len = strlen(from);
	} else if (url_split(url, &u)) {
		from = u.host;
		len = u.host_len;
	} else
		len = strcspn(url, ":");	/* "exec" */
	if (len > LIMIT_NAME)
		len = LIMIT_NAME;
	if (str_printf(out, err, "%.*s", (int)len, from) == -1)
		return -1;
	/* "2001:db8::1" and "mnt/store" become names of files */
	for (char *p = *out; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p) == NULL ||
		    (p == *out && (*p == '-' || *p == '.')))
			*p = '_';
	if (**out != '\0')
		return 0;
	free(*out);
	return str_dup(out, "file", err);
}
