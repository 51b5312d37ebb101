/* SPDX-License-Identifier: ISC */
#include "config/emit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/utf8.h"
#include "base/vis.h"
#include "config/tree.h"

struct emit {
	yaml_emitter_t y;
	struct buf *out;
};

static int
write_out(void *arg, unsigned char *data, size_t size)
{
	struct emit *e = arg;

	buf_add(e->out, data, size);
	return e->out->failed ? 0 : 1;
}

/* Sends an event; it is taken over also by a failure. */
static int
send(struct emit *e, int made, yaml_event_t *event, struct error *err)
{
	if (made == 0)
		return error_nomem(err);
	if (yaml_emitter_emit(&e->y, event) != 0)
		return 0;
	if (e->y.error == YAML_MEMORY_ERROR || e->out->nomem)
		return error_nomem(err);
	return error_set(err, CODE_ERROR, "configuration: cannot be written "
	    "as YAML: %s", e->y.problem != NULL ? e->y.problem : "too long");
}

int
emit_begin(struct buf *out, struct emit **ep, struct error *err)
{
	yaml_event_t event;
	struct emit *e;

	*ep = NULL;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return error_nomem(err);
	e->out = out;
	if (yaml_emitter_initialize(&e->y) == 0) {
		free(e);
		return error_nomem(err);
	}
	*ep = e;
	yaml_emitter_set_output(&e->y, write_out, e);
	yaml_emitter_set_unicode(&e->y, 1);
	yaml_emitter_set_width(&e->y, -1);
	if (send(e, yaml_stream_start_event_initialize(&event,
	    YAML_UTF8_ENCODING), &event, err) == -1)
		return -1;
	return send(e, yaml_document_start_event_initialize(&event, NULL,
	    NULL, NULL, 1), &event, err);
}

static int
scalar(struct emit *e, const char *text, yaml_scalar_style_t style,
    struct error *err)
{
	size_t len = strlen(text);
	yaml_event_t event;
	int made;

	if (utf8_valid_len(text, len) != len)
		return error_set(err, CODE_USAGE, "'%s': is not UTF-8 and "
		    "cannot be written into a configuration", vis(text));
	/* the cast: libyaml only reads it */
	made = yaml_scalar_event_initialize(&event, NULL, NULL,
	    (yaml_char_t *)(uintptr_t)text, (int)len, 1, 1, style);
	return send(e, made, &event, err);
}

int
emit_text(struct emit *e, const char *text, struct error *err)
{
	return scalar(e, text, scalar_kind(text) == SCALAR_TEXT ?
	    YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE, err);
}

int
emit_plain(struct emit *e, const char *text, struct error *err)
{
	return scalar(e, text, YAML_PLAIN_SCALAR_STYLE, err);
}

int
emit_list(struct emit *e, const struct strs *l, struct error *err)
{
	yaml_event_t event;
	int made;

	made = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
	    YAML_FLOW_SEQUENCE_STYLE);
	if (send(e, made, &event, err) == -1)
		return -1;
	for (size_t i = 0; i < l->n; i++)
		if (emit_text(e, l->v[i], err) == -1)
			return -1;
	return send(e, yaml_sequence_end_event_initialize(&event), &event,
	    err);
}

int
emit_map(struct emit *e, struct error *err)
{
	yaml_event_t event;
	int made;

	made = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
	    YAML_BLOCK_MAPPING_STYLE);
	return send(e, made, &event, err);
}

int
emit_map_end(struct emit *e, int n, struct error *err)
{
	yaml_event_t event;

	for (; n > 0; n--)
		if (send(e, yaml_mapping_end_event_initialize(&event), &event,
		    err) == -1)
			return -1;
	return 0;
}

int
emit_finish(struct emit *e, struct error *err)
{
	yaml_event_t event;

	if (send(e, yaml_document_end_event_initialize(&event, 1), &event,
	    err) == -1)
		return -1;
	return send(e, yaml_stream_end_event_initialize(&event), &event, err);
}

void
emit_free(struct emit *e)
{
	if (e == NULL)
		return;
	yaml_emitter_delete(&e->y);
	free(e);
}

int
emit_key(struct emit *e, const struct schema_key *k, const void *obj,
    struct error *err)
{
	const char *text;
	char buf[32];

	if (emit_text(e, k->name, err) == -1)
		return -1;
	if (k->type == VALUE_LIST)
		return emit_list(e, schema_const_slot(k, obj), err);
	text = schema_text(k, obj, buf, sizeof(buf));
	if (k->type == VALUE_BOOL || k->type == VALUE_COUNT)
		return emit_plain(e, text, err);
	return emit_text(e, text, err);
}
