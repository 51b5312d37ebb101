/* SPDX-License-Identifier: ISC */
/* A command line from anywhere: arguments with a newline between them, taken
 * apart with the program's own table; -d and PEER as far as they go. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ARGS = 64 };


static void
use_args(const struct cli_parsed *p)
{
	struct strs l = { 0 };
	struct config *c = NULL;
	struct config_peer *peer = NULL;
	struct cli cli;
	struct error err;

	if (args_domains(&p->args, &l, &err) == 0)
		strs_free(&l);
	else if (err.code == CODE_OK || l.n != 0)
		abort();
	if (p->args.words.n == 0)
		return;
	memset(&cli, 0, sizeof(cli));
	if (config_load("/nonexistent/config.yml", false, false, &c, &err)
	    == -1)
		return;
	cli.config = c;
	if (cli_peer(&cli, &p->args, p->args.words.v[0], &peer, &err) == 0) {
		if (strstr(peer->url, ":") == NULL)
			abort();
	} else if (err.code == CODE_OK || peer != NULL)
		abort();
	config_peer_free(peer);
	config_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[MAX_ARGS + 2], *text, *p;
	static char name[] = "acmeferry";
	struct cli_parsed parsed;
	struct error err;
	int argc = 0;

	if ((text = malloc(size + 1)) == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	argv[argc++] = name;
	for (p = text; argc <= MAX_ARGS; p++) {
		argv[argc++] = p;
		if ((p = strchr(p, '\n')) == NULL)
			break;
		*p = '\0';
	}
	argv[argc] = NULL;
	error_clear(&err);
	if (cli_parse(commands, argc, argv, &parsed, &err) == 0)
		use_args(&parsed);
	else if (err.code == CODE_OK || err.msg[0] == '\0')
		abort();
	cli_parsed_free(&parsed);
	free(text);
	return 0;
}
