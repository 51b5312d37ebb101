/* SPDX-License-Identifier: ISC */
/* sync.json, and what the process of one peer tells. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sync/backoff.h"
#include "sync/outcome.h"
#include "sync/state.h"

#define NOW	((int64_t)1800000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
state(const char *text, size_t len)
{
	struct sync_state st;
	struct error err;

	if (sync_state_parse(text, len, NOW, &st, &err) == -1)
		return;
	for (size_t i = 0; i < st.n; i++) {
		const struct sync_memo *m = &st.v[i];

		if (m->name[0] == '\0' || m->attempt > NOW ||
		    m->failing > NOW || m->owed > NOW || m->next < 0 ||
		    m->next > NOW + BACKOFF_ASKED ||
		    strlen(m->who) >= sizeof(m->who) || (i > 0 &&
		    strcmp(st.v[i - 1].name, m->name) >= 0))
			abort();
	}
	sync_state_free(&st);
}

static void
outcome(const char *text, size_t len)
{
	struct sync_result r;
	struct error why, err;

	if (outcome_read(text, len, "peer", &r, &why, &err) == 0 &&
	    (r.code != verdicts_code(&r.refs) || why.retry_after < -1))
		abort();
	sync_result_free(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	state((const char *)data, size);
	outcome((const char *)data, size);
	return 0;
}
