/* SPDX-License-Identifier: ISC */
/*
 * Puts and removes HTTP-01 responses as told, a line each on stdin:
 *	put TOKEN KEY-AUTHORIZATION
 *	remove TOKEN
 * and says for each "ok" or "CODE: MESSAGE".  Ends with its input.
 * usage: respond CONFIG PEER
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "config/config.h"
#include "transport/transport.h"

static int
one(struct transport *t, char *line, struct error *err)
{
	char word[16] = "", token[512] = "", text[512] = "";

	error_clear(err);
	if (sscanf(line, "%15s %511s %511s", word, token, text) >= 2 &&
	    strcmp(word, "put") == 0)
		return transport_challenge_put(t, token, text, err);
	if (strcmp(word, "remove") == 0)
		return transport_challenge_remove(t, token, err);
	return error_set(err, CODE_USAGE, "'%s'", line);
}

static int
respond(const struct config *c, const char *name, struct error *err)
{
	struct transport_options o = { .config = c, .challenge = true };
	struct strs none = { 0 };
	struct config_peer *peer = NULL;
	struct transport *t = NULL;
	char line[2048];

	if (config_peer_resolve(c, name, &none, &none, &peer, err) == -1)
		return -1;
	if (transport_open(peer, &o, &t, err) == -1) {
		config_peer_free(peer);
		return -1;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (one(t, line, err) == 0)
			puts("ok");
		else
			printf("%s: %s\n", code_name(err->code), err->msg);
	}
	transport_free(t);
	config_peer_free(peer);
	return 0;
}

int
main(int argc, char **argv)
{
	struct config *c = NULL;
	struct error err;
	int rc = -1;

	error_clear(&err);
	if (argc != 3) {
		(void)fprintf(stderr, "usage: respond CONFIG PEER\n");
		return 2;
	}
	if (sandbox_init(&err) == 0 &&
	    config_load(argv[1], true, false, &c, &err) == 0)
		rc = respond(c, argv[2], &err);
	if (rc == -1)
		printf("%s: %s\n", code_name(err.code), err.msg);
	config_free(c);
	return rc == 0 ? 0 : (int)err.code;
}
