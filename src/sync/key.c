/* SPDX-License-Identifier: ISC */
#include "sync/key.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acme/account.h"
#include "acme/acme.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/vis.h"
#include "jose/jwk.h"
#include "store/account.h"
#include "sync/merge.h"

#ifndef HOST_NAME_MAX
#define HOST_NAME_MAX 255
#endif

/* ---- what the CA says --------------------------------------------------- */

static int
refused(const struct sync_key *k, enum account_state state,
    struct error *err)
{
	if (state == ACCOUNT_UNKNOWN)
		return error_set(err, CODE_ACCOUNT, "'%s': '%s' knows no "
		    "account for this key; nothing was registered; is it "
		    "another CA's (--server)?", vis(k->from), vis(k->server));
	return error_set(err, CODE_ACCOUNT, "'%s': the account of this key is "
	    "%s at '%s'; it cannot be used any more", vis(k->from),
	    account_state_text(state), vis(k->server));
}

static int
find_url(const struct config *c, const struct sync_key *k,
    const struct jwk *key, char **url, struct error *err)
{
	struct acme_options o = { k->server, c->ca_file, c->proxy,
		k->max_wait };
	struct acme_account found = { 0 };
	struct acme *a = NULL;
	int rc = -1;

	if (acme_open(&o, &a, err) == -1)
		return -1;
	if (acme_account_find(a, key, &found, err) == -1)
		goto out;
	if (found.state != ACCOUNT_VALID || found.location == NULL)
		refused(k, found.state, err);
	else
		rc = str_dup(url, found.location, err);
out:
	acme_account_free(&found);
	acme_free(a);
	return rc;
}

/* ---- certbot's three files ---------------------------------------------- */

/* meta.json is how certbot's menu tells accounts apart. */
static void
add_meta(struct buf *b)
{
	char host[HOST_NAME_MAX + 1] = "";
	struct json_w w;

	(void)gethostname(host, sizeof(host) - 1);
	json_w_init(&w, b, false);
	json_w_obj(&w, NULL);
	json_w_time(&w, "creation_dt", clock_now());
	json_w_str(&w, "creation_host", host);
	json_w_obj_end(&w);
}

static void
add_regr(struct buf *b, const char *url)
{
	struct json_w w;

	json_w_init(&w, b, false);
	json_w_obj(&w, NULL);
	json_w_obj(&w, "body");
	json_w_obj_end(&w);
	json_w_str(&w, "uri", url);
	json_w_obj_end(&w);
}

static int
make_account(const struct sync_key *k, const char *id, const char *url,
    struct account **out, struct error *err)
{
	struct account_texts t = { .text = { [ACCOUNT_KEY] = k->jwk->data },
		.len = { [ACCOUNT_KEY] = k->jwk->len } };
	struct buf meta, regr;
	int rc = -1;

	buf_init(&meta, LIMIT_ACCOUNT_FILE);
	buf_init(&regr, LIMIT_ACCOUNT_FILE);
	add_meta(&meta);
	add_regr(&regr, url);
	if (buf_check(&meta, "meta.json", err) == 0 &&
	    buf_check(&regr, "regr.json", err) == 0) {
		t.text[ACCOUNT_META] = meta.data;
		t.len[ACCOUNT_META] = meta.len;
		t.text[ACCOUNT_REGR] = regr.data;
		t.len[ACCOUNT_REGR] = regr.len;
		rc = account_parse(k->server, id, &t, true, true, out, err);
	}
	buf_free(&meta);
	buf_free(&regr);
	return rc;
}

/* ---- into the store ----------------------------------------------------- */

static int
merge(struct store *s, const struct config *c, const struct sync_key *k,
    struct account *account, struct sync_result *result, struct error *err)
{
	bool chosen = true;
	struct strs servers = { 0 };
	struct merge m = { .config = c, .peer = k->from, .servers = &servers,
		.chosen = &chosen, .prefer = k->prefer, .dry_run = k->dry_run,
		.ask = true, .max_wait = k->max_wait };
	struct offer offer = { 0 };
	struct offered *of;
	int rc = -1;

	if ((of = offer_add(&offer)) == NULL) {
		account_free(account);
		error_nomem(err);
	} else if (offered_set(of, account, OFFERED_SENT, err) == 0 &&
	    strs_add(&servers, k->server, err) == 0)
		rc = sync_merge(s, &offer, &m, &result->refs, &result->notes,
		    &result->changed, err);
	if (rc == 0)
		result->code = verdicts_code(&result->refs);
	strs_free(&servers);
	offer_free(&offer);
	return rc;
}

int
sync_key(struct store *s, const struct config *c, const struct sync_key *k,
    struct sync_result *result, struct error *err)
{
	struct account *account = NULL;
	struct jwk *key = NULL;
	char *url = NULL;
	int rc = -1;

	memset(result, 0, sizeof(*result));
	if (jwk_parse(k->jwk->data, k->jwk->len, k->from, &key, err) == -1)
		return -1;
	if (find_url(c, k, key, &url, err) == 0)
		rc = make_account(k, jwk_info(key)->id, url, &account, err);
	jwk_free(key);
	free(url);
	if (rc == 0 && !k->dry_run)
		rc = sync_finish(s, err);
	if (rc == 0)
		return merge(s, c, k, account, result, err);
	account_free(account);
	return -1;
}
