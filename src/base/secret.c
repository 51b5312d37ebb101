/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int
secret_alloc(struct secret *s, size_t len, struct error *err)
{
	s->data = NULL;
	s->len = 0;
	if (len == SIZE_MAX || (s->data = calloc(1, len + 1)) == NULL)
		return error_nomem(err);
	s->len = len;
	return 0;
}

int
secret_dup(struct secret *s, const void *data, size_t len, struct error *err)
{
	if (secret_alloc(s, len, err) == -1)
		return -1;
	if (len > 0)
		memcpy(s->data, data, len);
	return 0;
}

void
secret_free(struct secret *s)
{
	secret_wipe(s->data, s->len);
	free(s->data);
	s->data = NULL;
	s->len = 0;
}

void
secret_wipe(void *p, size_t len)
{
	if (p != NULL && len > 0)
		explicit_bzero(p, len);
}
