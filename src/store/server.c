/* SPDX-License-Identifier: ISC */
#include "store/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/strs.h"
#include "base/vis.h"

#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"
#define HTTPS	"https://"

/* Let's Encrypt moved: certbot looks into the second for the first. */
static const struct {
	const char *path, *old;
	const char *host, *oldhost;
} moved[] = {
	{ "acme-v02.api.letsencrypt.org/directory",
	  "acme-v01.api.letsencrypt.org/directory",
	  "acme-v02.api.letsencrypt.org", "acme-v01.api.letsencrypt.org" },
	{ "acme-staging-v02.api.letsencrypt.org/directory",
	  "acme-staging.api.letsencrypt.org/directory",
	  "acme-staging-v02.api.letsencrypt.org",
	  "acme-staging.api.letsencrypt.org" },
};
enum { NMOVED = sizeof(moved) / sizeof(moved[0]) };

static int
bad(struct error *err, const char *url, const char *what)
{
	return error_set(err, CODE_USAGE, "'%s': not the URL of an ACME "
	    "server: %s", vis(url), what);
}

bool
account_id_valid(const char *id)
{
	return strlen(id) == 32 && strspn(id, DIGITS "abcdef") == 32;
}

static int
check_port(const char *url, const char *port, size_t len, struct error *err)
{
	struct error ignored;
	char text[8];
	int64_t n;

	error_clear(&ignored);
	if (len >= sizeof(text))
		return bad(err, url, "want a port from 1 to 65535");
	memcpy(text, port, len);
	text[len] = '\0';
	if (num_parse(text, 1, 65535, "port", &n, &ignored) == -1)
		return bad(err, url, "want a port from 1 to 65535");
	return 0;
}

/* host[:port], IPv6 in brackets */
static int
check_authority(const char *url, const char *p, size_t len, struct error *err)
{
	size_t n;

	if (len > 0 && p[0] == '[') {
		n = 1 + strspn(p + 1, DIGITS "abcdefABCDEF:.");
		if (n < 3 || n >= len || p[n] != ']')
			return bad(err, url, "want an IPv6 address in the "
			    "brackets");
		n++;
	} else {
		n = strspn(p, LOWER UPPER DIGITS ".-");
		if (n == 0 || n > LIMIT_NAME || p[0] == '.' || p[0] == '-')
			return bad(err, url, "want a host name");
	}
	if (n > len)
		n = len;
	if (n == len)
		return 0;
	if (memchr(p, '@', len) != NULL)
		return bad(err, url, "want no user or password");
	if (p[n] != ':')
		return bad(err, url, "want a host name");
	return check_port(url, p + n + 1, len - n - 1, err);
}

static int
check_segment(const char *url, const char *p, size_t len, struct error *err)
{
	if (len == 0)
		return bad(err, url, "found an empty path segment");
	if (strspn(p, LOWER UPPER DIGITS "._~-") < len)
		return bad(err, url, "want path segments of letters, digits "
		    "and ._~- only");
	if ((len == 1 && p[0] == '.') || (len == 2 && memcmp(p, "..", 2) == 0))
		return bad(err, url, "found '.' or '..' in the path");
	return 0;
}

int
server_check(const char *url, struct error *err)
{
	const char *p, *last;
	size_t len;

	if (strlen(url) > LIMIT_URL)
		return bad(err, url, "it is too long");
	if (!str_starts(url, HTTPS))
		return bad(err, url, "want https://");
	if (strpbrk(url, "?#") != NULL)
		return bad(err, url, "want no query and no fragment");
	last = p = url + strlen(HTTPS);
	len = strcspn(p, "/");
	if (check_authority(url, p, len, err) == -1)
		return -1;
	/* one slash at the end is the same directory */
	for (p += len; p[0] == '/' && p[1] != '\0'; p += len) {
		last = ++p;
		len = strcspn(p, "/");
		if (check_segment(url, p, len, err) == -1)
			return -1;
	}
	if (len == 32 && strspn(last, DIGITS "abcdefABCDEF") >= 32)
		return bad(err, url, "the last part looks like the id of an "
		    "account");
	return 0;
}

