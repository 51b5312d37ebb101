/* SPDX-License-Identifier: ISC */
/* JSON from anywhere: parsed, written, parsed again, written again: the two
 * texts are the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_it(struct buf *b, const json *j)
{
	struct json_w w;

	buf_init(b, (size_t)1 << 24);
	json_w_init(&w, b, true);
	json_w_json(&w, NULL, j);
	if (b->failed)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct buf one, two;
	struct error err;
	json *j, *again;

	if (json_parse_secret(text, size, "fuzz", &j, &err) == -1) {
		if (err.code != CODE_ERROR || j != NULL)
			abort();
		return 0;
	}
	write_it(&one, j);
	if (json_parse(one.data, one.len, "fuzz", &again, &err) == -1)
		abort();
	write_it(&two, again);
	if (one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
		abort();
	buf_free(&one);
	buf_free(&two);
	json_put(again);
	json_put_secret(j);
	return 0;
}
