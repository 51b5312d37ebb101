/* SPDX-License-Identifier: ISC */
/* The objects of a CA: directory, account, order, authorization. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "acme/account.h"
#include "acme/authz.h"
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
		if (o.names.n > LIMIT_NAMES || o.expires < 0)
			abort();
		acme_order_free(&o);
	}
	if (acme_authz_parse(j, "fuzz", &z, &err) == 0) {
		if (z.status == AUTHZ_UNKNOWN || z.expires < 0)
			abort();
		acme_authz_free(&z);
	}
	json_put(j);
	return 0;
}
