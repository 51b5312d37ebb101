/* SPDX-License-Identifier: ISC */
/* What sftp prints of what a hostile server sends. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "transport/sftp_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
names(const char *text, const char *prefix)
{
	struct sftp_listing l;
	struct error err;

	error_clear(&err);
	if (sftp_list_parse(text, prefix, 100, &l, &err) == -1)
		return;
	if (l.n > 100)
		abort();
	/* each becomes the name of a file here */
	for (size_t i = 0; i < l.n; i++) {
		const char *n = l.v[i].name;

		if (n[0] == '\0' || strchr(n, '/') != NULL ||
		    strchr(n, '\n') != NULL || strcmp(n, ".") == 0 ||
		    strcmp(n, "..") == 0 || l.v[i].size < 0 ||
		    l.v[i].mode > 07777)
			abort();
	}
	sftp_listing_free(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[64];
	struct strs l = { 0 }, commands = { 0 };
	struct error err;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	error_clear(&err);
	names(text, "");
	names(text, "accounts/");
	if (sftp_pwd_parse(text, &l, &err) == 0)
		for (size_t i = 0; i < l.n; i++)
			if (sftp_why(text, l.v[i], why, sizeof(why)) &&
			    strlen(why) >= sizeof(why))
				abort();
	/* no text becomes two commands */
	if (strchr(text, '\n') == NULL &&
	    sftp_command(&commands, "ls", text, NULL, &err) == 0 &&
	    strchr(commands.v[0], '\n') != NULL)
		abort();
	strs_free(&commands);
	strs_free(&l);
	free(text);
	return 0;
}
