/* SPDX-License-Identifier: ISC */
/* Problem documents: the message is always one short printable line. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "acme/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acme_problem p;
	struct error err;
	json *j = NULL;

	if (json_parse((const char *)data, size, "fuzz", &j, &err) == -1)
		return 0;
	if (json_is_obj(j) && acme_problem_parse(j, &p, &err) == 0) {
		error_clear(&err);
		if (acme_problem_error(&p, 400, "https://ca/x", 5,
		    &err) != -1 || err.code == CODE_OK)
			abort();
		for (const char *s = err.msg; *s != '\0'; s++)
			if ((unsigned char)*s < ' ' || *s == 0x7f)
				abort();
		acme_problem_free(&p);
	}
	json_put(j);
	return 0;
}
