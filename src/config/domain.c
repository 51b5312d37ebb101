/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"
#include "config/config.h"
#include "config/value.h"
#include "http/idn.h"

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* One label, lower case: letters, digits, inner hyphens. */
static bool
label_ok(const char *s, size_t len)
{
	return len >= 1 && len <= 63 && s[0] != '-' && s[len - 1] != '-' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") >= len;
}

static bool
name_ok(const char *name)
{
	const char *label = name;
	size_t len = 0;

	if (strlen(name) > LIMIT_NAME)
		return false;
	for (; ; label += len + 1) {
		len = strcspn(label, ".");
		if (!label_ok(label, len))
			return false;
		if (label[len] == '\0')
			break;
	}
	/* a last label of digits only: an IPv4 address */
	return strspn(label, "0123456789") != len;
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s | 0x20);
}

int
value_domain(const char *value, char **normal, struct error *err)
{
	const char *name = value;
	char *ascii = NULL, *all = NULL;
	size_t len;
	bool star;
	int rc;

	if (strlen(value) > LIMIT_URL)
		return error_set(err, CODE_USAGE, "found a name of %zu bytes, "
		    "want at most %d", strlen(value), LIMIT_NAME);
	star = str_starts(value, "*.");
	if (star)
		name += 2;
	rc = is_ascii(name) ? str_dup(&ascii, name, err) :
	    http_idn(name, &ascii, err);
	if (rc == -1)
		return -1;
	lower(ascii);
	/* "example.com." is the same name */
	len = strlen(ascii);
	if (len > 1 && ascii[len - 1] == '.')
		ascii[len - 1] = '\0';
	if (!name_ok(ascii))
		rc = error_set(err, CODE_USAGE, "found '%s', want a domain "
		    "name", vis(value));
	else
		rc = str_printf(&all, err, "%s%s", star ? "*." : "", ascii);
	free(ascii);
	if (rc == 0)
		*normal = all;
	return rc;
}

int
config_domain(const char *text, char **out, struct error *err)
{
	*out = NULL;
	return value_domain(text, out, err);
}
