/* SPDX-License-Identifier: ISC */
/* A configuration file from anywhere, through libyaml and the schema: what is
 * valid is printed, read again, and printed the same.  The input may be two
 * files with a 0xfe byte between them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *text[2];
	size_t len[2], n;
};

/* NULL where there are problems (or no memory). */
static struct config *
read_config(const struct input *in)
{
	struct problems problems = { 0 };
	struct node *trees[2] = { NULL, NULL };
	struct strs files = { 0 }, lines = { 0 };
	struct apply a = { .files = &files, .problems = &problems };
	struct config *c;
	enum code code;
	struct error err;
	int rc;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	a.config = c;
	rc = schema_defaults(SCOPE_TOP, c, &err);
	for (size_t i = 0; i < 2 && rc == 0; i++)
		rc = strs_add(&files, i == 0 ? "one" : "two", &err);
	for (size_t i = 0; i < in->n && rc == 0; i++) {
		rc = tree_read(in->text[i], in->len[i], i, &trees[i],
		    &problems, &err);
		if (rc == 0)
			rc = apply_tree(&a, trees[i], &err);
	}
	if (rc == 0)
		rc = apply_check(&a, &err);
	if (rc == 0 && problems_lines(&problems, &files, &lines, &code,
	    &err) == 0 && (problems.n == 0) != (code == CODE_OK))
		abort();
	if (rc == -1 || problems.n > 0) {
		config_free(c);
		c = NULL;
	}
	apply_free(&a);
	problems_free(&problems);
	strs_free(&files);
	strs_free(&lines);
	node_free(trees[0]);
	node_free(trees[1]);
	return c;
}

static void
dump(const struct config *c, struct buf *b)
{
	struct error err;

	buf_init(b, (size_t)1 << 24);
	if (config_dump(c, b, &err) == -1 || b->failed)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { { (const char *)data }, { size }, 1 };
	const uint8_t *cut;
	struct config *c;
	struct buf one, two;

	if (size > 0 && (cut = memchr(data, 0xfe, size)) != NULL) {
		in.len[0] = (size_t)(cut - data);
		in.text[1] = (const char *)cut + 1;
		in.len[1] = size - in.len[0] - 1;
		in.n = 2;
	}
	if ((c = read_config(&in)) == NULL)
		return 0;
	dump(c, &one);
	config_free(c);
	in.n = 1;
	in.text[0] = buf_str(&one);
	in.len[0] = one.len;
	if ((c = read_config(&in)) == NULL)
		abort();	/* what we print is not read back */
	dump(c, &two);
	if (strcmp(buf_str(&one), buf_str(&two)) != 0)
		abort();
	config_free(c);
	buf_free(&one);
	buf_free(&two);
	return 0;
}
