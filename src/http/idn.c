/* SPDX-License-Identifier: ISC */
#include "http/idn.h"

#include <locale.h>
#include <stdbool.h>

#include "base/strs.h"
#include "base/vis.h"
#include "http/curl_lib.h"

/* libcurl reads the name in the charset of the locale: ours is UTF-8,
 * whatever the environment says. */
static int
to_ascii(CURLU *u, const char *host, char **out)
{
	locale_t utf8, old;
	int rc = -1;

	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8 == (locale_t)0)
		return -1;
	old = uselocale(utf8);
	if (curl.url_set(u, CURLUPART_HOST, host, 0) == CURLUE_OK &&
	    curl.url_get(u, CURLUPART_HOST, out, CURLU_PUNYCODE) ==
	    CURLUE_OK)
		rc = 0;
	(void)uselocale(old);
	freelocale(utf8);
	return rc;
}

static bool
have_idn(void)
{
	const curl_version_info_data *v = curl.version_info(CURLVERSION_NOW);

	return (v->features & CURL_VERSION_IDN) != 0;
}

int
http_idn(const char *host, char **out, struct error *err)
{
	char *ascii = NULL;
	CURLU *u;
	int rc;

	*out = NULL;
	if (curl_load(err) == -1)
		return -1;
	if (!have_idn())
		return error_set(err, CODE_USAGE, "found '%s', want A-labels "
		    "(xn--...): this libcurl was built without IDN",
		    vis(host));
	if ((u = curl.url()) == NULL)
		return error_nomem(err);
	if (to_ascii(u, host, &ascii) == 0)
		rc = str_dup(out, ascii, err);
	else
		rc = error_set(err, CODE_USAGE, "found '%s', want a name that "
		    "IDNA allows, or its A-labels (xn--...)", vis(host));
	curl.free(ascii);
	curl.url_cleanup(u);
	return rc;
}

const char *
http_library(void)
{
	struct error ignored;

	error_clear(&ignored);
	return curl_load(&ignored) == 0 ?
	    curl.version_info(CURLVERSION_NOW)->version : "missing";
}
