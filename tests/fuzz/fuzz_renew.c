/* SPDX-License-Identifier: ISC */
/* renew.json. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "issue/renew_state.h"

#define NOW	((int64_t)1800000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct renew_state st;
	struct error err;

	if (renew_state_parse((const char *)data, size, NOW, &st, &err) == -1)
		return 0;
	for (size_t i = 0; i < st.n; i++) {
		const struct renew_entry *e = &st.v[i];

		if (e->name[0] == '\0' || strchr(e->name, '/') != NULL ||
		    e->attempt > NOW || e->decided > NOW || e->failing > NOW ||
		    e->next < 0 || (i > 0 && strcmp(st.v[i - 1].name,
		    e->name) >= 0))
			abort();
	}
	renew_state_free(&st);
	return 0;
}
