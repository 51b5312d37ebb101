/* SPDX-License-Identifier: ISC */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vis.h"
#include "cli/options.h"

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

int
args_domains(const struct cli_args *a, struct strs *out, struct error *err)
{
	struct strs given = { 0 };
	char *name = NULL;
	int rc;

	rc = args_values(a, "domain", true, &given, err);
	for (size_t i = 0; i < given.n && rc == 0; i++) {
		if ((rc = config_domain(given.v[i], &name, err)) == -1) {
			(void)error_wrap(err, "'-d %s'", vis(given.v[i]));
			break;
		}
		if (!strs_has(out, name))
			rc = strs_add(out, name, err);
		free(name);
		name = NULL;
	}
	if (rc == 0 && given.n == 0 && args_has(a, "domain"))
		rc = error_set(err, CODE_USAGE, "'-d': found no name");
	if (rc == 0 && out->n > LIMIT_NAMES)
		rc = error_set(err, CODE_USAGE, "'-d': found %zu names, want "
		    "at most %d", out->n, LIMIT_NAMES);
	strs_free(&given);
	if (rc == -1)
		strs_free(out);
	return rc;
}

const char *
cli_server(const struct cli *cli)
{
	return cli->server != NULL ? cli->server : cli->config->server;
}

static bool
is_peer_option(const char *name)
{
	for (const struct cli_option *o = peer_options; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

int
cli_peer(struct cli *cli, const struct cli_args *a, const char *word,
    struct config_peer **out, struct error *err)
{
	struct strs names = { 0 }, values = { 0 };
	int rc = 0;

	*out = NULL;
	for (size_t i = 0; i < a->names.n && rc == 0; i++) {
		if (!is_peer_option(a->names.v[i]))
			continue;
		rc = strs_add(&names, a->names.v[i], err);
		if (rc == 0)
			rc = strs_add(&values, a->values.v[i], err);
	}
	if (rc == 0)
		rc = config_peer_resolve(cli->config, word, &names, &values,
		    out, err);
	strs_free(&names);
	strs_free(&values);
	return rc;
}
