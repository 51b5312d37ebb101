/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sync/merge.h"
#include "sync/pull.h"

int
sync_receive(void *arg, struct store *s, struct offer *offer,
    enum prefer prefer, bool verbatim, struct verdicts *out,
    struct error *err)
{
	const struct sync_receive_arg *r = arg;
	struct merge m = { .config = r->config, .peer = r->peer,
		.servers = r->servers, .prefer = prefer,
		.verbatim = verbatim, .dry_run = r->dry_run, .ask = r->ask,
		.check_digest = r->check_digest, .max_wait = r->max_wait,
		.giver = r->giver, .to = r->to };
	struct strs notes = { 0 };
	bool changed = false, *chosen;
	int rc;

	if ((chosen = calloc(offer->n + 1, sizeof(*chosen))) == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < offer->n; i++)
		chosen[i] = r->chosen == NULL || (*r->chosen)[i];
	m.chosen = chosen;
	rc = sync_merge(s, offer, &m, out, &notes, &changed, err);
	if (rc == 0 && !r->dry_run)
		rc = sync_remember(s, r->config, &offer->hints, r->servers,
		    err);
	for (size_t i = 0; i < notes.n; i++)
		log_step("%s", notes.v[i]);
	strs_free(&notes);
	free(chosen);
	return rc;
}
