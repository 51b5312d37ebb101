/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

void
args_free(struct cli_args *a)
{
	strs_free(&a->words);
	strs_free(&a->names);
	strs_free(&a->values);
}

bool
args_has(const struct cli_args *a, const char *name)
{
	return strs_has(&a->names, name);
}

const char *
args_value(const struct cli_args *a, const char *name)
{
	for (size_t i = a->names.n; i-- > 0;)
		if (strcmp(a->names.v[i], name) == 0)
			return a->values.v[i];
	return NULL;
}

/* The parts between commas, without blanks around them; empty ones are left
 * out, as certbot does. */
static int
split(struct strs *out, const char *value, struct error *err)
{
	const char *end;
	size_t len;

	for (; ; value = end + 1) {
		end = value + strcspn(value, ",");
		while (*value == ' ')
			value++;
		for (len = value < end ? (size_t)(end - value) : 0; len > 0 &&
		    value[len - 1] == ' ';)
			len--;
		if (len > 0 &&
		    strs_addf(out, err, "%.*s", (int)len, value) == -1)
			return -1;
		if (*end == '\0')
			return 0;
	}
}

int
args_values(const struct cli_args *a, const char *name, bool comma,
    struct strs *out, struct error *err)
{
	int rc;

	for (size_t i = 0; i < a->names.n; i++) {
		if (strcmp(a->names.v[i], name) != 0)
			continue;
		if (comma)
			rc = split(out, a->values.v[i], err);
		else
			rc = strs_add(out, a->values.v[i], err);
		if (rc == -1) {
			strs_free(out);
			return -1;
		}
	}
	return 0;
}