int
server_path(const char *url, char **out, struct error *err)
{
	const char *p = strstr(url, "://");
	size_t len;

	*out = NULL;
	p = p == NULL ? url : p + 3;
	len = strcspn(p, "?#");
	while (len > 0 && p[len - 1] == '/')
		len--;
	if ((*out = strndup(p, len)) == NULL)
		return error_nomem(err);
	return 0;
}

int
server_from_path(const char *path, char **out, struct error *err)
{
	return str_printf(out, err, HTTPS "%s", path);
}

/* The part of a URL that names the folder: scheme and trailing slashes off. */
static const char *
folder(const char *url, size_t *len)
{
	const char *p = strstr(url, "://");

	p = p == NULL ? url : p + 3;
	*len = strcspn(p, "?#");
	while (*len > 0 && p[*len - 1] == '/')
		(*len)--;
	return p;
}

bool
server_same(const char *a, const char *b)
{
	size_t na, nb;

	a = folder(a, &na);
	b = folder(b, &nb);
	return na == nb && memcmp(a, b, na) == 0;
}

const char *
server_reuse_path(const char *path)
{
	for (size_t i = 0; i < NMOVED; i++)
		if (strcmp(path, moved[i].path) == 0)
			return moved[i].old;
	return NULL;
}

/* Points at the authority of a URL without the user; *len 0: none. */
static const char *
authority(const char *url, size_t *len)
{
	const char *p = strstr(url, "://"), *at;

	*len = 0;
	if (p == NULL)
		return url;
	p += 3;
	*len = strcspn(p, "/?#");
	if ((at = memrchr(p, '@', *len)) != NULL) {
		*len -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	return p;
}

int
url_host(const char *url, char **host, struct error *err)
{
	const char *p;
	size_t len, n;

	*host = NULL;
	p = authority(url, &len);
	if (len > 0 && p[0] == '[') {
		p++;
		n = strcspn(p, "]");
		n = n < len - 1 ? n : 0;
	} else
		n = strcspn(p, ":/?#") < len ? strcspn(p, ":/?#") : len;
	if (n == 0)
		return error_set(err, CODE_USAGE, "'%s': found no host in it",
		    vis(url));
	if ((*host = strndup(p, n)) == NULL)
		return error_nomem(err);
	return 0;
}

/* The authority with :443 off and Let's Encrypt's old hosts as the new. */
static const char *
owner(const char *url, size_t *len)
{
	const char *p = authority(url, len);

	if (*len > 4 && memcmp(p + *len - 4, ":443", 4) == 0)
		*len -= 4;
	for (size_t i = 0; i < NMOVED; i++)
		if (strlen(moved[i].oldhost) == *len &&
		    strncasecmp(p, moved[i].oldhost, *len) == 0) {
			*len = strlen(moved[i].host);
			return moved[i].host;
		}
	return p;
}

bool
server_owns_uri(const char *server, const char *uri)
{
	const char *a, *b;
	size_t na, nb;

	if (!str_starts(server, HTTPS) || !str_starts(uri, HTTPS))
		return false;
	/* what a person may take for another host is none */
	if (memchr(uri + strlen(HTTPS), '@', strcspn(uri + strlen(HTTPS),
	    "/?#")) != NULL)
		return false;
	a = owner(server, &na);
	b = owner(uri, &nb);
	return na > 0 && na == nb && strncasecmp(a, b, na) == 0;
}

/* The number of a Let's Encrypt account in either form; NULL: another URL. */
static const char *
legacy(const char *uri, size_t *which)
{
	char start[128];

	for (*which = 0; *which < NMOVED; (*which)++) {
		(void)snprintf(start, sizeof(start), HTTPS "%s/acme/reg/",
		    moved[*which].oldhost);
		if (str_starts(uri, start))
			return uri + strlen(start);
		(void)snprintf(start, sizeof(start), HTTPS "%s/acme/acct/",
		    moved[*which].host);
		if (str_starts(uri, start))
			return uri + strlen(start);
	}
	return NULL;
}

bool
account_uri_same(const char *a, const char *b)
{
	const char *na, *nb;
	size_t wa, wb;

	if (strcmp(a, b) == 0)
		return true;
	na = legacy(a, &wa);
	nb = legacy(b, &wb);
	return na != NULL && nb != NULL && wa == wb && na[0] != '\0' &&
	    strspn(na, DIGITS) == strlen(na) && strcmp(na, nb) == 0;
}
