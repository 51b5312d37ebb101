/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_EMIT_H
#define CONFIG_EMIT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strs.h"
#include "config/schema.h"

/* Writing YAML with libyaml's emitter, which knows all about quoting. */
struct emit;

int emit_begin(struct buf *out, struct emit **e, struct error *err)
    WARN_UNUSED;
/* A key, or a text as value; quoted where it would not read back as text. */
int emit_text(struct emit *e, const char *text, struct error *err)
    WARN_UNUSED;
/* A value that is no text to YAML (true, 30). */
int emit_plain(struct emit *e, const char *text, struct error *err)
    WARN_UNUSED;
int emit_list(struct emit *e, const struct strs *l, struct error *err)
    WARN_UNUSED;
int emit_map(struct emit *e, struct error *err) WARN_UNUSED;
/* Ends so many maps. */
int emit_map_end(struct emit *e, int n, struct error *err) WARN_UNUSED;
int emit_finish(struct emit *e, struct error *err) WARN_UNUSED;
/* Always, also after emit_finish(). */
void emit_free(struct emit *e);

/* "name: value" of a key. */
int emit_key(struct emit *e, const struct schema_key *k, const void *obj,
    struct error *err) WARN_UNUSED;

#endif
