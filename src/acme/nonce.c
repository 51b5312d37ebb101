/* SPDX-License-Identifier: ISC */
#include "acme/nonce.h"

#include <stdlib.h>
#include <string.h>

#include "base/strs.h"

int
nonces_put(struct nonces *p, const char *nonce, struct error *err)
{
	char *copy = NULL;

	if (nonce == NULL)
		return 0;
	if (str_dup(&copy, nonce, err) == -1)
		return -1;
	if (p->n == NONCES_MAX) {
		free(p->v[0]);
		memmove(p->v, p->v + 1, (NONCES_MAX - 1) * sizeof(*p->v));
		p->n--;
	}
	p->v[p->n++] = copy;
	return 0;
}

char *
nonces_take(struct nonces *p)
{
	char *s;

	if (p->n == 0)
		return NULL;
	s = p->v[--p->n];
	p->v[p->n] = NULL;
	return s;
}

void
nonces_free(struct nonces *p)
{
	while (p->n > 0)
		free(p->v[--p->n]);
}
