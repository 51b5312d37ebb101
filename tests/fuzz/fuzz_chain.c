/* SPDX-License-Identifier: ISC */
/* A certificate chain as a CA sends it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "acme/certificate.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strs out, again;
	struct error err;
	char *text;

	if (acme_chain_parse((const char *)data, size, "fuzz", &out,
	    &err) == -1)
		return 0;
	if (out.n == 0 || out.n > LIMIT_CHAIN)
		abort();
	/* what came out is a chain of the same certificates */
	if ((text = strs_join(&out, "")) == NULL)
		abort();
	if (strchr(text, '\r') != NULL ||
	    acme_chain_parse(text, strlen(text), "fuzz", &again, &err) == -1 ||
	    !strs_equal(&out, &again))
		abort();
	free(text);
	strs_free(&again);
	strs_free(&out);
	return 0;
}
