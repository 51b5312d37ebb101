/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "config/emit.h"

static int
dump_section(struct emit *e, const struct config *c, const char *section,
    struct error *err)
{
	const struct schema_key *k;

	if (section != NULL &&
	    (emit_text(e, section, err) == -1 || emit_map(e, err) == -1))
		return -1;
	for (size_t i = 0; i < schema_size; i++) {
		k = &schema[i];
		if (k->scope != SCOPE_TOP ||
		    (k->section == NULL) != (section == NULL) ||
		    (section != NULL && strcmp(k->section, section) != 0))
			continue;
		if (emit_key(e, k, c, err) == -1)
			return -1;
	}
	return section != NULL ? emit_map_end(e, 1, err) : 0;
}

static int
dump_entry(struct emit *e, enum scope scope, const char *name,
    const void *obj, struct error *err)
{
	if (emit_text(e, name, err) == -1 || emit_map(e, err) == -1)
		return -1;
	for (size_t i = 0; i < schema_size; i++)
		if (schema[i].scope == scope &&
		    emit_key(e, &schema[i], obj, err) == -1)
			return -1;
	return emit_map_end(e, 1, err);
}

static int
dump_all(struct emit *e, const struct config *c, struct error *err)
{
	if (emit_map(e, err) == -1 ||
	    dump_section(e, c, "certbot", err) == -1 ||
	    dump_section(e, c, NULL, err) == -1 ||
	    dump_section(e, c, "acme", err) == -1 ||
	    emit_text(e, "peers", err) == -1 || emit_map(e, err) == -1)
		return -1;
	for (size_t i = 0; i < c->npeers; i++)
		if (dump_entry(e, SCOPE_PEER, c->peers[i]->name, c->peers[i],
		    err) == -1)
			return -1;
	if (emit_map_end(e, 1, err) == -1 ||
	    emit_text(e, "certificates", err) == -1 || emit_map(e, err) == -1)
		return -1;
	for (size_t i = 0; i < c->ncerts; i++)
		if (dump_entry(e, SCOPE_CERT, c->certs[i]->name, c->certs[i],
		    err) == -1)
			return -1;
	if (emit_map_end(e, 2, err) == -1)
		return -1;
	return emit_finish(e, err);
}

int
config_dump(const struct config *c, struct buf *out, struct error *err)
{
	struct emit *e = NULL;
	int rc;

	rc = emit_begin(out, &e, err);
	if (rc == 0)
		rc = dump_all(e, c, err);
	emit_free(e);
	return rc;
}
