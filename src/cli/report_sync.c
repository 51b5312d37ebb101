/* SPDX-License-Identifier: ISC */
#include "cli/report_sync.h"

static struct report_refs *
refs_of(struct report_peer *row, enum verdict v)
{
	switch (v) {
	case VERDICT_ADDED:
		return &row->added;
	case VERDICT_UPDATED:
		return &row->updated;
	case VERDICT_UNCHANGED:
		return &row->unchanged;
	case VERDICT_CONFLICT:
		return &row->conflicts;
	case VERDICT_REFUSED:
		return &row->refused;
	}
	return &row->refused;
}

int
cli_report_sync(struct cli *cli, const char *peer,
    const struct sync_result *r, const struct error *why, struct error *err)
{
	struct report_peer *row;
	const struct verdict_ref *ref;

	cli->report.has_peers = true;
	if ((row = report_peer(&cli->report)) == NULL)
		return error_nomem(err);
	if (str_dup(&row->peer, peer, err) == -1)
		return -1;
	row->result = r->code;
	row->retry_after = -1;
	if (why != NULL) {
		row->result = why->code;
		row->retry_after = why->retry_after;
		if (str_dup(&row->error, why->msg, err) == -1)
			return -1;
	}
	for (size_t i = 0; i < r->refs.n; i++) {
		ref = &r->refs.v[i];
		if (report_ref(refs_of(row, ref->verdict), ref->server,
		    ref->id, ref->reason, err) == -1)
			return -1;
	}
	if (r->changed)
		cli->report.changed = true;
	return 0;
}
