/* SPDX-License-Identifier: ISC */
/* The objects of a CA: directory, account, order, authorization, challenge,
 * renewal information. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "acme/account.h"
#include "acme/ari.h"
#include "acme/authz.h"
#include "acme/challenge.h"
#include "acme/directory.h"
#include "acme/order.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acme_answer a = { .status = 200, .url = "fuzz" };
	struct acme_directory d;
	struct acme_account account;
	struct acme_order o;
	struct acme_authz z;
	struct acme_challenge c;
	struct acme_ari r;
	struct error err;
	json *j = NULL;

	if (json_parse((const char *)data, size, "fuzz", &j, &err) == -1)
		return 0;
	a.body = j;
	if (acme_directory_parse(j, "fuzz", &d, &err) == 0) {
		if (strncasecmp(d.new_order, "https://", 8) != 0)
			abort();
		acme_directory_free(&d);
	}
	if (acme_account_answer(&a, NULL, &account, &err) == 0 &&
	    account.state == ACCOUNT_UNREACHABLE)
		abort();
	acme_account_free(&account);
	if (acme_order_parse(j, "fuzz", &o, &err) == 0) {
		if (o.names.n > LIMIT_NAMES || o.expires < 0 ||
		    acme_order_error(&o, "fuzz", &err) != -1)
			abort();
		acme_order_free(&o);
	}
	if (acme_authz_parse(j, "fuzz", &z, &err) == 0) {
		if (z.status == AUTHZ_UNKNOWN || z.expires < 0)
			abort();
		acme_authz_free(&z);
	}
	if (acme_challenge_find(j, "http-01", "fuzz", &c, &err) == 0) {
		if (c.type != NULL && (!acme_token_ok(c.token) ||
		    strlen(c.url) > LIMIT_URL))
			abort();
		acme_challenge_free(&c);
	}
	if (acme_ari_parse(j, "fuzz", (int64_t)size - 8, &r, &err) == 0) {
		if (r.start <= 0 || r.start >= r.end ||
		    r.retry_after < ARI_RETRY_MIN ||
		    r.retry_after > ARI_RETRY_MAX)
			abort();
		acme_ari_free(&r);
	}
	json_put(j);
	return 0;
}
