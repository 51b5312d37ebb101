/* SPDX-License-Identifier: ISC */
#ifndef CLI_KEY_H
#define CLI_KEY_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/cli.h"

/* The bare key of an account: import FILE --key and export FILE --key FORM. */
int cli_import_key(struct cli *cli, const struct cli_args *a,
    struct error *err) WARN_UNUSED;
int cli_export_key(struct cli *cli, const struct cli_args *a,
    struct error *err) WARN_UNUSED;

/* What FILE is called in messages and in the ledger: an absolute path, or
 * "standard input" ("standard output"); the caller frees. */
int cli_file_name(const char *file, const char *standard, char **out,
    struct error *err) WARN_UNUSED;

/* The passphrase of a key, from --passphrase-file, else from the terminal:
 * a jwk_passphrase_fn. */
struct cli_passphrase {
	const struct cli *cli;
	const char *file;	/* NULL: from the terminal */
	const char *prompt;
};
int cli_passphrase(void *passphrase, struct secret *out, struct error *err)
    WARN_UNUSED;

#endif
