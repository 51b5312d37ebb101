/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "issue/certbot.h"
#include "issue/certbot_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* certbot's log and what it prints: the first line is printed, the rest is
 * the log. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certbot cb = {0};
	struct error err;
	const uint8_t *nl = size == 0 ? NULL : memchr(data, '\n', size);
	size_t n = nl == NULL ? 0 : (size_t)(nl - data);
	char *printed = calloc(1, n + 1);

	if (printed == NULL)
		return 0;
	if (n > 0)
		memcpy(printed, data, n);
	error_clear(&err);
	if (certbot_reason((const char *)data + n, size - n, printed, 1000,
	    &err) != -1 || err.code == CODE_OK)
		abort();
	(void)certbot_says_locked(printed);
	if (certbot_version_parse(printed, &cb) == 0 && cb.version < 0)
		abort();
	free(printed);
	return 0;
}
