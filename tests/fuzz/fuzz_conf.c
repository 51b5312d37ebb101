/* SPDX-License-Identifier: ISC */
/* A renewal configuration: what is set can be got, twice set is once set. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/lineage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char section[] = "renewalparams", id[] = "0123abcd";
	const char *text = (const char *)data;
	struct buf one, two;
	struct error err;
	char *v = NULL;

	error_clear(&err);
	buf_init(&one, size + 256);
	buf_init(&two, size + 512);
	if (conf_get(text, size, "", "cert", &v, &err) == 0)
		free(v);
	v = NULL;
	if (conf_unset(text, size, section, "account", &two, &err) == 0) {
		if (two.len > size || conf_get(buf_str(&two), two.len, section,
		    "account", &v, &err) == -1 || v != NULL)
			abort();
	}
	buf_reset(&two);
	if (conf_set(text, size, section, "account", id, &one, &err) == -1)
		goto out;
	if (one.len < size && one.len + 4096 < size)
		abort();
	if (conf_set(one.data, one.len, section, "account", id, &two, &err) ==
	    -1 || two.len != one.len ||
	    memcmp(one.data, two.data, one.len) != 0)
		abort();
	if (conf_get(one.data, one.len, section, "account", &v, &err) == 0 &&
	    (v == NULL || strcmp(v, id) != 0))
		abort();
	free(v);
out:
	buf_free(&one);
	buf_free(&two);
	return 0;
}
