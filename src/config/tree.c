/* SPDX-License-Identifier: ISC */
#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/vis.h"
#include "config/config.h"

struct reader {
	yaml_parser_t parser;
	size_t file;
	struct node *stack[LIMIT_CONFIG_DEPTH];
	size_t depth;
	struct node *root;
	size_t nodes;
	bool stop;		/* what follows cannot be read */
	struct problems *problems;
};

const char *
config_library(void)
{
	return yaml_get_version_string();
}

void
node_free(struct node *n)
{
	if (n == NULL)
		return;
	/* at most LIMIT_CONFIG_DEPTH deep */
	for (size_t i = 0; i < n->n; i++)
		node_free(n->items[i]);
	free(n->items);
	free(n->text);
	free(n);
}

static bool
is_number(const char *s)
{
	static const char *const words[] = { ".inf", ".nan" };
	bool digit = false, exponent;

	if (*s == '+' || *s == '-')
		s++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'o' || s[1] == 'b'))
		return s[2] != '\0' && s[2 + strspn(s + 2,
		    "0123456789abcdefABCDEF_")] == '\0';
	/* digits, fractions, exponents and YAML 1.1's 1:30 and 1_000 */
	for (; *s != '\0'; s++) {
		exponent = digit && (*s == 'e' || *s == 'E');
		if (*s >= '0' && *s <= '9')
			digit = true;
		else if (exponent && (s[1] == '+' || s[1] == '-'))
			s++;
		else if (!exponent && strchr("._:", *s) == NULL)
			return false;
	}
	return digit;
}

enum scalar
scalar_kind(const char *text)
{
	static const char *const nulls[] = { "", "~", "null" };
	static const char *const bools[] = { "true", "false", "yes", "no",
		"on", "off", "y", "n" };

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (strcasecmp(text, nulls[i]) == 0)
			return SCALAR_NULL;
	for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++)
		if (strcasecmp(text, bools[i]) == 0)
			return SCALAR_BOOL;
	return is_number(text) ? SCALAR_NUMBER : SCALAR_TEXT;
}

const char *
node_text(const struct node *n, char *buf, size_t size)
{
	const char *kind = "a text";

	if (n->type == NODE_LIST)
		return "a list";
	if (n->type == NODE_MAP)
		return "a map";
	if (n->plain) {
		switch (scalar_kind(n->text)) {
		case SCALAR_NULL:
			return "nothing";
		case SCALAR_BOOL:
			kind = "a boolean";
			break;
		case SCALAR_NUMBER:
			kind = "a number";
			break;
		case SCALAR_TEXT:
			break;
		}
	}
	(void)snprintf(buf, size, "%s ('%s')", kind, vis(n->text));
	return buf;
}

bool
node_same(const struct node *a, const struct node *b)
{
	if (a->type != b->type || a->n != b->n)
		return false;
	if (a->type == NODE_SCALAR)
		return a->plain == b->plain ? strcmp(a->text, b->text) == 0 :
		    /* "2m" and 2m are one; "8" and 8 are not */
		    strcmp(a->text, b->text) == 0 &&
		    scalar_kind(a->text) == SCALAR_TEXT;
	for (size_t i = 0; i < a->n; i++)
		if (!node_same(a->items[i], b->items[i]))
			return false;
	return true;
}

static struct place
place(const struct reader *r, const yaml_mark_t *mark)
{
	struct place at = { r->file, mark->line + 1, mark->column + 1 };

	return at;
}

static int
append(struct node *to, struct node *n, struct error *err)
{
	struct node **v;

	v = mem_grow(to->items, to->n, &to->cap, sizeof(struct node *));
	if (v == NULL)
		return error_nomem(err);
	to->items = v;
	to->items[to->n++] = n;
	return 0;
}

/* A new node where the parser is; it belongs to the tree at once. */
static int
add_node(struct reader *r, enum node_type type, const yaml_mark_t *mark,
    struct node **out, struct error *err)
{
	struct place at = place(r, mark);
	struct node *n;

	if (++r->nodes > LIMIT_CONFIG_NODES) {
		r->stop = true;
		*out = NULL;
		return problem_add(r->problems, &at, CODE_USAGE, err,
		    "more than %d values, want fewer", LIMIT_CONFIG_NODES);
	}
	if ((n = calloc(1, sizeof(*n))) == NULL)
		return error_nomem(err);
	n->type = type;
	n->at = at;
	if (r->depth == 0)
		r->root = n;
	else if (append(r->stack[r->depth - 1], n, err) == -1) {
		free(n);
		return -1;
	}
	*out = n;
	return 0;
}

static int
refuse(struct reader *r, const yaml_mark_t *mark, const char *what,
    struct error *err)
{
	struct place at = place(r, mark);

	return problem_add(r->problems, &at, CODE_USAGE, err, "%s not taken "
	    "here, write the value itself", what);
}

