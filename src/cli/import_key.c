/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vis.h"
#include "cli/key.h"
#include "cli/sync.h"
#include "jose/jwk_pem.h"
#include "sync/key.h"

enum { STDIN = 0 };

/* ---- FILE --------------------------------------------------------------- */

int
cli_file_name(const char *file, const char *standard, char **out,
    struct error *err)
{
	if (strcmp(file, "-") == 0)
		return str_dup(out, standard, err);
	return config_absolute(file, out, err);
}

static int
read_stdin(struct buf *b, struct error *err)
{
	size_t got;
	char *p;

	do {
		if (b->len == b->max)
			return error_set(err, CODE_STORE, "standard input: "
			    "longer than %zu bytes", b->max - 1);
		got = b->max - b->len;
		if (got > 16384)
			got = 16384;
		if ((p = buf_reserve(b, got)) == NULL)
			return buf_check(b, "standard input", err);
		if (io_read(STDIN, p, got, 0, &got, "standard input", err) ==
		    -1)
			return -1;
		b->len += got;
		p[got] = '\0';
	} while (got > 0);
	return 0;
}

static int
read_file(const char *file, struct buf *b, struct error *err)
{
	if (strcmp(file, "-") == 0)
		return read_stdin(b, err);
	return io_read_file(AT_FDCWD, file, b->max - 1, 0, b, NULL, err);
}

/* Whoever can read a key has the account: said, not refused, for it is not
 * ours. */
static void
warn_mode(const char *file)
{
	struct stat st;

	if (strcmp(file, "-") != 0 && stat(file, &st) == 0 &&
	    (st.st_mode & 077) != 0)
		log_step("'%s': others can read this key (mode %04o); remove "
		    "it, or 'chmod 600' it", vis(file),
		    (unsigned int)st.st_mode & 07777);
}

static bool
is_json(const struct buf *b)
{
	const char *p = buf_str(b);

	while (isspace((unsigned char)*p))
		p++;
	return *p == '{';
}

static int
read_key(struct cli *cli, const struct cli_args *a, const char *from,
    struct buf *jwk, struct error *err)
{
	const char *file = a->words.v[0];
	struct cli_passphrase pass = { cli, args_value(a, "passphrase-file"),
		"Passphrase of the key: " };
	struct buf text;
	int rc;

	buf_init_sensitive(&text, LIMIT_PEM_FILE);
	if ((rc = read_file(file, &text, err)) == 0) {
		if (is_json(&text))
			rc = jwk_normal(text.data, text.len, from, jwk, err);
		else
			rc = jwk_from_pem(buf_str(&text), text.len, from,
			    cli_passphrase, &pass, jwk, err);
	}
	buf_free(&text);
	return rc;
}

/* ---- the command -------------------------------------------------------- */

static int
import(struct cli *cli, struct store *s, const char *from,
    const struct buf *jwk, const struct sync_options *o, struct error *err)
{
	struct sync_key k = { .jwk = jwk, .from = from,
		.server = cli_server(cli), .prefer = o->prefer,
		.dry_run = o->dry_run, .max_wait = o->max_wait };
	struct sync_result result;
	struct error why;
	int rc;

	error_clear(&why);
	rc = sync_key(s, cli->config, &k, &result, &why);
	rc = cli_sync_told(cli, s, from, from, &result, rc == -1 ? &why :
	    NULL, err);
	sync_result_free(&result);
	return rc;
}

int
cli_import_key(struct cli *cli, const struct cli_args *a, struct error *err)
{
	struct sync_options o;
	struct store *s = NULL;
	char *from = NULL;
	struct buf jwk;
	int rc = -1;

	if (cli->account != NULL)
		return error_set(err, CODE_USAGE, "'--account': a key has one "
		    "account, and the CA says which; drop this option");
	buf_init_sensitive(&jwk, LIMIT_ACCOUNT_FILE);
	if (cli_file_name(a->words.v[0], "standard input", &from, err) == 0 &&
	    cli_sync_options(cli, a, &o, err) == 0 &&
	    cli_store(cli, &s, err) == 0 &&
	    read_key(cli, a, from, &jwk, err) == 0) {
		warn_mode(a->words.v[0]);
		rc = import(cli, s, from, &jwk, &o, err);
	}
	buf_free(&jwk);
	store_free(s);
	free(from);
	return rc;
}
