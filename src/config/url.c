/* SPDX-License-Identifier: ISC */
#include "config/url.h"

#include <string.h>

static const char alnum[] = "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* All len characters are letters, digits or one of extra. */
static bool
only(const char *s, size_t len, const char *extra)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\0' || (strchr(alnum, s[i]) == NULL &&
		    strchr(extra, s[i]) == NULL))
			return false;
	return len > 0;
}

/* ":22", or nothing. */
static bool
port(const char *s, const char *end, long *out)
{
	long n = 0;

	*out = 0;
	if (s == end)
		return true;
	if (*s++ != ':' || s == end || end - s > 5)
		return false;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (*s - '0');
	}
	*out = n;
	return n >= 1 && n <= 65535;
}

bool
url_split(const char *text, struct url *u)
{
	const char *p, *end, *at;

	memset(u, 0, sizeof(*u));
	if ((p = strstr(text, "://")) == NULL)
		return false;
	u->scheme = text;
	u->scheme_len = (size_t)(p - text);
	p += 3;
	end = p + strcspn(p, "/?#");
	u->rest = end;
	/* the last one: an "@" in a password makes no other host */
	if ((at = memrchr(p, '@', (size_t)(end - p))) != NULL) {
		u->has_user = true;
		u->user = p;
		u->user_len = (size_t)(at - p);
		u->password = memchr(p, ':', u->user_len) != NULL;
		p = at + 1;
	}
	if (*p == '[') {
		u->literal = true;
		u->host = ++p;
		u->host_len = strcspn(p, "]");
		p += u->host_len;
		if (p >= end || *p != ']' ||
		    !only(u->host, u->host_len, ":.%_-"))
			return false;
		p++;
	} else {
		u->host = p;
		u->host_len = (size_t)(end - p);
		if (memchr(p, ':', u->host_len) != NULL)
			u->host_len = strcspn(p, ":");
		p += u->host_len;
		/* a host that starts with '-' would be an option of ssh's */
		if (!only(u->host, u->host_len, "._-") || u->host[0] == '-')
			return false;
	}
	if (u->host_len > 255 || !only(text, u->scheme_len, "+.-"))
		return false;
	if (u->has_user && (!only(u->user, u->user_len, "._-+~") ||
	    u->user[0] == '-'))
		return false;
	return port(p, end, &u->port);
}
