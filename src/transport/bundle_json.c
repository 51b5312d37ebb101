/* SPDX-License-Identifier: ISC */
#include "transport/bundle_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/vis.h"
#include "transport/message.h"

void
bundle_head_free(struct bundle_head *h)
{
	free(h->channel);
	free(h->sender);
	memset(h, 0, sizeof(*h));
}

bool
bundle_channel_ok(const char *channel)
{
	size_t len = strlen(channel);

	if (len == 0 || len > BUNDLE_CHANNEL_MAX || strchr(channel, '/') !=
	    NULL || utf8_valid_len(channel, len) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)channel[i] < 0x20 || channel[i] == 0x7f)
			return false;
	return true;
}

int
bundle_write(const struct bundle_head *h, const struct offer *o,
    struct buf *out, struct error *err)
{
	const struct offered *of;
	struct json_w w;

	json_w_init(&w, out, true);
	json_w_obj(&w, NULL);
	json_w_str(&w, "format", BUNDLE_FORMAT);
	json_w_int(&w, "version", BUNDLE_VERSION);
	json_w_str(&w, "channel", h->channel);
	json_w_int(&w, "sequence", h->sequence);
	json_w_time(&w, "created", h->created);
	json_w_time(&w, "expires", h->expires);
	json_w_str(&w, "sender", h->sender);
	json_w_arr(&w, "accounts");
	for (size_t i = 0; i < o->n; i++) {
		of = o->v[i];
		if (of->account == NULL)
			continue;
		json_w_obj(&w, NULL);
		json_w_str(&w, "server", of->server);
		json_w_str(&w, "id", of->id);
		put_account_files(&w, of->account);
		json_w_obj_end(&w);
	}
	json_w_arr_end(&w);
	json_w_arr(&w, "lineages");
	for (size_t i = 0; i < o->hints.n; i++)
		put_hint(&w, &o->hints.v[i]);
	json_w_arr_end(&w);
	json_w_obj_end(&w);
	return buf_check(out, h->channel, err);
}

/* ---- reading ------------------------------------------------------------ */

static int
wrong(const char *what, const char *member, const char *wanted,
    struct error *err)
{
	return error_set(err, CODE_ERROR, "'%s': member '%s': want %s",
	    vis(what), member, wanted);
}

static int
get_time(const json *j, const char *member, const char *what, int64_t *out,
    struct error *err)
{
	const char *text = NULL;

	if (json_get_str(j, member, JSON_REQUIRED, what, &text, err) == -1)
		return -1;
	if (time_parse(text, out, err) == -1 || *out <= 0)
		return wrong(what, member, "a time such as "
		    "2026-11-25T14:39:46Z", err);
	return 0;
}

static int
get_format(const json *j, const char *what, struct error *err)
{
	const char *format = NULL;
	int64_t version;

	if (json_get_str(j, "format", JSON_REQUIRED, what, &format, err) ==
	    -1)
		return -1;
	if (strcmp(format, BUNDLE_FORMAT) != 0)
		return wrong(what, "format", BUNDLE_FORMAT, err);
	if (json_get_int(j, "version", JSON_REQUIRED, what, &version, err) ==
	    -1)
		return -1;
	if (version != BUNDLE_VERSION)
		return error_set(err, CODE_ERROR, "'%s': is of version "
		    "%lld, this acmeferry knows %d", vis(what),
		    (long long)version, BUNDLE_VERSION);
	return 0;
}

static int
get_head(const json *j, const char *what, struct bundle_head *h,
    struct error *err)
{
	const char *channel = NULL, *sender = NULL;

	if (get_format(j, what, err) == -1 || json_get_str(j, "channel",
	    JSON_REQUIRED, what, &channel, err) == -1 || json_get_int(j,
	    "sequence", JSON_REQUIRED, what, &h->sequence, err) == -1 ||
	    get_time(j, "created", what, &h->created, err) == -1 ||
	    get_time(j, "expires", what, &h->expires, err) == -1 ||
	    json_get_str(j, "sender", JSON_REQUIRED, what, &sender, err) ==
	    -1)
		return -1;
	if (!bundle_channel_ok(channel))
		return wrong(what, "channel", "the name of a file", err);
	if (h->sequence <= 0)
		return wrong(what, "sequence", "a positive number", err);
	if (strlen(sender) != 64 || strspn(sender, "0123456789abcdef") != 64)
		return wrong(what, "sender", "the SHA-256 of a certificate",
		    err);
	if (str_dup(&h->channel, channel, err) == -1)
		return -1;
	return str_dup(&h->sender, sender, err);
}

static int
get_account(const json *j, const char *what, struct offer *o,
    struct error *err)
{
	const char *server = NULL, *id = NULL;
	struct offered *of;
	json *files = NULL;
	bool bad;

	if (json_get_str(j, "server", JSON_REQUIRED, what, &server, err) ==
	    -1 || json_get_str(j, "id", JSON_REQUIRED, what, &id, err) == -1 ||
	    json_get_obj(j, "files", JSON_REQUIRED, what, &files, err) == -1)
		return -1;
	if ((of = offer_add(o)) == NULL)
		return error_nomem(err);
	of->state = OFFERED_LISTED;
	if (str_dup(&of->server, server, err) == -1 ||
	    str_dup(&of->id, id, err) == -1 ||
	    check_account_names(of, &bad, err) == -1)
		return -1;
	return bad ? 0 : get_account_files(what, files, of, err);
}

static int
get_accounts(const json *arr, const char *what, struct offer *o,
    struct error *err)
{
	size_t n = json_len(arr);

	if (n > LIMIT_PEER_ACCOUNTS)
		return error_set(err, CODE_ERROR, "'%s': has more than %d "
		    "accounts", vis(what), LIMIT_PEER_ACCOUNTS);
	for (size_t i = 0; i < n; i++)
		if (get_account(json_at(arr, i), what, o, err) == -1)
			return -1;
	return 0;
}

int
bundle_read(struct buf *text, const char *what, struct bundle_head *h,
    struct offer *o, struct error *err)
{
	json *j = NULL, *accounts = NULL, *lineages = NULL;
	int rc;

	memset(h, 0, sizeof(*h));
	rc = json_parse_secret(buf_str(text), text->len, what, &j, err);
	/* there may be a lot of it, and all of it is there twice now */
	buf_free(text);
	if (rc == -1)
		return -1;
	rc = -1;
	if (get_head(j, what, h, err) == 0 &&
	    json_get_arr(j, "accounts", JSON_REQUIRED, what, &accounts,
	    err) == 0 && json_get_arr(j, "lineages", JSON_REQUIRED, what,
	    &lineages, err) == 0 &&
	    get_accounts(accounts, what, o, err) == 0)
		rc = get_hint_list(what, lineages, &o->hints, err);
	json_put_secret(j);
	return rc;
}
