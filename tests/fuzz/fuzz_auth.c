/* SPDX-License-Identifier: ISC */
/* The first byte chooses: a netrc, or AWS' credentials. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int r, const struct error *err, const struct secret *user,
    const struct secret *password)
{
	if (r == 0 && (user->data == NULL || password->data == NULL))
		abort();
	/* nothing is left of one that is refused, and the reason is told */
	if (r == -1 && (user->data != NULL || password->data != NULL ||
	    err->code != CODE_USAGE || err->msg[0] == '\0'))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secret user = { 0 }, password = { 0 }, session = { 0 };
	struct error err;
	char *text;
	int r;

	if (size == 0)
		return 0;
	/* one that ends where it ends, for ASan to see */
	if ((text = malloc(size)) == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	error_clear(&err);
	if (data[0] == 'n')
		r = http_netrc(text, size - 1, "h.example", &user, &password,
		    &err);
	else
		r = http_credentials(text, size - 1, "default", &user,
		    &password, &session, &err);
	check(r, &err, &user, &password);
	for (const unsigned char *s = session.data; s != NULL && *s != '\0';
	    s++)
		if (*s <= ' ' || *s > '~')
			abort();
	secret_free(&user);
	secret_free(&password);
	secret_free(&session);
	free(text);
	return 0;
}
