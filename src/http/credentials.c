/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "base/vis.h"
#include "http/auth.h"

/* A part of the text, without blanks around it. */
struct part {
	const char *p;
	size_t len;
};

static struct part
trimmed(const char *p, const char *end)
{
	struct part t;

	while (p < end && strchr(" \t\r", *p) != NULL)
		p++;
	while (end > p && strchr(" \t\r", end[-1]) != NULL)
		end--;
	t.p = p;
	t.len = (size_t)(end - p);
	return t;
}

static bool
same(struct part t, const char *s)
{
	return t.len == strlen(s) && memcmp(t.p, s, t.len) == 0;
}

static int
take(struct secret *out, struct part value, struct error *err)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] <= ' ' || value.p[i] > '~')
			return error_set(err, CODE_USAGE, "found a value with "
			    "blanks or other characters than ASCII's, want "
			    "none");
	secret_free(out);
	return value.len == 0 ? 0 : secret_dup(out, value.p, value.len, err);
}

/* One line of the profile. */
static int
setting(struct part line, struct secret *id, struct secret *key,
    struct secret *session, struct error *err)
{
	const char *eq = memchr(line.p, '=', line.len);
	struct part name, value;

	/* other tools keep other settings there, some of them indented */
	if (eq == NULL)
		return 0;
	name = trimmed(line.p, eq);
	value = trimmed(eq + 1, line.p + line.len);
	if (same(name, "aws_access_key_id"))
		return take(id, value, err);
	if (same(name, "aws_secret_access_key"))
		return take(key, value, err);
	if (same(name, "aws_session_token"))
		return take(session, value, err);
	return 0;
}

static int
lines(const char *text, size_t len, const char *profile, struct secret *id,
    struct secret *key, struct secret *session, struct error *err)
{
	const char *p = text, *end = text + len, *nl;
	bool inside = false, seen = false;
	struct part line, name;

	for (; p < end; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		line = trimmed(p, nl);
		if (line.len > 0 && line.p[0] == '[') {
			if (line.p[line.len - 1] != ']')
				return error_set(err, CODE_USAGE, "found a "
				    "line that begins with '[', want "
				    "'[PROFILE]'");
			name = trimmed(line.p + 1, line.p + line.len - 1);
			inside = same(name, profile);
			seen = seen || inside;
		} else if (inside && line.len > 0 && line.p[0] != '#' &&
		    line.p[0] != ';' &&
		    setting(line, id, key, session, err) == -1)
			return -1;
	}
	if (!seen)
		return error_set(err, CODE_USAGE, "found no profile '[%s]', "
		    "want one (AWS_PROFILE names another)", vis(profile));
	if (id->data == NULL || key->data == NULL)
		return error_set(err, CODE_USAGE, "found no %s in the profile "
		    "'[%s]', want one", id->data == NULL ?
		    "aws_access_key_id" : "aws_secret_access_key",
		    vis(profile));
	return 0;
}

int
http_credentials(const char *text, size_t len, const char *profile,
    struct secret *id, struct secret *key, struct secret *session,
    struct error *err)
{
	int rc = -1;

	if (memchr(text, '\0', len) != NULL)
		error_set(err, CODE_USAGE, "found a NUL byte, want text");
	else
		rc = lines(text, len, profile, id, key, session, err);
	if (rc == -1) {
		secret_free(id);
		secret_free(key);
		secret_free(session);
	}
	return rc;
}
