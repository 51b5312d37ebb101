/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

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

__attribute__((noinline)) void
secret_wipe_stack(void)
{
	char dead[64 * 1024];

	secret_wipe(dead, sizeof(dead));
}

static void
wiping_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	secret_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *
wiping_realloc(void *p, size_t n, const char *file, int line)
{
	size_t has = malloc_usable_size(p);
	void *to = NULL;

	if (p != NULL && n > 0 && n <= has)
		return p;
	if (n > 0 && (to = CRYPTO_malloc(n, file, line)) == NULL)
		return NULL;
	if (p != NULL && to != NULL)
		memcpy(to, p, has < n ? has : n);
	wiping_free(p, file, line);
	return to;
}

void
secret_wipe_openssl(void)
{
	/* allocating stays with OpenSSL, so that only our own allocations
	 * are ours to fail */
	(void)CRYPTO_set_mem_functions(NULL, wiping_realloc, wiping_free);
}
