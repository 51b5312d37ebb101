/* SPDX-License-Identifier: ISC */
#include "acme/ari.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/strs.h"
#include "base/vis.h"
#include "jose/b64url.h"

void
acme_ari_free(struct acme_ari *a)
{
	free(a->explanation_url);
	memset(a, 0, sizeof(*a));
}

int
acme_ari_id(const void *key_id, size_t key_id_len, const void *serial,
    size_t serial_len, char **out, struct error *err)
{
	struct buf b;

	if (key_id_len == 0 || key_id_len > ARI_KEY_ID_MAX)
		return error_set(err, CODE_ERROR, "found an authority key "
		    "identifier of %zu bytes, want 1 to %d", key_id_len,
		    ARI_KEY_ID_MAX);
	if (serial_len == 0 || serial_len > ARI_SERIAL_MAX)
		return error_set(err, CODE_ERROR, "found a serial number of "
		    "%zu bytes, want 1 to %d", serial_len, ARI_SERIAL_MAX);
	buf_init(&b, LIMIT_URL);
	b64url_encode(&b, key_id, key_id_len);
	buf_addc(&b, '.');
	b64url_encode(&b, serial, serial_len);
	if (buf_check(&b, "certificate id", err) == -1) {
		buf_free(&b);
		return -1;
	}
	if ((*out = buf_steal(&b)) == NULL)
		return error_nomem(err);
	return 0;
}

int
acme_ari_url(const char *renewal_info, const char *id, char **out,
    struct error *err)
{
	return str_printf(out, err, "%s%s%s", renewal_info,
	    str_ends(renewal_info, "/") ? "" : "/", id);
}

static int
parse_time(const json *window, const char *name, const char *what,
    int64_t *out, struct error *err)
{
	const char *s = NULL;

	if (json_get_str(window, name, JSON_REQUIRED, what, &s, err) == -1)
		return -1;
	if (time_parse(s, out, err) == -1)
		return error_wrap(err, "'%s': member '%s'", vis(what), name);
	if (*out <= 0)
		return error_set(err, CODE_ERROR, "'%s': member '%s': found "
		    "'%s', want a time behind 1970", vis(what), name, vis(s));
	return 0;
}

static int
parse_explanation(const json *j, struct acme_ari *out, struct error *err)
{
	const char *s = json_str(json_get(j, "explanationURL"));

	if (s == NULL || !str_starts(s, "https://") || strlen(s) > LIMIT_URL)
		return 0;
	return str_dup(&out->explanation_url, s, err);
}

static int64_t
held(int64_t retry_after)
{
	if (retry_after < 0)
		return ARI_RETRY_NONE;
	if (retry_after < ARI_RETRY_MIN)
		return ARI_RETRY_MIN;
	return retry_after > ARI_RETRY_MAX ? ARI_RETRY_MAX : retry_after;
}

int
acme_ari_parse(const json *j, const char *what, int64_t retry_after,
    struct acme_ari *out, struct error *err)
{
	json *window = NULL;

	memset(out, 0, sizeof(*out));
	if (json_get_obj(j, "suggestedWindow", JSON_REQUIRED, what, &window,
	    err) == -1 ||
	    parse_time(window, "start", what, &out->start, err) == -1 ||
	    parse_time(window, "end", what, &out->end, err) == -1)
		return -1;
	if (out->start >= out->end)
		return error_set(err, CODE_ERROR, "'%s': member "
		    "'suggestedWindow': its end is not behind its start",
		    vis(what));
	out->retry_after = held(retry_after);
	if (parse_explanation(j, out, err) == -1) {
		acme_ari_free(out);
		return -1;
	}
	return 0;
}
