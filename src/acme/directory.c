/* SPDX-License-Identifier: ISC */
#include "acme/directory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"

static const char SCHEME[] = "https://";

bool
url_origin(const char *url, char *buf, size_t size)
{
	size_t len;

	if (strncasecmp(url, SCHEME, sizeof(SCHEME) - 1) != 0)
		return false;
	url += sizeof(SCHEME) - 1;
	len = strcspn(url, "/?#");
	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)url[i]) &&
		    strchr(".-:[]", url[i]) == NULL)
			return false;
		buf[i] = (char)tolower((unsigned char)url[i]);
	}
	buf[len] = '\0';
	if (str_ends(buf, ":443"))
		buf[len - 4] = '\0';
	return true;
}

bool
url_same_origin(const char *a, const char *b)
{
	char x[LIMIT_NAME + 16], y[LIMIT_NAME + 16];

	return url_origin(a, x, sizeof(x)) && url_origin(b, y, sizeof(y)) &&
	    strcmp(x, y) == 0;
}

static int
get_url(const json *j, const char *name, enum json_need need,
    const char *what, char **out, struct error *err)
{
	const char *s = NULL;
	char origin[LIMIT_NAME + 16];

	if (json_get_str(j, name, need, what, &s, err) == -1)
		return -1;
	if (s == NULL)
		return str_dup(out, "", err);
	if (strlen(s) > LIMIT_URL || !url_origin(s, origin, sizeof(origin)))
		return error_set(err, CODE_ERROR, "'%s': member '%s': found "
		    "'%s', want an https:// URL", vis(what), name, vis(s));
	return str_dup(out, s, err);
}

/* meta.profiles: an object of name and description (draft-ietf-acme-profiles);
 * what is none is as if absent. */
static int
get_profiles(const json *meta, struct acme_directory *out,
    struct error *err)
{
	struct json_iter it = { NULL, false };
	const json *list;
	const char *key;
	json *val;

	if (meta == NULL || (list = json_get(meta, "profiles")) == NULL ||
	    !json_is_obj(list))
		return 0;
	out->has_profiles = true;
	while (json_each(list, &it, &key, &val))
		if (strs_add(&out->profiles, key, err) == -1)
			return -1;
	return 0;
}

int
acme_directory_parse(const json *j, const char *what,
    struct acme_directory *out, struct error *err)
{
	json *meta = NULL;

	memset(out, 0, sizeof(*out));
	if (get_url(j, "newNonce", JSON_REQUIRED, what, &out->new_nonce,
	    err) == -1 ||
	    get_url(j, "newAccount", JSON_REQUIRED, what, &out->new_account,
	    err) == -1 ||
	    get_url(j, "newOrder", JSON_REQUIRED, what, &out->new_order,
	    err) == -1 ||
	    get_url(j, "keyChange", JSON_OPTIONAL, what, &out->key_change,
	    err) == -1 ||
	    get_url(j, "renewalInfo", JSON_OPTIONAL, what,
	    &out->renewal_info, err) == -1 ||
	    json_get_obj(j, "meta", JSON_OPTIONAL, what, &meta, err) == -1 ||
	    get_profiles(meta, out, err) == -1)
		goto fail;
	return 0;
fail:
	acme_directory_free(out);
	return -1;
}

void
acme_directory_free(struct acme_directory *d)
{
	free(d->new_nonce);
	free(d->new_account);
	free(d->new_order);
	free(d->key_change);
	free(d->renewal_info);
	strs_free(&d->profiles);
	memset(d, 0, sizeof(*d));
}