static int
check_marks(struct reader *r, const yaml_event_t *e, const void *anchor,
    const void *tag, struct node *n, struct error *err)
{
	if (n == NULL)
		return 0;
	if (anchor != NULL) {
		n->bad = true;
		if (refuse(r, &e->start_mark, "anchors (&) are", err) == -1)
			return -1;
	}
	if (tag != NULL) {
		n->bad = true;
		if (refuse(r, &e->start_mark, "tags (!) are", err) == -1)
			return -1;
	}
	return 0;
}

static int
on_scalar(struct reader *r, const yaml_event_t *e, struct error *err)
{
	const char *value = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;
	struct node *n;

	if (add_node(r, NODE_SCALAR, &e->start_mark, &n, err) == -1)
		return -1;
	if (n == NULL)
		return 0;
	if ((n->text = strndup(value, len)) == NULL)
		return error_nomem(err);
	n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (strlen(n->text) != len) {
		n->bad = true;
		if (problem_add(r->problems, &n->at, CODE_USAGE, err,
		    "found a NUL character in a text") == -1)
			return -1;
	}
	return check_marks(r, e, e->data.scalar.anchor, e->data.scalar.tag, n,
	    err);
}

static int
on_alias(struct reader *r, const yaml_event_t *e, struct error *err)
{
	struct node *n;

	if (add_node(r, NODE_SCALAR, &e->start_mark, &n, err) == -1)
		return -1;
	if (n == NULL)
		return 0;
	n->bad = true;
	if ((n->text = strdup("*")) == NULL)
		return error_nomem(err);
	return refuse(r, &e->start_mark, "aliases (*) are", err);
}

static int
on_start(struct reader *r, const yaml_event_t *e, enum node_type type,
    const void *anchor, const void *tag, struct error *err)
{
	struct place at = place(r, &e->start_mark);
	struct node *n;

	if (r->depth == LIMIT_CONFIG_DEPTH) {
		r->stop = true;
		return problem_add(r->problems, &at, CODE_USAGE, err,
		    "nested more than %d deep", LIMIT_CONFIG_DEPTH);
	}
	if (add_node(r, type, &e->start_mark, &n, err) == -1)
		return -1;
	if (n == NULL)
		return 0;
	r->stack[r->depth++] = n;
	return check_marks(r, e, anchor, tag, n, err);
}

static int
on_document(struct reader *r, const yaml_event_t *e, struct error *err)
{
	struct place at = place(r, &e->start_mark);

	if (r->root == NULL)
		return 0;
	r->stop = true;
	return problem_add(r->problems, &at, CODE_USAGE, err, "a second "
	    "document starts here, want only one");
}

static int
on_event(struct reader *r, const yaml_event_t *e, struct error *err)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(r, e, err);
	case YAML_ALIAS_EVENT:
		return on_alias(r, e, err);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e, err);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(r, e, NODE_LIST, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag, err);
	case YAML_MAPPING_START_EVENT:
		return on_start(r, e, NODE_MAP, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	case YAML_STREAM_END_EVENT:
		r->stop = true;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

/* The parser gave up: its own words, and where. */
static int
on_failure(struct reader *r, struct error *err)
{
	const yaml_parser_t *p = &r->parser;
	struct place at = place(r, &p->problem_mark);

	if (p->error == YAML_MEMORY_ERROR)
		return error_nomem(err);
	if (p->error == YAML_READER_ERROR) {
		/* it has an offset only; near enough is where it had read */
		at = place(r, &p->mark);
		return problem_add(r->problems, &at, CODE_USAGE, err,
		    "not YAML in UTF-8: %s (byte %zu of the file)",
		    p->problem != NULL ? p->problem : "unreadable",
		    p->problem_offset);
	}
	return problem_add(r->problems, &at, CODE_USAGE, err, "not YAML: "
	    "%s%s%s", p->problem != NULL ? p->problem : "unreadable",
	    p->context != NULL ? ", " : "",
	    p->context != NULL ? p->context : "");
}

static int
read_events(struct reader *r, struct error *err)
{
	yaml_event_t e;
	int rc;

	while (!r->stop) {
		if (yaml_parser_parse(&r->parser, &e) == 0) {
			/* half a tree would only give more errors */
			node_free(r->root);
			r->root = NULL;
			return on_failure(r, err);
		}
		rc = on_event(r, &e, err);
		yaml_event_delete(&e);
		if (rc == -1)
			return -1;
	}
	return 0;
}

int
tree_read(const char *text, size_t len, size_t file, struct node **out,
    struct problems *problems, struct error *err)
{
	struct reader r;
	int rc;

	memset(&r, 0, sizeof(r));
	*out = NULL;
	r.file = file;
	r.problems = problems;
	if (yaml_parser_initialize(&r.parser) == 0)
		return error_nomem(err);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text,
	    len);
	rc = read_events(&r, err);
	yaml_parser_delete(&r.parser);
	if (rc == -1) {
		node_free(r.root);
		return -1;
	}
	*out = r.root;
	return 0;
}
